/**
 * A moving median that refuses outliers: the filter of meanLinkDelay (IEEE 1588-2019 11.4.2 leaves
 * filtering to the implementation).
 *
 * The rule is Hampel's: a sample is an outlier if it is further from the window's median than three
 * robust standard deviations, 3 × 1.4826 × MAD. The mean and the ordinary deviation would be moved
 * by the very samples that are to be found; median and MAD stand until half of the window is bad.
 * Where timestamps are coarse most samples are equal and MAD is 0, so a floor of a few timestamp
 * units goes in. The median alone would hide an outlier too, but would keep it for a whole window
 * and shift by it; refusing it keeps the window good.
 *
 * A link that really changed looks like outliers that do not stop and that agree with each other: half
 * of a length of them are the new window. Those that do not agree are a burst of noise, as software
 * timestamps have it in one sample of five; only a whole length of them is believed.
 */
import { scaledNs, scaledUnits, type ScaledNs } from '#units/time';

export interface MedianFilter {
  /** Accepted samples, oldest first. */
  readonly window: readonly ScaledNs[];
  /** Refused in a row since the last accepted one, oldest first. */
  readonly refused: readonly ScaledNs[];
}

export interface MedianFilterRule {
  /** Samples in the window, at least 1. */
  readonly length: number;
  /** What is nearer to the median than this is never an outlier. */
  readonly floor: ScaledNs;
}

export type MedianFilterVerdict = 'accepted' | 'rejected' | 'level-changed';

export const EMPTY_FILTER: MedianFilter = { window: [], refused: [] };

/** Below this many samples there is no spread to judge by. */
const SAMPLES_TO_JUDGE = 4;
/** 3 × 1.4826, in thousandths: MAD of a normal distribution to its deviation, three times. */
const HAMPEL_THOUSANDTHS = 4448n;

/** The filter with one more sample, and what became of it. */
export function filterSample(
  filter: MedianFilter,
  sample: ScaledNs,
  rule: MedianFilterRule,
): { readonly filter: MedianFilter; readonly verdict: MedianFilterVerdict } {
  if (!isOutlier(filter, sample, rule)) {
    const window = [...filter.window, sample].slice(-rule.length);
    return { filter: { window, refused: [] }, verdict: 'accepted' };
  }
  const refused = [...filter.refused, sample];
  const recent = refused.slice(-Math.ceil(rule.length / 2));
  const isLevel = recent.length * 2 >= rule.length && agree(recent, limitOf(filter, rule));
  if (!isLevel && refused.length < rule.length) {
    return { filter: { ...filter, refused }, verdict: 'rejected' };
  }
  const window = isLevel ? recent : refused;
  return { filter: { window, refused: [] }, verdict: 'level-changed' };
}

function isOutlier(filter: MedianFilter, sample: ScaledNs, rule: MedianFilterRule): boolean {
  const middle = filterMedian(filter);
  if (middle === null || filter.window.length < SAMPLES_TO_JUDGE) return false;
  return distance(sample, middle) > limitOf(filter, rule);
}

/** How far from the median a sample may be, 2^-16 ns. */
function limitOf(filter: MedianFilter, rule: MedianFilterRule): bigint {
  const deviation = scaledUnits(filterDeviation(filter) ?? scaledNs(0n));
  const spread = (deviation * HAMPEL_THOUSANDTHS) / 1000n;
  const floor = scaledUnits(rule.floor);
  return spread > floor ? spread : floor;
}

function agree(samples: readonly ScaledNs[], limit: bigint): boolean {
  const middle = median(samples);
  return middle !== null && samples.every((sample) => distance(sample, middle) <= limit);
}

/** Null without samples. */
export function filterMedian(filter: MedianFilter): ScaledNs | null {
  return median(filter.window);
}

/** The median absolute deviation of the window; null without samples. */
export function filterDeviation(filter: MedianFilter): ScaledNs | null {
  const middle = filterMedian(filter);
  if (middle === null) return null;
  return median(filter.window.map((sample) => scaledNs(distance(sample, middle))));
}

function distance(a: ScaledNs, b: ScaledNs): bigint {
  const difference = scaledUnits(a) - scaledUnits(b);
  return difference < 0n ? -difference : difference;
}

/** The middle one, or the mean of the middle two rounded down; null for none. */
export function median(samples: readonly ScaledNs[]): ScaledNs | null {
  const sorted = samples.map(scaledUnits).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : scaledNs((lower + upper) >> 1n);
}
