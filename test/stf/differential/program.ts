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
import type { Bmv2Job } from './bmv2.js';
import { throughSimpleSwitch } from './bmv2.js';
import { commandOf } from './commands.js';
import type { Divergence, Sent } from './compare.js';
import { divergences, withoutOvertaken } from './compare.js';
import { ENDING } from './explained.js';
import { Chance, randomPacket } from './packets.js';
import { MARK_AS_LEFT, MARK_COUNT, markingBuilder } from './undefined.js';

export interface Subject {
  readonly name: string;
  readonly info: P4Info;
  readonly json: Uint8Array;
  readonly statements: readonly StfStatement[];
}

/** Packets that go into neither switch. */
export interface LeftOut {
  /** P4 does not say what becomes of them. */
  readonly undefined: number;
  /** An assertion of the program fails for them: simple_switch ends there. */
  readonly asserted: number;
  /** simple_switch ends there for another reason: see ENDING. */
  readonly ending: number;
}

export interface Outcome {
  /** That went into both. */
  readonly packets: number;
  readonly leftOut: LeftOut;
  /** That simple_switch sent by the ports that are compared. */
  readonly frames: number;
  /** Of them, those that both sent, but after others. */
  readonly overtaken: number;
  /** That ours sent by other ports: nobody compares them. */
  readonly elsewhere: number;
  /** What the test sets up and neither switch was told. */
  readonly unwritten: readonly StfStatement['kind'][];
  readonly divergences: readonly Divergence[];
  /** Why it could not be compared. */
  readonly obstacle: string | null;
}

const nothing = (obstacle: string): Outcome => ({
  packets: 0,
  leftOut: { undefined: 0, asserted: 0, ending: 0 },
  frames: 0,
  overtaken: 0,
  elsewhere: 0,
  unwritten: [],
  divergences: [],
  obstacle,
});

/** What both can be told, over P4Runtime or by a command. */
const SHARED: ReadonlySet<StfStatement['kind']> = new Set([
  'add',
  'setDefault',
  'registerWrite',
  'groupCreate',
  'nodeCreate',
  'nodeUpdate',
  'nodeAssociate',
  'mirrorToPort',
  'mirrorToGroup',
]);
/**
 * What would be another state, were it written; what takes back what is there is not missed. Meters go by
 * the time, and simple_switch_CLI puts an octet too many before a value set's values.
 */
const UNWRITTEN: ReadonlySet<StfStatement['kind']> = new Set([
  'counterWrite',
  'meterWrite',
  'valueSet',
]);

const isShared = (one: StfStatement): one is WritingStatement => SHARED.has(one.kind);

/** What can change the order of packets that come close to each other. */
const REORDERING =
  /"(?:recirculate|resubmit|clone_egress_pkt_to_egress|clone_ingress_pkt_to_egress)"/;
