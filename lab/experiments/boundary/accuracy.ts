/**
 * The time that a row of boundary clocks serves, each on its own oscillator, against the true one.
 *
 *     grandmaster ── clock 1 ── clock 2 ── … ── client
 *
 * It is judged behind every clock, by the kernel's stamps: see measure/served-time.ts.
 */
import { summarizeErrors, type ErrorSummary } from '../../measure/statistics.js';
import type { Mechanism, Transport } from '../../peers/ptp4l.js';
import { pause } from '../run.js';
import {
  BOUNDARY_TITLES,
  speakerOf,
  startBoundary,
  startClient,
  startGrandmaster,
  type BoundaryKind,
  type Rates,
} from './clocks.js';
import { LAB_OSCILLATOR, otherOscillator } from './plan.js';
import { sharedNowNs, type Observer } from './observer.js';
import {
  observe,
  onStage,
  setStage,
  settled,
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
}

export interface Accuracy {
  readonly hops: readonly HopAccuracy[];
  /** From the start of the last clock until all of them served the true time. */
  readonly settledMs: number;
}

const GRANDMASTER = 'grandmaster';
const CLIENT = 'client';

const nameOf = (index: number) => `clock ${index + 1}`;

function hopAccuracy(observer: Observer, sinceNs: bigint): HopAccuracy {
  const errors = observer.served(sinceNs).map(({ errorNs }) => errorNs);
  const errorNs = summarizeErrors(errors) ?? { rms: NaN, p50: NaN, p99: NaN, max: NaN };
  return {
    syncs: errors.length,
    errorNs,
    meanNs: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    stepsRemoved: observer.announces(sinceNs).at(-1)?.announce.stepsRemoved ?? NaN,
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
    const nodes = Object.fromEntries(row.map((name) => [name, 'kernel']));
    for (const [index, kind] of kinds.entries()) nodes[nameOf(index)] = speakerOf(kind);
    const links = row.slice(1).map((name, index) => [row[index] ?? '', name] as const);
    context.progress.update(`${plan.title}: building`);
    const stage = await setStage(context, { ...plan, nodes, links }, cleanup);
    const observers = await Promise.all(row.slice(2).map((name) => observe(stage, name)));
    await startGrandmaster(stage.clocks, GRANDMASTER, { priority1: 10, masterOnly: true });
    for (const [index, kind] of kinds.entries()) {
      const clock = index === 0 ? LAB_OSCILLATOR : otherOscillator(index);
      await startBoundary(stage.clocks, nameOf(index), kind, { clock, step });
    }
    await startClient(stage.clocks, CLIENT);
    const startedMs = performance.now();
    for (const [index, observer] of observers.entries()) {
      context.progress.update(`${plan.title}: clock ${index + 1} is settling`);
      await settled(stage, observer, GRANDMASTER);
    }
    const settledMs = performance.now() - startedMs;
    context.progress.update(`${plan.title}: settled, warming up`);
    await pause(warmUpSeconds * 1000, context.signal);
    const sinceNs = sharedNowNs();
    context.progress.update(`${plan.title}: listening for ${durationSeconds} s`);
    await pause(durationSeconds * 1000, context.signal);
    return { hops: observers.map((observer) => hopAccuracy(observer, sinceNs)), settledMs };
  });
}

export function accuracyTitle(kinds: readonly BoundaryKind[]): string {
  const [first = 'ptp4l'] = kinds;
  const isAlike = kinds.every((kind) => kind === first);
  if (!isAlike) return kinds.map((kind) => BOUNDARY_TITLES[kind]).join(' ─ ');
  return kinds.length === 1
    ? BOUNDARY_TITLES[first]
    : `${kinds.length} × ${BOUNDARY_TITLES[first]}`;
}
