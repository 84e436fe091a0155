/** An hour instead of a week; the week is `npm run bench -- --only week`. */
import { describe, expect, it } from 'vitest';
import { contestOf, heapSlopeKib, MOST_KIB_PER_DAY, simulateDays, type Day } from '#lab/bench/week';

/** Ten minutes for a day. */
const HOUR = { days: 6, daySeconds: 600 };

describe('a boundary clock through an hour', () => {
  it('keeps nothing that it has no use for', () => {
    const days = simulateDays(HOUR);
    // Of 43 events a second, three octets kept of each would be 75 KiB.
    expect(heapSlopeKib(days)).toBeLessThan(MOST_KIB_PER_DAY);
    const [first] = days;
    for (const { pending, timers } of days) {
      expect(timers).toBe(first?.timers);
      // Timers that were set anew lie in the queue until their old time.
      expect(pending).toBeLessThan(3 * timers);
    }
    expect(contestOf('heap', days, HOUR.daySeconds)).toMatchObject({ status: 'ok' });
    expect(contestOf('speed', days, HOUR.daySeconds).value).toBeGreaterThan(100);
  });

  it('would be found out if it did', () => {
    const kept: unknown[] = [];
    const days = simulateDays(
      { days: 3, daySeconds: 300 },
      { onEffect: (effect) => kept.push(effect) },
    );
    expect(kept.length).toBeGreaterThan(5_000);
    expect(heapSlopeKib(days)).toBeGreaterThan(5 * MOST_KIB_PER_DAY);
    expect(contestOf('heap', days, 300)).toMatchObject({ status: 'failed' });
  });
});

describe('the slope of the heap', () => {
  it('is no single step, but what goes on', () => {
    const ends = (heaps: readonly number[]) =>
      heaps.map((heapKib): Day => ({ heapKib, events: 1, wallSeconds: 1, pending: 0, timers: 0 }));
    expect(heapSlopeKib(ends([10, 12, 14, 16]))).toBeCloseTo(2, 12);
    expect(heapSlopeKib(ends([10, 11, 10, 11, 10, 11, 400]))).toBeLessThan(1);
  });
});
