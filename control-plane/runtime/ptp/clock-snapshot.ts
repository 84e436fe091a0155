/** The data sets' snapshot of the clock as it is configured, and of what was measured. */
import { MESSAGE_KINDS, MESSAGE_TYPE, type MessageKind } from '#dataplane/program';
import {
  portUses,
  type OwnAddress,
  type PortSettings,
  type SwitchSettings,
} from '#dataplane/settings';
import type { PeerDelayStatus } from '#ptp/peer-delay-types';
import type { TransparentClock, TransparentClockPort } from '#ptp/transparent-clock';
import { macBits, portValue } from '#units/identity';
import { nsOf, type LogInterval } from '#units/time';
import { NETWORK_PROTOCOL } from '#wire/management-data';
import { octetsOf } from './own-frames.js';

/** Messages of a port since the pipeline was pushed. */
export type MessageCounts = Readonly<
  Record<MessageKind, { readonly received: number; readonly sent: number }>
>;

/** What is not in the configuration. */
export interface ClockFacts {
  readonly version: string;
  /** The program that the switch runs. */
  readonly model: string;
  readonly userDescription: string;
  /** Null: the port does not ask. */
  readonly peerDelay: (port: number) => PeerDelayStatus | null;
  readonly neighborPropDelayThresholdNs: (port: number) => number | null;
  /** True where the switch does not tell of links. */
  readonly isLinkUp: (port: number) => boolean;
  /** Null: not known. */
  readonly counts: (port: number) => MessageCounts | null;
}

const MESSAGE_TYPES = 16;

export function clockSnapshot(settings: SwitchSettings, facts: ClockFacts): TransparentClock {
  const { identity, domainNumber } = settings.clock;
  return {
    clockIdentity: identity,
    primaryDomain: domainNumber,
    sdoId: 0,
    productDescription: `timeplane;${facts.model};`,
    revisionData: `;;${facts.version}`,
    userDescription: facts.userDescription,
    ports: settings.ports
      .map((port) => portSnapshot(port, facts))
      .sort((a, b) => a.portNumber - b.portNumber),
  };
}

function portSnapshot(port: PortSettings, facts: ClockFacts): TransparentClockPort {
  const number = portValue(port.number);
  const { peerDelay } = port;
  const measured = facts.peerDelay(number);
  const counts = facts.counts(number);
  const threshold = facts.neighborPropDelayThresholdNs(number);
  return {
    portNumber: number,
    interfaceName: port.name,
    isUp: facts.isLinkUp(number),
    isEnabled: portUses(port, 'transparent', 'transparentP2P', 'boundary'),
    mechanism: portUses(port, 'transparentP2P') ? 'p2p' : 'e2e',
    isTwoStep: port.step === 'two',
    timestamping: 'software',
    physicalAddress: port.address.mac,
    protocolAddress: protocolAddress(port.address),
    logMinPdelayReqInterval: logIntervalOf(measured, peerDelay.logInterval),
    neighborPropDelayThresholdNs: threshold ?? Number(nsOf(peerDelay.neighborPropDelayThresh)),
    peerDelay: measured,
    received: byType(counts, 'received'),
    sent: byType(counts, 'sent'),
  };
}

function logIntervalOf(measured: PeerDelayStatus | null, configured: LogInterval): LogInterval {
  return measured?.logInterval ?? configured;
}

/** 5.3.6: what the port is reached by, as far as it has an address of its own. */
function protocolAddress({ mac, ipv4, ipv6 }: OwnAddress): TransparentClockPort['protocolAddress'] {
  if (ipv4 !== 0n) return { networkProtocol: NETWORK_PROTOCOL.udp4, address: octetsOf(ipv4, 4) };
  if (ipv6 !== 0n) return { networkProtocol: NETWORK_PROTOCOL.udp6, address: octetsOf(ipv6, 16) };
  return { networkProtocol: NETWORK_PROTOCOL.ethernet, address: octetsOf(macBits(mac), 6) };
}

function byType(counts: MessageCounts | null, direction: 'received' | 'sent'): bigint[] {
  const cells = Array.from({ length: MESSAGE_TYPES }, () => 0n);
  if (counts === null) return cells;
  for (const kind of MESSAGE_KINDS) cells[MESSAGE_TYPE[kind]] = BigInt(counts[kind][direction]);
  return cells;
}
