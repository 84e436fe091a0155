/** What takes the time of a frame: it reads a counter, more or less exactly. */
import { bigintOf, dataplaneTime, type DataplaneTime } from '#units/time';
import type { Oscillator } from './oscillator.js';
import { draw, NO_NOISE, type Distribution, type RandomStream } from './random.js';

export interface TimestamperSpec {
  /** The counter counts in steps of so much: stamps are rounded down. */
  readonly granularityNs: number;
  /** Of each stamp, before it is rounded. */
  readonly jitter: Distribution;
  /** From where frames are to be timed (7.3.4) to where they are stamped: they come in so much earlier … */
  readonly ingressLatencyNs?: number;
  /** … and leave so much later than their stamps say. Ports that know their latencies correct them. */
  readonly egressLatencyNs?: number;
}

export type Direction = 'in' | 'out';

export const EXACT_STAMPS: TimestamperSpec = { granularityNs: 1, jitter: NO_NOISE };

export class Timestamper {
  readonly #granularityNs: number;
  readonly #jitter: Distribution;
  readonly #ingressNs: number;
  readonly #egressNs: number;
  readonly #oscillator: Oscillator;
  readonly #random: RandomStream;

  constructor(spec: TimestamperSpec, oscillator: Oscillator, random: RandomStream) {
    this.#granularityNs = spec.granularityNs;
    this.#jitter = spec.jitter;
    this.#ingressNs = spec.ingressLatencyNs ?? 0;
    this.#egressNs = spec.egressLatencyNs ?? 0;
    this.#oscillator = oscillator;
    this.#random = random;
  }

  /** Whole nanoseconds of the counter, without its wraps. `trueNs` never steps back. */
  stampNs(trueNs: number, direction: Direction): number {
    const granularityNs = this.#granularityNs;
    const latency = direction === 'in' ? this.#ingressNs : -this.#egressNs;
    const error = this.#oscillator.errorNs(trueNs) + draw(this.#jitter, this.#random) + latency;
    // True time is whole: all of the fraction is the error's, of which a double has enough.
    const whole = trueNs + Math.floor(error);
    return granularityNs === 1 ? whole : Math.floor(whole / granularityNs) * granularityNs;
  }

  stamp(trueNs: number, direction: Direction): DataplaneTime {
    return dataplaneTime(bigintOf(this.stampNs(trueNs, direction)));
  }
}
