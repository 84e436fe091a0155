/**
 * The compiled P4 program on the native engine with memory ports and a clock that the test sets: a
 * frame arrives at one instant, the clock moves, and what comes out has left at the other.
 */
import { Engine } from '#binding/engine';
import type { EngineResult } from '#binding/result';
import type { PipelineLayout } from '#compiler/layout';
import { type BuiltPipeline, buildPipeline } from '#lab/bench/native-programs';
import {
  type EncodedEntry,
  type SwitchPlan,
  encode,
  entriesOf,
  groupsOf,
  lastName,
  programEntries,
} from '#lab/bench/switch-state';
import { TAGGED_VID } from './generate.js';

export interface Sent {
  readonly port: number;
  readonly frame: Uint8Array;
  readonly txTimeNs: bigint;
}

/** Both ports carry the native VLAN untagged and TAGGED_VID tagged, as the vectors expect. */
export const VECTOR_PLAN: SwitchPlan = {
  ports: [1, 2],
  vlans: [
    { vid: 1, untagged: [1, 2], tagged: [] },
    { vid: TAGGED_VID, untagged: [], tagged: [1, 2] },
  ],
  macs: [],
  ptpMode: 1,
  passMalformed: [],
};

export type Program = 'main_native' | 'main_bmv2';

/** One pipeline a program and test run: compiling it takes a second. */
const pipelines = new Map<Program, Promise<BuiltPipeline>>();

export function pipelineOf(program: Program): Promise<BuiltPipeline> {
  const known = pipelines.get(program);
  if (known !== undefined) return known;
  const built = buildPipeline(program);
  pipelines.set(program, built);
  return built;
}

function must<T>(result: EngineResult<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

const MOST_ROUNDS = 16;

export class VirtualSwitch {
  readonly #engine: Engine;
  readonly #layout: PipelineLayout;
  readonly #ports: readonly number[];

  private constructor(engine: Engine, layout: PipelineLayout, ports: readonly number[]) {
    this.#engine = engine;
    this.#layout = layout;
    this.#ports = ports;
  }

  static async open(program: Program, plan: SwitchPlan): Promise<VirtualSwitch> {
    const { sharedObject, layout } = await pipelineOf(program);
    const engine = must(Engine.open({ clock: 'virtual' }));
    must(engine.load(sharedObject));
    for (const port of plan.ports) {
      must(engine.addMemoryPort(port));
      must(engine.setTxLatency(port, 0n));
    }
    const entries = entriesOf(plan).map((entry) => encode(layout, entry));
    for (const entry of [...programEntries(layout), ...entries]) install(engine, entry);
    for (const { group, ports } of groupsOf(plan)) {
      const replicas = ports.map((port) => ({ port, instance: 1 }));
      must(engine.multicastGroupSet(group, replicas));
    }
    return new VirtualSwitch(engine, layout, plan.ports);
  }

  /** One frame through the switch; everything that comes out of it. */
  pass(port: number, frame: Uint8Array, rxNs: bigint, txNs: bigint): Sent[] {
    must(this.#engine.setTime(rxNs));
    must(this.#engine.inject(port, frame, rxNs));
    must(this.#engine.setTime(txNs));
    const out: Sent[] = [];
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (must(this.#engine.step()) === 0) break;
    }
    for (const from of this.#ports) {
      for (let sent = this.#engine.take(from); sent.ok; sent = this.#engine.take(from)) {
        out.push({ port: from, ...sent.value });
      }
    }
    return out;
  }

  /** Packets counted in a cell of one of the program's arrays. */
  counted(counter: string, index: number): bigint {
    const found = this.#layout.counters.find((one) => lastName(one.name) === counter);
    if (found === undefined) throw new Error(`no counter ${counter}`);
    const [cell] = must(this.#engine.counterRead(found.index, index, 1));
    return cell?.packets ?? 0n;
  }

  close(): void {
    this.#engine.close();
  }
}

function install(engine: Engine, entry: EncodedEntry): void {
  const args = BigUint64Array.from(entry.args);
  if (entry.key.length === 0) {
    must(engine.tableSetDefault(entry.table, entry.action, args));
    return;
  }
  const key = BigUint64Array.from(entry.key);
  const mask = BigUint64Array.from(entry.mask);
  must(engine.tableInsert({ ...entry, key, mask, args, rangeWords: 0 }));
}
