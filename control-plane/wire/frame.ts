/**
 * Ethernet frames with zero to two VLAN tags around a bare payload, UDP over IPv4 or UDP over IPv6:
 * the encapsulations of IEEE 1588-2019 annexes C, D and E.
 *
 * Decoding is total: every octet string gives a frame or a named error. What is not UDP (fragments,
 * other protocols, IPv6 extension headers) decodes as `ethernet` with the whole packet as payload.
 */
import { macBits, macFromBits, type MacAddress } from '#units/identity';
import { failure, success, type Result } from '#units/result';
import { internetChecksum, onesComplementSum } from './checksum.js';
import { concatOctets, readUint48, viewOf, writeUint48 } from './octets.js';

export const ETHERTYPE = {
  ipv4: 0x0800,
  vlan: 0x8100,
  ipv6: 0x86dd,
  provider: 0x88a8,
  ptp: 0x88f7,
} as const;

const MAC_HEADER_OCTETS = 12;
const ETHERTYPE_OCTETS = 2;
const TAG_OCTETS = 4;
const MAX_TAGS = 2;
const IPV4_MIN_OCTETS = 20;
const IPV6_OCTETS = 40;
const UDP_OCTETS = 8;
const PROTOCOL_UDP = 17;

export interface VlanTag {
  readonly tpid: number;
  /** Priority code point, 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 to 4095: 0 is a priority tag without a VLAN. */
  readonly vlan: number;
}

export interface Udp {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 0: none, which only IPv4 allows. 'valid': computed when encoding, found right when decoding. */
  readonly checksum: 'valid' | 'none' | { readonly wrong: number };
}

export type Encapsulation =
  | { readonly kind: 'ethernet'; readonly etherType: number }
  | {
      readonly kind: 'udp4';
      readonly source: Uint8Array;
      readonly destination: Uint8Array;
      readonly trafficClass: number;
      readonly ttl: number;
      readonly identification: number;
      readonly options: Uint8Array;
      readonly udp: Udp;
    }
  | {
      readonly kind: 'udp6';
      readonly source: Uint8Array;
      readonly destination: Uint8Array;
      readonly trafficClass: number;
      readonly flowLabel: number;
      readonly hopLimit: number;
      readonly udp: Udp;
    };

export interface Frame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** Outermost first. */
  readonly tags: readonly VlanTag[];
  readonly encapsulation: Encapsulation;
  readonly payload: Uint8Array;
  /** What stands behind the payload: Ethernet padding, which a switch keeps. */
  readonly padding: Uint8Array;
}

/** A decoded frame and where its parts began. */
export interface LocatedFrame extends Frame {
  readonly payloadOffset: number;
  /** Offset of the UDP checksum; null without UDP. */
  readonly udpChecksumOffset: number | null;
}

export type FrameErrorCode =
  | 'frame-too-short'
  | 'tag-truncated'
  | 'ip-truncated'
  | 'ip-bad-header'
  | 'ip-bad-checksum'
  | 'udp-truncated'
  | 'udp-bad-length';

type Decoded<T> = Result<T, FrameErrorCode>;

interface Network {
  readonly encapsulation: Encapsulation;
  readonly payloadOffset: number;
  readonly payloadEnd: number;
  readonly udpChecksumOffset: number | null;
}

/** Decodes a frame without its FCS. */
export function decodeFrame(octets: Uint8Array): Decoded<LocatedFrame> {
  if (octets.length < MAC_HEADER_OCTETS + ETHERTYPE_OCTETS) {
    return failure('frame-too-short', `${octets.length} octets are no Ethernet frame`);
  }
  const view = viewOf(octets);
  const tags: VlanTag[] = [];
  let offset = MAC_HEADER_OCTETS;
  let etherType = view.getUint16(offset);
  while (isTagProtocol(etherType) && tags.length < MAX_TAGS) {
    if (octets.length < offset + TAG_OCTETS + ETHERTYPE_OCTETS) {
      return failure('tag-truncated', `the frame ends in VLAN tag ${tags.length + 1}`);
    }
    tags.push(decodeTag(etherType, view.getUint16(offset + 2)));
    offset += TAG_OCTETS;
    etherType = view.getUint16(offset);
  }
  const network = decodeNetwork(octets, view, offset + ETHERTYPE_OCTETS, etherType);
  if (!network.ok) return network;
  const { encapsulation, payloadOffset, payloadEnd, udpChecksumOffset } = network.value;
  return success({
    destination: macFromBits(readUint48(view, 0)),
    source: macFromBits(readUint48(view, 6)),
    tags,
    encapsulation,
    payload: octets.slice(payloadOffset, payloadEnd),
    padding: octets.slice(payloadEnd),
    payloadOffset,
    udpChecksumOffset,
  });
}

function isTagProtocol(etherType: number): boolean {
  return etherType === ETHERTYPE.vlan || etherType === ETHERTYPE.provider;
}

