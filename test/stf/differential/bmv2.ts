/**
 * simple_switch_grpc on files: written to over P4Runtime, fed by a pipe, one packet at a time, so that
 * what recirculates is done before the next one comes.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { capturedFrames } from '#lab/bench/bmv2-files';
import { freePort } from '#lab/peers/free-port';
import { pcapHeader, pcapRecord, writePcap } from '#server/replay/pcap';
import { Controller } from '../../server/conversation.js';
import { Program } from '../../support/sandbox.js';

/** More than a run has. */
const QUEUE_FRAMES = 100_000;
const START_MS = 20_000;
/** When nothing has come out for so long, all has. */
const QUIET_MS = 400;

async function untilReachable(port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    } finally {
      socket.destroy();
    }
  }
}

export interface Bmv2Job {
  readonly info: P4Info;
  readonly json: Uint8Array;
  readonly updates: readonly Update[];
  /** For simple_switch_CLI, after these. */
  readonly commands: readonly string[];
  readonly ports: readonly number[];
  readonly inPort: number;
  readonly packets: readonly Uint8Array[];
  /** Packets that may be under way at once: 1 where their order could change. */
  readonly burst: number;
  /** After each burst. */
  readonly pauseMs: number;
  readonly directory: string;
}

/** What each port sent, in order, in hexadecimal; or what went wrong on the way there. */
export async function throughSimpleSwitch(
  job: Bmv2Job,
): Promise<ReadonlyMap<number, readonly string[]> | string> {
  const path = (port: number, end: string): string => join(job.directory, `p${port}_${end}.pcap`);
  for (const port of job.ports) {
    if (port !== job.inPort) writeFileSync(path(port, 'in'), writePcap([]));
  }
  spawnSync('mkfifo', [path(job.inPort, 'in')]);
  const pipe = openSync(path(job.inPort, 'in'), 'r+');
  writeSync(pipe, pcapHeader());
  const [grpc, thrift] = [await freePort(), await freePort()];
  const program = new Program([
    ...['simple_switch_grpc', '--no-p4', '--device-id', '1', '--use-files', '0'],
    ...['--thrift-port', String(thrift), '-L', 'off'],
    ...job.ports.flatMap((port) => ['-i', `${port}@${join(job.directory, `p${port}`)}`]),
    // Without, it drops what has a priority; with them, the first priority goes first, as here.
    ...['--', '--grpc-server-addr', `127.0.0.1:${grpc}`, '--priority-queues', '8'],
  ]);
  let isOpen = true;
  try {
    await untilReachable(grpc);
    const refused = await configure(job, grpc);
    if (refused !== null) return refused;
    const misunderstood = tell(thrift, [`set_queue_depth ${QUEUE_FRAMES}`, ...job.commands]);
    if (misunderstood !== null) return `simple_switch_CLI: ${misunderstood}`;
    await feed(job, pipe);
    closeSync(pipe);
    isOpen = false;
    await quiet(job.ports.map((port) => path(port, 'out')));
    if (program.ended) return `it ended: ${program.output.slice(-300)}`;
    return new Map(job.ports.map((port) => [port, sent(path(port, 'out'))]));
  } finally {
    if (isOpen) closeSync(pipe);
    await program.end();
  }
}

/** Null, or what it refused. */
async function configure(job: Bmv2Job, port: number): Promise<string | null> {
  const controller = await new Controller(port, 1n).becomesPrimary();
  try {
    const committed = await controller.commits({ p4info: job.info, p4DeviceConfig: job.json });
    if (committed !== 'OK') return `it refuses the program: ${controller.lastError}`;
    for (const { type, entity } of job.updates) {
      const init = entity?.entity;
      if (init?.case === undefined) continue;
      const answer = await controller.writes(type, [init]);
      if (answer !== 'OK') {
        return `it refuses a ${Update_Type[type]} of a ${init.case}: ${String(answer)} ${controller.lastError}`;
      }
    }
    return null;
  } finally {
    controller.hangsUp();
  }
}

/** Null, or what it did not do. */
function tell(port: number, commands: readonly string[]): string | null {
  const said = spawnSync('simple_switch_CLI', ['--thrift-port', String(port)], {
    input: commands.map((command) => `${command}\n`).join(''),
    encoding: 'utf8',
  });
  if (said.status !== 0) return said.stderr;
  return /^.*(?:Error|Invalid|Unknown).*$/m.exec(said.stdout)?.[0] ?? null;
}

async function feed({ packets, burst, pauseMs }: Bmv2Job, pipe: number): Promise<void> {
  for (const [i, octets] of packets.entries()) {
    writeSync(pipe, pcapRecord({ octets, timeNs: BigInt(i) * 1000n }));
    if (i % burst === burst - 1) await sleep(pauseMs);
  }
}

async function quiet(files: readonly string[]): Promise<void> {
  const size = (): number =>
    files.reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
  for (let last = -1; last !== size();) {
    last = size();
    await sleep(QUIET_MS);
  }
}

const sent = (file: string): string[] =>
  capturedFrames(file).map(({ octets }) => Buffer.from(octets).toString('hex'));
