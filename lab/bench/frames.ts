/**
 * Frames from the standards' words alone: Ethernet, VLAN tags, IPv4, IPv6, UDP and PTP, written
 * without a line of the product, so that the vectors can disagree with it.
 */

/** How PTP travels: IEEE 1588-2019 annexes E (802.3), C (UDP/IPv4) and D (UDP/IPv6). */
export type Transport = 'l2' | 'ipv4' | 'ipv6';

/** What stands in the UDP checksum field. `zero` is allowed on IPv4 only; `wrong` is off by one bit. */
export type ChecksumKind = 'none' | 'zero' | 'valid' | 'wrong';

export interface VlanTag {
  readonly tpid: 0x8100 | 0x88a8;
  readonly vid: number;
  readonly pcp: number;
}

export interface MessageKind {
  readonly name: string;
  /** messageType, 13.3.2.3. */
  readonly type: number;
  /** Octets of header and body, clause 13. */
  readonly octets: number;
  /** Event messages travel on port 319 and are the ones a transparent clock corrects. */
  readonly event: boolean;
  /** Peer delay messages have a link-local multicast address. */
  readonly peer: boolean;
}

export const MESSAGES: readonly MessageKind[] = [
  { name: 'Sync', type: 0x0, octets: 44, event: true, peer: false },
  { name: 'Delay_Req', type: 0x1, octets: 44, event: true, peer: false },
  { name: 'Pdelay_Req', type: 0x2, octets: 54, event: true, peer: true },
  { name: 'Pdelay_Resp', type: 0x3, octets: 54, event: true, peer: true },
  { name: 'Follow_Up', type: 0x8, octets: 44, event: false, peer: false },
  { name: 'Delay_Resp', type: 0x9, octets: 54, event: false, peer: false },
  { name: 'Pdelay_Resp_Follow_Up', type: 0xa, octets: 54, event: false, peer: true },
  { name: 'Announce', type: 0xb, octets: 64, event: false, peer: false },
  { name: 'Signaling', type: 0xc, octets: 44, event: false, peer: false },
  { name: 'Management', type: 0xd, octets: 48, event: false, peer: false },
];

/** Offset of correctionField in a PTP message, 13.3.1. */
export const CORRECTION_OFFSET = 8;
const PTP_ETHERTYPE = 0x88f7;

export interface PtpMessage {
  readonly kind: MessageKind;
  readonly correctionField: bigint;
  /** minorVersionPTP in the high nibble, versionPTP in the low one. */
  readonly version: number;
  readonly sequenceId: number;
  /** What follows correctionField and fills the body: seeded, to be found again untouched. */
  readonly filler: (octets: number) => Uint8Array;
  /** TLVs behind the body, counted by messageLength. */
  readonly tlvs: Uint8Array;
  /** Overrides messageLength. */
  readonly messageLength: number | null;
}

/** Header and body of a PTP message, 13.3 and following. */
export function ptpMessage(message: PtpMessage): Uint8Array {
  const octets = message.kind.octets + message.tlvs.length;
  const out = new Uint8Array(octets);
  const view = new DataView(out.buffer);
  out.set(message.filler(message.kind.octets - 34), 34);
  view.setUint8(0, message.kind.type);
  view.setUint8(1, message.version);
  view.setUint16(2, message.messageLength ?? octets);
  view.setUint16(6, 0x0200);
  view.setBigUint64(CORRECTION_OFFSET, BigInt.asUintN(64, message.correctionField));
  out.set([0x00, 0x1b, 0x21, 0xff, 0xfe, 0x0a, 0x0b, 0x0c, 0x00, 0x01], 20);
  view.setUint16(30, message.sequenceId);
  view.setUint8(33, message.kind.event && message.kind.type !== 0 ? 0x7f : 0xfd);
  out.set(message.tlvs, message.kind.octets);
  return out;
}

export interface Envelope {
  readonly transport: Transport;
  readonly tags: readonly VlanTag[];
  readonly checksum: ChecksumKind;
  readonly udpPort: number;
  readonly peer: boolean;
  readonly sourceMac: readonly number[];
  /** Null: the transport's PTP multicast address. */
  readonly destinationMac: readonly number[] | null;
  /** Octets behind the message, inside the UDP datagram (annex D has two of them). */
  readonly trailer: Uint8Array;
  /** Pads the frame with zeros to this length without FCS, outside of any IP datagram. */
  readonly padTo: number;
}