function decodeTag(tpid: number, control: number): VlanTag {
  return {
    tpid,
    priority: control >> 13,
    dropEligible: ((control >> 12) & 1) === 1,
    vlan: control & 0xfff,
  };
}

function decodeNetwork(
  octets: Uint8Array,
  view: DataView,
  offset: number,
  etherType: number,
): Decoded<Network> {
  if (etherType === ETHERTYPE.ipv4) return decodeIpv4(octets, view, offset);
  if (etherType === ETHERTYPE.ipv6) return decodeIpv6(octets, view, offset);
  return success(bare(etherType, offset, octets.length));
}

function bare(etherType: number, payloadOffset: number, payloadEnd: number): Network {
  return {
    encapsulation: { kind: 'ethernet', etherType },
    payloadOffset,
    payloadEnd,
    udpChecksumOffset: null,
  };
}

function decodeIpv4(octets: Uint8Array, view: DataView, offset: number): Decoded<Network> {
  if (octets.length < offset + IPV4_MIN_OCTETS) {
    return failure('ip-truncated', 'the frame ends in the IPv4 header');
  }
  const headerOctets = (view.getUint8(offset) & 0xf) * 4;
  const totalOctets = view.getUint16(offset + 2);
  if (view.getUint8(offset) >> 4 !== 4 || headerOctets < IPV4_MIN_OCTETS) {
    return failure('ip-bad-header', 'version or header length of IPv4 is wrong');
  }
  if (totalOctets < headerOctets) return failure('ip-bad-header', 'IPv4 total length too small');
  if (octets.length < offset + totalOctets) {
    return failure('ip-truncated', `IPv4 says ${totalOctets} octets, the frame has fewer`);
  }
  const header = octets.slice(offset, offset + headerOctets);
  if (onesComplementSum(header) !== 0xffff) {
    return failure('ip-bad-checksum', 'the IPv4 header checksum is wrong');
  }
  const fragmented = (view.getUint16(offset + 6) & 0x3fff) !== 0;
  if (view.getUint8(offset + 9) !== PROTOCOL_UDP || fragmented) {
    return success(bare(ETHERTYPE.ipv4, offset, octets.length));
  }
  const source = octets.slice(offset + 12, offset + 16);
  const destination = octets.slice(offset + 16, offset + 20);
  const udp = decodeUdp(octets, offset + headerOctets, offset + totalOctets, source, destination);
  if (!udp.ok) return udp;
  return success({
    ...udp.value,
    encapsulation: {
      kind: 'udp4',
      source,
      destination,
      trafficClass: view.getUint8(offset + 1),
      ttl: view.getUint8(offset + 8),
      identification: view.getUint16(offset + 4),
      options: header.slice(IPV4_MIN_OCTETS),
      udp: udp.value.udp,
    },
  });
}

function decodeIpv6(octets: Uint8Array, view: DataView, offset: number): Decoded<Network> {
  if (octets.length < offset + IPV6_OCTETS) {
    return failure('ip-truncated', 'the frame ends in the IPv6 header');
  }
  const first = view.getUint32(offset);
  if (first >>> 28 !== 6) return failure('ip-bad-header', 'version of IPv6 is wrong');
  const end = offset + IPV6_OCTETS + view.getUint16(offset + 4);
  if (octets.length < end) return failure('ip-truncated', 'IPv6 says more than the frame has');
  if (view.getUint8(offset + 6) !== PROTOCOL_UDP) {
    return success(bare(ETHERTYPE.ipv6, offset, octets.length));
  }
  const source = octets.slice(offset + 8, offset + 24);
  const destination = octets.slice(offset + 24, offset + 40);
  const udp = decodeUdp(octets, offset + IPV6_OCTETS, end, source, destination);
  if (!udp.ok) return udp;
  return success({
    ...udp.value,
    encapsulation: {
      kind: 'udp6',
      source,
      destination,
      trafficClass: (first >>> 20) & 0xff,
      flowLabel: first & 0xf_ffff,
      hopLimit: view.getUint8(offset + 7),
      udp: udp.value.udp,
    },
  });
}

interface LocatedUdp {
  readonly udp: Udp;
  readonly payloadOffset: number;
  readonly payloadEnd: number;
  readonly udpChecksumOffset: number;
}

