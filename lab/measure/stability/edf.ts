/**
 * Equivalent degrees of freedom of stability variances: C. Greenhall and W. Riley, "Uncertainty of
 * Stability Variances Based on Finite Differences" (PTTI 2003), which SP 1065, 5.4.1 takes over; of total
 * deviation: SP 1065, 5.2.11.
 */

/** Power law of frequency noise, f^α: 2 white phase, 1 flicker phase, 0 white frequency, … */
export type Alpha = 2 | 1 | 0 | -1 | -2 | -3 | -4;

export interface EdfCase {
  readonly alpha: Alpha;
  /** Order of the phase's difference: 2 for Allan's family, 3 for Hadamard's. */
  readonly order: 2 | 3;
  /** τ / τ0. */
  readonly m: number;
  /** Samples of phase. */
  readonly samples: number;
  readonly isOverlapping: boolean;
  /** Filtered over τ, as in MDEV and TDEV. */
  readonly isModified: boolean;
}

/** More terms of the sum than that are replaced by their limit. */
const MOST_TERMS = 100;

/** Null where the record is too short, or the noise has no such variance (α + 2·order ≤ 1). */
export function equivalentFreedom(which: EdfCase): number | null {
  const { alpha, order, m, samples, isOverlapping, isModified } = which;
  const filter = isModified ? 1 : m;
  const length = m / filter + m * order;
  if (alpha + 2 * order <= 1 || samples < length) return null;
  const stride = isOverlapping ? m : 1;
  const count = 1 + Math.floor((stride * (samples - length)) / m);
  const shape: Shape = { alpha, order, count, stride, ratio: count / stride };
  const inverse = isModified
    ? modifiedInverse(shape)
    : alpha <= 0
      ? frequencyInverse(shape, m)
      : alpha === 1
        ? flickerPhaseInverse(shape, m)
        : whitePhaseInverse(shape);
  return inverse > 0 ? 1 / inverse : null;
}

interface Shape {
  readonly alpha: Alpha;
  readonly order: 2 | 3;
  /** M: how many summands. */
  readonly count: number;
  /** S: of them within one τ. */
  readonly stride: number;
  readonly ratio: number;
}

const fitsDirectly = ({ count, order, stride }: Shape) =>
  Math.min(count, (order + 1) * stride) <= MOST_TERMS;

function modifiedInverse(shape: Shape): number {
  if (fitsDirectly(shape)) return direct(shape, 1);
  const { alpha, order, ratio } = shape;
  if (ratio >= order + 1) return limit(MODIFIED, alpha, order, ratio);
  return coarse(shape, 1);
}

function frequencyInverse(shape: Shape, m: number): number {
  const { alpha, order, ratio } = shape;
  if (fitsDirectly(shape)) return direct(shape, m * (order + 1) <= MOST_TERMS ? m : Infinity);
  if (ratio >= order + 1) return limit(UNMODIFIED, alpha, order, ratio);
  return coarse(shape, Infinity);
}

/** b0 + b1 ln m: the growth of flicker phase noise with bandwidth, by order. */
const FLICKER_GROWTH = { 2: [15.23, 12], 3: [47.8, 40] } as const;

function flickerPhaseInverse(shape: Shape, m: number): number {
  if (fitsDirectly(shape)) return direct(shape, m);
  const { alpha, order, ratio } = shape;
  const [b0, b1] = FLICKER_GROWTH[order];
  const scale = (b0 + b1 * Math.log(m)) ** 2;
  if (ratio >= order + 1) return limit(UNMODIFIED, alpha, order, ratio) / scale;
  const fewer = MOST_TERMS / ratio;
  const sum = basicSum(MOST_TERMS, MOST_TERMS, fewer, fewer, alpha, order);
  return sum / (scale * MOST_TERMS);
}

function whitePhaseInverse({ order, count, ratio }: Shape): number {
  const windows = Math.ceil(ratio);
  if (windows <= order) {
    const square = binomial(2 * order, order) ** 2;
    let sum = 0;
    for (let k = 1; k < windows; k += 1) {
      sum += (1 - k / ratio) * binomial(2 * order, order - k) ** 2;
    }
    return (1 + (2 / square) * sum) / count;
  }
  const a0 = binomial(4 * order, 2 * order) / binomial(2 * order, order) ** 2;
  return (a0 - order / 2 / ratio) / count;
}

function direct({ alpha, order, count, stride }: Shape, filter: number): number {
  const terms = Math.min(count, (order + 1) * stride);
  const zero = secondKernel(0, filter, alpha, order);
  return basicSum(terms, count, stride, filter, alpha, order) / (zero * zero * count);
}

