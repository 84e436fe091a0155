/** A run for a terminal, for notebooks and as a picture. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { Chart, ChartPoint, Series } from '../study/study.js';
import { neededSettleSeconds, type SimulationPlan } from './plan.js';
import type { ClockSeries, SimulationRun } from './run.js';
import type { ClockFigures, GroupFigures, Summary } from './summary.js';

const style = { head: [], border: [] };

/** Nanoseconds with as many digits as say something. */
export function nsText(ns: number | null): string {
  if (ns === null || Number.isNaN(ns)) return '–';
  const size = Math.abs(ns);
  if (size >= 1e9) return `${(ns / 1e9).toPrecision(4)} s`;
  if (size >= 1e6) return `${(ns / 1e6).toPrecision(4)} ms`;
  if (size >= 1e4) return `${(ns / 1e3).toPrecision(4)} µs`;
  return `${size < 100 ? ns.toFixed(1) : ns.toFixed(0)} ns`;
}

export function renderRun(plan: SimulationPlan, run: SimulationRun, summary: Summary): string {
  const head = [
    ...['role', 'hops', 'clocks', 'follow', 'max|TE|', 'rms', 'mean', '99 %'],
    `MTIE ${summary.mtieSeconds} s`,
  ];
  const colAligns = head.map((_, at) => (at === 0 ? ('left' as const) : ('right' as const)));
  const table = new Table({ head, style, colAligns });
  for (const group of summary.groups) table.push(rowOf(group));
  const speed = run.wallSeconds > 0 ? run.seconds / run.wallSeconds : 0;
  const title = `${plan.topology.name}: ${text(run.seconds)} s of ${text(plan.topology.nodes.length)} nodes in ${run.wallSeconds.toFixed(1)} s (${text(Math.round(speed))} times real time, ${text(run.events)} events)`;
  const parts = [pc.bold(title)];
  if (run.seconds < plan.seconds - plan.everySeconds) {
    parts.push(pc.yellow(`ended at ${run.seconds} of ${plan.seconds} s: what follows is a part`));
  }
  parts.push(table.toString());
  parts.push(
    `Errors against true time from ${plan.settleSeconds} s on, a sample each ${plan.everySeconds} s; max|TE|, 99 % and MTIE of the worst clock, rms and mean of all.`,
  );
  const needed = neededSettleSeconds(plan.topology);
  if (plan.settleSeconds < needed) {
    parts.push(
      pc.yellow(`Clocks may still have been settling then: this network needs some ${needed} s.`),
    );
  }
  const lost = summary.clocks.filter(({ state }) => state === 'does not follow');
  if (lost.length > 0) parts.push(pc.yellow(lostText(lost)));
  return parts.join('\n');
}

const SOME = 6;
const text = (value: number) => value.toLocaleString('en');

function lostText(lost: readonly ClockFigures[]): string {
  const names = lost.slice(0, SOME).map(({ name }) => name);
  const more = lost.length > SOME ? ` and ${lost.length - SOME} more` : '';
  return `At the end no master for ${names.join(', ')}${more}.`;
}

function rowOf(group: GroupFigures): string[] {
  const { role, hops, clocks, follow, maxAbsNs, rmsNs, meanNs, p99Ns, mtieNs } = group;
  const counts = [hops, clocks, follow].map(String);
  return [role, ...counts, ...[maxAbsNs, rmsNs, meanNs, p99Ns, mtieNs].map(nsText)];
}

/** Everything but the samples; `replay` is the command that makes it again. */
export function runDocument(
  plan: SimulationPlan,
  run: SimulationRun,
  summary: Summary,
  made: { readonly replay: string; readonly versions: Readonly<Record<string, string>> },
) {
  return {
    replay: made.replay,
    versions: made.versions,
    plan,
    seconds: run.seconds,
    isWhole: run.samples === Math.floor(plan.seconds / plan.everySeconds),
    events: run.events,
    wallSeconds: run.wallSeconds,
    ...summary,
  };
}

/** A row for each instant, a column of nanoseconds for each clock: as `timeplane measure time` reads it. */
export function* csvLines(plan: SimulationPlan, run: SimulationRun): Generator<string> {
  yield ['time_s', ...run.clocks.map(({ name }) => `${name}_ns`)].join(',');
  for (let sample = 0; sample < run.samples; sample += 1) {
    const seconds = Number(((sample + 1) * plan.everySeconds).toFixed(9));
    const errors = run.clocks.map(({ errorsNs }) => numberText(errorsNs[sample]));
    yield [seconds, ...errors].join(',');
  }
}

function numberText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : String(Number(value.toFixed(3)));
}

const MOST_SERIES = 6;
/** Of each series; every part shows its least and its greatest error. */
const PARTS = 300;

/** The worst clock of each role and distance over time; of many some, evenly. */
export function runChart(plan: SimulationPlan, run: SimulationRun, summary: Summary): Chart {
  const { groups } = summary;
  const shown = Math.min(MOST_SERIES, groups.length);
  const chosen = Array.from({ length: shown }, (_, at) =>
    shown === 1 ? groups.at(-1) : groups[Math.round((at * (groups.length - 1)) / (shown - 1))],
  );
  const settled = Math.ceil(plan.settleSeconds / plan.everySeconds);
  const series = chosen.flatMap((group): Series[] => {
    if (group === undefined) return [];
    const worst = worstOf(summary, group);
    const found = run.clocks.find(({ name }) => name === worst);
    if (found === undefined) return [];
    const hops = `${group.hops} ${group.hops === 1 ? 'hop' : 'hops'}`;
    const name = `${found.name} (${group.role}, ${hops})`;
    return [{ name, style: 'plain', points: envelope(found, plan.everySeconds, settled) }];
  });
  return {
    title: `${plan.topology.name}, seed ${plan.seed}: time error after ${plan.settleSeconds} s`,
    x: { label: 'true time, s', scale: 'linear', isTight: true },
    y: { label: 'time error, ns', scale: 'linear' },
    series,
  };
}

function worstOf({ clocks }: Summary, { role, hops }: GroupFigures): string {
  const own = clocks.filter((clock) => clock.role === role && clock.hops === hops);
  const size = ({ error }: ClockFigures) => error?.maxAbsNs ?? -1;
  return own.reduce((most, one) => (size(one) > size(most) ? one : most), own[0] ?? clocks[0]!)
    .name;
}

function envelope({ errorsNs }: ClockSeries, everySeconds: number, first: number): ChartPoint[] {
  const width = Math.max(1, Math.ceil((errorsNs.length - first) / PARTS));
  const points: ChartPoint[] = [];
  for (let begin = first; begin < errorsNs.length; begin += width) {
    let [least, most] = [-1, -1];
    for (let at = begin; at < Math.min(begin + width, errorsNs.length); at += 1) {
      const value = errorsNs[at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      if (least === -1 || value < (errorsNs[least] ?? 0)) least = at;
      if (most === -1 || value > (errorsNs[most] ?? 0)) most = at;
    }
    for (const at of [...new Set([least, most])].sort((a, b) => a - b)) {
      if (at !== -1) points.push({ x: (at + 1) * everySeconds, y: errorsNs[at] ?? 0 });
    }
  }
  return points;
}