function decodeUdp(
  octets: Uint8Array,
  offset: number,
  end: number,
  source: Uint8Array,
  destination: Uint8Array,
): Decoded<LocatedUdp> {
  if (end < offset + UDP_OCTETS) {
    return failure('udp-truncated', 'the packet ends in the UDP header');
  }
  const view = viewOf(octets);
  const length = view.getUint16(offset + 4);
  if (length < UDP_OCTETS || offset + length > end) {
    return failure('udp-bad-length', `UDP length ${length} does not fit its packet`);
  }
  const datagram = octets.slice(offset, offset + length);
  const checksum = view.getUint16(offset + 6);
  const sum = onesComplementSum(pseudoHeader(source, destination, length), datagram);
  return success({
    udp: {
      sourcePort: view.getUint16(offset),
      destinationPort: view.getUint16(offset + 2),
      checksum: checksum === 0 ? 'none' : sum === 0xffff ? 'valid' : { wrong: checksum },
    },
    payloadOffset: offset + UDP_OCTETS,
    payloadEnd: offset + length,
    udpChecksumOffset: offset + 6,
  });
}

/** For IPv4 and IPv6 alike: the sums are the same, whatever the order of the fields. */
function pseudoHeader(source: Uint8Array, destination: Uint8Array, udpOctets: number): Uint8Array {
  const tail = new Uint8Array(8);
  const view = viewOf(tail);
  view.setUint32(0, udpOctets);
  view.setUint32(4, PROTOCOL_UDP);
  return concatOctets(source, destination, tail);
}

/** Encodes a frame without its FCS; never pads. */
export function encodeFrame(frame: Frame): Uint8Array {
  const head = new Uint8Array(
    MAC_HEADER_OCTETS + frame.tags.length * TAG_OCTETS + ETHERTYPE_OCTETS,
  );
  const view = viewOf(head);
  writeUint48(view, 0, macBits(frame.destination));
  writeUint48(view, 6, macBits(frame.source));
  let offset = MAC_HEADER_OCTETS;
  for (const tag of frame.tags) {
    view.setUint16(offset, tag.tpid);
    view.setUint16(offset + 2, (tag.priority << 13) | (Number(tag.dropEligible) << 12) | tag.vlan);
    offset += TAG_OCTETS;
  }
  view.setUint16(offset, etherTypeOf(frame.encapsulation));
  return concatOctets(head, encodeNetwork(frame.encapsulation, frame.payload), frame.padding);
}

function etherTypeOf(encapsulation: Encapsulation): number {
  switch (encapsulation.kind) {
    case 'ethernet':
      return encapsulation.etherType;
    case 'udp4':
      return ETHERTYPE.ipv4;
    case 'udp6':
      return ETHERTYPE.ipv6;
  }
}

function encodeNetwork(encapsulation: Encapsulation, payload: Uint8Array): Uint8Array {
  switch (encapsulation.kind) {
    case 'ethernet':
      return payload;
    case 'udp4':
      return encodeIpv4(encapsulation, payload);
    case 'udp6':
      return encodeIpv6(encapsulation, payload);
  }
}

function encodeIpv4(ip: Extract<Encapsulation, { kind: 'udp4' }>, payload: Uint8Array): Uint8Array {
  const header = concatOctets(new Uint8Array(IPV4_MIN_OCTETS), ip.options);
  const datagram = encodeUdp(ip.udp, ip.source, ip.destination, payload);
  const view = viewOf(header);
  view.setUint8(0, 0x40 | (header.length / 4));
  view.setUint8(1, ip.trafficClass);
  view.setUint16(2, header.length + datagram.length);
  view.setUint16(4, ip.identification);
  view.setUint8(8, ip.ttl);
  view.setUint8(9, PROTOCOL_UDP);
  header.set(ip.source, 12);
  header.set(ip.destination, 16);
  view.setUint16(10, internetChecksum(header));
  return concatOctets(header, datagram);
}

function encodeIpv6(ip: Extract<Encapsulation, { kind: 'udp6' }>, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(IPV6_OCTETS);
  const datagram = encodeUdp(ip.udp, ip.source, ip.destination, payload);
  const view = viewOf(header);
  view.setUint32(0, ((6 << 28) | (ip.trafficClass << 20) | ip.flowLabel) >>> 0);
  view.setUint16(4, datagram.length);
  view.setUint8(6, PROTOCOL_UDP);
  view.setUint8(7, ip.hopLimit);
  header.set(ip.source, 8);
  header.set(ip.destination, 24);
  return concatOctets(header, datagram);
}

function encodeUdp(
  udp: Udp,
  source: Uint8Array,
  destination: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  const datagram = concatOctets(new Uint8Array(UDP_OCTETS), payload);
  const view = viewOf(datagram);
  view.setUint16(0, udp.sourcePort);
  view.setUint16(2, udp.destinationPort);
  view.setUint16(4, datagram.length);
  if (udp.checksum === 'valid') {
    const sum = internetChecksum(pseudoHeader(source, destination, datagram.length), datagram);
    // A computed zero is sent as all ones, since zero means "no checksum" (RFC 768, RFC 8200 8.1).
    view.setUint16(6, sum === 0 ? 0xffff : sum);
  } else if (udp.checksum !== 'none') {
    view.setUint16(6, udp.checksum.wrong);
  }
  return datagram;
}
