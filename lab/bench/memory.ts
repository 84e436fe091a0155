/**
 * The dataplane in memory: nanoseconds of processor time a packet, all threads counted, against a
 * hand-written C loop and against simple_switch on the same frames. Before a contest is timed, both
 * sides run every frame once and what comes out is compared octet by octet.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { runCommand } from '../namespaces/commands.js';
import { bmv2CpuNsPerPacket, bmv2MissingReason, bmv2Outputs } from './bmv2-files.js';
import { type ByPort, byPort, difference, withoutCorrection } from './compare.js';
import {
  type MixFrame,
  benchPlan,
  frameFile,
  mixFrames,
  pairsFrames,
  pairsPlan,
  readFrameFile,
} from './mix.js';
import { type Program, artefactPath, buildPipeline, programPath } from './native-programs.js';
import { median } from '../../control-plane/statistics/samples.js';
import {
  type BenchResult,
  type Contest,
  type Target,
  interleave,
  judge,
  without,
} from './results.js';
import { engineStateFile, handStateFile } from './switch-state.js';

const SEED = 0x1588;
const FRAMES = 1024;
const ARRIVAL_NS = 1_000_000_000n;

const reportSchema = z.object({
  packets: z.number(),
  outputs: z.number(),
  nsPerPacket: z.number(),
});

export interface Scale {
  readonly rounds: number;
  readonly packets: number;
  readonly bmv2Packets: number;
}

export const FULL: Scale = { rounds: 7, packets: 1_000_000, bmv2Packets: 20_000 };
export const QUICK: Scale = { rounds: 3, packets: 300_000, bmv2Packets: 5_000 };

const contest = (name: string, baseline: string, ...targets: Target[]): Contest => ({
  name,
  baseline,
  unit: 'ns CPU/packet',
  direction: 'cost',
  targets,
});

export const PIPELINE_CONTEST = contest('pipeline in memory', 'hand-written C loop', {
  what: 'processor time a packet in memory, over the hand-written loop’s',
  figure: 'share',
  unit: '×',
  most: 3,
});
export const ENGINE_CONTEST = contest('engine in memory', 'hand-written C loop');
export const THREADS_CONTEST: Contest = {
  name: 'engine in memory, two packet loops',
  baseline: 'one packet loop',
  unit: 'packets/s',
  direction: 'rate',
  targets: [
    {
      what: 'packets a second in memory, two packet loops over one, every frame from one loop to the other',
      figure: 'ratio',
      unit: '×',
    },
  ],
};
export const PAIRS_CONTEST: Contest = {
  ...THREADS_CONTEST,
  name: 'engine in memory, two packet loops with a pair of ports each',
  targets: [
    {
      what: 'the same, a pair of ports on each loop',
      figure: 'ratio',
      unit: '×',
    },
  ],
};
export const BMV2_CONTEST = contest('engine in memory vs bmv2', 'simple_switch, pcap files', {
  what: 'simple_switch’s processor time a packet in memory, over ours',
  figure: 'ratio',
  unit: '×',
  least: 300,
});

/** A program of native/ with everything but its last arguments. */
interface Loop {
  readonly program: Program;
  readonly args: readonly string[];
}

export interface MemoryBench {
  readonly frames: readonly MixFrame[];
  readonly directory: string;
  readonly hand: Loop;
  readonly pipeline: Loop;
  readonly engine: Loop;
  readonly loops: Loop;
  /** The same with two pairs of ports. */
  readonly pairs: Loop;
}

/** Writes the frames and states into a directory. */
export async function prepareMemory(directory: string): Promise<MemoryBench> {
  const plan = benchPlan();
  const native = await buildPipeline('main_native');
  const frames = mixFrames(SEED, FRAMES, [1, 2]);
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('frames'), frameFile(frames, ARRIVAL_NS));
  writeFileSync(path('engine.state'), engineStateFile(native.layout, plan));
  writeFileSync(path('hand.state'), handStateFile(plan));
  writeFileSync(path('pairs'), frameFile(pairsFrames(frames), ARRIVAL_NS));
  writeFileSync(path('pairs.state'), engineStateFile(native.layout, pairsPlan()));
  const compiled = [native.sharedObject, path('engine.state'), path('frames')];
  return {
    frames,
    directory,
    hand: { program: 'hand_loop', args: [path('hand.state'), path('frames')] },
    pipeline: { program: 'pipeline_loop', args: compiled },
    engine: { program: 'engine_loop', args: compiled },
    loops: { program: 'loops', args: compiled },
    pairs: { program: 'loops', args: [native.sharedObject, path('pairs.state'), path('pairs')] },
  };
}

