/**
 * A test in STF on the embedded switch: a virtual clock, ports in memory, and the P4Runtime server's
 * own code between the test's entries and the engine.
 */
import { Engine } from '#binding/engine';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Entity } from '#protos/p4/v1/p4runtime_pb';
import { SetForwardingPipelineConfigRequest_Action as ConfigAction } from '#protos/p4/v1/p4runtime_pb';
import { create } from '@bufbuild/protobuf';
import { ForwardingPipelineConfigSchema } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '../config/native-builder.js';
import type { PipelineBuilder } from '../config/pipeline-config.js';
import { Pipelines } from '../config/pipeline-config.js';
import { loggedText } from '../program/log-text.js';
import { unnamedPorts } from '../program/translation.js';
import { readEntities } from '../read.js';
import type { ForwardingState } from '../state/state.js';
import type { WritingStatement } from './entities.js';
import { StfEntities } from './entities.js';
import type { Expectation } from './expectations.js';
import { compareFrames } from './expectations.js';
import type { ReadingStatement } from './readings.js';
import { readingOf, requestOf, counterProblem } from './readings.js';
import type { StfProblem, StfStatement } from './statements.js';

export interface StfProgram {
  readonly info: P4Info;
  /** A bmv2 JSON. */
  readonly deviceConfig: Uint8Array;
  /** Where compiled pipelines are kept; null: the default folder. */
  readonly pipelineCache: string | null;
  /** Instead of the one that the switch has. */
  readonly builder?: PipelineBuilder;
}

/** What a statement that only reads has read. */
export interface StfReading {
  readonly line: number;
  readonly text: string;
}

export interface StfReport {
  /** None: the test passed. */
  readonly problems: readonly StfProblem[];
  readonly readings: readonly StfReading[];
  /** What the program logged, as simple_switch writes it. */
  readonly messages: readonly StfReading[];
  /** And what would be more than a test's. */
  readonly messagesLeftOut: number;
  readonly framesIn: number;
  /** By the ports that the test names. */
  readonly framesOut: number;
  /** By all others. */
  readonly framesElsewhere: number;
}

export type StfRunResult =
  | { readonly ok: true; readonly value: StfReport }
  /** The program could not be loaded, or the switch not be made. */
  | { readonly ok: false; readonly message: string };

export type StfOpenResult =
  | { readonly ok: true; readonly value: StfSwitch }
  | { readonly ok: false; readonly message: string };

const START_NS = 1_000_000_000n;
/** Between one statement and the next. */
const STEP_NS = 1_000_000n;
const WAIT_NS = 1_000_000_000n;
const HIGHEST_PORT = 510;
/** Of the engine, until nothing moves; a frame recirculates a few times at most. */
const MOST_ROUNDS = 2000;
/** Of a program, to be shown when one of them failed. */
const MOST_ASSERTIONS = 4;
/** That are kept of a test; a program that begets frames without end logs without end, too. */
const MOST_MESSAGES = 10_000;

/** Runs one test on a switch of its own. */
export async function runStf(
  program: StfProgram,
  statements: readonly StfStatement[],
): Promise<StfRunResult> {
  const opened = await StfSwitch.open(program, portsOfTest(statements));
  if (!opened.ok) return opened;
  try {
    return { ok: true, value: report(opened.value, statements) };
  } finally {
    opened.value.close();
  }
}

function report(device: StfSwitch, statements: readonly StfStatement[]): StfReport {
  for (const statement of statements) device.perform(statement);
  const expected = statements.filter((one): one is Expectation => one.kind === 'expect');
  const outputs = device.outputs;
  const differences = compareFrames(expected, outputs, statements.at(-1)?.line ?? 1);
  return {
    problems: [...device.problems, ...differences],
    readings: device.readings,
    messages: device.messages,
    messagesLeftOut: device.messagesLeftOut,
    framesIn: device.framesIn,
    framesOut: [...outputs.values()].reduce((sum, frames) => sum + frames.length, 0),
    framesElsewhere: device.framesElsewhere(),
  };
}

/** All ports that the statements name. */
export function portsOfTest(statements: readonly StfStatement[]): readonly number[] {
  return [...new Set(statements.flatMap((one) => portsOf(one)))];
}

/** Ports that frames of a test go in and out by. */
function portsOf(statement: StfStatement): readonly number[] {
  switch (statement.kind) {
    case 'packet':
    case 'expect':
    case 'mirrorToPort':
      return [statement.port];
    case 'nodeCreate':
    case 'nodeUpdate':
      return statement.ports;
    default:
      return [];
  }
}

