/**
 * What a request becomes that is answered on the spot: 11.3.2 and 11.4.2. The request's octets are
 * the answer's, but for what is named here.
 */
import type { AnswerPlan, ClockPlan } from '#lab/bench/ptp-plan';
import { Frame, Ptp, seal } from './anatomy.js';
import { atRate } from './arithmetic.js';

const UNICAST = 0x0400;
const TWO_STEP = 0x0200;
const NO_INTERVAL = 0x7f;
const SECOND_NS = 1_000_000_000n;

/** A timestamp's ten octets as a number: 48 bits of seconds, 32 of nanoseconds. */
export function timestampAt(nowNs: bigint, clock: ClockPlan | undefined, tickNs: bigint): bigint {
  const split = (ns: bigint): bigint => ((ns / SECOND_NS) << 32n) | (ns % SECOND_NS);
  const ticks = BigInt.asUintN(48, nowNs / tickNs);
  // Only differences matter then: 78 hours of nanoseconds, and round again.
  if (clock === undefined) return split(BigInt.asUintN(48, ticks * tickNs));
  const since = BigInt.asIntN(48, ticks - clock.referenceTicks) * tickNs;
  const rated = since < 0n ? since : atRate(since, clock.rateOffset) >> 16n;
  return split(clock.seconds * SECOND_NS + BigInt(clock.nanoseconds) + rated);
}

const LOOKBACK_NS = 16n * SECOND_NS;

/** Whether the clock is near enough to its reference to be read: 16 s before, 2^47 ticks behind. */
export function hasTime(nowNs: bigint, clock: ClockPlan, tickNs: bigint): boolean {
  const ticks = BigInt.asUintN(48, nowNs / tickNs);
  return BigInt.asIntN(48, ticks - clock.referenceTicks) * tickNs >= -LOOKBACK_NS;
}

/** Not in another station's name, and not by a way that IPv4 options ask for. */
export function mayAnswer(request: Frame, own: AnswerPlan): boolean {
  const isToUs = request.isToGroup || request.destination === own.mac;
  const hasOptions =
    request.ip !== null && !request.isIpv6 && (request.u8(request.ip) & 0x0f) !== 5;
  return isToUs && !hasOptions;
}

/** Addresses turned round: to a group as to the group, to a station back to who asked. */
function turned(request: Frame, own: AnswerPlan): Frame {
  const out = request.copy();
  const toGroup = (request.octets[0] ?? 0) & 1;
  out.put(0, 6, toGroup === 1 ? request.destination : request.source);
  out.put(6, 6, toGroup === 1 ? own.mac : request.destination);
  if (request.ip === null) return out;
  const octets = request.isIpv6 ? 16 : 4;
  const at = request.ip + (request.isIpv6 ? 8 : 12);
  const from = request.uint(at, octets);
  const to = request.uint(at + octets, octets);
  const isGroup = request.isIpv6 ? to >> 120n === 0xffn : to >> 28n === 0xen;
  if (isGroup) {
    out.put(at, octets, request.isIpv6 ? own.ipv6 : own.ipv4);
  } else {
    out.put(at, octets, to);
    out.put(at + octets, octets, from);
    out.put(request.ip + (request.isIpv6 ? 7 : 8), 1, 64n);
  }
  return out;
}

const identityOf = (own: AnswerPlan): bigint => (own.clockIdentity << 16n) | BigInt(own.portNumber);

function general(ptp: Ptp): void {
  const { udp } = ptp.frame;
  if (udp === null) return;
  ptp.frame.put(udp, 2, 320n);
  ptp.frame.put(udp + 2, 2, 320n);
}

export interface PeerAnswer {
  readonly request: Frame;
  readonly own: AnswerPlan;
  readonly twoStep: boolean;
  /** ingressLatency and egressLatency together, scaled nanoseconds. */
  readonly latencies: bigint;
  /** t3 - t2 by the master's rate, scaled nanoseconds. */
  readonly turnaround: bigint;
  readonly t2: bigint;
  readonly t3: bigint;
  readonly sum: (correction: bigint, ...more: readonly bigint[]) => bigint;
}

/** Pdelay_Resp, and its follow-up where it is two-step. */
export function peerDelayAnswer(one: PeerAnswer): Frame[] {
  const out = turned(one.request, one.own);
  const asked = new Ptp(one.request);
  const ptp = new Ptp(out);
  ptp.type = 3;
  ptp.flags = (asked.flags & UNICAST) | (one.twoStep ? TWO_STEP : 0);
  ptp.typeSpecific = 0n;
  ptp.requesting = asked.source;
  ptp.source = identityOf(one.own);
  ptp.control = 5;
  ptp.logInterval = NO_INTERVAL;
  ptp.timestamp = one.twoStep ? one.t2 : 0n;
  ptp.correction = one.twoStep ? 0n : one.sum(asked.correction, one.latencies, one.turnaround);
  const answer = seal(one.request, out);
  if (!one.twoStep) return [answer];
  const after = answer.copy();
  const follows = new Ptp(after);
  follows.type = 0xa;
  follows.flags = asked.flags & UNICAST;
  follows.timestamp = one.t3;
  follows.correction = one.sum(asked.correction, one.latencies);
  general(follows);
  return [answer, seal(answer, after)];
}

export interface DelayAnswer {
  readonly request: Frame;
  readonly own: AnswerPlan;
  readonly logMinDelayReqInterval: number;
  readonly correction: bigint;
  readonly t4: bigint;
}

/** Delay_Resp: ten octets longer than what was asked. */
export function delayAnswer(one: DelayAnswer): Frame {
  const asked = new Ptp(one.request);
  const { ip, udp, isIpv6 } = one.request;
  const out = turned(one.request, one.own).spliced(asked.at + 44, 0, new Uint8Array(10));
  const ptp = new Ptp(out);
  const isUnicast = (asked.flags & UNICAST) !== 0;
  ptp.type = 9;
  ptp.length = asked.length + 10;
  ptp.flags = asked.flags & UNICAST;
  ptp.typeSpecific = 0n;
  ptp.requesting = asked.source;
  ptp.source = identityOf(one.own);
  ptp.control = 3;
  ptp.logInterval = isUnicast ? NO_INTERVAL : one.logMinDelayReqInterval;
  ptp.timestamp = one.t4;
  ptp.correction = one.correction;
  if (udp !== null && ip !== null) {
    const lengthAt = ip + (isIpv6 ? 4 : 2);
    out.put(lengthAt, 2, BigInt(one.request.u16(lengthAt) + 10));
    out.put(udp + 4, 2, BigInt(one.request.u16(udp + 4) + 10));
    general(ptp);
  }
  return seal(one.request, new Frame(out.octets));
}
