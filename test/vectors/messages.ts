/**
 * PTP messages as values, and their octets: IEEE 1588-2019, clause 13, and annexes C to E. Written
 * from the standard alone, without a line of the product, so that conversations can disagree with it.
 */
import { type VlanTag, concat, onesComplement, u16 } from '#lab/bench/frames';

export type Kind =
  | 'Sync'
  | 'Delay_Req'
  | 'Pdelay_Req'
  | 'Pdelay_Resp'
  | 'Follow_Up'
  | 'Delay_Resp'
  | 'Pdelay_Resp_Follow_Up'
  | 'Announce'
  | 'Signaling'
  | 'Management';

interface Shape {
  /** messageType, table 36. */
  readonly type: number;
  /** Octets of header and body. */
  readonly octets: number;
  readonly event: boolean;
  readonly peer: boolean;
  /** controlField, table 42. */
  readonly control: number;
}

export const SHAPES: Readonly<Record<Kind, Shape>> = {
  Sync: { type: 0x0, octets: 44, event: true, peer: false, control: 0 },
  Delay_Req: { type: 0x1, octets: 44, event: true, peer: false, control: 1 },
  Pdelay_Req: { type: 0x2, octets: 54, event: true, peer: true, control: 5 },
  Pdelay_Resp: { type: 0x3, octets: 54, event: true, peer: true, control: 5 },
  Follow_Up: { type: 0x8, octets: 44, event: false, peer: false, control: 2 },
  Delay_Resp: { type: 0x9, octets: 54, event: false, peer: false, control: 3 },
  Pdelay_Resp_Follow_Up: { type: 0xa, octets: 54, event: false, peer: true, control: 5 },
  Announce: { type: 0xb, octets: 64, event: false, peer: false, control: 5 },
  Signaling: { type: 0xc, octets: 44, event: false, peer: false, control: 5 },
  Management: { type: 0xd, octets: 48, event: false, peer: false, control: 4 },
};

export interface PortIdentity {
  readonly clock: bigint;
  readonly port: number;
}

/** Seconds and nanoseconds as on the wire: 48 and 32 bits. */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** flagField, table 37: the first octet is the high one. */
export const TWO_STEP = 0x0200;
export const UNICAST = 0x0400;

export interface Message {
  readonly kind: Kind;
  /** Both parts: majorSdoId in the high four of twelve bits. */
  readonly sdoId: number;
  readonly minorVersion: number;
  readonly domain: number;
  readonly flags: number;
  /** Scaled nanoseconds, 2^-16, signed. */
  readonly correctionField: bigint;
  readonly source: PortIdentity;
  readonly sequenceId: number;
  readonly logInterval: number;
  /** The first field of the body, of those that have it. */
  readonly timestamp: Timestamp;
  /** requestingPortIdentity, or the target of Signaling and Management. */
  readonly requesting: PortIdentity;
  readonly tlvs: Uint8Array;
  readonly boundaryHops: number;
}

export const NS = 1n << 16n;
export const MASTER: PortIdentity = { clock: 0x001b_21ff_fe0a_0b0cn, port: 1 };
export const CLIENT: PortIdentity = { clock: 0x0002_b3ff_fe10_2030n, port: 1 };
export const NOBODY: PortIdentity = { clock: 0n, port: 0 };
const ANYBODY: PortIdentity = { clock: 0xffff_ffff_ffff_ffffn, port: 0xffff };
const NO_TIME: Timestamp = { seconds: 0n, nanoseconds: 0 };
export const SOME_TIME: Timestamp = { seconds: 0x0000_6543_2109n, nanoseconds: 123_456_789 };

type Given = Partial<Omit<Message, 'kind'>>;

function message(kind: Kind, usual: Given, given: Given): Message {
  return {
    kind,
    sdoId: 0,
    minorVersion: 1,
    domain: 0,
    flags: 0,
    correctionField: 0n,
    source: MASTER,
    sequenceId: 1,
    logInterval: 0x7f,
    timestamp: NO_TIME,
    requesting: NOBODY,
    tlvs: new Uint8Array(0),
    boundaryHops: 0,
    ...usual,
    ...given,
  };
}

export const sync = (given: Given = {}): Message =>
  message('Sync', { logInterval: 0xfd, timestamp: SOME_TIME }, given);
export const followUp = (given: Given = {}): Message =>
  message('Follow_Up', { logInterval: 0xfd, timestamp: SOME_TIME }, given);
export const delayReq = (given: Given = {}): Message =>
  message('Delay_Req', { source: CLIENT }, given);
export const delayResp = (given: Given = {}): Message =>
  message('Delay_Resp', { requesting: CLIENT, timestamp: SOME_TIME, logInterval: 0 }, given);
