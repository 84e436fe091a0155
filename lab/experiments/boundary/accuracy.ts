/**
 * The time that a row of boundary clocks serves, each on its own oscillator, against the true one.
 *
 *     grandmaster ── clock 1 ── clock 2 ── … ── client
 *
 * It is judged behind every clock, by the kernel's stamps: see measure/served-time.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mean } from '../../../control-plane/statistics/samples.js';
import { summarizeErrors, type ErrorSummary } from '../../measure/statistics.js';
import { tracedErrors } from '../../peers/own-clock.js';
import type { Mechanism, Transport } from '../../peers/ptp4l.js';
import type { Speaker } from '../../namespaces/graph.js';
import { startClockPoller } from '../../peers/clock-poller.js';
import { pause } from '../run.js';
import {
  speakerOf,
  startBoundary,
  startClient,
  startGrandmaster,
  type BoundaryKind,
  type Rates,
} from './clocks.js';
import { LAB_OSCILLATOR, otherOscillator } from './plan.js';
import { SETTLED_NS, sharedNowNs, type Observer } from './observer.js';
import {
  observe,
  onStage,
  setStage,
  settled,
  SETTLE_LIMIT_MS,
  type BoundaryContext,
  type Outcome,
} from './stage.js';

export interface AccuracyPlan {
  readonly title: string;
  /** One for each clock of the row, the grandmaster's neighbour first. */
  readonly kinds: readonly BoundaryKind[];
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  /** How ours send Sync; ptp4l sends two-step. */
  readonly step: 'one' | 'two';
  readonly rates: Rates;
  /** Between the first settled time and the measurement: for servos to become narrow. */
  readonly warmUpSeconds: number;
  readonly durationSeconds: number;
}

/** Behind one clock of the row. */
export interface HopAccuracy {
  readonly syncs: number;
  /** Absolute errors of the time served; the way over the link is in them. */
  readonly errorNs: ErrorSummary;
  /** With its sign: what all errors have in common. */
  readonly meanNs: number;
  readonly stepsRemoved: number;
  /** PTP time against the shared clock, without any stamp between; null: nobody told it. */
  readonly truth: TrueAccuracy | null;
}

export interface TrueAccuracy {
  readonly samples: number;
  readonly errorNs: ErrorSummary;
  readonly meanNs: number;
  /** How often the error was beyond what the clock itself said that it could be; ptp4l does not. */
  readonly beyondBound: number;
  /** From the first reading on, acquisition and all: seconds, and the error in ns. */
  readonly series: SeriesPoint[];
}

export interface SeriesPoint {
  readonly seconds: number;
  readonly errorNs: number;
}

export interface Accuracy {
  readonly hops: readonly HopAccuracy[];
  /** From the start of the last clock until all of them served the true time. */
  readonly settledMs: number;
}

const GRANDMASTER = 'grandmaster';
const COARSE_SETTLED_NS = 2_000_000;
const CLIENT = 'client';

const nameOf = (index: number) => `clock ${index + 1}`;

interface ErrorSample {
  readonly atNs: bigint;
  readonly errorNs: number;
  readonly boundNs: number | null;
}

function trueAccuracy(all: readonly ErrorSample[], sinceNs: bigint): TrueAccuracy | null {
  const samples = all.filter(({ atNs }) => atNs >= sinceNs);
  const errors = samples.map(({ errorNs }) => errorNs);
  const errorNs = summarizeErrors(errors);
  if (errorNs === null) return null;
  const isBeyond = (sample: ErrorSample) =>
    sample.boundNs !== null && Math.abs(sample.errorNs) > sample.boundNs;
  return {
    ...{ samples: samples.length, errorNs, meanNs: mean(errors) },
    beyondBound: samples.filter(isBeyond).length,
    series: seriesOf(all),
  };
}

/** As many points as a plot has room for. */
const SERIES_POINTS = 600;

function seriesOf(all: readonly ErrorSample[]): SeriesPoint[] {
  const firstNs = all[0]?.atNs ?? 0n;
  const every = Math.max(1, Math.ceil(all.length / SERIES_POINTS));
  return all
    .filter((_, index) => index % every === 0)
    .map(({ atNs, errorNs }) => ({ seconds: Number(atNs - firstNs) / 1e9, errorNs }));
}

