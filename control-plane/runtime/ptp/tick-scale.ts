/**
 * Between a target's ticks and the 48 bits of nanoseconds that the protocol counts by. Where a tick is
 * a nanosecond both are the same; coarse ticks go on where the nanoseconds have wrapped, and what was
 * seen last says in which round we are.
 */
import type { ClockReference } from '#ptp/instance/instance-types';
import {
  dataplaneNs,
  dataplaneTime,
  instant,
  nsOf,
  nsSinceEpoch,
  ppb,
  ppbValue,
  type DataplaneTime,
  type Nanoseconds,
} from '#units/time';
import type { ClockReference as ClockEntry } from './entries.js';

const COUNTER_BITS = 48;
const RATE_UNITS_PER_PPB = 2 ** 41 / 1e9;
/** 32 bits signed. */
const MAX_RATE_UNITS = 2 ** 31 - 1;

export class TickScale {
  readonly #tickNs: bigint;
  #seenNs = 0n;

  constructor(tick: Nanoseconds) {
    this.#tickNs = nsOf(tick);
  }

  /** A reading with all its bits. */
  observe(counterNs: bigint): void {
    this.#seenNs = counterNs;
  }

  /** What the dataplane's `clock` is to hold. */
  entryOf({ localTime, ptpTime, rate }: ClockReference): ClockEntry {
    const counterNs = this.#unwrapped(localTime);
    // Rounded down, so that the reference is on a tick.
    const beyondNs = modulo(counterNs, this.#tickNs);
    return {
      ticks: BigInt.asUintN(COUNTER_BITS, (counterNs - beyondNs) / this.#tickNs),
      ptpNs: nsSinceEpoch(ptpTime) - beyondNs,
      rateOffset: rateUnits(ppbValue(rate)),
    };
  }

  referenceOf({ ticks, ptpNs, rateOffset }: ClockEntry): ClockReference {
    return {
      localTime: dataplaneTime(ticks * this.#tickNs),
      ptpTime: instant(ptpNs),
      rate: ppb(Number(rateOffset) / RATE_UNITS_PER_PPB),
    };
  }

  ticksOf(counterNs: bigint): bigint {
    return BigInt.asUintN(COUNTER_BITS, counterNs / this.#tickNs);
  }

  #unwrapped(time: DataplaneTime): bigint {
    const difference = BigInt.asIntN(COUNTER_BITS, dataplaneNs(time) - this.#seenNs);
    return this.#seenNs + difference;
  }
}

function rateUnits(rate: number): bigint {
  const units = Math.round(rate * RATE_UNITS_PER_PPB);
  return BigInt(Math.max(-MAX_RATE_UNITS, Math.min(MAX_RATE_UNITS, units)));
}

function modulo(value: bigint, unit: bigint): bigint {
  return ((value % unit) + unit) % unit;
}