export const pdelayReq = (given: Given = {}): Message =>
  message('Pdelay_Req', { source: CLIENT }, given);
export const pdelayResp = (given: Given = {}): Message =>
  message('Pdelay_Resp', { requesting: CLIENT, timestamp: SOME_TIME }, given);
export const pdelayRespFollowUp = (given: Given = {}): Message =>
  message('Pdelay_Resp_Follow_Up', { requesting: CLIENT, timestamp: SOME_TIME }, given);
export const announce = (given: Given = {}): Message =>
  message('Announce', { logInterval: 1 }, given);
export const signaling = (given: Given = {}): Message =>
  message('Signaling', { requesting: ANYBODY }, given);
export const management = (given: Given = {}): Message =>
  message('Management', { requesting: ANYBODY, boundaryHops: 1 }, given);

const TYPES_WITH_IDENTITY: ReadonlySet<Kind> = new Set<Kind>([
  'Delay_Resp',
  'Pdelay_Resp',
  'Pdelay_Resp_Follow_Up',
]);

function putIdentity(view: DataView, at: number, { clock, port }: PortIdentity): void {
  view.setBigUint64(at, clock);
  view.setUint16(at + 8, port);
}

/** The octets of a message; `controlField` and lengths as the standard has them. */
export function octetsOf(one: Message): Uint8Array {
  const shape = SHAPES[one.kind];
  const out = new Uint8Array(shape.octets + one.tlvs.length);
  const view = new DataView(out.buffer);
  view.setUint8(0, ((one.sdoId >> 8) << 4) | shape.type);
  view.setUint8(1, (one.minorVersion << 4) | 2);
  view.setUint16(2, out.length);
  view.setUint8(4, one.domain);
  view.setUint8(5, one.sdoId & 0xff);
  view.setUint16(6, one.flags);
  view.setBigInt64(8, one.correctionField);
  putIdentity(view, 20, one.source);
  view.setUint16(30, one.sequenceId);
  view.setUint8(32, shape.control);
  view.setUint8(33, one.logInterval);
  if (one.kind === 'Signaling' || one.kind === 'Management') {
    putIdentity(view, 34, one.requesting);
    if (one.kind === 'Management') out.set([one.boundaryHops, one.boundaryHops, 0, 0], 44);
  } else {
    view.setUint16(34, Number(one.timestamp.seconds >> 32n));
    view.setUint32(36, Number(one.timestamp.seconds & 0xffff_ffffn));
    view.setUint32(40, one.timestamp.nanoseconds);
    if (TYPES_WITH_IDENTITY.has(one.kind)) putIdentity(view, 44, one.requesting);
  }
  out.set(one.tlvs, shape.octets);
  return out;
}

export type Transport = 'l2' | 'ipv4' | 'ipv6';

/** How a message travels. What is not given is what the standard prescribes for its kind. */
export interface Way {
  readonly transport: Transport;
  readonly tags: readonly VlanTag[];
  /** Of UDP: `zero` is none at all, which IPv4 alone allows. */
  readonly checksum: 'zero' | 'valid' | 'wrong';
  readonly unicast: boolean;
  readonly from: Station;
  readonly to: Station;
  /** Inside the UDP datagram, behind the message. */
  readonly trailer: Uint8Array;
  /** Zeros up to this frame length without FCS, outside of any datagram. */
  readonly padTo: number;
  readonly ipOptions: Uint8Array;
  readonly trafficClass: number;
  /** Time to live or hop limit; null: 1 for peer delay, else 64. */
  readonly hops: number | null;
}

export interface Station {
  readonly mac: bigint;
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

export const STATION_A: Station = {
  mac: 0x001b_210a_0b0cn,
  ipv4: 0xc000_0201n,
  ipv6: 0xfe80_0000_0000_0000_021b_21ff_fe0a_0b0cn,
};
export const STATION_B: Station = {
  mac: 0x0002_b310_2030n,
  ipv4: 0xc000_0202n,
  ipv6: 0xfe80_0000_0000_0000_0202_b3ff_fe10_2030n,
};

export const PLAIN: Way = {
  transport: 'l2',
  tags: [],
  checksum: 'valid',
  unicast: false,
  from: STATION_A,
  to: STATION_B,
  trailer: new Uint8Array(0),
  padTo: 0,
  ipOptions: new Uint8Array(0),
  trafficClass: 0xb8,
  hops: null,
};

/** An unsigned number of `octets` octets, big-endian. */
export function big(value: bigint, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) =>
    Number((value >> BigInt(8 * (octets - 1 - i))) & 0xffn),
  );
}

