/**
 * The packet engine as TypeScript sees it: one object that owns one `struct tp_engine`. Calls are
 * short and synchronous (the packet loop runs on a thread of its own); an expected failure is a
 * result with a code and a message for the operator.
 */
import { Socket } from 'node:net';
import {
  ENGINE_COUNTERS,
  PORT_COUNTERS,
  type EngineCounters,
  type PortCounters,
} from './counters.js';
import { LOG_READ_WORDS, logRecords, type LogRecord } from './log-records.js';
import { MessageDecoder, type EngineMessage } from './messages.js';
import { oscillatorLine, OSCILLATOR_LINE_WORDS, type OscillatorLine } from './oscillator.js';
import type { OscillatorOptions } from './oscillator.js';
import {
  LINK_SETTING_COUNT,
  linkFacts,
  linkSettings,
  linkSettingWords,
  PORT_IO,
  PORT_STAMPS,
  type LinkFacts,
  type LinkOptions,
  type LinkSettings,
  type PortIo,
  type PortStamps,
  type SettledLink,
} from './link.js';
import { loadNative, type EnginePointer, type NativeFunctions } from './native.js';
import { defaultLibrary } from './paths.js';
import { capabilityNames, capabilitySet, type Capability } from './privileges.js';
import { PipelineState } from './pipeline-state.js';
import {
  defaultMessage,
  errorCodeOf,
  fail,
  succeed,
  type EngineErrorCode,
  type EngineResult,
} from './result.js';

export interface EngineOptions {
  /** Default: what `npm run build` made. */
  readonly library?: string;
  /** `virtual`: stepped by the caller; memory ports only. Default `system`. */
  readonly clock?: 'system' | 'virtual';
  /** Frames for it come up as packet-ins. Default 510. */
  readonly cpuPort?: number;
  /** Packet buffers; default 8192. */
  readonly packetCount?: number;
  /** Octets; default 9216. */
  readonly maxFrame?: number;
  /** Of the program's random numbers; default 1. */
  readonly randomSeed?: bigint;
  /** Of the tables' hashes, where a run is to be repeated exactly; default one drawn by chance, so that
   * nobody who sends frames can choose keys that share a slot. */
  readonly hashSeed?: bigint;
  /** Packet loops, each on a thread of its own; 1 to 16, default 1. */
  readonly threads?: number;
}

export interface QueueOptions {
  /** Bits a second; 0n: not shaped. */
  readonly rateBps: bigint;
  /** Added to each frame for the rate: 24 on a wire (FCS, preamble, gap). */
  readonly overheadOctets: number;
  /** Of each priority; 0: 256 KiB. */
  readonly boundOctets: number;
  /** 1 to 8. */
  readonly priorityCount: number;
}

/** How a packet loop's thread runs. */
export interface LoopOptions {
  /** Which; default 0. */
  readonly thread?: number;
  /**
   * `normal`: before most other threads where that is permitted. `realtime`: before every ordinary
   * thread, which needs CAP_SYS_NICE; it rests for 10 µs after about 130 µs of work.
   */
  readonly priority: 'normal' | 'realtime';
  /** The loop has it, and all threads of this process that have none the others; null: any. */
  readonly processor: number | null;
}

/** From the engine's reading of the clock to the kernel's transmit stamp, over the last 256 stamps. */
export interface TxLatency {
  /** What was compensated for the last frame. */
  readonly appliedNs: bigint;
  /** Stamps learned from in all. */
  readonly samples: bigint;
  readonly p50Ns: bigint;
  readonly p99Ns: bigint;
  readonly maxNs: bigint;
  /** How far the stamps were from what was compensated. */
  readonly missedP50Ns: bigint;
  readonly missedP99Ns: bigint;
}

export interface SentFrame {
  readonly frame: Uint8Array;
  readonly txTimeNs: bigint;
}

