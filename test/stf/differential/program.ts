/** One program through both switches. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import type { WritingStatement } from '#server/stf/entities';
import { StfEntities } from '#server/stf/entities';
import type { PipelineBuilder } from '#server/config/pipeline-config';
import { StfSwitch, portsOfTest } from '#server/stf/run';
import type { StfStatement } from '#server/stf/statements';
import { throughSimpleSwitch } from './bmv2.js';
import type { Divergence, Sent } from './compare.js';
import { divergences, withoutOvertaken } from './compare.js';
import { ENDING } from './explained.js';
import { Chance, randomPacket } from './packets.js';
import { MARK_COUNT, markingBuilder } from './undefined.js';

export interface Subject {
  readonly name: string;
  readonly info: P4Info;
  readonly json: Uint8Array;
  readonly statements: readonly StfStatement[];
}

export interface Outcome {
  readonly packets: number;
  /** Packets that were left out: P4 does not say what becomes of them, or simple_switch ends there. */
  readonly open: number;
  readonly frames: number;
  readonly divergences: readonly Divergence[];
  /** Why it could not be compared. */
  readonly obstacle: string | null;
}

const nothing = (obstacle: string): Outcome => ({
  packets: 0,
  open: 0,
  frames: 0,
  divergences: [],
  obstacle,
});

/** What simple_switch_grpc's P4Runtime can write too. */
const SHARED: ReadonlySet<StfStatement['kind']> = new Set([
  'add',
  'setDefault',
  'groupCreate',
  'nodeCreate',
  'nodeUpdate',
  'nodeAssociate',
  'mirrorToPort',
  'mirrorToGroup',
]);

const isShared = (one: StfStatement): one is WritingStatement => SHARED.has(one.kind);

/** What can change the order of packets that come close to each other. */
const REORDERING =
  /"(?:recirculate|resubmit|clone_egress_pkt_to_egress|clone_ingress_pkt_to_egress)"/;
/** What ingress of a packet and egress of the one before may both work on, at the same time. */
const SHARING = /"register_write"/;
const LOWEST_PORTS = [0, 1, 2, 3, 4, 5, 6, 7];

/** The same entries and the same `count` packets to both, what they send compared. */
export async function compareProgram(
  { name, info, json, statements }: Subject,
  count: number,
  seed: number,
  pipelineCache: string,
): Promise<Outcome> {
  const bases = statements.flatMap((one) => (one.kind === 'packet' ? [one.octets] : []));
  const inPort = statements.find((one) => one.kind === 'packet')?.port ?? 0;
  if (bases.length === 0) return nothing('its test has no packets');
  const chance = new Chance(seed);
  const all = Array.from({ length: count }, (_, i) =>
    i < bases.length ? (bases[i] ?? new Uint8Array(1)) : randomPacket(chance, bases),
  );
  const survived = all.filter((packet) => ENDING[name]?.(packet) !== true);
  const ports = [...new Set([...portsOfTest(statements), ...LOWEST_PORTS])];
  const setUp = statements.filter(isShared);
  const entities = new StfEntities(info);
  const updates: Update[] = [];
  for (const statement of setUp) {
    const made = entities.updates(statement);
    if (!made.ok) return nothing(made.message);
    updates.push(...made.value);
  }
  const job = { info, json, setUp, ports, inPort, pipelineCache };
  const packets = await definedPackets(job, survived);
  if (typeof packets === 'string') return nothing(`ours: ${packets}`);
  const run = await throughOurs({ ...job, packets });
  if (typeof run === 'string') return nothing(`ours: ${run}`);
  const ours = run.sent;
  const directory = mkdtempSync(join(tmpdir(), `timeplane-${name}-`));
  try {
    const text = Buffer.from(json).toString();
    const burst = REORDERING.test(text) || SHARING.test(text) ? 1 : 8;
    const theirs = await throughSimpleSwitch({
      ...{ info, json, updates, ports, inPort, packets, burst, directory },
    });
    if (typeof theirs === 'string') return nothing(`simple_switch_grpc: ${theirs}`);
    const different = ports.flatMap((port) =>
      divergences(port, ours.get(port) ?? [], theirs.get(port) ?? []),
    );
    const found = REORDERING.test(Buffer.from(json).toString())
      ? withoutOvertaken(different)
      : different;
    const frames = [...theirs.values()].reduce((sum, all) => sum + all.length, 0);
    const open = count - packets.length;
    return { packets: packets.length, open, frames, divergences: found, obstacle: null };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface OurJob {
  readonly info: P4Info;
  readonly json: Uint8Array;
  readonly setUp: readonly StfStatement[];
  readonly ports: readonly number[];
  readonly inPort: number;
  readonly packets: readonly Uint8Array[];
  readonly pipelineCache: string;
  readonly builder?: PipelineBuilder;
}

/**
 * Those whose fate does not depend on what headers that are not valid hold, and that no assertion of the
 * program fails for.
 */
async function definedPackets(
  job: Omit<OurJob, 'packets'>,
  packets: readonly Uint8Array[],
): Promise<readonly Uint8Array[] | string> {
  const ours = await throughOurs({ ...job, packets });
  if (typeof ours === 'string') return ours;
  const fateOf = ({ sent }: OurRun): readonly string[] => {
    const fates = packets.map(() => '');
    for (const [port, frames] of sent) {
      for (const { frame, index } of frames) fates[index] += ` ${port}:${frame}`;
    }
    return fates;
  };
  const zeros = fateOf(ours);
  const open = new Set<number>(ours.failed);
  for (let mark = 0; mark < MARK_COUNT; mark += 1) {
    const builder = markingBuilder(job.pipelineCache, mark);
    const marking = await throughOurs({ ...job, packets, builder });
    if (typeof marking === 'string') return marking;
    fateOf(marking).forEach((fate, i) => {
      if (fate !== zeros[i]) open.add(i);
    });
  }
  return packets.filter((_, i) => !open.has(i));
}

interface OurRun {
  readonly sent: ReadonlyMap<number, readonly Sent[]>;
  /** The packets, by index, that an assertion failed for. */
  readonly failed: ReadonlySet<number>;
}

async function throughOurs(job: OurJob): Promise<OurRun | string> {
  const { info, json: deviceConfig, pipelineCache, ports, inPort } = job;
  const program = { info, deviceConfig, pipelineCache };
  const opened = await StfSwitch.open(
    job.builder === undefined ? program : { ...program, builder: job.builder },
    ports,
  );
  if (!opened.ok) return opened.message;
  const device = opened.value;
  try {
    for (const statement of job.setUp) device.perform(statement);
    const [problem] = device.problems;
    if (problem !== undefined) return problem.message;
    const sent = new Map(ports.map((port): [number, Sent[]] => [port, []]));
    const failed = new Set<number>();
    for (const [index, octets] of job.packets.entries()) {
      const before = device.problems.length;
      device.perform({ kind: 'packet', line: 0, port: inPort, octets });
      if (device.problems.length > before) failed.add(index);
      const packet = Buffer.from(octets).toString('hex');
      for (const [port, frames] of device.outputs) {
        const known = sent.get(port) ?? [];
        for (const frame of frames.slice(known.length)) {
          known.push({ frame: Buffer.from(frame).toString('hex'), packet, index });
        }
      }
    }
    return device.isAbandoned ? (device.problems.at(-1)?.message ?? '') : { sent, failed };
  } finally {
    device.close();
  }
}
