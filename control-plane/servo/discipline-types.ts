/** What goes into a ClockDiscipline and what comes out of it. */
import type { Instant, Nanoseconds, Ppb } from '#units/time';
import type { LoopGains } from './gains.js';
import type { ClockLockState, ServoAdjustment, ServoName } from './servo.js';

export interface DisciplineOptions {
  readonly servo: ServoName;
  /** Of `pi`, instead of its own. */
  readonly gains?: LoopGains;
  /** 0: never step the first time. Nanoseconds. */
  readonly firstStepThresholdNs: number;
  /** 0: never step later. */
  readonly stepThresholdNs: number;
  readonly maxFrequencyPpb: number;
  readonly timestampResolution: Nanoseconds;
  /** Below it, for some samples in a row, the clock is LOCKED. */
  readonly lockThresholdNs: number;
}

/** An offset as it was measured, ours minus the master's. */
export interface DisciplineSample {
  /** Of the local clock when the Sync came: LocalClock.localInstant. */
  readonly localTime: Instant;
  /** With a fraction; of any size (elapsedPreciseNs does not saturate). */
  readonly offsetNs: number;
  /** 0 to 1, from the delay filter; 1 if it has no opinion. */
  readonly weight: number;
  /** Of the delay that was subtracted; null: none was. */
  readonly meanDelayNs: number | null;
  /** How uncertain that delay is, one standard deviation. */
  readonly delayDeviationNs: number;
  /** False while others were told that our time is synchronized: LocalClock.servesTime. */
  readonly mayStepBack: boolean;
}

export interface LockChange {
  readonly from: ClockLockState;
  readonly to: ClockLockState;
  readonly why: string;
}

/** What to do: adjust the clock (null: leave it), whatever became of the sample; and what changed. */
export interface DisciplineVerdict {
  readonly adjustment: ServoAdjustment | null;
  /** `outlier`: not used, and not to be told as the offset from the master. */
  readonly use: 'used' | 'outlier' | 'none';
  readonly change: LockChange | null;
  /**
   * The step back that would be made were it allowed (it is being slewed meanwhile). Whoever serves
   * time may withdraw that (announce it unsynchronized), and then allow it.
   */
  readonly stepWantedNs: number | null;
}

/**
 * How far our time may be from the master's. It holds for what can be seen from here: stamps, and the
 * delays of one path in both directions. That the path is longer one way than the other cannot be
 * seen; it adds up to `asymmetryUpToNs`, since no delay is negative. The master's own error comes on top.
 */
export interface ErrorBound {
  readonly boundNs: number;
  /** Null: no delay was measured. */
  readonly asymmetryUpToNs: number | null;
  readonly assumptions: readonly string[];
}

export interface DisciplineStatus {
  readonly name: ServoName;
  readonly state: ClockLockState;
  readonly since: Instant;
  readonly why: string;
  /** As the clock runs now. */
  readonly rate: Ppb;
  /** Of the last sample that was used. */
  readonly offsetNs: number | null;
  readonly meanDelayNs: number | null;
  /** Null in FREE_RUN: nothing is known. */
  readonly errorBound: ErrorBound | null;
  readonly samples: number;
  readonly outliers: number;
  readonly steps: number;
  /** How often it fell back to wide gains while it was to be narrow. */
  readonly boosts: number;
}
