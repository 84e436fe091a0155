/**
 * A transparent clock of the simulated world: our P4 program's semantics (model.ts) on a counter of its
 * own, with a pipeline that takes time and queues in front of its lines. Peer-to-peer ports measure their
 * links, and answer. A switch that knows nothing of PTP is one whose model is left out.
 */
import { dataplaneTime, type DataplaneTime } from '#units/time';
import type { MessageKind } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';
import { frameOctets } from '../channels.js';
import { EgressQueue, type EgressSpec } from '../egress-queue.js';
import { stationAddress, type Frame, type Station } from '../link-types.js';
import { Oscillator, PERFECT, type OscillatorSpec } from '../oscillator.js';
import { PEER_DELAY, PeerDelayEnd, type PeerDelaySpec } from '../peer-delay-end.js';
import { draw, NO_NOISE, type Distribution, type RandomStream } from '../random.js';
import { EXACT_STAMPS, Timestamper, type TimestamperSpec } from '../timestamper.js';
import type { World } from '../world.js';
import { PLAIN_PORT, TransparentModel, type Passage, type TransparentPort } from './model.js';

export interface TransparentNodeOptions {
  readonly oscillator?: Partial<OscillatorSpec>;
  readonly timestamper?: Partial<TimestamperSpec>;
  /** Of every port; those that differ are in `ports`. */
  readonly port?: Partial<TransparentPort>;
  readonly ports?: ReadonlyMap<number, Partial<TransparentPort>>;
  /** Of every frame at least: the pipeline. */
  readonly residenceNs?: number;
  /** What it waits beyond that; less than nothing is nothing. */
  readonly queueing?: Distribution;
  /** The line of every port; not given: frames take no time to be sent, and nothing is in their way. */
  readonly egress?: EgressSpec;
  /** Of the clock against the grandmaster's, taken out of residence (10.3); not given: nothing is. */
  readonly knownPpb?: number;
  /** Of peer-to-peer ports. */
  readonly peerDelay?: Partial<PeerDelaySpec>;
  readonly clockIdentity?: bigint;
  /** One-step frames get their time before they leave: by how much that is too early, each time. */
  readonly prediction?: Distribution;
  /** Frames are forwarded as they are: no transparent clock, a plain switch. */
  readonly isPlain?: boolean;
}

const RESIDENCE_NS = 10_000;
const EVENTS: ReadonlySet<MessageKind> = new Set(['sync', 'delayReq', 'pdelayReq', 'pdelayResp']);
/** Locally administered; the rest comes from the name. */
const IDENTITY = 0x0200_00ff_fe00_0000n;
const RATE_ONE = 2 ** 41;

interface Port {
  readonly send: (frame: Frame) => void;
  readonly queue: EgressQueue | null;
  readonly end: PeerDelayEnd | null;
}

export class TransparentNode implements Station {
  readonly name: string;
  readonly #world: World;
  readonly #options: TransparentNodeOptions;
  readonly #oscillator: Oscillator;
  readonly #timestamper: Timestamper;
  readonly #random: RandomStream;
  readonly #ownIdentity: bigint;
  readonly #specs = new Map<number, TransparentPort>();
  readonly #model: TransparentModel;
  readonly #ports = new Map<number, Port>();

