/**
 * Time as opaque types: the compiler refuses `duration + scaled` and an instant plus an instant,
 * which a branded bigint would let through. The casts are in this file alone.
 */

declare const INSTANT: unique symbol;
declare const PRECISE_INSTANT: unique symbol;
declare const NANOSECONDS: unique symbol;
declare const SCALED_NS: unique symbol;
declare const PPB: unique symbol;
declare const LOG_INTERVAL: unique symbol;
declare const DATAPLANE_TIME: unique symbol;

/** A point in time: nanoseconds since the epoch of its clock. */
export interface Instant {
  readonly [INSTANT]: true;
}

/** A point in time in units of 2^-16 ns since the epoch: what a timestamp and a correction give. */
export interface PreciseInstant {
  readonly [PRECISE_INSTANT]: true;
}

/** A duration in whole nanoseconds; may be negative. */
export interface Nanoseconds {
  readonly [NANOSECONDS]: true;
}

/** A duration in units of 2^-16 ns, the correctionField's (IEEE 1588-2019 5.3.2 TimeInterval). */
export interface ScaledNs {
  readonly [SCALED_NS]: true;
}

/** A relative frequency in parts per 10^9. */
export interface Ppb {
  readonly [PPB]: true;
}

/**
 * A reading of the dataplane's free-running clock in nanoseconds: a 48-bit counter that wraps, so
 * two readings give a difference, and one alone says nothing.
 */
export interface DataplaneTime {
  readonly [DATAPLANE_TIME]: true;
}

/** A message interval as log2 of seconds, -128 to 127 (IEEE 1588-2019 7.7.2). */
export interface LogInterval {
  readonly [LOG_INTERVAL]: true;
}

const SCALE_BITS = 16n;
const UNITS_PER_NS = 65_536;
const SCALED_MAX = (1n << 63n) - 1n;
const SCALED_MIN = -(1n << 63n);
const COUNTER_MASK = (1n << 48n) - 1n;
const SECOND_NS = 1_000_000_000n;

function raw(value: Instant | Nanoseconds | ScaledNs): bigint {
  return value as unknown as bigint;
}

/**
 * Numbers to bigints and back through one place in memory: the engine makes a few instructions of it, of
 * BigInt() and Number() a call that costs more than the arithmetic around it.
 */
const WORD = new BigInt64Array(1);
const HALVES = new Int32Array(WORD.buffer);
const HALF = 2 ** 32;
const WORD_LIMIT = 2 ** 63;
const LITTLE_ENDIAN = new Uint8Array(BigInt64Array.of(1n).buffer)[0] === 1;
const LOW = LITTLE_ENDIAN ? 0 : 1;
const HIGH = LITTLE_ENDIAN ? 1 : 0;

/** A whole number, as BigInt() has it. */
export function bigintOf(whole: number): bigint {
  if (!(Math.abs(whole) < WORD_LIMIT)) return BigInt(whole);
  HALVES[LOW] = whole;
  HALVES[HIGH] = Math.floor(whole / HALF);
  return WORD[0] ?? 0n;
}

/** What fits into 64 bits signed, as Number() has it: exact up to 2^53, the nearest beyond. */
export function numberOf(value: bigint): number {
  WORD[0] = value;
  const high = HALVES[HIGH] ?? 0;
  // Two roundings would not be one.
  if (high >= 0x20_0000 || high < -0x20_0000) return Number(value);
  return high * HALF + ((HALVES[LOW] ?? 0) >>> 0);
}

export function instant(nsSinceEpoch: bigint): Instant {
  return nsSinceEpoch as unknown as Instant;
}

export function nsSinceEpoch(value: Instant): bigint {
  return raw(value);
}

export function nanoseconds(value: bigint): Nanoseconds {
  return value as unknown as Nanoseconds;
}

export function milliseconds(value: number): Nanoseconds {
  return nanoseconds(BigInt(Math.round(value * 1e6)));
}

export function seconds(value: number): Nanoseconds {
  return nanoseconds(BigInt(Math.round(value * 1e9)));
}

export function nsOf(value: Nanoseconds): bigint {
  return raw(value);
}

export function after(start: Instant, duration: Nanoseconds): Instant {
  return instant(raw(start) + raw(duration));
}

export function elapsed(from: Instant, to: Instant): Nanoseconds {
  return nanoseconds(raw(to) - raw(from));
}

export function isBefore(a: Instant, b: Instant): boolean {
  return raw(a) < raw(b);
}

/** A timestamp with the correctionField that goes with it: more than 64 bits, so not a ScaledNs. */
export function preciseInstant(time: Instant, correction: ScaledNs): PreciseInstant {
  return ((raw(time) << SCALE_BITS) + raw(correction)) as unknown as PreciseInstant;
}

/** `to - from`, saturating at the 39 hours that 64 bits hold. */
export function elapsedPrecise(from: PreciseInstant, to: PreciseInstant): ScaledNs {
  return scaledNs((to as unknown as bigint) - (from as unknown as bigint));
}

