/** Time error of a clock: its size, its constant and its dynamic part, as ITU-T G.8260 names them. */
import { bandFilter } from '../../control-plane/statistics/band-filter.js';
import {
  BAND_EDGE_HZ,
  CONSTANT_SECONDS,
  FRACTIONS,
  SETTLE_SECONDS,
  type PercentileNs,
} from '../../control-plane/statistics/time-error-terms.js';
import { countMissing, type PhaseRecord } from './stability/phase.js';
import { percentile } from '../../control-plane/statistics/samples.js';

/** All in ns. */
export interface TimeErrorSummary {
  readonly samples: number;
  readonly missing: number;
  readonly seconds: number;
  /** max|TE|. */
  readonly maxAbsNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  readonly rmsNs: number;
  /** About the mean. */
  readonly deviationNs: number;
  readonly percentilesNs: readonly PercentileNs[];
}

/** Samples that are there, ascending. */
export function ascending(x: Float64Array): Float64Array {
  return x.filter((value) => !Number.isNaN(value)).sort();
}

/** Null where there is no sample. */
export function summarizeTimeError({ xNs, tau0Ns }: PhaseRecord): TimeErrorSummary | null {
  const sorted = ascending(xNs);
  const samples = sorted.length;
  if (samples === 0) return null;
  const absolute = sorted.map(Math.abs).sort();
  const { mean, squares } = moments(sorted);
  return {
    samples,
    missing: xNs.length - samples,
    seconds: ((xNs.length - 1) * tau0Ns) / 1e9,
    maxAbsNs: absolute[samples - 1] ?? Number.NaN,
    minNs: sorted[0] ?? Number.NaN,
    maxNs: sorted[samples - 1] ?? Number.NaN,
    meanNs: mean,
    rmsNs: Math.sqrt(squares / samples + mean * mean),
    deviationNs: Math.sqrt(squares / Math.max(1, samples - 1)),
    percentilesNs: FRACTIONS.map((fraction) => ({
      fraction,
      valueNs: percentile(sorted, fraction),
      absNs: percentile(absolute, fraction),
    })),
  };
}

/** Mean, and the sum of squares about it: in two passes, since an offset may be far from zero. */
function moments(values: Float64Array): { mean: number; squares: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, squares };
}

export interface ConstantError {
  readonly ns: number;
  /** The mean of so long; shorter than asked where the record is. */
  readonly seconds: number;
}

/** cTE: of all means over 1000 s the one that is farthest from zero. Null where there is no sample. */
export function constantError(
  { xNs, tau0Ns }: PhaseRecord,
  seconds = CONSTANT_SECONDS,
): ConstantError | null {
  const width = Math.min(xNs.length, Math.max(1, Math.round((seconds * 1e9) / tau0Ns)));
  let sum = 0;
  let count = 0;
  let worst: number | null = null;
  const add = (value: number, sign: 1 | -1): void => {
    if (value !== value) return;
    sum += sign * value;
    count += sign;
  };
  for (let i = 0; i < xNs.length; i += 1) {
    add(xNs[i] as number, 1);
    if (i >= width) add(xNs[i - width] as number, -1);
    if (i < width - 1 || count === 0) continue;
    const mean = sum / count;
    if (worst === null || Math.abs(mean) > Math.abs(worst)) worst = mean;
  }
  return worst === null ? null : { ns: worst, seconds: (width * tau0Ns) / 1e9 };
}

/** The dynamic part in its two bands, by G.8273.2's filters. */
export interface DynamicError {
  /** Behind the low pass; what it took to settle is cut off. */
  readonly low: PhaseRecord;
  readonly high: PhaseRecord;
  /** max|TE_L|. */
  readonly lowMaxAbsNs: number;
  readonly lowPeakToPeakNs: number;
  /** dTE_H, peak to peak. */
  readonly highPeakToPeakNs: number;
}

export type DynamicResult =
  | { readonly ok: true; readonly value: DynamicError }
  | { readonly ok: false; readonly code: 'too-slow' | 'too-short'; readonly message: string };

const LONGEST_INTERVAL_SECONDS = 1;

/** Time error below and above 0.1 Hz. */
export function dynamicError(record: PhaseRecord): DynamicResult {
  const intervalSeconds = record.tau0Ns / 1e9;
  if (intervalSeconds > LONGEST_INTERVAL_SECONDS) {
    const text = `a sample each ${round(intervalSeconds)} s; the filter of ${BAND_EDGE_HZ} Hz wants one each second or more`;
    return { ok: false, code: 'too-slow', message: text };
  }
  const settled = Math.ceil(SETTLE_SECONDS / intervalSeconds);
  const { low, high } = bandFilter(record.xNs, intervalSeconds, BAND_EDGE_HZ);
  const kept = (x: Float64Array): PhaseRecord => ({ ...record, xNs: x.subarray(settled) });
  const lowRange = rangeOf(low.subarray(settled));
  const highRange = rangeOf(high.subarray(settled));
  if (lowRange === null || highRange === null) {
    const text = `shorter than the ${SETTLE_SECONDS} s that the filter of ${BAND_EDGE_HZ} Hz settles in`;
    return { ok: false, code: 'too-short', message: text };
  }
  return {
    ok: true,
    value: {
      low: kept(low),
      high: kept(high),
      lowMaxAbsNs: Math.max(Math.abs(lowRange.min), Math.abs(lowRange.max)),
      lowPeakToPeakNs: lowRange.max - lowRange.min,
      highPeakToPeakNs: highRange.max - highRange.min,
    },
  };
}

const round = (value: number) => Number(value.toPrecision(4));

function rangeOf(x: Float64Array): { min: number; max: number } | null {
  if (countMissing(x) === x.length) return null;
  let min = Infinity;
  let max = -Infinity;
  for (const value of x) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
