/**
 * What makes two captured frames the same packet, though a switch has changed addresses, tags, TTL or
 * correctionField between them.
 */
import { CORRECTION_OFFSET, FLAG, MESSAGE_TYPE, HEADER_OCTETS } from '#wire/ptp-header';
import { viewOf, type CapturedFrame } from './capture-types.js';

export interface PacketIdentity {
  /** The same for the same packet at both places. */
  readonly key: string;
  readonly ptp: PtpFacts | null;
}

export interface PtpFacts {
  readonly messageType: number;
  readonly correctionScaledNs: bigint;
  readonly isTwoStep: boolean;
  /** Domain, source and sequenceId: what a Follow_Up shares with its Sync. */
  readonly exchange: string;
}

const ETHERNET = 1;
const RAW_IP = 101;
const LINUX_COOKED = 113;
const IPV4_ONLY = 228;
const IPV6_ONLY = 229;
const LINUX_COOKED_2 = 276;

export const LINK_TYPES: ReadonlySet<number> = new Set([
  ETHERNET,
  RAW_IP,
  LINUX_COOKED,
  IPV4_ONLY,
  IPV6_ONLY,
  LINUX_COOKED_2,
]);

const PTP = 0x88f7;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const UDP = 17;
const PTP_PORTS: ReadonlySet<number> = new Set([319, 320]);

interface Payload {
  readonly etherType: number;
  readonly octets: Uint8Array;
}

/** Null of a frame that is too short, or of a link type that is not known. */
export function payloadOf({ linkType, octets }: CapturedFrame): Payload | null {
  const view = viewOf(octets);
  const at = (typeAt: number, payloadAt: number): Payload | null =>
    octets.length < payloadAt
      ? null
      : { etherType: view.getUint16(typeAt), octets: octets.subarray(payloadAt) };
  switch (linkType) {
    case ETHERNET: {
      let typeAt = 12;
      while (typeAt + 2 <= octets.length && TAGS.has(view.getUint16(typeAt))) typeAt += 4;
      return at(typeAt, typeAt + 2);
    }
    case LINUX_COOKED:
      return at(14, 16);
    case LINUX_COOKED_2:
      return at(0, 20);
    case RAW_IP:
    case IPV4_ONLY:
    case IPV6_ONLY:
      if (octets.length === 0) return null;
      return { etherType: view.getUint8(0) >> 4 === 6 ? IPV6 : IPV4, octets };
    default:
      return null;
  }
}

/** `octets`: so many of what is carried count; fewer than any capture has cut to. */
export function packetIdentity(frame: CapturedFrame, octets: number): PacketIdentity | null {
  const payload = payloadOf(frame);
  if (payload === null) return null;
  if (payload.etherType === PTP) return ptpIdentity(payload.octets) ?? other(payload, octets);
  if (payload.etherType === IPV4) return ipv4Identity(payload, octets);
  if (payload.etherType === IPV6) return ipv6Identity(payload, octets);
  return other(payload, octets);
}

function ipv4Identity(payload: Payload, octets: number): PacketIdentity | null {
  const packet = payload.octets;
  if (packet.length < 20) return other(payload, octets);
  const view = viewOf(packet);
  const header = (view.getUint8(0) & 0x0f) * 4;
  const length = view.getUint16(2);
  const body = packet.subarray(header, Math.max(header, length));
  const isFragment = (view.getUint16(6) & 0x3fff) !== 0;
  if (view.getUint8(9) === UDP && !isFragment) {
    const ptp = ptpOverUdp(body);
    if (ptp !== null) return ptp;
  }
  // Not the traffic class, the TTL, the header's checksum; addresses, identification and protocol.
  const hash = new Hash();
  hash.add(packet.subarray(4, 8));
  hash.add(packet.subarray(9, 10));
  hash.add(packet.subarray(12, 20));
  hash.add(body.subarray(0, octets));
  return { key: `4/${length}/${hash.text()}`, ptp: null };
}

function ipv6Identity(payload: Payload, octets: number): PacketIdentity | null {
  const packet = payload.octets;
  if (packet.length < 40) return other(payload, octets);
  const view = viewOf(packet);
  const length = view.getUint16(4);
  const body = packet.subarray(40, 40 + length);
  if (view.getUint8(6) === UDP) {
    const ptp = ptpOverUdp(body);
    if (ptp !== null) return ptp;
  }
  const hash = new Hash();
  hash.add(packet.subarray(6, 7));
  hash.add(packet.subarray(8, 40));
  hash.add(body.subarray(0, octets));
  return { key: `6/${length}/${hash.text()}`, ptp: null };
}

function ptpOverUdp(datagram: Uint8Array): PacketIdentity | null {
  if (datagram.length < 8 + HEADER_OCTETS) return null;
  const view = viewOf(datagram);
  return PTP_PORTS.has(view.getUint16(2)) ? ptpIdentity(datagram.subarray(8)) : null;
}

/** All else by what it carries. Zeros at the end may be padding, which one side has and one has not. */
function other({ etherType, octets: all }: Payload, octets: number): PacketIdentity {
  let end = Math.min(all.length, octets);
  while (end > 0 && all[end - 1] === 0) end -= 1;
  const hash = new Hash();
  hash.add(all.subarray(0, end));
  return { key: `e/${etherType}/${hash.text()}`, ptp: null };
}

/** Two answers to one Delay_Req differ in whom they answer. */
const ANSWERS: ReadonlySet<number> = new Set([
  MESSAGE_TYPE.delayResp,
  MESSAGE_TYPE.pdelayResp,
  MESSAGE_TYPE.pdelayRespFollowUp,
]);
const SOURCE_AT = 20;
const REQUESTER_AT = 44;
const IDENTITY_OCTETS = 10;

/** From the header alone: the rest of the message may be cut off. */
function ptpIdentity(message: Uint8Array): PacketIdentity | null {
  if (message.length < HEADER_OCTETS) return null;
  const view = viewOf(message);
  if ((view.getUint8(1) & 0x0f) !== 2) return null;
  const messageType = view.getUint8(0) & 0x0f;
  const flags = view.getUint16(6);
  const source = `${view.getBigUint64(SOURCE_AT).toString(36)}-${view.getUint16(SOURCE_AT + 8)}`;
  const sequenceId = view.getUint16(SOURCE_AT + IDENTITY_OCTETS);
  const exchange = `${view.getUint8(4)}/${source}/${flags & FLAG.unicast}/${sequenceId}`;
  const hash = new Hash();
  if (ANSWERS.has(messageType)) {
    hash.add(message.subarray(REQUESTER_AT, REQUESTER_AT + IDENTITY_OCTETS));
  }
  return {
    key: `p/${messageType}/${exchange}/${hash.text()}`,
    ptp: {
      ...{ messageType, exchange },
      correctionScaledNs: view.getBigInt64(CORRECTION_OFFSET),
      isTwoStep: (flags & FLAG.twoStep) !== 0,
    },
  };
}

/** Two of 32 bits: two different packets of a million are taken for one with a chance of 10^-7. */
class Hash {
  #a = 0x811c9dc5;
  #b = 0x2f0b4c47;

  add(octets: Uint8Array): void {
    let [a, b] = [this.#a, this.#b];
    for (const octet of octets) {
      a = Math.imul(a ^ octet, 0x01000193);
      b = Math.imul((b ^ octet) + 0x7ed55d16, 0x2c1b3c6d);
      b ^= b >>> 15;
    }
    this.#a = a;
    this.#b = b;
  }

  text(): string {
    return `${(this.#a >>> 0).toString(36)}.${(this.#b >>> 0).toString(36)}`;
  }
}
