/**
 * One instance and what a test says to it: masters that announce, timers that run out, frames that
 * leave. The local counter and PTP time run at the same rate, from different zeros.
 */
import { macAddress } from '#units/identity';
import {
  dataplaneTime,
  instant,
  logInterval,
  nsOf,
  ppb,
  scaledNs,
  type DataplaneTime,
  type Instant,
} from '#units/time';
import { FLAG, isSamePort, type PortIdentity, type PtpHeader } from '#wire/ptp-header';
import type {
  Announce,
  DelayReq,
  DelayResp,
  FollowUp,
  PtpMessage,
  Sync,
  Tlv,
} from '#wire/ptp-message';
import { PtpInstance } from '#ptp/instance/instance';
import type {
  Destination,
  InstanceConfig,
  InstanceEffect,
  InstanceInput,
  PortStatus,
  StationAddress,
} from '#ptp/instance/instance-types';
import { instanceConfig } from './settings.js';
import { seededRandom } from './virtual-network.js';

export const US = 0x0200_00ff_fe00_0050n;
export const MASTER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_0010n, portNumber: 1 };
export const OTHER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_0020n, portNumber: 4 };

/** PTP time at which the conversation begins, and the counter then. */
export const EPOCH_NS = 1_700_000_000_000_000_000n;
const COUNTER_NS = 5_000_000_000n;

export function station(last: number): StationAddress {
  const text = last.toString(16).padStart(2, '0');
  return { transport: 'ethernet', mac: macAddress(`02:00:00:00:00:${text}`), ip: null };
}

function header(source: PortIdentity, change: Partial<PtpHeader> = {}): PtpHeader {
  return {
    majorSdoId: 0,
    minorVersionPtp: 1,
    domainNumber: 0,
    minorSdoId: 0,
    flags: 0,
    correctionField: scaledNs(0n),
    messageTypeSpecific: 0,
    sourcePortIdentity: source,
    sequenceId: 0,
    controlField: 0,
    logMessageInterval: logInterval(0),
    ...change,
  };
}

export interface AnnounceChange extends Partial<Omit<Announce, 'header' | 'tlvs' | 'kind'>> {
  readonly header?: Partial<PtpHeader>;
  readonly tlvs?: readonly Tlv[];
}

/** Announce of a grandmaster with priority1 100, better than we are. */
export function announce(source: PortIdentity, change: AnnounceChange = {}): Announce {
  const { header: fields, ...rest } = change;
  return {
    kind: 'announce',
    header: header(source, { flags: FLAG.ptpTimescale, controlField: 5, ...fields }),
    tlvs: [],
    originTimestamp: instant(0n),
    currentUtcOffsetSeconds: 37,
    grandmasterPriority1: 100,
    grandmasterClockClass: 6,
    grandmasterClockAccuracy: 0x21,
    grandmasterOffsetScaledLogVariance: 0x4e5d,
    grandmasterPriority2: 128,
    grandmasterIdentity: source.clockIdentity,
    stepsRemoved: 0,
    timeSource: 0x20,
    ...rest,
  };
}

export function twoStepSync(source: PortIdentity, sequenceId: number): Sync {
  return {
    kind: 'sync',
    header: header(source, { flags: FLAG.twoStep, sequenceId }),
    tlvs: [],
    originTimestamp: instant(0n),
  };
}

export function oneStepSync(source: PortIdentity, sequenceId: number, origin: Instant): Sync {
  return {
    kind: 'sync',
    header: header(source, { sequenceId }),
    tlvs: [],
    originTimestamp: origin,
  };
}

export function followUp(source: PortIdentity, sequenceId: number, origin: Instant): FollowUp {
  return {
    kind: 'followUp',
    header: header(source, { sequenceId, controlField: 2 }),
    tlvs: [],
    preciseOriginTimestamp: origin,
  };
}

export function delayResp(source: PortIdentity, request: DelayReq, received: Instant): DelayResp {
  return {
    kind: 'delayResp',
    header: header(source, {
      sequenceId: request.header.sequenceId,
      correctionField: request.header.correctionField,
      controlField: 3,
    }),
    tlvs: [],
    timestamp: received,
    requestingPortIdentity: request.header.sourcePortIdentity,
  };
}

export function delayReq(source: PortIdentity, sequenceId: number): DelayReq {
  return {
    kind: 'delayReq',
    header: header(source, { sequenceId, controlField: 1 }),
    tlvs: [],
    originTimestamp: instant(0n),
  };
}

export interface SentMessage {
  readonly port: number;
  readonly message: PtpMessage;
  readonly destination: Destination;
  readonly token: number | null;
  readonly stamped: boolean;
}

type EffectOf<Kind extends InstanceEffect['kind']> = Extract<InstanceEffect, { kind: Kind }>;

export class Conversation {
  readonly instance: PtpInstance;
  #nowNs = 0n;
  readonly #timers = new Map<string, bigint>();
  #log: InstanceEffect[] = [];
  readonly #sequence = new Map<string, number>();

  constructor(config: InstanceConfig, seed = 1) {
    this.instance = new PtpInstance(config, { random: seededRandom(seed), now: instant(0n) });
  }

