import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketBounds,
  bucketOf,
  RESIDENCE_BUCKETS,
  residenceSince,
  summariseResidence,
} from '#dataplane/residence';

const SEED = 0x1024;

function histogram(...residencesNs: number[]): bigint[] {
  const counts = new Array<bigint>(RESIDENCE_BUCKETS).fill(0n);
  for (const residence of residencesNs) {
    const bucket = bucketOf(residence);
    counts[bucket] = (counts[bucket] ?? 0n) + 1n;
  }
  return counts;
}

describe('the buckets', () => {
  it.each([
    [0, 0],
    [15, 15],
    [16, 16],
    [31, 31],
    [32, 32],
    [33, 32],
    [34, 33],
    [1_000, 16 * 6 + 15],
    [2 ** 32 - 1, 463],
    [2 ** 32, 511],
  ])('%d ns is counted in bucket %d', (residence, bucket) => {
    expect(bucketOf(residence)).toBe(bucket);
  });

  it('hold every residence between their bounds, at most a sixteenth wide', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (residence) => {
        const { low, high } = bucketBounds(bucketOf(residence));
        expect(low).toBeLessThanOrEqual(residence);
        expect(high).toBeGreaterThan(residence);
        if (residence >= 16) expect((high - low) * 16).toBeLessThanOrEqual(low);
      }),
      { seed: SEED },
    );
  });
});

describe('the summary', () => {
  it('of nothing is nothing', () => {
    expect(summariseResidence(histogram())).toEqual({
      count: 0,
      min: null,
      p50: null,
      p99: null,
      max: null,
    });
  });

  it('of one residence is that residence, to a bucket', () => {
    expect(summariseResidence(histogram(7))).toEqual({ count: 1, min: 7, p50: 7, p99: 7, max: 7 });
  });

  it('of a hundred has its 50th and 99th by rank, the least and the largest', () => {
    const residences = Array.from({ length: 98 }, () => 1_000);
    expect(summariseResidence(histogram(...residences, 100_000, 3_000_000))).toEqual({
      count: 100,
      min: 992,
      p50: 1_007,
      p99: 100_351,
      max: 3_014_655,
    });
  });

  it('lies within a sixteenth of the true quantiles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 16, max: 2 ** 31 }), { minLength: 1 }), (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        const at = (percent: number) =>
          sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
        const summary = summariseResidence(histogram(...values));
        for (const [estimate, truth] of [
          [summary.min, sorted[0] ?? Number.NaN],
          [summary.p50, at(50)],
          [summary.p99, at(99)],
          [summary.max, at(100)],
        ] as const) {
          expect(Math.abs((estimate ?? Number.NaN) - truth)).toBeLessThanOrEqual(truth / 16);
        }
      }),
      { seed: SEED },
    );
  });

  it('of what is beyond the last octave says its lower bound', () => {
    expect(summariseResidence(histogram(2 ** 33)).max).toBe(2 ** 32);
  });

  it('between two readings counts only what is new', () => {
    const earlier = histogram(100, 200);
    const later = histogram(100, 200, 5_000);
    expect(summariseResidence(residenceSince(earlier, later)).count).toBe(1);
  });
});
