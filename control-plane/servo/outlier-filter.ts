/**
 * Offsets of a clock that is locked: which are a late frame's, and which are news.
 *
 * Hampel's rule: further from the window's median than four robust deviations (4 × 1.4826 × MAD) is an
 * outlier. Outliers that do not stop are no outliers: MOVED of them that agree with each other, or
 * twice as many of any, are where the offset is now.
 */
import { SlidingWindow } from './sliding-window.js';

export type OffsetVerdict = 'accepted' | 'outlier' | 'moved';

/** Below this many there is no spread to judge by. */
const SAMPLES_TO_JUDGE = 8;
const DEVIATIONS = 4;
const WINDOW = 32;
const MOVED = 8;

export class OutlierFilter {
  readonly #floorNs: number;
  readonly #window = new SlidingWindow(WINDOW);
  #refused: number[] = [];

  /** Nearer to the median than `floorNs` nothing is an outlier: stamps may be too coarse for a spread. */
  constructor(floorNs: number) {
    this.#floorNs = floorNs;
  }

  /** One more offset. `moved`: it and those refused before it are the new window. */
  judge(offsetNs: number): OffsetVerdict {
    const window = this.#window;
    const middle = window.median;
    const limit = this.#limit(middle);
    if (limit === null || Math.abs(offsetNs - middle) <= limit) {
      window.push(offsetNs);
      if (this.#refused.length > 0) this.#refused = [];
      return 'accepted';
    }
    this.#refused.push(offsetNs);
    const recent = this.#refused.slice(-MOVED);
    const agree = recent.length >= MOVED && areAlike(recent, limit);
    if (!agree && this.#refused.length < 2 * MOVED) return 'outlier';
    window.clear();
    for (const refused of agree ? recent : this.#refused) window.push(refused);
    this.#refused = [];
    return 'moved';
  }

  /** The offset that there is no noise in; null: too few. */
  medianNs(): number | null {
    return this.#window.length < SAMPLES_TO_JUDGE ? null : this.#window.median;
  }

  reset(): void {
    this.#window.clear();
    this.#refused = [];
  }

  #limit(middle: number): number | null {
    if (this.#window.length < SAMPLES_TO_JUDGE) return null;
    return Math.max(this.#floorNs, DEVIATIONS * this.#window.deviation(middle));
  }
}

/** Within `limit` of what is in their middle. */
function areAlike(values: readonly number[], limit: number): boolean {
  const window = new SlidingWindow(values.length);
  for (const value of values) window.push(value);
  const middle = window.median;
  return values.every((value) => Math.abs(value - middle) <= limit);
}