  get now(): Instant {
    return instant(this.#nowNs);
  }

  get localTime(): DataplaneTime {
    return dataplaneTime(COUNTER_NS + this.#nowNs);
  }

  /** The master's time now, if its clock is right. */
  get ptpTime(): Instant {
    return instant(EPOCH_NS + this.#nowNs);
  }

  /** PTP time wrong by so much, and started. */
  start(errorNs = 0n): this {
    const ptpTime = instant(EPOCH_NS + this.#nowNs + errorNs);
    this.feed({
      kind: 'newEpoch',
      reference: { localTime: this.localTime, ptpTime, rate: ppb(0) },
      why: 'a test',
    });
    this.feed({ kind: 'start' });
    return this;
  }

  feed(input: InstanceInput): readonly InstanceEffect[] {
    const effects = this.instance.handle(input, this.now);
    for (const effect of effects) {
      if (effect.kind === 'setTimer') {
        this.#timers.set(effect.timer, this.#nowNs + nsOf(effect.after));
      }
      if (effect.kind === 'cancelTimer') this.#timers.delete(effect.timer);
    }
    this.#log.push(...effects);
    return effects;
  }

  hears(port: number, message: PtpMessage, source: StationAddress = station(port)): void {
    this.feed({ kind: 'message', port, message, receiveTime: this.localTime, source });
  }

  /** Like `hears`, with the next sequenceId of its sender. */
  hearsAnnounce(port: number, source: PortIdentity, change: AnnounceChange = {}): void {
    const key = `${source.clockIdentity} ${source.portNumber}`;
    const sequenceId = ((this.#sequence.get(key) ?? 0) + 1) & 0xffff;
    this.#sequence.set(key, sequenceId);
    this.hears(port, announce(source, { ...change, header: { ...change.header, sequenceId } }));
  }

  /** Timers run out in their order meanwhile; nothing is heard. */
  waits(seconds: number): void {
    const until = this.#nowNs + BigInt(Math.round(seconds * 1e9));
    for (;;) {
      const due = [...this.#timers].filter(([, at]) => at <= until);
      const next = due.sort((a, b) => Number(a[1] - b[1]))[0];
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      if (next[1] > this.#nowNs) this.#nowNs = next[1];
      this.feed({ kind: 'timer', timer: next[0] });
    }
    this.#nowNs = until;
  }

  /** Two Announces a second apart. */
  hearsMaster(port: number, source: PortIdentity = MASTER, change: AnnounceChange = {}): void {
    this.hearsAnnounce(port, source, change);
    this.waits(1);
    this.hearsAnnounce(port, source, change);
  }

  hasTimer(name: string): boolean {
    return this.#timers.has(name);
  }

  state(port: number): string {
    return this.port(port).portDS.portState;
  }

  port(number: number): PortStatus {
    const found = this.instance
      .status(this.now)
      .ports.find(({ portDS }) => portDS.portIdentity.portNumber === number);
    if (found === undefined) throw new Error(`there is no port ${number}`);
    return found;
  }

  /** What has left since the last time this was asked, and is forgotten then. */
  sent(port?: number): readonly SentMessage[] {
    const sent = this.#log.flatMap((effect): SentMessage[] => {
      switch (effect.kind) {
        case 'sendEvent':
          return [{ ...effect, stamped: false }];
        case 'sendGeneral':
          return [{ ...effect, token: null, stamped: false }];
        case 'sendStamped':
          return [{ ...effect, token: null, stamped: true }];
        default:
          return [];
      }
    });
    this.#log = [];
    return port === undefined ? sent : sent.filter((one) => one.port === port);
  }

  /** Since the last time that `sent` was asked. */
  effects<Kind extends InstanceEffect['kind']>(kind: Kind): readonly EffectOf<Kind>[] {
    return this.#log.filter((effect): effect is EffectOf<Kind> => effect.kind === kind);
  }

  /**
   * The master serves port `port` for so long: Announce and Sync once a second, delays of `delayNs`
   * each way, answers to all that is asked.
   */
  isServed(
    port: number,
    source: PortIdentity,
    seconds: number,
    delayNs = 1_000n,
    flags: number = FLAG.ptpTimescale,
  ): void {
    for (let i = 0; i < seconds; i++) {
      this.hearsAnnounce(port, source, { header: { flags } });
      const sequenceId = (this.#sequence.get('sync') ?? 0) & 0xffff;
      this.#sequence.set('sync', sequenceId + 1);
      const origin = instant(EPOCH_NS + this.#nowNs - delayNs);
      this.hears(port, twoStepSync(source, sequenceId));
      this.hears(port, followUp(source, sequenceId, origin));
      for (let step = 0; step < 10; step++) {
        this.waits(0.1);
        this.#answer(port, source, delayNs);
      }
    }
  }

  #answer(port: number, source: PortIdentity, delayNs: bigint): void {
    for (const effect of this.effects('sendEvent')) {
      const { message, token } = effect;
      if (effect.port !== port || message.kind !== 'delayReq') continue;
      const own = { clockIdentity: US, portNumber: port };
      if (!isSamePort(message.header.sourcePortIdentity, own)) continue;
      this.feed({ kind: 'transmitTime', token, time: this.localTime });
      const received = instant(EPOCH_NS + this.#nowNs + delayNs);
      this.hears(port, delayResp(source, message, received));
    }
    this.#log = this.#log.filter(
      (effect) => effect.kind !== 'sendEvent' || effect.message.kind !== 'delayReq',
    );
  }
}

export function conversation(change: Parameters<typeof instanceConfig>[1] = {}): Conversation {
  return new Conversation(instanceConfig(US, change));
}
