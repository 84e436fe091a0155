/**
 * Percentiles of a stream in bounded memory: counts in bins whose width is a fixed share of their value,
 * so that every percentile is right to that share. What lies beyond the bins counts in the last one.
 */
export class StreamingQuantiles {
  readonly #growth: number;
  readonly #least: number;
  readonly #positive: Float64Array;
  readonly #negative: Float64Array;
  #zeros = 0;
  #count = 0;

  /** `relative`: 0.01 for 1 %. Smaller than `least` counts as 0; greater than `most` as `most`. */
  constructor(options: {
    readonly relative: number;
    readonly least: number;
    readonly most: number;
  }) {
    const { relative, least, most } = options;
    this.#growth = Math.log((1 + relative) / (1 - relative));
    this.#least = least;
    const bins = Math.ceil(Math.log(most / least) / this.#growth) + 1;
    this.#positive = new Float64Array(bins);
    this.#negative = new Float64Array(bins);
  }

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    if (value !== value) return;
    this.#count += 1;
    const size = Math.abs(value);
    if (size < this.#least) {
      this.#zeros += 1;
      return;
    }
    const bins = value > 0 ? this.#positive : this.#negative;
    const bin = Math.min(bins.length - 1, Math.floor(Math.log(size / this.#least) / this.#growth));
    bins[bin] = (bins[bin] as number) + 1;
  }

  /** Nearest rank; NaN where nothing was pushed. */
  quantile(fraction: number): number {
    if (this.#count === 0) return Number.NaN;
    let left = Math.max(1, Math.ceil(fraction * this.#count));
    for (let bin = this.#negative.length - 1; bin >= 0; bin -= 1) {
      left -= this.#negative[bin] as number;
      if (left <= 0) return -this.#middle(bin);
    }
    left -= this.#zeros;
    if (left <= 0) return 0;
    for (let bin = 0; bin < this.#positive.length; bin += 1) {
      left -= this.#positive[bin] as number;
      if (left <= 0) return this.#middle(bin);
    }
    return this.#middle(this.#positive.length - 1);
  }

  /** As far from both edges, by share. */
  #middle(bin: number): number {
    const low = this.#least * Math.exp(bin * this.#growth);
    const high = low * Math.exp(this.#growth);
    return (2 * low * high) / (low + high);
  }
}
