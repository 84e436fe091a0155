/**
 * Whether a jump of a master's time was announced. PTP time never steps for a leap second (7.2.4); a
 * grandmaster that lets it step then is one of the faults this is for. What may move a timescale:
 *
 * - currentUtcOffset is mended, and PTP time, which was made of UTC with the wrong one, moves along;
 * - a leap second, where the timescale is arbitrary and follows UTC;
 * - another timescale: arbitrary to PTP or back;
 * - 802.1AS: a new gmTimeBaseIndicator, and lastGmPhaseChange says by how much.
 */
import type { TimePropertiesDS } from '../data-sets.js';

const SECOND_NS = 1e9;

/** 802.1AS-2020 11.4.4.3. */
export interface PhaseChange {
  readonly gmTimeBaseIndicator: number;
  readonly lastGmPhaseChangeNs: number;
}

/** What a grandmaster says of its time, as far as a jump can be explained by it. */
export interface TimeClaims {
  readonly timeProperties: TimePropertiesDS;
  /** Null: it does not speak 802.1AS. */
  readonly phaseChange: PhaseChange | null;
}

export type JumpExplanation = 'timescale' | 'utc-offset' | 'leap-second' | 'phase-change';

/** Why time moved by `jumpNs` (later is positive) between two claims; null: nothing says so. */
export function explainJump(
  before: TimeClaims,
  after: TimeClaims,
  jumpNs: number,
  toleranceNs: number,
): JumpExplanation | null {
  const is = (expectedNs: number): boolean => Math.abs(jumpNs - expectedNs) <= toleranceNs;
  const [old, current] = [before.timeProperties, after.timeProperties];
  if (old.ptpTimescale !== current.ptpTimescale) return 'timescale';
  const base = after.phaseChange;
  const isNewBase =
    base !== null &&
    before.phaseChange !== null &&
    base.gmTimeBaseIndicator !== before.phaseChange.gmTimeBaseIndicator;
  if (isNewBase && is(base.lastGmPhaseChangeNs)) return 'phase-change';
  if (current.ptpTimescale) return isMendedOffset(old, current, is) ? 'utc-offset' : null;
  return isLeapOfUtc(old, is) ? 'leap-second' : null;
}

function isMendedOffset(
  old: TimePropertiesDS,
  current: TimePropertiesDS,
  is: (expectedNs: number) => boolean,
): boolean {
  const change = current.currentUtcOffsetSeconds - old.currentUtcOffsetSeconds;
  // With a leap second announced the offset changes by right, and time must not.
  if (change === 0 || old.leap59 || old.leap61) return false;
  return is(change * SECOND_NS);
}

/** A clock that shows UTC goes back a second for 23:59:60, and ahead for a missing 23:59:59. */
function isLeapOfUtc(old: TimePropertiesDS, is: (expectedNs: number) => boolean): boolean {
  return (old.leap61 && is(-SECOND_NS)) || (old.leap59 && is(SECOND_NS));
}

export function isSameClaims(a: TimeClaims, b: TimeClaims): boolean {
  const [x, y] = [a.timeProperties, b.timeProperties];
  return (
    a.phaseChange?.gmTimeBaseIndicator === b.phaseChange?.gmTimeBaseIndicator &&
    a.phaseChange?.lastGmPhaseChangeNs === b.phaseChange?.lastGmPhaseChangeNs &&
    x.ptpTimescale === y.ptpTimescale &&
    x.currentUtcOffsetSeconds === y.currentUtcOffsetSeconds &&
    x.leap59 === y.leap59 &&
    x.leap61 === y.leap61
  );
}
