/** What several profiles have in common. */
import type { ClockClassLadder } from '../instance/instance-types.js';
import type { PeerDelayRule, Profile, Range } from './profile.js';

/** Not configurable. */
export function exactly(value: number): Range {
  return { initial: value, low: value, high: value };
}

/**
 * IEEE 1588-2019 7.6.2.5: a clock that was not designed to be a source of time says 248, and loses
 * nothing by a lost master: 7, 52 and 187 are for those that were at 6 themselves.
 */
export const WITHOUT_HOLDOVER: ClockClassLadder = {
  freeRun: 248,
  holdoverInSpecification: 248,
  holdoverOutOfSpecification: 248,
  holdoverSeconds: 0,
};

/** IEEE 1588-2019 table 4, for a grandmaster of the PTP timescale, and of an arbitrary one. */
export const IEEE1588_CLASSES: Profile['grandmasterClasses'] = [
  { clockClass: 6, means: 'locked to a primary reference, PTP timescale' },
  { clockClass: 7, means: 'was 6, in holdover within specification' },
  { clockClass: 13, means: 'locked to an application-specific source, arbitrary timescale' },
  { clockClass: 14, means: 'was 13, in holdover within specification' },
  { clockClass: 52, means: 'was 7, beyond holdover: never a slave' },
  { clockClass: 58, means: 'was 14, beyond holdover: never a slave' },
  { clockClass: 187, means: 'was 7, beyond holdover: may be a slave' },
  { clockClass: 193, means: 'was 14, beyond holdover: may be a slave' },
  { clockClass: 248, means: 'none of these' },
];

/** Those of them that are of the PTP timescale. */
export const PTP_TIMESCALE_CLASSES: Profile['grandmasterClasses'] = IEEE1588_CLASSES.filter(
  ({ clockClass }) => ![13, 14, 58, 193].includes(clockClass),
);

/** ITU-T G.8275.1 table 2 (6.4 of 2014) and G.8275.2 table 2. */
export const G8275_CLASSES: Profile['grandmasterClasses'] = [
  { clockClass: 6, means: 'T-GM locked to a PRTC' },
  { clockClass: 7, means: 'T-GM in holdover within specification' },
  { clockClass: 140, means: 'T-GM in holdover beyond specification, category 1 frequency' },
  { clockClass: 150, means: 'T-GM in holdover beyond specification, category 2 frequency' },
  { clockClass: 160, means: 'T-GM in holdover beyond specification, category 3 frequency' },
  { clockClass: 248, means: 'no time since it started' },
];

/**
 * A T-BC. How long its holdover is within specification no profile says: it depends on the oscillator and
 * on a frequency from the network, so it is 0 until somebody knows better.
 */
export const G8275_LADDER: ClockClassLadder = {
  freeRun: 248,
  holdoverInSpecification: 135,
  holdoverOutOfSpecification: 165,
  holdoverSeconds: 0,
};

/** Peer delay by 11.4, whatever it measures. */
export const IEEE1588_PEER_DELAY: PeerDelayRule = {
  convention: 'ieee1588',
  neighborPropDelayThreshNs: null,
  requiresAsCapable: false,
};
