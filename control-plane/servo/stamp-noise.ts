/**
 * How noisy stamps are, from offsets that follow each other: three of them lie on a line but for
 * their noise, whatever the frequency is and however the clock is steered. A loop's own surprises
 * would not do: they also have what the loop does wrong, and a filter that takes that for noise gets
 * slower, and does more of it.
 */

/** Of the squares, for their mean. */
const WEIGHT = 1 / 64;
/** A square of more than so many times the mean counts as so many: one late frame must not teach. */
const MOST = 9;
/** Squares until the mean is worth that. */
const SQUARES_TO_CLIP = 8;

export class StampNoise {
  /** What the offset would gain on a straight line, and how long it took; null: no two offsets yet. */
  #slope: { readonly perSecond: number; readonly seconds: number } | null = null;
  #lastNs: number | null = null;
  #mean: number | null = null;
  #squares = 0;

  /** An offset, `passed` seconds after the last one, the clock being steered by `steeredPpb` meanwhile. */
  add(offsetNs: number, passed: number, steeredPpb: number): void {
    const last = this.#lastNs;
    this.#lastNs = offsetNs;
    if (last === null || passed <= 0) return;
    const perSecond = (offsetNs - last) / passed - steeredPpb;
    const before = this.#slope;
    this.#slope = { perSecond, seconds: passed };
    if (before === null) return;
    const ratio = passed / before.seconds;
    const bend = (perSecond - before.perSecond) * passed;
    // The bend is a - (1+ratio)·b + ratio·c of three offsets with equal noise.
    this.#take((bend * bend) / (1 + (1 + ratio) ** 2 + ratio * ratio));
  }

  /** The offsets that come next are on another line: the clock was stepped, or the master is another. */
  interrupt(): void {
    this.#slope = null;
    this.#lastNs = null;
  }

  /** Of one stamp, ns²; null: not known yet. */
  get variance(): number | null {
    return this.#mean;
  }

  #take(square: number): void {
    const mean = this.#mean;
    this.#squares += 1;
    if (mean === null) {
      this.#mean = square;
      return;
    }
    const clipped = this.#squares > SQUARES_TO_CLIP ? Math.min(square, MOST * mean) : square;
    this.#mean = mean + (clipped - mean) * Math.max(WEIGHT, 1 / this.#squares);
  }
}
