/**
 * A free-running counter: true time, and what an oscillator makes of it. Frequency errors are in parts
 * per 10^9 and add up. Noise of the phase goes in straight lines from step to step, so that a counter
 * does not jump; what is new with every stamp is the timestamper's (timestamper.ts).
 *
 * Noise changes once in `stepSeconds`, on a grid of true time, whether or not anybody looks: how often a
 * counter is read changes nothing.
 */
import type { RandomStream } from './random.js';

export interface OscillatorSpec {
  readonly offsetNs: number;
  readonly ppm: number;
  /** Ageing. */
  readonly driftPpbPerDay: number;
  /** White frequency noise: its Allan deviation at 1 s. */
  readonly whitePpb: number;
  /** Flicker frequency noise: the floor of its Allan deviation, from 4 s to about a day. */
  readonly flickerPpb: number;
  /** Random walk of the frequency: its standard deviation after 1 s, growing with the root of time. */
  readonly walkPpb: number;
  /** White noise of the phase: its standard deviation. */
  readonly whitePhaseNs?: number;
  /** Flicker noise of the phase: each of its parts, from 1 s to 4^9 s, has this standard deviation. */
  readonly flickerPhaseNs?: number;
  /** Over a day or whatever the last point says, in straight lines, again and again. */
  readonly temperature: readonly TemperaturePoint[];
  readonly stepSeconds: number;
}

export interface TemperaturePoint {
  readonly seconds: number;
  readonly ppb: number;
}

export const PERFECT: OscillatorSpec = {
  offsetNs: 0,
  ppm: 0,
  driftPpbPerDay: 0,
  whitePpb: 0,
  flickerPpb: 0,
  walkPpb: 0,
  temperature: [],
  stepSeconds: 1,
};

/** Orders of magnitude by which such oscillators are sold; no product's data sheet. */
export const OSCILLATOR_PRESETS = {
  /** A plain crystal on a board. */
  xo: { ...PERFECT, driftPpbPerDay: 10, whitePpb: 1, flickerPpb: 1, walkPpb: 0.1 },
  tcxo: { ...PERFECT, driftPpbPerDay: 5, whitePpb: 0.3, flickerPpb: 0.3, walkPpb: 0.01 },
  ocxo: { ...PERFECT, driftPpbPerDay: 0.5, whitePpb: 0.01, flickerPpb: 0.005, walkPpb: 1e-4 },
  rubidium: { ...PERFECT, driftPpbPerDay: 0.01, whitePpb: 0.02, flickerPpb: 5e-4, walkPpb: 1e-6 },
} as const satisfies Readonly<Record<string, OscillatorSpec>>;

export type OscillatorPreset = keyof typeof OSCILLATOR_PRESETS;

const NS_PER_SECOND = 1e9;
const NS_PER_DAY = 86_400 * NS_PER_SECOND;
/** Relaxation times of flicker's parts: 1 s, 4 s, … 4^9 s. */
const FLICKER_PARTS = 10;
/** With this ratio the sum of the parts has an Allan deviation of one part's standard deviation. */
const FLICKER_RATIO = 4;

/** Read with every stamp: all of one make, however they were put together. */
function plain(spec: OscillatorSpec): Required<OscillatorSpec> {
  const { offsetNs, ppm, driftPpbPerDay, whitePpb, flickerPpb, walkPpb } = spec;
  const { whitePhaseNs = 0, flickerPhaseNs = 0, temperature, stepSeconds } = spec;
  return {
    offsetNs,
    ppm,
    driftPpbPerDay,
    whitePpb,
    flickerPpb,
    walkPpb,
    whitePhaseNs,
    flickerPhaseNs,
    temperature,
    stepSeconds,
  };
}

export class Oscillator {
  readonly #spec: Required<OscillatorSpec>;
  readonly #random: RandomStream;
  readonly #stepNs: number;
  readonly #isSteady: boolean;
  readonly #flicker = new Float64Array(FLICKER_PARTS);
  /** Null: there is no such noise. */
  readonly #flickerPhase: Float64Array | null;
  /** Noise of the phase when the step began, and when it ends. */
  #phaseNs = 0;
  #walkPpb = 0;
  /** Until the end of the step. */
  #noisePpb = 0;
  #stepBeginNs = 0;
  /** Of noise and temperature, when the step began. */
  #noisePhaseNs = 0;
  #jumpNs = 0;

