/**
 * Linear regression: the frequency is the slope of the least-squares line through all that was
 * measured in a long window (with what the clock was steered meanwhile taken out), and the
 * phase is mended by a share of each offset.
 *
 * With a window of N samples and a share kp, H(z) = (kp + S(z)) / (z - 1 + kp), where S is the slope's
 * filter. Its real part reaches 2.5/N, so the gain peaks by about 2.5/(N·kp): a window of WINDOW/kp
 * samples keeps that below 0.1 dB. Long windows are kept as means of blocks.
 */
import { ppbValue, type Instant, type Ppb } from '#units/time';
import { leastSquaresGains, narrowGains } from './gains.js';
import { PhaseLoop } from './loop.js';
import type { FrequencyTrust, Servo, ServoBandwidth, ServoLimits, ServoSample } from './servo.js';

/** Samples times kp. */
const WINDOW = 240;
const MAX_BLOCKS = 128;

/** Sums over some samples; times in seconds and phases in nanoseconds from the first of all. */
interface Block {
  readonly count: number;
  readonly weight: number;
  readonly seconds: number;
  readonly phase: number;
}

export class LinearRegressionServo implements Servo {
  readonly name = 'linear-regression';
  readonly #loop: PhaseLoop;
  #kp: number;
  #bandwidth: ServoBandwidth = 'acquisition';
  #trust: FrequencyTrust = 'guess';
  #blocks: Block[] = [];
  #blockLength = 1;
  #samples = 0;
  #hasBegun = false;
  #seconds = 0;
  /** What the clock gained on the local one since then by being steered, and by being measured otherwise. */
  #steeredNs = 0;
  #appliedPpb = 0;

  constructor({ maxFrequencyPpb }: ServoLimits) {
    this.#loop = new PhaseLoop(maxFrequencyPpb);
    this.#kp = narrowGains(this.#loop.intervalSeconds).kp;
  }

  tune(intervalSeconds: number, bandwidth: ServoBandwidth): void {
    if (intervalSeconds !== this.#loop.intervalSeconds) {
      this.#loop.intervalSeconds = intervalSeconds;
      this.#kp = narrowGains(intervalSeconds).kp;
    }
    if (bandwidth === 'acquisition' && this.#bandwidth === 'narrow') this.#forget();
    this.#bandwidth = bandwidth;
  }

  sample(sample: ServoSample): Ppb {
    this.#record(sample);
    this.#samples += 1;
    const slope = this.#trust === 'known' && !this.#isFull() ? null : this.#slope();
    // The slope is of an offset that nobody steers: the faster the master, the more it falls.
    const frequencyPpb = slope === null ? ppbValue(this.#loop.frequency) : -slope;
    const foreseen = this.#loop.foreseenNs(sample.localTime) ?? sample.offsetNs;
    const share = Math.min(1, this.#share() * sample.weight);
    const phaseNs = foreseen + share * (sample.offsetNs - foreseen);
    const rate = this.#loop.set(sample, { phaseNs, frequencyPpb, share });
    this.#appliedPpb = ppbValue(rate);
    return rate;
  }

  coast(localTime: Instant): Ppb {
    this.#pass(localTime);
    const rate = this.#loop.coast(localTime);
    this.#appliedPpb = ppbValue(rate);
    return rate;
  }

  stepped(stepNs: number): Ppb {
    this.#steeredNs += stepNs;
    const rate = this.#loop.stepped(stepNs);
    this.#appliedPpb = ppbValue(rate);
    return rate;
  }

  shifted(shiftNs: number): void {
    this.#steeredNs += shiftNs;
    this.#loop.shifted(shiftNs);
  }

  reset(rate: Ppb, trust: FrequencyTrust): void {
    this.#loop.reset(rate);
    this.#bandwidth = 'acquisition';
    this.#trust = trust;
    this.#appliedPpb = ppbValue(this.#loop.frequency);
    this.#forget();
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

  #share(): number {
    if (this.#bandwidth === 'narrow') return this.#kp;
    const wide = this.#trust === 'guess' ? leastSquaresGains(this.#samples).kp : 1 / this.#samples;
    return Math.max(this.#kp, wide);
  }

  #forget(): void {
    this.#blocks = [];
    this.#blockLength = 1;
    this.#samples = 0;
    this.#hasBegun = false;
    this.#seconds = 0;
    this.#steeredNs = 0;
  }

  #windowSamples(): number {
    return Math.ceil(WINDOW / this.#kp);
  }

  /** Enough of a window that its slope is better than a frequency known before. */
  #isFull(): boolean {
    return this.#samples >= this.#windowSamples() / 2;
  }

  /** To this time the clock was steered as it was told. */
  #pass(localTime: Instant): void {
    const passed = this.#hasBegun ? (this.#loop.secondsUntil(localTime) ?? 0) : 0;
    this.#hasBegun = true;
    this.#seconds += passed;
    this.#steeredNs += this.#appliedPpb * passed;
  }

  #record({ localTime, offsetNs, weight }: ServoSample): void {
    this.#pass(localTime);
    const phase = offsetNs - this.#steeredNs;
    const heavy = Math.max(weight, 0.01);
    const last = this.#blocks.at(-1);
    const added: Block = {
      count: 1,
      weight: heavy,
      seconds: heavy * this.#seconds,
      phase: heavy * phase,
    };
    if (last !== undefined && last.count < this.#blockLength) {
      this.#blocks[this.#blocks.length - 1] = merged(last, added);
    } else {
      this.#blocks.push(added);
    }
    if (this.#blocks.length > MAX_BLOCKS) this.#shorten();
  }

  /** The window slides; or, while it still grows, blocks become twice as long. */
  #shorten(): void {
    const covered = this.#blocks.length * this.#blockLength;
    if (covered >= this.#windowSamples()) {
      this.#blocks.shift();
      return;
    }
    this.#blockLength *= 2;
    const pairs: Block[] = [];
    this.#blocks.forEach((block, index) => {
      const before = pairs.at(-1);
      if (index % 2 === 1 && before !== undefined) pairs[pairs.length - 1] = merged(before, block);
      else pairs.push(block);
    });
    this.#blocks = pairs;
  }

  /** Nanoseconds a second; null with one time only. */
  #slope(): number | null {
    const total = this.#blocks.reduce(merged, { count: 0, weight: 0, seconds: 0, phase: 0 });
    const middle = total.seconds / total.weight;
    const level = total.phase / total.weight;
    let spread = 0;
    let product = 0;
    for (const { weight, seconds, phase } of this.#blocks) {
      const from = seconds / weight - middle;
      spread += weight * from * from;
      product += weight * from * (phase / weight - level);
    }
    return spread > 0 ? product / spread : null;
  }
}

function merged(a: Block, b: Block): Block {
  return {
    count: a.count + b.count,
    weight: a.weight + b.weight,
    seconds: a.seconds + b.seconds,
    phase: a.phase + b.phase,
  };
}
