/**
 * How long until clients hear of another grandmaster when theirs is gone.
 *
 *     grandmaster A ─┐
 *                    ├─ boundary clock ── client
 *     grandmaster B ─┘
 *
 * A is the better one; B is announced all the time, as a telecom grandmaster is. A is killed, or its
 * link is cut, at a random moment; the clock stops when the first Announce that names B arrives at the
 * client. Then A comes back, the boundary clock goes back to it, and so on.
 */
import { LabError } from '../../lab-error.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { buildGraph, setLink, type Graph } from '../../topology/graph.js';
import { Cleanup } from '../first-light/cleanup.js';
import type { Progress } from '../first-light/progress.js';
import { pause } from '../run.js';
import {
  BOUNDARY_TITLES,
  speakerOf,
  startBoundary,
  startClient,
  startGrandmaster,
  type BoundaryKind,
  type ClockContext,
  type Rates,
} from './clocks.js';
import { LAB_OSCILLATOR } from './plan.js';
import { Observer, sharedNowNs, until, type Watch } from './observer.js';

export const FAILOVER_WAYS = ['kill', 'link'] as const;
/** The grandmaster's process is killed, or its link goes down. */
export type FailoverWay = (typeof FAILOVER_WAYS)[number];

export interface FailoverPlan {
  readonly kind: BoundaryKind;
  readonly way: FailoverWay;
  readonly rates: Rates;
  readonly kills: number;
  readonly random: () => number;
}

export interface Failover {
  /** From the kill to the first Announce of the other grandmaster. */
  readonly followMs: number;
  /** The largest error of the time served since then, until it is settled again. */
  readonly worstErrorNs: number;
}

export interface BoundaryContext {
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const A = 'grandmaster A';
const B = 'grandmaster B';
const CLOCK = 'boundary clock';
const CLIENT = 'client';
/** First acquisition, of whoever. */
const START_LIMIT_MS = 90_000;
const intervalMs = (logInterval: number) => 1000 * 2 ** logInterval;

interface Stage {
  readonly graph: Graph;
  readonly context: ClockContext;
  readonly observer: Observer;
  readonly watch: Watch;
  grandmaster: ManagedProcess;
}

async function setStage(
  { directory, signal }: BoundaryContext,
  { kind, rates }: FailoverPlan,
  cleanup: Cleanup,
): Promise<Stage> {
  const graph = await buildGraph({
    nodes: { [A]: 'kernel', [B]: 'kernel', [CLOCK]: speakerOf(kind), [CLIENT]: 'kernel' },
    links: [
      [A, CLOCK],
      [B, CLOCK],
      [CLOCK, CLIENT],
    ],
  });
  cleanup.add(() => graph.close());
  const processes: ManagedProcess[] = [];
  const onStart = (process: ManagedProcess) => {
    processes.push(process);
    cleanup.add(() => process.stop());
  };
  const context: ClockContext = {
    ...{ graph, directory, rates, onStart },
    transport: 'L2',
    mechanism: 'E2E',
  };
  const [end] = graph.node(CLIENT).ports;
  if (end === undefined) throw new Error('the client has no link');
  const observer = await Observer.start(end, onStart);
  await startGrandmaster(context, B, { priority1: 20, masterOnly: true });
  await startBoundary(context, CLOCK, kind, { clock: LAB_OSCILLATOR });
  await startClient(context, CLIENT);
  const grandmaster = await startBest({ ...context, onStart: own(cleanup) });
  return { graph, context, observer, watch: { processes, signal }, grandmaster };
}

/** It is killed again and again: nobody is to wonder that it is gone. */
function own(cleanup: Cleanup): (process: ManagedProcess) => void {
  return (process) => cleanup.add(() => process.stop());
}

function startBest(context: ClockContext): Promise<ManagedProcess> {
  return startGrandmaster(context, A, { priority1: 10, masterOnly: true });
}

async function takeAway(stage: Stage, way: FailoverWay): Promise<bigint> {
  const [end] = stage.graph.node(A).ports;
  if (end === undefined) throw new Error('the grandmaster has no link');
  const atNs = sharedNowNs();
  if (way === 'link') await setLink(end, 'down');
  else process.kill(stage.grandmaster.pid, 'SIGKILL');
  return atNs;
}

async function bringBack(stage: Stage, way: FailoverWay, cleanup: Cleanup): Promise<void> {
  const [end] = stage.graph.node(A).ports;
  if (end === undefined) throw new Error('the grandmaster has no link');
  if (way === 'link') await setLink(end, 'up');
  else stage.grandmaster = await startBest({ ...stage.context, onStart: own(cleanup) });
}

async function settleOn(stage: Stage, name: string, rates: Rates): Promise<void> {
  const { clockIdentity } = stage.graph.node(name);
  const limitMs =
    START_LIMIT_MS +
    10 * intervalMs(rates.logAnnounceInterval) +
    30 * intervalMs(rates.logSyncInterval);
  const describe = () => {
    const served = stage.observer.served().at(-1);
    const error = served === undefined ? 'no Sync' : `${Math.round(served.errorNs)} ns`;
    return `time of ${name} (last served: ${error}; last announced: ${String(stage.observer.grandmaster()?.toString(16))})`;
  };
  await until(stage.watch, () => stage.observer.isSettled(clockIdentity), limitMs, describe);
}

async function failOnce(
  stage: Stage,
  { way, rates, random }: FailoverPlan,
  cleanup: Cleanup,
): Promise<Failover> {
  await settleOn(stage, A, rates);
  await pause(random() * intervalMs(rates.logAnnounceInterval), stage.watch.signal);
  const killedNs = await takeAway(stage, way);
  const other = stage.graph.node(B).clockIdentity;
  const limitMs = 10_000 + 10 * intervalMs(rates.logAnnounceInterval);
  const followed = await until(
    stage.watch,
    () =>
      stage.observer
        .announces(killedNs)
        .find(({ announce }) => announce.grandmasterIdentity === other),
    limitMs,
    () => `an Announce of ${B}`,
  );
  await settleOn(stage, B, rates);
  const errors = stage.observer.served(killedNs).map(({ errorNs }) => Math.abs(errorNs));
  await bringBack(stage, way, cleanup);
  return {
    followMs: Number(followed.stampNs - killedNs) / 1e6,
    worstErrorNs: Math.max(...errors),
  };
}

export type FailoverOutcome =
  | { readonly status: 'ok'; readonly failovers: readonly Failover[] }
  | { readonly status: 'skipped' | 'failed'; readonly reason: string };

/** So many kills in a row, on one network. */
export async function measureFailover(
  context: BoundaryContext,
  plan: FailoverPlan,
): Promise<FailoverOutcome> {
  const cleanup = new Cleanup();
  const title = `failover, ${BOUNDARY_TITLES[plan.kind]}, ${plan.way}`;
  try {
    context.progress.update(`${title}: building`);
    const stage = await setStage(context, plan, cleanup);
    const failovers: Failover[] = [];
    while (failovers.length < plan.kills) {
      context.progress.update(`${title}: ${failovers.length} of ${plan.kills}`);
      failovers.push(await failOnce(stage, plan, cleanup));
    }
    return { status: 'ok', failovers };
  } catch (error) {
    if (!(error instanceof LabError) || error.code === 'interrupted') throw error;
    const status = error.code === 'precondition' ? 'skipped' : 'failed';
    return { status, reason: error.message };
  } finally {
    await cleanup.run();
  }
}
