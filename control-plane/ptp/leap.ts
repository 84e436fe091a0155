/**
 * UTC beside PTP time: currentUtcOffset, leap seconds of both signs, announced and carried out (7.2.4,
 * 8.2.4, 9.4). PTP time itself never steps; what changes at a leap second is the offset.
 *
 * The flags speak of the end of the current UTC day. They are to be there in its last 12 hours, and to be
 * gone within two Announce intervals of midnight: a flag seen earlier in a day is the last leap second's,
 * forgotten, or one that is far too early, and both are no announcement.
 *
 *      PTP  …  M-1          M            M+1             M: end of the 86,400th second
 *      +1   …  23:59:59     23:59:60     00:00:00        the offset is one more from M+1 on
 *      -1   …  00:00:00                                  the offset is one less from M-1 on
 */
import { after, elapsed, instant, isBefore, nsOf, nsSinceEpoch, seconds } from '#units/time';
import type { Instant } from '#units/time';
import type { TimePropertiesDS } from './data-sets.js';

const SECOND_NS = 1_000_000_000n;
const DAY_SECONDS = 86_400n;
const ANNOUNCED_FOR = seconds(12 * 3600);
/** How long after it others may still tell the old offset: two of the longest Announce intervals. */
const GRACE = seconds(32);

/** A second that is put in (+1) or left out (-1) at the end of a UTC day. */
export interface LeapSecond {
  readonly sign: 1 | -1;
  /** PTP time from which the new offset holds. */
  readonly at: Instant;
  readonly offsetBefore: number;
}

/** UTC as people write it. */
export interface UtcTime {
  /** Days since 1970-01-01. */
  readonly day: number;
  /** 0 to 86,399, and 86,400 within an inserted second. */
  readonly secondOfDay: number;
  readonly nanoseconds: number;
}

export type LeapFault =
  /** Both flags, or with an offset that is not valid or not of the PTP timescale. */
  | 'contradictory'
  /** More than 12 hours before the end of its UTC day. */
  | 'too-early'
  /** The offset did not change as it was announced. */
  | 'not-carried-out';

type Offset = Pick<TimePropertiesDS, 'currentUtcOffsetSeconds'>;

/** PTP time at which the UTC day that `ptpTime` is in has had 86,400 seconds. */
export function utcDayEnd(ptpTime: Instant, { currentUtcOffsetSeconds }: Offset): Instant {
  const offset = BigInt(currentUtcOffsetSeconds);
  const utcSeconds = floorDivide(nsSinceEpoch(ptpTime), SECOND_NS) - offset;
  const day = floorDivide(utcSeconds, DAY_SECONDS);
  return instant(((day + 1n) * DAY_SECONDS + offset) * SECOND_NS);
}

/** The leap second that these flags announce at `ptpTime`; a fault; or null: none. */
export function announcedLeap(
  ptpTime: Instant,
  properties: TimePropertiesDS,
): LeapSecond | LeapFault | null {
  const { leap59, leap61, currentUtcOffsetValid, ptpTimescale } = properties;
  if (!leap59 && !leap61) return null;
  if ((leap59 && leap61) || !currentUtcOffsetValid || !ptpTimescale) return 'contradictory';
  const end = utcDayEnd(ptpTime, properties);
  if (nsOf(elapsed(ptpTime, end)) > nsOf(ANNOUNCED_FOR)) return 'too-early';
  return {
    sign: leap61 ? 1 : -1,
    at: after(end, seconds(leap61 ? 1 : -1)),
    offsetBefore: properties.currentUtcOffsetSeconds,
  };
}

/**
 * Our own time properties when a leap second is known beforehand: nothing before the last 12 hours of its
 * day, then the flag, and the new offset from `leap.at` on.
 */
export function withScheduledLeap(
  own: TimePropertiesDS,
  leap: LeapSecond,
  ptpTime: Instant,
): TimePropertiesDS {
  const offset = leap.offsetBefore;
  if (!isBefore(ptpTime, leap.at)) return carriedOut(own, leap);
  const isAnnounced = nsOf(elapsed(ptpTime, dayEndOf(leap))) <= nsOf(ANNOUNCED_FOR);
  const leap61 = isAnnounced && leap.sign === 1;
  const leap59 = isAnnounced && leap.sign === -1;
  return { ...own, currentUtcOffsetSeconds: offset, leap59, leap61 };
}

/** The leap second at the end of a UTC day, counted from 1970-01-01. */
export function leapAtEndOf(utcDay: number, sign: 1 | -1, offsetBefore: number): LeapSecond {
  const utcSeconds = BigInt(utcDay + 1) * DAY_SECONDS + BigInt(sign);
  return { sign, at: instant((utcSeconds + BigInt(offsetBefore)) * SECOND_NS), offsetBefore };
}

/** When the day's 86,400th second is over, by the offset before. */
function dayEndOf(leap: LeapSecond): Instant {
  return after(leap.at, seconds(-leap.sign));
}

function carriedOut(properties: TimePropertiesDS, leap: LeapSecond): TimePropertiesDS {
  const currentUtcOffsetSeconds = leap.offsetBefore + leap.sign;
  return { ...properties, currentUtcOffsetSeconds, leap59: false, leap61: false };
}

/**
 * Follows what is announced, by the parent or by ourselves, and carries it out at its second, before the
 * next Announce says so. Inputs never step back but with `reset`.
 */
export class LeapWatch {
  #heard: TimePropertiesDS;
  #leap: LeapSecond | null = null;
  readonly #faults = new Map<LeapFault, number>();

  constructor(properties: TimePropertiesDS) {
    this.#heard = properties;
  }

