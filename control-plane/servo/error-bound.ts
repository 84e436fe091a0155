/**
 * How far the clock may be from its master, pessimistic by construction: the largest offset of a
 * while, three deviations of all that is estimated, and between samples the most that the rate moved.
 */
import type { ErrorBound } from './discipline-types.js';
import type { HoldoverModel } from './holdover.js';

const WINDOW = 32;
const DEVIATIONS = 3;
/** A plain quartz in a room whose temperature changes by some degrees an hour. */
const WANDER_PPB_PER_SECOND = 0.1;
/** Of an oscillator that nobody has measured. */
const UNKNOWN_PPB = 100_000;

const PATH_ASSUMPTION =
  'the path takes as long in one direction as in the other: what it does not, up to asymmetryUpToNs, cannot be seen from here';
const MASTER_ASSUMPTION = 'the master is right: its own error comes on top';
const NOISE_ASSUMPTION = `stamps are noisy as in the last ${WINDOW} samples, and not all late by the same`;
const WANDER_ASSUMPTION = `the oscillator’s rate moves by no more than ${WANDER_PPB_PER_SECOND} ppb a second`;
const ASSUMPTIONS = [PATH_ASSUMPTION, MASTER_ASSUMPTION, NOISE_ASSUMPTION, WANDER_ASSUMPTION];

interface Seen {
  readonly offsetNs: number;
  readonly ratePpb: number;
}

export class ErrorBoundTracker {
  readonly #resolutionNs: number;
  /** Ring-wise: offsets without their signs, and rates. */
  readonly #offsetsNs = new Float64Array(WINDOW);
  readonly #ratesPpb = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  /** Of the window: the largest offset, and by how much the rate moved. */
  #largestNs = 0;
  #movedPpb = 0;
  #deviationNs = 0;
  #delayDeviationNs = 0;
  #meanDelayNs: number | null = null;

  constructor(resolutionNs: number) {
    this.#resolutionNs = resolutionNs;
  }

  sampled(
    seen: Seen,
    deviationNs: number | null,
    delay: { readonly meanNs: number | null; readonly deviationNs: number },
  ): void {
    this.#offsetsNs[this.#next] = Math.abs(seen.offsetNs);
    this.#ratesPpb[this.#next] = seen.ratePpb;
    this.#next = (this.#next + 1) % WINDOW;
    this.#count = Math.min(WINDOW, this.#count + 1);
    this.#measureWindow();
    this.#deviationNs = deviationNs ?? Math.abs(seen.offsetNs);
    this.#delayDeviationNs = delay.deviationNs;
    this.#meanDelayNs = delay.meanNs;
  }

  /** The clock was stepped, or the master is another. */
  reset(): void {
    this.#count = 0;
    this.#next = 0;
  }

  /** So long after the last sample. Null: nothing was measured. */
  bound(seconds: number, holdover: HoldoverModel | null): ErrorBound | null {
    if (this.#count === 0) return null;
    const ratePpb = holdover === null ? this.#ratePpb() : DEVIATIONS * holdover.deviationPpb;
    const atSample =
      this.#largestNs +
      DEVIATIONS * (this.#deviationNs + this.#delayDeviationNs) +
      // Of both stamps.
      2 * this.#resolutionNs;
    const since = ratePpb * seconds + (WANDER_PPB_PER_SECOND * seconds * seconds) / 2;
    return {
      boundNs: atSample + since,
      asymmetryUpToNs: this.#meanDelayNs === null ? null : Math.max(0, this.#meanDelayNs),
      assumptions: ASSUMPTIONS,
    };
  }

  /** One sample tells nothing of rates. */
  #ratePpb(): number {
    return this.#count < 2 ? UNKNOWN_PPB : this.#movedPpb;
  }

  #measureWindow(): void {
    let largestNs = 0;
    let most = -Infinity;
    let least = Infinity;
    for (let index = 0; index < this.#count; index += 1) {
      largestNs = Math.max(largestNs, this.#offsetsNs[index] ?? 0);
      most = Math.max(most, this.#ratesPpb[index] ?? 0);
      least = Math.min(least, this.#ratesPpb[index] ?? 0);
    }
    this.#largestNs = largestNs;
    this.#movedPpb = most - least;
  }
}
