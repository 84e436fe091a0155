/** Chance, oscillators and timestampers against what theory says of them. */
import { describe, expect, it } from 'vitest';
import { Oscillator, PERFECT, type OscillatorSpec } from '#lab/sim/oscillator';
import { draw, naturalLog, randomStream, type Distribution } from '#lab/sim/random';
import { EXACT_STAMPS, Timestamper } from '#lab/sim/timestamper';

const SEED = 20_240_601;

function momentsOf(distribution: Distribution, count = 50_000) {
  const random = randomStream(SEED, distribution.kind);
  const values = Array.from({ length: count }, () => draw(distribution, random));
  const mean = values.reduce((sum, one) => sum + one, 0) / count;
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / count;
  return { mean, sigma: Math.sqrt(variance), least: Math.min(...values) };
}

describe('chance', () => {
  it('is the same from the same seed and name, and another from others', () => {
    const first = (seed: number, name: string) => randomStream(seed, name).uniform();
    expect(first(1, 'a')).toBe(first(1, 'a'));
    expect(new Set([first(1, 'a'), first(1, 'b'), first(2, 'a'), first(2, 'b')]).size).toBe(4);
    // The very numbers, so that another machine that has others is found out.
    expect(first(1, 'a')).toMatchInlineSnapshot(`0.21927097043953836`);
    expect(randomStream(1, 'a').normal()).toMatchInlineSnapshot(`-1.4963336206993265`);
  });

  it('has the moments of its distributions', () => {
    const normal = momentsOf({ kind: 'normal', sigmaNs: 10 });
    expect(normal.mean).toBeCloseTo(0, 0);
    expect(normal.sigma / 10).toBeCloseTo(1, 1);
    const uniform = momentsOf({ kind: 'uniform', halfNs: 4 });
    expect(uniform.sigma).toBeCloseTo(4 / Math.sqrt(3), 1);
    const exponential = momentsOf({ kind: 'exponential', meanNs: 100 });
    expect(exponential.mean / 100).toBeCloseTo(1, 1);
    expect(exponential.sigma / 100).toBeCloseTo(1, 1);
    expect(exponential.least).toBeGreaterThanOrEqual(0);
    // Half of it uniform from 0 to 10, half from 10 to 30.
    const points = [
      { share: 0, ns: 0 },
      { share: 0.5, ns: 10 },
      { share: 1, ns: 30 },
    ];
    const measured = momentsOf({ kind: 'quantiles', points });
    expect(measured.mean).toBeCloseTo(12.5, 0);
    expect(measured.least).toBeGreaterThanOrEqual(0);
  });

  it('has a logarithm that is one', () => {
    for (const x of [1, 0.999, 0.75, 0.5, 0.1, 1e-6, 2 ** -32]) {
      expect(naturalLog(x)).toBeCloseTo(Math.log(x), 13);
    }
  });
});

/** From phases at every second: overlapping Allan deviation at `m` seconds, in ppb. */
function allanPpb(spec: Partial<OscillatorSpec>, m: number, length = 16_384): number {
  const oscillator = new Oscillator({ ...PERFECT, ...spec }, randomStream(SEED, 'oscillator'));
  const phase = Array.from({ length }, (_, second) => oscillator.errorNs(second * 1e9));
  let sum = 0;
  let count = 0;
  for (let i = 0; i + 2 * m < length; i += 1) {
    sum += ((phase[i + 2 * m] ?? 0) - 2 * (phase[i + m] ?? 0) + (phase[i] ?? 0)) ** 2;
    count += 1;
  }
  return Math.sqrt(sum / (2 * count)) / m;
}

