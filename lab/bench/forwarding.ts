/**
 * Forwarding over veth: the highest rate at which nothing is lost, against a C program that only moves
 * frames between the same two interfaces, and against simple_switch.
 *
 *   generator a0 ── a1 [ forwarder ] b1 ── b0 counter
 *
 * Generator and forwarder run on the same machine; both forwarders share that cost, so the ratio
 * tells more than the rates.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { type ManagedProcess, startProcess } from '../peers/managed-process.js';
import { runCommand } from '../namespaces/commands.js';
import { type Interface, linkNamespaces } from '../namespaces/links.js';
import type { Namespace } from '../namespaces/namespaces.js';
import { BMV2, bmv2MissingReason, configureBmv2 } from './bmv2-files.js';
import { difference, withoutCorrection } from './compare.js';
import { type MixFrame, benchPlan, frameFile, mixFrames, readFrameFile } from './mix.js';
import { artefactPath, programPath } from './native-programs.js';
import {
  type BenchResult,
  type Contest,
  type Target,
  interleave,
  judge,
  without,
} from './results.js';
import { type SearchLimits, type Trial, type ZeroLossRate, zeroLossRate } from './zero-loss.js';

const SEED = 0x2019;
const FRAMES = 1024;
const READY_MS = 30_000;
const THRIFT_PORT = '19091';
const BMV2_QUEUE_FRAMES = 1024;

export interface ForwardingScale {
  readonly rounds: number;
  readonly trialSeconds: number;
  readonly resolution: number;
}

export const FULL: ForwardingScale = { rounds: 5, trialSeconds: 0.2, resolution: 0.04 };
export const QUICK: ForwardingScale = { rounds: 1, trialSeconds: 0.15, resolution: 0.06 };

/** Fewer would fit into the buffers on the way, and say nothing; a slow forwarder gets a second. */
const LEAST_FRAMES = 20_000;
const LEAST_SECONDS = 1;

function framesOf(rate: number, scale: ForwardingScale): number {
  const least = Math.min(LEAST_FRAMES, rate * LEAST_SECONDS);
  return Math.round(Math.max(least, rate * scale.trialSeconds));
}

export type Traffic = 'plain' | 'mix';

const contest = (name: string, baseline: string, target: Omit<Target, 'figure'>): Contest => ({
  name,
  baseline,
  unit: 'packets/s',
  direction: 'rate',
  targets: [{ ...target, figure: 'ratio' }],
});

/** Of the null forwarder's rate. */
const NULL_SHARE = { unit: '×', least: 0.95 };

export const CONTESTS = {
  plain: contest('forwarding over veth, plain', 'null AF_PACKET forwarder', {
    what: 'packets a second over veth, plain, over the null forwarder’s',
    ...NULL_SHARE,
  }),
  mix: contest('forwarding over veth, PTP mix', 'null AF_PACKET forwarder', {
    what: 'packets a second over veth, PTP mix, over the null forwarder’s',
    ...NULL_SHARE,
  }),
  bmv2: contest('forwarding over veth, PTP mix vs bmv2', 'simple_switch', {
    what: 'packets a second over veth, PTP mix, over simple_switch’s',
    unit: '×',
    least: 5,
  }),
  threads: contest('forwarding over veth, PTP mix, two packet loops', 'one packet loop', {
    what: 'packets a second over veth, PTP mix, two packet loops over one',
    unit: '×',
  }),
} as const;

type Forwarder = 'engine' | 'null' | 'bmv2' | 'threads';
export type ContestName = keyof typeof CONTESTS;

const PAIRS: Readonly<
  Record<ContestName, { traffic: Traffic; ours: Forwarder; baseline: Forwarder }>
> = {
  plain: { traffic: 'plain', ours: 'engine', baseline: 'null' },
  mix: { traffic: 'mix', ours: 'engine', baseline: 'null' },
  bmv2: { traffic: 'mix', ours: 'engine', baseline: 'bmv2' },
  threads: { traffic: 'mix', ours: 'threads', baseline: 'engine' },
};

export interface ForwardingBench {
  readonly directory: string;
  readonly frames: Readonly<Record<Traffic, readonly MixFrame[]>>;
}

/** Links in the namespace that this process is in; goes with it. */
export async function prepareForwarding(directory: string): Promise<ForwardingBench> {
  const here: Namespace = {
    label: 'bench',
    pid: process.pid,
    inside: (argv) => [...argv],
    close: () => Promise.resolve(),
  };
  const end = (name: string, last: number): Interface => ({
    namespace: here,
    name,
    mac: `02:74:70:00:10:0${last}`,
  });
  await linkNamespaces(end('a0', 1), end('a1', 2));
  await linkNamespaces(end('b0', 3), end('b1', 4));
  const mix = mixFrames(SEED, FRAMES, [1]);
  const plain = mixFrames(SEED, 4 * FRAMES, [1])
    .filter(isPlain)
    .slice(0, FRAMES);
  const frames = { mix, plain };
  for (const traffic of ['mix', 'plain'] as const) {
    writeFileSync(join(directory, `${traffic}.frames`), frameFile(frames[traffic], 0n));
  }
  return { directory, frames };
}

