import { mean, rootMeanSquare } from '../../control-plane/statistics/samples.js';

/** The errors of one clock over a run, in few figures. Nanoseconds. */
export interface ClockErrors {
  readonly rmsNs: number;
  readonly meanNs: number;
  /** Of the size. */
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** @throws RangeError without an error. */
export function clockErrors(errorsNs: readonly number[]): ClockErrors {
  if (errorsNs.length === 0) throw new RangeError('no errors to summarise');
  const sizes = errorsNs.map((error) => Math.abs(error)).sort((a, b) => a - b);
  return {
    rmsNs: rootMeanSquare(errorsNs),
    meanNs: mean(errorsNs),
    p99Ns: sizes[Math.floor(0.99 * (sizes.length - 1))] ?? Number.NaN,
    maxNs: sizes.at(-1) ?? Number.NaN,
  };
}