describe('an oscillator', () => {
  it('is off by offset, frequency and ageing', () => {
    const spec = { ...PERFECT, offsetNs: 500, ppm: 2, driftPpbPerDay: 10 };
    const oscillator = new Oscillator(spec, randomStream(SEED, 'steady'));
    expect(oscillator.errorNs(0)).toBe(500);
    expect(oscillator.errorNs(1e9)).toBeCloseTo(2_500, 1);
    // Half of a day's drift, over a day, on top.
    expect(oscillator.errorNs(86_400e9)).toBeCloseTo(500 + 86_400 * (2_000 + 5), 3);
  });

  it('has white frequency noise that averages out with the root of time', () => {
    expect(allanPpb({ whitePpb: 1 }, 1)).toBeCloseTo(1, 1);
    expect(allanPpb({ whitePpb: 1 }, 64) * 8).toBeCloseTo(1, 0);
  });

  it('has flicker that does not average out', () => {
    for (const m of [8, 64, 512]) {
      const deviation = allanPpb({ flickerPpb: 1 }, m);
      expect(deviation, `at ${m} s`).toBeGreaterThan(0.8);
      expect(deviation, `at ${m} s`).toBeLessThan(1.2);
    }
  });

  it('has a random walk that grows with the root of time', () => {
    for (const m of [16, 128]) {
      expect(allanPpb({ walkPpb: 1 }, m) / Math.sqrt(m / 3)).toBeCloseTo(1, 0);
    }
  });

  it('has white noise of the phase, which averages out with time', () => {
    // Allan: √3 σ / τ.
    for (const m of [1, 16]) {
      expect((allanPpb({ whitePhaseNs: 5 }, m) * m) / (5 * Math.sqrt(3))).toBeCloseTo(1, 1);
    }
  });

  it('has flicker of the phase, which hardly grows', () => {
    // The deviation falls with τ but for the root of a logarithm: from 8 s to 512 s by 64, less a third.
    const [short, long] = [8, 512].map((m) => allanPpb({ flickerPhaseNs: 1 }, m) * m);
    const grows = (long ?? Number.NaN) / (short ?? Number.NaN);
    expect(grows).toBeGreaterThan(1);
    expect(grows).toBeLessThan(1.6);
  });

  it('does not jump where a step of its noise ends', () => {
    const spec = { ...PERFECT, whitePhaseNs: 100, flickerPhaseNs: 20 };
    const oscillator = new Oscillator(spec, randomStream(SEED, 'smooth'));
    let before = oscillator.errorNs(0);
    for (let ns = 1e6; ns < 50e9; ns += 1e6) {
      const now = oscillator.errorNs(ns);
      expect(Math.abs(now - before)).toBeLessThan(1);
      before = now;
    }
  });

  it('follows the temperature of the day', () => {
    const temperature = [
      { seconds: 10, ppb: 100 },
      { seconds: 20, ppb: 0 },
    ];
    const oscillator = new Oscillator({ ...PERFECT, temperature }, randomStream(SEED, 'day'));
    // A triangle of 20 s and 100 ppb has half of them as its mean.
    expect(oscillator.errorNs(2_000e9)).toBeCloseTo(2_000 * 50, 6);
  });

  it('is the same however often it is read', () => {
    const make = () =>
      new Oscillator({ ...PERFECT, whitePpb: 1, flickerPpb: 1 }, randomStream(SEED, 'often'));
    const often = make();
    for (let ns = 0; ns < 100e9; ns += 0.3e9) often.errorNs(ns);
    expect(often.errorNs(100e9)).toBe(make().errorNs(100e9));
  });
});

describe('a timestamper', () => {
  it('rounds down to what it can resolve', () => {
    const oscillator = new Oscillator({ ...PERFECT, offsetNs: 3.5 }, randomStream(SEED, 'o'));
    const stamps = new Timestamper(
      { ...EXACT_STAMPS, granularityNs: 8 },
      oscillator,
      randomStream(SEED, 's'),
    );
    expect([0, 4, 5, 13].map((ns) => stamps.stampNs(ns, 'in'))).toEqual([0, 0, 8, 16]);
  });

  it('is late for what comes in, and early for what goes out, by its latencies', () => {
    const stamps = new Timestamper(
      { ...EXACT_STAMPS, ingressLatencyNs: 300, egressLatencyNs: 40 },
      new Oscillator(PERFECT, randomStream(SEED, 'o')),
      randomStream(SEED, 's'),
    );
    expect([stamps.stampNs(1_000, 'in'), stamps.stampNs(1_000, 'out')]).toEqual([1_300, 960]);
  });
});
