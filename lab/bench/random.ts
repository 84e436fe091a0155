/** A small seeded generator (xorshift32), since a vector must be the same on every run. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 1;
  }
  /** An integer in [0, below). */
  next(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }
  octets = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => this.next(256));
}
