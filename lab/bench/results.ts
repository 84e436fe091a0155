/** What a benchmark says, and the arithmetic of interleaved rounds. */
import { median } from '../../control-plane/statistics/samples.js';

export type ResultStatus = 'ok' | 'skipped' | 'failed';

/** One line of `--json`: a stable shape. */
export interface BenchResult {
  readonly name: string;
  /** baselineValue / value for costs, value / baselineValue for rates: bigger is better. */
  readonly ratio: number;
  /** The least and the greatest ratio of a round. */
  readonly spread: readonly [number, number];
  readonly baseline: string;
  readonly unit: string;
  readonly value: number;
  readonly baselineValue: number;
  readonly status: ResultStatus;
  readonly reason: string;
}

/** Whether less or more of the unit is better. */
export type Direction = 'cost' | 'rate';

export interface Contest {
  readonly name: string;
  readonly baseline: string;
  readonly unit: string;
  readonly direction: Direction;
  /** What it is to show; see targets.ts. */
  readonly targets?: readonly Target[];
}

/** One figure of a contest, and what it is to come to. Without `most` and `least` it is only told. */
export interface Target {
  /** As the table of targets has it. */
  readonly what: string;
  /**
   * `value`: ours, which has a spread only where the baseline is a constant. `share`: ours over the
   * baseline's. `ratio`: the result's own, which is better the greater it is.
   */
  readonly figure: 'value' | 'share' | 'ratio';
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
}

/** One round A-B-B-A: two measurements of ours (A) around two of the baseline (B). */
export interface Round {
  readonly value: number;
  readonly baselineValue: number;
}

/** The median of the rounds' ratios with their spread; the values are medians too. */
export function judge(contest: Contest, rounds: readonly Round[]): BenchResult {
  const ratios = rounds.map(({ value, baselineValue }) =>
    contest.direction === 'cost' ? baselineValue / value : value / baselineValue,
  );
  return {
    name: contest.name,
    ratio: rounded(median(ratios)),
    spread: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
    baseline: contest.baseline,
    unit: contest.unit,
    value: rounded(median(rounds.map((round) => round.value))),
    baselineValue: rounded(median(rounds.map((round) => round.baselineValue))),
    status: 'ok',
    reason: '',
  };
}

/** A contest that did not take place, or whose outcome is worth nothing. */
export function without(
  contest: Contest,
  status: 'skipped' | 'failed',
  reason: string,
): BenchResult {
  const { name, baseline, unit } = contest;
  const nothing = { ratio: 0, spread: [0, 0] as const, value: 0, baselineValue: 0 };
  return { name, baseline, unit, ...nothing, status, reason };
}

/** Runs rounds A-B-B-A, so that a machine that grows slower or faster favours nobody. */
export async function interleave(
  count: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  progress: (round: number) => void,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < count; round++) {
    progress(round);
    const first = await ours();
    const baselineValue = (await theirs()) + (await theirs());
    rounds.push({ value: (first + (await ours())) / 2, baselineValue: baselineValue / 2 });
  }
  return rounds;
}

/** Four significant digits: more are noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
