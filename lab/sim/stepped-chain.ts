/**
 * A chain in steps of the Sync interval instead of events: all clocks take their sample at the same time.
 * Exact for what it models, a white noise of the phase on each hop and servos of one interval, and far
 * faster than events: no messages, no delays, no oscillators. The servo is control-plane/servo's loop.
 */
import { instant, ppbValue } from '#units/time';
import { loopGain, type LoopGains } from '../../control-plane/servo/gains.js';
import { PhaseLoop } from '../../control-plane/servo/loop.js';
import type { RandomStream } from './random.js';

/** Far beyond what any clock here is told. */
const MAX_PPB = 1e9;
const SECOND_NS = 1_000_000_000n;

/** One clock: its phase error in nanoseconds when samples are taken, once a second. */
class SteppedClock {
  readonly #loop = new PhaseLoop(MAX_PPB);
  readonly #gains: LoopGains;
  errorNs = 0;

  constructor(gains: LoopGains) {
    this.#gains = gains;
  }

  /** Measures an offset, and runs by it for a second. */
  step(second: bigint, offsetNs: number): void {
    const localTime = instant(second * SECOND_NS);
    this.errorNs += ppbValue(this.#loop.advance({ localTime, offsetNs, weight: 1 }, this.#gains));
  }
}

export interface SteppedOptions {
  readonly hops: number;
  readonly gains: LoopGains;
  /** Samples that count, after as many as `settle`. */
  readonly samples: number;
  readonly settle: number;
  readonly random: RandomStream;
}

/**
 * Root mean square of each clock's error with noise of deviation 1 on each hop, in units of that: boundary
 * clocks in a row, and at each hop one that follows through transparent clocks. Index 0 is hop 1.
 */
export function steppedChain({ hops, gains, samples, settle, random }: SteppedOptions) {
  const make = () => Array.from({ length: hops }, () => new SteppedClock(gains));
  const boundary = make();
  const transparent = make();
  const squares = { boundary: new Float64Array(hops), transparent: new Float64Array(hops) };
  for (let step = 0; step < settle + samples; step += 1) {
    const second = BigInt(step);
    let aboveNs = 0;
    let pathNs = 0;
    for (let hop = 0; hop < hops; hop += 1) {
      const one = boundary[hop];
      const other = transparent[hop];
      if (one === undefined || other === undefined) break;
      const noiseNs = random.normal();
      pathNs += noiseNs;
      if (step >= settle) {
        squares.boundary[hop] = (squares.boundary[hop] ?? 0) + one.errorNs ** 2;
        squares.transparent[hop] = (squares.transparent[hop] ?? 0) + other.errorNs ** 2;
      }
      const beforeNs = one.errorNs;
      one.step(second, one.errorNs - aboveNs + noiseNs);
      other.step(second, other.errorNs + pathNs);
      // The next one measures against what this one was when all took their samples.
      aboveNs = beforeNs;
    }
  }
  const rms = (sums: Float64Array) => Array.from(sums, (sum) => Math.sqrt(sum / samples));
  return { boundary: rms(squares.boundary), transparent: rms(squares.transparent) };
}

const FREQUENCIES = 1 << 16;

/**
 * The same in closed form: each hop's noise passes all servos from there on, so
 *
 *     boundary     σ √(mean over ω of |H|² + |H|⁴ + … + |H|^2N)
 *     transparent  σ √N √(mean over ω of |H|²)
 */
export function expectedRms(gains: LoopGains, hops: number) {
  let boundary = 0;
  let single = 0;
  for (let index = 0; index < FREQUENCIES; index += 1) {
    const power = loopGain(gains, (0.5 * (index + 0.5)) / FREQUENCIES) ** 2;
    single += power;
    let product = 1;
    for (let hop = 0; hop < hops; hop += 1) {
      product *= power;
      boundary += product;
    }
  }
  return {
    boundary: Math.sqrt(boundary / FREQUENCIES),
    transparent: Math.sqrt((hops * single) / FREQUENCIES),
  };
}
