/**
 * What every servo is: offsets go in, a frequency and at most one step come out. A servo knows no
 * clock and no time of day; all its time is the local clock's, given with each sample.
 */
import type { Instant, Nanoseconds, Ppb } from '#units/time';

/** One measured offset of the clock that is steered, which already runs at what was last told. */
export interface ServoSample {
  /** The local (free-running) clock when it was measured: its epoch is of no matter. */
  readonly localTime: Instant;
  /** Ours minus the master's, in nanoseconds with a fraction. */
  readonly offsetNs: number;
  /** How far this sample can be trusted, 0 to 1; from the filters before it. */
  readonly weight: number;
}

/** What to do with the clock now. `rate`: of PTP time against the local clock, (ratio - 1) × 10^9. */
export interface ServoAdjustment {
  readonly rate: Ppb;
  /** Add to the clock's time at once, before the rate holds; null: no step. */
  readonly step: Nanoseconds | null;
}

/** A control law: PI, linear regression or Kalman. Not yet a decision about locking: see discipline.ts. */
export interface Servo {
  readonly name: 'pi' | 'linear-regression' | 'kalman';
  /** The sample interval or the bandwidth is another from now on; what was learned is kept. */
  readonly tune: (intervalSeconds: number, bandwidth: 'acquisition' | 'narrow') => void;
  /** The frequency to run at from now on. Offsets must have been brought below the step threshold before. */
  readonly sample: (sample: ServoSample) => Ppb;
  /** The clock was stepped by so much by somebody: what is known of phase moves along. */
  readonly stepped: (stepNs: number) => void;
  /** Begin anew, from a frequency that is known. */
  readonly reset: (rate: Ppb) => void;
  /** What it takes the frequency to be, without what it adds to mend the phase: for holdover. */
  readonly frequency: () => Ppb;
  /** One standard deviation of its phase estimate in nanoseconds, as far as it knows; null: not yet. */
  readonly deviationNs: () => number | null;
}

/** 5. of what is published: each with its reason and since when. */
export type ClockLockState = 'FREE_RUN' | 'ACQUIRING' | 'LOCKED' | 'HOLDOVER';
