/** What several profiles have in common. */
import type { ClockClassLadder } from '../instance/instance-types.js';
import type { Profile, Range } from './profile.js';

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
