/**
 * What a transparent clock owes to a frame, written from the standard (10.2, 13.3.2.9) and from
 * RFC 768 and 8200, not from the P4 program: parse from the outside in, add the residence, compute
 * the UDP checksum from scratch.
 */
import { CORRECTION_OFFSET, concat, onesComplement, u16 } from '#lab/bench/frames';

export const MAX_CORRECTION = 0x7fff_ffff_ffff_ffffn;
const CLOCK_MODULUS = 1n << 48n;
const PTP_ETHERTYPE = 0x88f7;
const EVENT_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 3]);

/** Where PTP begins in a frame, and the UDP header in front of it, if there is one. */
export interface PtpPlace {
  readonly message: number;
  readonly udp: number | null;
  readonly ipv6: boolean;
  /** First octet of the IP header; -1 on 802.3. */
  readonly ip: number;
}

/** Finds PTP behind zero to two VLAN tags; null where there is none. IPv4 with options, fragments
 * and IPv6 with extension headers hold none for us. */
export function findPtp(frame: Uint8Array): PtpPlace | null {
  const word = (at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  let at = 12;
  for (let tags = 0; tags < 2 && (word(at) === 0x8100 || word(at) === 0x88a8); tags++) at += 4;
  const ethertype = word(at);
  const ip = at + 2;
  if (ethertype === PTP_ETHERTYPE) return { message: ip, udp: null, ipv6: false, ip: -1 };
  const isPtpPort = (udp: number): boolean => word(udp + 2) === 319 || word(udp + 2) === 320;
  if (ethertype === 0x0800 && ((frame[ip] ?? 0) & 0x0f) === 5 && frame[ip + 9] === 17) {
    // A fragment has no whole datagram to correct: offset or more-fragments.
    if ((word(ip + 6) & 0x3fff) !== 0) return null;
    return isPtpPort(ip + 20) ? { message: ip + 28, udp: ip + 20, ipv6: false, ip } : null;
  }
  if (ethertype === 0x86dd && frame[ip + 6] === 17) {
    return isPtpPort(ip + 40) ? { message: ip + 48, udp: ip + 40, ipv6: true, ip } : null;
  }
  return null;
}

/** Residence between two readings of a 48-bit clock. Nanoseconds. */
export function residenceNs(rxNs: bigint, txNs: bigint): bigint {
  return (((txNs - rxNs) % CLOCK_MODULUS) + CLOCK_MODULUS) % CLOCK_MODULUS;
}

/** correctionField plus a residence, saturating at "too big", 13.3.2.9. Scaled nanoseconds, 2^-16. */
export function addResidence(correctionField: bigint, residence: bigint): bigint {
  const sum = correctionField + (residence << 16n);
  return sum > MAX_CORRECTION ? MAX_CORRECTION : sum;
}

/** The frame as it must leave: a copy, changed in correctionField and UDP checksum at the most. */
export function corrected(frame: Uint8Array, rxNs: bigint, txNs: bigint): Uint8Array {
  const out = Uint8Array.from(frame);
  const place = findPtp(frame);
  if (place === null) return out;
  const type = (frame[place.message] ?? 0) & 0x0f;
  const version = (frame[place.message + 1] ?? 0) & 0x0f;
  if (version !== 2 || !EVENT_TYPES.has(type) || !isEventPort(frame, place)) return out;
  if (place.message + CORRECTION_OFFSET + 8 > frame.length || !isInDatagram(frame, place))
    return out;
  const view = new DataView(out.buffer);
  const at = place.message + CORRECTION_OFFSET;
  view.setBigInt64(at, addResidence(view.getBigInt64(at), residenceNs(rxNs, txNs)));
  if (place.udp !== null) {
    const field = place.udp + 6;
    const before = new DataView(frame.buffer, frame.byteOffset).getUint16(field);
    // IPv4's "no checksum" stays; a wrong checksum stays wrong by as much as it was.
    if (before !== 0) view.setUint16(field, mended(frame, out, place, before));
  }
  return out;
}

/** An event message on the general port is nobody's event: annexes C and D. */
function isEventPort(frame: Uint8Array, place: PtpPlace): boolean {
  return (
    place.udp === null || (((frame[place.udp + 2] ?? 0) << 8) | (frame[place.udp + 3] ?? 0)) === 319
  );
}

/** A datagram that says it ends before correctionField does has none. */
function isInDatagram(frame: Uint8Array, place: PtpPlace): boolean {
  if (place.udp === null) return true;
  const octets = ((frame[place.udp + 4] ?? 0) << 8) | (frame[place.udp + 5] ?? 0);
  return octets >= 8 + CORRECTION_OFFSET + 8;
}

function mended(frame: Uint8Array, out: Uint8Array, place: PtpPlace, before: number): number {
  const now = udpChecksum(out, place);
  const was = udpChecksum(frame, place);
  if (before === was) return now;
  // Not valid before: the difference of the two right ones, applied to the wrong one.
  const sum = (~before & 0xffff) + was + (~now & 0xffff);
  const folded = (sum & 0xffff) + (sum >>> 16);
  return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff || 0xffff;
}

/** The checksum that the datagram in the frame ought to have; a computed zero is 0xFFFF. */
export function udpChecksum(frame: Uint8Array, place: PtpPlace): number {
  const udp = place.udp ?? 0;
  const length = ((frame[udp + 4] ?? 0) << 8) | (frame[udp + 5] ?? 0);
  const datagram = Uint8Array.from(frame.subarray(udp, udp + length));
  datagram.set([0, 0], 6);
  const addresses = place.ipv6
    ? frame.subarray(place.ip + 8, place.ip + 40)
    : frame.subarray(place.ip + 12, place.ip + 20);
  const pseudo = concat([addresses, place.ipv6 ? u16(0, length, 0, 17) : u16(17, length)]);
  return onesComplement(concat([pseudo, datagram])) || 0xffff;
}
