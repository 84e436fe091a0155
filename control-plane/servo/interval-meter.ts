/** The interval at which samples really come: what a master announces is not always what it does. */
import { numberOf, elapsed, nsOf, type Instant } from '#units/time';
import { SlidingWindow } from './sliding-window.js';

const PAIRS = 8;
/** Differs by so much from the one in use: another one is used. */
const TOLERANCE = 0.15;
const NS_PER_SECOND = 1e9;

export class IntervalMeter {
  #last: Instant | null = null;
  /** The last gap; null: none yet. */
  #passed: number | null = null;
  /** Of neighbours together: samples may come by twos, the gaps between them short and long by turns. */
  readonly #pairs = new SlidingWindow(PAIRS);

  /** A sample at this time. The interval to use from now on, in seconds; null: the one in use is right. */
  sampled(localTime: Instant, inUse: number): number | null {
    if (this.#last !== null) this.#take(numberOf(nsOf(elapsed(this.#last, localTime))));
    this.#last = localTime;
    if (this.#pairs.length < PAIRS) return null;
    const interval = this.#pairs.median;
    const isOther = interval > 0 && Math.abs(interval / inUse - 1) > TOLERANCE;
    return isOther ? interval : null;
  }

  reset(): void {
    this.#last = null;
    this.#passed = null;
    this.#pairs.clear();
  }

  #take(passedNs: number): void {
    const passed = passedNs / NS_PER_SECOND;
    if (this.#passed !== null) this.#pairs.push((passed + this.#passed) / 2);
    this.#passed = passed;
  }
}
