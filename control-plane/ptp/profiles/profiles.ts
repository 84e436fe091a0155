/** All profiles by name. */
import { AES67 } from './aes67.js';
import { C37_238_2011 } from './c37-238-2011.js';
import { C37_238_2017 } from './c37-238-2017.js';
import { DATA_CENTRE } from './data-centre.js';
import { DEFAULT_E2E } from './default-e2e.js';
import { DEFAULT_P2P } from './default-p2p.js';
import { ENTERPRISE } from './enterprise.js';
import { G8265_1 } from './g8265-1.js';
import { G8275_1 } from './g8275-1.js';
import { G8275_2 } from './g8275-2.js';
import { IEC61850_9_3 } from './iec61850-9-3.js';
import { IEC62439_3_L2P2P } from './iec62439-3-l2p2p.js';
import { IEC62439_3_L3E2E } from './iec62439-3-l3e2e.js';
import { IEEE8021AS } from './ieee8021as.js';
import type { Profile } from './profile.js';
import { ST2059_2 } from './st2059-2.js';

export const PROFILES: readonly Profile[] = [
  DEFAULT_E2E,
  DEFAULT_P2P,
  G8275_1,
  G8275_2,
  G8265_1,
  IEEE8021AS,
  C37_238_2011,
  C37_238_2017,
  IEC61850_9_3,
  IEC62439_3_L2P2P,
  IEC62439_3_L3E2E,
  ST2059_2,
  AES67,
  ENTERPRISE,
  DATA_CENTRE,
];

/** Null: there is none of that name. */
export function profileNamed(name: string): Profile | null {
  return PROFILES.find((profile) => profile.name === name) ?? null;
}
