/** A network of clocks that is being watched: what every experiment of the boundary clock begins with. */
import { LabError } from '../../lab-error.js';
import type { FidelityWatch } from '../../peers/fidelity-watch.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import type { Mechanism, Transport } from '../../peers/ptp4l.js';
import { buildGraph, type Graph, type GraphPlan, type GraphPort } from '../../namespaces/graph.js';
import { Cleanup } from '../first-light/cleanup.js';
import type { Progress } from '../first-light/progress.js';
import type { ClockContext, Rates } from './clocks.js';
import { Observer, SETTLED_NS, until, type Watch } from './observer.js';

export interface BoundaryContext {
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly fidelity: FidelityWatch;
}

export interface StagePlan extends GraphPlan {
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  readonly rates: Rates;
}

export interface Stage {
  readonly graph: Graph;
  /** To start clocks with; those must not end before we end them. */
  readonly clocks: ClockContext;
  /** The same for clocks that the experiment itself takes away. */
  readonly mortals: ClockContext;
  readonly watch: Watch;
}

/** The port of a clock by its number. */
export function portAt(stage: Pick<Stage, 'graph'>, name: string, number: number): GraphPort {
  const port = stage.graph.node(name).ports[number - 1];
  if (port === undefined) throw new Error(`${name} has no port ${number}`);
  return port;
}

export async function setStage(
  { directory, signal }: BoundaryContext,
  plan: StagePlan,
  cleanup: Cleanup,
): Promise<Stage> {
  const graph = await buildGraph(plan);
  cleanup.add(() => graph.close());
  const processes: ManagedProcess[] = [];
  const stopLater = (process: ManagedProcess) => cleanup.add(() => process.stop());
  const { transport, mechanism, rates } = plan;
  const clocks: ClockContext = {
    ...{ graph, directory, transport, mechanism, rates },
    onStart: (process) => {
      processes.push(process);
      stopLater(process);
    },
  };
  return {
    ...{ graph, clocks },
    mortals: { ...clocks, onStart: stopLater },
    watch: { processes, signal },
  };
}

/** Listens at one end of a link: to what the clock at its other end sends. */
export function observe(stage: Stage, name: string, port = 1): Promise<Observer> {
  return Observer.start(portAt(stage, name, port), stage.clocks.onStart);
}

/** First acquisition, of one clock. */
export const SETTLE_LIMIT_MS = 90_000;
const intervalMs = (logInterval: number) => 1000 * 2 ** logInterval;

/** Waits until the clock that is observed serves the true time, of this grandmaster. */
export async function settled(
  stage: Stage,
  observer: Observer,
  grandmaster: string,
  toleranceNs = SETTLED_NS,
  limitMs = SETTLE_LIMIT_MS,
): Promise<void> {
  const { clockIdentity } = stage.graph.node(grandmaster);
  const { logAnnounceInterval, logSyncInterval } = stage.clocks.rates;
  const slackMs = 10 * intervalMs(logAnnounceInterval) + 30 * intervalMs(logSyncInterval);
  const describe = () => {
    const served = observer.served().at(-1);
    const error = served === undefined ? 'no Sync' : `${Math.round(served.errorNs)} ns`;
    const announced = observer.grandmaster()?.toString(16) ?? 'nobody';
    return `the true time of ${grandmaster} (served: ${error} off; announced: ${announced})`;
  };
  const isSettled = () => observer.isSettled(clockIdentity, toleranceNs);
  await until(stage.watch, isSettled, limitMs + slackMs, describe);
}

export type Outcome<Figures> =
  | { readonly status: 'ok'; readonly figures: Figures }
  | { readonly status: 'skipped' | 'failed'; readonly reason: string };

/** Runs an experiment and clears its stage; expected failures become an outcome. */
export async function onStage<Figures>(
  experiment: (cleanup: Cleanup) => Promise<Figures>,
): Promise<Outcome<Figures>> {
  const cleanup = new Cleanup();
  try {
    return { status: 'ok', figures: await experiment(cleanup) };
  } catch (error) {
    if (!(error instanceof LabError) || error.code === 'interrupted') throw error;
    const status = error.code === 'precondition' ? 'skipped' : 'failed';
    return { status, reason: error.message };
  } finally {
    await cleanup.run();
  }
}
