/**
 * The PI servo. It begins with the gains of a least-squares line through all samples so far (two of
 * them give the frequency), and narrows with each sample down to the gains that a chain bears.
 */
import type { Instant, Ppb } from '#units/time';
import { leastSquaresGains, narrowGains, type LoopGains } from './gains.js';
import { PhaseLoop } from './loop.js';
import type { FrequencyTrust, Servo, ServoBandwidth, ServoLimits, ServoSample } from './servo.js';

export interface PiServoOptions extends ServoLimits {
  /** Instead of the automatic ones, from the first sample on. */
  readonly gains?: LoopGains;
}

export class PiServo implements Servo {
  readonly name = 'pi';
  readonly #loop: PhaseLoop;
  readonly #fixed: LoopGains | null;
  #narrow: LoopGains;
  #bandwidth: ServoBandwidth = 'acquisition';
  #trust: FrequencyTrust = 'guess';
  /** Samples since it began to acquire. */
  #samples = 0;

  constructor({ maxFrequencyPpb, gains }: PiServoOptions) {
    this.#loop = new PhaseLoop(maxFrequencyPpb);
    this.#fixed = gains ?? null;
    this.#narrow = narrowGains(this.#loop.intervalSeconds);
  }

  tune(intervalSeconds: number, bandwidth: ServoBandwidth): void {
    if (intervalSeconds !== this.#loop.intervalSeconds) {
      this.#loop.intervalSeconds = intervalSeconds;
      this.#narrow = narrowGains(intervalSeconds);
    }
    if (bandwidth === 'acquisition' && this.#bandwidth === 'narrow') this.#samples = 0;
    this.#bandwidth = bandwidth;
  }

  sample(sample: ServoSample): Ppb {
    this.#samples += 1;
    const { kp, ki } = this.gains();
    // What is trusted half moves the phase by half, and keeps the damping: ki goes with kp².
    const { weight } = sample;
    return this.#loop.advance(sample, { kp: kp * weight, ki: ki * weight * weight });
  }

  /** Of the sample that came last. */
  gains(): LoopGains {
    if (this.#fixed !== null) return this.#fixed;
    if (this.#bandwidth === 'narrow') return this.#narrow;
    const wide =
      this.#trust === 'guess'
        ? leastSquaresGains(this.#samples)
        : { kp: 1 / Math.max(1, this.#samples), ki: 0 };
    return { kp: Math.max(wide.kp, this.#narrow.kp), ki: Math.max(wide.ki, this.#narrow.ki) };
  }

  coast(localTime: Instant): Ppb {
    return this.#loop.coast(localTime);
  }

  stepped(stepNs: number): Ppb {
    return this.#loop.stepped(stepNs);
  }

  shifted(shiftNs: number): void {
    this.#loop.shifted(shiftNs);
  }

  reset(rate: Ppb, trust: FrequencyTrust): void {
    this.#loop.reset(rate);
    this.#bandwidth = 'acquisition';
    this.#trust = trust;
    this.#samples = 0;
  }

  frequency(): Ppb {
    return this.#loop.frequency;
  }

  phaseNs(): number | null {
    return this.#loop.phaseNs;
  }

  deviationNs(): number | null {
    return this.#loop.deviationNs();
  }
}