  /** As they were heard last. */
  get properties(): TimePropertiesDS {
    return this.#heard;
  }

  /** Announced, or just carried out; null: none. */
  get leap(): LeapSecond | null {
    return this.#leap;
  }

  faults(fault: LeapFault): number {
    return this.#faults.get(fault) ?? 0;
  }

  /** Another source of time properties, or PTP time was stepped: nothing is announced any more. */
  reset(properties: TimePropertiesDS): void {
    this.#heard = properties;
    this.#leap = null;
  }

  /** What an Announce (or the configuration) says at `ptpTime`. */
  heard(properties: TimePropertiesDS, ptpTime: Instant): void {
    this.#heard = properties;
    const leap = this.#leap;
    // An inserted second belongs to the day that ends: its flag is not the next day's.
    if (leap !== null && !isBefore(ptpTime, leap.sign === 1 ? dayEndOf(leap) : leap.at)) {
      this.#heardSince(leap, properties, ptpTime);
      return;
    }
    // Not yet there: what is heard last counts, so a flag that is taken back is none.
    const announced = announcedLeap(ptpTime, properties);
    if (typeof announced === 'string') this.#count(announced);
    this.#leap = announced === null || typeof announced === 'string' ? null : announced;
  }

  /** After the leap second: the new offset ends the matter, the old one is excused for a while. */
  #heardSince(leap: LeapSecond, properties: TimePropertiesDS, ptpTime: Instant): void {
    const isOld = properties.currentUtcOffsetSeconds === leap.offsetBefore;
    if (isOld && nsOf(elapsed(leap.at, ptpTime)) <= nsOf(GRACE)) return;
    if (isOld) this.#count('not-carried-out');
    this.#leap = null;
  }

  /** As they are at `ptpTime`, a leap second since carried out. */
  timeProperties(ptpTime: Instant): TimePropertiesDS {
    const leap = this.#leap;
    if (leap === null || isBefore(ptpTime, leap.at)) return this.#heard;
    return carriedOut(this.#heard, leap);
  }

  /** When `timeProperties` changes next by itself; null: not as far as is known. */
  nextChange(ptpTime: Instant): Instant | null {
    return this.#leap !== null && isBefore(ptpTime, this.#leap.at) ? this.#leap.at : null;
  }

  /** Null: the offset is not valid, or the timescale is arbitrary. */
  utc(ptpTime: Instant): UtcTime | null {
    const properties = this.timeProperties(ptpTime);
    if (!properties.currentUtcOffsetValid || !properties.ptpTimescale) return null;
    const leap = this.#leap;
    const isWithin =
      leap?.sign === 1 &&
      isBefore(ptpTime, leap.at) &&
      nsOf(elapsed(ptpTime, leap.at)) <= SECOND_NS;
    if (!isWithin) return utcTime(ptpTime, properties);
    const before = utcTime(instant(nsSinceEpoch(ptpTime) - SECOND_NS), properties);
    return { ...before, secondOfDay: Number(DAY_SECONDS) };
  }

  #count(fault: LeapFault): void {
    this.#faults.set(fault, this.faults(fault) + 1);
  }
}

/** UTC by an offset, where there is no leap second near. */
export function utcTime(ptpTime: Instant, { currentUtcOffsetSeconds }: Offset): UtcTime {
  const ns = nsSinceEpoch(ptpTime) - BigInt(currentUtcOffsetSeconds) * SECOND_NS;
  const wholeSeconds = floorDivide(ns, SECOND_NS);
  const day = floorDivide(wholeSeconds, DAY_SECONDS);
  return {
    day: Number(day),
    secondOfDay: Number(wholeSeconds - day * DAY_SECONDS),
    nanoseconds: Number(ns - wholeSeconds * SECOND_NS),
  };
}

/** `2016-12-31T23:59:60.500000000Z`. */
export function utcText({ day, secondOfDay, nanoseconds }: UtcTime): string {
  const isLeap = secondOfDay === Number(DAY_SECONDS);
  const second = isLeap ? secondOfDay - 1 : secondOfDay;
  const parts = [
    Math.floor(second / 3600),
    Math.floor(second / 60) % 60,
    isLeap ? 60 : second % 60,
  ];
  const clock = parts.map((part) => digits(part, 2)).join(':');
  return `${dateText(day)}T${clock}.${digits(nanoseconds, 9)}Z`;
}

const DAYS_OF_400_YEARS = 146_097;
const DAYS_OF_100_YEARS = 36_524;
const DAYS_OF_4_YEARS = 1_461;
/** From 0000-03-01, where a 400-year cycle begins behind its leap day, to 1970-01-01. */
const DAYS_TO_1970 = 719_468;

/** The Gregorian date; years begin in March here, so that a leap day is a year's last. */
function dateText(day: number): string {
  const since = day + DAYS_TO_1970;
  const cycle = Math.floor(since / DAYS_OF_400_YEARS);
  const inCycle = since - cycle * DAYS_OF_400_YEARS;
  const leapDays =
    Math.floor(inCycle / (DAYS_OF_4_YEARS - 1)) -
    Math.floor(inCycle / DAYS_OF_100_YEARS) +
    Math.floor(inCycle / (DAYS_OF_400_YEARS - 1));
  const yearOfCycle = Math.floor((inCycle - leapDays) / 365);
  const dayOfYear =
    inCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  // Months from March have 31, 30, 31, 30, 31 days, and again: 153 in five.
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(dayOfMonth, 2)}`;
}

function digits(value: number, count: number): string {
  return value.toString().padStart(count, '0');
}

/** Rounded down, as a day before 1970 wants it. */
function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
