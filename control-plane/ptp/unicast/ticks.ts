/**
 * The grantor's time: ticks of 2^-12 s, of which messages leave at multiples of 2^-8 s, and rates of
 * messages. Powers of two, so all of it is exact.
 */
import {
  intervalDuration,
  logIntervalValue,
  nsSinceEpoch,
  type Instant,
  type LogInterval,
} from '#units/time';

export const TICKS_PER_SECOND = 4096;
export const GRID_TICKS = 16;
const SECOND_NS = 1_000_000_000n;

/** Messages a second; exact, being a power of two. */
export function rateOf(logInterval: LogInterval): number {
  return intervalDuration(logInterval) === null ? 0 : 2 ** -logIntervalValue(logInterval);
}

export function tickOf(time: Instant): number {
  return Number((nsSinceEpoch(time) * BigInt(TICKS_PER_SECOND)) / SECOND_NS);
}

/** Nanoseconds until the tick has come; 0 if it has. */
export function untilTick(tick: number, now: Instant): bigint {
  const ticks = BigInt(TICKS_PER_SECOND);
  const at = (BigInt(tick) * SECOND_NS + ticks - 1n) / ticks;
  const wait = at - nsSinceEpoch(now);
  return wait > 0n ? wait : 0n;
}

export function onGrid(tick: number): number {
  return Math.ceil(tick / GRID_TICKS) * GRID_TICKS;
}

/** The n-th of places in [0, 1) that are far from each other: the bits of n, mirrored. */
export function spread(n: number): number {
  let place = 0;
  let weight = 0.5;
  for (let rest = n & 0xffff; rest > 0; rest >>= 1) {
    if ((rest & 1) === 1) place += weight;
    weight /= 2;
  }
  return place;
}
