import { describe, expect, it } from 'vitest';
import {
  addScaled,
  after,
  bigintOf,
  dataplaneNs,
  dataplaneTime,
  elapsed,
  elapsedCounter48,
  elapsedDataplane,
  elapsedPrecise,
  instant,
  intervalDuration,
  logInterval,
  nanoseconds,
  nsOf,
  nsSinceEpoch,
  numberOf,
  preciseInstant,
  scaledNs,
  scaledToNumber,
  scaledUnits,
  toScaled,
  wholeNs,
} from '#units/time';

describe('instants and durations', () => {
  it('an instant after a duration is that duration later', () => {
    const start = instant(1_000n);
    const end = after(start, nanoseconds(234n));
    expect(nsSinceEpoch(end)).toBe(1_234n);
    expect(nsOf(elapsed(start, end))).toBe(234n);
    expect(nsOf(elapsed(end, start))).toBe(-234n);
  });

  it('48-bit counters wrap', () => {
    const last = (1n << 48n) - 1n;
    expect(nsOf(elapsedCounter48(last, 4n))).toBe(5n);
    expect(nsOf(elapsedCounter48(10n, 25n))).toBe(15n);
    expect(nsOf(elapsedCounter48(25n, 10n))).toBe((1n << 48n) - 15n);
  });
});

describe('scaled nanoseconds', () => {
  it('keep 16 fractional bits and round down to whole ones', () => {
    expect(scaledUnits(toScaled(nanoseconds(-3n)))).toBe(-196_608n);
    expect(nsOf(wholeNs(scaledNs(0x1_8000n)))).toBe(1n);
    expect(nsOf(wholeNs(scaledNs(-0x8000n)))).toBe(-1n);
  });

  it('saturate at both ends instead of wrapping', () => {
    const max = scaledNs((1n << 63n) - 1n);
    const min = scaledNs(-(1n << 63n));
    expect(scaledUnits(addScaled(max, scaledNs(1n)))).toBe((1n << 63n) - 1n);
    expect(scaledUnits(addScaled(min, scaledNs(-1n)))).toBe(-(1n << 63n));
    expect(scaledUnits(toScaled(nanoseconds(1n << 60n)))).toBe((1n << 63n) - 1n);
  });
});

describe('log intervals', () => {
  it('are powers of two of a second', () => {
    expect(nsOf(intervalDuration(logInterval(0)) ?? nanoseconds(0n))).toBe(1_000_000_000n);
    expect(nsOf(intervalDuration(logInterval(-7)) ?? nanoseconds(0n))).toBe(7_812_500n);
    expect(intervalDuration(logInterval(0x7f))).toBeNull();
  });

  it('outside eight bits are a bug', () => {
    expect(() => logInterval(128)).toThrow(RangeError);
  });
});

describe('the dataplane’s clock', () => {
  it('gives signed differences over its wrap at 2^48', () => {
    const early = dataplaneTime((1n << 48n) - 10n);
    const late = dataplaneTime((1n << 48n) + 5n);
    expect(dataplaneNs(late)).toBe(5n);
    expect(nsOf(elapsedDataplane(early, late))).toBe(15n);
    expect(nsOf(elapsedDataplane(late, early))).toBe(-15n);
  });
});

describe('a timestamp with its correction', () => {
  it('keeps fractions and the whole 48 bits of seconds', () => {
    const last = instant(((1n << 48n) - 1n) * 1_000_000_000n);
    const from = preciseInstant(last, scaledNs(0x8000n));
    const to = preciseInstant(last, scaledNs(0x1_c000n));
    expect(scaledToNumber(elapsedPrecise(from, to))).toBe(1.25);
    expect(scaledToNumber(elapsedPrecise(to, from))).toBe(-1.25);
  });

  it('saturates where a TimeInterval ends', () => {
    const zero = preciseInstant(instant(0n), scaledNs(0n));
    const far = preciseInstant(instant(1n << 62n), scaledNs(0n));
    expect(scaledUnits(elapsedPrecise(zero, far))).toBe((1n << 63n) - 1n);
    expect(scaledUnits(elapsedPrecise(far, zero))).toBe(-(1n << 63n));
  });
});

describe('numbers and bigints', () => {
  const wholes = [0, 1, 4, 31, 32, 33, 52, 53, 62].flatMap((bits) =>
    [-1, 0, 1].flatMap((beside) => [2 ** bits + beside, -(2 ** bits) + beside]),
  );

  it.each([...wholes, 2 ** 63, -(2 ** 63), 1e30, 1_700_000_000_123_456_768])(
    '%d is the same both ways',
    (whole) => {
      expect(bigintOf(whole)).toBe(BigInt(whole));
      if (Math.abs(whole) < 2 ** 63) expect(numberOf(BigInt(whole)) + 0).toBe(whole + 0);
    },
  );

  it('beyond 2^53 the nearest number is taken, once', () => {
    for (const value of [2n ** 53n + 1n, 2n ** 62n + 2n ** 9n + 1n, -(2n ** 60n) - 129n]) {
      expect(numberOf(value)).toBe(Number(value));
    }
  });

  it('what is no whole number is refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => bigintOf(value)).toThrow(RangeError);
    }
  });
});
