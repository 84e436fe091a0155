/**
 * The compiled P4 program on the native engine with memory ports and a clock that the test sets: a
 * frame arrives at one instant, the clock moves, and what comes out has left at the other. The test
 * is its controller too: entries, packet-outs, and what comes up.
 */
import { Engine } from '#binding/engine';
import type { EngineMessage } from '#binding/messages';
import type { EngineResult } from '#binding/result';
import type { DigestLayout, PipelineLayout } from '#compiler/layout';
import { type BuiltPipeline, buildPipeline } from '#lab/bench/native-programs';
import {
  CPU_PORT,
  type EncodedEntry,
  type NamedEntry,
  type SwitchPlan,
  cloneSessionsOf,
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

/** A packet-in, its header taken apart: p4/core/headers.p4. */
export interface PacketIn {
  readonly ingressPort: number;
  readonly reason: number;
  readonly receiveTimeNs: bigint;
  readonly frame: Uint8Array;
}

export interface Digest {
  readonly name: string;
  readonly fields: Readonly<Record<string, bigint>>;
}

export interface Heard {
  readonly packetIns: readonly PacketIn[];
  readonly digests: readonly Digest[];
}

/** Both ports carry the native VLAN untagged and TAGGED_VID tagged, as the vectors expect. */
export const VECTOR_PLAN: SwitchPlan = planOf(1, 2);

/** The same for any ports. */
export function planOf(...ports: readonly number[]): SwitchPlan {
  return {
    ports,
    vlans: [
      { vid: 1, untagged: ports, tagged: [] },
      { vid: TAGGED_VID, untagged: [], tagged: ports },
    ],
    macs: [],
    ptpMode: 1,
    passMalformed: [],
  };
}

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

/** Rounds of an idle engine's last step: more of them means that a frame never comes to rest. */
const MOST_ROUNDS = 4096;
const PACKET_IN_OCTETS = 10;

export class VirtualSwitch {
  readonly #engine: Engine;
  readonly #layout: PipelineLayout;
  readonly #plan: SwitchPlan;
  readonly #messages: EngineMessage[] = [];
  #listening = false;
  #heard = 0n;

  private constructor(engine: Engine, layout: PipelineLayout, plan: SwitchPlan) {
    this.#engine = engine;
    this.#layout = layout;
    this.#plan = plan;
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
    for (const { session, port } of cloneSessionsOf(plan)) {
      must(engine.cloneSessionSet(session, [{ port, instance: 1 }], 0, 0));
    }
    return new VirtualSwitch(engine, layout, plan);
  }

  /** An entry more, or another default action. */
  write(entry: NamedEntry): void {
    install(this.#engine, encode(this.#layout, entry));
  }

  /** Lets so many frames pass a meter's cell in a second, and so many at once. */
  limit(meter: string, index: number, perSecond: bigint, burst: bigint): void {
    const found = this.#layout.meters.find((one) => lastName(one.name) === meter);
    if (found === undefined) throw new Error(`no meter ${meter}`);
    const config = {
      committedRate: perSecond,
      committedBurst: burst,
      peakRate: perSecond,
      peakBurst: burst,
    };
    must(this.#engine.meterWrite(found.index, index, 1, config));
  }

  /** A frame arrives and is not yet looked at. */
  arrive(port: number, frame: Uint8Array, rxNs: bigint): void {
    must(this.#engine.setTime(rxNs));
    must(this.#engine.inject(port, frame, rxNs));
  }

  /** Moves the clock and lets the switch work until it is idle; everything that it sent. */
  run(nowNs: bigint): Sent[] {
    must(this.#engine.setTime(nowNs));
    for (let round = 0; must(this.#engine.step()) !== 0; round++) {
      if (round === MOST_ROUNDS) throw new Error('the switch does not come to rest');
    }
    return this.#plan.ports.flatMap((port) => {
      const out: Sent[] = [];
      for (let sent = this.#engine.take(port); sent.ok; sent = this.#engine.take(port)) {
        out.push({ port, ...sent.value });
      }
      return out;
    });
  }

  /** Lets what waits inside have its time, up to this instant. */
  runUntil(nowNs: bigint): Sent[] {
    const out: Sent[] = [];
    for (let next = this.#engine.nextTime(); next !== null && next <= nowNs;) {
      out.push(...this.run(next > this.#engine.now() ? next : this.#engine.now()));
      const after = this.#engine.nextTime();
      if (after === next) throw new Error(`the switch is due at ${next} ns, and does nothing`);
      next = after;
    }
    out.push(...this.run(nowNs));
    return out;
  }

  /** One frame through the switch; everything that comes out of it. */
  pass(port: number, frame: Uint8Array, rxNs: bigint, txNs: bigint): Sent[] {
    this.arrive(port, frame, rxNs);
    return this.run(txNs);
  }

  /** A packet-out: header and frame; what leaves at that instant. */
  packetOut(octets: Uint8Array, nowNs: bigint): Sent[] {
    must(this.#engine.setTime(nowNs));
    must(this.#engine.packetOut(octets));
    return this.run(nowNs);
  }

  /** What came up to the controller since it was last asked. */
  async heard(): Promise<Heard> {
    if (!this.#listening) {
      this.#engine.onMessage((message) => this.#messages.push(message));
      this.#listening = true;
    }
    const { packetIns, digests } = this.#engine.counters();
    while (this.#heard + BigInt(this.#messages.length) < packetIns + digests) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const messages = this.#messages.splice(0);
    this.#heard += BigInt(messages.length);
    return {
      packetIns: messages.flatMap((one) => (one.kind === 'packetIn' ? [packetIn(one.frame)] : [])),
      digests: messages.flatMap((one) =>
        one.kind === 'digest' ? [this.#digest(one.list, one.words)] : [],
      ),
    };
  }

  /** A port's place in the counters. */
  slot(port: number): number {
    const slot = this.#plan.ports.indexOf(port);
    if (slot < 0) throw new Error(`no port ${port}`);
    return slot;
  }

  /** Packets counted in a cell of one of the program's arrays. */
  counted(counter: string, index: number): bigint {
    return this.cells(counter, index, 1)[0] ?? 0n;
  }

  /** The same of several cells. */
  cells(counter: string, index: number, count: number): bigint[] {
    const found = this.#layout.counters.find((one) => lastName(one.name) === counter);
    if (found === undefined) throw new Error(`no counter ${counter}`);
    const cells = must(this.#engine.counterRead(found.index, index, count));
    return cells.map(({ packets }) => packets);
  }

  /** All cells of all arrays that are not zero, as `name[index]`. */
  counters(): Map<string, bigint> {
    const out = new Map<string, bigint>();
    for (const { name, size } of this.#layout.counters) {
      this.cells(lastName(name), 0, size).forEach((packets, index) => {
        if (packets !== 0n) out.set(`${lastName(name)}[${index}]`, packets);
      });
    }
    return out;
  }

  /** The engine's own counters of a port. */
  port(port: number) {
    return must(this.#engine.portCounters(port));
  }

  engine() {
    return this.#engine.counters();
  }

  close(): void {
    this.#engine.close();
  }

  #digest(list: number, words: BigUint64Array): Digest {
    const layout: DigestLayout | undefined = this.#layout.digests.find(
      ({ index }) => index === list,
    );
    if (layout === undefined) throw new Error(`no digest list ${list}`);
    const fields = layout.fields.map(({ name, word, shift, bitwidth }) => {
      const value = (words[word] ?? 0n) >> BigInt(shift);
      return [lastName(name), BigInt.asUintN(bitwidth, value)] as const;
    });
    return { name: lastName(layout.name), fields: Object.fromEntries(fields) };
  }
}

function packetIn(octets: Uint8Array): PacketIn {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const head = view.getUint16(0);
  return {
    ingressPort: head >> 7,
    reason: head & 0x7f,
    receiveTimeNs: view.getBigUint64(2),
    frame: Uint8Array.from(octets.subarray(PACKET_IN_OCTETS)),
  };
}

export interface PacketOutHead {
  readonly egressPort?: number;
  /** Not 0: to this multicast group instead. */
  readonly group?: number;
  readonly txEvent?: boolean;
  readonly stamp?: boolean;
}

/** A packet-out's octets: egress_port:9, group:16, tx_event:1, stamp:1, five of padding. */
export function packetOutOf(head: PacketOutHead, frame: Uint8Array): Uint8Array {
  const flags = (head.txEvent === true ? 0x40 : 0) | (head.stamp === true ? 0x20 : 0);
  const word = (BigInt(head.egressPort ?? 0) << 23n) | (BigInt(head.group ?? 0) << 7n);
  const out = new Uint8Array(4 + frame.length);
  new DataView(out.buffer).setUint32(0, Number(word | BigInt(flags)));
  out.set(frame, 4);
  return out;
}

/** The controller's own port, of a packet-out that comes straight back. */
export const CONTROLLER_PORT = CPU_PORT;

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
