/**
 * Modified Allan deviation and time deviation: NIST SP 1065, 5.2.4 and 5.2.5. The inner mean over m
 * samples slides, so each τ costs one pass over the record.
 */
import { countMissing, withoutLine, type Deviation, type PhaseRecord } from './phase.js';

/** A record made ready once for all its τ. */
export interface SlidingRecord {
  /** Without its line; 0 where a sample is missing. */
  readonly x: Float64Array;
  /** How many are missing before each sample; null where none is. */
  readonly missingBefore: Int32Array | null;
  readonly tau0Ns: number;
}

export function slidingRecord({ xNs, tau0Ns }: PhaseRecord): SlidingRecord {
  const x = withoutLine(xNs);
  if (countMissing(x) === 0) return { x, missingBefore: null, tau0Ns };
  const missingBefore = new Int32Array(x.length + 1);
  for (let i = 0; i < x.length; i += 1) {
    const isMissing = Number.isNaN(x[i]);
    if (isMissing) x[i] = 0;
    missingBefore[i + 1] = (missingBefore[i] ?? 0) + (isMissing ? 1 : 0);
  }
  return { x, missingBefore, tau0Ns };
}

/** Σ over windows of (Σ over m of the second difference)², and the number of windows. */
function slidingSquares(record: SlidingRecord, m: number): { squares: number; terms: number } {
  const { x, missingBefore } = record;
  const windows = x.length - 3 * m + 1;
  let inner = 0;
  for (let i = 0; i < m; i += 1) {
    inner += (x[i + 2 * m] as number) - 2 * (x[i + m] as number) + (x[i] as number);
  }
  let squares = 0;
  let terms = 0;
  for (let i = 0; i < windows; i += 1) {
    if (missingBefore === null || missingBefore[i + 3 * m] === missingBefore[i]) {
      squares += inner * inner;
      terms += 1;
    }
    if (i + 1 === windows) break;
    const middle = (x[i + 2 * m] as number) - (x[i + m] as number);
    inner += (x[i + 3 * m] as number) - 3 * middle - (x[i] as number);
  }
  return { squares, terms };
}

/** Modified Allan deviation at τ = m·τ0; no unit. Null where the record is too short. */
export function mdevOf(record: SlidingRecord, m: number): Deviation | null {
  if (record.x.length < 3 * m) return null;
  const { squares, terms } = slidingSquares(record, m);
  if (terms === 0) return null;
  const tauNs = m * record.tau0Ns;
  return { value: Math.sqrt(squares / (2 * m * m * tauNs * tauNs * terms)), terms };
}

export function mdev(record: PhaseRecord, m: number): Deviation | null {
  return mdevOf(slidingRecord(record), m);
}

/** Time deviation at τ = m·τ0, ns: τ/√3 times the modified Allan deviation. */
export function tdevOf(record: SlidingRecord, m: number): Deviation | null {
  const modified = mdevOf(record, m);
  if (modified === null) return null;
  return { ...modified, value: (modified.value * m * record.tau0Ns) / Math.sqrt(3) };
}

export function tdev(record: PhaseRecord, m: number): Deviation | null {
  return tdevOf(slidingRecord(record), m);
}
