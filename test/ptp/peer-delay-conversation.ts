/** One port that asks, its neighbor, and the link between them: what a test says, happens. */
import { expect } from 'vitest';
import { advancePeerDelay, initialPeerDelay, peerDelayStatus } from '#ptp/peer-delay';
import type {
  PeerDelayConfig,
  PeerDelayEffect,
  PeerDelayInput,
  PeerDelayState,
  PeerDelayStatus,
  PeerDelayStep,
} from '#ptp/peer-delay-types';
import {
  dataplaneTime,
  instant,
  logInterval,
  nanoseconds,
  scaledNs,
  scaledUnits,
  type ScaledNs,
} from '#units/time';
import { FLAG, type PortIdentity } from '#wire/ptp-header';
import type { PdelayReq, PdelayResp, PdelayRespFollowUp } from '#wire/ptp-message';

export const SECOND = 1_000_000_000n;
export const US: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_0001n, portNumber: 3 };
export const NEIGHBOR: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_00aan, portNumber: 1 };
export const OTHER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_00bbn, portNumber: 7 };

export const ns = (value: bigint): ScaledNs => scaledNs(value << 16n);

export const CONFIG: PeerDelayConfig = {
  portIdentity: US,
  domainNumber: 0,
  sdoId: 0,
  logInterval: logInterval(0),
  inPairs: false,
  convention: 'ieee1588',
  ingressLatency: ns(0n),
  egressLatency: ns(0n),
  delayAsymmetry: ns(0n),
  allowedLostResponses: 3,
  allowedFaults: 9,
  neighborPropDelayThreshold: ns(800n),
  filterLength: 10,
  timestampResolution: nanoseconds(1n),
};

/** What the link and the responder do in one exchange. */
export interface Exchange {
  readonly responder?: PortIdentity;
  readonly steps?: 'one' | 'two' | 'two-with-turnaround-in-correction';
  /** One way, by our clock. */
  readonly delayNs?: bigint;
  /** By the responder's clock. */
  readonly turnaroundNs?: bigint;
  /** Fractions of t2 and t3 that the responder says, 2^-16 ns. */
  readonly fractionOfT2?: bigint;
  readonly fractionOfT3?: bigint;
}

export class PeerDelayConversation {
  #state: PeerDelayState;
  #effects: PeerDelayEffect[] = [];
  /** The dataplane's clock. */
  now: bigint;
  /** What the neighbor's clock has more than ours. */
  neighborAheadNs = 1_700_000_000n * SECOND;
  neighborPpm = 0n;
  #request: PdelayReq | null = null;

  constructor(config: Partial<PeerDelayConfig> = {}, startNs = 1_000n) {
    this.#state = initialPeerDelay({ ...CONFIG, ...config });
    this.now = startNs;
  }

  get config(): PeerDelayConfig {
    return this.#state.config;
  }

