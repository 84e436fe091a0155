/**
 * Peer delay on each port that asks: the protocol's effects carried out. One input goes in, all its
 * effects are done, then the next. The answers to others' requests are the dataplane's own.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { PortSettings, SwitchSettings } from '#dataplane/settings';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { advancePeerDelay, initialPeerDelay, peerDelayStatus } from '#ptp/peer-delay';
import type {
  PeerDelayConfig,
  PeerDelayEffect,
  PeerDelayInput,
  PeerDelayState,
  PeerDelayStatus,
} from '#ptp/peer-delay-types';
import { portValue } from '#units/identity';
import {
  nanoseconds,
  nsOf,
  scaledToNumber,
  scaledUnits,
  toScaled,
  type Nanoseconds,
  type ScaledNs,
} from '#units/time';
import { decodeMessage, encodeMessage, type PdelayReq } from '#wire/ptp-message';
import { ingressTiming } from './entries.js';
import { buildOwnFrame, peerDelayGroup } from './own-frames.js';
import type { PacketIo, ReceivedPacket } from './packet-io.js';
import type { Timers } from './timers.js';

export interface PeerDelayOptions {
  readonly settings: SwitchSettings;
  readonly index: P4InfoIndex;
  readonly packets: PacketIo;
  readonly timers: Timers;
  /** 0 to 1, for the interval's jitter. */
  readonly random: () => number;
  readonly timestampResolution: Nanoseconds;
  /** A port's entry is another now. */
  readonly onEntry: (entity: Entity) => void;
  /** Called after each input that changed it. */
  readonly onMeasurement: (port: number, measurement: PeerDelayStatus) => void;
  readonly log: Logger;
}

/** One port's measurement. */
export interface PeerDelayPortStatus {
  readonly port: number;
  readonly name: string;
  readonly measurement: PeerDelayStatus;
  /** What the dataplane adds to Sync now. */
  readonly writtenMeanLinkDelay: ScaledNs | null;
}

export interface PeerDelayServiceCounters {
  /** Messages of ports that do not ask. */
  readonly unexpected: number;
  readonly undecodable: number;
}

/** What management may set. */
export type PeerDelayChange = Partial<
  Pick<PeerDelayConfig, 'logInterval' | 'neighborPropDelayThreshold'>
>;

/** IEEE 802.1AS-2020, 8.1: majorSdoId 1, domain 0 for peer delay. */
const AS_SDO_ID = 0x100;
const AS_DOMAIN = 0;
/** 802.1AS-2020, 11.5.4. */
const ALLOWED_FAULTS = 9;
/** Of the interval, to either side: clocks that started together do not ask together for ever. */
const JITTER = 0.1;
/** Changes of less are not written, or noise alone would keep the switch writing. */
const HYSTERESIS_NS = 4n;

export class PeerDelayService {
  readonly #options: PeerDelayOptions;
  readonly #ports = new Map<number, PeerDelayPort>();
  #isStarted = false;
  #unexpected = 0;
  #undecodable = 0;

  constructor(options: PeerDelayOptions) {
    this.#options = options;
    this.reconfigure(options.settings);
  }

  /** Goes on with other settings: what was measured holds for ports that go on asking. */
  reconfigure(settings: SwitchSettings): void {
    const asking = new Map(
      settings.ports
        .filter(({ peerDelay }) => peerDelay.enabled)
        .map((port) => [portValue(port.number), port]),
    );
    for (const [number, port] of this.#ports) {
      if (asking.has(number)) continue;
      port.suspend();
      this.#ports.delete(number);
    }
    for (const [number, port] of asking) {
      const known = this.#ports.get(number);
      if (known !== undefined) known.reconfigure(settings, port);
      else this.#add(number, new PeerDelayPort({ ...this.#options, settings }, port));
    }
  }

  #add(number: number, port: PeerDelayPort): void {
    this.#ports.set(number, port);
    if (this.#isStarted) port.apply({ kind: 'start' });
  }

