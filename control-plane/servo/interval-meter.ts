/** The interval at which samples really come: what a master announces is not always what it does. */
import { elapsed, nsOf, type Instant } from '#units/time';
import { medianOf } from './delay-filter.js';

const WINDOW = 9;
/** Differs by so much from the one in use: another one is used. */
const TOLERANCE = 0.15;
const NS_PER_SECOND = 1e9;

export class IntervalMeter {
  #last: Instant | null = null;
  #passed: number[] = [];

  /** A sample at this time. The interval to use from now on, in seconds; null: the one in use is right. */
  sampled(localTime: Instant, inUse: number): number | null {
    if (this.#last !== null) {
      const passed = Number(nsOf(elapsed(this.#last, localTime))) / NS_PER_SECOND;
      this.#passed.push(passed);
      if (this.#passed.length > WINDOW) this.#passed.shift();
    }
    this.#last = localTime;
    if (this.#passed.length < WINDOW) return null;
    // Of neighbours together: samples may come by twos, the gaps between them short and long by turns.
    const pairs = this.#passed
      .slice(1)
      .map((one, index) => (one + (this.#passed[index] ?? one)) / 2);
    const interval = medianOf(pairs);
    const isOther = interval > 0 && Math.abs(interval / inUse - 1) > TOLERANCE;
    return isOther ? interval : null;
  }

  reset(): void {
    this.#last = null;
    this.#passed = [];
  }
}