  constructor(world: World, name: string, options: TransparentNodeOptions = {}) {
    this.#world = world;
    this.name = name;
    this.#options = options;
    this.#random = world.stream(`${name}: queues`);
    const named = world.stream(`${name}: identity`).uniform();
    this.#ownIdentity = IDENTITY | BigInt(Math.floor(named * 2 ** 24));
    this.#oscillator = new Oscillator(
      { ...PERFECT, ...options.oscillator },
      world.stream(`${name}: oscillator`),
    );
    this.#timestamper = new Timestamper(
      { ...EXACT_STAMPS, ...options.timestamper },
      this.#oscillator,
      world.stream(`${name}: timestamper`),
    );
    this.#model = new TransparentModel(this.#specs);
    this.#model.setRateOffset(Math.round((-(options.knownPpb ?? 0) / 1e9) * RATE_ONE));
  }

  /** What the clock's own semantics have counted. */
  get model(): TransparentModel {
    return this.#model;
  }

  /** Peer-to-peer ports begin to measure their links. */
  start(): this {
    for (const { end } of this.#ports.values()) end?.start();
    return this;
  }

  attach(port: number, send: (frame: Frame) => void): void {
    const { egress } = this.#options;
    const spec = { ...PLAIN_PORT, ...this.#options.port, ...this.#options.ports?.get(port) };
    this.#specs.set(port, spec);
    const stream = (what: string) => this.#world.stream(`${this.name} port ${port}: ${what}`);
    const queue = egress === undefined ? null : new EgressQueue(egress, stream('line'));
    const end = spec.mechanism === 'p2p' ? this.#peerDelayEnd(port, spec, send) : null;
    this.#ports.set(port, { send, queue, end });
  }

  linkChanged(port: number, isUp: boolean): void {
    // It has no states: frames are lost on the link itself. What was measured there holds no more.
    const end = this.#ports.get(port)?.end;
    if (isUp) end?.start();
    else end?.stop();
  }

  receive(port: number, frame: Frame): void {
    const { message } = frame;
    const isEvent = EVENTS.has(message.kind) && this.#options.isPlain !== true;
    const rxNs = isEvent ? this.#timestamper.stampNs(this.#world.nowNs, 'in') : this.#counterNs();
    const end = this.#ports.get(port)?.end ?? null;
    if (end?.receive(message, dataplaneTime(BigInt(rxNs))) === true) return;
    this.#model.passTime(rxNs);
    const passage = this.#passage(port, message, rxNs);
    if (passage === null) return;
    for (const [other, out] of this.#ports) {
      if (other === port) continue;
      this.#world.after(this.#residenceNs(), () => this.#queue(frame, passage, other, out));
    }
  }

  #passage(from: number, message: PtpMessage, rxNs: number): Passage | null {
    if (this.#options.isPlain !== true) return this.#model.receive(from, message, rxNs);
    return { message, from, rxNs, owed: undefined };
  }

  #queue(frame: Frame, passage: Passage, number: number, port: Port): void {
    const waitNs = port.queue?.waitNs(this.#world.nowNs, frameOctets(frame)) ?? 0;
    if (waitNs === 0) this.#leave(frame, passage, number, port);
    else this.#world.after(waitNs, () => this.#leave(frame, passage, number, port));
  }

  #leave(frame: Frame, passage: Passage, number: number, { send }: Port): void {
    if (this.#options.isPlain === true) {
      send(frame);
      return;
    }
    const isEvent = EVENTS.has(passage.message.kind);
    const stampNs = isEvent
      ? this.#timestamper.stampNs(this.#world.nowNs, 'out')
      : this.#counterNs();
    const isOneStep = isEvent && this.#specs.get(number)?.twoStep === false;
    const txNs = isOneStep ? stampNs - this.#earlyNs() : stampNs;
    for (const { message } of this.#model.leave(passage, number, txNs)) {
      send({ ...frame, message });
    }
  }

  #residenceNs(): number {
    const { residenceNs = RESIDENCE_NS, queueing = NO_NOISE } = this.#options;
    return residenceNs + Math.max(0, draw(queueing, this.#random));
  }

  #earlyNs(): number {
    return Math.round(draw(this.#options.prediction ?? NO_NOISE, this.#random));
  }

  /** The counter as it is, without a timestamper's errors. */
  #counterNs(): number {
    const { nowNs } = this.#world;
    return nowNs + Math.floor(this.#oscillator.errorNs(nowNs));
  }

  #stamp(): DataplaneTime {
    return this.#timestamper.stamp(this.#world.nowNs, 'out');
  }

  #peerDelayEnd(port: number, spec: TransparentPort, send: (frame: Frame) => void): PeerDelayEnd {
    const clockIdentity = this.#options.clockIdentity ?? this.#ownIdentity;
    const { peerDelay } = this.#options;
    const { ingressLatency, egressLatency, delayAsymmetry } = spec;
    const source = stationAddress(clockIdentity, port);
    return new PeerDelayEnd({
      world: this.#world,
      identity: { clockIdentity, portNumber: port },
      spec: { ...PEER_DELAY, ingressLatency, egressLatency, delayAsymmetry, ...peerDelay },
      random: this.#world.stream(`${this.name} port ${port}: peer delay`),
      stamp: () => this.#stamp(),
      send: (message) => send({ message, source }),
      onStatus: ({ meanLinkDelay }) => this.#model.setMeanLinkDelay(port, meanLinkDelay),
    });
  }
}
