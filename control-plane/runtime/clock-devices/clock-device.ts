/**
 * Clocks that follow PTP time beside the dataplane's: the system clock, a NIC's, and chrony's
 * reference clocks. The boundary clock has one servo, which steers PTP time against the dataplane's
 * counter; what is here only carries that time over, and nothing goes back from here.
 */
import type { Result } from '#units/result';
import type { Instant } from '#units/time';

/** PTP time against CLOCK_MONOTONIC: the dataplane's counter was read between two readings of that. */
export interface ClockComparison {
  /** PTP time at the counter's reading. */
  readonly ptpTime: Instant;
  /** CLOCK_MONOTONIC before and after it. */
  readonly beforeNs: bigint;
  readonly afterNs: bigint;
  /** PTP time minus UTC; null: nobody knows, so clocks of UTC cannot follow. */
  readonly utcOffsetSeconds: number | null;
  /** The last minute of this UTC day has a second more or less. */
  readonly leap: LeapWarning;
  /** LOCKED or HOLDOVER: worth following. */
  readonly isSynchronized: boolean;
  /** How far PTP time may be from the master's; null: not known. */
  readonly errorBoundNs: number | null;
}

export type LeapWarning = 'none' | 'insert' | 'delete';

export interface ClockDeviceStatus {
  readonly name: string;
  /** In words: what it does, or why it does nothing. */
  readonly what: string;
  /** The device minus PTP time at the last comparison that was used; null: none was. */
  readonly offsetNs: number | null;
  readonly used: number;
  /** Comparisons that were not used: too uncertain, not synchronized, no UTC offset. */
  readonly skipped: number;
  /** The system refused. */
  readonly failed: number;
}

export interface ClockDevice {
  /** `system`, `phc /dev/ptp0`, `chrony SOCK /run/…`, `chrony SHM 2`. */
  readonly name: string;
  /** PTP time, or UTC. */
  readonly timescale: 'ptp' | 'utc';
  /** Once a second or so. Failures are counted, and told by status: the next one may work. */
  readonly follow: (comparison: ClockComparison) => void;
  readonly status: () => ClockDeviceStatus;
  readonly close: () => void;
}

export type ClockDeviceErrorCode =
  'clock-unsupported' | 'clock-not-found' | 'clock-not-permitted' | 'clock-feeds-itself';

export type ClockDeviceResult = Result<ClockDevice, ClockDeviceErrorCode>;