async function load(
  pipelines: Pipelines,
  { deviceConfig: p4DeviceConfig, info: p4info }: StfProgram,
): Promise<ForwardingState | string> {
  const config = create(ForwardingPipelineConfigSchema, { p4info, p4DeviceConfig });
  const committed = await pipelines.set(ConfigAction.VERIFY_AND_COMMIT, config, () => true);
  if (!committed.ok) return committed.error.message;
  return pipelines.committedState ?? 'the pipeline was not committed';
}

/** All of them: frames may be sent on their way by a port that a test has nothing to say about. */
function openPorts(engine: Engine, cpuPort: number): string | null {
  for (let port = 0; port <= HIGHEST_PORT; port += 1) {
    if (port === cpuPort) continue;
    const added = engine.addMemoryPort(port);
    if (!added.ok) return added.error.message;
    engine.setTxLatency(port, 0n);
  }
  return null;
}

/** A switch that does what statements say, one after the other, and keeps what it sent. */
export class StfSwitch {
  readonly #engine: Engine;
  readonly #pipelines: Pipelines;
  readonly #entities: StfEntities;
  readonly #outputs: ReadonlyMap<number, Uint8Array[]>;
  readonly #problems: StfProblem[] = [];
  readonly #readings: StfReading[] = [];
  readonly #messages: StfReading[] = [];
  #messagesLeftOut = 0;
  #state: ForwardingState;
  #nowNs = START_NS;
  #framesIn = 0;
  #line = 0;
  #isAbandoned = false;
  #failedAssertions = 0n;

  private constructor(
    engine: Engine,
    pipelines: Pipelines,
    state: ForwardingState,
    entities: StfEntities,
    ports: readonly number[],
  ) {
    this.#engine = engine;
    this.#pipelines = pipelines;
    this.#state = state;
    this.#entities = entities;
    this.#outputs = new Map(ports.map((port) => [port, []]));
  }

  /** With the program loaded. What ports other than `ports` send is only counted. */
  static async open(program: StfProgram, ports: readonly number[]): Promise<StfOpenResult> {
    let cpuPort = HIGHEST_PORT;
    while (ports.includes(cpuPort)) cpuPort -= 1;
    const opened = Engine.open({ cpuPort, clock: 'virtual' });
    if (!opened.ok) return { ok: false, message: opened.error.message };
    const engine = opened.value;
    engine.setTime(START_NS);
    const builder = program.builder ?? nativeBuilder(program.pipelineCache);
    const pipelines = new Pipelines(engine, builder, unnamedPorts(cpuPort));
    const state = openPorts(engine, cpuPort) ?? (await load(pipelines, program));
    if (typeof state === 'string') {
      engine.close();
      return { ok: false, message: state };
    }
    const entities = new StfEntities(program.info);
    return { ok: true, value: new StfSwitch(engine, pipelines, state, entities, ports) };
  }

  close(): void {
    this.#engine.close();
  }

  /** The program never came to an end with a packet; what came later was not tried. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  get problems(): readonly StfProblem[] {
    return this.#problems;
  }

  get readings(): readonly StfReading[] {
    return this.#readings;
  }

  get messages(): readonly StfReading[] {
    return this.#messages;
  }

  get messagesLeftOut(): number {
    return this.#messagesLeftOut + Number(this.#engine.counters().logMessagesLost);
  }

  get framesIn(): number {
    return this.#framesIn;
  }

  /** What each port has sent so far, in order. */
  get outputs(): ReadonlyMap<number, readonly Uint8Array[]> {
    return this.#outputs;
  }

  /** What the statement says, and a millisecond in which the switch works. */
  perform(statement: StfStatement): void {
    if (this.#isAbandoned) return;
    this.#line = statement.line;
    this.#one(statement);
    this.#pass(STEP_NS);
  }

  framesElsewhere(): number {
    let count = 0n;
    for (let port = 0; port <= HIGHEST_PORT; port += 1) {
      const counters = this.#outputs.has(port) ? null : this.#engine.portCounters(port);
      if (counters?.ok === true) count += counters.value.txFrames;
    }
    return Number(count);
  }

  #one(statement: StfStatement): void {
    switch (statement.kind) {
      case 'packet':
        return this.#receive(statement.line, statement.port, statement.octets);
      case 'expect':
      case 'noPacket':
        return; // Compared when all is done; what is not expected is always wrong.
      case 'wait':
        return this.#pass(WAIT_NS);
      case 'removeAll':
        return this.#removeAll(statement.line);
      case 'checkCounter':
      case 'counterRead':
      case 'registerRead':
      case 'meterRead':
      case 'mirrorRead':
        return this.#read(statement);
      default:
        return this.#write(statement);
    }
  }

