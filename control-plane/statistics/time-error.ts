/** Time error of a stream, as `lab/measure/time-error.ts` has it for a record, in bounded memory. */
import { BandSplitter } from './band-filter.js';
import { StreamingQuantiles } from './quantiles.js';
import {
  BAND_EDGE_HZ,
  CONSTANT_SECONDS,
  FRACTIONS,
  SETTLE_SECONDS,
  type PercentileNs,
} from './time-error-terms.js';

export interface StreamedTimeError {
  readonly samples: number;
  readonly missing: number;
  readonly maxAbsNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  readonly rmsNs: number;
  readonly deviationNs: number;
  /** Right to 1 %. */
  readonly percentilesNs: readonly PercentileNs[];
  /** Worst mean over 1000 s, in steps of 10 s; null before the first 1000 s are over. */
  readonly constantNs: number | null;
  /** max|TE_L| and dTE_H; null until the filter has settled, or where samples come too seldom. */
  readonly lowMaxAbsNs: number | null;
  readonly highPeakToPeakNs: number | null;
}

const RELATIVE = 0.01;
const LEAST_NS = 0.01;
/** More than a day off is all the same. */
const MOST_NS = 1e14;
const STEPS = 100;

export class StreamingTimeError {
  readonly #all = new Range();
  readonly #low = new Range();
  readonly #high = new Range();
  readonly #bands: BandSplitter | null;
  readonly #settled: number;
  readonly #constant: SteppedMean;
  readonly #signed = quantiles();
  readonly #absolute = quantiles();
  #pushed = 0;
  #mean = 0;
  #squares = 0;

  constructor(options: { readonly tau0Ns: number }) {
    const seconds = options.tau0Ns / 1e9;
    this.#bands = seconds <= 1 ? new BandSplitter(seconds, BAND_EDGE_HZ) : null;
    this.#settled = Math.ceil(SETTLE_SECONDS / seconds);
    this.#constant = new SteppedMean(Math.max(1, Math.round(CONSTANT_SECONDS / STEPS / seconds)));
  }

  /** The next sample; NaN where one is missing. */
  push(xNs: number): void {
    this.#pushed += 1;
    this.#constant.push(xNs);
    const low = this.#bands?.low(xNs) ?? Number.NaN;
    if (this.#pushed > this.#settled) {
      this.#low.push(low);
      this.#high.push(xNs - low);
    }
    if (xNs !== xNs) return;
    this.#all.push(xNs);
    this.#signed.push(xNs);
    this.#absolute.push(Math.abs(xNs));
    const before = xNs - this.#mean;
    this.#mean += before / this.#all.count;
    this.#squares += before * (xNs - this.#mean);
  }

  /** Null before the first sample. */
  summary(): StreamedTimeError | null {
    const { count: samples, min, max } = this.#all;
    if (samples === 0) return null;
    const isFiltered = this.#low.count > 0;
    return {
      ...{ samples, missing: this.#pushed - samples, minNs: min, maxNs: max, meanNs: this.#mean },
      maxAbsNs: Math.max(Math.abs(min), Math.abs(max)),
      rmsNs: Math.sqrt(this.#squares / samples + this.#mean ** 2),
      deviationNs: Math.sqrt(this.#squares / Math.max(1, samples - 1)),
      percentilesNs: FRACTIONS.map((fraction) => ({
        fraction,
        valueNs: this.#signed.quantile(fraction),
        absNs: this.#absolute.quantile(fraction),
      })),
      constantNs: this.#constant.worst,
      lowMaxAbsNs: isFiltered ? Math.max(Math.abs(this.#low.min), Math.abs(this.#low.max)) : null,
      highPeakToPeakNs: isFiltered ? this.#high.max - this.#high.min : null,
    };
  }
}

function quantiles(): StreamingQuantiles {
  return new StreamingQuantiles({ relative: RELATIVE, least: LEAST_NS, most: MOST_NS });
}

class Range {
  min = Infinity;
  max = -Infinity;
  count = 0;

  push(value: number): void {
    if (value !== value) return;
    this.count += 1;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }
}

/** The mean of the last hundred steps, each of so many samples; the worst that there was. */
class SteppedMean {
  readonly #perStep: number;
  readonly #sums = new Float64Array(STEPS);
  readonly #counts = new Float64Array(STEPS);
  #samples = 0;
  worst: number | null = null;

  constructor(perStep: number) {
    this.#perStep = perStep;
  }

  push(value: number): void {
    const step = Math.floor(this.#samples / this.#perStep) % STEPS;
    if (this.#samples % this.#perStep === 0) this.#sums[step] = this.#counts[step] = 0;
    if (value === value) {
      this.#sums[step] = (this.#sums[step] as number) + value;
      this.#counts[step] = (this.#counts[step] as number) + 1;
    }
    this.#samples += 1;
    if (this.#samples % this.#perStep !== 0 || this.#samples < STEPS * this.#perStep) return;
    const count = this.#counts.reduce((all, one) => all + one, 0);
    if (count === 0) return;
    const mean = this.#sums.reduce((all, one) => all + one, 0) / count;
    if (this.worst === null || Math.abs(mean) > Math.abs(this.worst)) this.worst = mean;
  }
}
