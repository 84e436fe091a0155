/**
 * One-shot tokens: what a transmit time that comes back later is for. Each is claimed once; those
 * that never come back are forgotten when the table is full, the oldest first.
 */
const TOKEN_LIMIT = 4_096;
const TOKEN_MASK = 0xffff_ffff;

export class TokenTable<Purpose> {
  /** But for the last one that was issued, which mostly is claimed before the next. */
  readonly #open = new Map<number, Purpose>();
  #last: Purpose | null = null;
  #lastToken = 0;
  readonly #limit: number;
  #next = 0;
  #forgotten = 0;

  constructor(limit: number = TOKEN_LIMIT) {
    this.#limit = limit;
  }

  /** A token that no open one equals, for as long as `limit` are open at most. */
  issue(purpose: Purpose): number {
    if (this.#last !== null) this.#open.set(this.#lastToken, this.#last);
    const oldest = this.#open.size >= this.#limit ? this.#open.keys().next() : null;
    if (oldest !== null && oldest.done !== true) {
      this.#open.delete(oldest.value);
      this.#forgotten += 1;
    }
    this.#last = purpose;
    this.#lastToken = this.#next;
    this.#next = (this.#next + 1) & TOKEN_MASK;
    return this.#lastToken;
  }

  /** What it was issued for, the first time it is asked; null for what is unknown. */
  claim(token: number): Purpose | null {
    if (token === this.#lastToken && this.#last !== null) {
      const last = this.#last;
      this.#last = null;
      return last;
    }
    const purpose = this.#open.get(token) ?? null;
    if (purpose !== null) this.#open.delete(token);
    return purpose;
  }

  /** None that is open may be claimed any more. */
  clear(): void {
    this.#open.clear();
    this.#last = null;
  }

  get forgotten(): number {
    return this.#forgotten;
  }
}
