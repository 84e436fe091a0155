/** Runs a plan on a thread of its own, whose heap is made for large networks. */
import { Worker } from 'node:worker_threads';
import { SIMULATION_THREAD } from '../sim/thread-limits.js';
import type { SimulationPlan } from './plan.js';
import { runSimulation, type RunHooks, type SimulationRun } from './run.js';

/** What the thread says; it is told nothing but that it is to end early. */
export type ThreadMessage = { readonly share: number } | { readonly run: SimulationRun };

const THREAD = new URL('./worker.js', import.meta.url);
/** With fewer nodes a thread would cost more than it gains. */
const MANY_NODES = 500;

/** As runSimulation, wherever that is faster. */
export function runAnywhere(plan: SimulationPlan, hooks: RunHooks): Promise<SimulationRun> {
  return plan.topology.nodes.length < MANY_NODES
    ? runSimulation(plan, hooks)
    : runOnThread(plan, hooks);
}

/** As runSimulation; the run is the same. */
export async function runOnThread(
  plan: SimulationPlan,
  { progress, signal }: RunHooks,
): Promise<SimulationRun> {
  const worker = new Worker(THREAD, { workerData: plan, ...SIMULATION_THREAD });
  const end = (): void => worker.postMessage('end');
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: ThreadMessage) => {
        if ('run' in message) resolve(message.run);
        else progress(message.share);
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`the simulating thread ended: ${code}`)));
    });
  } finally {
    signal.removeEventListener('abort', end);
    await worker.terminate();
  }
}
