/**
 * Networks of boundary clocks of growing size at the default profile's intervals, and a data centre: how
 * much faster than real time, and what a clock takes of the memory.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { LabError } from '../lab-error.js';
import { simulatedNetwork } from '../sim/simulated-network.js';
import { SIMULATION_THREAD } from '../sim/thread-limits.js';
import { World } from '../sim/world.js';
import { readShape } from '../topologies/read.js';
import { judge, type BenchResult, type Contest, type Round } from './results.js';

export interface NetworkScale {
  readonly name: string;
  /** As readShape has it. */
  readonly shape: string;
  readonly settleSeconds: number;
  readonly rounds: number;
  readonly roundSeconds: number;
}

const SEED = 0x1588;
const FANOUT = 10;
/** Most clocks follow somebody by then, level by level. */
const SETTLE_SECONDS = 40;
/** Of the clocks: the others would have less to do. */
const FOLLOWING = 0.95;

function tree(clocks: number, settleSeconds: number, roundSeconds: number): NetworkScale {
  const name = `${clocks.toLocaleString('en')} boundary clocks, simulated: speed`;
  const shape = `switches:${clocks},${FANOUT}`;
  return { name, shape, settleSeconds, rounds: 3, roundSeconds };
}

export function networksOf(quick: boolean): readonly NetworkScale[] {
  const dataCentre = {
    name: 'data centre (20 boundary clocks, 208 servers), simulated: speed',
    shape: 'data-centre',
    settleSeconds: SETTLE_SECONDS,
    rounds: 3,
    roundSeconds: quick ? 20 : 120,
  };
  if (quick) return [tree(10, SETTLE_SECONDS, 200), tree(100, SETTLE_SECONDS, 20), dataCentre];
  return [
    tree(10, SETTLE_SECONDS, 2_000),
    tree(100, SETTLE_SECONDS, 200),
    tree(1_000, SETTLE_SECONDS, 20),
    tree(10_000, SETTLE_SECONDS, 5),
    dataCentre,
  ];
}

/** Of those that are to run at least in real time. */
const WHAT: Readonly<Record<string, string>> = {
  'switches:10000,10': '10,000 boundary clocks, simulated',
  'data-centre': 'a data centre of 20 boundary clocks and 208 servers, simulated',
};

export function contestFor({ name, shape }: NetworkScale): Contest {
  const contest = {
    name,
    baseline: 'real time',
    unit: 'seconds a second',
    direction: 'rate',
  } as const;
  const what = WHAT[shape];
  if (what === undefined) return contest;
  return { ...contest, targets: [{ what, figure: 'value', unit: contest.unit, least: 1 }] };
}

export type ThreadMessage =
  { readonly progress: string } | { readonly result: BenchResult } | { readonly failed: string };

/** As `contestOf`, on a thread as those that simulate large networks for users. */
export async function contestOnThread(
  network: NetworkScale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const thread = new URL('./network-worker.js', import.meta.url);
  const worker = new Worker(thread, { workerData: network, ...SIMULATION_THREAD });
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: ThreadMessage) => {
        if ('progress' in message) progress(message.progress);
        else if ('result' in message) resolve(message.result);
        else reject(new LabError('not-ready', message.failed));
      });
      worker.on('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

let collect: (() => void) | null = null;

/** Octets that something still refers to: the heap, and what typed arrays have beside it. */
function octetsInUse(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** @throws LabError where too few clocks follow: they would have less to do. */
export function contestOf(
  network: NetworkScale,
  progress: (text: string) => void = () => {},
): BenchResult {
  const { name, shape, settleSeconds, rounds, roundSeconds } = network;
  const topology = readShape(shape);
  if (!topology.ok) throw new RangeError(topology.error.message);
  const octetsBefore = octetsInUse();
  const world = new World({ seed: SEED });
  const { clocks, start } = simulatedNetwork(world, topology.value);
  start();
  progress(`${name}: settling`);
  world.run(settleSeconds);
  const following = [...clocks.values()].filter(({ status }) =>
    status.ports.some(({ portDS }) => ['slave', 'uncalibrated'].includes(portDS.portState)),
  ).length;
  if (following < FOLLOWING * (clocks.size - 1)) {
    throw new LabError('not-ready', `${following} of ${clocks.size} clocks follow`);
  }
  const perClock = (octetsInUse() - octetsBefore) / clocks.size;
  const eventsBefore = world.events;
  const processorBefore = process.cpuUsage();
  const found: Round[] = [];
  let wallSeconds = 0;
  for (let round = 1; round <= rounds; round += 1) {
    progress(`${name}: round ${round} of ${rounds}`);
    const began = performance.now();
    world.run(roundSeconds);
    const seconds = (performance.now() - began) / 1e3;
    wallSeconds += seconds;
    found.push({ value: roundSeconds / seconds, baselineValue: 1 });
  }
  const events = (world.events - eventsBefore) / wallSeconds;
  const clockSeconds = (clocks.size * rounds * roundSeconds) / wallSeconds;
  const { user, system } = process.cpuUsage(processorBefore);
  const ofProcessor = (rounds * roundSeconds * 1e6) / (user + system);
  const reason = [
    `${text(events)} events/s`,
    `${text(clockSeconds)} clock-seconds/s`,
    `${ofProcessor.toPrecision(3)} times real time by processor time`,
    `${(perClock / 1024).toFixed(0)} KiB a clock`,
    `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB resident`,
  ].join(', ');
  return { ...judge(contestFor(network), found), reason };
}

const text = (value: number) => Math.round(value).toLocaleString('en');
