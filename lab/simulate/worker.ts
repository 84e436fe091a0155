/** The thread of thread.ts: one plan, then it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SimulationPlan } from './plan.js';
import { runSimulation } from './run.js';
import type { ThreadMessage } from './thread.js';

const ended = new AbortController();
parentPort?.once('message', () => ended.abort());

const say = (message: ThreadMessage): void => parentPort?.postMessage(message);
const progress = (share: number): void => say({ share });
say({ run: await runSimulation(workerData as SimulationPlan, { progress, signal: ended.signal }) });
parentPort?.unref();
