/** Runs of all seeds, gathered by condition, contender and how many in a row. */
import type { ClockErrors } from '../../study/clock-errors.js';
import { estimateRms, type Estimate } from '../../study/estimate.js';
import { grouped, type Run } from '../../study/study.js';
import type { Timing } from './row.js';

export interface Point {
  readonly seed: number;
  readonly condition: string;
  readonly contender: string;
  /** Of a row of boundary clocks the longest: the shorter ones are in it. */
  readonly switches: number;
  readonly wanted: readonly number[];
  readonly timing: Timing;
}

export interface Outcome {
  /** By how many switches are before the clock. */
  readonly behind: readonly (ClockErrors & { readonly switches: number })[];
}

export interface Row {
  readonly condition: string;
  readonly contender: string;
  readonly switches: number;
  readonly rmsNs: Estimate;
  /** Root mean square of the run with each seed. */
  readonly bySeed: ReadonlyMap<number, number>;
  /** The largest error of all runs. */
  readonly maxNs: number;
}

export function rowsOf(runs: readonly Run<Point, Outcome>[]): Row[] {
  const each = runs.flatMap(({ point: { condition, contender, seed }, outcome }) =>
    outcome.behind.map((clock) => ({
      point: { condition, contender, seed, switches: clock.switches },
      outcome: clock,
    })),
  );
  const groups = grouped(
    each,
    ({ condition, contender, switches }) => `${condition}/${contender}/${switches}`,
  );
  return [...groups.values()].flatMap((group) => {
    const point = group[0]?.point;
    if (point === undefined) return [];
    const { condition, contender, switches } = point;
    const rmsNs = estimateRms(group.map(({ outcome }) => outcome.rmsNs));
    const bySeed = new Map(group.map((run) => [run.point.seed, run.outcome.rmsNs]));
    const maxNs = Math.max(...group.map(({ outcome }) => outcome.maxNs));
    return [{ condition, contender, switches, rmsNs, bySeed, maxNs }];
  });
}
