/**
 * A clock of the simulated world: control-plane/ptp's instance as it is, on a counter of its own. The
 * node carries out the instance's effects as a dataplane and its runtime would: it stamps, sends, keeps
 * timers, and holds PTP time by what it was told with setClock alone.
 */
import {
  bigintOf,
  numberOf,
  addScaled,
  dataplaneTime,
  instant,
  nsOf,
  ppb,
  preciseUnits,
  splitPrecise,
  type DataplaneTime,
} from '#units/time';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { PtpInstance } from '#ptp/instance/instance';
import type {
  ClockReference,
  InstanceConfig,
  InstanceEffect,
  InstanceInput,
  InstanceStatus,
  PortConfig,
  StationAddress,
} from '#ptp/instance/instance-types';
import { LocalClock } from '#ptp/local-clock';
import { linkDelayInput } from '#ptp/measured-link';
import { ScheduledEvent } from './event-queue.js';
import { stationAddress, type Frame, type Station } from './link-types.js';
import { Oscillator, PERFECT, type OscillatorSpec } from './oscillator.js';
import { PEER_DELAY, PeerDelayEnd, type PeerDelaySpec } from './peer-delay-end.js';
import { EXACT_STAMPS, Timestamper, type TimestamperSpec } from './timestamper.js';
import { EPOCH_NS, type World } from './world.js';

export interface PtpNodeOptions {
  readonly config: InstanceConfig;
  readonly oscillator?: Partial<OscillatorSpec>;
  readonly timestamper?: Partial<TimestamperSpec>;
  /** How long a transmit stamp takes from the dataplane to the instance. */
  readonly stampReportNs?: number;
  /** Messages are encoded and decoded on their way, as on a wire: slower, and what does not fit is lost. */
  readonly overTheWire?: boolean;
  readonly onEffect?: (effect: InstanceEffect) => void;
  /** When a timer runs out that was to do so after `afterNs`: for clocks that are to send when others did. */
  readonly timerAfterNs?: (timer: string, afterNs: number, nowNs: number) => number;
  /** Of ports whose mechanism is peer-to-peer; what the port's configuration says, it says. */
  readonly peerDelay?: Partial<PeerDelaySpec>;
}

const STAMP_REPORT_NS = 50_000;

export class PtpNode implements Station {
  readonly name: string;
  readonly instance: PtpInstance;
  readonly #world: World;
  readonly #ports: readonly PortConfig[];
  readonly #stampReportNs: number;
  readonly #overTheWire: boolean;
  readonly #onEffect: PtpNodeOptions['onEffect'];
  readonly #peerDelay: PtpNodeOptions['peerDelay'];
  readonly #timerAfterNs: PtpNodeOptions['timerAfterNs'];
  readonly #identity: bigint;
  readonly #oscillator: Oscillator;
  readonly #timestamper: Timestamper;
  readonly #ways = new Map<number, (frame: Frame) => void>();
  readonly #addresses = new Map<number, StationAddress>();
  readonly #ends = new Map<number, PeerDelayEnd>();
  readonly #timers = new Map<string, ScheduledEvent>();
  /** What the dataplane was told last; its clock is made when it is asked. */
  #told: ClockReference | null = null;
  #clock: LocalClock | null = null;
  #isDead = false;

  constructor(world: World, name: string, options: PtpNodeOptions) {
    this.#world = world;
    this.name = name;
    this.#ports = options.config.ports;
    this.#stampReportNs = options.stampReportNs ?? STAMP_REPORT_NS;
    this.#overTheWire = options.overTheWire === true;
    this.#onEffect = options.onEffect;
    this.#peerDelay = options.peerDelay;
    this.#timerAfterNs = options.timerAfterNs;
    this.#identity = options.config.defaultDS.clockIdentity;
    const random = (what: string) => world.stream(`${name}: ${what}`);
    this.#oscillator = new Oscillator({ ...PERFECT, ...options.oscillator }, random('oscillator'));
    const stamps = { ...EXACT_STAMPS, ...options.timestamper };
    this.#timestamper = new Timestamper(stamps, this.#oscillator, random('timestamper'));
    const { uniform } = random('instance');
    this.instance = new PtpInstance(options.config, { random: uniform, now: world.now });
  }