/** Errors of a clock without any stamp between: see clock-poller.ts and own-clock.ts. */
type ErrorSource = () => readonly ErrorSample[];

function tracedBy(file: string): ErrorSource {
  return () =>
    tracedErrors(readFileSync(file, 'utf8')).map((error) => ({ ...error, boundNs: null }));
}

interface Hop {
  readonly observer: Observer;
  readonly errors: ErrorSource;
}

function hopAccuracy({ observer, errors: trueErrors }: Hop, sinceNs: bigint): HopAccuracy {
  const errors = observer.served(sinceNs).map(({ errorNs }) => errorNs);
  const errorNs = summarizeErrors(errors) ?? { rms: NaN, p50: NaN, p99: NaN, max: NaN };
  return {
    syncs: errors.length,
    errorNs,
    meanNs: mean(errors),
    stepsRemoved: observer.announces(sinceNs).at(-1)?.announce.stepsRemoved ?? NaN,
    truth: trueAccuracy(trueErrors(), sinceNs),
  };
}

/** Builds the row, waits until it has settled, and listens. */
export function measureAccuracy(
  context: BoundaryContext,
  plan: AccuracyPlan,
): Promise<Outcome<Accuracy>> {
  const { kinds, step, durationSeconds, warmUpSeconds } = plan;
  return onStage(async (cleanup) => {
    const names = kinds.map((_, index) => nameOf(index));
    const row = [GRANDMASTER, ...names, CLIENT];
    const nodes = Object.fromEntries<Speaker>(row.map((name) => [name, 'kernel']));
    for (const [index, kind] of kinds.entries()) nodes[nameOf(index)] = speakerOf(kind);
    const links = row.slice(1).map((name, index) => [row[index] ?? '', name] as const);
    context.progress.update(`${plan.title}: building`);
    const stage = await setStage(context, { ...plan, nodes, links }, cleanup);
    const observers = await Promise.all(row.slice(2).map((name) => observe(stage, name)));
    await startGrandmaster(stage.clocks, GRANDMASTER, { priority1: 10, masterOnly: true });
    const traceOf = (name: string) =>
      join(context.directory, `${name}-${stage.graph.node(name).namespace.pid}.trace`);
    for (const [index, kind] of kinds.entries()) {
      const oscillator = index === 0 ? LAB_OSCILLATOR : otherOscillator(index);
      const clock = { ...oscillator, traceFile: traceOf(nameOf(index)) };
      await startBoundary(stage.clocks, nameOf(index), kind, { clock, step });
    }
    await startClient(stage.clocks, CLIENT);
    const hops = observers.map((observer, index): Hop => {
      const name = nameOf(index);
      if (kinds[index] === 'ptp4l') return { observer, errors: tracedBy(traceOf(name)) };
      // Nobody but bmv2 itself knows how its ticks run.
      if (kinds[index] === 'bmv2') return { observer, errors: () => [] };
      const { namespace } = stage.graph.node(name);
      const poller = startClockPoller(namespace, stage.clocks.onStart);
      return { observer, errors: () => poller.errors };
    });
    // bmv2 takes its times in user space, and in microseconds.
    const toleranceNs = kinds.includes('bmv2') ? COARSE_SETTLED_NS : SETTLED_NS;
    const startedMs = performance.now();
    for (const [index, observer] of observers.entries()) {
      context.progress.update(`${plan.title}: clock ${index + 1} is settling`);
      const limitMs = SETTLE_LIMIT_MS * kinds.length;
      await settled(stage, observer, GRANDMASTER, toleranceNs, limitMs);
    }
    const settledMs = performance.now() - startedMs;
    context.progress.update(`${plan.title}: settled, warming up`);
    await pause(warmUpSeconds * 1000, context.signal);
    const sinceNs = sharedNowNs();
    context.progress.update(`${plan.title}: listening for ${durationSeconds} s`);
    await context.fidelity.during(() => pause(durationSeconds * 1000, context.signal));
    return { hops: hops.map((hop) => hopAccuracy(hop, sinceNs)), settledMs };
  });
}