  get status(): PeerDelayStatus {
    return peerDelayStatus(this.#state);
  }

  /** Whole nanoseconds with their fraction. */
  get meanLinkDelayNs(): number | null {
    const { meanLinkDelay } = this.status;
    return meanLinkDelay === null ? null : Number(scaledUnits(meanLinkDelay)) / 65536;
  }

  apply(input: PeerDelayInput): void {
    const before = JSON.stringify(this.#state, textOf);
    const step = advancePeerDelay(this.#state, input);
    // Pure: the state that went in is as it was.
    expect(JSON.stringify(this.#state, textOf)).toBe(before);
    this.#take(step);
  }

  #take({ state, effects }: PeerDelayStep): void {
    this.#state = state;
    this.#effects.push(...effects);
    const sent = effects.find((effect) => effect.kind === 'send');
    if (sent !== undefined) this.#request = sent.message;
  }

  /** All effects since the last call. */
  effects(): PeerDelayEffect[] {
    return this.#effects.splice(0);
  }

  get request(): PdelayReq {
    if (this.#request === null) throw new Error('nothing was asked');
    return this.#request;
  }

  /** The neighbor's clock at a time of ours. */
  neighborTime(localNs: bigint): bigint {
    return localNs + this.neighborAheadNs + (localNs * this.neighborPpm) / 1_000_000n;
  }

  stamped(): void {
    this.apply({
      kind: 'transmitTime',
      token: this.request.header.sequenceId,
      transmitTime: dataplaneTime(this.now),
    });
  }

  response(exchange: Exchange = {}): {
    message: PdelayResp;
    followUp: PdelayRespFollowUp;
    t4: bigint;
  } {
    const { delayNs = 500n, turnaroundNs = 20_000n, steps = 'two' } = exchange;
    const { responder = NEIGHBOR, fractionOfT2 = 0n, fractionOfT3 = 0n } = exchange;
    const sign = this.config.convention === 'ieee8021as' ? 1n : -1n;
    const asked = this.request.header;
    const t2 = this.neighborTime(this.now + delayNs);
    const t3 = t2 + turnaroundNs;
    const turnaround = turnaroundNs << 16n;
    const header = { ...asked, sourcePortIdentity: responder, flags: 0 };
    const zero = instant(0n);
    const common = { requestingPortIdentity: asked.sourcePortIdentity, tlvs: [] };
    const correction = (units: bigint) => scaledNs(units);
    const requestUnits = scaledUnits(asked.correctionField);
    const isOneStep = steps === 'one';
    const stamps = steps === 'two';
    const message: PdelayResp = {
      ...common,
      kind: 'pdelayResp',
      header: {
        ...header,
        flags: isOneStep ? 0 : FLAG.twoStep,
        correctionField: correction(
          isOneStep ? requestUnits + turnaround : stamps ? sign * fractionOfT2 : 0n,
        ),
      },
      timestamp: stamps ? instant(t2) : zero,
    };
    const followUp: PdelayRespFollowUp = {
      ...common,
      kind: 'pdelayRespFollowUp',
      header: {
        ...header,
        correctionField: correction(requestUnits + (stamps ? fractionOfT3 : turnaround)),
      },
      timestamp: stamps ? instant(t3) : zero,
    };
    const localTurnaround = turnaroundNs - (turnaroundNs * this.neighborPpm) / 1_000_000n;
    return { message, followUp, t4: this.now + 2n * delayNs + localTurnaround };
  }

  /** A whole exchange: transmit time, response, follow-up. */
  answered(exchange: Exchange = {}): void {
    this.stamped();
    this.answers(exchange);
  }

  answers(exchange: Exchange = {}): void {
    const { message, followUp, t4 } = this.response(exchange);
    this.receives(message, t4);
    if (exchange.steps !== 'one') this.receives(followUp, t4 + 50_000n);
  }

  receives(message: PdelayResp | PdelayRespFollowUp, at = this.now): void {
    this.apply({ kind: 'message', message, receiveTime: dataplaneTime(at) });
  }

  /** The interval passes. */
  next(): void {
    this.now += SECOND;
    this.apply({ kind: 'timer' });
  }

  /** `count` requests that nobody answers. */
  unanswered(count: number): void {
    for (let i = 0; i < count; i++) {
      this.stamped();
      this.next();
    }
  }

  start(): void {
    this.apply({ kind: 'start' });
  }

  /** So many intervals, without a look at each state. */
  skip(count: number): void {
    for (let i = 0; i < count; i++) this.#take(advancePeerDelay(this.#state, { kind: 'timer' }));
  }

  /** `count` exchanges that go well. */
  run(count: number, exchange: Exchange = {}): void {
    for (let i = 0; i < count; i++) {
      this.answered(exchange);
      this.next();
    }
  }
}

/** A port that has sent its first request. */
export function asking(...args: ConstructorParameters<typeof PeerDelayConversation>) {
  const port = new PeerDelayConversation(...args);
  port.start();
  return port;
}

const textOf = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value;
