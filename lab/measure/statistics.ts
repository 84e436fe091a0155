/** Order statistics of a set of measurements; units are those of the values put in. */
import { percentile, rootMeanSquare } from '../../control-plane/statistics/samples.js';

export interface ErrorSummary {
  readonly rms: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SpreadSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles of the values as they are; null where there is none. */
export function summarizeSpread(values: readonly number[]): SpreadSummary | null {
  if (values.length === 0) return null;
  const ascending = values.toSorted((a, b) => a - b);
  return {
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
    max: percentile(ascending, 1),
  };
}

/** Percentiles of the absolute values, and the root of the mean of their squares; null where none. */
export function summarizeErrors(errors: readonly number[]): ErrorSummary | null {
  const spread = summarizeSpread(errors.map(Math.abs));
  if (spread === null) return null;
  return { rms: rootMeanSquare(errors), ...spread };
}
