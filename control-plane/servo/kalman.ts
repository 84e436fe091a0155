/**
 * A Kalman filter over phase and frequency. The oscillator is taken to be moved by white and by
 * random-walk frequency noise (NIST SP 1065, 3.3); how much of either, and how noisy the stamps are,
 * is learned: the oscillator's noise from whether one surprise foretells the next (it must not, or
 * the gains are too small).
 *
 * A filter that is optimal for one clock peaks by 2 dB and more, and ruins a chain. So when narrow its
 * gains are those of the loop that is best among those a chain bears: with ki the largest that
 * keeps the peaking, the mean square error of the phase is
 *
 *     R·kp/2 + q1·T/(2·kp) + q2·T³/(2·kp·ki(kp))
 *
 * and it is minimised over kp.
 */
import type { Instant, Ppb } from '#units/time';
import { largestKi, leastSquaresGains, narrowGains, type LoopGains } from './gains.js';
import { PhaseLoop } from './loop.js';
import type { FrequencyTrust, Servo, ServoBandwidth, ServoLimits, ServoSample } from './servo.js';
import { StampNoise } from './stamp-noise.js';

export interface KalmanOptions extends ServoLimits {
  /** What stamps resolve: no stamp is better than that. */
  readonly resolutionNs: number;
}

/** To begin with: 1 ns of white and 0.14 ppb of random walk in a second, a plain quartz. */
const WHITE_NS2_PER_S = 1;
const WALK_PPB2_PER_S = 0.02;
/** How sure a frequency is that was measured before. */
const KNOWN_PPB = 10;
/** The line through so many samples is where the filter begins. */
const SAMPLES_TO_BEGIN = 8;
/** A surprise of more than so many deviations counts as so many. */
const MOST_DEVIATIONS = 3;
/** Surprises are compared as means of this share of the loop's time: there they tell most. */
const BLOCK_SHARE = 0.35;
/** Means until the oscillator's noise is judged again: of so many, white ones correlate by 0.2. */
const JUDGE_EVERY = 24;
const CORRELATED = 0.25;
const STRONGLY_CORRELATED = 0.5;
const SCALE_STEP = 2;
const MIN_SCALE = 1 / 16;
const MAX_SCALE = 1 << 20;
/** kp is so much over the count of samples: ki is kp²/75, and the frequency settles as e^(-ki/kp). */
const SETTLING = 75;
/** Bounds of kp in the search for the best. */
const MIN_KP = 1e-4;
const MAX_KP = 0.7;
const SEARCH_STEPS = 48;
const RETUNE_RATIO = 1.2;

export class KalmanServo implements Servo {
  readonly name = 'kalman';
  readonly #loop: PhaseLoop;
  readonly #noise = new StampNoise();
  readonly #minVariance: number;
  #bandwidth: ServoBandwidth = 'acquisition';
  #trust: FrequencyTrust = 'guess';
  #samples = 0;
  /** Covariance of phase (ns) and frequency (ppb). */
  #phaseVariance = 0;
  #covariance = 0;
  #frequencyVariance = 0;
  /** The oscillator's noise against what it is taken to be to begin with. */
  #scale = 1;
  /** What a chain bears whatever the noise is. */
  #widest = narrowGains(1);
  /** Samples since it is narrow. */
  #narrowed = 0;
  #blockSum = 0;
  #blockCount = 0;
  #lastMean: number | null = null;
  #products = 0;
  #squares = 0;
  #judged = 0;
  #best: { readonly variance: number; readonly scale: number; readonly gains: LoopGains } | null =
    null;

  constructor({ maxFrequencyPpb, resolutionNs }: KalmanOptions) {
    this.#loop = new PhaseLoop(maxFrequencyPpb);
    this.#minVariance = Math.max(resolutionNs ** 2 / 6, 0.01);
  }