const CPU_PORT_DEFAULT = 510;
const MAX_FRAME_DEFAULT = 9216;
/** More than either array of counters has, so that a library of another version cannot overrun. */
const COUNTER_ROOM = 64;
const REMARK_OCTETS = 256;
const NO_TIME = 0xffff_ffff_ffff_ffffn;

function named<N extends string>(names: readonly N[], values: BigUint64Array): Record<N, bigint> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? 0n])) as Record<N, bigint>;
}

const LOOP_MESSAGES: Partial<Readonly<Record<EngineErrorCode, string>>> = {
  NO_PERMISSION: 'no permission to run the packet loop at real-time priority',
  OUT_OF_RANGE: 'the packet loop’s processor is not one that this process may use',
};

function interfaceMessage(code: string, name: string, detail: string): string {
  switch (code) {
    case 'NO_SUCH_INTERFACE':
      return `there is no interface ${name} in this network namespace: ip link lists those that are`;
    case 'NO_PERMISSION':
      return (
        `no permission to open interface ${name}: it needs CAP_NET_RAW. Run as root, or inside ` +
        'a user and network namespace of your own (unshare -Urn)'
      );
    default:
      return detail;
  }
}

/** See the file's comment. Implements what the P4Runtime server asks of an engine. */
export class Engine extends PipelineState {
  readonly #maxFrame: number;
  readonly #logWords = new BigUint64Array(LOG_READ_WORDS);
  readonly #socket: Socket;
  readonly #listeners: ((message: EngineMessage) => void)[] = [];
  readonly #loadListeners: (() => void)[] = [];

