import { elapsed, nsOf, type Instant } from '#units/time';

/** So many at once, so many a second. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: Instant;

  constructor(perSecond: number, burst: number, now: Instant) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Whether there is one left. */
  take(now: Instant): boolean {
    const passed = Number(nsOf(elapsed(this.#at, now))) / 1e9;
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#perSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** What was taken was worth more: so much is missing until it has come in again. */
  charge(tokens: number): void {
    this.#tokens -= tokens;
  }
}