  tune(intervalSeconds: number, bandwidth: ServoBandwidth): void {
    if (intervalSeconds !== this.#loop.intervalSeconds) {
      this.#loop.intervalSeconds = intervalSeconds;
      this.#best = null;
      this.#widest = narrowGains(intervalSeconds);
    }
    if (bandwidth === 'acquisition' && this.#bandwidth === 'narrow') this.#begin('guess');
    this.#bandwidth = bandwidth;
  }

  sample(sample: ServoSample): Ppb {
    const passed = this.#loop.secondsUntil(sample.localTime) ?? 0;
    const foreseen = this.#loop.foreseenNs(sample.localTime) ?? sample.offsetNs;
    this.#samples += 1;
    this.#noise.add(sample.offsetNs, passed, this.#loop.appliedPpb);
    if (this.#samples <= SAMPLES_TO_BEGIN) return this.#beginWith(sample, passed);
    this.#predict(passed);
    const noise = this.#stampVariance() / Math.max(sample.weight, 0.01);
    const gains = this.#gains(noise, passed);
    // Only with these gains is what surprises tell theirs.
    const isBest = this.#bandwidth === 'narrow' && gains === this.gains();
    if (isBest) this.#learn(sample.offsetNs - foreseen, noise, gains);
    this.#update(noise, gains.kp, passed > 0 ? gains.ki / passed : 0);
    return this.#loop.advance(sample, gains);
  }

  coast(localTime: Instant): Ppb {
    const passed = this.#loop.secondsUntil(localTime) ?? 0;
    if (this.#samples > SAMPLES_TO_BEGIN) this.#predict(passed);
    this.#noise.interrupt();
    return this.#loop.coast(localTime);
  }

  stepped(stepNs: number): Ppb {
    this.#noise.interrupt();
    return this.#loop.stepped(stepNs);
  }

  shifted(shiftNs: number): void {
    this.#noise.interrupt();
    this.#loop.shifted(shiftNs);
  }

  reset(rate: Ppb, trust: FrequencyTrust): void {
    this.#loop.reset(rate);
    this.#bandwidth = 'acquisition';
    this.#begin(trust);
  }

  frequency(): Ppb {
    return this.#loop.frequency;
  }

  phaseNs(): number | null {
    return this.#loop.phaseNs;
  }

  deviationNs(): number | null {
    return this.#samples < SAMPLES_TO_BEGIN ? null : Math.sqrt(this.#phaseVariance);
  }

  /** Of the next sample, when narrow: what a chain bears, and the noise makes best. */
  gains(): LoopGains {
    const variance = this.#stampVariance();
    const found = this.#best;
    if (
      found !== null &&
      found.scale === this.#scale &&
      Math.max(found.variance / variance, variance / found.variance) < RETUNE_RATIO
    ) {
      return found.gains;
    }
    const gains =
      this.#samples < SAMPLES_TO_BEGIN
        ? this.#widest
        : bestGains(variance, this.#scale, this.#loop.intervalSeconds);
    this.#best = { variance, scale: this.#scale, gains };
    return gains;
  }

  #begin(trust: FrequencyTrust): void {
    this.#trust = trust;
    this.#samples = 0;
    this.#narrowed = 0;
    this.#blockSum = 0;
    this.#blockCount = 0;
    this.#lastMean = null;
    this.#products = 0;
    this.#squares = 0;
    this.#judged = 0;
    this.#noise.interrupt();
  }

  #stampVariance(): number {
    return Math.max(this.#minVariance, this.#noise.variance ?? 0);
  }

  /** The line through the first samples, and what is known of it. */
  #beginWith(sample: ServoSample, passed: number): Ppb {
    const n = this.#samples;
    const isKnown = this.#trust === 'known';
    const gains = isKnown ? { kp: 1 / n, ki: 0 } : leastSquaresGains(n);
    const variance = this.#stampVariance();
    this.#phaseVariance = variance * gains.kp;
    this.#covariance = passed > 0 ? (-variance * gains.ki) / passed : 0;
    const span = passed * passed * n * (n * n - 1);
    this.#frequencyVariance = isKnown || span <= 0 ? KNOWN_PPB ** 2 : (12 * variance) / span;
    return this.#loop.advance(sample, gains);
  }

  /** The phase grows by what the clock runs faster than the frequency: minus, all along. */
  #predict(passed: number): void {
    const white = WHITE_NS2_PER_S * this.#scale * passed;
    const walk = WALK_PPB2_PER_S * this.#scale;
    this.#phaseVariance +=
      passed * (passed * this.#frequencyVariance - 2 * this.#covariance) +
      white +
      (walk * passed ** 3) / 3;
    this.#covariance -= passed * this.#frequencyVariance + (walk * passed ** 2) / 2;
    this.#frequencyVariance += walk * passed;
  }

  /** Narrow ones begin as wide as a chain bears, and go down to the best no faster than the frequency settles. */
  #narrowGains(best: LoopGains): LoopGains {
    this.#narrowed += 1;
    const kp = Math.min(this.#widest.kp, SETTLING / this.#narrowed);
    return kp <= best.kp ? best : { kp, ki: largestKi(kp) };
  }

  #gains(noise: number, passed: number): LoopGains {
    const best = this.gains();
    if (this.#bandwidth === 'narrow') return this.#narrowGains(best);
    const total = this.#phaseVariance + noise;
    return {
      kp: Math.max(this.#phaseVariance / total, best.kp),
      ki: Math.max((-this.#covariance / total) * passed, best.ki),
    };
  }

  /** Joseph's form: right for gains that are not the optimal ones. */
  #update(noise: number, phaseGain: number, frequencyGain: number): void {
    const rest = 1 - phaseGain;
    const phase = this.#phaseVariance;
    const shared = this.#covariance;
    // The frequency moves against the surprise.
    this.#frequencyVariance +=
      2 * frequencyGain * shared + frequencyGain * frequencyGain * (phase + noise);
    this.#covariance = rest * (shared + frequencyGain * phase) - phaseGain * frequencyGain * noise;
    this.#phaseVariance = rest * rest * phase + phaseGain * phaseGain * noise;
  }

  /** Surprises that go on as the last one: the oscillator moves more than is taken. */
  #learn(surprise: number, noise: number, { kp }: LoopGains): void {
    const most = MOST_DEVIATIONS * Math.sqrt(this.#phaseVariance + noise);
    this.#blockSum += clip(surprise, most);
    this.#blockCount += 1;
    if (this.#blockCount < BLOCK_SHARE / kp) return;
    const mean = this.#blockSum / this.#blockCount;
    if (this.#lastMean !== null) this.#products += mean * this.#lastMean;
    this.#lastMean = mean;
    this.#squares += mean * mean;
    this.#judged += 1;
    this.#blockSum = 0;
    this.#blockCount = 0;
    if (this.#judged >= JUDGE_EVERY) this.#judge();
  }

  #judge(): void {
    const correlation = this.#squares > 0 ? this.#products / this.#squares : 0;
    const step = Math.abs(correlation) > STRONGLY_CORRELATED ? SCALE_STEP ** 3 : SCALE_STEP;
    if (correlation > CORRELATED) this.#scale = Math.min(MAX_SCALE, this.#scale * step);
    if (correlation < -CORRELATED) this.#scale = Math.max(MIN_SCALE, this.#scale / step);
    this.#products = 0;
    this.#squares = 0;
    this.#judged = 0;
  }
}

function clip(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}

function bestGains(variance: number, scale: number, interval: number): LoopGains {
  const white = WHITE_NS2_PER_S * scale * interval;
  const walk = WALK_PPB2_PER_S * scale * interval ** 3;
  let best: LoopGains & { readonly cost: number } = { kp: MAX_KP, ki: 0, cost: Infinity };
  for (let step = 0; step <= SEARCH_STEPS; step += 1) {
    const kp = MIN_KP * (MAX_KP / MIN_KP) ** (step / SEARCH_STEPS);
    const ki = largestKi(kp);
    const cost = (variance * kp) / 2 + white / (2 * kp) + walk / (2 * kp * ki);
    if (cost < best.cost) best = { kp, ki, cost };
  }
  return { kp: best.kp, ki: best.ki };
}
