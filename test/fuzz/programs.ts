/** What the packet fuzzer runs frames through: programs, the state they begin with, frames to begin with. */
import { create } from '@bufbuild/protobuf';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import type { CompiledPipeline } from '#compiler/layout';
import {
  type EncodedEntry,
  type SwitchPlan,
  cloneSessionsOf,
  encode,
  entriesOf,
  groupsOf,
  programEntries,
} from '#lab/bench/switch-state';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import {
  ForwardingPipelineConfigSchema,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
} from '#protos/p4/v1/p4runtime_pb';
import { done } from '#server/errors';
import { parseP4Info } from '#server/program/p4info-file';
import { Pipelines } from '#server/config/pipeline-config';
import { StfEntities } from '#server/stf/entities';
import { parseStf } from '#server/stf/parse';
import type { StfStatement } from '#server/stf/statements';
import { unnamedPorts } from '#server/program/translation';
import { mutatedFrame, ptpFrame } from '../vectors/arbitraries.js';
import { VECTOR_PLAN } from '../vectors/virtual-switch.js';
import { RecordingEngine } from './recording-engine.js';
import { SEED } from './settings.js';
import { numbers, step, words } from './steps.js';

export interface FuzzProgram {
  readonly name: string;
  readonly compiled: CompiledPipeline;
  /** Steps before every input. */
  readonly setup: readonly Uint8Array[];
  /** Inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
}

const CPU_PORT = 510;
const STF_PROGRAMS = join(packageRoot, 'test', 'stf', 'programs');

function translated(path: string): CompiledPipeline {
  const compiled = compilePipeline(readFileSync(path));
  if (!compiled.ok) throw new Error(`${path}: ${JSON.stringify(compiled.errors)}`);
  return compiled.value;
}

export interface StfFiles {
  readonly name: string;
  readonly json: string;
  readonly p4info: string;
  readonly stf: string;
}

/** Our own small programs, one for each part of v1model. */
export function ownStfFiles(): StfFiles[] {
  return readdirSync(STF_PROGRAMS)
    .filter((file) => file.endsWith('.stf'))
    .map((file) => file.slice(0, -'.stf'.length))
    .map((name) => ({
      name,
      json: join(STF_PROGRAMS, 'artefacts', `${name}.json`),
      p4info: join(STF_PROGRAMS, 'artefacts', `${name}.p4info.txtpb`),
      stf: join(STF_PROGRAMS, `${name}.stf`),
    }));
}

/** What the P4Runtime server asks of the engine when the program is loaded and the test's entries are
 * written; statements that it refuses are left out. */
async function setupOf(
  info: P4Info,
  compiled: CompiledPipeline,
  statements: readonly StfStatement[],
): Promise<Uint8Array[]> {
  const engine = new RecordingEngine(compiled.layout);
  const built = { sharedObject: '', layout: compiled.layout };
  const builder = { build: () => Promise.resolve(done(built)) };
  const pipelines = new Pipelines(engine, builder, unnamedPorts(CPU_PORT));
  const p4DeviceConfig = new Uint8Array(1);
  const config = create(ForwardingPipelineConfigSchema, { p4info: info, p4DeviceConfig });
  const set = await pipelines.set(ConfigAction.VERIFY_AND_COMMIT, config, () => true);
  const state = pipelines.committedState;
  if (!set.ok || state === null) throw new Error(JSON.stringify(set));
  const entities = new StfEntities(info);
  for (const statement of statements) {
    switch (statement.kind) {
      case 'packet':
      case 'expect':
      case 'noPacket':
      case 'wait':
      case 'removeAll':
      case 'checkCounter':
      case 'counterRead':
      case 'registerRead':
      case 'meterRead':
      case 'mirrorRead':
        break;
      default: {
        const updates = entities.updates(statement);
        if (updates.ok) pipelines.write(state, updates.value);
      }
    }
  }
  return engine.steps;
}

const frameStep = (port: number, octets: Uint8Array): Uint8Array =>
  step('frame', numbers(1, port % 256), octets);

/** A program with its test in STF: the test's entries, the test's packets. */
export async function stfProgram({ name, json, p4info, stf }: StfFiles): Promise<FuzzProgram> {
  const info = parseP4Info(readFileSync(p4info, 'utf8'));
  const test = parseStf(readFileSync(stf, 'utf8'));
  if (!info.ok || !test.ok) throw new Error(`${name}: ${JSON.stringify([info, test])}`);
  const compiled = translated(json);
  const seeds = test.value.flatMap((one) =>
    one.kind === 'packet' ? [frameStep(one.port, one.octets)] : [],
  );
  return { name, compiled, setup: await setupOf(info.info, compiled, test.value), seeds };
}

const ADDRESS = { clockIdentity: 1n, portNumber: 1, mac: 2n, ipv4: 3n, ipv6: 4n };

/** Switches that between them use everything that our program can do to a frame. */
export const PLANS: readonly (readonly [string, SwitchPlan])[] = [
  ['end-to-end', VECTOR_PLAN],
  [
    'two-step',
    {
      ...VECTOR_PLAN,
      twoStepPorts: [1, 2],
      peerDelay: [{ ...ADDRESS, port: 1, twoStep: true }],
      marking: [1, 2].map((port) => ({ port, pcp: 3, dscp: 46 })),
      rates: [{ sdoId: 0, domainNumber: 0, rateOffset: -12345 }],
      ledgerMask: 1,
    },
  ],
  [
    'boundary',
    {
      ...VECTOR_PLAN,
      portModes: new Map([
        [1, 3],
        [2, 4],
      ]),
      peerDelay: [{ ...ADDRESS, port: 1, twoStep: false }],
      delayResponders: [
        { ...ADDRESS, port: 2, sdoId: 0, domainNumber: 0, logMinDelayReqInterval: 0 },
      ],
      clock: { referenceTicks: 0n, seconds: 1n, nanoseconds: 1, rateOffset: 1 },
    },
  ],
];

function entryStep({ table, key, mask, priority, action, args }: EncodedEntry): Uint8Array {
  if (key.length === 0) return step('default', numbers(2, table, action), words(args));
  const head = [numbers(2, table, action), numbers(4, priority, 0)];
  return step('insert', ...head, words(key), words(mask), words(args));
}

const SEED_FRAMES = 60;

/** The product's own program as one of PLANS' switches. */
export function ptpProgram(main: 'main_native' | 'main_bmv2', plan: string): FuzzProgram {
  const compiled = translated(join(packageRoot, 'p4', 'artefacts', `${main}.json`));
  const { layout } = compiled;
  const wanted = PLANS.find(([name]) => name === plan)?.[1] ?? VECTOR_PLAN;
  const entries = entriesOf(wanted).map((entry) => encode(layout, entry));
  const setup = [
    ...[...programEntries(layout), ...entries].map(entryStep),
    ...groupsOf(wanted).map(({ group, ports }) =>
      step('multicast', numbers(2, group, ...ports.flatMap((port) => [port, 1]))),
    ),
    ...cloneSessionsOf(wanted).map(({ session, port }) =>
      step('session', numbers(2, session, 0, port, 1)),
    ),
  ];
  const frames = fc.sample(fc.oneof(ptpFrame, mutatedFrame), { seed: SEED, numRuns: SEED_FRAMES });
  const seeds = frames.map((octets, i) => frameStep(1 + (i % 2), octets));
  return { name: `${main}.${plan}`, compiled, setup, seeds };
}