  start(): void {
    this.#isStarted = true;
    for (const port of this.#ports.values()) port.apply({ kind: 'start' });
  }

  /** Stops asking. What the switch was told stays there. */
  stop(): void {
    this.#isStarted = false;
    for (const port of this.#ports.values()) port.suspend();
  }

  /** A trapped peer delay message. */
  receive(packet: ReceivedPacket, message: Uint8Array): void {
    const port = this.#ports.get(packet.port);
    if (port === undefined) {
      this.#unexpected += 1;
      return;
    }
    const decoded = decodeMessage(message);
    if (!decoded.ok) {
      this.#undecodable += 1;
    } else if (decoded.value.kind === 'pdelayResp' || decoded.value.kind === 'pdelayRespFollowUp') {
      const { receiveTime } = packet;
      port.apply({ kind: 'message', message: decoded.value, receiveTime });
    } else {
      this.#unexpected += 1;
    }
  }

  /** The entries of all ports that ask. */
  entities(): Entity[] {
    return [...this.#ports.values()].map((port) => port.entity());
  }

  /** Takes over what an earlier agent measured, until a measurement of our own is there. */
  adopt(port: number, meanLinkDelay: ScaledNs): void {
    this.#ports.get(port)?.adopt(meanLinkDelay);
  }

  /** Null: the port does not ask. */
  measurement(port: number): PeerDelayStatus | null {
    return this.#ports.get(port)?.status().measurement ?? null;
  }

  /** What the switch was told; null: nothing. */
  writtenMeanLinkDelay(port: number): ScaledNs | null {
    return this.#ports.get(port)?.status().writtenMeanLinkDelay ?? null;
  }

  /** Null: the port does not ask. */
  neighborPropDelayThresholdNs(port: number): number | null {
    return this.#ports.get(port)?.neighborPropDelayThresholdNs ?? null;
  }

  /** Other settings until the agent ends. */
  configure(port: number, change: PeerDelayChange): void {
    this.#ports.get(port)?.configure(change);
  }

  counters(): PeerDelayServiceCounters {
    return { unexpected: this.#unexpected, undecodable: this.#undecodable };
  }

  status(): PeerDelayPortStatus[] {
    return [...this.#ports.values()].map((port) => port.status());
  }
}

class PeerDelayPort {
  readonly #options: PeerDelayOptions;
  #port: PortSettings;
  readonly #inputs: PeerDelayInput[] = [];
  #state: PeerDelayState;
  #cancel: (() => void) | null = null;
  #written: ScaledNs | null = null;
  #told: PeerDelayStatus | null = null;

  constructor(options: PeerDelayOptions, port: PortSettings) {
    this.#options = options;
    this.#port = port;
    this.#state = initialPeerDelay(configOf(options, port));
  }

  /** What comes in while effects are carried out waits until they all are. */
  apply(input: PeerDelayInput): void {
    this.#inputs.push(input);
    if (this.#inputs.length > 1) return;
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      const step = advancePeerDelay(this.#state, next);
      this.#state = step.state;
      for (const effect of step.effects) this.#carryOut(effect);
      this.#inputs.shift();
    }
    const measurement = peerDelayStatus(this.#state);
    if (this.#told !== null && !isNews(this.#told, measurement)) return;
    this.#told = measurement;
    this.#options.onMeasurement(portValue(this.#port.number), measurement);
  }

  get neighborPropDelayThresholdNs(): number {
    return Math.round(scaledToNumber(this.#state.config.neighborPropDelayThreshold));
  }

  /** What management had changed is as the settings say again. */
  reconfigure(settings: SwitchSettings, port: PortSettings): void {
    this.#port = port;
    const config = configOf({ ...this.#options, settings }, port);
    if (!isDeepStrictEqual(config, this.#state.config)) this.apply({ kind: 'configure', config });
  }

  configure(change: PeerDelayChange): void {
    this.apply({ kind: 'configure', config: { ...this.#state.config, ...change } });
  }

  suspend(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  adopt(meanLinkDelay: ScaledNs): void {
    this.#written ??= meanLinkDelay;
  }

  entity(): Entity {
    return ingressTiming(this.#options.index, this.#port, this.#written);
  }

  status(): PeerDelayPortStatus {
    return {
      port: portValue(this.#port.number),
      name: this.#port.name,
      measurement: peerDelayStatus(this.#state),
      writtenMeanLinkDelay: this.#written,
    };
  }

  #carryOut(effect: PeerDelayEffect): void {
    const { log } = this.#options;
    const about = { port: this.#port.name };
    switch (effect.kind) {
      case 'sendAhead':
        this.#options.packets.send(portValue(this.#port.number), this.#frameOf(effect.message));
        return;
      case 'send':
        this.#send(this.#frameOf(effect.message), effect.token);
        return;
      case 'setTimer':
        this.#setTimer(effect.after);
        return;
      case 'cancelTimer':
        this.suspend();
        return;
      case 'meanLinkDelay':
        this.#write(effect.meanLinkDelay);
        return;
      case 'asCapable':
        log.info(about, `peer delay: the link is ${effect.asCapable ? '' : 'not '}asCapable`);
        return;
      case 'condition': {
        const text = `peer delay: ${effect.to}, was ${effect.from}: ${effect.why}`;
        if (effect.to === 'valid' || effect.to === 'measuring') log.info(about, text);
        else if (effect.to !== 'stopped') log.warn(about, text);
      }
    }
  }

  /** What is not sent has no answer: the protocol counts it as lost at the next timer. */
  #send(frame: Uint8Array, token: number): void {
    this.#options.packets.sendForTime(portValue(this.#port.number), frame, {
      onTime: (transmitTime) => this.apply({ kind: 'transmitTime', token, transmitTime }),
      onMissing: () => undefined,
    });
  }

  #frameOf(message: PdelayReq): Uint8Array {
    const { address, peerDelay } = this.#port;
    return buildOwnFrame({
      own: address,
      transport: peerDelay.transport,
      destination: peerDelayGroup(peerDelay.transport),
      messageClass: 'event',
      message: encodeMessage(message),
    });
  }

  #setTimer(after: Nanoseconds): void {
    this.suspend();
    const share = 1 + JITTER * (2 * this.#options.random() - 1);
    const jittered = nanoseconds(BigInt(Math.round(Number(nsOf(after)) * share)));
    this.#cancel = this.#options.timers.after(jittered, () => {
      this.#cancel = null;
      this.apply({ kind: 'timer' });
    });
  }

  #write(meanLinkDelay: ScaledNs | null): void {
    if (meanLinkDelay !== null && this.#written !== null && !this.#differs(meanLinkDelay)) return;
    this.#written = meanLinkDelay;
    this.#options.onEntry(this.entity());
  }

  #differs(meanLinkDelay: ScaledNs): boolean {
    if (this.#written === null) return true;
    const difference = scaledUnits(meanLinkDelay) - scaledUnits(this.#written);
    const limit = scaledUnits(toScaled(nanoseconds(HYSTERESIS_NS)));
    return difference > limit || difference < -limit;
  }
}

/** Of what others reckon with. */
function isNews(before: PeerDelayStatus, now: PeerDelayStatus): boolean {
  return (
    before.condition !== now.condition ||
    before.meanLinkDelay !== now.meanLinkDelay ||
    before.neighborRateOffsetPpb !== now.neighborRateOffsetPpb ||
    before.asCapable !== now.asCapable
  );
}

function configOf(options: PeerDelayOptions, port: PortSettings): PeerDelayConfig {
  const { clock } = options.settings;
  const { peerDelay, timing } = port;
  const as = peerDelay.convention === 'ieee8021as';
  return {
    portIdentity: { clockIdentity: clock.identity, portNumber: portValue(port.number) },
    domainNumber: as ? AS_DOMAIN : clock.domainNumber,
    sdoId: as ? AS_SDO_ID : 0,
    logInterval: peerDelay.logInterval,
    // 802.1AS-2020 11.2.19 has a state machine of its own for when a request is sent: one at a time.
    inPairs: !as,
    convention: peerDelay.convention,
    ingressLatency: timing.ingressLatency,
    egressLatency: timing.egressLatency,
    delayAsymmetry: timing.delayAsymmetry,
    allowedLostResponses: peerDelay.allowedLostResponses,
    allowedFaults: ALLOWED_FAULTS,
    neighborPropDelayThreshold: toScaled(peerDelay.neighborPropDelayThresh),
    filterLength: peerDelay.filterLength,
    timestampResolution: options.timestampResolution,
  };
}
