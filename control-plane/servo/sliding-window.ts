/**
 * The last few values, in the order in which they came and by size at once: medians, deviations and the
 * least value are looked up, where sorting anew with every value would cost more than all else of a sample.
 */

/** MAD to standard deviation, of a normal distribution. */
const MAD_TO_DEVIATION = 1.4826;

export class SlidingWindow {
  readonly #most: number;
  /** Ring-wise once it is full. */
  readonly #values: number[] = [];
  readonly #sorted: number[] = [];
  /** Where the oldest is. */
  #first = 0;

  /** `most` values are kept, at least 1. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#values.length;
  }

  /** By age, 0 the oldest. */
  at(index: number): number {
    const { length } = this.#values;
    const place = this.#first + index;
    return this.#values[place < length ? place : place - length] ?? Number.NaN;
  }

  /** One more; where there are `most` the oldest goes. */
  push(value: number): void {
    const values = this.#values;
    const sorted = this.#sorted;
    let hole = sorted.length;
    if (values.length < this.#most) {
      values.push(value);
      sorted.push(value);
    } else {
      hole = Math.max(0, sorted.indexOf(values[this.#first] ?? 0));
      values[this.#first] = value;
      this.#first = this.#first + 1 === values.length ? 0 : this.#first + 1;
    }
    for (; hole > 0 && (sorted[hole - 1] ?? 0) > value; hole -= 1) {
      sorted[hole] = sorted[hole - 1] ?? 0;
    }
    for (; hole + 1 < sorted.length && (sorted[hole + 1] ?? 0) < value; hole += 1) {
      sorted[hole] = sorted[hole + 1] ?? 0;
    }
    sorted[hole] = value;
  }

  clear(): void {
    this.#values.length = 0;
    this.#sorted.length = 0;
    this.#first = 0;
  }

  /** Infinity of none. */
  get least(): number {
    return this.#sorted[0] ?? Infinity;
  }

  /** The middle one, or the mean of the middle two; 0 of none. */
  get median(): number {
    const sorted = this.#sorted;
    const upper = sorted[sorted.length >> 1] ?? 0;
    const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
    return (lower + upper) / 2;
  }

  /** Robust: by the median of the distances from `middle`. */
  deviation(middle = this.median): number {
    const sorted = this.#sorted;
    const { length } = sorted;
    // The nearest to the middle first, from either side.
    let above = 0;
    while (above < length && (sorted[above] ?? 0) < middle) above += 1;
    let below = above - 1;
    let lower = 0;
    let upper = 0;
    for (let rank = 0; rank <= length >> 1; rank += 1) {
      lower = upper;
      const down = below >= 0 ? Math.abs((sorted[below] ?? 0) - middle) : Infinity;
      const up = above < length ? Math.abs((sorted[above] ?? 0) - middle) : Infinity;
      if (down <= up) {
        upper = down;
        below -= 1;
      } else {
        upper = up;
        above += 1;
      }
    }
    if (length % 2 === 1) lower = upper;
    return length === 0 ? 0 : MAD_TO_DEVIATION * ((lower + upper) / 2);
  }
}
