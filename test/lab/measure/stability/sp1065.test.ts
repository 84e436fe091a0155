import { describe, expect, it } from 'vitest';
import { adev, hdev, oadev, ohdev } from '#lab/measure/stability/differences';
import { mdev, tdev } from '#lab/measure/stability/modified';
import { coveredShare, mtieAt, mtieOctaves, tieNs, tieRmsNs } from '#lab/measure/stability/mtie';
import type { Deviation, PhaseRecord } from '#lab/measure/stability/phase';
import { totdev } from '#lab/measure/stability/total';
import { randomStream } from '#lab/sim/random';
import { large, largeMeanRemoved, small } from './sp1065.js';

type Metric = (record: PhaseRecord, m: number) => Deviation | null;

/** As the tables 31 and 33 of SP 1065 print them: small m = 1, 2; 1000 points m = 1, 10, 100. */
const PUBLISHED: readonly (readonly [
  string,
  Metric,
  readonly [string, string, string, string, string],
])[] = [
  ['ADEV', adev, ['91.22945', '115.8082', '2.922319e-1', '9.965736e-2', '3.897804e-2']],
  ['OADEV', oadev, ['91.22945', '85.95287', '2.922319e-1', '9.159953e-2', '3.241343e-2']],
  ['MDEV', mdev, ['91.22945', '74.78849', '2.922319e-1', '6.172376e-2', '2.170921e-2']],
  ['TDEV', tdev, ['52.67135', '86.35831', '1.687202e-1', '3.563623e-1', '1.253382e0']],
  ['HDEV', hdev, ['70.80607', '116.7980', '2.943883e-1', '1.052754e-1', '3.910861e-2']],
  ['OHDEV', ohdev, ['70.80607', '85.61487', '2.943883e-1', '9.581083e-2', '3.237638e-2']],
  ['TOTDEV', totdev, ['91.22945', '93.90379', '2.922319e-1', '9.134743e-2', '3.406530e-2']],
];

const DIGITS = 7;
const published = (text: string) => Number(text).toExponential(DIGITS - 1);

describe('NIST SP 1065, to all its seven digits', () => {
  it.each(PUBLISHED)('%s', (_, metric, figures) => {
    const found = [
      metric(small, 1),
      metric(small, 2),
      ...[1, 10, 100].map((m) => metric(large, m)),
    ].map((deviation) => deviation?.value.toExponential(DIGITS - 1));
    expect(found).toEqual(figures.map(published));
  });

  it('MTIE of the 1000 points, their mean removed, to nine decimals', () => {
    const found = [1, 10, 100].map((m) => mtieAt(largeMeanRemoved, m)?.valueNs.toFixed(9));
    expect(found).toEqual(['0.505970831', '2.698815096', '6.750908590']);
  });
});

describe('what a record is too short for', () => {
  it('is null, not a number', () => {
    const ten = (metric: Metric, m: number) => metric(small, m)?.terms ?? null;
    expect(ten(adev, 4)).toBe(1);
    expect(ten(adev, 5)).toBeNull();
    expect(ten(oadev, 5)).toBeNull();
    expect(ten(hdev, 3)).toBe(1);
    expect(ten(hdev, 4)).toBeNull();
    expect(ten(mdev, 3)).toBe(2);
    expect(ten(mdev, 4)).toBeNull();
    expect(ten(totdev, 9)).toBe(8);
    expect(ten(totdev, 10)).toBeNull();
    expect(mtieAt(small, 9)?.terms).toBe(1);
    expect(mtieAt(small, 10)).toBeNull();
  });
});

describe('what MTIE leaves open', () => {
  it('is told as the share of windows within it, by how many there are side by side', () => {
    expect(coveredShare(1_001, 1, 0.95)).toBeCloseTo(0.05 ** (1 / 1_000), 12);
    expect(coveredShare(1_001, 10, 0.95)).toBeCloseTo(0.05 ** (1 / 100), 12);
    expect(coveredShare(1_001, 1_000, 0.95)).toBeCloseTo(0.05, 12);
    expect(coveredShare(10, 10, 0.95)).toBe(0);
  });

  it('holds with the confidence that was asked for', () => {
    const [seed, records, m, windows] = [17, 400, 4, 50];
    const random = randomStream(seed, 'covered');
    const noise = (count: number): PhaseRecord => ({
      xNs: Float64Array.from({ length: count }, () => random.normal()),
      tau0Ns: 1e9,
    });
    // All windows that could have been: each its own five samples.
    const all = Array.from({ length: 20_000 }, () => mtieAt(noise(m + 1), m)?.valueNs ?? 0);
    let kept = 0;
    for (let record = 0; record < records; record += 1) {
      const phase = noise(windows * m + 1);
      const bound = mtieAt(phase, m)?.valueNs ?? 0;
      const within = all.filter((value) => value <= bound).length / all.length;
      if (within >= coveredShare(phase.xNs.length, m, 0.9)) kept += 1;
    }
    // Windows that overlap are looked at, too, so it holds more often.
    expect(kept / records, `seed ${seed}`).toBeGreaterThan(0.9);
  });
});

describe('MTIE over octaves', () => {
  it('is what the sliding window finds at each of them', () => {
    const octaves = mtieOctaves(large);
    expect(octaves.map(({ m }) => m)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    expect(octaves).toEqual(octaves.map(({ m }) => mtieAt(large, m)));
  });

  it('is what all windows show, one by one', () => {
    for (const m of [1, 3, 8, 17, 500, 999, 1000]) {
      let most = 0;
      for (let i = 0; i + m < large.xNs.length; i += 1) {
        const window = large.xNs.subarray(i, i + m + 1);
        most = Math.max(most, Math.max(...window) - Math.min(...window));
      }
      expect(mtieAt(large, m)?.valueNs).toBe(most);
    }
  });
});

describe('TIE', () => {
  it('is the change of time error over τ', () => {
    expect([...tieNs(small, 8)]).toEqual([892 + 809 + 823 + 798 + 671 + 644 + 883 + 903, 6208]);
    expect(tieRmsNs(small, 9)).toBe(7100);
    expect(tieRmsNs(small, 10)).toBeNull();
  });
});

describe('missing samples', () => {
  const holed: PhaseRecord = { xNs: large.xNs.slice(), tau0Ns: 1 };
  for (const at of [0, 17, 18, 500, 1000]) holed.xNs[at] = Number.NaN;

  it('take with them the differences that they belong to, and nothing else', () => {
    // One begins at 0, two each reach 17 and 18, three have 500 in them, one ends at 1000.
    expect(oadev(holed, 10)?.terms).toBe(981 - (1 + 2 + 2 + 3 + 1));
    const tails = { xNs: large.xNs.subarray(501, 1000), tau0Ns: 1 };
    const lone: PhaseRecord = { xNs: large.xNs.slice(), tau0Ns: 1 };
    lone.xNs.fill(Number.NaN, 0, 501);
    lone.xNs[1000] = Number.NaN;
    for (const metric of [oadev, mdev, tdev, ohdev]) {
      expect(metric(lone, 10)?.terms).toBe(metric(tails, 10)?.terms);
      expect(metric(lone, 10)?.value).toBeCloseTo(metric(tails, 10)?.value ?? Number.NaN, 9);
    }
  });

  it('leave MTIE the extremes of what is there', () => {
    for (const { m, valueNs } of mtieOctaves(holed))
      expect(mtieAt(holed, m)?.valueNs).toBe(valueNs);
    expect(mtieAt(holed, 100)?.valueNs).toBeLessThanOrEqual(mtieAt(large, 100)?.valueNs ?? 0);
  });
});
