/** The interval in which the true deviation lies, from chi-square: NIST SP 1065, 5.3.2. */
import { chiSquareQuantile } from './chi-square.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** `confidence` is two-sided, such as 0.95. */
export function deviationInterval(
  deviation: number,
  freedom: number,
  confidence: number,
): Interval {
  const tail = (1 - confidence) / 2;
  const bound = (probability: number) =>
    deviation * Math.sqrt(freedom / chiSquareQuantile(probability, freedom));
  return { low: bound(1 - tail), high: bound(tail) };
}