  #problem(line: number, message: string): void {
    this.#problems.push({ line, message });
  }

  #receive(line: number, port: number, octets: Uint8Array): void {
    const injected = this.#engine.inject(port, octets, this.#nowNs);
    if (!injected.ok) this.#problem(line, `port ${port}: ${injected.error.message}`);
    else this.#framesIn += 1;
  }

  /** Lets the switch work until nothing moves, and virtual time go by. */
  #pass(durationNs: bigint): void {
    this.#settle();
    const end = this.#nowNs + durationNs;
    for (let next = this.#engine.nextTime(); next !== null && next <= end;) {
      if (next > this.#engine.now()) this.#engine.setTime(next);
      this.#settle();
      const later = this.#engine.nextTime();
      next = later === next ? null : later;
    }
    this.#nowNs = end;
    this.#engine.setTime(end);
    this.#settle();
  }

  #settle(): void {
    const engine = this.#engine;
    let rounds = 0;
    for (let step = engine.step(); step.ok && step.value > 0; step = engine.step()) {
      rounds += 1;
      this.#noteMessages();
      if (rounds > MOST_ROUNDS) return this.#abandon();
    }
    this.#noteMessages();
    this.#noteAssertions();
    for (const [port, frames] of this.#outputs) {
      for (let taken = engine.take(port); taken.ok; taken = engine.take(port)) {
        frames.push(taken.value.frame);
      }
    }
  }

  #noteMessages(): void {
    const { layout } = this.#state.program;
    if (layout.logMessages.length === 0) return;
    for (const record of this.#engine.readLog()) {
      const hasRoom = this.#messages.length < MOST_MESSAGES;
      if (hasRoom) this.#messages.push({ line: this.#line, text: loggedText(layout, record).text });
      else this.#messagesLeftOut += 1;
    }
  }

  /** An assertion that fails is a finding, whatever the test expects: simple_switch ends there. */
  #noteAssertions(): void {
    const { droppedByAssertion } = this.#engine.counters();
    if (droppedByAssertion === this.#failedAssertions) return;
    this.#failedAssertions = droppedByAssertion;
    const { assertions } = this.#state.program.layout;
    const shown = assertions.length > MOST_ASSERTIONS ? [] : assertions;
    const which = shown.length === 1 ? shown[0] : ['an assertion', ...shown].join('; ');
    this.#problem(this.#line, `${which ?? ''} failed`);
  }

  /** Frames that beget frames: no later statement would mean anything. */
  #abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#problem(this.#line, 'frames are cloned or recirculated without end');
  }

  #write(statement: WritingStatement): void {
    const updates = this.#entities.updates(statement);
    if (!updates.ok) return this.#problem(statement.line, updates.message);
    const failed = this.#pipelines.write(this.#state, updates.value).find((item) => item !== null);
    if (failed !== undefined) this.#problem(statement.line, failed.message);
  }

  /** The entries, groups and sessions that there are; registers and counters keep their values. */
  #removeAll(line: number): void {
    const removals = this.#entities.removals(this.#state);
    const failed = this.#pipelines.write(this.#state, removals).find((item) => item !== null);
    if (failed !== undefined) this.#problem(line, failed.message);
  }

  #read(statement: ReadingStatement): void {
    const { info } = this.#entities;
    const request = requestOf(info, this.#entities.labels, statement);
    if (!request.ok) return this.#problem(statement.line, request.message);
    const read = readEntities(this.#state, [request.value]);
    const [failed] = read.statuses;
    const [found] = read.entities as readonly (Entity | undefined)[];
    if (failed !== null && failed !== undefined) {
      return this.#problem(statement.line, failed.message);
    }
    if (found === undefined) return this.#problem(statement.line, 'there is nothing to read');
    if (statement.kind === 'checkCounter') {
      const wrong = counterProblem(statement, found);
      if (wrong !== null) this.#problem(statement.line, wrong);
      return;
    }
    this.#readings.push({ line: statement.line, text: readingOf(statement, found) });
  }
}
