/** Rows that were measured several times: what their errors are on average, and how far that can be told. Pure. */
import { estimateRms, type Estimate } from '../../study/estimate.js';
import type { CompareMeasurement } from './schema.js';

/** All rounds of one row at one load. */
export interface RepeatedRow {
  readonly first: CompareMeasurement;
  /** With its 95 % interval over rounds; null where it never was measured, its half not a number with one round. */
  readonly rms: Estimate | null;
  /** The same as predicted from its own noise. */
  readonly foretold: Estimate | null;
  /** Of all rounds. */
  readonly ownRatios: readonly number[];
  readonly fromOneRatios: readonly number[];
}

function repeated(first: CompareMeasurement, all: readonly CompareMeasurement[]): RepeatedRow {
  const rounds = all.filter(({ row, loaded }) => row === first.row && loaded === first.loaded);
  const over = (values: readonly number[]) => (values.length === 0 ? null : estimateRms(values));
  return {
    first,
    rms: over(rounds.flatMap(({ error }) => error?.rmsNs ?? [])),
    foretold: over(rounds.flatMap(({ predictedOwn }) => predictedOwn?.rmsNs ?? [])),
    ownRatios: rounds.flatMap(({ predictedOwn }) => predictedOwn?.ratio ?? []),
    fromOneRatios: rounds.flatMap(({ predicted }) => predicted?.ratio ?? []),
  };
}

/** In the order in which they were measured first. */
export function repeatedRows(measurements: readonly CompareMeasurement[]): readonly RepeatedRow[] {
  const isFirst = (own: CompareMeasurement, index: number) =>
    measurements.findIndex(({ row, loaded }) => row === own.row && loaded === own.loaded) === index;
  return measurements.filter(isFirst).map((first) => repeated(first, measurements));
}
