/** The error of a PTP time that is two lines: over the ticks, and the ticks over the machine's clock. */
import { describe, expect, it } from 'vitest';
import { ptpErrorNs, ticksAt, type TicksLine } from '#lab/measure/clock-truth';
import { tracedErrors } from '#lab/peers/own-clock';

const SECOND = 1_000_000_000n;
const NOW = 1_790_000_000n * SECOND;
const MASK = (1n << 48n) - 1n;
/** 2^-41 each: 100 ppm. */
const RATE = 219_902_325n;

/** Two lines of a second each: 5 s ahead, 100 ppm faster, then as fast as the machine's. */
const LINES: readonly TicksLine[] = [
  { systemNs: NOW, ticksNs: NOW + 5n * SECOND, fraction: 0n, rateOffset: RATE },
  { systemNs: NOW + SECOND, ticksNs: NOW + 6n * SECOND + 99_999n, fraction: 0n, rateOffset: 0n },
];

describe('ticks', () => {
  it('are those of the line that has begun', () => {
    expect(ticksAt(LINES, NOW)).toBe(NOW + 5n * SECOND);
    expect(ticksAt(LINES, NOW + SECOND / 2n)).toBe(NOW + 5n * SECOND + SECOND / 2n + 49_999n);
    expect(ticksAt(LINES, NOW + 3n * SECOND)).toBe(NOW + 8n * SECOND + 99_999n);
  });

  it('are not known of before', () => {
    expect(ticksAt(LINES, NOW - 1n)).toBeNull();
  });
});

describe('the error of PTP time', () => {
  it('is none where the rate undoes the oscillator’s', () => {
    const ptp = { ticks: (NOW + 5n * SECOND) & MASK, ptpNs: NOW, ratePpb: -99_990 };
    expect(ptpErrorNs(ptp, LINES, NOW + SECOND / 2n)).toBeCloseTo(0, -1);
  });

  it('is the reference’s, and what the rate leaves', () => {
    const ptp = { ticks: (NOW + 5n * SECOND) & MASK, ptpNs: NOW + 70n, ratePpb: 0 };
    expect(ptpErrorNs(ptp, LINES, NOW)).toBe(70);
    expect(ptpErrorNs(ptp, LINES, NOW + SECOND / 2n)).toBe(50_069);
  });

  it('knows that 48 bits come round', () => {
    const ptp = { ticks: (NOW + 6n * SECOND + 99_999n) & MASK, ptpNs: NOW + SECOND, ratePpb: 0 };
    // Before the reference, and the ticks are beyond a round.
    expect(ptpErrorNs(ptp, LINES, NOW + SECOND - 1n)).toBeCloseTo(0, 0);
    expect(ptpErrorNs({ ...ptp, ticks: ptp.ticks }, LINES, NOW + 2n * SECOND)).toBe(0);
  });
});

it('a trace of own_clock.so tells the error whenever the clock was steered', () => {
  const trace = `${NOW} ${NOW + 37_000_000n} 0\n${NOW + SECOND} ${NOW + SECOND - 120n} -786432\nhalf ${NOW}`;
  expect(tracedErrors(trace)).toEqual([
    { atNs: NOW, errorNs: 37_000_000 },
    { atNs: NOW + SECOND, errorNs: -120 },
  ]);
});
