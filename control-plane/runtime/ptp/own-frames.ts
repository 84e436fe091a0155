/**
 * Frames of the switch's own messages: IEEE 1588-2019 annexes C, D and E, as what they come from
 * and where they go. They are never tagged: peer delay is of one link, and who asks a management
 * question untagged is answered so.
 */
import { isGroupAddress, macBits, macFromBits, type MacAddress } from '#units/identity';
import type { OwnAddress, PtpTransport } from '#dataplane/settings';
import { ETHERTYPE, encodeFrame, type Encapsulation, type VlanTag } from '#wire/frame';

/** 319 for what is stamped, 320 for all else. */
export type MessageClass = 'event' | 'general';

export const UDP_PORT: Readonly<Record<MessageClass, number>> = { event: 319, general: 320 };

/** Where a message goes: an address of the transport and the station's or group's MAC address. */
export interface Destination {
  readonly mac: MacAddress;
  /** Null on Ethernet. */
  readonly ip: Uint8Array | null;
}

interface Groups {
  readonly ethernet: Uint8Array;
  readonly udp4: Uint8Array;
  readonly udp6: Uint8Array;
}

const PEER_DELAY: Groups = {
  ethernet: Uint8Array.of(0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e),
  udp4: Uint8Array.of(224, 0, 0, 107),
  udp6: ipv6Group(0x02, 0x6b),
};

const PRIMARY: Groups = {
  ethernet: Uint8Array.of(0x01, 0x1b, 0x19, 0x00, 0x00, 0x00),
  udp4: Uint8Array.of(224, 0, 1, 129),
  udp6: ipv6Group(0x0e, 0x81, 0x01),
};

/** What goes to a group goes no further than the link. */
const GROUP_HOPS = 1;
const STATION_HOPS = 64;

/** 01-80-C2-00-00-0E, 224.0.0.107, FF02::6B. */
export function peerDelayGroup(transport: PtpTransport): Destination {
  return groupOf(PEER_DELAY, transport);
}

/** 01-1B-19-00-00-00, 224.0.1.129, FF0E::181. */
export function primaryGroup(transport: PtpTransport): Destination {
  return groupOf(PRIMARY, transport);
}

function groupOf(groups: Groups, transport: PtpTransport): Destination {
  return groupAt(transport, groups[transport]);
}

/** A group of a transport by its address: 6 octets, 4 or 16. */
export function groupAt(transport: PtpTransport, address: Uint8Array): Destination {
  switch (transport) {
    case 'ethernet':
      return { mac: macFromBits(bitsOf(address)), ip: null };
    case 'udp4':
      return { mac: ipv4GroupMac(address), ip: address };
    case 'udp6':
      return { mac: ipv6GroupMac(address), ip: address };
  }
}

/** FF0x::low, with the scope in the second octet. */
function ipv6Group(scope: number, low: number, high = 0): Uint8Array {
  const address = new Uint8Array(16);
  address[0] = 0xff;
  address[1] = scope;
  address[14] = high;
  address[15] = low;
  return address;
}

/** RFC 1112, 6.4: the low 23 bits behind 01-00-5E. */
function ipv4GroupMac(address: Uint8Array): MacAddress {
  const [, b = 0, c = 0, d = 0] = address;
  return macFromBits(0x0100_5e00_0000n | BigInt(((b & 0x7f) << 16) | (c << 8) | d));
}

/** RFC 2464, 7: the low 32 bits behind 33-33. */
function ipv6GroupMac(address: Uint8Array): MacAddress {
  return macFromBits((0x3333n << 32n) | bitsOf(address.subarray(12)));
}

function bitsOf(octets: Uint8Array): bigint {
  return octets.reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

/** RFC 4291, appendix A: FE80:: and the modified EUI-64 of a MAC address. */
export function linkLocalOf(mac: MacAddress): bigint {
  const bits = macBits(mac);
  const identifier = ((bits >> 24n) << 40n) | (0xfffen << 24n) | (bits & 0xff_ffffn);
  return (0xfe80n << 112n) | (identifier ^ (0x02n << 56n));
}

export function octetsOf(bits: bigint, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) =>
    Number((bits >> BigInt(8 * (octets - 1 - i))) & 0xffn),
  );
}

/** An address to send from; null: IPv4 without one, which a receiver would not take. */
export function sourceOf(own: OwnAddress, transport: 'udp4' | 'udp6'): Uint8Array | null {
  if (transport === 'udp6') {
    return octetsOf(own.ipv6 === 0n ? linkLocalOf(own.mac) : own.ipv6, 16);
  }
  return own.ipv4 === 0n ? null : octetsOf(own.ipv4, 4);
}

/** Messages over UDP/IPv6 are two octets longer than they say (annex D): 0 for a one-step clock. */
const IPV6_EXTENSION = new Uint8Array(2);

/** What an own frame is made of. */
export interface OwnFrame {
  readonly own: OwnAddress;
  readonly transport: PtpTransport;
  readonly destination: Destination;
  readonly messageClass: MessageClass;
  readonly message: Uint8Array;
  readonly tags?: readonly VlanTag[];
}

/**
 * The octets of a frame, without FCS. Link-local groups of IPv4 are also sent to from 0.0.0.0, as a
 * station that has no address yet does: receivers take that.
 */
export function buildOwnFrame(frame: OwnFrame): Uint8Array {
  const { own, transport, destination, message, tags = [] } = frame;
  const extension = transport === 'udp6' ? IPV6_EXTENSION : new Uint8Array(0);
  return encodeFrame({
    destination: destination.mac,
    source: own.mac,
    tags,
    encapsulation: encapsulationOf(frame),
    payload: Uint8Array.of(...message, ...extension),
    padding: new Uint8Array(0),
  });
}

function encapsulationOf(frame: OwnFrame): Encapsulation {
  const { own, transport, destination } = frame;
  if (transport === 'ethernet' || destination.ip === null) {
    return { kind: 'ethernet', etherType: ETHERTYPE.ptp };
  }
  const port = UDP_PORT[frame.messageClass];
  const hops = isGroupAddress(destination.mac) ? GROUP_HOPS : STATION_HOPS;
  const common = {
    source: sourceOf(own, transport) ?? new Uint8Array(4),
    destination: destination.ip,
    trafficClass: 0,
    udp: { sourcePort: port, destinationPort: port, checksum: 'valid' },
  } as const;
  if (transport === 'udp6') return { kind: 'udp6', ...common, flowLabel: 0, hopLimit: hops };
  return {
    kind: 'udp4',
    ...common,
    ttl: hops,
    identification: 0,
    options: new Uint8Array(0),
  };
}
