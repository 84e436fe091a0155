/** `timeplane lab up`: a described network in namespaces, until Ctrl-C. */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { LabError } from '../lab-error.js';
import type { ClockContext } from '../experiments/boundary/clocks.js';
import { fidelityLines } from '../experiments/fidelity.js';
import { Cleanup } from '../experiments/first-light/cleanup.js';
import { createProgress, type Progress } from '../experiments/first-light/progress.js';
import { INTERRUPTED_EXIT_CODE, interruption, pause, requireHelpers } from '../experiments/run.js';
import { buildGraph, graphPlanOf } from '../namespaces/graph.js';
import { lengthenDatagramQueues } from '../namespaces/sandbox.js';
import { FidelityWatch } from '../peers/fidelity-watch.js';
import { lastWords, type ManagedProcess } from '../peers/managed-process.js';
import type { Mechanism, Transport } from '../peers/ptp4l.js';
import type { Topology } from '../topologies/topology.js';
import { thisMachine, tooLargeText } from './capacity.js';
import { LAB_RATES, startNetwork, type LabRates } from './network.js';
import { notesOf } from './notes.js';
import { OffsetLog } from './offsets.js';

export interface UpOptions {
  readonly topology: Topology;
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  /** How often everybody sends. */
  readonly rates: LabRates;
  /** Null: until Ctrl-C. */
  readonly seconds: number | null;
  /** Though there are more switches than the processors serve in time. */
  readonly force: boolean;
}

const LOOK_MS = 1_000;

/** The whole run, inside the sandbox; resolves to the exit code. `directory` is removed at the end. */
export async function runUp(options: UpOptions, directory: string): Promise<number> {
  const { topology, force } = options;
  const large = tooLargeText(topology, thisMachine(), { slow: force });
  if (large !== '') {
    const hint = 'simulate it: timeplane sim takes the same topology';
    throw new LabError('precondition', large, hint);
  }
  requireHelpers();
  lengthenDatagramQueues();
  const cleanup = new Cleanup();
  const progress = createProgress(process.stdout);
  const signal = interruption();
  let isUp = false;
  try {
    const processes: ManagedProcess[] = [];
    const offsets = new OffsetLog();
    progress.update(`${topology.name}: making namespaces and links`);
    const context = await begin(options, directory, cleanup, processes);
    await raise(options, context, { offsets, progress, signal });
    isUp = true;
    await announce(topology, context, progress);
    const watch = await FidelityWatch.start();
    cleanup.add(() => watch.stop());
    const died = await watch.during(() => hold(options, { offsets, progress, signal, processes }));
    progress.done([offsets.render(), ...fidelityLines(watch.judge())].join('\n'));
    return died ? 1 : 0;
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'interrupted')) throw error;
    progress.done('Interrupted; nothing is left behind.');
    return isUp ? 0 : INTERRUPTED_EXIT_CODE;
  } finally {
    progress.clear();
    await cleanup.run();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function begin(
  { topology, transport, mechanism, rates }: UpOptions,
  directory: string,
  cleanup: Cleanup,
  processes: ManagedProcess[],
): Promise<ClockContext> {
  const graph = await buildGraph(graphPlanOf(topology));
  cleanup.add(() => graph.close());
  return {
    ...{ graph, directory, transport, mechanism, rates: LAB_RATES[rates] },
    onStart: (process) => {
      processes.push(process);
      cleanup.add(() => process.stop());
    },
  };
}

interface Watching {
  readonly offsets: OffsetLog;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Starts everybody, unless the run is to end before that. */
async function raise(
  { topology }: UpOptions,
  context: ClockContext,
  { offsets, progress, signal }: Watching,
): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    const end = (): void => reject(new LabError('interrupted', 'interrupted'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  const started = startNetwork(topology, context, {
    onClientLine: (client, line) => offsets.take(client, line),
    progress: (done, all) => progress.update(`${topology.name}: ${done} of ${all} nodes are up`),
  });
  await Promise.race([started, interrupted]);
  interrupted.catch(() => undefined);
}

async function announce(
  topology: Topology,
  { graph, directory }: ClockContext,
  progress: Progress,
): Promise<void> {
  const nodes = topology.nodes.map(({ name, role }) => ({ role, node: graph.node(name) }));
  const file = join(directory, 'nodes.txt');
  const { all, shown } = notesOf(topology.name, nodes, { directory, file });
  await writeFile(file, all);
  progress.done(shown);
}

/** Resolves when the time is over or the run is to end: true where somebody died meanwhile. */
async function hold(
  { seconds }: UpOptions,
  { offsets, progress, signal, processes }: Watching & { processes: readonly ManagedProcess[] },
): Promise<boolean> {
  const dead = new Set<ManagedProcess>();
  const end = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1e3;
  try {
    while (performance.now() < end) {
      await pause(Math.min(LOOK_MS, Math.max(1, end - performance.now())), signal);
      for (const process of processes) {
        if (!process.hasExited() || dead.has(process)) continue;
        dead.add(process);
        progress.done(pc.yellow(`${process.label} ended: ${lastWords(process.tail())}`));
      }
      progress.update(offsets.line());
    }
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'interrupted')) throw error;
  }
  return dead.size > 0;
}
