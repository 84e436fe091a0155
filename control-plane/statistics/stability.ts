/**
 * Stability of a stream that never ends, in memory that does not grow: for each octave of τ a short ring
 * of blocks. Up to τ = 16 τ0 every difference is taken and the result is that of the whole record; beyond
 * that sixteen of them in each τ, which costs the estimate next to nothing, since neighbours are alike.
 */

/** Differences within one τ. A power of two. */
const STRIDES = 16;

export interface StreamPoint {
  readonly m: number;
  readonly tauSeconds: number;
  /** Without unit. */
  readonly adev: number;
  readonly hdev: number | null;
  readonly mdev: number | null;
  readonly tdevNs: number | null;
  /** Second differences taken. */
  readonly terms: number;
  /** MTIE of all windows is between these two; up to τ = 16 τ0 they are the same. */
  readonly mtieAtLeastNs: number;
  readonly mtieAtMostNs: number;
}

/** What one octave gets: `points` are block beginnings, the rest is of whole blocks. */
interface Block {
  readonly point: number;
  readonly sum: number;
  readonly max: number;
  readonly min: number;
}

export class StreamingStability {
  readonly #tau0Ns: number;
  readonly #octaves: Octave[] = [];
  /** By block length: what waits for its other half. */
  readonly #halves: (Block | null)[] = [];
  #samples = 0;

  /** Octaves of τ: 17 reach 65,536 τ0. */
  constructor(options: { readonly tau0Ns: number; readonly octaves: number }) {
    this.#tau0Ns = options.tau0Ns;
    for (let k = 0; k < options.octaves; k += 1) this.#octaves.push(new Octave(2 ** k));
  }

  get samples(): number {
    return this.#samples;
  }

  /** The next sample of time error; NaN where one is missing. */
  push(xNs: number): void {
    this.#samples += 1;
    const isThere = xNs === xNs;
    const max = isThere ? xNs : -Infinity;
    this.#deliver({ point: xNs, sum: xNs, max, min: isThere ? xNs : Infinity }, 1);
  }

  #deliver(block: Block, length: number): void {
    let isWanted = false;
    for (const octave of this.#octaves) {
      if (octave.blockLength === length) octave.push(block);
      isWanted ||= octave.blockLength > length;
    }
    if (!isWanted) return;
    const level = Math.log2(length);
    const first = this.#halves[level] ?? null;
    this.#halves[level] = first === null ? block : null;
    if (first !== null) this.#deliver(joined(first, block), 2 * length);
  }

  /** All τ of which there is a second difference. */
  points(): StreamPoint[] {
    return this.#octaves.flatMap((octave) => octave.point(this.#tau0Ns) ?? []);
  }
}

function joined(first: Block, second: Block): Block {
  return {
    point: first.point,
    sum: first.sum + second.sum,
    max: Math.max(first.max, second.max),
    min: Math.min(first.min, second.min),
  };
}

class Octave {
  readonly m: number;
  readonly blockLength: number;
  /** Blocks in τ. */
  readonly #blocks: number;
  readonly #points: Ring;
  readonly #sums: Ring;
  readonly #highs: Ring;
  readonly #lows: Ring;
  readonly #second = new MeanSquare();
  readonly #third = new MeanSquare();
  readonly #modified = new MeanSquare();
  #atLeast = 0;
  #atMost = 0;

  constructor(m: number) {
    this.m = m;
    this.blockLength = Math.max(1, m / STRIDES);
    this.#blocks = m / this.blockLength;
    this.#points = new Ring(3 * this.#blocks + 1);
    this.#sums = new Ring(3 * this.#blocks);
    this.#highs = new Ring(this.#blocks + 1);
    this.#lows = new Ring(this.#blocks + 1);
  }

  push(block: Block): void {
    const blocks = this.#blocks;
    const points = this.#points;
    points.push(block.point);
    this.#sums.push(block.sum);
    if (points.count > 2 * blocks) {
      const [now, one, two] = [points.back(0), points.back(blocks), points.back(2 * blocks)];
      this.#second.add(now - 2 * one + two);
      if (points.count > 3 * blocks) {
        this.#third.add(now - 3 * (one - two) - points.back(3 * blocks));
      }
    }
    if (this.#sums.count === 3 * blocks) {
      const part = (from: number) => this.#sums.total(from, blocks);
      this.#modified.add(part(0) - 2 * part(blocks) + part(2 * blocks));
    }
    this.#widen(block);
  }

  /** Windows of m + 1 samples that begin with a block, and the blocks that any window lies in. */
  #widen(block: Block): void {
    const blocks = this.#blocks;
    if (this.#highs.count >= blocks) {
      const isThere = block.point === block.point;
      const high = this.#highs.greatest(blocks);
      const low = -this.#lows.greatest(blocks);
      const withPoint =
        (isThere ? Math.max(high, block.point) : high) -
        (isThere ? Math.min(low, block.point) : low);
      this.#atLeast = Math.max(this.#atLeast, withPoint);
      this.#atMost = Math.max(this.#atMost, Math.max(high, block.max) - Math.min(low, block.min));
    }
    this.#highs.push(block.max);
    this.#lows.push(-block.min);
  }

  point(tau0Ns: number): StreamPoint | null {
    const second = this.#second.value;
    if (second === null) return null;
    const tauNs = this.m * tau0Ns;
    const third = this.#third.value;
    const modified = this.#modified.value;
    const mdev = modified === null ? null : Math.sqrt(modified / 2) / this.m / tauNs;
    return {
      m: this.m,
      tauSeconds: tauNs / 1e9,
      adev: Math.sqrt(second / 2) / tauNs,
      hdev: third === null ? null : Math.sqrt(third / 6) / tauNs,
      mdev,
      tdevNs: mdev === null ? null : (mdev * tauNs) / Math.sqrt(3),
      terms: this.#second.count,
      mtieAtLeastNs: this.#atLeast,
      mtieAtMostNs: this.#atMost,
    };
  }
}

/** What a missing sample is part of is left out. */
class MeanSquare {
  #sum = 0;
  count = 0;

  add(value: number): void {
    if (value !== value) return;
    this.#sum += value * value;
    this.count += 1;
  }

  get value(): number | null {
    return this.count === 0 ? null : this.#sum / this.count;
  }
}

/** The last values. */
class Ring {
  readonly #values: Float64Array;
  #next = 0;
  count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.count = Math.min(this.count + 1, this.#values.length);
  }

  /** 0 is the latest. */
  back(age: number): number {
    const size = this.#values.length;
    return this.#values[(this.#next - 1 - age + 2 * size) % size] as number;
  }

  total(from: number, count: number): number {
    let sum = 0;
    for (let age = from; age < from + count; age += 1) sum += this.back(age);
    return sum;
  }

  greatest(count: number): number {
    let most = -Infinity;
    for (let age = 0; age < count; age += 1) most = Math.max(most, this.back(age));
    return most;
  }
}
