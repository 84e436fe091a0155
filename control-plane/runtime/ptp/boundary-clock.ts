/**
 * The boundary clock: a PTP instance with its surroundings. Packet-ins, transmit times, timers, links
 * and peer delay go in; what comes out is sent, written to the dataplane and told. One input goes in,
 * all its effects are carried out in their order, then the next.
 */
import type { Logger } from 'pino';
import { delayResponderEntry } from '#dataplane/clock-entries';
import type { BoundarySettings, PortSettings, SwitchSettings } from '#dataplane/settings';
import { buildTableEntry, type Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { modify, remove, type Update } from '#p4rt/reconcile';
import type {
  Destination,
  InstanceConfig,
  InstanceEffect,
  InstanceInput,
  InstanceStatus,
} from '#ptp/instance/instance-types';
import { changedConfig } from '#ptp/management-config';
import type { InstanceChange } from '#ptp/management-types';
import { macBits, portValue, type MacAddress } from '#units/identity';
import type { Instant, LogInterval, Nanoseconds } from '#units/time';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import { decodeMessage, type PtpMessage } from '#wire/ptp-message';
import { boundaryFrame, leftOut, sourceOfFrame, type PortAddressing } from './boundary-frames.js';
import type { ToldEffect } from './boundary-log.js';
import type { RaisedAlarm } from './boundary-status.js';
import { ptpClock, type ClockReference } from './entries.js';
import { UNKNOWN_MAC } from './neighbors.js';
import type { PacketIo, ReceivedMessage, ReceivedPacket } from './packet-io.js';
import { TickScale } from './tick-scale.js';
import type { Timers } from './timers.js';

/** `PtpInstance`, as far as it is used here. */
export interface Instance {
  readonly handle: (input: InstanceInput, now: Instant) => readonly InstanceEffect[];
  readonly status: (now: Instant) => InstanceStatus;
}

export interface BoundaryClockOptions {
  readonly settings: SwitchSettings;
  readonly boundary: BoundarySettings;
  readonly index: P4InfoIndex;
  readonly timestampResolution: Nanoseconds;
  readonly packets: PacketIo;
  /** Of a station on the port's link; null: not known yet. */
  readonly macOf: (port: number, ip: Uint8Array) => MacAddress | null;
  readonly timers: Timers;
  /** A clock that never steps back. */
  readonly now: () => Instant;
  readonly createInstance: (config: InstanceConfig) => Instance;
  /** An entry is another now; `now`: others wait for it. */
  readonly onUpdate: (update: Update, urgency: 'now' | 'soon') => void;
  readonly events: { readonly tell: (effect: ToldEffect) => void };
  readonly log: Logger;
}

const MESSAGE_TYPES = 16;

export class BoundaryClock {
  readonly #options: BoundaryClockOptions;
  readonly #instance: Instance;
  readonly #ticks: TickScale;
  readonly #ports = new Map<number, PortAddressing>();
  readonly #inputs: InstanceInput[] = [];
  readonly #timers = new Map<string, () => void>();
  /** By port number. */
  readonly #responders = new Map<number, LogInterval>();
  /** Messages sent, by port number and messageType. */
  readonly #sent = new Map<number, bigint[]>();
  readonly #alarms = new Map<string, RaisedAlarm>();
  #settings: SwitchSettings;
  #boundary: BoundarySettings;
  #reference: ClockReference | null = null;
  #isBegun = false;

  constructor(options: BoundaryClockOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#boundary = options.boundary;
    this.#ticks = new TickScale(options.timestampResolution);
    this.#instance = options.createInstance(options.boundary.instance);
    this.#addressPorts();
  }

  /** PTP time is there now: begins, or goes on in a new epoch of the counter. */
  begin(reference: ClockReference, why: string): void {
    this.#apply({ kind: 'newEpoch', reference: this.#ticks.referenceOf(reference), why });
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#apply({ kind: 'start' });
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Elects, sends and answers no more. */
  stop(): void {
    if (this.#isBegun) this.#apply({ kind: 'stop' });
    this.#isBegun = false;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** Goes on with other settings, as far as the instance can. */
  configure(settings: SwitchSettings, boundary: BoundarySettings): void {
    this.#settings = settings;
    this.#boundary = boundary;
    this.#addressPorts();
    this.#apply({ kind: 'configure', config: boundary.instance });
  }

  /** What a management client changed: until the configuration is read anew. */
  change(change: InstanceChange): void {
    const instance = changedConfig(this.#boundary.instance, change);
    this.configure(this.#settings, { ...this.#boundary, instance });
  }

  /** A management message for others, to the port's group. False: it was not sent. */
  passOn(port: number, message: Uint8Array): boolean {
    const decoded = decodeMessage(message);
    if (!decoded.ok) return false;
    const frame = this.#frame(port, decoded.value, 'group');
    return frame !== null && this.#options.packets.send(port, frame);
  }

  /** Whether the Sync of a port are followed by their times. */
  isTwoStep(port: number): boolean {
    return this.#boundary.instance.ports.some(
      ({ number, step }) => number === port && step === 'two',
    );
  }

  /** By messageType, 16 of them: what the dataplane does not count. */
  sent(port: number): readonly bigint[] {
    return this.#sent.get(port) ?? Array.from({ length: MESSAGE_TYPES }, () => 0n);
  }

  #addressPorts(): void {
    this.#ports.clear();
    for (const port of this.#settings.ports) {
      const number = portValue(port.number);
      const sending = this.#boundary.ports.get(number);
      if (sending !== undefined) this.#ports.set(number, { own: port.address, sending });
    }
  }

  /** Whether messages of this port are the instance's. */
  has(port: number): boolean {
    return this.#ports.has(port);
  }

  /** The counter was read: all bits of it. */
  observe(counterNs: bigint): void {
    this.#ticks.observe(counterNs);
  }

  /** A PTP message that came in by one of the ports. */
  receive(packet: ReceivedPacket, { frame, message }: ReceivedMessage): void {
    const addressing = this.#ports.get(packet.port);
    if (addressing === undefined) return;
    this.#ticks.observe(packet.receiveTimeNs);
    if (!this.#isBegun) return;
    const why = leftOut(frame, addressing);
    const decoded = why === null ? decodeMessage(message) : null;
    if (decoded?.ok !== true) {
      const what = why ?? `that cannot be read (${decoded?.error.code ?? ''})`;
      this.#apply({ kind: 'leftOut', port: packet.port, what, messages: 1 });
      return;
    }
    this.#apply({
      kind: 'message',
      port: packet.port,
      message: decoded.value,
      receiveTime: packet.receiveTime,
      source: sourceOfFrame(frame),
    });
  }

  /** From the port's peer delay, or from whatever tells of its link. */
  tell(input: Extract<InstanceInput, { readonly kind: 'linkDelay' | 'link' }>): void {
    if (this.#isBegun && this.#ports.has(input.port)) this.#apply(input);
  }

  /** The entries that the switch is to hold now. */
  entities(): Entity[] {
    const { index } = this.#options;
    const clock = this.#reference === null ? [] : [ptpClock(index, this.#reference)];
    const responders = [...this.#responders].map(([port, interval]) =>
      this.#responder(port, interval),
    );
    return [...clock, ...responders.filter((entity) => entity !== null)];
  }

  /** What the dataplane's clock was told last. */
  get reference(): ClockReference | null {
    return this.#reference;
  }

  get alarms(): ReadonlyMap<string, RaisedAlarm> {
    return this.#alarms;
  }

  status(): InstanceStatus {
    return this.#instance.status(this.#options.now());
  }

  /** What comes in while effects are carried out waits until they all are. */
  #apply(input: InstanceInput): void {
    this.#inputs.push(input);
    if (this.#inputs.length > 1) return;
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      for (const effect of this.#instance.handle(next, this.#options.now())) {
        this.#carryOut(effect);
      }
      this.#inputs.shift();
    }
  }

  #carryOut(effect: InstanceEffect): void {
    switch (effect.kind) {
      case 'sendEvent':
        this.#sendEvent(effect);
        return;
      case 'sendStamped': {
        const frame = this.#frame(effect.port, effect.message, effect.destination);
        if (frame !== null) this.#options.packets.sendStampedBy(effect.port, frame);
        return;
      }
      case 'sendGeneral': {
        const frame = this.#frame(effect.port, effect.message, effect.destination);
        if (frame !== null) this.#options.packets.send(effect.port, frame);
        return;
      }
      case 'setTimer':
        this.#setTimer(effect.timer, effect.after);
        return;
      case 'cancelTimer':
        this.#timers.get(effect.timer)?.();
        this.#timers.delete(effect.timer);
        return;
      case 'setClock':
        this.#reference = this.#ticks.entryOf(effect.reference);
        this.#options.onUpdate(modify(ptpClock(this.#options.index, this.#reference)), 'now');
        this.#options.events.tell(effect);
        return;
      case 'delayResponder':
        this.#setResponder(effect.port, effect.logMinDelayReqInterval);
        return;
      case 'alarm':
        if (!effect.raised) this.#alarms.delete(effect.code);
        else this.#alarms.set(effect.code, { since: this.#options.now(), why: effect.why });
        this.#options.events.tell(effect);
        return;
      default:
        this.#options.events.tell(effect);
    }
  }

  #frame(port: number, message: PtpMessage, destination: Destination): Uint8Array | null {
    const addressing = this.#ports.get(port);
    const resolved = this.#resolved(port, destination);
    if (addressing === undefined || resolved === null) return null;
    const sent = this.#sent.get(port) ?? [...this.sent(port)];
    const type = MESSAGE_TYPE[message.kind];
    sent[type] = (sent[type] ?? 0n) + 1n;
    this.#sent.set(port, sent);
    return boundaryFrame(addressing, message, resolved);
  }

  /** Null: nobody knows yet where the station is, and it is asked for: the message is lost. */
  #resolved(port: number, destination: Destination): Destination | null {
    if (destination === 'group' || destination.ip === null) return destination;
    if (macBits(destination.mac) !== macBits(UNKNOWN_MAC)) return destination;
    const mac = this.#options.macOf(port, destination.ip);
    return mac === null ? null : { ...destination, mac };
  }

  #sendEvent({
    port,
    message,
    destination,
    token,
  }: Extract<InstanceEffect, { readonly kind: 'sendEvent' }>): void {
    const missing = (): void => this.#apply({ kind: 'transmitTimeMissing', token });
    const frame = this.#frame(port, message, destination);
    const isSent =
      frame !== null &&
      this.#options.packets.sendForTime(port, frame, {
        onTime: (time) => this.#apply({ kind: 'transmitTime', token, time }),
        onMissing: missing,
      });
    if (!isSent) missing();
  }

  #setTimer(timer: string, after: Nanoseconds): void {
    this.#timers.get(timer)?.();
    const cancel = this.#options.timers.after(after, () => {
      this.#timers.delete(timer);
      this.#apply({ kind: 'timer', timer });
    });
    this.#timers.set(timer, cancel);
  }

  #setResponder(port: number, interval: LogInterval | null): void {
    const before = this.#responders.get(port);
    if (interval === null) {
      this.#responders.delete(port);
      const entity = before === undefined ? null : this.#responder(port, before);
      if (entity !== null) this.#options.onUpdate(remove(entity), 'now');
      return;
    }
    this.#responders.set(port, interval);
    const entity = this.#responder(port, interval);
    if (entity !== null) this.#options.onUpdate(modify(entity), 'now');
  }

  #responder(number: number, interval: LogInterval): Entity | null {
    const { clock, ports } = this.#settings;
    const port = ports.find((other: PortSettings) => portValue(other.number) === number);
    if (port === undefined) return null;
    const { defaultDS } = this.#boundary.instance;
    const spec = delayResponderEntry(clock, port, defaultDS, interval);
    const entity = buildTableEntry(this.#options.index, spec);
    if (!entity.ok) throw new Error(entity.error.message);
    return entity.value;
  }
}