function isPlain({ octets }: MixFrame): boolean {
  return ((octets[0] ?? 0) & 1) === 0;
}

async function startForwarder(which: Forwarder): Promise<ManagedProcess> {
  if (which === 'bmv2') return startBmv2();
  const here = dirname(fileURLToPath(import.meta.url));
  const loops = which === 'threads' ? '2' : '1';
  const argv =
    which === 'null'
      ? [programPath('null_forwarder'), 'a1', 'b1']
      : [process.execPath, join(here, 'engine-forwarder.js'), 'a1', 'b1', loops];
  const forwarder = startProcess({ label: which, argv });
  await forwarder.line(/^ready/, READY_MS);
  return forwarder;
}

async function startBmv2(): Promise<ManagedProcess> {
  const json = artefactPath('main_bmv2.json');
  const forwarder = startProcess({
    label: BMV2,
    argv: [BMV2, '-i', '1@a1', '-i', '2@b1', '--thrift-port', THRIFT_PORT, json],
  });
  await configureBmv2(json, benchPlan(), THRIFT_PORT, BMV2_QUEUE_FRAMES);
  return forwarder;
}

const trialSchema = z.object({ sent: z.number(), received: z.number(), rate: z.number() });

async function withForwarder<T>(which: Forwarder, work: () => Promise<T>): Promise<T> {
  const forwarder = await startForwarder(which);
  try {
    const result = await work();
    if (forwarder.hasExited()) {
      throw new LabError('process-died', `${which}: ${forwarder.tail().slice(-3).join(' | ')}`);
    }
    return result;
  } finally {
    await forwarder.stop();
  }
}

async function rateOf(
  bench: ForwardingBench,
  which: Forwarder,
  traffic: Traffic,
  start: number,
  scale: ForwardingScale,
): Promise<ZeroLossRate> {
  const limits: SearchLimits = {
    start,
    lowest: 1_000,
    highest: 4_000_000,
    resolution: scale.resolution,
  };
  const file = join(bench.directory, `${traffic}.frames`);
  const trial = async (rate: number): Promise<Trial> => {
    const count = framesOf(rate, scale);
    const argv = [programPath('traffic'), 'rate', 'a0', 'b0', file, String(count), String(rate)];
    return trialSchema.parse(JSON.parse(await runCommand(argv)));
  };
  return withForwarder(which, () => zeroLossRate(trial, limits));
}

/** Every frame once, slowly: what comes out must be what went in, but for the correction. */
async function verify(
  bench: ForwardingBench,
  which: Forwarder,
  traffic: Traffic,
): Promise<string | null> {
  const file = join(bench.directory, `${traffic}.frames`);
  const out = join(bench.directory, `${traffic}.${which}.out`);
  await withForwarder(which, () =>
    runCommand([programPath('traffic'), 'check', 'a0', 'b0', file, out]),
  );
  const hex = (list: readonly MixFrame[]): string[] =>
    list.map(({ octets }) => Buffer.from(octets).toString('hex'));
  const got = withoutCorrection(new Map([[2, hex(readFrameFile(readFileSync(out)))]]));
  const expected = withoutCorrection(new Map([[2, hex(bench.frames[traffic])]]));
  return difference(got, expected);
}

/** One contest: outputs first, then interleaved searches. */
export async function forward(
  bench: ForwardingBench,
  name: ContestName,
  scale: ForwardingScale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const one = CONTESTS[name];
  const { traffic, ours, baseline } = PAIRS[name];
  const missing = baseline === 'bmv2' ? bmv2MissingReason() : null;
  if (missing !== null) return without(one, 'skipped', missing);
  for (const which of [ours, baseline]) {
    progress(`${one.name}: comparing what ${which} lets out`);
    const differs = await verify(bench, which, traffic);
    if (differs !== null) return without(one, 'failed', `${which} changes frames: ${differs}`);
  }
  let limited = false;
  // Each search begins at half of what the last one found.
  const starts = new Map<Forwarder, number>();
  const measure = async (which: Forwarder): Promise<number> => {
    const start = starts.get(which) ?? (which === 'bmv2' ? 8_000 : 100_000);
    const { rate, limitedByGenerator } = await rateOf(bench, which, traffic, start, scale);
    limited ||= limitedByGenerator;
    starts.set(which, Math.max(1_000, rate / 2));
    progress(`${one.name}: ${which} ${Math.round(rate)} packets/s`);
    return rate;
  };
  // A slow forwarder takes long to search, and its ratio needs no third digit.
  const count = baseline === 'bmv2' ? Math.ceil(scale.rounds / 2) : scale.rounds;
  const rounds = await interleave(
    count,
    () => measure(ours),
    () => measure(baseline),
    (round) => progress(`${one.name}: round ${round + 1} of ${count}`),
  );
  if (rounds.some((round) => round.value === 0 || round.baselineValue === 0)) {
    return without(one, 'failed', 'frames were lost even at the lowest rate');
  }
  const reason = limited ? 'the generator was at its limit: the faster side may be faster yet' : '';
  return { ...judge(one, rounds), reason };
}