async function nsPerPacket(loop: Loop, packets: number): Promise<number> {
  const said = await runCommand([programPath(loop.program), ...loop.args, String(packets)]);
  return reportSchema.parse(JSON.parse(said)).nsPerPacket;
}

/** What a program lets out for the frames, by port, in order. */
export async function outputs(bench: MemoryBench, loop: Loop): Promise<ByPort> {
  const file = join(bench.directory, `${loop.program}.out`);
  await runCommand([programPath(loop.program), ...loop.args, String(FRAMES), file]);
  return byPort(readFrameFile(readFileSync(file)));
}

/** The compiled pipeline, alone or in its engine, against the hand-written loop. */
export async function againstHand(
  bench: MemoryBench,
  which: 'pipeline' | 'engine',
  scale: Scale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const one = which === 'pipeline' ? PIPELINE_CONTEST : ENGINE_CONTEST;
  const ours = bench[which];
  const differs = difference(await outputs(bench, ours), await outputs(bench, bench.hand));
  if (differs !== null) return without(one, 'failed', `outputs differ: ${differs}`);
  const rounds = await interleave(
    scale.rounds,
    () => nsPerPacket(ours, scale.packets),
    () => nsPerPacket(bench.hand, scale.packets),
    (round) => progress(`${one.name}: round ${round + 1} of ${scale.rounds}`),
  );
  return judge(one, rounds);
}

/** Frames in, frames out, and how many a second. */
const throughputSchema = z.object({
  packets: z.number(),
  outputs: z.number(),
  packetsPerSecond: z.number(),
});

/** Two ports on two loops, or a pair of ports on each. */
export type Crossing = 'loops' | 'pairs';

async function throughput(
  bench: MemoryBench,
  which: Crossing,
  packets: number,
  loops: number,
): Promise<number> {
  const { program, args } = bench[which];
  const numbers = [packets, loops, which === 'pairs' ? 4 : 2].map(String);
  const said = await runCommand([programPath(program), ...args, ...numbers]);
  const report = throughputSchema.parse(JSON.parse(said));
  if (report.outputs !== report.packets) {
    throw new LabError('no-samples', `${report.outputs} of ${report.packets} frames came through`);
  }
  return report.packetsPerSecond;
}

/** Two loops against one: every frame goes from one loop to the other, or none does. */
export async function twoLoops(
  bench: MemoryBench,
  which: Crossing,
  scale: Scale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const one = which === 'pairs' ? PAIRS_CONTEST : THREADS_CONTEST;
  if (availableParallelism() < 2) return without(one, 'skipped', 'there is one processor only');
  const packets = 2 * scale.packets;
  const rounds = await interleave(
    scale.rounds,
    () => throughput(bench, which, packets, 2),
    () => throughput(bench, which, packets, 1),
    (round) => progress(`${one.name}: round ${round + 1} of ${scale.rounds}`),
  );
  return judge(one, rounds);
}

/** The engine against simple_switch; residences differ there, so correctionField is not compared. */
export async function againstBmv2(
  bench: MemoryBench,
  scale: Scale,
  progress: (text: string) => void,
): Promise<BenchResult> {
  const missing = bmv2MissingReason();
  if (missing !== null) return without(BMV2_CONTEST, 'skipped', missing);
  const plan = benchPlan();
  const json = artefactPath('main_bmv2.json');
  progress(`${BMV2_CONTEST.name}: comparing outputs`);
  const theirs = await bmv2Outputs({
    json,
    plan,
    directory: bench.directory,
    frames: bench.frames,
  });
  const ours = await outputs(bench, bench.engine);
  const differs = difference(withoutCorrection(ours), withoutCorrection(byPort(theirs)));
  if (differs !== null) return without(BMV2_CONTEST, 'failed', `outputs differ: ${differs}`);
  const feed = Array.from({ length: Math.ceil(scale.bmv2Packets / FRAMES) }, () => bench.frames);
  const frames = feed.flat().slice(0, scale.bmv2Packets);
  // A run of simple_switch takes seconds: one of each a round, and fewer rounds.
  const rounds = await interleave(
    Math.max(2, Math.floor(scale.rounds / 2)),
    () => nsPerPacket(bench.engine, scale.packets),
    () => bmv2CpuNsPerPacket({ json, plan, directory: bench.directory, frames }),
    (round) => progress(`${BMV2_CONTEST.name}: round ${round + 1}`),
  );
  if (!Number.isFinite(median(rounds.map((round) => round.baselineValue)))) {
    throw new LabError('no-samples', 'simple_switch gave no figure');
  }
  return judge(BMV2_CONTEST, rounds);
}
