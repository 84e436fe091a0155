import { describe, expect, it } from 'vitest';
import { summarizeErrors, summarizeSpread } from '#lab/measure/statistics';
import { percentile } from '../../../control-plane/statistics/samples.js';

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

describe('percentile', () => {
  it('is the nearest rank', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
  });
});

describe('a summary', () => {
  it('of errors is of their absolute values', () => {
    expect(summarizeErrors([-3, 4])).toEqual({
      rms: Math.sqrt(12.5),
      p50: 3,
      p99: 4,
      max: 4,
    });
  });

  it('of a spread leaves the signs', () => {
    expect(summarizeSpread([-3, -1, -2])).toEqual({ p50: -2, p99: -1, max: -1 });
  });

  it('of nothing is nothing', () => {
    expect(summarizeErrors([])).toBeNull();
    expect(summarizeSpread([])).toBeNull();
  });

  it('does not change what it was given', () => {
    const values = [3, 1, 2];
    summarizeErrors(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