  get status(): InstanceStatus {
    return this.instance.status(this.#world.now);
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** PTP time is set, wrong by so much, and the instance starts. */
  start(errorNs = 0): this {
    this.setTime(errorNs, 'start');
    this.feed({ kind: 'start' });
    for (const end of this.#ends.values()) end.start();
    return this;
  }

  /** A new epoch: PTP time is the true one and `errorNs`. On a grandmaster: its time jumps. */
  setTime(errorNs: number, why: string): void {
    const ptpTime = instant(EPOCH_NS + BigInt(this.#world.nowNs + Math.round(errorNs)));
    const reference = { localTime: this.counter, ptpTime, rate: ppb(0) };
    this.feed({ kind: 'newEpoch', reference, why });
  }

  /** Nothing goes in or out any more: it lost its power. */
  die(): void {
    this.#isDead = true;
    for (const end of this.#ends.values()) end.stop();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** The counter as it is, without a timestamper's errors. */
  get counter(): DataplaneTime {
    const { nowNs } = this.#world;
    return dataplaneTime(bigintOf(nowNs + Math.floor(this.#oscillator.errorNs(nowNs))));
  }

  /** A fault of the counter, of which nobody tells the instance. */
  jumpCounter(ns: number): void {
    this.#oscillator.jump(ns);
  }

  /** PTP time by what the dataplane was told, less the true one; not a number before it is told any. */
  get errorNs(): number {
    const clock = this.#dataplaneClock();
    if (clock === null) return Number.NaN;
    const { nowNs } = this.#world;
    const counterError = this.#oscillator.errorNs(nowNs);
    const units = preciseUnits(clock.ptpTimeAt(this.counter));
    const whole = Number(units - ((EPOCH_NS + BigInt(nowNs)) << 16n)) / 65_536;
    return whole + (counterError - Math.floor(counterError));
  }

  portState(port: number): string {
    const found = this.status.ports.find(({ portDS }) => portDS.portIdentity.portNumber === port);
    return found?.portDS.portState ?? 'none';
  }

  attach(port: number, send: (frame: Frame) => void): void {
    this.#ways.set(port, send);
    this.#addresses.set(port, stationAddress(this.#identity, port));
    const config = this.#ports.find(({ number }) => number === port);
    if (config?.delayMechanism === 'p2p') this.#ends.set(port, this.#peerDelayEnd(config));
  }

  linkChanged(port: number, isUp: boolean): void {
    this.feed({ kind: 'link', port, up: isUp });
    const end = this.#ends.get(port);
    if (isUp && !this.#isDead) end?.start();
    else end?.stop();
  }

  receive(port: number, { message, source }: Frame): void {
    const receiveTime = this.#timestamper.stamp(this.#world.nowNs, 'in');
    if (this.#isDead || this.#ends.get(port)?.receive(message, receiveTime) === true) return;
    this.feed({ kind: 'message', port, message: this.#arrived(message), receiveTime, source });
  }

  /** One input, and all that it leads to. */
  feed(input: InstanceInput): void {
    if (this.#isDead) return;
    for (const effect of this.instance.handle(input, this.#world.now)) {
      this.#onEffect?.(effect);
      this.#carryOut(effect);
    }
  }

  #peerDelayEnd(config: PortConfig): PeerDelayEnd {
    const { number: portNumber, ingressLatency, egressLatency, delayAsymmetry } = config;
    const terms = { ingressLatency, egressLatency, delayAsymmetry };
    return new PeerDelayEnd({
      world: this.#world,
      identity: { clockIdentity: this.#identity, portNumber },
      spec: {
        ...{ ...PEER_DELAY, ...terms, logInterval: config.logMinPdelayReqInterval },
        ...this.#peerDelay,
      },
      random: this.#world.stream(`${this.name} port ${portNumber}: peer delay`),
      stamp: () => this.#timestamper.stamp(this.#world.nowNs, 'out'),
      send: (message) => this.#send(portNumber, message),
      onStatus: (status) => this.feed(linkDelayInput(portNumber, status)),
    });
  }

  #dataplaneClock(): LocalClock | null {
    if (this.#clock === null && this.#told !== null) this.#clock = new LocalClock(this.#told);
    return this.#clock;
  }

  #arrived(message: PtpMessage): PtpMessage {
    if (!this.#overTheWire) return message;
    const decoded = decodeMessage(encodeMessage(message));
    if (!decoded.ok) throw new Error(`${this.name}: ${decoded.error.message}`);
    return decoded.value;
  }

  #carryOut(effect: InstanceEffect): void {
    switch (effect.kind) {
      case 'sendGeneral':
        this.#send(effect.port, effect.message);
        return;
      case 'sendEvent':
        this.#sendEvent(effect);
        return;
      case 'sendStamped':
        this.#send(effect.port, this.#stamped(effect.message));
        return;
      case 'setTimer':
        this.#setTimer(effect.timer, numberOf(nsOf(effect.after)));
        return;
      case 'cancelTimer':
        this.#cancelTimer(effect.timer);
        return;
      case 'setClock':
        this.#told = effect.reference;
        this.#clock = null;
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

  #send(port: number, message: PtpMessage): void {
    const source = this.#addresses.get(port);
    if (source !== undefined) this.#ways.get(port)?.({ message, source });
  }

  #sendEvent({ port, message, token }: Extract<InstanceEffect, { kind: 'sendEvent' }>): void {
    const time = this.#timestamper.stamp(this.#world.nowNs, 'out');
    this.#send(port, message);
    this.#world.after(this.#stampReportNs, () => this.feed({ kind: 'transmitTime', token, time }));
  }

  /** One-step: whole nanoseconds go into the timestamp, the fraction into the correction. */
  #stamped(message: PtpMessage): PtpMessage {
    const clock = this.#dataplaneClock();
    if (message.kind !== 'sync' || clock === null) {
      throw new Error(`${this.name}: a ${message.kind} cannot be stamped here`);
    }
    const time = clock.ptpTimeAt(this.#timestamper.stamp(this.#world.nowNs, 'out'));
    const { whole, fraction } = splitPrecise(time);
    const { header } = message;
    const correctionField = addScaled(header.correctionField, fraction);
    return { ...message, header: { ...header, correctionField }, originTimestamp: whole };
  }

  /** Most timers are set again as they run out, and the event of the first time serves for ever. */
  #setTimer(name: string, afterNs: number): void {
    let event = this.#timers.get(name);
    if (event === undefined) {
      event = new ScheduledEvent(() => this.#runTimer(name));
      this.#timers.set(name, event);
    }
    const asRecordedNs = this.#timerAfterNs?.(name, afterNs, this.#world.nowNs);
    this.#world.again(event, asRecordedNs ?? afterNs);
  }

  #runTimer(name: string): void {
    this.feed({ kind: 'timer', timer: name });
    if (this.#timers.get(name)?.isWaiting === false) this.#timers.delete(name);
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }
}
