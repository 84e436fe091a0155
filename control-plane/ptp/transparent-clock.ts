/**
 * The data sets of a transparent clock, IEEE 1588-2019 8.3, and those of ordinary clocks (8.2) that
 * have a meaning for one: management clients ask for these first. All are functions of one snapshot.
 */
import { macBits, type MacAddress } from '#units/identity';
import {
  logInterval,
  logIntervalValue,
  scaledNs,
  type LogInterval,
  type ScaledNs,
} from '#units/time';
import {
  CLOCK_TYPE,
  DELAY_MECHANISM,
  PORT_STATE,
  type ClockDescription,
  type DefaultDataSet,
  type PortDataSet,
  type TransparentClockDefaultDataSet,
  type TransparentClockPortDataSet,
} from '#wire/management-data';
import type { PortIdentity } from '#wire/ptp-header';
import type { PeerDelayCondition, PeerDelayStatus } from './peer-delay-types.js';

export type PortMechanism = 'e2e' | 'p2p';

/** One PTP port: 8.3.3. */
export interface TransparentClockPort {
  readonly portNumber: number;
  readonly interfaceName: string;
  readonly isUp: boolean;
  /** False: configured, but PTP does not pass. */
  readonly isEnabled: boolean;
  readonly mechanism: PortMechanism;
  /** Event messages leave two-step. */
  readonly isTwoStep: boolean;
  readonly timestamping: 'software' | 'hardware';
  readonly physicalAddress: MacAddress;
  readonly protocolAddress: {
    /** One of NETWORK_PROTOCOL. */
    readonly networkProtocol: number;
    readonly address: Uint8Array;
  };
  readonly logMinPdelayReqInterval: LogInterval;
  /** Whole nanoseconds, as PORT_DATA_SET_NP has it. */
  readonly neighborPropDelayThresholdNs: number;
  /** Null if the port does not ask. */
  readonly peerDelay: PeerDelayStatus | null;
  /** As the dataplane counts, by messageType, 16 of them: without what the agent sends. */
  readonly received: readonly bigint[];
  readonly sent: readonly bigint[];
}

/** 8.3.2, and what describes the device: 15.5.3.1. */
export interface TransparentClock {
  readonly clockIdentity: bigint;
  /** transparentClockDefaultDS.primaryDomain: of the instance that management speaks to. */
  readonly primaryDomain: number;
  readonly sdoId: number;
  /** Manufacturer;model;instance. */
  readonly productDescription: string;
  /** Hardware;firmware;software. */
  readonly revisionData: string;
  readonly userDescription: string;
  /** By portNumber. */
  readonly ports: readonly TransparentClockPort[];
}

/** 20.3.3 and annex I: the default profiles. */
const PROFILE_IDENTITY = {
  e2e: Uint8Array.of(0x00, 0x1b, 0x19, 0x00, 0x01, 0x00),
  p2p: Uint8Array.of(0x00, 0x1b, 0x19, 0x00, 0x02, 0x00),
} as const;

/** No OUI of our own. */
const MANUFACTURER_IDENTITY = new Uint8Array(3);
const NO_LOG_INTERVAL = logIntervalValue(logInterval(0x7f));
const PTP_VERSION = 2;

const FAULTS: ReadonlySet<PeerDelayCondition> = new Set([
  'no-response',
  'no-transmit-time',
  'multiple-responders',
  'own-response',
]);

export function portIdentityOf(clock: TransparentClock, port: TransparentClockPort): PortIdentity {
  return { clockIdentity: clock.clockIdentity, portNumber: port.portNumber };
}

export function wireMechanism(mechanism: PortMechanism): number {
  return mechanism === 'p2p' ? DELAY_MECHANISM.p2p : DELAY_MECHANISM.e2e;
}

/** 8.3.2.3: one for the clock. With ports of both kinds it is E2E, which the P2P ports stop. */
function clockMechanism(clock: TransparentClock): PortMechanism {
  return clock.ports.length > 0 && clock.ports.every(({ mechanism }) => mechanism === 'p2p')
    ? 'p2p'
    : 'e2e';
}

