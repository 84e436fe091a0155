/**
 * One end of a link that measures its delay: it answers as our P4 program does (p4/core/respond.p4), and
 * asks by control-plane/ptp's machine, unchanged. IEEE 1588-2019 11.4.
 */
import {
  addScaled,
  dataplaneNs,
  elapsedDataplane,
  instant,
  logInterval,
  nanoseconds,
  nsOf,
  scaledNs,
  toScaled,
  type DataplaneTime,
  type LogInterval,
  type ScaledNs,
} from '#units/time';
import { FLAG, type PortIdentity } from '#wire/ptp-header';
import type { PdelayReq, PdelayResp, PtpMessage } from '#wire/ptp-message';
import { advancePeerDelay, initialPeerDelay, peerDelayStatus } from '#ptp/peer-delay';
import type {
  PeerDelayConfig,
  PeerDelayEffect,
  PeerDelayInput,
  PeerDelayState,
  PeerDelayStatus,
} from '#ptp/peer-delay-types';
import type { ScheduledEvent } from './event-queue.js';
import type { RandomStream } from './random.js';
import type { World } from './world.js';

export interface PeerDelaySpec {
  readonly logInterval: LogInterval;
  readonly convention: 'ieee1588' | 'ieee8021as';
  /** Answers are two-step. */
  readonly twoStep: boolean;
  /** From a request's arrival to its answer. */
  readonly turnaroundNs: number;
  /** Measurements that the median is taken of. */
  readonly filterLength: number;
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  readonly delayAsymmetry: ScaledNs;
}

export const PEER_DELAY: PeerDelaySpec = {
  logInterval: logInterval(0),
  convention: 'ieee1588',
  twoStep: true,
  turnaroundNs: 10_000,
  filterLength: 10,
  ingressLatency: scaledNs(0n),
  egressLatency: scaledNs(0n),
  delayAsymmetry: scaledNs(0n),
};

export interface PeerDelayEndOptions {
  readonly world: World;
  readonly identity: PortIdentity;
  readonly spec: PeerDelaySpec;
  readonly random: RandomStream;
  /** Reads the counter as a stamp does. */
  readonly stamp: () => DataplaneTime;
  readonly send: (message: PtpMessage) => void;
  readonly onStatus: (status: PeerDelayStatus) => void;
}

/** 802.1AS-2020 8.1. */
const AS_SDO_ID = 0x100;
/** 802.1AS-2020 11.5.3, 11.5.4. */
const ALLOWED_LOST = 9;
const ALLOWED_FAULTS = 9;
const NO_LOG_INTERVAL = logInterval(0x7f);
const CONTROL_OTHER = 5;
/** Of the interval, to either side: ends that began together do not ask together for ever. */
const JITTER = 0.1;
const STAMP_REPORT_NS = 50_000;

export class PeerDelayEnd {
  readonly #options: PeerDelayEndOptions;
  #state: PeerDelayState;
  #timer: ScheduledEvent | null = null;

  constructor(options: PeerDelayEndOptions) {
    this.#options = options;
    this.#state = initialPeerDelay(configOf(options));
  }

  get status(): PeerDelayStatus {
    return peerDelayStatus(this.#state);
  }

  start(): void {
    this.#feed({ kind: 'start' });
  }

  stop(): void {
    this.#feed({ kind: 'stop' });
  }

  /** Whether it was peer delay, which ends here. */
  receive(message: PtpMessage, receiveTime: DataplaneTime): boolean {
    switch (message.kind) {
      case 'pdelayReq':
        this.#answer(message, receiveTime);
        return true;
      case 'pdelayResp':
      case 'pdelayRespFollowUp':
        this.#feed({ kind: 'message', message, receiveTime });
        return true;
      default:
        return false;
    }
  }

  #answer(request: PdelayReq, receivedAt: DataplaneTime): void {
    const { world, spec, send, stamp } = this.#options;
    world.after(spec.turnaroundNs, () => {
      const sentAt = stamp();
      for (const message of this.#answers(request, receivedAt, sentAt)) send(message);
    });
  }

  #answers(request: PdelayReq, t2: DataplaneTime, t3: DataplaneTime): PtpMessage[] {
    const { identity, spec } = this.#options;
    const latencies = addScaled(spec.ingressLatency, spec.egressLatency);
    const asked = addScaled(request.header.correctionField, latencies);
    const turnaround = toScaled(elapsedDataplane(t2, t3));
    const response: PdelayResp = {
      kind: 'pdelayResp',
      header: {
        ...request.header,
        flags: (request.header.flags & FLAG.unicast) | (spec.twoStep ? FLAG.twoStep : 0),
        correctionField: spec.twoStep ? scaledNs(0n) : addScaled(asked, turnaround),
        messageTypeSpecific: 0,
        sourcePortIdentity: identity,
        controlField: CONTROL_OTHER,
        logMessageInterval: NO_LOG_INTERVAL,
      },
      tlvs: [],
      timestamp: instant(spec.twoStep ? dataplaneNs(t2) : 0n),
      requestingPortIdentity: request.header.sourcePortIdentity,
    };
    if (!spec.twoStep) return [response];
    const header = {
      ...response.header,
      flags: response.header.flags & ~FLAG.twoStep,
      correctionField: asked,
    };
    const timestamp = instant(dataplaneNs(t3));
    return [response, { ...response, kind: 'pdelayRespFollowUp', header, timestamp }];
  }

  #feed(input: PeerDelayInput): void {
    const step = advancePeerDelay(this.#state, input);
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
  }

  #carryOut(effect: PeerDelayEffect): void {
    const { world, send, stamp, onStatus, random } = this.#options;
    switch (effect.kind) {
      case 'sendAhead':
        send(effect.message);
        return;
      case 'send': {
        const transmitTime = stamp();
        send(effect.message);
        world.after(STAMP_REPORT_NS, () => {
          this.#feed({ kind: 'transmitTime', token: effect.token, transmitTime });
        });
        return;
      }
      case 'setTimer': {
        this.#cancel();
        const share = 1 + JITTER * (2 * random.uniform() - 1);
        this.#timer = world.after(Number(nsOf(effect.after)) * share, () => {
          this.#timer = null;
          this.#feed({ kind: 'timer' });
        });
        return;
      }
      case 'cancelTimer':
        this.#cancel();
        return;
      case 'meanLinkDelay':
      case 'asCapable':
      case 'condition':
        onStatus(this.status);
        return;
    }
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

function configOf({ identity, spec }: PeerDelayEndOptions): PeerDelayConfig {
  const isAs = spec.convention === 'ieee8021as';
  return {
    portIdentity: identity,
    domainNumber: 0,
    sdoId: isAs ? AS_SDO_ID : 0,
    logInterval: spec.logInterval,
    inPairs: false,
    convention: spec.convention,
    ingressLatency: spec.ingressLatency,
    egressLatency: spec.egressLatency,
    delayAsymmetry: spec.delayAsymmetry,
    allowedLostResponses: ALLOWED_LOST,
    allowedFaults: ALLOWED_FAULTS,
    neighborPropDelayThreshold: toScaled(nanoseconds(800n)),
    filterLength: spec.filterLength,
    timestampResolution: nanoseconds(1n),
  };
}
