import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY_FILTER,
  filterDeviation,
  filterMedian,
  filterSample,
  median,
  type MedianFilter,
} from '#ptp/median-filter';
import { addRatePair, NO_RATE } from '#ptp/rate-ratio';
import {
  dataplaneTime,
  instant,
  preciseInstant,
  scaledNs,
  scaledToNumber,
  scaledUnits,
  type ScaledNs,
} from '#units/time';

const SEED = 0x1588;
const ns = (value: bigint): ScaledNs => scaledNs(value << 16n);
const RULE = { length: 10, floor: ns(2n) };

function filled(samples: readonly bigint[], rule = RULE): MedianFilter {
  return samples.reduce<MedianFilter>(
    (filter, sample) => filterSample(filter, ns(sample), rule).filter,
    EMPTY_FILTER,
  );
}

const medianNs = (filter: MedianFilter): number | null => {
  const value = filterMedian(filter);
  return value === null ? null : scaledToNumber(value);
};

describe('the median', () => {
  it('of none is none, of an even number the mean of the middle two', () => {
    expect(median([])).toBeNull();
    expect(medianNs(filled([4n]))).toBe(4);
    expect(medianNs(filled([4n, 1n]))).toBe(2.5);
    expect(medianNs(filled([-4n, -1n]))).toBe(-2.5);
  });

  it('lies between the least and the greatest, whatever the samples', () => {
    const units = fc.bigInt(-(1n << 60n), 1n << 60n).map(scaledNs);
    fc.assert(
      fc.property(fc.array(units, { minLength: 1, maxLength: 30 }), (samples) => {
        const middle = median(samples);
        if (middle === null) throw new Error('no median');
        const value = scaledUnits(middle);
        expect(samples.some((sample) => scaledUnits(sample) <= value)).toBe(true);
        expect(samples.some((sample) => scaledUnits(sample) >= value)).toBe(true);
      }),
      { seed: SEED },
    );
  });
});

describe('the filter', () => {
  it('judges nobody by less than four samples', () => {
    expect(medianNs(filled([500n, 90_000n, 500n]))).toBe(500);
    expect(filled([500n, 90_000n, 500n]).window).toHaveLength(3);
  });

  it('lets equal samples differ by the floor, and no more', () => {
    const even = filled([500n, 500n, 500n, 500n]);
    expect(filterDeviation(even)).toEqual(ns(0n));
    expect(filterSample(even, ns(502n), RULE).verdict).toBe('accepted');
    expect(filterSample(even, ns(503n), RULE).verdict).toBe('rejected');
  });

  it('takes noise for what it is: three robust deviations', () => {
    const noisy = filled([480n, 490n, 500n, 510n, 520n]);
    expect(filterSample(noisy, ns(544n), RULE).verdict).toBe('accepted');
    expect(filterSample(noisy, ns(545n), RULE).verdict).toBe('rejected');
    expect(filterSample(noisy, ns(455n), RULE).verdict).toBe('rejected');
  });

  it('forgets the refused ones with the next good one', () => {
    let filter = filled([500n, 500n, 500n, 500n]);
    for (const sample of [900n, 900n, 500n, 900n, 900n, 900n, 500n]) {
      filter = filterSample(filter, ns(sample), RULE).filter;
    }
    expect(medianNs(filter)).toBe(500);
    expect(filter.refused).toEqual([]);
  });

  it('takes half of its length that agree for a new level', () => {
    const level = [500n, 501n, 499n, 500n, 900n, 901n, 899n, 900n];
    expect(medianNs(filled(level))).toBe(500);
    expect(medianNs(filled([...level, 900n]))).toBe(900);
  });

  it('takes as many that do not agree for noise, and believes a whole length of it', () => {
    const burst = [900n, 4_000n, 750n, 1_300n, 70_000n, 800n, 2_000n, 950n, 20_000n];
    const quiet = filled([500n, 501n, 499n, 500n, ...burst]);
    expect(medianNs(quiet)).toBe(500);
    expect(medianNs(filterSample(quiet, ns(520n), RULE).filter)).toBe(1_125);
  });

  it('of length 1 follows every sample', () => {
    const rule = { length: 1, floor: ns(0n) };
    expect(medianNs(filled([500n, 9n, 70_000n], rule))).toBe(70_000);
  });

  it('keeps no more than its length, and refuses fewer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-100_000n, 100_000n), { maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        (samples, length) => {
          const filter = filled(samples, { length, floor: ns(1n) });
          expect(filter.window.length).toBeLessThanOrEqual(length);
          expect(filter.refused.length).toBeLessThan(length);
          expect(filterMedian(filter) === null).toBe(samples.length === 0);
        },
      ),
      { seed: SEED },
    );
  });
});

describe('the rate', () => {
  const rule = { length: 16, minimum: 4 };
  /** Pairs a second apart, the remote clock `ppm` faster, each late by so much. */
  const rateOf = (ppm: number, lateNs: readonly number[], startNs = 0n): number | null => {
    let estimate = NO_RATE;
    lateNs.forEach((late, i) => {
      const localNs = startNs + BigInt(i) * 1_000_000_000n;
      const remote = 10n ** 18n + BigInt(Math.round(i * 1e9 * (1 + ppm * 1e-6)));
      const pair = {
        remote: preciseInstant(instant(remote), scaledNs(0n)),
        local: dataplaneTime(localNs + BigInt(late)),
      };
      estimate = addRatePair(estimate, pair, rule).estimate;
    });
    return estimate.offset === null ? null : estimate.offset * 1e6;
  };
  const punctual = (count: number) => Array.from({ length: count }, () => 0);

  it('needs four pairs', () => {
    expect(rateOf(50, punctual(3))).toBeNull();
    expect(rateOf(50, punctual(4))).toBeCloseTo(50, 4);
  });

  it('is exact without noise, over the wrap of the counter too', () => {
    fc.assert(
      fc.property(fc.integer({ min: -500, max: 500 }), (ppm) => {
        expect(rateOf(ppm, punctual(16), (1n << 48n) - 5_000_000_000n)).toBeCloseTo(ppm, 4);
      }),
      { seed: SEED },
    );
  });

  it('bears every fourth reading being bad', () => {
    const late = Array.from({ length: 16 }, (_, i) => (i % 4 === 1 ? 300_000 : 0));
    expect(rateOf(20, late)).toBeCloseTo(20, 3);
  });

  it('begins anew after a jump of the remote clock, forwards or backwards', () => {
    const at = (seconds: number, remoteNs: bigint) => ({
      remote: preciseInstant(instant(remoteNs), scaledNs(0n)),
      local: dataplaneTime(BigInt(seconds) * 1_000_000_000n),
    });
    const { estimate } = addRatePair(NO_RATE, at(1, 10n ** 18n), rule);
    const second = 1_000_000_000n;
    expect(addRatePair(estimate, at(2, 10n ** 18n + second), rule).stepped).toBe(false);
    expect(addRatePair(estimate, at(2, 10n ** 18n + 2n * second), rule).stepped).toBe(true);
    expect(addRatePair(estimate, at(2, 10n ** 18n - second), rule).stepped).toBe(true);
    expect(addRatePair(estimate, at(1, 10n ** 18n), rule).stepped).toBe(true);
  });
});
