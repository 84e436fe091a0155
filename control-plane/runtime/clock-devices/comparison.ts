/** How far a clock is from PTP time, by way of CLOCK_MONOTONIC. Pure. */
import { nsSinceEpoch } from '#units/time';
import type { ClockComparison } from './clock-device.js';
import type { ClockReadout } from './posix-clock.js';

export interface ClockOffset {
  /** The clock minus what it should show. */
  readonly offsetNs: bigint;
  /** What it should show, at `monotonicNs`. */
  readonly targetNs: bigint;
  readonly monotonicNs: bigint;
  /** The offset may be wrong by this. */
  readonly uncertaintyNs: bigint;
}

const SECOND_NS = 1_000_000_000n;

/** Null: a clock of UTC, and nobody knows what UTC is. */
export function compareClock(
  comparison: ClockComparison,
  timescale: 'ptp' | 'utc',
  readout: ClockReadout,
): ClockOffset | null {
  const { ptpTime, utcOffsetSeconds, beforeNs, afterNs } = comparison;
  if (timescale === 'utc' && utcOffsetSeconds === null) return null;
  const leftOutNs = timescale === 'utc' ? BigInt(utcOffsetSeconds ?? 0) * SECOND_NS : 0n;
  const monotonicNs = (readout.beforeNs + readout.afterNs) / 2n;
  const passedNs = monotonicNs - (beforeNs + afterNs) / 2n;
  const targetNs = nsSinceEpoch(ptpTime) + passedNs - leftOutNs;
  const width = afterNs - beforeNs + (readout.afterNs - readout.beforeNs);
  return {
    offsetNs: readout.clockNs - targetNs,
    targetNs,
    monotonicNs,
    uncertaintyNs: (width + 1n) / 2n,
  };
}

const WINDOW = 8;
const TOLERANCE = 2n;

/** Of comparisons, those that are not much less certain than the best of late. */
export class CertaintyFilter {
  #window: bigint[] = [];

  accepts(uncertaintyNs: bigint): boolean {
    this.#window = [...this.#window, uncertaintyNs].slice(-WINDOW);
    const best = this.#window.reduce((least, value) => (value < least ? value : least));
    return uncertaintyNs <= TOLERANCE * best;
  }
}
