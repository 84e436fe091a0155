import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalClock } from '#ptp/local-clock';
import {
  dataplaneNs,
  dataplaneTime,
  instant,
  nanoseconds,
  nsOf,
  nsSinceEpoch,
  ppb,
  ppbValue,
  preciseUnits,
  type DataplaneTime,
} from '#units/time';

const SECOND = 1_000_000_000n;
const ROUND = 1n << 48n;
const EPOCH = 1_700_000_000n * SECOND;
/** Where the counter is when PTP time is EPOCH. */
const START = 1_000n * SECOND;

function clockAt(start = START, rate = 0): LocalClock {
  return new LocalClock({
    localTime: dataplaneTime(start),
    ptpTime: instant(EPOCH),
    rate: ppb(rate),
  });
}

/** PTP time in nanoseconds since EPOCH, to 2^-16. */
function at(clock: LocalClock, localNs: bigint): number {
  return Number(preciseUnits(clock.ptpTimeAt(dataplaneTime(localNs))) - (EPOCH << 16n)) / 65_536;
}

/** The 48 bits, seen from a clock that has wrapped. */
function bits(time: DataplaneTime): bigint {
  return dataplaneNs(time);
}

describe('PTP time', () => {
  it('is the reference, and runs by the rate from there', () => {
    expect(at(clockAt(), START)).toBe(0);
    expect(at(clockAt(), START + SECOND)).toBe(1e9);
    expect(at(clockAt(START, 100_000), START + SECOND)).toBeCloseTo(1e9 + 100_000, 2);
    expect(at(clockAt(START, -100_000), START + SECOND)).toBeCloseTo(1e9 - 100_000, 2);
    expect(at(clockAt(START, 100_000), START - SECOND)).toBeCloseTo(-1e9 - 100_000, 2);
  });

  it('goes on across the end of the counter, as often as it comes', () => {
    const start = ROUND - SECOND;
    const clock = clockAt(start, 1_000);
    let now = 0n;
    for (let hour = 0n; hour < 24n * 30n; hour += 1n) {
      const passed = hour * 3_600n * SECOND;
      const reading = dataplaneTime(start + passed);
      now = passed;
      clock.observe(reading, instant(now));
      const expected = Number(passed) * (1 + ppbValue(clock.rate) * 1e-9);
      const found = Number(preciseUnits(clock.ptpTimeAt(reading)) - (EPOCH << 16n)) / 65_536;
      expect(Math.abs(found - expected)).toBeLessThan(1);
    }
  });

  it('goes on across the end of the counter when no stamp shows it for days', () => {
    const clock = clockAt(START);
    clock.observe(dataplaneTime(START), instant(0n));
    const quiet = 7n * 24n * 3_600n * SECOND;
    for (let now = 0n; now < quiet; now += 60n * SECOND) clock.renew(instant(now));
    // The caller's clock ran 50 ppm faster than the counter.
    const counted = quiet - quiet / 20_000n;
    const reading = dataplaneTime(START + counted);
    clock.observe(reading, instant(quiet));
    expect(at(clock, START + counted)).toBe(Number(counted));
    expect(bits(clock.localTimeAt(instant(quiet)))).toBe(bits(reading));
  });

  it('is where the estimate says between stamps', () => {
    const clock = clockAt();
    clock.observe(dataplaneTime(START + SECOND), instant(500n));
    expect(bits(clock.localTimeAt(instant(500n + 30_000n)))).toBe(START + SECOND + 30_000n);
    expect(nsSinceEpoch(clock.localInstant(dataplaneTime(START + 5n)))).toBe(START + 5n);
    expect(preciseUnits(clock.ptpTimeNow(instant(500n))) >> 16n).toBe(EPOCH + SECOND);
  });
});

