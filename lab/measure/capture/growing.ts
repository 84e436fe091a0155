type Numbers = Float64Array | Int8Array;
type Kind<Values extends Numbers> = new (length: number) => Values;

const FIRST = 1_024;

/** Numbers without an object each: a capture has millions. */
export class GrowingNumbers<Values extends Numbers> {
  readonly #kind: Kind<Values>;
  #values: Values;
  #count = 0;

  constructor(kind: Kind<Values>) {
    this.#kind = kind;
    this.#values = new kind(FIRST);
  }

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new this.#kind(2 * this.#count);
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

  /** What is there, not copied: nothing is to be added any more. */
  toArray(): Values {
    return this.#values.subarray(0, this.#count) as Values;
  }
}
