/** Numbers without an object each: a capture has millions. */
export class GrowingNumbers {
  #values = new Float64Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  /** A copy of what is there. */
  toArray(): Float64Array {
    return this.#values.slice(0, this.#count);
  }
}
