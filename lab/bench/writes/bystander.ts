/**
 * A client of another role, on a thread of its own, that writes and reads a little again and again: how
 * long each takes is told at the end.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { WritingClient } from './client.js';
import { insertBatches, removalOf } from './entries.js';

/** Where the server is, and a word in shared memory: another than 0 ends it. */
export interface BystanderTask {
  readonly address: string;
  readonly end: SharedArrayBuffer;
}

/** Round trips, ms. */
export interface BystanderReport {
  readonly writes: readonly number[];
  readonly reads: readonly number[];
}

export const BYSTANDER = 'bystander';
const ENTRIES = 10;
const PAUSE_MS = 1;

async function timed(times: number[], act: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await act();
  times.push(performance.now() - started);
}

async function standBy({ address, end }: BystanderTask): Promise<BystanderReport> {
  const stop = new Int32Array(end);
  const client = await WritingClient.join(address, BYSTANDER);
  const [insert = new Uint8Array()] = insertBatches('policy', ENTRIES, BYSTANDER);
  const remove = removalOf(insert);
  const writes: number[] = [];
  const reads: number[] = [];
  try {
    parentPort?.postMessage('ready');
    while (Atomics.load(stop, 0) === 0) {
      await timed(writes, () => client.write(insert));
      await timed(reads, () => client.readTable('policy', ENTRIES));
      await timed(writes, () => client.write(remove));
      await sleep(PAUSE_MS);
    }
    return { writes, reads };
  } finally {
    client.close();
  }
}

parentPort?.postMessage(await standBy(workerData as BystanderTask));