  private constructor(
    native: NativeFunctions,
    pointer: EnginePointer,
    socket: Socket,
    maxFrame: number,
  ) {
    super(native, pointer);
    this.#socket = socket;
    this.#maxFrame = maxFrame;
    const decoder = new MessageDecoder();
    socket.on('data', (chunk: Buffer) => {
      for (const message of decoder.push(chunk)) {
        for (const listener of this.#listeners) listener(message);
      }
    });
    socket.on('error', () => undefined); /* the engine closed its end: close() is under way */
    socket.pause();
  }

  /** Makes an engine without ports and pipeline. Errors: SYSTEM, NO_MEMORY, OUT_OF_RANGE. */
  static open(options: EngineOptions = {}): EngineResult<Engine> {
    const library = loadNative(options.library ?? defaultLibrary);
    if (!library.ok) return library;
    const native = library.value;
    const pair = new Int32Array(2);
    if (native.tp_message_pair(pair) < 0) {
      return fail('SYSTEM', 'no socket pair for messages: too many open files?');
    }
    const socket = new Socket({ fd: pair[1] ?? -1, readable: true, writable: false });
    const maxFrame = options.maxFrame ?? MAX_FRAME_DEFAULT;
    const out: [EnginePointer | null] = [null];
    const returned = native.tp_engine_create(
      {
        clock: options.clock === 'virtual' ? 1 : 0,
        cpu_port: options.cpuPort ?? CPU_PORT_DEFAULT,
        message_fd: pair[0] ?? -1,
        packet_count: options.packetCount ?? 0,
        max_frame: maxFrame,
        threads: options.threads ?? 1,
        random_seed: options.randomSeed ?? 1n,
        hash_seed: options.hashSeed ?? 0n,
      },
      out,
    );
    const [pointer] = out;
    if (returned < 0 || pointer === null) {
      socket.destroy();
      const code = errorCodeOf(returned);
      return fail(code, `the packet engine cannot be made: ${defaultMessage(code)}`);
    }
    const engine = new Engine(native, pointer, socket, maxFrame);
    engine.#checkCounters();
    return succeed(engine);
  }

  /** Stops the loop, closes all ports, gives everything back. Further calls are a bug. */
  close(): void {
    this.destroy();
    this.#socket.destroy();
  }

  /** Messages come from now on; before the first listener they wait. */
  onMessage(listener: (message: EngineMessage) => void): void {
    this.#listeners.push(listener);
    this.#socket.resume();
  }

  /* --- pipeline and loop --- */

  /** Loads a compiled pipeline; the old one's state is gone. On failure the old one stays. */
  load(sharedObject: string): EngineResult<void> {
    for (const listener of this.#loadListeners) listener();
    return this.result(this.native.tp_engine_load(this.engine, sharedObject));
  }

  /** Told before another pipeline is loaded: the last chance to read what the old one logged. */
  beforeLoad(listener: () => void): void {
    this.#loadListeners.push(listener);
  }

  /** What `act` does is one change as traffic sees it: the packet loop handles no frame meanwhile,
   * and frames wait in the ports' rings. Keep it short, and do not nest it. */
  held<T>(act: () => T): T {
    if (this.native.tp_engine_hold(this.engine) < 0) throw new Error('the engine is held');
    try {
      return act();
    } finally {
      this.native.tp_engine_resume(this.engine);
    }
  }

  /** Before `start`. BAD_STATE: the loop runs; OUT_OF_RANGE: no such number. */
  setLoop({ thread = 0, priority, processor }: LoopOptions): EngineResult<void> {
    const wanted = priority === 'realtime' ? 1 : 0;
    const returned = this.native.tp_engine_set_loop(this.engine, thread, wanted, processor ?? -1);
    return this.result(returned);
  }

  /** The packet loops, each on a thread of its own. BAD_STATE: it runs, or the clock is virtual;
   * NO_PERMISSION: to be a real-time thread; OUT_OF_RANGE: not a processor of this process. */
  start(): EngineResult<void> {
    const returned = this.native.tp_engine_start(this.engine);
    if (returned >= 0) return succeed(undefined);
    const code = errorCodeOf(returned);
    return fail(code, LOOP_MESSAGES[code] ?? this.explain(code));
  }

  stop(): EngineResult<void> {
    return this.result(this.native.tp_engine_stop(this.engine));
  }

  /** One round on this thread; how many frames it handled. BAD_STATE: the loop runs. */
  step(): EngineResult<number> {
    return this.count(this.native.tp_engine_step(this.engine));
  }

  /** Sets a virtual clock. BAD_STATE: the clock is the system's. */
  setTime(nowNs: bigint): EngineResult<void> {
    return this.result(this.native.tp_engine_set_time(this.engine, nowNs));
  }

  /** The dataplane's clock, ns. */
  now(): bigint {
    return BigInt(this.native.tp_engine_now(this.engine));
  }

  /** When the next frame that waits in a queue may leave, ns; null: none waits. */
  nextTime(): bigint | null {
    const next = BigInt(this.native.tp_engine_next_time(this.engine));
    return next === NO_TIME ? null : next;
  }

  /** Gives the dataplane's clock an oscillator of its own, from now on. BAD_STATE: there are ports
   * already; OUT_OF_RANGE: beyond 1000 ppm, or time before 1970. */
  setOscillator({ offsetNs, rateOffset, wander, seed }: OscillatorOptions): EngineResult<void> {
    return this.result(
      this.native.tp_engine_set_oscillator(this.engine, offsetNs, rateOffset, wander, seed),
    );
  }

  /** The lines that the oscillator's time is made of, from index `first` on; of older ones than the
   * last 256 nothing is kept. NOT_FOUND: there is no oscillator. */
  oscillatorLines(first: bigint, count = 256): EngineResult<OscillatorLine[]> {
    const words = new BigUint64Array(count * OSCILLATOR_LINE_WORDS);
    const read = this.native.tp_engine_oscillator_lines(this.engine, first, count, words);
    if (read < 0) return this.failure(read);
    return succeed(Array.from({ length: read }, (_, line) => oscillatorLine(words, line)));
  }

  /** A frame from the control plane enters ingress from the CPU port. */
  packetOut(frame: Uint8Array): EngineResult<void> {
    return this.result(this.native.tp_packet_out(this.engine, frame, frame.length));
  }

  counters(): EngineCounters {
    const values = new BigUint64Array(COUNTER_ROOM);
    this.native.tp_engine_counters(this.engine, values);
    return named(ENGINE_COUNTERS, values);
  }

  /** What the program logged since the last call, as far as the packet loops had room for it; the
   * rest is counted. Empty: nothing is left. Does not wait for the loops. */
  readLog(): LogRecord[] {
    const count = this.native.tp_engine_read_log(this.engine, this.#logWords, LOG_READ_WORDS);
    return logRecords(this.#logWords, count);
  }

  /* --- ports --- */

  /** A port on a Linux interface. Errors: NO_SUCH_INTERFACE, NO_PERMISSION, PORT_IN_USE,
   * OUT_OF_RANGE, BAD_STATE (virtual clock), SYSTEM. */
  addPacketPort(
    port: number,
    interfaceName: string,
    { io = 'auto', hasHardwareStamps = false }: LinkOptions = {},
  ): EngineResult<void> {
    const returned = this.native.tp_port_add_link(
      this.engine,
      port,
      interfaceName,
      PORT_IO.indexOf(io),
      hasHardwareStamps ? 1 : 0,
    );
    if (returned >= 0) return succeed(undefined);
    const code = errorCodeOf(returned);
    return fail(code, interfaceMessage(code, interfaceName, this.explain(code)));
  }

  /**
   * Makes an interface fit to be a port: offloads that merge frames off, the card's stamps on as
   * asked for. Errors: NO_SUCH_INTERFACE; SYSTEM: hardware stamps are asked for and cannot be had.
   */
  settleLink(interfaceName: string, io: PortIo, stamps: PortStamps): EngineResult<SettledLink> {
    const before = new BigUint64Array(LINK_SETTING_COUNT);
    const remark = new Uint8Array(REMARK_OCTETS);
    const returned = this.native.tp_link_settle(
      interfaceName,
      PORT_IO.indexOf(io),
      PORT_STAMPS.indexOf(stamps),
      before,
      remark,
      REMARK_OCTETS,
    );
    const text = Buffer.from(remark).toString('utf8', 0, remark.indexOf(0));
    if (returned < 0) {
      const code = errorCodeOf(returned);
      return fail(code, interfaceMessage(code, interfaceName, `${interfaceName}: ${text}`));
    }
    return succeed({
      hasHardwareStamps: returned === 1,
      before: linkSettings(before),
      remark: text,
    });
  }

  /** Gives an interface back what settleLink took. NO_SUCH_INTERFACE: it is gone, or another one;
   * SYSTEM: the kernel refused. */
  restoreLink(interfaceName: string, before: LinkSettings): EngineResult<void> {
    const returned = this.native.tp_link_restore(interfaceName, linkSettingWords(before));
    if (returned >= 0) return succeed(undefined);
    const code = errorCodeOf(returned);
    const detail = `the settings of interface ${interfaceName} could not be restored`;
    return fail(code, interfaceMessage(code, interfaceName, detail));
  }

  /** A port in memory: see inject and take. */
  addMemoryPort(port: number): EngineResult<void> {
    return this.result(this.native.tp_port_add_memory(this.engine, port));
  }

  removePort(port: number): EngineResult<void> {
    return this.result(this.native.tp_port_remove(this.engine, port));
  }

  /**
   * Gives a port to another packet loop. New ports go to the loop with the fewest, of those to the
   * first. NO_SUCH_PORT, OUT_OF_RANGE.
   */
  setThread(port: number, thread: number): EngineResult<void> {
    return this.result(this.native.tp_port_set_thread(this.engine, port, thread));
  }

  /** The packet loop that a port belongs to. NO_SUCH_PORT. */
  threadOf(port: number): EngineResult<number> {
    return this.count(this.native.tp_port_thread(this.engine, port));
  }

  setQueue(port: number, queue: QueueOptions): EngineResult<void> {
    return this.result(
      this.native.tp_port_set_queue(
        this.engine,
        port,
        queue.rateBps,
        queue.overheadOctets,
        queue.boundOctets,
        queue.priorityCount,
      ),
    );
  }

  portCounters(port: number): EngineResult<PortCounters> {
    const values = new BigUint64Array(COUNTER_ROOM);
    const returned = this.native.tp_port_counters(this.engine, port, values);
    return returned < 0 ? this.failure(returned) : succeed(named(PORT_COUNTERS, values));
  }

  /** Capabilities that this process can use or take up again, in any of its threads. */
  privileges(): string[] {
    return capabilityNames(BigInt(this.native.tp_privileges_held()));
  }

  /** Gives up all other capabilities, for good. For when all ports are open and the loop runs.
   * SYSTEM: some threads still hold more. */
  keepPrivileges(kept: readonly Capability[]): EngineResult<void> {
    return this.result(this.native.tp_engine_keep_privileges(this.engine, capabilitySet(kept)));
  }

  /** NO_SUCH_PORT: not one on a Linux interface. */
  linkFacts(port: number): EngineResult<LinkFacts> {
    const values = new BigUint64Array(COUNTER_ROOM);
    const returned = this.native.tp_port_link_facts(this.engine, port, values);
    return returned < 0 ? this.failure(returned) : succeed(linkFacts(values));
  }

  txLatency(port: number): EngineResult<TxLatency> {
    const values = new BigInt64Array(5);
    const misses = new BigInt64Array(2);
    const returned = this.native.tp_port_tx_latency(this.engine, port, values);
    if (returned < 0) return this.failure(returned);
    this.native.tp_port_tx_misses(this.engine, port, misses);
    const [appliedNs = 0n, samples = 0n, p50Ns = 0n, p99Ns = 0n, maxNs = 0n] = values;
    const [missedP50Ns = 0n, missedP99Ns = 0n] = misses;
    return succeed({ appliedNs, samples, p50Ns, p99Ns, maxNs, missedP50Ns, missedP99Ns });
  }

  /** Fixes the compensation, ns; null lets it be learned again. */
  setTxLatency(port: number, latencyNs: bigint | null): EngineResult<void> {
    return this.result(this.native.tp_port_set_tx_latency(this.engine, port, latencyNs ?? -1n));
  }

  /** A memory port's transmit stamps come so many ns after the frame; null: never. */
  setStampDelay(port: number, delayNs: bigint | null): EngineResult<void> {
    const delay = delayNs ?? NO_TIME;
    return this.result(this.native.tp_port_set_stamp_delay(this.engine, port, delay));
  }

  /** A memory port's link goes down or comes back; what is sent meanwhile is dropped. */
  setLink(port: number, isUp: boolean): EngineResult<void> {
    return this.result(this.native.tp_port_set_link(this.engine, port, isUp ? 1 : 0));
  }

  /** A frame arrives at a memory port at `rxTimeNs` (default: now). */
  inject(port: number, frame: Uint8Array, rxTimeNs = 0n): EngineResult<void> {
    return this.result(
      this.native.tp_port_inject(this.engine, port, frame, frame.length, rxTimeNs),
    );
  }

  /** The oldest frame that a memory port sent; NOT_FOUND: there is none. */
  take(port: number): EngineResult<SentFrame> {
    const frame = new Uint8Array(this.#maxFrame + 256);
    const txTime = new BigUint64Array(1);
    const returned = this.native.tp_port_take(this.engine, port, frame, frame.length, txTime);
    if (returned < 0) return this.failure(returned);
    return succeed({ frame: frame.slice(0, returned), txTimeNs: txTime[0] ?? 0n });
  }

  /* --- inside --- */

  #checkCounters(): void {
    const count = this.native.tp_engine_counters(this.engine, new BigUint64Array(COUNTER_ROOM));
    if (count !== ENGINE_COUNTERS.length) {
      throw new Error(`the engine has ${count} counters, not ${ENGINE_COUNTERS.length}`);
    }
  }
}