describe('a change of rate', () => {
  it('bends the line, and leaves what was before it', () => {
    const clock = clockAt();
    const { reference, step } = clock.adjust(
      { rate: ppb(50_000), step: null },
      dataplaneTime(START + SECOND),
    );
    expect(step).toBeNull();
    expect(bits(reference.localTime)).toBe(START + SECOND);
    expect(nsSinceEpoch(reference.ptpTime)).toBe(EPOCH + SECOND);
    expect(ppbValue(reference.rate)).toBeCloseTo(50_000, 3);
    expect(at(clock, START + SECOND / 2n)).toBe(5e8);
    expect(at(clock, START + 2n * SECOND)).toBeCloseTo(2e9 + 50_000, 2);
  });

  it('told late is read late: each stamp by the rate that held then', () => {
    const clock = clockAt();
    for (let n = 1n; n <= 20n; n += 1n) {
      const rate = ppb(n % 2n === 0n ? 10_000 : -10_000);
      clock.adjust({ rate, step: null }, dataplaneTime(START + n * SECOND));
    }
    // From 1 to 2 s at -10 ppm, from 2 to 3 s at +10 ppm, and so on.
    expect(at(clock, START + SECOND + SECOND / 2n)).toBeCloseTo(1.5e9 - 5_000, 2);
    expect(at(clock, START + 2n * SECOND)).toBeCloseTo(2e9 - 10_000, 2);
    expect(at(clock, START + 21n * SECOND)).toBeCloseTo(21e9, 1);
  });

  it('is what the dataplane can hold: 976 ppm, in steps of 2^-41', () => {
    const clock = clockAt();
    clock.adjust({ rate: ppb(5e6), step: null }, dataplaneTime(START));
    expect(ppbValue(clock.rate)).toBeCloseTo(976_562.5, 1);
    clock.adjust({ rate: ppb(-5e6), step: null }, dataplaneTime(START));
    expect(ppbValue(clock.rate)).toBeCloseTo(-976_562.5, 1);
    clock.adjust({ rate: ppb(0.123456), step: null }, dataplaneTime(START));
    const units = (ppbValue(clock.rate) * 2 ** 41) / 1e9;
    expect(units).toBeCloseTo(Math.round(units), 6);
  });

  it('from before the last one begins where that began', () => {
    const clock = clockAt();
    clock.adjust({ rate: ppb(10_000), step: null }, dataplaneTime(START + 2n * SECOND));
    const late = clock.adjust({ rate: ppb(0), step: null }, dataplaneTime(START + SECOND));
    expect(bits(late.reference.localTime)).toBe(START + 2n * SECOND);
    expect(at(clock, START + 3n * SECOND)).toBe(3e9);
  });
});

describe('a step', () => {
  const forward = { rate: ppb(0), step: nanoseconds(5_000n) };
  const back = { rate: ppb(0), step: nanoseconds(-5_000n) };

  it('moves the time, and the past with it', () => {
    const clock = clockAt();
    const change = clock.adjust(forward, dataplaneTime(START + SECOND));
    expect(nsOf(change.step ?? nanoseconds(0n))).toBe(5_000n);
    expect(at(clock, START + SECOND)).toBe(1e9 + 5_000);
    expect(at(clock, START)).toBe(5_000);
  });

  it('back is made while nobody is served, and refused as soon as somebody is', () => {
    const clock = clockAt();
    expect(clock.adjust(back, dataplaneTime(START)).refused).toBeNull();
    expect(at(clock, START)).toBe(-5_000);
    clock.servesTime = true;
    const change = clock.adjust(back, dataplaneTime(START + SECOND));
    expect(change).toMatchObject({ refused: 'would-run-backwards', step: null });
    expect(at(clock, START + SECOND)).toBe(1e9 - 5_000);
    expect(clock.adjust(forward, dataplaneTime(START + SECOND)).refused).toBeNull();
    clock.servesTime = false;
    expect(clock.adjust(back, dataplaneTime(START + 2n * SECOND)).refused).toBeNull();
  });
});

describe('the reference that the dataplane has', () => {
  it('is renewed on the same line before it is too old', () => {
    const clock = clockAt(START, 33_333);
    clock.observe(dataplaneTime(START), instant(0n));
    expect(clock.renew(instant(599n * SECOND))).toBeNull();
    const renewed = clock.renew(instant(601n * SECOND));
    expect(renewed).not.toBeNull();
    const before = at(clock, START + 700n * SECOND);
    const fresh = new LocalClock(renewed ?? clock.reference);
    expect(Math.abs(at(fresh, START + 700n * SECOND) - before)).toBeLessThan(1);
    expect(clock.renew(instant(602n * SECOND))).toBeNull();
  });

  it('begins a new epoch when the counter does', () => {
    const clock = clockAt();
    clock.servesTime = true;
    clock.newEpoch(
      { localTime: dataplaneTime(7n), ptpTime: instant(EPOCH + 60n * SECOND), rate: ppb(5) },
      instant(0n),
    );
    expect(at(clock, 7n)).toBe(60e9);
    expect(ppbValue(clock.rate)).toBeCloseTo(5, 3);
  });
});

describe('time that is served', () => {
  it('never runs backwards, whatever the servo does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            passNs: fc.integer({ min: 1_000, max: 3_000_000_000 }),
            rate: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
            stepNs: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 })),
            late: fc.integer({ min: 0, max: 5_000_000 }),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        (moves) => {
          const clock = clockAt();
          clock.servesTime = true;
          let local = START;
          let served = preciseUnits(clock.ptpTimeAt(dataplaneTime(local)));
          for (const { passNs, rate, stepNs, late } of moves) {
            local += BigInt(passNs);
            clock.observe(dataplaneTime(local), instant(local));
            const before = preciseUnits(clock.ptpTimeAt(dataplaneTime(local)));
            expect(before).toBeGreaterThanOrEqual(served);
            // The measurement is of a while ago; what was served until now stays.
            const step = stepNs === null ? null : nanoseconds(BigInt(stepNs));
            clock.adjust({ rate: ppb(rate), step }, dataplaneTime(local - BigInt(late)));
            served = preciseUnits(clock.ptpTimeAt(dataplaneTime(local)));
            expect(served).toBeGreaterThanOrEqual(before);
          }
        },
      ),
      { seed: 1588, numRuns: 300 },
    );
  });
});
