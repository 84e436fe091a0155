/** A worker thread: simulates one point after the other of the study that it was started for. */
import { parentPort, workerData } from 'node:worker_threads';
import { studyNamed } from '../experiments/studies.js';
import type { Answered, Asked } from './run-study.js';

const { study: name } = workerData as { readonly study: string };
const study = studyNamed(name);

function answer({ index, point }: Asked): Answered {
  if (study === null) return { index, error: `there is no study ${name}` };
  try {
    return { index, outcome: JSON.parse(JSON.stringify(study.simulate(point))) as unknown };
  } catch (error) {
    return {
      index,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

parentPort?.on('message', (asked: Asked) => parentPort?.postMessage(answer(asked)));
