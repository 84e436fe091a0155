/**
 * Filters of the mean path delay. What a delay is measured by is also what makes offsets wrong, so
 * each estimate says how far it can be trusted.
 *
 * - `moving-median`: bears delayed frames until half of the window is bad.
 * - `minimum`: the least delayed exchange of the window; right where queues add and never take away.
 * - `weighted`: the mean, each by how close it is to the least: between the two.
 */

export type DelayFilterKind = 'moving-median' | 'minimum' | 'weighted';

export interface DelayEstimate {
  readonly delayNs: number;
  /** One standard deviation of the estimate, robust. */
  readonly deviationNs: number;
  /** For an offset that was measured with this sample's frames: 1 as good as any, towards 0 delayed. */
  readonly weight: number;
}

/** MAD to standard deviation, of a normal distribution. */
const MAD_TO_DEVIATION = 1.4826;

export class DelayFilter {
  readonly #kind: DelayFilterKind;
  readonly #length: number;
  #window: number[] = [];

  /** `length`: samples in the window, at least 1. */
  constructor(kind: DelayFilterKind, length: number) {
    this.#kind = kind;
    this.#length = Math.max(1, length);
  }

  /** One measured delay; the estimate with it. */
  sample(delayNs: number): DelayEstimate {
    this.#window.push(delayNs);
    if (this.#window.length > this.#length) this.#window.shift();
    const deviation = deviationOf(this.#window);
    return {
      delayNs: this.#estimate(deviation),
      deviationNs: deviation / Math.sqrt(this.#window.length),
      weight: weightOf(delayNs, Math.min(...this.#window), deviation),
    };
  }

  /** Null: nothing was measured yet. */
  delayNs(): number | null {
    return this.#window.length === 0 ? null : this.#estimate(deviationOf(this.#window));
  }

  /** The path is another: what was measured says nothing. */
  reset(): void {
    this.#window = [];
  }

  #estimate(deviation: number): number {
    const least = Math.min(...this.#window);
    switch (this.#kind) {
      case 'moving-median':
        return medianOf(this.#window);
      case 'minimum':
        return least;
      case 'weighted': {
        const weights = this.#window.map((delay) => weightOf(delay, least, deviation));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return this.#window.reduce((sum, delay, i) => sum + delay * (weights[i] ?? 0), 0) / total;
      }
    }
  }
}

/** Within one deviation of the least: nearly whole. Ten beyond it: a hundredth. */
function weightOf(delay: number, least: number, deviation: number): number {
  if (deviation === 0) return delay === least ? 1 : 0.01;
  const distance = (delay - least) / deviation;
  return 1 / (1 + distance * distance);
}

/** The middle one, or the mean of the middle two. */
export function medianOf(values: readonly number[]): number {
  const sorted = insertionSorted(values);
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return (lower + upper) / 2;
}

/** Robust: by the median absolute deviation. */
export function deviationOf(values: readonly number[], middle = medianOf(values)): number {
  return MAD_TO_DEVIATION * medianOf(values.map((value) => Math.abs(value - middle)));
}

/** Windows are short: for some tens this is several times as fast as sorting with a comparison. */
function insertionSorted(values: readonly number[]): number[] {
  const sorted = values.slice();
  for (let index = 1; index < sorted.length; index += 1) {
    const value = sorted[index] ?? 0;
    let hole = index;
    for (; hole > 0; hole -= 1) {
      const before = sorted[hole - 1] ?? 0;
      if (before <= value) break;
      sorted[hole] = before;
    }
    sorted[hole] = value;
  }
  return sorted;
}
