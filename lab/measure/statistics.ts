/** Order statistics of a set of measurements; units are those of the values put in. */

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

/**
 * The nearest-rank percentile of values in ascending order: the smallest value that at least
 * `fraction` of all values do not exceed. NaN where there is no value.
 */
export function percentile(ascending: ArrayLike<number>, fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * ascending.length));
  return ascending[rank - 1] ?? Number.NaN;
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
  const squares = errors.reduce((sum, error) => sum + error * error, 0);
  return { rms: Math.sqrt(squares / errors.length), ...spread };
}
