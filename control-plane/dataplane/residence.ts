/**
 * The residence histogram of p4/core/residence.p4: linear below 16 ns, then sixteen buckets an
 * octave up to 2^32 ns, and a last one for what is longer. Pure.
 */
import { CELLS } from './program.js';

export const RESIDENCE_BUCKETS = CELLS.residence;
const LINEAR = 16;
const PER_OCTAVE_BITS = 4;
const BEYOND = RESIDENCE_BUCKETS - 1;
/** 2^32 ns and more: at least this. */
export const RESIDENCE_BEYOND_NS = 2 ** 32;

/** The residences of a bucket: from `low` up to, but without, `high`, in ns. */
export interface BucketBounds {
  readonly low: number;
  readonly high: number;
}

export function bucketBounds(bucket: number): BucketBounds {
  if (bucket < LINEAR) return { low: bucket, high: bucket + 1 };
  if (bucket === BEYOND) return { low: RESIDENCE_BEYOND_NS, high: Number.POSITIVE_INFINITY };
  const step = 2 ** ((bucket >> PER_OCTAVE_BITS) - 1);
  const mantissa = LINEAR + (bucket & (LINEAR - 1));
  return { low: mantissa * step, high: (mantissa + 1) * step };
}

/** The bucket that the program counts a residence in; the inverse of `bucketBounds`. */
export function bucketOf(residenceNs: number): number {
  if (residenceNs < LINEAR) return residenceNs;
  if (residenceNs >= RESIDENCE_BEYOND_NS) return BEYOND;
  const octave = 31 - Math.clz32(residenceNs);
  const mantissa = (residenceNs >>> (octave - PER_OCTAVE_BITS)) & (LINEAR - 1);
  return LINEAR * (octave - 3) + mantissa;
}

/** Of all residences counted; null: nothing counted. Exact to a bucket, at most 1/16. */
export interface ResidenceSummary {
  readonly count: number;
  readonly min: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/**
 * Summarises counts by bucket. A quantile is the middle of the bucket that holds it, rounded to ns;
 * `min` is the lower end of the lowest one and `max` the upper end of the highest, so that nothing was
 * shorter or longer. In the last bucket all are its lower end, all that is known.
 */
export function summariseResidence(counts: readonly bigint[]): ResidenceSummary {
  const count = counts.reduce((sum, n) => sum + n, 0n);
  if (count === 0n) return { count: 0, min: null, p50: null, p99: null, max: null };
  const lowest = counts.findIndex((n) => n > 0n);
  const highest = counts.findLastIndex((n) => n > 0n);
  return {
    count: Number(count),
    min: bucketBounds(lowest).low,
    p50: middle(quantileBucket(counts, count, 50n)),
    p99: middle(quantileBucket(counts, count, 99n)),
    max: top(highest),
  };
}

/** The bucket of the nearest-rank quantile. */
function quantileBucket(counts: readonly bigint[], count: bigint, percent: bigint): number {
  const rank = (count * percent + 99n) / 100n;
  let seen = 0n;
  return counts.findIndex((n) => {
    seen += n;
    return seen >= rank;
  });
}

function middle(bucket: number): number {
  const { low, high } = bucketBounds(bucket);
  return high === Number.POSITIVE_INFINITY ? low : Math.floor((low + high - 1) / 2);
}

function top(bucket: number): number {
  const { low, high } = bucketBounds(bucket);
  return high === Number.POSITIVE_INFINITY ? low : high - 1;
}

/** `later` without what `earlier` had counted already: the residences between two readings. */
export function residenceSince(earlier: readonly bigint[], later: readonly bigint[]): bigint[] {
  return later.map((n, bucket) => n - (earlier[bucket] ?? 0n));
}
