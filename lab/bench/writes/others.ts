/**
 * What others feel of one very large Write: a client of another role writes and reads a little all the
 * time, and how long that takes is held against how long it takes otherwise.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median } from '../../../control-plane/statistics/samples.js';
import { timeplane } from '../../peers/agent.js';
import { freePort } from '../../peers/free-port.js';
import { startProcess } from '../../peers/managed-process.js';
import type { BenchResult, Contest, Round } from '../results.js';
import { judge } from '../results.js';
import type { BystanderReport, BystanderTask } from './bystander.js';
import { WritingClient } from './client.js';
import { insertBatches } from './entries.js';

const UPDATES = 250_000;
const QUIET_MS = 1_000;
const READY_MS = 20_000;

export const CONTEST: Contest = {
  name: `others, while one Write has ${UPDATES.toLocaleString('en')} updates`,
  baseline: 'without that Write',
  unit: 'ms, p99 of a small Write or Read',
  direction: 'cost',
};

interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

function waitsOf({ writes, reads }: BystanderReport): Waits {
  const times = [...writes, ...reads].sort((a, b) => a - b);
  const at = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** What the bystander finds while `act` is done, from before it until after it. */
async function meanwhile(address: string, act: () => Promise<unknown>): Promise<Waits> {
  const end = new SharedArrayBuffer(4);
  const workerData: BystanderTask = { address, end };
  const worker = new Worker(new URL('./bystander.js', import.meta.url), { workerData });
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await next();
  // From now on, since it may fail meanwhile.
  const report = next();
  report.catch(() => undefined);
  try {
    await act();
  } finally {
    Atomics.store(new Int32Array(end), 0, 1);
  }
  return waitsOf((await report) as BystanderReport);
}

interface Measured {
  readonly quiet: Waits;
  readonly during: Waits;
  readonly seconds: number;
}

async function measure(request: Uint8Array): Promise<Measured> {
  const address = `127.0.0.1:${await freePort()}`;
  const server = startProcess({
    label: 'timeplane switch',
    argv: timeplane('switch', '--listen', address, '--device-id', '1'),
  });
  let client: WritingClient | null = null;
  try {
    await server.line(/^ready\b/, READY_MS);
    client = await WritingClient.start(address);
    const quiet = await meanwhile(address, () => sleep(QUIET_MS));
    const write = client.write.bind(client, request);
    let seconds = 0;
    const during = await meanwhile(address, async () => {
      const started = performance.now();
      await write();
      seconds = (performance.now() - started) / 1000;
    });
    return { quiet, during, seconds };
  } finally {
    client?.close();
    await server.stop();
  }
}

const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const told = ({ p50, p99, most }: Waits): string => `${ms(p50)}, ${ms(p99)}, ${ms(most)} ms`;

/** The contest; the median and the greatest are remarked. */
export async function othersWait(
  rounds: number,
  progress: (text: string) => void,
): Promise<BenchResult> {
  // Messages that follow each other are one message.
  const request = new Uint8Array(Buffer.concat(insertBatches('host', UPDATES)));
  const all: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    progress(`${CONTEST.name}: round ${round + 1} of ${rounds}`);
    all.push(await measure(request));
  }
  const figures = all.map(({ quiet, during }): Round => ({
    value: during.p99,
    baselineValue: quiet.p99,
  }));
  const middle = [...all].sort((a, b) => a.during.p99 - b.during.p99)[Math.floor(all.length / 2)];
  const reason =
    middle === undefined
      ? ''
      : `median, p99, greatest: ${told(middle.during)}, without ${told(middle.quiet)}; the Write took ${median(all.map(({ seconds }) => seconds)).toFixed(1)} s`;
  return { ...judge(CONTEST, figures), reason };
}