/** 8.3.2. */
export function transparentClockDefaultDS(clock: TransparentClock): TransparentClockDefaultDataSet {
  return {
    clockIdentity: clock.clockIdentity,
    numberPorts: clock.ports.length,
    delayMechanism: wireMechanism(clockMechanism(clock)),
    primaryDomain: clock.primaryDomain,
  };
}

/** 8.3.3. */
export function transparentClockPortDS(
  clock: TransparentClock,
  port: TransparentClockPort,
): TransparentClockPortDataSet {
  return {
    portIdentity: portIdentityOf(clock, port),
    flags: Number(isFaulty(port)),
    logMinPdelayReqInterval: logIntervalValue(port.logMinPdelayReqInterval),
    peerMeanPathDelay: peerMeanPathDelay(port),
  };
}

/** 8.3.3.3.2: the link is down, or its delay cannot be measured. */
export function isFaulty(port: TransparentClockPort): boolean {
  return !port.isUp || (port.peerDelay !== null && FAULTS.has(port.peerDelay.condition));
}

/** 8.3.3.3.3: zero on an E2E port, and as long as nothing was measured. */
function peerMeanPathDelay(port: TransparentClockPort): ScaledNs {
  return port.peerDelay?.meanLinkDelay ?? scaledNs(0n);
}

/**
 * 8.2.1 as far as a transparent clock has it: it can never become a grandmaster, which is what
 * slaveOnly with clockClass 255 and the worst priorities say.
 */
export function defaultDS(clock: TransparentClock): DefaultDataSet {
  const twoStep = Number(clock.ports.some(({ isTwoStep }) => isTwoStep));
  const slaveOnly = 2;
  return {
    flags: twoStep | slaveOnly,
    numberPorts: clock.ports.length,
    priority1: 255,
    clockClass: 255,
    clockAccuracy: 0xfe,
    offsetScaledLogVariance: 0xffff,
    priority2: 255,
    clockIdentity: clock.clockIdentity,
    domainNumber: clock.primaryDomain,
  };
}

/** 8.2.15: what a port without a port state machine can say. Intervals it does not have are 0x7F. */
export function portDS(clock: TransparentClock, port: TransparentClockPort): PortDataSet {
  return {
    portIdentity: portIdentityOf(clock, port),
    portState: portStateOf(port),
    logMinDelayReqInterval: NO_LOG_INTERVAL,
    meanLinkDelay: peerMeanPathDelay(port),
    logAnnounceInterval: NO_LOG_INTERVAL,
    announceReceiptTimeout: 0,
    logSyncInterval: NO_LOG_INTERVAL,
    delayMechanism: wireMechanism(port.mechanism),
    logMinPdelayReqInterval: logIntervalValue(port.logMinPdelayReqInterval),
    versionNumber: PTP_VERSION,
  };
}

/** PASSIVE: neither timeTransmitter nor timeReceiver, and all is well. */
export function portStateOf(port: TransparentClockPort): number {
  if (!port.isEnabled) return PORT_STATE.disabled;
  return isFaulty(port) ? PORT_STATE.faulty : PORT_STATE.passive;
}

/** 15.5.3.1.2. */
export function clockDescriptionOf(
  clock: TransparentClock,
  port: TransparentClockPort,
): ClockDescription {
  return {
    clockType:
      clockMechanism(clock) === 'p2p' ? CLOCK_TYPE.p2pTransparent : CLOCK_TYPE.e2eTransparent,
    physicalLayerProtocol: 'IEEE 802.3',
    physicalAddress: macOctets(port.physicalAddress),
    protocolAddress: port.protocolAddress,
    manufacturerIdentity: MANUFACTURER_IDENTITY,
    productDescription: clock.productDescription,
    revisionData: clock.revisionData,
    userDescription: clock.userDescription,
    profileIdentity: PROFILE_IDENTITY[port.mechanism],
  };
}

function macOctets(mac: MacAddress): Uint8Array {
  const bits = macBits(mac);
  return Uint8Array.from({ length: 6 }, (_, i) => Number((bits >> BigInt(40 - 8 * i)) & 0xffn));
}
