/** From what was measured to the rows of the result: percentiles, ratios, aims. Pure. */
import { percentile } from '../../../control-plane/statistics/samples.js';
import type { AccuracyRow, BoundaryAim, FailoverRow } from './schema.js';

export type MeasuredFailover = Omit<FailoverRow, 'p50Ms' | 'p99Ms' | 'toPtp4l'>;

function percentileOf(values: readonly number[], fraction: number): number | null {
  if (values.length === 0) return null;
  return percentile(
    values.toSorted((a, b) => a - b),
    fraction,
  );
}

/** Percentiles of each row, and their ratios to ptp4l's row of the same rates and way. */
export function withPtp4l(measured: readonly MeasuredFailover[]): FailoverRow[] {
  const rows = measured.map((row) => ({
    ...row,
    p50Ms: percentileOf(row.followMs, 0.5),
    p99Ms: percentileOf(row.followMs, 0.99),
  }));
  return rows.map((row) => {
    const reference = rows.find(
      ({ kind, rates, way }) => kind === 'ptp4l' && rates === row.rates && way === row.way,
    );
    const p50 = ratio(row.p50Ms, reference?.p50Ms);
    const p99 = ratio(row.p99Ms, reference?.p99Ms);
    const toPtp4l = row.kind === 'ptp4l' || p50 === null || p99 === null ? null : { p50, p99 };
    return { ...row, toPtp4l };
  });
}

function ratio(value: number | null, reference: number | null | undefined): number | null {
  return value === null || reference === null || reference === undefined ? null : value / reference;
}

/** With the same defaults no slower than ptp4l; where missing Syncs tell, twice as fast. */
const FOLLOW_LIMITS = { timeplane: 1, 'timeplane-sync': 0.5 } as const;

function failoverAims(rows: readonly FailoverRow[]): BoundaryAim[] {
  return rows.flatMap(({ rates, way, kind, toPtp4l }) => {
    // A cut link tells ptp4l at once what it tells nobody whose ports are a switch's: no aim.
    if (toPtp4l === null || kind === 'ptp4l' || kind === 'bmv2' || way !== 'kill') return [];
    const limit = FOLLOW_LIMITS[kind];
    return (['p50', 'p99'] as const).map((statistic) => ({
      aim: `${statistic} of the time to follow, to ptp4l’s`,
      row: `${rates}-${way}-${kind}`,
      value: toPtp4l[statistic],
      limit,
      met: toPtp4l[statistic] <= limit,
    }));
  });
}

function accuracyAims(rows: readonly AccuracyRow[]): BoundaryAim[] {
  return rows.flatMap(({ name, hops }) =>
    hops.flatMap(({ truth }, hop) =>
      truth === null
        ? []
        : [
            {
              aim: `samples beyond the error bound, behind clock ${hop + 1}`,
              row: name,
              value: truth.beyondBound,
              limit: 0,
              met: truth.beyondBound === 0,
            },
          ],
    ),
  );
}

export function aimsOf(
  accuracy: readonly AccuracyRow[],
  failover: readonly FailoverRow[],
): BoundaryAim[] {
  return [...failoverAims(failover), ...accuracyAims(accuracy)];
}
