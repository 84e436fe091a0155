import { describe, expect, it } from 'vitest';
import type { ClockComparison } from '#runtime/clock-devices/clock-device';
import { STEERED_CLOCK_DEFAULTS, SteeredClock } from '#runtime/clock-devices/steered-clock';
import { instant } from '#units/time';
import { FakeClock } from './fake-clock.js';

const PTP = 1_800_000_000_000_000_000n;
const UTC_OFFSET = 37;
const UTC = PTP - 37_000_000_000n;

/** PTP time beside a clock that follows it: true time is CLOCK_MONOTONIC's. */
class Bench {
  readonly clock: FakeClock;
  readonly device: SteeredClock;
  readonly #beganNs: bigint;

  constructor(clock: FakeClock, options = {}) {
    this.clock = clock;
    this.#beganNs = clock.monotonicNs;
    const all = { ...STEERED_CLOCK_DEFAULTS, ...options };
    this.device = new SteeredClock(clock, all, clock.monotonicNs);
  }

  compares(overrides: Partial<ClockComparison> = {}): void {
    const { monotonicNs } = this.clock;
    this.device.follow({
      ptpTime: instant(PTP + monotonicNs - this.#beganNs),
      beforeNs: monotonicNs - 20_000n,
      afterNs: monotonicNs + 20_000n,
      utcOffsetSeconds: UTC_OFFSET,
      leap: 'none',
      isSynchronized: true,
      errorBoundNs: 100,
      ...overrides,
    });
  }

  runs(seconds: number, overrides: Partial<ClockComparison> = {}): void {
    for (let n = 0; n < seconds; n += 1) {
      this.clock.passes(1_000_000_000);
      this.compares(overrides);
    }
  }

  errorNs(): number {
    const target = (this.clock.timescale === 'utc' ? UTC : PTP) - this.#beganNs;
    return Number(this.clock.clockNs - this.clock.monotonicNs - target);
  }
}

describe('a clock that is steered', () => {
  it.each([
    { timescale: 'utc', begins: UTC + 3_000_000_000n },
    { timescale: 'ptp', begins: 0n },
  ] as const)('of $timescale is set once, and follows', ({ timescale, begins }) => {
    const bench = new Bench(new FakeClock(timescale, begins, 42_000));
    bench.runs(60);
    expect(bench.clock.steps.length).toBeLessThanOrEqual(2);
    expect(Math.abs(bench.errorNs())).toBeLessThan(100);
    expect(bench.clock.frequencyPpb).toBeCloseTo(-42_000, -1);
    expect(bench.device.status().failed).toBe(0);
    expect(bench.device.status().what).toMatch(/^LOCKED, -4/);
  });

  it('begins at the frequency that it has', () => {
    const clock = new FakeClock('ptp', PTP, 30_000);
    clock.frequencyPpb = -30_000;
    const bench = new Bench(clock);
    bench.runs(20);
    expect(clock.steps).toEqual([]);
    expect(Math.abs(bench.errorNs())).toBeLessThan(100);
  });

  it('is left alone while PTP time is not synchronized', () => {
    const bench = new Bench(new FakeClock('utc', UTC + 1_000_000_000n));
    bench.runs(10, { isSynchronized: false });
    expect(bench.clock).toMatchObject({ steps: [], frequencyPpb: 0 });
    expect(bench.device.status().what).toMatch(/not synchronized/);
    bench.runs(60);
    expect(Math.abs(bench.errorNs())).toBeLessThan(100);
    const { frequencyPpb } = bench.clock;
    bench.runs(10, { isSynchronized: false });
    expect(Math.abs(bench.clock.frequencyPpb - frequencyPpb)).toBeLessThan(100);
  });

  it('of UTC does not follow where UTC is not known; one of PTP time does', () => {
    const utc = new Bench(new FakeClock('utc', 0n));
    utc.runs(10, { utcOffsetSeconds: null });
    expect(utc.clock.steps).toEqual([]);
    expect(utc.device.status()).toMatchObject({ used: 0, skipped: 10 });
    const ptp = new Bench(new FakeClock('ptp', 0n));
    ptp.runs(10, { utcOffsetSeconds: null });
    expect(ptp.device.status().used).toBeGreaterThan(8);
  });

  it('does not believe a comparison that took long', () => {
    const bench = new Bench(new FakeClock('ptp', PTP));
    bench.runs(30);
    bench.clock.passes(1_000_000_000);
    const { monotonicNs } = bench.clock;
    bench.compares({ beforeNs: monotonicNs - 30_000_000n, afterNs: monotonicNs + 10_000n });
    bench.runs(2);
    expect(bench.device.status().skipped).toBe(1);
    expect(Math.abs(bench.errorNs())).toBeLessThan(100);
  });

  it('tells the kernel of leap seconds and of TAI, once', () => {
    const bench = new Bench(new FakeClock('utc', UTC));
    bench.runs(2);
    expect(bench.clock).toMatchObject({ status: 0, tai: UTC_OFFSET });
    bench.runs(2, { leap: 'insert' });
    expect(bench.clock.status).toBe(0x10);
    bench.clock.status = 0x10 | 0x2000;
    bench.runs(2, { leap: 'insert' });
    expect(bench.clock.status).toBe(0x10 | 0x2000);
    bench.runs(1, { leap: 'delete' });
    expect(bench.clock.status).toBe(0x20);
  });

  it('says that it may not, and goes on trying', () => {
    const bench = new Bench(new FakeClock('utc', 0n));
    bench.clock.isForbidden = true;
    bench.runs(5);
    expect(bench.device.status().what).toBe('fake: EPERM');
    expect(bench.device.status().failed).toBeGreaterThan(4);
    bench.device.close();
    expect(bench.clock.isClosed).toBe(true);
  });
});
