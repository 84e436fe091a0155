/** What can be said of a frame alone: sound or not, of which kind, in which form it leaves. */
import type { MarkingPlan } from '#lab/bench/ptp-plan';
import { Frame, Ptp, seal } from './anatomy.js';
import { added } from './arithmetic.js';

const TWO_STEP = 0x0200;
const SYNC = 0;
const PDELAY_RESP = 3;
const FOLLOW_UP = 8;
const PDELAY_RESP_FOLLOW_UP = 0xa;
const LEAST_OCTETS: readonly number[] = [
  44, 44, 54, 54, 34, 34, 34, 34, 44, 54, 54, 64, 44, 48, 34, 34,
];

export type Kind = 'event' | 'general' | 'other';

/** A whole common header of version 2. */
export function hasHeader(frame: Frame): boolean {
  const at = frame.ptp ?? 0;
  return at + 34 <= frame.octets.length && (frame.u8(at + 1) & 0x0f) === 2;
}

/** Why a message is not sound, by the program's numbers; null: it is. */
export function malformedReason(frame: Frame): number | 'version 1' | null {
  const at = frame.ptp ?? 0;
  const octets = frame.octets.length;
  if (at + 2 > octets) return 1;
  const version = frame.u8(at + 1) & 0x0f;
  if (version === 1) return 'version 1';
  if (version !== 2) return 2;
  if (at + 34 > octets) return 1;
  const ptp = new Ptp(frame);
  if (at + ptp.length > octets) return 3;
  if (frame.udp !== null && ptp.length + 8 > frame.u16(frame.udp + 4)) return 3;
  return ptp.length < (LEAST_OCTETS[ptp.type] ?? 34) ? 4 : null;
}

/** An event message type on port 320 is a general message. */
export function soundKind(frame: Frame): Kind {
  const isEventPort = frame.udp === null || frame.u16(frame.udp + 2) === 319;
  return new Ptp(frame).type < 4 && isEventPort ? 'event' : 'general';
}

/** The frame as a port carries its VLAN. */
export function inForm(frame: Frame, form: 'tagged' | 'untagged', vid: number): Frame {
  if (form === 'untagged') {
    return frame.tags === 0 ? frame.copy() : frame.spliced(12, 4, new Uint8Array(0));
  }
  if (frame.tags === 0) return frame.spliced(12, 0, Uint8Array.of(0x81, 0, vid >> 8, vid & 0xff));
  const out = frame.copy();
  out.put(14, 2, BigInt((frame.u16(14) & 0xf000) | vid));
  return out;
}

/** A message whose residence will not be told has left already, as one that something follows. */
export function announced(frame: Frame): Frame {
  const ptp = new Ptp(frame);
  if (ptp.type === SYNC || ptp.type === PDELAY_RESP) ptp.flags |= TWO_STEP;
  return frame;
}

/** The follow-up that a clock originates for a message whose flag it has set, 9.5.10 and 11.4.2. */
export function generated(sent: Uint8Array, value: bigint): Uint8Array {
  const before = new Frame(sent);
  const out = before.copy();
  const ptp = new Ptp(out);
  const isSync = ptp.type === SYNC;
  ptp.type = isSync ? FOLLOW_UP : PDELAY_RESP_FOLLOW_UP;
  if (isSync) ptp.control = 2;
  ptp.flags &= ~TWO_STEP;
  ptp.typeSpecific = 0n;
  ptp.correction = added(0n, value);
  if (out.udp !== null) {
    out.put(out.udp, 2, 320n);
    out.put(out.udp + 2, 2, 320n);
  }
  return seal(before, out).octets;
}

/** With the priority that its port marks PTP with: 802.1Q's PCP, RFC 2474's DSCP; ECN stays. */
export function marked(frame: Frame, marking: MarkingPlan): Frame {
  const { pcp, dscp } = marking;
  if (pcp !== null && frame.tags > 0) {
    frame.put(14, 1, BigInt((pcp << 5) | (frame.u8(14) & 0x1f)));
  }
  if (dscp !== null && frame.ip !== null) {
    const at = frame.ip;
    if (frame.isIpv6) {
      const ecn = (frame.u16(at) >> 4) & 3;
      const trafficClass = (dscp << 2) | ecn;
      frame.put(at, 2, BigInt(0x6000 | (trafficClass << 4) | (frame.u16(at) & 0xf)));
    } else {
      frame.put(at + 1, 1, BigInt((dscp << 2) | (frame.u8(at + 1) & 3)));
    }
  }
  return frame;
}

/** 01-80-C2-00-00-0X: a bridge keeps it to the link, 802.1Q, 8.6.3. */
export function isReserved(destination: bigint): boolean {
  return destination >> 4n === 0x0180c200000n;
}
