import { describe, expect, it } from 'vitest';
import { formatNs, formatPerSecond, formatSeries } from '#units/format';

describe('a time', () => {
  it.each([
    [0, '0 ns'],
    [999, '999 ns'],
    [-1234, '-1.23 µs'],
    [999_700, '1.00 ms'],
    [203_000_000, '203 ms'],
    [4_294_967_296, '4.29 s'],
    [-1_234_567_000_000, '-1235 s'],
  ])('of %d ns is shown as %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text);
  });
});

describe('several times', () => {
  it('share the unit of the longest', () => {
    expect(formatSeries([1_941_721, 7_128_036, 8_670_625])).toBe('1.94/7.13/8.67 ms');
    expect(formatSeries([12_130, 87_230, 131_885])).toBe('12/87/132 µs');
    expect(formatSeries([1, 2, 3])).toBe('1.00/2.00/3.00 ns');
    expect(formatSeries([20_000_000, 4_000_000_000])).toBe('0.02/4.00 s');
  });
});

describe('a rate', () => {
  it.each([
    [0, '0'],
    [0.5, '0.5'],
    [99.94, '99.9'],
    [99.96, '100'],
    [1_234_567.8, '1234568'],
  ])('of %d per second is shown as %s', (rate, text) => {
    expect(formatPerSecond(rate)).toBe(text);
  });
});
