/**
 * A network of instances in one process: each has a counter of its own (offset, ppm), links have a
 * delay in each direction, and time is a number. Deterministic: the same seed, the same run.
 */
import { macAddress } from '#units/identity';
import {
  dataplaneTime,
  instant,
  nsOf,
  ppb,
  preciseUnits,
  type DataplaneTime,
  type Instant,
} from '#units/time';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { PtpInstance } from '#ptp/instance/instance';
import type {
  ClockReference,
  InstanceConfig,
  InstanceEffect,
  InstanceInput,
  InstanceStatus,
  StationAddress,
} from '#ptp/instance/instance-types';
import { World } from '#lab/sim/world';
import { LocalClock } from '#ptp/local-clock';

export interface Oscillator {
  readonly offsetNs: bigint;
  readonly ppm: number;
}

interface Link {
  readonly a: readonly [VirtualNode, number];
  readonly b: readonly [VirtualNode, number];
  readonly abNs: bigint;
  readonly baNs: bigint;
  up: boolean;
}

/** Mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time of the world begins here: that of every perfect clock. */
const EPOCH_NS = 1_700_000_000_000_000_000n;

export class VirtualNetwork {
  readonly random: () => number;
  readonly #world: World;
  readonly #links: Link[] = [];
  /** What goes over every link, for assertions. */
  readonly frames: {
    readonly from: VirtualNode;
    readonly port: number;
    readonly message: PtpMessage;
  }[] = [];
  /** True: the message is lost. */
  loses: (message: PtpMessage) => boolean = () => false;
  /** Added to a message's way. */
  jitterNs: (message: PtpMessage) => bigint = () => 0n;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    this.#world = new World({ seed });
  }

  get timeNs(): bigint {
    return BigInt(this.#world.nowNs);
  }

  get now(): Instant {
    return this.#world.now;
  }

  node(name: string, config: InstanceConfig, oscillator: Partial<Oscillator> = {}): VirtualNode {
    return new VirtualNode(this, name, config, { offsetNs: 0n, ppm: 0, ...oscillator });
  }

  link(
    a: readonly [VirtualNode, number],
    b: readonly [VirtualNode, number],
    abNs = 1_000n,
    baNs = abNs,
  ): Link {
    const link = { a, b, abNs, baNs, up: true };
    this.#links.push(link);
    return link;
  }

  setLink(link: Link, up: boolean): void {
    link.up = up;
    for (const [node, port] of [link.a, link.b]) node.feed({ kind: 'link', port, up });
  }

  at(delayNs: bigint, run: () => void): void {
    this.#world.after(Number(delayNs), run);
  }

  run(seconds: number): void {
    this.#world.run(seconds);
  }

  /** Runs until `condition` holds: the seconds it took, or null if it did not within `limit`. */
  runUntil(condition: () => boolean, limit: number, step = 0.01): number | null {
    return this.#world.runUntil(condition, limit, step);
  }

  send(node: VirtualNode, port: number, message: PtpMessage): void {
    this.frames.push({ from: node, port, message });
    if (this.loses(message)) return;
    for (const { a, b, abNs, baNs, up } of this.#links) {
      if (!up) continue;
      const jitter = this.jitterNs(message);
      if (a[0] === node && a[1] === port) this.#carry(b, abNs + jitter, message, node, port);
      if (b[0] === node && b[1] === port) this.#carry(a, baNs + jitter, message, node, port);
    }
  }

  #carry(
    to: readonly [VirtualNode, number],
    delayNs: bigint,
    message: PtpMessage,
    from: VirtualNode,
    fromPort: number,
  ): void {
    const source = from.addressOf(fromPort);
    this.at(delayNs, () => to[0].hear(to[1], message, source));
  }
}

export class VirtualNode {
  readonly #network: VirtualNetwork;
  readonly name: string;
  readonly #oscillator: Oscillator;
  readonly instance: PtpInstance;
  readonly #number: number;
  /** As the dataplane has it, from the effects alone. */
  #reference: ClockReference | null = null;
  readonly #timers = new Map<string, object>();
  readonly effects: { readonly timeNs: bigint; readonly effect: InstanceEffect }[] = [];
  isDead = false;
  static #count = 0;

