/** The whole collection. */
import { fieldFrames, identityFrames, tlvFrames, versionAndTypeFrames } from './contents.js';
import type { NamedFrame } from './entry.js';
import {
  addressFrames,
  checksumFrames,
  networkFrames,
  portFrames,
  tagFrames,
} from './envelopes.js';
import { bystanderFrames, managementFrames, misplacedFrames, strayFrames } from './exchanges.js';
import { lengthFrames, truncatedFrames } from './shapes.js';

export const GROUPS: readonly (readonly [string, readonly NamedFrame[]])[] = [
  ['frames that end early', truncatedFrames()],
  ['lengths that lie', lengthFrames()],
  ['versions and types', versionAndTypeFrames()],
  ['fields at their limits', fieldFrames()],
  ['identities', identityFrames()],
  ['TLVs', tlvFrames()],
  ['checksums', checksumFrames()],
  ['UDP ports', portFrames()],
  ['addresses', addressFrames()],
  ['IP', networkFrames()],
  ['tags', tagFrames()],
  ['followers and responses of nothing', strayFrames()],
  ['Management and Signaling', managementFrames()],
  ['where they do not belong', misplacedFrames()],
  ['bystanders, and requests in another name', bystanderFrames()],
];

export const NAMED_FRAMES: readonly NamedFrame[] = GROUPS.flatMap(([, frames]) => frames);
