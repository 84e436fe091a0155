import { describe, expect, it } from 'vitest';
import { chiSquareQuantile, gammaP, logGamma } from '#lab/measure/stability/chi-square';
import { deviationInterval } from '#lab/measure/stability/confidence';
import { equivalentFreedom, totalBias, totalFreedom, type Alpha } from '#lab/measure/stability/edf';
import { noiseType } from '#lab/measure/stability/noise-type';
import { stabilityTable } from '#lab/measure/stability/table';
import { phaseFromFrequency } from '#lab/measure/stability/phase';
import { randomStream } from '#lab/sim/random';
import { large } from './sp1065.js';

/**
 * α, order, m, samples, modified, degrees of freedom of overlapping estimators, as allantools 2024.06
 * computes them: every branch of the algorithm.
 */
const FREEDOM: readonly (readonly [number, 2 | 3, number, number, boolean, number])[] = [
  [2, 2, 4, 200, false, 99.81227],
  [2, 2, 4, 200, true, 56.28678],
  [2, 2, 100, 1001, false, 440.2065],
  [2, 2, 100, 1001, true, 9.935565],
  [2, 2, 300, 1001, true, 1.479786],
  [2, 2, 300, 100001, false, 51199.98],
  [2, 2, 300, 100001, true, 425.551],
  [1, 2, 4, 200, false, 75.84612],
  [1, 2, 4, 200, true, 47.76118],
  [1, 2, 100, 1001, false, 53.8738],
  [1, 2, 100, 1001, true, 7.720643],
  [1, 2, 300, 1001, false, 19.315],
  [1, 2, 300, 1001, true, 1.175209],
  [1, 2, 300, 100001, false, 2941.16],
  [1, 2, 300, 100001, true, 331.9549],
  [0, 2, 4, 200, false, 59.67808],
  [0, 2, 4, 200, true, 46.27563],
  [0, 2, 100, 1001, false, 12.81493],
  [0, 2, 100, 1001, true, 7.416542],
  [0, 2, 300, 1001, false, 3.156717],
  [0, 2, 300, 1001, true, 1.106786],
  [0, 2, 300, 100001, false, 497.7561],
  [0, 2, 300, 100001, true, 320.3569],
  [-1, 2, 4, 200, false, 54.99444],
  [-1, 2, 4, 200, true, 45.58862],
  [-1, 2, 100, 1001, false, 9.948043],
  [-1, 2, 100, 1001, true, 7.22273],
  [-1, 2, 300, 1001, false, 2.245954],
  [-1, 2, 300, 1001, true, 1.068738],
  [-1, 2, 300, 100001, false, 389.4101],
  [-1, 2, 300, 100001, true, 315.6969],
  [-2, 2, 4, 200, false, 44.15866],
  [-2, 2, 4, 200, true, 36.59604],
  [-2, 2, 100, 1001, false, 7.753683],
  [-2, 2, 100, 1001, true, 5.726923],
  [-2, 2, 300, 1001, false, 1.663656],
  [-2, 2, 300, 1001, true, 1.034755],
  [-2, 2, 300, 100001, false, 307.394],
  [-2, 2, 300, 100001, true, 254.0333],
  [2, 3, 4, 200, false, 82.52545],
  [2, 3, 4, 200, true, 48.4885],
  [2, 3, 100, 1001, false, 334.4434],
  [2, 3, 100, 1001, true, 7.825723],
  [2, 3, 300, 100001, false, 42985.36],
  [2, 3, 300, 100001, true, 375.1129],
  [1, 3, 4, 200, false, 62.65973],
  [1, 3, 4, 200, true, 40.90473],
  [1, 3, 100, 1001, false, 41.83288],
  [1, 3, 100, 1001, true, 6.014186],
  [1, 3, 300, 1001, false, 7.431013],
  [1, 3, 300, 100001, false, 2533.15],
  [1, 3, 300, 100001, true, 289.2905],
  [0, 3, 4, 200, false, 49.34197],
  [0, 3, 4, 200, true, 39.65076],
  [0, 3, 100, 1001, false, 9.922838],
  [0, 3, 100, 1001, true, 5.771058],
  [0, 3, 300, 1001, false, 1.473986],
  [0, 3, 300, 100001, false, 425.5467],
  [0, 3, 300, 100001, true, 278.765],
  [-1, 3, 4, 200, false, 46.01936],
  [-1, 3, 4, 200, true, 39.77219],
  [-1, 3, 100, 1001, false, 7.711916],
  [-1, 3, 100, 1001, true, 5.763789],
  [-1, 3, 300, 1001, false, 1.172194],
  [-1, 3, 300, 100001, false, 331.9525],
  [-1, 3, 300, 100001, true, 279.689],
  [-2, 3, 4, 200, false, 45.50381],
  [-2, 3, 4, 200, true, 39.9208],
  [-2, 3, 100, 1001, false, 7.406942],
  [-2, 3, 100, 1001, true, 5.755642],
  [-2, 3, 300, 1001, false, 1.104757],
  [-2, 3, 300, 100001, false, 320.3537],
  [-2, 3, 300, 100001, true, 280.8533],
  [-3, 3, 4, 200, false, 44.74479],
  [-3, 3, 4, 200, true, 39.23009],
  [-3, 3, 100, 1001, false, 7.196293],
  [-3, 3, 100, 1001, true, 5.588446],
  [-3, 3, 300, 1001, false, 1.067406],
  [-3, 3, 300, 100001, false, 314.2096],
  [-3, 3, 300, 100001, true, 276.3231],
];

