/** What is said of a few values at hand; units are those of the values put in. */

/** Not a number where there is no value. */
export function mean(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The root of the mean of the squares. */
export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(mean(values.map((value) => value * value)));
}

/** The middle one, or the mean of the middle two; not a number where there is no value. */
export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = ascending.length / 2;
  const upper = ascending[Math.floor(middle)] ?? Number.NaN;
  const lower = ascending[Math.ceil(middle) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * The nearest-rank percentile of values in ascending order: the smallest value that at least
 * `fraction` of all values do not exceed. Not a number where there is no value.
 */
export function percentile(ascending: ArrayLike<number>, fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * ascending.length));
  return ascending[rank - 1] ?? Number.NaN;
}

/** The same of values in any order. */
export function percentileOf(values: readonly number[], fraction: number): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    fraction,
  );
}