/** What ingress of a packet and egress of the one before may both work on, at the same time. */
const SHARING = /"register_write"/;
/** Where a packet must be through before the next one comes, and was not. */
const BUSY_PAUSE_MS = 25;
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
  const told = tellable(info, setUp);
  if (typeof told === 'string') return nothing(told);
  const job = { info, json, setUp, ports, inPort, pipelineCache };
  const defined = await definedPackets(job, survived);
  if (typeof defined === 'string') return nothing(`ours: ${defined}`);
  const { packets, ...open } = defined;
  const run = await throughOurs({ ...job, packets });
  if (typeof run === 'string') return nothing(`ours: ${run}`);
  const directory = mkdtempSync(join(tmpdir(), `timeplane-${name}-`));
  try {
    const text = Buffer.from(json).toString();
    const isAlone = REORDERING.test(text) || SHARING.test(text);
    const bmv2 = { info, json, ...told, ports, inPort, packets, directory };
    const beside = await besideSimpleSwitch(bmv2, run, isAlone);
    if (typeof beside === 'string') return nothing(`simple_switch_grpc: ${beside}`);
    const { theirs, different } = beside;
    const { left, overtaken } = REORDERING.test(text)
      ? withoutOvertaken(different)
      : { left: different, overtaken: 0 };
    const varying = await dependentOnBefore(job, packets, left);
    return {
      packets: packets.length - varying.size,
      leftOut: {
        ...open,
        undefined: open.undefined + varying.size,
        ending: all.length - survived.length,
      },
      frames: [...theirs.values()].reduce((sum, sent) => sum + sent.length, 0),
      overtaken,
      elsewhere: run.elsewhere,
      unwritten: statements.flatMap(({ kind }) => (UNWRITTEN.has(kind) ? [kind] : [])),
      divergences: left.filter(({ packet }) => !varying.has(packet)),
      obstacle: null,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Beside {
  readonly theirs: ReadonlyMap<number, readonly string[]>;
  readonly different: readonly Divergence[];
}

/** What simple_switch sends, and how ours differs. `isAlone`: no packet may meet the next one. */
async function besideSimpleSwitch(
  job: Omit<Bmv2Job, 'burst' | 'pauseMs'>,
  ours: OurRun,
  isAlone: boolean,
): Promise<Beside | string> {
  // On a busy machine a packet's egress may come after the next one's ingress: then once more, slowly.
  const pausesMs = isAlone ? [3, BUSY_PAUSE_MS] : [1];
  let beside: Beside | string = 'it was not asked';
  for (const pauseMs of pausesMs) {
    const theirs = await throughSimpleSwitch({ ...job, burst: isAlone ? 1 : 8, pauseMs });
    if (typeof theirs === 'string') return theirs;
    const different = job.ports.flatMap((port) =>
      divergences(port, ours.sent.get(port) ?? [], theirs.get(port) ?? []),
    );
    beside = { theirs, different };
    if (different.length === 0) break;
  }
  return beside;
}

interface Tellable {
  readonly updates: readonly Update[];
  readonly commands: readonly string[];
}

/** How simple_switch_grpc is told what `setUp` says; or what it cannot be told. */
function tellable(info: P4Info, setUp: readonly WritingStatement[]): Tellable | string {
  const entities = new StfEntities(info);
  const updates: Update[] = [];
  const commands: string[] = [];
  for (const statement of setUp) {
    const made = entities.updates(statement);
    if (!made.ok) return made.message;
    for (const update of made.value) {
      const command = commandOf(info, update);
      if (command === null) updates.push(update);
      else commands.push(command);
    }
  }
  return { updates, commands };
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

interface DefinedPackets {
  readonly packets: readonly Uint8Array[];
  /** How many others there are, by why: see LeftOut. */
  readonly undefined: number;
  readonly asserted: number;
}

/**
 * Those whose fate does not depend on what headers that are not valid hold, and that no assertion of the
 * program fails for.
 */
async function definedPackets(
  job: Omit<OurJob, 'packets'>,
  packets: readonly Uint8Array[],
): Promise<DefinedPackets | string> {
  const ours = await throughOurs({ ...job, packets });
  if (typeof ours === 'string') return ours;
  const zeros = fatesIn(ours, packets.length);
  const open = new Set<number>();
  for (let mark = 0; mark < MARK_COUNT; mark += 1) {
    const builder = markingBuilder(job.pipelineCache, mark);
    const marking = await throughOurs({ ...job, packets, builder });
    if (typeof marking === 'string') return marking;
    fatesIn(marking, packets.length).forEach((fate, i) => {
      if (fate !== zeros[i] && !ours.failed.has(i)) open.add(i);
    });
  }
  return {
    packets: packets.filter((_, i) => !open.has(i) && !ours.failed.has(i)),
    undefined: open.size,
    asserted: ours.failed.size,
  };
}

/** More divergences are no matter of a few octets that some frame left. */
const MOST_SUSPECTS = 8;

/**
 * Of the packets that diverge, those whose fate depends on the one before, where headers that are not valid
 * hold what that had there, and does not where they hold zeros: simple_switch may have had any of them.
 */
async function dependentOnBefore(
  job: Omit<OurJob, 'packets'>,
  packets: readonly Uint8Array[],
  found: readonly Divergence[],
): Promise<ReadonlySet<string>> {
  const varying = new Set<string>();
  const suspects = [...new Set(found.map(({ packet }) => packet))];
  if (suspects.length > MOST_SUSPECTS) return varying;
  const builder = markingBuilder(job.pipelineCache, MARK_AS_LEFT);
  for (const suspect of suspects) {
    const octets = Uint8Array.from(Buffer.from(suspect, 'hex'));
    const alternating = packets.flatMap((before) => [before, octets]);
    const fates = async (more: Partial<OurJob>): Promise<number> => {
      const run = await throughOurs({ ...job, ...more, packets: alternating });
      if (typeof run === 'string') return 0;
      return new Set(fatesIn(run, alternating.length).filter((_, i) => i % 2 === 1)).size;
    };
    if ((await fates({})) === 1 && (await fates({ builder })) > 1) varying.add(suspect);
  }
  return varying;
}

/** What became of each packet. */
function fatesIn({ sent }: OurRun, count: number): readonly string[] {
  const fates = Array.from({ length: count }, () => '');
  for (const [port, frames] of sent) {
    for (const { frame, index } of frames) fates[index] += ` ${port}:${frame}`;
  }
  return fates;
}

interface OurRun {
  readonly sent: ReadonlyMap<number, readonly Sent[]>;
  /** The packets, by index, that an assertion failed for. */
  readonly failed: ReadonlySet<number>;
  /** Frames that other ports sent. */
  readonly elsewhere: number;
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
    if (device.isAbandoned) return device.problems.at(-1)?.message ?? '';
    return { sent, failed, elsewhere: device.framesElsewhere() };
  } finally {
    device.close();
  }
}
