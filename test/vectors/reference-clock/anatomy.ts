/**
 * A frame taken apart from the outside in: IEEE 802.3 and 802.1Q, RFC 791, 8200 and 768, IEEE
 * 1588-2019 clause 13. Its own arithmetic on octets, shared with nothing that it is to judge.
 */

/** Why a switch does not look for PTP in a frame; the numbers are the program's counter's. */
export type Untouched = 'fragment' | 'extension header' | 'tags';

const TPIDS: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const EXTENSION_HEADERS: ReadonlySet<number> = new Set([0, 43, 44, 51, 60]);
const UDP = 17;

export class Frame {
  readonly octets: Uint8Array;
  readonly tags: number;
  readonly etherType: number;
  /** First octet of the IP header. */
  readonly ip: number | null;
  readonly isIpv6: boolean;
  readonly udp: number | null;
  /** Where PTP would begin, where the encapsulation says that it follows. */
  readonly ptp: number | null;
  readonly untouched: Untouched | null;

  constructor(octets: Uint8Array) {
    this.octets = octets;
    let at = 12;
    let tags = 0;
    while (tags < 2 && TPIDS.has(this.u16(at)) && at + 6 <= octets.length) {
      tags++;
      at += 4;
    }
    this.tags = tags;
    this.etherType = octets.length < 14 ? 0 : this.u16(at);
    const start = at + 2;
    const inside = this.#network(start);
    this.ip = inside.ip;
    this.isIpv6 = inside.isIpv6;
    this.udp = inside.udp;
    this.ptp = inside.ptp;
    this.untouched = TPIDS.has(this.etherType) && tags === 2 ? 'tags' : inside.untouched;
  }

  #network(start: number): Pick<Frame, 'ip' | 'isIpv6' | 'udp' | 'ptp' | 'untouched'> {
    const none = { ip: null, isIpv6: false, udp: null, ptp: null, untouched: null };
    if (this.etherType === 0x88f7) return { ...none, ptp: start };
    if (this.etherType === 0x0800 && start + 20 <= this.octets.length) {
      const words = this.u8(start) & 0x0f;
      const found = { ...none, ip: start };
      if (words < 5) return found;
      if ((this.u16(start + 6) & 0x3fff) !== 0) return { ...found, untouched: 'fragment' };
      return this.u8(start + 9) === UDP ? { ...found, ...this.#udp(start + 4 * words) } : found;
    }
    if (this.etherType === 0x86dd && start + 40 <= this.octets.length) {
      const next = this.u8(start + 6);
      const found = { ...none, ip: start, isIpv6: true };
      if (EXTENSION_HEADERS.has(next)) return { ...found, untouched: 'extension header' };
      return next === UDP ? { ...found, ...this.#udp(start + 40) } : found;
    }
    return none;
  }

  #udp(at: number): Pick<Frame, 'udp' | 'ptp'> {
    if (at + 8 > this.octets.length) return { udp: null, ptp: null };
    const to = this.u16(at + 2);
    return { udp: at, ptp: to === 319 || to === 320 ? at + 8 : null };
  }

  u8(at: number): number {
    return this.octets[at] ?? 0;
  }
  u16(at: number): number {
    return (this.u8(at) << 8) | this.u8(at + 1);
  }
  /** `count` octets as one unsigned number. */
  uint(at: number, count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i++) value = (value << 8n) | BigInt(this.u8(at + i));
    return value;
  }
  put(at: number, count: number, value: bigint): void {
    for (let i = 0; i < count; i++) {
      this.octets[at + i] = Number((value >> BigInt(8 * (count - 1 - i))) & 0xffn);
    }
  }

  /** Of a runt that no wire carries, none: it is flooded. */
  get destination(): bigint {
    return this.octets.length < 14 ? 0n : this.uint(0, 6);
  }
  get isToGroup(): boolean {
    return ((this.destination >> 40n) & 1n) === 1n;
  }
  get source(): bigint {
    return this.uint(6, 6);
  }
  /** Of the outermost tag. */
  get vid(): number | null {
    return this.tags === 0 ? null : this.u16(14) & 0xfff;
  }

  copy(): Frame {
    return new Frame(Uint8Array.from(this.octets));
  }

  /** With `more` octets inserted before `at`, or, when negative, so many removed from there on. */
  spliced(at: number, removed: number, inserted: Uint8Array): Frame {
    const rest = this.octets.subarray(at + removed);
    return new Frame(Uint8Array.from([...this.octets.subarray(0, at), ...inserted, ...rest]));
  }
}

/** The fields of a PTP message where it lies: 13.3.1 and the bodies behind it. */
export class Ptp {
  readonly frame: Frame;
  readonly at: number;

  constructor(frame: Frame) {
    if (frame.ptp === null) throw new Error('no PTP in this frame');
    this.frame = frame;
    this.at = frame.ptp;
  }

