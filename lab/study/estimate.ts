/** A mean over seeds, and what they leave open. */
export interface Estimate {
  readonly mean: number;
  /** Half of the 95 % confidence interval; not a number with one value. */
  readonly half: number;
}

/** Student's t, two-sided 95 %, by degrees of freedom from 1; beyond the table by its expansion in 1/n. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
const NORMAL = 1.959964;

export function student95(degrees: number): number {
  if (degrees < 1) return Number.NaN;
  const known = STUDENT[degrees - 1];
  if (known !== undefined) return known;
  const z = NORMAL;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return z + first / degrees + second / degrees ** 2;
}

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, one) => sum + one, 0) / count;
  const square = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1);
  return { mean, half: student95(count - 1) * Math.sqrt(square / count) };
}

/** Of deviations (rms, σ): their squares are what adds up, and what is averaged. */
export function estimateRms(values: readonly number[]): Estimate {
  const { mean, half } = estimate(values.map((value) => value ** 2));
  const root = Math.sqrt(mean);
  return { mean: root, half: half / (2 * root) };
}