/** `start + duration`, with all of its fraction. */
export function afterPrecise(start: PreciseInstant, duration: ScaledNs): PreciseInstant {
  return ((start as unknown as bigint) + raw(duration)) as unknown as PreciseInstant;
}

/** The whole nanoseconds, as a timestamp carries them, and the fraction, 0 to 1 ns, for a correction. */
export function splitPrecise(time: PreciseInstant): {
  readonly whole: Instant;
  readonly fraction: ScaledNs;
} {
  const units = time as unknown as bigint;
  return { whole: instant(units >> SCALE_BITS), fraction: scaledNs(units & 0xffffn) };
}

/** As splitPrecise's whole. */
export function wholeInstant(time: PreciseInstant): Instant {
  return instant((time as unknown as bigint) >> SCALE_BITS);
}

/** In units of 2^-16 ns since the epoch of its clock. */
export function preciseUnits(value: PreciseInstant): bigint {
  return value as unknown as bigint;
}

export function preciseFromUnits(units: bigint): PreciseInstant {
  return units as unknown as PreciseInstant;
}

/** `to - from` in nanoseconds with a fraction: of any length, exact up to 2^53 units, 137 s, and to 16 digits beyond. */
export function elapsedPreciseNs(from: PreciseInstant, to: PreciseInstant): number {
  return Number(preciseUnits(to) - preciseUnits(from)) / UNITS_PER_NS;
}

/** To the nearest whole nanosecond. */
export function nearestInstant(value: PreciseInstant): Instant {
  return instant((preciseUnits(value) + (1n << (SCALE_BITS - 1n))) >> SCALE_BITS);
}

/** `to - from` of two 48-bit nanosecond counters that wrap: modular, so always 0 to 2^48 - 1. */
export function elapsedCounter48(from: bigint, to: bigint): Nanoseconds {
  return nanoseconds((to - from) & COUNTER_MASK);
}

/** From a packet-in's receive_time_ns or any count of nanoseconds; the low 48 bits are kept. */
export function dataplaneTime(ns: bigint): DataplaneTime {
  return (ns & COUNTER_MASK) as unknown as DataplaneTime;
}

/** The 48-bit counter value. */
export function dataplaneNs(time: DataplaneTime): bigint {
  return time as unknown as bigint;
}

/** `to - from`, signed: right as long as the two are less than 39 hours apart. */
export function elapsedDataplane(from: DataplaneTime, to: DataplaneTime): Nanoseconds {
  return nanoseconds(BigInt.asIntN(48, dataplaneNs(to) - dataplaneNs(from)));
}

/** A TimeInterval from its 64-bit wire value; what is outside 64 bits signed saturates. */
export function scaledNs(units: bigint): ScaledNs {
  const clamped = units > SCALED_MAX ? SCALED_MAX : units < SCALED_MIN ? SCALED_MIN : units;
  return clamped as unknown as ScaledNs;
}

/** The 2^-16 ns units, as on the wire. */
export function scaledUnits(value: ScaledNs): bigint {
  return raw(value);
}

export function toScaled(value: Nanoseconds): ScaledNs {
  return scaledNs(raw(value) << SCALE_BITS);
}

/** From nanoseconds with a fraction, to the nearest 2^-16. */
export function scaledFromNumber(ns: number): ScaledNs {
  return scaledNs(bigintOf(Math.round(ns * UNITS_PER_NS)));
}

/** Whole nanoseconds, rounded down as an arithmetic shift does. */
export function wholeNs(value: ScaledNs): Nanoseconds {
  return nanoseconds(raw(value) >> SCALE_BITS);
}

/** Nanoseconds with their fraction, for arithmetic that may round. */
export function scaledToNumber(value: ScaledNs): number {
  return numberOf(raw(value)) / UNITS_PER_NS;
}

/** a - b, saturating as addScaled does. */
export function subtractScaled(a: ScaledNs, b: ScaledNs): ScaledNs {
  return scaledNs(raw(a) - raw(b));
}

/** a + b, saturating at the ends of 64 bits: "too big to be represented" (13.3.2.9). */
export function addScaled(a: ScaledNs, b: ScaledNs): ScaledNs {
  return scaledNs(raw(a) + raw(b));
}

export function ppb(value: number): Ppb {
  return value as unknown as Ppb;
}

export function ppbValue(value: Ppb): number {
  return value as unknown as number;
}

/** @throws RangeError outside -128 to 127: a bug, since the wire cannot carry it. */
export function logInterval(value: number): LogInterval {
  if (!Number.isInteger(value) || value < -128 || value > 127) {
    throw new RangeError(`log interval ${value} is not in -128..127`);
  }
  return value as unknown as LogInterval;
}

export function logIntervalValue(value: LogInterval): number {
  return value as unknown as number;
}

/** 2^value seconds. Null for 0x7F, "not applicable", and for what has no whole nanosecond. */
export function intervalDuration(value: LogInterval): Nanoseconds | null {
  const log = logIntervalValue(value);
  if (log > 62 || log < -29) return null;
  return nanoseconds(log >= 0 ? SECOND_NS << BigInt(log) : SECOND_NS >> BigInt(-log));
}
