import { describe, expect, it } from 'vitest';
import { DelayFilter } from '../../control-plane/servo/delay-filter.js';
import { OutlierFilter } from '../../control-plane/servo/outlier-filter.js';
import { SlidingWindow } from '../../control-plane/servo/sliding-window.js';
import { StampNoise } from '../../control-plane/servo/stamp-noise.js';
import { normal, uniform } from './simulation.js';

const SEED = 4_711;

describe(`a sliding window (seed ${SEED})`, () => {
  const middleOf = (values: readonly number[]): number => {
    const sorted = values.toSorted((a, b) => a - b);
    const [lower = 0, upper = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
    return (lower + upper) / 2;
  };

  it.each([1, 2, 3, 8, 31, 32])('of %i values has what sorting them finds', (most) => {
    const window = new SlidingWindow(most);
    const noise = normal(SEED + most);
    const all: number[] = [];
    for (let n = 0; n < 300; n += 1) {
      // Coarse stamps come twice.
      const value = n % 3 === 0 ? Math.round(noise() * 2) + 0 : noise();
      all.push(value);
      window.push(value);
      const kept = all.slice(-most);
      const middle = middleOf(kept);
      expect(Array.from(kept, (_, at) => window.at(at))).toEqual(kept);
      expect(window.least).toBe(Math.min(...kept));
      expect(window.median).toBe(middle);
      const distances = kept.map((one) => Math.abs(one - middle));
      expect(window.deviation()).toBe(1.4826 * middleOf(distances));
    }
  });

  it('of nothing has no spread', () => {
    const window = new SlidingWindow(4);
    window.push(3);
    window.clear();
    expect([window.length, window.median, window.deviation(), window.least]).toEqual([
      0,
      0,
      0,
      Infinity,
    ]);
  });
});

describe('a delay filter', () => {
  it('by moving median bears frames that were held up', () => {
    const filter = new DelayFilter('moving-median', 5);
    for (const delay of [100, 102, 900, 98, 5_000]) filter.sample(delay);
    expect(filter.delayNs()).toBe(102);
  });

  it('by minimum takes the least of the window, and forgets it', () => {
    const filter = new DelayFilter('minimum', 3);
    for (const delay of [100, 150, 160]) filter.sample(delay);
    expect(filter.delayNs()).toBe(100);
    filter.sample(170);
    expect(filter.delayNs()).toBe(150);
  });

  it('by weight is near the least, and steadier than it', () => {
    const filter = new DelayFilter('weighted', 16);
    const [noise, queue] = [normal(SEED), uniform(SEED)];
    const estimates: number[] = [];
    for (let n = 0; n < 500; n += 1) {
      const queued = n % 4 === 0 ? 3_000 * queue() : 0;
      estimates.push(filter.sample(1_000 + 20 * noise() + queued).delayNs);
    }
    const settled = new SlidingWindow(estimates.length);
    for (const estimate of estimates.slice(16)) settled.push(estimate);
    expect(settled.median).toBeGreaterThan(960);
    expect(settled.median).toBeLessThan(1_010);
    expect(settled.deviation()).toBeLessThan(20);
  });

  it('says how good its estimate and the last sample are', () => {
    const filter = new DelayFilter('moving-median', 8);
    for (const delay of [100, 104, 96, 102, 98, 101, 99]) filter.sample(delay);
    const good = filter.sample(97);
    const late = filter.sample(400);
    expect(good.weight).toBeGreaterThan(0.8);
    expect(late.weight).toBeLessThan(0.01);
    expect(late.deviationNs).toBeLessThan(5);
  });

  it('begins anew after a reset', () => {
    const filter = new DelayFilter('minimum', 8);
    filter.sample(5);
    filter.reset();
    expect(filter.delayNs()).toBeNull();
    expect(filter.sample(50)).toEqual({ delayNs: 50, deviationNs: 0, weight: 1 });
  });
});

describe(`the outlier filter (seed ${SEED})`, () => {
  it('passes nearly all of plain noise', () => {
    const filter = new OutlierFilter(1);
    const noise = normal(SEED);
    const verdicts = Array.from({ length: 5_000 }, () => filter.judge(100 * noise()));
    const refused = verdicts.filter((verdict) => verdict === 'outlier').length;
    expect(refused).toBeLessThan(50);
    expect(verdicts).not.toContain('moved');
  });

  it('refuses what is late, again and again', () => {
    const filter = new OutlierFilter(1);
    const noise = normal(SEED);
    for (let n = 0; n < 32; n += 1) filter.judge(100 * noise());
    for (let n = 0; n < 200; n += 1) {
      const isLate = n % 3 === 0;
      const verdict = filter.judge(100 * noise() + (isLate ? 20_000 : 0));
      if (isLate) expect(verdict).toBe('outlier');
    }
  });

  it('believes eight that agree', () => {
    const filter = new OutlierFilter(4);
    for (let n = 0; n < 32; n += 1) filter.judge(n % 2);
    const verdicts = Array.from({ length: 8 }, (_, n) => filter.judge(1_000 + (n % 2)));
    expect(verdicts.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => 'outlier'));
    expect(verdicts[7]).toBe('moved');
    expect(filter.judge(1_001)).toBe('accepted');
    expect(filter.medianNs()).toBe(1_001);
  });

  it('believes sixteen that do not', () => {
    const filter = new OutlierFilter(4);
    for (let n = 0; n < 32; n += 1) filter.judge(0);
    const verdicts = Array.from({ length: 16 }, (_, n) => filter.judge(1_000 * (n + 1)));
    expect(verdicts.indexOf('moved')).toBe(15);
  });

  it('takes what coarse stamps cannot tell apart for the same', () => {
    const filter = new OutlierFilter(4_000);
    for (let n = 0; n < 32; n += 1) filter.judge(0);
    expect(filter.judge(2_000)).toBe('accepted');
    expect(filter.judge(5_000)).toBe('outlier');
  });
});

describe('the noise of stamps', () => {
  it.each([
    { frequencyPpb: 0, steered: false },
    { frequencyPpb: 80_000, steered: false },
    { frequencyPpb: 80_000, steered: true },
  ])('is found whatever the clock does: %o', ({ frequencyPpb, steered }) => {
    const found = new StampNoise();
    const [noise, pick] = [normal(SEED), uniform(SEED + 1)];
    let phase = 0;
    let rate = 0;
    let passed = 0;
    for (let n = 0; n < 3_000; n += 1) {
      phase += (rate - frequencyPpb) * passed;
      found.add(phase + 40 * noise(), passed, rate);
      rate = steered ? 100_000 * (pick() - 0.5) : 0;
      passed = 0.05 + 0.1 * pick();
    }
    const deviation = Math.sqrt(found.variance ?? NaN);
    expect(deviation).toBeGreaterThan(30);
    expect(deviation).toBeLessThan(50);
  });

  it('is not what a late frame adds, nor a step', () => {
    const found = new StampNoise();
    const noise = normal(SEED);
    for (let n = 0; n < 500; n += 1) found.add(10 * noise(), 1, 0);
    const before = found.variance ?? NaN;
    found.add(1e6, 1, 0);
    found.interrupt();
    for (let n = 0; n < 10; n += 1) found.add(1e9 + 10 * noise(), 1, 0);
    expect(found.variance).toBeLessThan(2 * before);
    expect(found.variance).toBeGreaterThan(before / 2);
  });
});
