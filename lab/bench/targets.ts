/**
 * What was to be reached, held against what a run measured: `npm run bench -- --targets`, and the table
 * in docs/benchmarks.md. The bounds stand beside their contests.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { parseProcessorTimes } from '../measure/fidelity.js';
import type { BenchResult, Contest, Target } from './results.js';

const bound = z.number().nullable();
const targetResultSchema = z.strictObject({
  what: z.string(),
  /** Its contest's name, as --only has it. */
  contest: z.string(),
  unit: z.string(),
  most: bound,
  least: bound,
  measured: z.number(),
  spread: z.tuple([z.number(), z.number()]),
  verdict: z.enum(['reached', 'missed', 'told', 'skipped', 'failed']),
  /** Of the processors' time, in the second before the contest began. */
  idle: z.number(),
  /** Why there is no figure, or what the contest remarks. */
  note: z.string(),
});
export type TargetResult = z.infer<typeof targetResultSchema>;

const documentSchema = z.object({ targets: z.array(targetResultSchema) });

/** As a contest's spread: the same figure of the worst and the best round. */
function figureOf(
  { figure }: Target,
  { direction }: Contest,
  { value, baselineValue, ratio, spread }: BenchResult,
): Pick<TargetResult, 'measured' | 'spread'> {
  const of = (one: number): number => {
    if (figure === 'ratio') return one;
    const share = direction === 'cost' ? 1 / one : one;
    return figure === 'share' ? share : share * baselineValue;
  };
  const [low, high] = spread.map(of).sort((a, b) => a - b);
  return {
    measured: figure === 'value' ? value : of(ratio),
    spread: [rounded(low ?? Number.NaN), rounded(high ?? Number.NaN)],
  };
}

/** The results' fourth digit is rounded itself. */
const rounded = (value: number): number => Number(value.toPrecision(3));

function verdictOf({ most, least }: Target, measured: number): TargetResult['verdict'] {
  if (most === undefined && least === undefined) return 'told';
  return measured <= (most ?? Infinity) && measured >= (least ?? -Infinity) ? 'reached' : 'missed';
}

/** What a quotient is of, and what the contest remarks. */
function noteOf({ figure }: Target, { value, baselineValue, unit, reason }: BenchResult): string {
  if (figure === 'value') return reason;
  const both = `${number(value)} and ${number(baselineValue)} ${unit}`;
  return reason === '' ? both : `${both}; ${reason}`;
}

/** A line for each target of the contest. `idle`: of the processors' time before it began, 0 to 1. */
export function judgeTargets(contest: Contest, result: BenchResult, idle: number): TargetResult[] {
  return (contest.targets ?? []).map((target) => {
    const { what, unit, most = null, least = null } = target;
    const head = { what, contest: contest.name, unit, most, least };
    const tail = { idle: Number(idle.toFixed(2)), note: result.reason };
    if (result.status !== 'ok') {
      return { ...head, measured: 0, spread: [0, 0], verdict: result.status, ...tail };
    }
    const figure = figureOf(target, contest, result);
    const verdict = verdictOf(target, figure.measured);
    const measured = rounded(figure.measured);
    return { ...head, ...figure, measured, verdict, ...tail, note: noteOf(target, result) };
  });
}

/** How idle the processors are: 1 where nothing runs. Takes a second. */
export async function idleShare(): Promise<number> {
  const times = () => parseProcessorTimes(readFileSync('/proc/stat', 'utf8'));
  const before = times();
  await setTimeout(1000);
  const after = times();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** The targets of a file that `--targets --json` wrote; none where there is no such file. */
export function readTargets(file: string): readonly TargetResult[] {
  if (!existsSync(file)) return [];
  try {
    return documentSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).targets;
  } catch {
    throw new LabError('precondition', `${file} has no targets, and is not overwritten`);
  }
}

/** The known ones with the new in their places, in the order of `contests`; others are left out. */
export function renewed(
  known: readonly TargetResult[],
  found: readonly TargetResult[],
  contests: readonly Contest[],
): TargetResult[] {
  return contests.flatMap(({ name, targets = [] }) =>
    targets.flatMap(({ what }) => {
      const isIt = (one: TargetResult) => one.contest === name && one.what === what;
      return found.find(isIt) ?? known.find(isIt) ?? [];
    }),
  );
}

const number = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3 });

function boundText({ most, least, unit }: TargetResult): string {
  if (most !== null) return `at most ${number(most)} ${unit}`;
  return least === null ? '–' : `at least ${number(least)} ${unit}`;
}

function measuredText({ verdict, measured, spread: [low, high], unit }: TargetResult): string {
  if (verdict === 'skipped' || verdict === 'failed') return '–';
  const range = low === high ? '' : ` (${number(low)} to ${number(high)})`;
  return `${number(measured)} ${unit}${range}`;
}

/** Markdown, as prettier sets it. */
export function targetsTable(targets: readonly TargetResult[]): string {
  const rows = [
    ['what', 'target', 'measured', 'verdict', 'idle before', '`--only`', 'beside it'],
    ...targets.map((one) => [
      one.what,
      boundText(one),
      measuredText(one),
      one.verdict === 'missed' ? '**missed**' : one.verdict,
      `${Math.round(100 * one.idle)} %`,
      `\`${one.contest}\``,
      one.note,
    ]),
  ];
  const [head = [], ...body] = rows;
  const widths = head.map((_, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
