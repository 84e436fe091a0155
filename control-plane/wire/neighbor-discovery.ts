/** Neighbor Solicitation and Advertisement, RFC 4861 4.3 and 4.4: what ARP is to IPv4. */
import type { MacAddress } from '#units/identity';
import { failure, success, type Result } from '#units/result';
import { internetChecksum, onesComplementSum } from './checksum.js';
import { macField } from './fields.js';
import { concatOctets, viewOf } from './octets.js';

export interface NeighborMessage {
  readonly kind: 'solicitation' | 'advertisement';
  /** Of the IPv6 packet: 16 octets. Unspecified (all zero) in duplicate address detection. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Whose link-layer address it is about. */
  readonly target: Uint8Array;
  /** The sender's (solicitation) or the target's (advertisement). */
  readonly linkAddress: MacAddress | null;
  /** Of an advertisement: it answers; it replaces what was known. */
  readonly solicited: boolean;
  readonly override: boolean;
}

export type NeighborErrorCode =
  | 'nd-too-short'
  /** Another message, or none of ICMPv6. */
  | 'nd-other'
  /** Not from this link, or wrong: to be dropped silently (RFC 4861 7.1). */
  | 'nd-invalid';

const IPV6_OCTETS = 40;
const FIXED_OCTETS = 24;
const PROTOCOL_ICMPV6 = 58;
/** Whoever is behind a router cannot send it. */
const HOP_LIMIT = 255;
const TYPE = { solicitation: 135, advertisement: 136 } as const;
/** Source link-layer address in a solicitation, target's in an advertisement. */
const LINK_OPTION = { solicitation: 1, advertisement: 2 } as const;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;
const OPTION_UNIT = 8;

/** Of a whole IPv6 packet, as a frame that is no UDP has it for payload. */
export function decodeNeighborMessage(
  packet: Uint8Array,
): Result<NeighborMessage, NeighborErrorCode> {
  if (packet.length < IPV6_OCTETS) return failure('nd-too-short', 'the packet ends in IPv6');
  const view = viewOf(packet);
  if (view.getUint8(0) >> 4 !== 6 || view.getUint8(6) !== PROTOCOL_ICMPV6) {
    return failure('nd-other', 'no ICMPv6');
  }
  const end = IPV6_OCTETS + view.getUint16(4);
  if (packet.length < end || end < IPV6_OCTETS + FIXED_OCTETS) {
    return failure('nd-too-short', 'the packet ends in the message');
  }
  const type = view.getUint8(IPV6_OCTETS);
  if (type !== TYPE.solicitation && type !== TYPE.advertisement) {
    return failure('nd-other', `ICMPv6 type ${type}`);
  }
  const source = packet.slice(8, 24);
  const destination = packet.slice(24, 40);
  const message = packet.subarray(IPV6_OCTETS, end);
  const isSound =
    view.getUint8(7) === HOP_LIMIT &&
    view.getUint8(IPV6_OCTETS + 1) === 0 &&
    onesComplementSum(pseudoHeader(source, destination, message.length), message) === 0xffff;
  if (!isSound) return failure('nd-invalid', 'hop limit, code or checksum is wrong');
  const kind = type === TYPE.solicitation ? 'solicitation' : 'advertisement';
  const linkAddress = linkAddressOf(message.subarray(FIXED_OCTETS), LINK_OPTION[kind]);
  if (linkAddress === undefined) return failure('nd-invalid', 'an option has no length');
  const flags = viewOf(message).getUint32(4);
  return success({
    kind,
    source,
    destination,
    target: message.slice(8, 24),
    linkAddress,
    solicited: kind === 'advertisement' && (flags & SOLICITED) !== 0,
    override: kind === 'advertisement' && (flags & OVERRIDE) !== 0,
  });
}

/** Null: it is not among them; undefined: they cannot be read. */
function linkAddressOf(options: Uint8Array, type: number): MacAddress | null | undefined {
  const view = viewOf(options);
  let found: MacAddress | null = null;
  for (let offset = 0; offset + OPTION_UNIT <= options.length;) {
    const octets = view.getUint8(offset + 1) * OPTION_UNIT;
    if (octets === 0) return undefined;
    if (view.getUint8(offset) === type && octets === OPTION_UNIT) {
      found = macField.read(view, offset + 2);
    }
    offset += octets;
  }
  return found;
}

/** A whole IPv6 packet. */
export function encodeNeighborMessage(neighbor: NeighborMessage): Uint8Array {
  const { kind, source, destination, linkAddress } = neighbor;
  const message = new Uint8Array(FIXED_OCTETS + (linkAddress === null ? 0 : OPTION_UNIT));
  const view = viewOf(message);
  view.setUint8(0, TYPE[kind]);
  const flags = (neighbor.solicited ? SOLICITED : 0) | (neighbor.override ? OVERRIDE : 0);
  if (kind === 'advertisement') view.setUint32(4, flags);
  message.set(neighbor.target, 8);
  if (linkAddress !== null) {
    view.setUint8(FIXED_OCTETS, LINK_OPTION[kind]);
    view.setUint8(FIXED_OCTETS + 1, 1);
    macField.write(view, FIXED_OCTETS + 2, linkAddress);
  }
  const pseudo = pseudoHeader(source, destination, message.length);
  view.setUint16(2, internetChecksum(pseudo, message));
  const header = new Uint8Array(IPV6_OCTETS);
  const head = viewOf(header);
  head.setUint8(0, 0x60);
  head.setUint16(4, message.length);
  head.setUint8(6, PROTOCOL_ICMPV6);
  head.setUint8(7, HOP_LIMIT);
  header.set(source, 8);
  header.set(destination, 24);
  return concatOctets(header, message);
}

function pseudoHeader(source: Uint8Array, destination: Uint8Array, octets: number): Uint8Array {
  const tail = new Uint8Array(8);
  const view = viewOf(tail);
  view.setUint32(0, octets);
  view.setUint32(4, PROTOCOL_ICMPV6);
  return concatOctets(source, destination, tail);
}

/** FF02::1:FFxx:xxxx, where the solicitations for an address go (RFC 4291 2.7.1). */
export function solicitedNodeGroup(address: Uint8Array): Uint8Array {
  const group = new Uint8Array(16);
  group.set([0xff, 0x02]);
  group.set([0x01, 0xff], 11);
  group.set(address.subarray(13, 16), 13);
  return group;
}
