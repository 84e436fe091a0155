/**
 * The part that the control laws share: a clock modelled as a phase and a frequency, and the rule
 * that what is left of the phase is to be gone when the next sample comes (or an eighth of a second on).
 *
 * Each sample's surprise r (measured minus foreseen) moves the phase by kp·r and the frequency by
 * ki·r/T. As long as samples come as foreseen and the frequency is within its limits, this is a PI
 * controller, gain for gain. Beyond that it stays right where a plain PI winds up: a limited
 * frequency, a lost sample and an uneven interval are in what it foresees.
 */
import { numberOf, elapsed, nsOf, ppb, ppbValue, type Instant, type Ppb } from '#units/time';
import type { LoopGains } from './gains.js';
import type { ServoSample } from './servo.js';

const SECONDS_TO_NS = 1e9;
/** Of the surprises, for their mean square. */
const SURPRISE_WEIGHT = 1 / 16;
/**
 * A mend goes on until the next sample. One that was to take 8 ms and takes 50, since that one was
 * late, overshoots by six times the phase. What is foreseen knows of the mend, so the gain's peak is none
 * of it: a slower mend only smooths.
 */
const LEAST_MENDING_SECONDS = 0.125;

export class PhaseLoop {
  readonly #maxPpb: number;
  #intervalSeconds = 1;
  /** The master's rate against the local clock: what would keep the offset as it is. */
  #frequencyPpb = 0;
  #appliedPpb = 0;
  /** The offset right after the last sample; null before the first. */
  #phaseNs: number | null = null;
  #at: Instant | null = null;
  #surpriseSquare: number | null = null;
  #lastKp = 1;

  constructor(maxFrequencyPpb: number) {
    this.#maxPpb = maxFrequencyPpb;
  }

  set intervalSeconds(value: number) {
    this.#intervalSeconds = value;
  }

  get intervalSeconds(): number {
    return this.#intervalSeconds;
  }

  get frequency(): Ppb {
    return ppb(this.#frequencyPpb);
  }

  /** What the clock was last told to run at. */
  get appliedPpb(): number {
    return this.#appliedPpb;
  }

  get phaseNs(): number | null {
    return this.#phaseNs;
  }

  /** Seconds of the local clock since the last sample; null before the first. */
  secondsUntil(localTime: Instant): number | null {
    return this.#at === null ? null : numberOf(nsOf(elapsed(this.#at, localTime))) / SECONDS_TO_NS;
  }

  /** The offset to be measured then, if all is as it is taken to be. */
  foreseenNs(localTime: Instant): number | null {
    const passed = this.secondsUntil(localTime);
    if (passed === null || this.#phaseNs === null) return null;
    // Ours minus the master's grows by what we run faster than it: 1 ppb is 1 ns a second.
    return this.#phaseNs + (this.#appliedPpb - this.#frequencyPpb) * passed;
  }

  /** One sample with these gains; the frequency to run at. */
  advance(sample: ServoSample, { kp, ki }: LoopGains): Ppb {
    const passed = this.secondsUntil(sample.localTime);
    const foreseen = this.foreseenNs(sample.localTime);
    if (foreseen === null || passed === null || passed <= 0) {
      this.#phaseNs = sample.offsetNs;
    } else {
      const surprise = sample.offsetNs - foreseen;
      this.#remember(surprise);
      this.#phaseNs = foreseen + kp * surprise;
      this.#frequencyPpb = this.#limit(this.#frequencyPpb - (ki * surprise) / passed);
    }
    this.#lastKp = kp;
    this.#at = sample.localTime;
    return this.#steer();
  }

  /** A phase and frequency that were found otherwise, from a sample of which the phase took a share. */
  set(
    { localTime, offsetNs }: ServoSample,
    found: { readonly phaseNs: number; readonly frequencyPpb: number; readonly share: number },
  ): Ppb {
    const foreseen = this.foreseenNs(localTime);
    if (foreseen !== null) this.#remember(offsetNs - foreseen);
    this.#lastKp = found.share;
    this.#at = localTime;
    this.#phaseNs = found.phaseNs;
    this.#frequencyPpb = this.#limit(found.frequencyPpb);
    return this.#steer();
  }

  /** No sample: what was foreseen for this time is taken to be so. */
  coast(localTime: Instant): Ppb {
    const foreseen = this.foreseenNs(localTime);
    if (foreseen !== null) {
      this.#phaseNs = foreseen;
      this.#at = localTime;
    }
    return this.#steer();
  }

  /** The clock is so much ahead of what it was: what to run at now. */
  stepped(stepNs: number): Ppb {
    this.shifted(stepNs);
    return this.#steer();
  }

  /** What is measured is so much more than before; the clock runs on as it does. */
  shifted(shiftNs: number): void {
    if (this.#phaseNs !== null) this.#phaseNs += shiftNs;
  }

  reset(rate: Ppb): void {
    this.#frequencyPpb = this.#limit(ppbValue(rate));
    this.#appliedPpb = this.#frequencyPpb;
    this.#phaseNs = null;
    this.#at = null;
    this.#surpriseSquare = null;
    this.#lastKp = 1;
  }

  /** Of the phase, were the surprises white: the gain lets kp/(2-kp) of their power through. */
  deviationNs(): number | null {
    if (this.#surpriseSquare === null) return null;
    return Math.sqrt((this.#surpriseSquare * this.#lastKp) / (2 - this.#lastKp));
  }

  /** The phase is to be zero one interval from now, but no sooner than a late Sync may take. */
  #steer(): Ppb {
    const mend = (this.#phaseNs ?? 0) / Math.max(this.#intervalSeconds, LEAST_MENDING_SECONDS);
    this.#appliedPpb = this.#limit(this.#frequencyPpb - mend);
    return ppb(this.#appliedPpb);
  }

  #remember(surprise: number): void {
    const square = surprise * surprise;
    const before = this.#surpriseSquare;
    this.#surpriseSquare = before === null ? square : before + (square - before) * SURPRISE_WEIGHT;
  }

  #limit(value: number): number {
    return Math.min(this.#maxPpb, Math.max(-this.#maxPpb, value));
  }
}