/** Where few windows have many summands each: the same windows, cut into fewer. */
function coarse({ alpha, order, ratio }: Shape, filter: number): number {
  const zero = secondKernel(0, filter, alpha, order);
  const sum = basicSum(MOST_TERMS, MOST_TERMS, MOST_TERMS / ratio, filter, alpha, order);
  return sum / (zero * zero * MOST_TERMS);
}

type Coefficients = Readonly<
  Record<2 | 3, Readonly<Partial<Record<Alpha, readonly [number, number]>>>>
>;

/** a0 and a1 by order and α: the paper's tables 1 and 2. */
const MODIFIED: Coefficients = {
  2: {
    2: [7 / 9, 1 / 2],
    1: [0.997, 0.616],
    0: [1.033, 0.607],
    [-1]: [1.048, 0.534],
    [-2]: [1.302, 0.535],
  },
  3: {
    2: [22 / 25, 2 / 3],
    1: [1.141, 0.843],
    0: [1.184, 0.848],
    [-1]: [1.18, 0.816],
    [-2]: [1.175, 0.777],
    [-3]: [1.194, 0.703],
    [-4]: [1.489, 0.702],
  },
};
const UNMODIFIED: Coefficients = {
  2: {
    1: [790, 410],
    0: [2 / 3, 1 / 3],
    [-1]: [0.852, 0.375],
    [-2]: [1.079, 0.368],
  },
  3: {
    1: [9950, 6520],
    0: [7 / 9, 1 / 2],
    [-1]: [0.997, 0.617],
    [-2]: [1.033, 0.607],
    [-3]: [1.053, 0.553],
    [-4]: [1.302, 0.535],
  },
};

function limit(table: Coefficients, alpha: Alpha, order: 2 | 3, ratio: number): number {
  const [a0, a1] = table[order][alpha] ?? [Number.NaN, Number.NaN];
  return (a0 - a1 / ratio) / ratio;
}

/** s_w: the generalized autocovariance of phase noise f^(α−2), by lag. */
function phaseKernel(t: number, alpha: number): number {
  const x = Math.abs(t);
  if (x === 0) return 0;
  switch (alpha) {
    case 2:
      return -x;
    case 1:
      return x * x * Math.log(x);
    case 0:
      return x ** 3;
    case -1:
      return -(x ** 4) * Math.log(x);
    case -2:
      return -(x ** 5);
    case -3:
      return x ** 6 * Math.log(x);
    default:
      return x ** 7;
  }
}

/** s_x: after the mean over τ / filter; an infinite filter takes the derivative. */
function firstKernel(t: number, filter: number, alpha: number): number {
  if (filter === Infinity) return phaseKernel(t, alpha + 2);
  const step = 1 / filter;
  const sides = phaseKernel(t - step, alpha) + phaseKernel(t + step, alpha);
  return filter * filter * (2 * phaseKernel(t, alpha) - sides);
}

/** s_z: after differences of the order. */
function secondKernel(t: number, filter: number, alpha: number, order: 2 | 3): number {
  const at = (lag: number) => firstKernel(t + lag, filter, alpha);
  if (order === 2) return 6 * at(0) - 4 * (at(-1) + at(1)) + at(-2) + at(2);
  return 20 * at(0) - 15 * (at(-1) + at(1)) + 6 * (at(-2) + at(2)) - at(-3) - at(3);
}

function basicSum(
  terms: number,
  count: number,
  stride: number,
  filter: number,
  alpha: number,
  order: 2 | 3,
): number {
  const square = (lag: number) => secondKernel(lag, filter, alpha, order) ** 2;
  let sum = square(0) + (1 - terms / count) * square(terms / stride);
  for (let j = 1; j < terms; j += 1) sum += 2 * (1 - j / count) * square(j / stride);
  return sum;
}

function binomial(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let value = 1;
  for (let i = 1; i <= k; i += 1) value = (value * (n - k + i)) / i;
  return Math.round(value);
}

/** b·T/τ − c by α: SP 1065, table 7; for phase noise there is none. */
const TOTAL: Readonly<Partial<Record<Alpha, readonly [number, number, number]>>> = {
  0: [1.5, 0, 0],
  [-1]: [1.168, 0.222, 0.481],
  [-2]: [0.927, 0.358, 0.75],
};

/** Equivalent degrees of freedom of the total variance; null for noise that it is not known for. */
export function totalFreedom(alpha: Alpha, m: number, samples: number): number | null {
  const [b, c] = TOTAL[alpha] ?? [];
  if (b === undefined || c === undefined) return null;
  return (b * (samples - 1)) / m - c;
}

/** What the total variance is expected to be, of the Allan variance: 1 − a·τ/T. */
export function totalBias(alpha: Alpha, m: number, samples: number): number {
  return 1 - ((TOTAL[alpha]?.[2] ?? 0) * m) / (samples - 1);
}
