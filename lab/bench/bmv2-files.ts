/**
 * simple_switch fed from pcap files, which needs no interface. Its processor time is read from /proc
 * after everything came out, less what it had used before the first frame.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import {
  LINK_TYPE_NULL,
  pcapHeader,
  readPcap,
  writePcap,
  type PcapFrame,
} from '#server/replay/pcap';
import { LabError } from '../lab-error.js';
import { freePort } from '../peers/free-port.js';
import { type ManagedProcess, startProcess } from '../peers/managed-process.js';
import { runCommand, tryCommand } from '../namespaces/commands.js';
import { hasProgram } from '../namespaces/sandbox.js';
import { bmv2Commands } from './bmv2-commands.js';
import type { MixFrame } from './mix.js';
import { PacedFeed } from './paced-feed.js';
import type { SwitchPlan } from './switch-state.js';

export const BMV2 = 'simple_switch';
export const BMV2_CLI = 'simple_switch_CLI';
/** How long simple_switch waits before it reads: the tables are filled in this time. Pipes are empty
 * until they are. */
const WAIT_S = { files: 3, pipes: 1 };
/** From then on it certainly reads, on a busy machine too. */
const READING_MS = 500;
/** More frames than a run holds: what a file feeds must not be lost in a queue. */
const QUEUE_FRAMES = 1_000_000;
const PATIENCE_MS = 60_000;

/** Null where simple_switch can run here. */
export function bmv2MissingReason(): string | null {
  const missing = [BMV2, BMV2_CLI].filter((program) => !hasProgram(program));
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed`;
}

export interface Bmv2Run {
  readonly json: string;
  readonly plan: SwitchPlan;
  readonly directory: string;
  readonly frames: readonly MixFrame[];
  /** When each frame of `frames` goes in, from the first one on, ns; absent: as fast as it can. */
  readonly timesNs?: readonly bigint[];
}

/** Configures a running simple_switch by its own command line. */
export async function configureBmv2(
  json: string,
  plan: SwitchPlan,
  port: string,
  queueFrames: number,
): Promise<void> {
  const command = [BMV2_CLI, '--thrift-port', port];
  for (let tries = 0; ; tries++) {
    const probe = await tryCommand(command, 'show_tables\n');
    if (probe.code === 0 && probe.stdout.includes('vlan_delivery')) break;
    if (tries === 50) throw new LabError('not-ready', `${BMV2} does not answer: ${probe.stderr}`);
    await sleep(100);
  }
  const commands = bmv2Commands(readFileSync(json, 'utf8'), plan, queueFrames);
  const said = await runCommand(command, commands);
  const error = /^.*(?:Error|Invalid|Unknown).*$/m.exec(said);
  if (error !== null) throw new LabError('command-failed', `${BMV2_CLI}: ${error[0]}`);
}

interface Finished {
  readonly cpuNs: number;
  readonly outputs: readonly MixFrame[];
}

/** Files for the ports to read from; those of frames that have a time are pipes. */
async function inputs(run: Bmv2Run, path: (port: number) => string): Promise<PacedFeed | null> {
  const { frames, plan, timesNs } = run;
  const paced = new Map<number, string>();
  for (const port of plan.ports) {
    rmSync(path(port), { force: true });
    if (timesNs !== undefined && frames.some((frame) => frame.port === port)) {
      paced.set(port, path(port));
      continue;
    }
    const incoming: PcapFrame[] = frames
      .map((frame, index) => ({ ...frame, timeNs: BigInt(index) * 1000n }))
      .filter((frame) => frame.port === port);
    writeFileSync(path(port), writePcap(incoming));
  }
  if (timesNs === undefined) return null;
  const timed = frames.map((frame, index) => ({ ...frame, timeNs: timesNs[index] ?? 0n }));
  return PacedFeed.open(paced, timed);
}

async function run(asked: Bmv2Run): Promise<Finished> {
  const { json, plan, directory } = asked;
  const path = (port: number, end: string): string => join(directory, `p${port}_${end}.pcap`);
  for (const port of plan.ports) rmSync(path(port, 'out'), { force: true });
  const feed = await inputs(asked, (port) => path(port, 'in'));
  const thrift = String(await freePort());
  const waitS = feed === null ? WAIT_S.files : WAIT_S.pipes;
  const startedMs = Date.now();
  const process = startProcess({
    label: BMV2,
    argv: [
      ...[BMV2, '--use-files', String(waitS), '--thrift-port', thrift],
      ...plan.ports.flatMap((port) => ['-i', `${port}@${join(directory, `p${port}`)}`]),
      json,
    ],
  });
  try {
    await configureBmv2(json, plan, thrift, QUEUE_FRAMES);
    const before = cpuNs(process.pid);
    if (feed !== null) {
      await sleep(startedMs + waitS * 1000 + READING_MS - Date.now());
      await feed.play();
    }
    await allCameOut(
      process,
      plan.ports.map((port) => path(port, 'out')),
    );
    const outputs = plan.ports.flatMap((port) =>
      capturedFrames(path(port, 'out')).map(({ octets }) => ({ port, octets })),
    );
    return { cpuNs: cpuNs(process.pid) - before, outputs };
  } finally {
    await process.stop();
    feed?.close();
  }
}

/** What simple_switch wrote to a file, which is not there as long as nothing is to be written. */
export function capturedFrames(file: string): readonly PcapFrame[] {
  if (!existsSync(file) || statSync(file).size === 0) return [];
  const read = readPcap(readFileSync(file), LINK_TYPE_NULL);
  if (!read.ok) throw new LabError('command-failed', `${file}: ${read.message}`);
  return read.frames;
}

/** The files grow while it works, and stand still for a second when it is done. */
async function allCameOut(process: ManagedProcess, files: readonly string[]): Promise<void> {
  const size = (): number =>
    files.reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
  const nothing = files.length * pcapHeader().length;
  const deadline = Date.now() + PATIENCE_MS;
  let last = 0;
  let still = 0;
  while (still < 10) {
    if (process.hasExited()) throw new LabError('process-died', `${BMV2} ended`);
    if (Date.now() > deadline) throw new LabError('no-samples', `${BMV2} let nothing out`);
    await sleep(100);
    const now = size();
    still = now > nothing && now === last ? still + 1 : 0;
    last = now;
  }
}

const TICK_NS = 10_000_000;

/** User and system time of all threads; proc(5), fields 14 and 15, in ticks of 10 ms. */
function cpuNs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_NS;
}

export async function bmv2Outputs(options: Bmv2Run): Promise<readonly MixFrame[]> {
  return (await run(options)).outputs;
}

/** Processor time a frame; every frame has to come out, a lost one would be a cheap one. */
export async function bmv2CpuNsPerPacket(options: Bmv2Run): Promise<number> {
  const { cpuNs, outputs } = await run(options);
  if (outputs.length !== options.frames.length) {
    throw new LabError(
      'no-samples',
      `${BMV2} let out ${outputs.length} of ${options.frames.length} frames`,
    );
  }
  return cpuNs / options.frames.length;
}
