/** The thread of simulated-network.ts: one contest, then it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { LabError } from '../lab-error.js';
import { contestOf, type NetworkScale, type ThreadMessage } from './simulated-network.js';

const say = (message: ThreadMessage): void => parentPort?.postMessage(message);
const progress = (text: string): void => say({ progress: text });
try {
  say({ result: contestOf(workerData as NetworkScale, progress) });
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  say({ failed: error.message });
}
