/**
 * Filters of the mean path delay. What a delay is measured by is also what makes offsets wrong, so
 * each estimate says how far it can be trusted.
 *
 * - `moving-median`: bears delayed frames until half of the window is bad.
 * - `minimum`: the least delayed exchange of the window; right where queues add and never take away.
 * - `weighted`: the mean, each by how close it is to the least: between the two.
 */

import { SlidingWindow } from './sliding-window.js';

export type DelayFilterKind = 'moving-median' | 'minimum' | 'weighted';

export interface DelayEstimate {
  readonly delayNs: number;
  /** One standard deviation of the estimate, robust. */
  readonly deviationNs: number;
  /** For an offset that was measured with this sample's frames: 1 as good as any, towards 0 delayed. */
  readonly weight: number;
}

export class DelayFilter {
  readonly #kind: DelayFilterKind;
  readonly #window: SlidingWindow;

  /** `length`: samples in the window, at least 1. */
  constructor(kind: DelayFilterKind, length: number) {
    this.#kind = kind;
    this.#window = new SlidingWindow(Math.max(1, length));
  }

  /** One measured delay; the estimate with it. */
  sample(delayNs: number): DelayEstimate {
    const window = this.#window;
    window.push(delayNs);
    const deviation = window.deviation();
    return {
      delayNs: this.#estimate(deviation),
      deviationNs: deviation / Math.sqrt(window.length),
      weight: weightOf(delayNs, window.least, deviation),
    };
  }

  /** Null: nothing was measured yet. */
  delayNs(): number | null {
    return this.#window.length === 0 ? null : this.#estimate(this.#window.deviation());
  }

  /** The path is another: what was measured says nothing. */
  reset(): void {
    this.#window.clear();
  }

  #estimate(deviation: number): number {
    switch (this.#kind) {
      case 'moving-median':
        return this.#window.median;
      case 'minimum':
        return this.#window.least;
      case 'weighted':
        return this.#weightedMean(deviation);
    }
  }

  #weightedMean(deviation: number): number {
    const window = this.#window;
    let total = 0;
    let sum = 0;
    for (let index = 0; index < window.length; index += 1) {
      const delay = window.at(index);
      const weight = weightOf(delay, window.least, deviation);
      total += weight;
      sum += delay * weight;
    }
    return sum / total;
  }
}

/** Within one deviation of the least: nearly whole. Ten beyond it: a hundredth. */
function weightOf(delay: number, least: number, deviation: number): number {
  if (deviation === 0) return delay === least ? 1 : 0.01;
  const distance = (delay - least) / deviation;
  return 1 / (1 + distance * distance);
}