  constructor(given: OscillatorSpec, random: RandomStream) {
    const spec = plain(given);
    this.#spec = spec;
    this.#random = random;
    this.#stepNs = Math.round(spec.stepSeconds * NS_PER_SECOND);
    const { whitePpb, flickerPpb, walkPpb, whitePhaseNs, flickerPhaseNs, temperature } = spec;
    const noises = [whitePpb, flickerPpb, walkPpb, whitePhaseNs, flickerPhaseNs];
    this.#isSteady = noises.every((noise) => noise === 0) && temperature.length === 0;
    this.#flickerPhase = flickerPhaseNs > 0 ? new Float64Array(FLICKER_PARTS) : null;
    if (this.#isSteady) return;
    this.#beginFlicker(this.#flicker, flickerPpb);
    if (this.#flickerPhase !== null) this.#beginFlicker(this.#flickerPhase, flickerPhaseNs);
    this.#drawNoise();
  }

  /** The counter less true time at `trueNs`, with its fraction; `trueNs` never steps back. */
  errorNs(trueNs: number): number {
    if (!this.#isSteady) this.#advance(trueNs);
    const { offsetNs, ppm, driftPpbPerDay } = this.#spec;
    const drift = 0.5 * driftPpbPerDay * (trueNs / NS_PER_DAY);
    const steady = (trueNs / NS_PER_SECOND) * (ppm * 1_000 + drift);
    const since = ((trueNs - this.#stepBeginNs) / NS_PER_SECOND) * this.#noisePpb;
    const noise = this.#isSteady ? 0 : this.#noisePhaseNs + since;
    return offsetNs + this.#jumpNs + steady + noise;
  }

  /** From now on the counter shows so much more: a fault. */
  jump(ns: number): void {
    this.#jumpNs += ns;
  }

  #advance(trueNs: number): void {
    while (trueNs >= this.#stepBeginNs + this.#stepNs) {
      this.#noisePhaseNs += this.#noisePpb * this.#spec.stepSeconds;
      this.#stepBeginNs += this.#stepNs;
      this.#drawNoise();
    }
  }

  #drawNoise(): void {
    const { whitePpb, flickerPpb, walkPpb, stepSeconds } = this.#spec;
    const random = this.#random;
    let ppb = this.#temperaturePpb();
    if (walkPpb > 0) {
      this.#walkPpb += walkPpb * Math.sqrt(stepSeconds) * random.normal();
      ppb += this.#walkPpb;
    }
    if (whitePpb > 0) ppb += (whitePpb / Math.sqrt(stepSeconds)) * random.normal();
    if (flickerPpb > 0) ppb += this.#flickerSum(this.#flicker, flickerPpb);
    const phaseNs = this.#drawPhase();
    // 1 ppb is 1 ns a second.
    this.#noisePpb = ppb + (phaseNs - this.#phaseNs) / stepSeconds;
    this.#phaseNs = phaseNs;
  }

  #drawPhase(): number {
    const { whitePhaseNs, flickerPhaseNs } = this.#spec;
    const white = whitePhaseNs > 0 ? whitePhaseNs * this.#random.normal() : 0;
    const parts = this.#flickerPhase;
    return parts === null ? white : white + this.#flickerSum(parts, flickerPhaseNs);
  }

  #beginFlicker(parts: Float64Array, deviation: number): void {
    for (let part = 0; part < FLICKER_PARTS; part += 1) {
      parts[part] = deviation * this.#random.normal();
    }
  }

  /** First-order processes, each four times as slow as the one before: together close to 1/f. */
  #flickerSum(parts: Float64Array, deviation: number): number {
    const { stepSeconds } = this.#spec;
    let sum = 0;
    let relaxationSeconds = 1;
    for (let part = 0; part < FLICKER_PARTS; part += 1) {
      const keeps = relaxationSeconds / (relaxationSeconds + stepSeconds);
      const fresh = deviation * Math.sqrt(1 - keeps * keeps) * this.#random.normal();
      const value = keeps * (parts[part] ?? 0) + fresh;
      parts[part] = value;
      sum += value;
      relaxationSeconds *= FLICKER_RATIO;
    }
    return sum;
  }

  #temperaturePpb(): number {
    const { temperature } = this.#spec;
    const last = temperature.at(-1);
    if (last === undefined || last.seconds <= 0) return last?.ppb ?? 0;
    const at = (this.#stepBeginNs / NS_PER_SECOND) % last.seconds;
    let before: TemperaturePoint = { seconds: 0, ppb: last.ppb };
    for (const point of temperature) {
      if (point.seconds > at) {
        const share = (at - before.seconds) / (point.seconds - before.seconds);
        return before.ppb + share * (point.ppb - before.ppb);
      }
      before = point;
    }
    return last.ppb;
  }
}
