/**
 * Maximum time interval error, ITU-T G.810, 4.5.15.2: the greatest peak to peak of time error in any
 * window of τ. A window of τ = m·τ0 spans m + 1 samples. Exact, both ways.
 */
import type { PhaseRecord } from './phase.js';

/** One τ of MTIE. */
export interface MtiePoint {
  readonly m: number;
  readonly valueNs: number;
  /** Windows that were looked at. */
  readonly terms: number;
}

/**
 * MTIE at τ = 1, 2, 4, … τ0: the extremes of 2k samples are those of two windows of k, so each octave
 * costs one pass. Missing samples are passed over.
 */
export function mtieOctaves({ xNs }: PhaseRecord): MtiePoint[] {
  const highest = new Float64Array(xNs.length);
  const lowest = new Float64Array(xNs.length);
  for (let i = 0; i < xNs.length; i += 1) {
    const value = xNs[i] as number;
    highest[i] = value === value ? value : -Infinity;
    lowest[i] = value === value ? value : Infinity;
  }
  const points: MtiePoint[] = [];
  for (let m = 1; m < xNs.length; m *= 2) {
    // highest[i] and lowest[i] are of the m samples from i on; the window has one more.
    const windows = xNs.length - m;
    points.push({ m, valueNs: widest(highest, lowest, m, windows), terms: windows });
  }
  return points;
}

/**
 * The widest of all windows of m + 1 samples; in the same pass each extreme of m samples becomes that of
 * 2m, where there are as many.
 */
function widest(highest: Float64Array, lowest: Float64Array, m: number, windows: number): number {
  const doubled = Math.max(0, windows - m);
  let most = 0;
  let high = highest[0] as number;
  let low = lowest[0] as number;
  for (let i = 0; i < windows; i += 1) {
    const nextHigh = highest[i + 1] as number;
    const nextLow = lowest[i + 1] as number;
    const span = (high > nextHigh ? high : nextHigh) - (low < nextLow ? low : nextLow);
    if (span > most) most = span;
    if (i < doubled) {
      const laterHigh = highest[i + m] as number;
      const laterLow = lowest[i + m] as number;
      if (laterHigh > high) highest[i] = laterHigh;
      if (laterLow < low) lowest[i] = laterLow;
    }
    high = nextHigh;
    low = nextLow;
  }
  return most;
}

/** MTIE at any τ = m·τ0, in one pass, ns; null where the record is not longer than τ. */
export function mtieAt({ xNs }: PhaseRecord, m: number): MtiePoint | null {
  if (m < 1 || m >= xNs.length) return null;
  const highs = new MonotoneQueue(m + 1);
  const lows = new MonotoneQueue(m + 1);
  let most = 0;
  for (let i = 0; i < xNs.length; i += 1) {
    const value = xNs[i] as number;
    if (value === value) {
      highs.push(i, value);
      lows.push(i, -value);
    }
    if (i < m) continue;
    const span = highs.greatest(i - m) + lows.greatest(i - m);
    if (span > most) most = span;
  }
  return { m, valueNs: most, terms: xNs.length - m };
}

/** The greatest of a sliding window: what a later and greater one makes idle is forgotten. */
class MonotoneQueue {
  readonly #at: Int32Array;
  readonly #values: Float64Array;
  #head = 0;
  #count = 0;

  constructor(window: number) {
    this.#at = new Int32Array(window);
    this.#values = new Float64Array(window);
  }

  push(at: number, value: number): void {
    const size = this.#at.length;
    while (this.#count > 0) {
      const last = (this.#head + this.#count - 1) % size;
      if ((this.#values[last] as number) > value) break;
      this.#count -= 1;
    }
    if (this.#count === size) this.#dropFirst();
    const next = (this.#head + this.#count) % size;
    this.#at[next] = at;
    this.#values[next] = value;
    this.#count += 1;
  }

  /** −∞ where all are missing. */
  greatest(since: number): number {
    while (this.#count > 0 && (this.#at[this.#head] as number) < since) this.#dropFirst();
    return this.#count === 0 ? -Infinity : (this.#values[this.#head] as number);
  }

  #dropFirst(): void {
    this.#head = (this.#head + 1) % this.#at.length;
    this.#count -= 1;
  }
}

/**
 * What a greatest value can say without knowing its distribution: of all windows of τ at least this share
 * stays within it, with that (one-sided) confidence. The largest of K windows that do not overlap is below
 * the quantile β with probability β^K, so β = (1 − confidence)^(1/K). One window alone says next to nothing.
 */
export function coveredShare(samples: number, m: number, confidence: number): number {
  const windows = Math.floor((samples - 1) / m);
  return windows < 1 ? 0 : (1 - confidence) ** (1 / windows);
}

/** Time interval error: x(t + τ) − x(t) for every t, ns. */
export function tieNs({ xNs }: PhaseRecord, m: number): Float64Array {
  const out = new Float64Array(Math.max(0, xNs.length - m));
  for (let i = 0; i < out.length; i += 1) out[i] = (xNs[i + m] as number) - (xNs[i] as number);
  return out;
}

/** The root of the mean square of the time interval error at τ = m·τ0, ns; null where there is none. */
export function tieRmsNs({ xNs }: PhaseRecord, m: number): number | null {
  let squares = 0;
  let terms = 0;
  for (let i = 0; i + m < xNs.length; i += 1) {
    const step = (xNs[i + m] as number) - (xNs[i] as number);
    if (step === step) {
      squares += step * step;
      terms += 1;
    }
  }
  return terms === 0 ? null : Math.sqrt(squares / terms);
}
