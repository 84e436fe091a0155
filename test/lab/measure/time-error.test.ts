import { describe, expect, it } from 'vitest';
import { histogram, niceWidth } from '#lab/measure/histogram';
import { floorPackets, summarizeDelays } from '#lab/measure/packet-delay';
import { constantError, dynamicError, summarizeTimeError } from '#lab/measure/time-error';
import { randomStream } from '#lab/sim/random';
import { bandFilter } from '../../../control-plane/statistics/band-filter.js';

const SECOND_NS = 1e9;
const rms = (x: Float64Array) =>
  Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);

describe('time error', () => {
  it('is summarized with what is missing left out', () => {
    const xNs = Float64Array.from([3, -4, Number.NaN, 1]);
    const found = summarizeTimeError({ xNs, tau0Ns: SECOND_NS });
    expect(found).toMatchObject({
      ...{ samples: 3, missing: 1, seconds: 3, maxAbsNs: 4, minNs: -4, maxNs: 3, meanNs: 0 },
      rmsNs: Math.sqrt(26 / 3),
      deviationNs: Math.sqrt(13),
    });
    expect(found?.percentilesNs[0]).toEqual({ fraction: 0.5, valueNs: 1, absNs: 3 });
  });

  it('keeps its digits far from zero', () => {
    const xNs = Float64Array.from({ length: 1001 }, (_, i) => 37e9 + (i % 2));
    const found = summarizeTimeError({ xNs, tau0Ns: SECOND_NS });
    expect(found?.deviationNs).toBeCloseTo(0.5, 3);
  });

  it('of nothing is null', () => {
    expect(summarizeTimeError({ xNs: new Float64Array(0), tau0Ns: 1 })).toBeNull();
    expect(constantError({ xNs: Float64Array.of(Number.NaN), tau0Ns: 1 })).toBeNull();
  });
});

describe('constant time error', () => {
  it('is the worst mean over 1000 s, wherever it begins', () => {
    const xNs = new Float64Array(5000);
    xNs.fill(-7, 1234, 2234);
    expect(constantError({ xNs, tau0Ns: SECOND_NS })).toEqual({ ns: -7, seconds: 1000 });
  });

  it('says over how long, where the record is shorter', () => {
    const xNs = new Float64Array(160).fill(3);
    expect(constantError({ xNs, tau0Ns: SECOND_NS / 16 })).toEqual({ ns: 3, seconds: 10 });
  });
});

describe('the filters of G.8273.2', () => {
  it.each([1 / 128, 1 / 16, 1 / 8, 1])(
    'pass half of the power at 0.1 Hz, a sample each %f s',
    (dt) => {
      const count = Math.round(2000 / dt);
      const sine = Float64Array.from({ length: count }, (_, i) =>
        Math.sin(2 * Math.PI * 0.1 * i * dt),
      );
      const { low, high } = bandFilter(sine, dt, 0.1);
      const settled = Math.round(100 / dt);
      const whole = rms(sine.subarray(settled));
      expect(rms(low.subarray(settled)) / whole).toBeCloseTo(Math.SQRT1_2, 3);
      expect(rms(high.subarray(settled)) / whole).toBeCloseTo(Math.SQRT1_2, 3);
    },
  );

  it.each([
    [0.01, 1 / Math.sqrt(1 + 0.1 ** 2)],
    [1, 1 / Math.sqrt(1 + 10 ** 2)],
  ])('fall by 20 dB a decade: at %f Hz the low pass lets %f through', (hz, gain) => {
    const dt = 1 / 64;
    const sine = Float64Array.from({ length: 64_000 }, (_, i) =>
      Math.sin(2 * Math.PI * hz * i * dt),
    );
    const { low } = bandFilter(sine, dt, 0.1);
    expect(rms(low.subarray(6_400)) / rms(sine.subarray(6_400))).toBeCloseTo(gain, 2);
  });

  it('add up to what went in, and miss what was missing', () => {
    const random = randomStream(7, 'bands');
    const x = Float64Array.from({ length: 500 }, () => random.normal());
    x[40] = Number.NaN;
    const { low, high } = bandFilter(x, 1 / 16, 0.1);
    for (const [i, value] of x.entries()) {
      if (i === 40) expect([low[i], high[i]]).toEqual([Number.NaN, Number.NaN]);
      else expect((low[i] ?? 0) + (high[i] ?? 0)).toBeCloseTo(value, 12);
    }
  });

  it('leave nothing of a constant above the edge', () => {
    const found = dynamicError({ xNs: new Float64Array(1000).fill(250), tau0Ns: SECOND_NS / 16 });
    expect(found).toMatchObject({
      value: { lowMaxAbsNs: 250, lowPeakToPeakNs: 0, highPeakToPeakNs: 0 },
    });
  });

  it('are not used on what is sampled too slowly, or ends before they settle', () => {
    const slow = dynamicError({ xNs: new Float64Array(1000), tau0Ns: 2 * SECOND_NS });
    expect(slow).toMatchObject({ ok: false, code: 'too-slow' });
    const short = dynamicError({ xNs: new Float64Array(10), tau0Ns: SECOND_NS });
    expect(short).toMatchObject({ ok: false, code: 'too-short' });
  });
});

