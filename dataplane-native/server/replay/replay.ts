/**
 * Frames from files through a pipeline on a virtual clock: what goes in at one instant and comes out
 * at another is the same at every run. P4Runtime's entities are written as a controller would.
 */
import type { EngineCounters } from '#binding/counters';
import { Engine } from '#binding/engine';
import type { EngineFailure } from '#binding/result';
import type { ForwardingPipelineConfig, Update } from '#protos/p4/v1/p4runtime_pb';
import { SetForwardingPipelineConfigRequest_Action as ConfigAction } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '../config/native-builder.js';
import type { PcapFrame } from './pcap.js';
import { Pipelines } from '../config/pipeline-config.js';
import { unnamedPorts } from '../program/translation.js';
import type { QueueOption } from '../switch/switch-options.js';

export interface ReplayOptions {
  readonly config: ForwardingPipelineConfig;
  readonly updates: readonly Update[];
  /** What arrives at each port; a port without frames only sends. */
  readonly inputs: ReadonlyMap<number, readonly PcapFrame[]>;
  readonly queues: readonly QueueOption[];
  readonly cpuPort: number;
  readonly pipelineCache: string | null;
}

export interface Replayed {
  /** What left each port, in order. */
  readonly outputs: ReadonlyMap<number, readonly PcapFrame[]>;
  readonly counters: EngineCounters;
}

export type ReplayResult =
  | { readonly ok: true; readonly value: Replayed }
  | { readonly ok: false; readonly message: string };

const wrong = (message: string): ReplayResult => ({ ok: false, message });

/** Replays all inputs in the order of their times. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { cpuPort } = options;
  const opened = Engine.open({ cpuPort, clock: 'virtual' });
  if (!opened.ok) return wrong(opened.error.message);
  const engine = opened.value;
  try {
    const failed = (await prepare(engine, options)) ?? openPorts(engine, options);
    return failed === null ? run(engine, options.inputs) : wrong(failed);
  } finally {
    engine.close();
  }
}

/** Null, or what went wrong. */
async function prepare(engine: Engine, options: ReplayOptions): Promise<string | null> {
  const { config, updates, cpuPort, pipelineCache } = options;
  const pipelines = new Pipelines(engine, nativeBuilder(pipelineCache), unnamedPorts(cpuPort));
  const committed = await pipelines.set(ConfigAction.VERIFY_AND_COMMIT, config, () => true);
  if (!committed.ok) return committed.error.message;
  const state = pipelines.committedState;
  if (state === null) return 'the pipeline was not committed';
  const statuses = pipelines.write(state, updates);
  const at = statuses.findIndex((item) => item !== null);
  return at < 0 ? null : `update ${at + 1}: ${statuses[at]?.message ?? ''}`;
}

function openPorts(engine: Engine, { inputs, queues }: ReplayOptions): string | null {
  let failure: EngineFailure | null = null;
  const check = (result: ReturnType<Engine['addMemoryPort']>): void => {
    if (!result.ok) failure ??= result.error;
  };
  for (const port of inputs.keys()) {
    check(engine.addMemoryPort(port));
    const queue = queues.find((candidate) => candidate.port === port);
    if (queue !== undefined) check(engine.setQueue(port, queue));
    // No kernel stamps here: nothing to compensate.
    check(engine.setTxLatency(port, 0n));
  }
  return (failure as EngineFailure | null)?.message ?? null;
}

interface Arrival extends PcapFrame {
  readonly port: number;
}

function run(engine: Engine, inputs: ReplayOptions['inputs']): ReplayResult {
  const outputs = new Map([...inputs.keys()].map((port): [number, PcapFrame[]] => [port, []]));
  const settle = (): void => {
    for (let step = engine.step(); step.ok && step.value > 0; step = engine.step());
    for (const [port, frames] of outputs) {
      for (let taken = engine.take(port); taken.ok; taken = engine.take(port)) {
        frames.push({ octets: taken.value.frame, timeNs: taken.value.txTimeNs });
      }
    }
  };
  /** Lets frames that wait in queues leave, those up to `limitNs`. */
  const drain = (limitNs: bigint | null): void => {
    for (let next = engine.nextTime(); next !== null; next = engine.nextTime()) {
      if (limitNs !== null && next > limitNs) return;
      engine.setTime(next);
      settle();
    }
  };
  for (const { port, octets, timeNs } of inOrder(inputs)) {
    drain(timeNs);
    engine.setTime(timeNs);
    const injected = engine.inject(port, octets, timeNs);
    if (!injected.ok) return wrong(`port ${port}: ${injected.error.message}`);
    settle();
  }
  drain(null);
  return { ok: true, value: { outputs, counters: engine.counters() } };
}

/** By time; frames of one instant in the order of the ports. */
function inOrder(inputs: ReplayOptions['inputs']): Arrival[] {
  const all = [...inputs].flatMap(([port, frames]) => frames.map((frame) => ({ ...frame, port })));
  return all.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
}