  constructor(
    network: VirtualNetwork,
    name: string,
    config: InstanceConfig,
    oscillator: Oscillator,
  ) {
    this.#network = network;
    this.name = name;
    this.#oscillator = oscillator;
    this.#number = VirtualNode.#count++ % 200;
    this.instance = new PtpInstance(config, { random: network.random, now: network.now });
  }

  get status(): InstanceStatus {
    return this.instance.status(this.#network.now);
  }

  /** Sets PTP time, wrong by so much, and starts. */
  start(errorNs = 0n): this {
    this.feed({
      kind: 'newEpoch',
      reference: {
        localTime: this.localTime,
        ptpTime: instant(EPOCH_NS + this.#network.timeNs + errorNs),
        rate: ppb(0),
      },
      why: 'test',
    });
    this.feed({ kind: 'start' });
    return this;
  }

  state(port: number): string {
    return (
      this.status.ports.find((one) => one.portDS.portIdentity.portNumber === port)?.portDS
        .portState ?? 'none'
    );
  }

  /** The counter, now: whole nanoseconds. */
  get localTime(): DataplaneTime {
    const { offsetNs, ppm } = this.#oscillator;
    const passed = this.#network.timeNs;
    return dataplaneTime(offsetNs + passed + BigInt(Math.round((Number(passed) * ppm) / 1e6)));
  }

  /** PTP time by what the dataplane was told, against the truth; nanoseconds. */
  get errorNs(): number {
    if (this.#reference === null) return Number.NaN;
    const units = preciseUnits(new LocalClock(this.#reference).ptpTimeAt(this.localTime));
    return Number(units - ((EPOCH_NS + this.#network.timeNs) << 16n)) / 65536;
  }

  addressOf(port: number): StationAddress {
    const octets = [0x02, 0, 0, 0, this.#number, port];
    const text = octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    return { transport: 'ethernet', mac: macAddress(text), ip: null };
  }

  hear(port: number, message: PtpMessage, source: StationAddress): void {
    // Over the wire, so that what does not fit into octets is lost here too.
    const decoded = decodeMessage(encodeMessage(message));
    if (!decoded.ok) throw new Error(decoded.error.message);
    this.feed({
      kind: 'message',
      port,
      message: decoded.value,
      receiveTime: this.localTime,
      source,
    });
  }

  feed(input: InstanceInput): void {
    if (this.isDead) return;
    for (const effect of this.instance.handle(input, this.#network.now)) this.#carryOut(effect);
  }

  #carryOut(effect: InstanceEffect): void {
    this.effects.push({ timeNs: this.#network.timeNs, effect });
    switch (effect.kind) {
      case 'sendGeneral':
        this.#network.send(this, effect.port, effect.message);
        return;
      case 'sendEvent': {
        const time = this.localTime;
        const { token } = effect;
        this.#network.send(this, effect.port, effect.message);
        this.#network.at(50_000n, () => this.feed({ kind: 'transmitTime', token, time }));
        return;
      }
      case 'sendStamped':
        this.#network.send(this, effect.port, this.#stamped(effect.message));
        return;
      case 'setTimer':
        this.#setTimer(effect.timer, nsOf(effect.after));
        return;
      case 'cancelTimer':
        this.#timers.delete(effect.timer);
        return;
      case 'setClock':
        this.#reference = effect.reference;
        return;
      case 'delayResponder':
      case 'portState':
      case 'lockState':
      case 'parent':
      case 'timeProperties':
      case 'alarm':
      case 'synchronized':
        return;
    }
  }

  #stamped(message: PtpMessage): PtpMessage {
    if (message.kind !== 'sync' || this.#reference === null) throw new Error('not to be stamped');
    const units = preciseUnits(new LocalClock(this.#reference).ptpTimeAt(this.localTime));
    return { ...message, originTimestamp: instant(units >> 16n) };
  }

  #setTimer(name: string, afterNs: bigint): void {
    const mark = {};
    this.#timers.set(name, mark);
    this.#network.at(afterNs, () => {
      if (this.#timers.get(name) !== mark) return;
      this.#timers.delete(name);
      this.feed({ kind: 'timer', timer: name });
    });
  }
}
