/** Octets that come in pieces and are taken in others. */
export class OctetQueue {
  #held: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Of the first octet held, from the beginning of the file. */
  #offset = 0;

  push(piece: Uint8Array): void {
    const left = this.length;
    if (left === 0) {
      this.#held = piece;
    } else {
      const joined = new Uint8Array(left + piece.length);
      joined.set(this.#held.subarray(this.#at));
      joined.set(piece, left);
      this.#held = joined;
    }
    this.#at = 0;
  }

  get length(): number {
    return this.#held.length - this.#at;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The next octets, without taking them; null while there are not so many. */
  peek(count: number): Uint8Array | null {
    return count > this.length ? null : this.#held.subarray(this.#at, this.#at + count);
  }

  skip(count: number): void {
    this.#at += count;
    this.#offset += count;
  }
}
