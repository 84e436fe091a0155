/**
 * A record of time error at equal intervals, which all stability metrics read. Values and interval have
 * one unit, the nanosecond, so that what is a quotient of the two (Allan's family) has none.
 */
export interface PhaseRecord {
  /** Time error, ns; NaN where a sample is missing. */
  readonly xNs: Float64Array;
  /** Between two samples, ns. */
  readonly tau0Ns: number;
}

/** One value of a deviation. */
export interface Deviation {
  readonly value: number;
  /** How many differences it is the mean of. */
  readonly terms: number;
}

export function countMissing(x: Float64Array): number {
  let missing = 0;
  for (const value of x) if (Number.isNaN(value)) missing += 1;
  return missing;
}

/** Phase from fractional frequency: x[0] = 0, x[i+1] = x[i] + y[i]·τ0. */
export function phaseFromFrequency(y: ArrayLike<number>, tau0Ns: number): PhaseRecord {
  const xNs = new Float64Array(y.length + 1);
  let sum = 0;
  for (let i = 0; i < y.length; i += 1) {
    sum += (y[i] ?? Number.NaN) * tau0Ns;
    xNs[i + 1] = sum;
  }
  return { xNs, tau0Ns };
}

/**
 * x less the straight line through its ends. Second and third differences do not see it, so no deviation
 * of Allan's family changes, but sums over many samples keep more digits.
 */
export function withoutLine(x: Float64Array): Float64Array {
  const first = x.findIndex((value) => !Number.isNaN(value));
  const last = x.findLastIndex((value) => !Number.isNaN(value));
  if (first < 0 || first === last) return x.slice();
  const begin = x[first] ?? 0;
  const slope = ((x[last] ?? 0) - begin) / (last - first);
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += 1) {
    out[i] = (x[i] ?? Number.NaN) - begin - slope * (i - first);
  }
  return out;
}

/** 1, 2, 4, …, at most `most`. */
export function octaves(most: number): number[] {
  const out: number[] = [];
  for (let m = 1; m <= most; m *= 2) out.push(m);
  return out;
}
