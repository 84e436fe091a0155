/** What a run's errors come to: of each clock, and of all clocks of a role at the same distance. */
import { mtieAt } from '../measure/stability/mtie.js';
import { summarizeTimeError, type TimeErrorSummary } from '../measure/time-error.js';
import { hopsFromGrandmaster, type Role } from '../topologies/topology.js';
import type { SimulationPlan } from './plan.js';
import type { ClockSeries, SimulationRun } from './run.js';

export interface ClockFigures {
  readonly name: string;
  readonly role: Role;
  /** Links to the nearest grandmaster. */
  readonly hops: number;
  readonly state: ClockSeries['state'];
  /** Null: no sample after it settled. */
  readonly error: TimeErrorSummary | null;
  /** Of windows of `mtieSeconds`. */
  readonly mtieNs: number | null;
}

export interface GroupFigures {
  readonly role: Role;
  readonly hops: number;
  readonly clocks: number;
  readonly follow: number;
  /** Of the worst clock. */
  readonly maxAbsNs: number;
  readonly mtieNs: number | null;
  /** Of all clocks' samples together. */
  readonly rmsNs: number;
  readonly meanNs: number;
  readonly p99Ns: number;
}

export interface Summary {
  readonly clocks: readonly ClockFigures[];
  readonly groups: readonly GroupFigures[];
  readonly mtieSeconds: number;
  /** Of each clock. */
  readonly samples: number;
}

const MTIE_SECONDS = [10_000, 1_000, 100, 10, 1];

export function summarize(plan: SimulationPlan, run: SimulationRun): Summary {
  const settled = Math.ceil(plan.settleSeconds / plan.everySeconds);
  const samples = Math.max(0, run.samples - settled);
  const countedSeconds = samples * plan.everySeconds;
  const mtieSeconds =
    MTIE_SECONDS.find((one) => one >= plan.everySeconds && 2 * one <= countedSeconds) ??
    plan.everySeconds;
  const hops = hopsFromGrandmaster(plan.topology);
  const roles = new Map(plan.topology.nodes.map(({ name, role }) => [name, role]));
  const tau0Ns = plan.everySeconds * 1e9;
  const clocks = run.clocks.map(({ name, errorsNs, state }): ClockFigures => {
    const record = { xNs: errorsNs.subarray(Math.min(settled, errorsNs.length)), tau0Ns };
    const mtie = mtieAt(record, Math.round(mtieSeconds / plan.everySeconds));
    return {
      name,
      role: roles.get(name) ?? 'client',
      hops: hops.get(name) ?? 0,
      state,
      error: summarizeTimeError(record),
      mtieNs: mtie === null || !Number.isFinite(mtie.valueNs) ? null : mtie.valueNs,
    };
  });
  return { clocks, groups: groupsOf(clocks), mtieSeconds, samples };
}

function groupsOf(clocks: readonly ClockFigures[]): GroupFigures[] {
  const groups = new Map<string, ClockFigures[]>();
  for (const clock of clocks) {
    const key = `${clock.role} ${clock.hops}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [clock]);
    else group.push(clock);
  }
  const figures = [...groups.values()].map(figuresOf);
  return figures.sort((a, b) => a.hops - b.hops || a.role.localeCompare(b.role));
}

function figuresOf(clocks: readonly ClockFigures[]): GroupFigures {
  const errors = clocks.flatMap(({ error }) => (error === null ? [] : [error]));
  const samples = errors.reduce((sum, one) => sum + one.samples, 0);
  const pooled = (of: (one: TimeErrorSummary) => number) =>
    errors.reduce((sum, one) => sum + one.samples * of(one), 0) / samples;
  const worst = (of: (one: TimeErrorSummary) => number) =>
    errors.length === 0 ? Number.NaN : errors.reduce((most, one) => Math.max(most, of(one)), 0);
  const mties = clocks.flatMap(({ mtieNs }) => (mtieNs === null ? [] : [mtieNs]));
  const [first] = clocks;
  return {
    role: first?.role ?? 'client',
    hops: first?.hops ?? 0,
    clocks: clocks.length,
    follow: clocks.filter(({ state }) => state === 'follows').length,
    maxAbsNs: worst(({ maxAbsNs }) => maxAbsNs),
    mtieNs: mties.length === 0 ? null : mties.reduce((most, one) => Math.max(most, one), 0),
    rmsNs: Math.sqrt(pooled(({ rmsNs }) => rmsNs ** 2)),
    meanNs: pooled(({ meanNs }) => meanNs),
    p99Ns: worst(({ percentilesNs }) => p99Of(percentilesNs)),
  };
}

function p99Of(percentilesNs: TimeErrorSummary['percentilesNs']): number {
  return percentilesNs.find(({ fraction }) => fraction === 0.99)?.absNs ?? Number.NaN;
}
