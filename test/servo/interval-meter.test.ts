/** The interval at which samples really come. */
import { describe, expect, it } from 'vitest';
import { instant } from '#units/time';
import { IntervalMeter } from '../../control-plane/servo/interval-meter.js';

/** Fed with these gaps, in seconds, what it says is in use at the end. */
function inUseAfter(gaps: readonly number[], announced: number): readonly number[] {
  const meter = new IntervalMeter();
  let inUse = announced;
  let timeNs = 0n;
  const said: number[] = [];
  for (const gap of [0, ...gaps]) {
    timeNs += BigInt(Math.round(gap * 1e9));
    const other = meter.sampled(instant(timeNs), inUse);
    if (other === null) continue;
    inUse = other;
    said.push(other);
  }
  return said;
}

describe('the interval of samples', () => {
  it('is as announced, where they come so', () => {
    expect(inUseAfter(Array<number>(50).fill(1 / 16), 1 / 16)).toEqual([]);
  });

  it('is seen to be another', () => {
    expect(inUseAfter(Array<number>(50).fill(1 / 8), 1 / 16)).toEqual([1 / 8]);
  });

  it('is the mean of short and long gaps by turns, and does not change with each of them', () => {
    const gaps = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 0.0115 : 0.051));
    const said = inUseAfter(gaps, 1 / 16);
    expect(said).toHaveLength(1);
    expect(said[0]).toBeCloseTo(1 / 32, 4);
  });

  it('is not moved by a sample that is lost, nor by a pause', () => {
    const gaps = Array.from({ length: 60 }, (_, i) =>
      i % 20 === 10 ? 0.125 : i === 40 ? 3 : 0.0625,
    );
    expect(inUseAfter(gaps, 1 / 16)).toEqual([]);
  });
});