/** A whole Ethernet frame without FCS. */
export function frame(envelope: Envelope, message: Uint8Array): Uint8Array {
  const payload = concat([message, envelope.trailer]);
  const packet =
    envelope.transport === 'l2'
      ? payload
      : envelope.transport === 'ipv4'
        ? ipv4(envelope, payload)
        : ipv6(envelope, payload);
  const ethertype = { l2: PTP_ETHERTYPE, ipv4: 0x0800, ipv6: 0x86dd }[envelope.transport];
  const head = concat([
    Uint8Array.from(envelope.destinationMac ?? multicastMac(envelope)),
    Uint8Array.from(envelope.sourceMac),
    ...envelope.tags.map((tag) => u16(tag.tpid, (tag.pcp << 13) | tag.vid)),
    u16(ethertype),
    packet,
  ]);
  return head.length >= envelope.padTo
    ? head
    : concat([head, new Uint8Array(envelope.padTo - head.length)]);
}

function multicastMac(envelope: Envelope): readonly number[] {
  if (envelope.transport === 'l2') {
    return envelope.peer ? [0x01, 0x80, 0xc2, 0, 0, 0x0e] : [0x01, 0x1b, 0x19, 0, 0, 0];
  }
  if (envelope.transport === 'ipv4') {
    return envelope.peer ? [0x01, 0x00, 0x5e, 0, 0, 0x6b] : [0x01, 0x00, 0x5e, 0, 0x01, 0x81];
  }
  return [0x33, 0x33, 0x00, 0x00, envelope.peer ? 0x00 : 0x01, envelope.peer ? 0x6b : 0x81];
}

function ipv4(envelope: Envelope, payload: Uint8Array): Uint8Array {
  const source = [192, 0, 2, 1];
  const destination = envelope.peer ? [224, 0, 0, 107] : [224, 0, 1, 129];
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  header.set([0x45, 0xb8]);
  view.setUint16(2, 28 + payload.length);
  view.setUint16(4, 0x1234);
  view.setUint16(6, 0x4000);
  header.set([envelope.peer ? 1 : 64, 17], 8);
  header.set([...source, ...destination], 12);
  view.setUint16(10, onesComplement(header));
  const pseudo = concat([
    Uint8Array.from([...source, ...destination]),
    u16(17, 8 + payload.length),
  ]);
  return concat([header, udp(envelope, pseudo, payload)]);
}

function ipv6(envelope: Envelope, payload: Uint8Array): Uint8Array {
  const source = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x1b, 0x21, 0xff, 0xfe, 0x0a, 0x0b, 0x0c];
  const destination = new Array<number>(16).fill(0);
  destination[0] = 0xff;
  destination[1] = envelope.peer ? 0x02 : 0x0e;
  destination[14] = envelope.peer ? 0x00 : 0x01;
  destination[15] = envelope.peer ? 0x6b : 0x81;
  const header = concat([
    Uint8Array.from([0x6b, 0x80, 0, 0]),
    u16(8 + payload.length),
    Uint8Array.from([17, envelope.peer ? 1 : 64, ...source, ...destination]),
  ]);
  const pseudo = concat([
    Uint8Array.from([...source, ...destination]),
    u16(0, 8 + payload.length, 0, 17),
  ]);
  return concat([header, udp(envelope, pseudo, payload)]);
}

function udp(envelope: Envelope, pseudo: Uint8Array, payload: Uint8Array): Uint8Array {
  const datagram = concat([
    u16(envelope.udpPort, envelope.udpPort, 8 + payload.length, 0),
    payload,
  ]);
  if (envelope.checksum === 'zero') return datagram;
  // RFC 768: a computed zero is sent as all ones, since zero means "no checksum".
  let sum = onesComplement(concat([pseudo, datagram])) || 0xffff;
  if (envelope.checksum === 'wrong') sum ^= 0x0100;
  new DataView(datagram.buffer).setUint16(6, sum);
  return datagram;
}

/** RFC 1071's checksum over an area, a missing last octet taken as zero. */
export function onesComplement(octets: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += ((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Big-endian 16-bit words. */
export function u16(...words: readonly number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [(word >> 8) & 0xff, word & 0xff]));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
