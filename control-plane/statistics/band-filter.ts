/**
 * Two first-order filters whose outputs add up to what went in, each 3 dB down at one edge: the low and
 * the high pass of ITU-T G.8273.2, 7.1. Bilinear with its edge prewarped, so the edge is exact at every
 * rate of samples.
 */
export class BandSplitter {
  readonly #gain: number;
  readonly #pole: number;
  #before = Number.NaN;
  #low = Number.NaN;

  /** `edgeHz` below half the rate. */
  constructor(intervalSeconds: number, edgeHz: number) {
    const warped = Math.tan(Math.PI * edgeHz * intervalSeconds);
    this.#gain = warped / (1 + warped);
    this.#pole = (1 - warped) / (1 + warped);
  }

  /** What passes below the edge; above it passes the rest. The first sample is taken for settled. */
  low(value: number): number {
    if (value !== value) return Number.NaN;
    if (this.#low !== this.#low) this.#low = value;
    else this.#low = this.#pole * this.#low + this.#gain * (value + this.#before);
    this.#before = value;
    return this.#low;
  }
}

/** Both bands of a record; a missing sample is missing in both, and the filter waits for the next. */
export function bandFilter(
  x: Float64Array,
  intervalSeconds: number,
  edgeHz: number,
): { readonly low: Float64Array; readonly high: Float64Array } {
  const splitter = new BandSplitter(intervalSeconds, edgeHz);
  const low = x.map((value) => splitter.low(value));
  return { low, high: x.map((value, i) => value - (low[i] as number)) };
}
