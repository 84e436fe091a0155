/**
 * One-shot tokens: what a transmit time that comes back later is for. Each is claimed once; those
 * that never come back are forgotten when the table is full, the oldest first.
 */
const TOKEN_LIMIT = 4_096;
const TOKEN_MASK = 0xffff_ffff;

export class TokenTable<Purpose> {
  readonly #open = new Map<number, Purpose>();
  readonly #limit: number;
  #next = 0;
  #forgotten = 0;

  constructor(limit: number = TOKEN_LIMIT) {
    this.#limit = limit;
  }

  /** A token that no open one equals, for as long as `limit` are open at most. */
  issue(purpose: Purpose): number {
    const oldest = this.#open.size >= this.#limit ? this.#open.keys().next() : null;
    if (oldest !== null && oldest.done !== true) {
      this.#open.delete(oldest.value);
      this.#forgotten += 1;
    }
    const token = this.#next;
    this.#next = (this.#next + 1) & TOKEN_MASK;
    this.#open.set(token, purpose);
    return token;
  }

  /** What it was issued for, the first time it is asked; null for what is unknown. */
  claim(token: number): Purpose | null {
    const purpose = this.#open.get(token) ?? null;
    this.#open.delete(token);
    return purpose;
  }

  /** None that is open may be claimed any more. */
  clear(): void {
    this.#open.clear();
  }

  get forgotten(): number {
    return this.#forgotten;
  }
}
