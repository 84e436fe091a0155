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

/**
 * `acquisition`: as fast as the samples allow, from the next one on, and narrower with each.
 * `narrow`: never with more gain peaking than a chain of clocks bears.
 */
export type ServoBandwidth = 'acquisition' | 'narrow';

/** A frequency that was measured before, or one that may be as wrong as oscillators are. */
export type FrequencyTrust = 'known' | 'guess';

/** A control law: PI, linear regression or Kalman. Not yet a decision about locking: see discipline.ts. */
export interface Servo {
  readonly name: ServoName;
  /** The sample interval or the bandwidth is another from now on; what was learned is kept. */
  readonly tune: (intervalSeconds: number, bandwidth: ServoBandwidth) => void;
  /** The frequency to run at from now on. Offsets must have been brought below the step threshold before. */
  readonly sample: (sample: ServoSample) => Ppb;
  /** A sample was refused then: what was to be mended until it came is mended. The frequency to run at. */
  readonly coast: (localTime: Instant) => Ppb;
  /** The clock was stepped by so much right after the last sample: the frequency to run at from there. */
  readonly stepped: (stepNs: number) => Ppb;
  /** Offsets are measured so much higher from now on, the clock being the same. */
  readonly shifted: (shiftNs: number) => void;
  /** Begin anew: nothing is known of the phase, and the clock runs at this rate. */
  readonly reset: (rate: Ppb, trust: FrequencyTrust) => void;
  /** What it takes the frequency to be, without what it adds to mend the phase: for holdover. */
  readonly frequency: () => Ppb;
  /** What it takes the offset to have been at the last sample, without most of that one's noise. */
  readonly phaseNs: () => number | null;
  /** One standard deviation of its phase estimate in nanoseconds, as far as it knows; null: not yet. */
  readonly deviationNs: () => number | null;
}

export type ServoName = 'pi' | 'linear-regression' | 'kalman';

export interface ServoLimits {
  /** The clock is never told to run faster or slower than the local one by more. */
  readonly maxFrequencyPpb: number;
}

/** 5. of what is published: each with its reason and since when. */
export type ClockLockState = 'FREE_RUN' | 'ACQUIRING' | 'LOCKED' | 'HOLDOVER';