/** Annexes C.3, D.3 and E.3: where a message goes that is not unicast. */
export const GROUPS: Readonly<Record<'primary' | 'peer', Station & { readonly ether: bigint }>> = {
  primary: {
    ether: 0x011b_1900_0000n,
    mac: 0x0100_5e00_0181n,
    ipv4: 0xe000_0181n,
    ipv6: 0xff0e_0000_0000_0000_0000_0000_0000_0181n,
  },
  peer: {
    ether: 0x0180_c200_000en,
    mac: 0x0100_5e00_006bn,
    ipv4: 0xe000_006bn,
    ipv6: 0xff02_0000_0000_0000_0000_0000_0000_006bn,
  },
};

const ETHER_TYPES: Readonly<Record<Transport, number>> = { l2: 0x88f7, ipv4: 0x0800, ipv6: 0x86dd };

/** RFC 2464, 7: 33-33 and the address's last four octets. */
const multicastMac6 = (address: bigint): bigint => 0x3333_0000_0000n | (address & 0xffff_ffffn);

function destinationMac(kind: Kind, way: Way): bigint {
  if (way.unicast) return way.to.mac;
  const group = SHAPES[kind].peer ? GROUPS.peer : GROUPS.primary;
  if (way.transport === 'l2') return group.ether;
  return way.transport === 'ipv4' ? group.mac : multicastMac6(group.ipv6);
}

function udpDatagram(kind: Kind, way: Way, pseudo: Uint8Array, payload: Uint8Array): Uint8Array {
  const port = SHAPES[kind].event ? 319 : 320;
  const length = 8 + payload.length;
  const out = concat([u16(port, port, length, 0), payload]);
  if (way.checksum === 'zero') return out;
  const sum = onesComplement(concat([pseudo, u16(length, 17), out])) || 0xffff;
  new DataView(out.buffer).setUint16(6, way.checksum === 'wrong' ? sum ^ 0x0100 : sum);
  return out;
}

function ipv4Packet(kind: Kind, way: Way, payload: Uint8Array): Uint8Array {
  const peer = SHAPES[kind].peer;
  const group = peer ? GROUPS.peer : GROUPS.primary;
  const addresses = concat([big(way.from.ipv4, 4), big(way.unicast ? way.to.ipv4 : group.ipv4, 4)]);
  const octets = 20 + way.ipOptions.length;
  const header = concat([
    Uint8Array.of(0x40 | (octets / 4), way.trafficClass),
    u16(octets + 8 + payload.length, 0x1234, 0x4000),
    Uint8Array.of(way.hops ?? (peer ? 1 : 64), 17, 0, 0),
    addresses,
    way.ipOptions,
  ]);
  new DataView(header.buffer).setUint16(10, onesComplement(header));
  return concat([header, udpDatagram(kind, way, addresses, payload)]);
}

function ipv6Packet(kind: Kind, way: Way, payload: Uint8Array): Uint8Array {
  const peer = SHAPES[kind].peer;
  const group = peer ? GROUPS.peer : GROUPS.primary;
  const addresses = concat([
    big(way.from.ipv6, 16),
    big(way.unicast ? way.to.ipv6 : group.ipv6, 16),
  ]);
  const header = concat([
    Uint8Array.of(0x60 | (way.trafficClass >> 4), (way.trafficClass & 0xf) << 4, 0, 0),
    u16(8 + payload.length),
    Uint8Array.of(17, way.hops ?? (peer ? 1 : 64)),
    addresses,
  ]);
  return concat([header, udpDatagram(kind, way, addresses, payload)]);
}

/** A whole Ethernet frame without FCS around any octets that travel as `kind` would. */
export function frameAround(kind: Kind, inside: Uint8Array, given: Partial<Way> = {}): Uint8Array {
  const way = { ...PLAIN, ...given };
  const payload = concat([inside, way.trailer]);
  const packet = {
    l2: () => payload,
    ipv4: () => ipv4Packet(kind, way, payload),
    ipv6: () => ipv6Packet(kind, way, payload),
  }[way.transport]();
  const head = concat([
    big(destinationMac(kind, way), 6),
    big(way.from.mac, 6),
    ...way.tags.map((tag) => u16(tag.tpid, (tag.pcp << 13) | tag.vid)),
    u16(ETHER_TYPES[way.transport]),
    packet,
  ]);
  const missing = Math.max(0, way.padTo - head.length);
  return concat([head, new Uint8Array(missing)]);
}

/** A message in its frame. */
export function frameOf(one: Message, way: Partial<Way> = {}): Uint8Array {
  return frameAround(one.kind, octetsOf(one), way);
}
