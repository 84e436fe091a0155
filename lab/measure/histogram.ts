/** Counts by size, in bins of one width. */
export interface Histogram {
  /** The lower edge of the first bin. */
  readonly from: number;
  readonly width: number;
  readonly counts: readonly number[];
  /** Below and above all bins. */
  readonly below: number;
  readonly above: number;
}

const MOST_BINS = 100;
/** The bins reach over all but so much on either side, so that one straggler does not flatten the rest. */
const BEYOND = 0.001;

/** By the rule of Freedman and Diaconis. Null where there is no value; NaN are left out. */
export function histogram(values: Float64Array): Histogram | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const count = sorted.length;
  if (count === 0) return null;
  const at = (fraction: number) => sorted[Math.floor(fraction * (count - 1))] as number;
  const from = at(BEYOND);
  const to = at(1 - BEYOND);
  const ideal = (2 * (at(0.75) - at(0.25))) / Math.cbrt(count);
  const width = Math.max(niceWidth(ideal), niceWidth((to - from) / MOST_BINS));
  const first = Math.floor(from / width) * width;
  const bins = Math.floor((to - first) / width) + 1;
  const counts = new Array<number>(bins).fill(0);
  let below = 0;
  let above = 0;
  for (const value of sorted) {
    const bin = Math.floor((value - first) / width);
    if (bin < 0) below += 1;
    else if (bin >= bins) above += 1;
    else counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { from: first, width, counts, below, above };
}

/** The next of 1, 2 and 5 times a power of ten; 1 of nothing. */
export function niceWidth(width: number): number {
  if (!(width > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(width));
  const factor = [1, 2, 5, 10].find((one) => one * power >= width * (1 - 1e-9)) ?? 10;
  return factor * power;
}
