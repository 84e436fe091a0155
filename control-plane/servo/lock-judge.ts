/** Whether a clock may be called synchronized, from what its servo takes the offset to be. */
import { numberOf, elapsed, nsOf, type Instant } from '#units/time';
import { SlidingWindow } from './sliding-window.js';
import type { FrequencyTrust } from './servo.js';

/** In a row within the threshold, over at least so long, before it is LOCKED. */
const LOCK_SAMPLES = 8;
const LOCK_SECONDS = 1;
/** Where the frequency is known only the phase has to be found. */
const LOCK_SAMPLES_KNOWN = 4;
/** In a row beyond so many thresholds before it is that no longer. */
const UNLOCK_SAMPLES = 4;
const UNLOCK_THRESHOLDS = 3;
/** Offsets whose mean should be nearly zero. */
const BIAS_SAMPLES = 16;
const BIAS_DEVIATIONS = 1.5;
const BIAS_THRESHOLDS = 0.5;
const NS_PER_SECOND = 1e9;

export class LockJudge {
  readonly #thresholdNs: number;
  #within = 0;
  #withinSince: Instant | null = null;
  #beyond = 0;
  readonly #offsets = new SlidingWindow(BIAS_SAMPLES);

  constructor(lockThresholdNs: number) {
    this.#thresholdNs = lockThresholdNs;
  }

  get unlockNs(): number {
    return UNLOCK_THRESHOLDS * this.#thresholdNs;
  }

  /** While ACQUIRING: why it is LOCKED now; null: it is not. */
  locks(phaseNs: number, trust: FrequencyTrust, now: Instant): string | null {
    if (Math.abs(phaseNs) > this.#thresholdNs) {
      this.#within = 0;
      this.#withinSince = null;
      return null;
    }
    this.#within += 1;
    this.#withinSince ??= now;
    const passed = numberOf(nsOf(elapsed(this.#withinSince, now))) / NS_PER_SECOND;
    const isSure =
      trust === 'known'
        ? this.#within >= LOCK_SAMPLES_KNOWN
        : this.#within >= LOCK_SAMPLES && passed >= LOCK_SECONDS;
    if (!isSure) return null;
    return `the offset was within ${this.#thresholdNs} ns for ${this.#within} Sync in a row`;
  }

  /** While LOCKED: why it is not any more; null: it is. */
  unlocks(phaseNs: number): string | null {
    this.#beyond = Math.abs(phaseNs) > this.unlockNs ? this.#beyond + 1 : 0;
    if (this.#beyond < UNLOCK_SAMPLES) return null;
    return `the offset was beyond ${this.unlockNs} ns for ${this.#beyond} Sync in a row`;
  }

  /**
   * While LOCKED: offsets lie to one side by more than noise makes them. The oscillator's rate has
   * changed, and a narrow loop would take minutes to follow.
   */
  isBiased(offsetNs: number): boolean {
    const offsets = this.#offsets;
    offsets.push(offsetNs);
    if (offsets.length < BIAS_SAMPLES) return false;
    let sum = 0;
    for (let index = 0; index < BIAS_SAMPLES; index += 1) sum += offsets.at(index);
    const mean = sum / BIAS_SAMPLES;
    const noise = BIAS_DEVIATIONS * offsets.deviation();
    return Math.abs(mean) > Math.max(noise, BIAS_THRESHOLDS * this.#thresholdNs);
  }

  /** What comes next has nothing to do with what was before. */
  reset(): void {
    this.#within = 0;
    this.#withinSince = null;
    this.#beyond = 0;
    this.#offsets.clear();
  }
}