describe('equivalent degrees of freedom', () => {
  it.each(FREEDOM)('α %i, order %i, m %i, %i samples, modified %s: %f', (...row) => {
    const [alpha, order, m, samples, isModified, expected] = row;
    const shape = { order, m, samples, isModified, isOverlapping: true, alpha: alpha as Alpha };
    expect((equivalentFreedom(shape) ?? Number.NaN) / expected).toBeCloseTo(1, 6);
  });

  it('are none where the record is too short', () => {
    const shape = { alpha: 0, order: 2, isOverlapping: true, isModified: false } as const;
    expect(equivalentFreedom({ ...shape, m: 500, samples: 1000 })).toBeNull();
    expect(equivalentFreedom({ ...shape, m: 500, samples: 1001 })).not.toBeNull();
    expect(equivalentFreedom({ ...shape, alpha: -3, m: 1, samples: 1001 })).toBeNull();
  });

  it('of the total variance are those of table 7', () => {
    expect(totalFreedom(0, 10, 1001)).toBe(150);
    expect(totalFreedom(-1, 10, 1001)).toBeCloseTo(116.578, 9);
    expect(totalFreedom(-2, 10, 1001)).toBeCloseTo(92.342, 9);
    expect(totalFreedom(2, 10, 1001)).toBeNull();
    expect(totalBias(-2, 100, 1001)).toBeCloseTo(0.925, 9);
  });
});

describe('chi-square', () => {
  it.each([
    [0.025, 10, 3.24697278],
    [0.975, 10, 20.48317735],
    [0.5, 1, 0.454936423119572],
    [0.05, 2, -2 * Math.log(0.95)],
    [0.999, 2, -2 * Math.log(0.001)],
    [0.975, 1000, 1089.53091277],
  ])('p = %f with %f degrees of freedom: %f', (probability, freedom, expected) => {
    expect(chiSquareQuantile(probability, freedom) / expected).toBeCloseTo(1, 8);
  });

  it('comes back to its probability, from a half to a million degrees', () => {
    for (const freedom of [0.5, 1.37, 8, 146.177, 12_345, 1e6]) {
      for (const probability of [1e-4, 0.025, 0.1587, 0.5, 0.8413, 0.975, 0.9999]) {
        const found = gammaP(freedom / 2, chiSquareQuantile(probability, freedom) / 2);
        expect(found / probability).toBeCloseTo(1, 7);
      }
    }
  });

  it('knows factorials', () => {
    expect(Math.exp(logGamma(6))).toBeCloseTo(120, 10);
    expect(Math.exp(logGamma(0.5))).toBeCloseTo(Math.sqrt(Math.PI), 12);
    expect(Math.exp(logGamma(0.25))).toBeCloseTo(3.625609908221908, 11);
  });
});

const SEED = 1065;

/** Noise of each kind, from white noise summed up to three times. */
function noise(alpha: 2 | 0 | -2, samples: number, seed: number): Float64Array {
  const random = randomStream(seed, `alpha ${alpha}`);
  let x = Float64Array.from({ length: samples }, () => random.normal());
  for (let turn = alpha; turn < 2; turn += 2) {
    let sum = 0;
    x = x.map((value) => (sum += value));
  }
  return x;
}

describe('the noise that dominates', () => {
  it.each([2, 0, -2] as const)(`α = %i is told from its record (seed ${SEED})`, (alpha) => {
    expect(noiseType(noise(alpha, 4096, SEED), 1, 2)).toBe(alpha);
    expect(noiseType(noise(alpha, 4096, SEED), 8, 2)).toBe(alpha);
  });

  it('of the thousand points is white frequency', () => {
    expect(noiseType(large.xNs, 1, 2)).toBe(0);
    expect(noiseType(large.xNs, 10, 2)).toBe(0);
  });

  it('is not guessed from fewer than thirty samples', () => {
    expect(noiseType(large.xNs, 100, 2)).toBeNull();
  });
});

describe('confidence intervals', () => {
  it('hold the true deviation as often as they say', () => {
    const runs = 400;
    const m = 4;
    let holds = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = randomStream(seed, 'coverage');
      const y = Array.from({ length: 256 }, () => random.normal());
      const table = stabilityTable(phaseFromFrequency(y, 1), {
        metrics: ['oadev'],
        factors: [m],
        confidence: 0.9,
      });
      const interval = table.oadev?.[0]?.interval;
      const truth = 1 / Math.sqrt(m);
      if (interval && interval.low <= truth && truth <= interval.high) holds += 1;
    }
    // 90 %, of 400 runs within three standard deviations.
    expect(holds / runs).toBeGreaterThan(0.855);
    expect(holds / runs).toBeLessThan(0.945);
  });

  it('are not the same on both sides', () => {
    const { low, high } = deviationInterval(1, 10, 0.95);
    expect(low).toBeCloseTo(Math.sqrt(10 / 20.48317735), 8);
    expect(high).toBeCloseTo(Math.sqrt(10 / 3.24697278), 8);
  });

  it('are in the table of all metrics, but for MTIE, which has none', () => {
    const table = stabilityTable(large, {
      metrics: ['adev', 'tdev', 'ohdev', 'totdev', 'mtie'],
      confidence: 0.95,
    });
    for (const metric of ['adev', 'tdev', 'ohdev', 'totdev'] as const) {
      expect(table[metric]?.length, metric).toBeGreaterThan(0);
      for (const point of table[metric] ?? []) {
        expect(point.interval?.low, `${metric} ${point.m}`).toBeLessThan(point.value);
        expect(point.interval?.high, `${metric} ${point.m}`).toBeGreaterThan(point.value);
      }
    }
    expect(table.mtie?.every(({ interval }) => interval === null)).toBe(true);
    expect(table.mtie?.at(-1)).toMatchObject({ m: 512, tauSeconds: 512e-9, terms: 489 });
  });
});
