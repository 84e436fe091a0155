/**
 * The time that a master serves, held against the shared clock: what a Sync, with its Follow_Up, says
 * that it is when the Sync arrives, less the kernel's stamp of that arrival. Nobody is asked, so any
 * clock can be measured so. In it is the way over the link, which for a veth is less than a
 * microsecond, and it makes every time served seem late (below 0) by that.
 */
import { portIdentityText } from '#units/clock-identity';
import { nsSinceEpoch, scaledUnits } from '#units/time';
import { FLAG, type PtpHeader } from '#wire/ptp-header';
import type { Announce } from '#wire/ptp-message';
import type { TapMessage } from './tap-messages.js';

export interface ServedTime {
  /** When the Sync arrived. */
  readonly stampNs: bigint;
  readonly source: string;
  readonly sequenceId: number;
  /** Served less true; above 0: the master is ahead. */
  readonly errorNs: number;
}

export interface HeardAnnounce {
  readonly stampNs: bigint;
  readonly source: string;
  readonly announce: Announce;
}

const SCALED_PER_NS = 65_536;
/** A Follow_Up that comes later belongs to nothing. */
const PAIRING_LIMIT_NS = 1_000_000_000n;

const sourceOf = ({ sourcePortIdentity }: PtpHeader) => portIdentityText(sourcePortIdentity);
/** Messages to everybody and those to one station are numbered each for themselves. */
const nameOf = (header: PtpHeader) =>
  `${header.domainNumber}/${sourceOf(header)}/${header.flags & FLAG.unicast}/${header.sequenceId}`;

interface OpenSync {
  readonly stampNs: bigint;
  readonly header: PtpHeader;
}

/** All Syncs that came in, with what they served. */
export function servedTimes(messages: readonly TapMessage[]): ServedTime[] {
  const served: ServedTime[] = [];
  const open = new Map<string, OpenSync>();
  const serve = ({ stampNs, header }: OpenSync, originNs: bigint, correction: bigint): void => {
    const wholeNs = Number(originNs - stampNs);
    served.push({
      stampNs,
      source: sourceOf(header),
      sequenceId: header.sequenceId,
      errorNs: wholeNs + Number(correction) / SCALED_PER_NS,
    });
  };
  for (const { direction, stampNs, message } of messages) {
    if (direction !== 'in') continue;
    const { header } = message;
    if (message.kind === 'sync') {
      const sync = { stampNs, header };
      if (isTwoStep(header)) open.set(nameOf(header), sync);
      else serve(sync, nsSinceEpoch(message.originTimestamp), scaledUnits(header.correctionField));
    } else if (message.kind === 'followUp') {
      const sync = open.get(nameOf(header));
      open.delete(nameOf(header));
      if (sync === undefined || stampNs - sync.stampNs > PAIRING_LIMIT_NS) continue;
      const corrections =
        scaledUnits(sync.header.correctionField) + scaledUnits(header.correctionField);
      serve(sync, nsSinceEpoch(message.preciseOriginTimestamp), corrections);
    }
  }
  return served;
}

function isTwoStep({ flags }: PtpHeader): boolean {
  return (flags & FLAG.twoStep) !== 0;
}

/** All Announces that came in. */
export function heardAnnounces(messages: readonly TapMessage[]): HeardAnnounce[] {
  return messages.flatMap(({ direction, stampNs, message }) =>
    direction === 'in' && message.kind === 'announce'
      ? [{ stampNs, source: sourceOf(message.header), announce: message }]
      : [],
  );
}