  get type(): number {
    return this.frame.u8(this.at) & 0x0f;
  }
  set type(value: number) {
    this.frame.put(this.at, 1, BigInt((this.frame.u8(this.at) & 0xf0) | value));
  }
  get version(): number {
    return this.frame.u8(this.at + 1) & 0x0f;
  }
  get length(): number {
    return this.frame.u16(this.at + 2);
  }
  set length(value: number) {
    this.frame.put(this.at + 2, 2, BigInt(value));
  }
  get domain(): number {
    return this.frame.u8(this.at + 4);
  }
  get sdoId(): number {
    return ((this.frame.u8(this.at) & 0xf0) << 4) | this.frame.u8(this.at + 5);
  }
  get flags(): number {
    return this.frame.u16(this.at + 6);
  }
  set flags(value: number) {
    this.frame.put(this.at + 6, 2, BigInt(value));
  }
  get correction(): bigint {
    return BigInt.asIntN(64, this.frame.uint(this.at + 8, 8));
  }
  set correction(value: bigint) {
    this.frame.put(this.at + 8, 8, BigInt.asUintN(64, value));
  }
  set typeSpecific(value: bigint) {
    this.frame.put(this.at + 16, 4, value);
  }
  /** sourcePortIdentity, all 80 bits. */
  get source(): bigint {
    return this.frame.uint(this.at + 20, 10);
  }
  set source(value: bigint) {
    this.frame.put(this.at + 20, 10, value);
  }
  get sequenceId(): number {
    return this.frame.u16(this.at + 30);
  }
  set control(value: number) {
    this.frame.put(this.at + 32, 1, BigInt(value));
  }
  set logInterval(value: number) {
    this.frame.put(this.at + 33, 1, BigInt(value & 0xff));
  }
  get timestamp(): bigint {
    return this.frame.uint(this.at + 34, 10);
  }
  set timestamp(value: bigint) {
    this.frame.put(this.at + 34, 10, value);
  }
  /** requestingPortIdentity. */
  get requesting(): bigint {
    return this.frame.uint(this.at + 44, 10);
  }
  set requesting(value: bigint) {
    this.frame.put(this.at + 44, 10, value);
  }
  get boundaryHops(): number {
    return this.frame.u8(this.at + 45);
  }
  set boundaryHops(value: number) {
    this.frame.put(this.at + 45, 1, BigInt(value));
  }
}

/** RFC 1071 over octets, a missing last one zero: the sum before it is complemented. */
function onesSum(octets: Uint8Array, start: number): number {
  let sum = start;
  for (let i = 0; i < octets.length; i += 2) {
    sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** The UDP checksum that a frame's datagram ought to have; a computed zero is 0xFFFF, RFC 768. */
export function rightUdpChecksum(frame: Frame): number {
  const { udp, ip } = frame;
  if (udp === null || ip === null) throw new Error('no UDP in this frame');
  const length = frame.u16(udp + 4);
  const datagram = Uint8Array.from(frame.octets.subarray(udp, udp + length));
  datagram.set([0, 0], 6);
  const addresses = frame.isIpv6
    ? frame.octets.subarray(ip + 8, ip + 40)
    : frame.octets.subarray(ip + 12, ip + 20);
  const sum = onesSum(datagram, onesSum(addresses, length + UDP > 0xffff ? 1 : length + UDP));
  return ~sum & 0xffff || 0xffff;
}

export function rightIpv4Checksum(frame: Frame): number {
  const ip = frame.ip ?? 0;
  const header = Uint8Array.from(frame.octets.subarray(ip, ip + 4 * (frame.u8(ip) & 0x0f)));
  header.set([0, 0], 10);
  return ~onesSum(header, 0) & 0xffff;
}

/** A checksum that was wrong stays wrong by as much, so that its receiver still notices. */
function moved(stood: number, wasRight: number, isRight: number): number {
  let sum = (~stood & 0xffff) + wasRight + (~isRight & 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Writes the checksums that `after` must have, given those that `before` had. */
export function seal(before: Frame, after: Frame): Frame {
  if (after.ip !== null && before.ip !== null && !after.isIpv6) {
    const stood = before.u16(before.ip + 10);
    const was = rightIpv4Checksum(before);
    const now = rightIpv4Checksum(after);
    const value = stood === was ? now : was === now ? stood : moved(stood, was, now);
    after.put(after.ip + 10, 2, BigInt(value));
  }
  if (after.udp !== null && before.udp !== null) {
    const stood = before.u16(before.udp + 6);
    const was = rightUdpChecksum(before);
    const now = rightUdpChecksum(after);
    const value =
      stood === 0
        ? 0
        : stood === was
          ? now
          : was === now
            ? stood
            : moved(stood, was, now) || 0xffff;
    after.put(after.udp + 6, 2, BigInt(value));
  }
  return after;
}