describe('packet delay variation', () => {
  const delays = {
    timeSeconds: Float64Array.from({ length: 1000 }, (_, i) => i),
    // Each tenth packet at the floor; none from 400 to 600 s.
    delayNs: Float64Array.from({ length: 1000 }, (_, i) =>
      i % 10 === 0 && (i < 400 || i >= 600) ? 5_000 : 905_000,
    ),
  };

  it('is told against the floor', () => {
    expect(summarizeDelays(delays)).toMatchObject({
      ...{ packets: 1000, minNs: 5_000, maxNs: 905_000, peakToPeakNs: 900_000, meanNs: 833_000 },
    });
    expect(
      summarizeDelays({ timeSeconds: new Float64Array(), delayNs: new Float64Array() }),
    ).toBeNull();
  });

  it('counts floor packets in each window', () => {
    const found = floorPackets(delays, { clusterNs: 150_000, windowSeconds: 200 });
    expect(found).toMatchObject({ floorNs: 5_000, percent: 8 });
    expect(found?.windows.map(({ percent }) => percent)).toEqual([10, 10, 0, 10]);
    expect(found?.worst).toEqual({ fromSeconds: 400, packets: 200, percent: 0 });
  });

  it('has no worst window where there is no whole one', () => {
    expect(floorPackets(delays, { clusterNs: 1, windowSeconds: 10_000 })?.worst).toBeNull();
  });
});

describe('histogram', () => {
  it('counts each value once', () => {
    const random = randomStream(3, 'histogram');
    const values = Float64Array.from({ length: 10_000 }, () => 30 * random.normal());
    values[0] = 1e6;
    const found = histogram(values);
    const inside = found?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
    expect(inside + (found?.below ?? 0) + (found?.above ?? 0)).toBe(10_000);
    expect(found?.above).toBeGreaterThan(0);
    expect(found?.counts.length).toBeLessThanOrEqual(101);
    const zero = Math.floor((0 - (found?.from ?? 0)) / (found?.width ?? 1));
    expect(found?.counts[zero]).toBeGreaterThan(100);
  });

  it('has a bin for values that are all the same, and none for none', () => {
    expect(histogram(new Float64Array(5).fill(17))).toEqual({
      ...{ from: 17, width: 1, counts: [5], below: 0, above: 0 },
    });
    expect(histogram(Float64Array.of(Number.NaN))).toBeNull();
  });

  it.each([
    [0, 1],
    [0.7, 1],
    [1, 1],
    [3, 5],
    [40, 50],
    [51, 100],
  ])('widths are round: %f becomes %f', (ideal, nice) => {
    expect(niceWidth(ideal)).toBeCloseTo(nice, 12);
  });
});
