import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { hdev, oadev, ohdev } from '#lab/measure/stability/differences';
import { mdev, tdev } from '#lab/measure/stability/modified';
import { mtieAt } from '#lab/measure/stability/mtie';
import type { PhaseRecord } from '#lab/measure/stability/phase';
import { constantError, dynamicError, summarizeTimeError } from '#lab/measure/time-error';
import { randomStream } from '#lab/sim/random';
import { StreamingFloor } from '../../control-plane/statistics/floor.js';
import { StreamingQuantiles } from '../../control-plane/statistics/quantiles.js';
import { percentile } from '../../control-plane/statistics/samples.js';
import { StreamingStability } from '../../control-plane/statistics/stability.js';
import { StreamingTimeError } from '../../control-plane/statistics/time-error.js';
import { large } from '../lab/measure/stability/sp1065.js';

const SEED = 1588;

/** White phase noise on white frequency noise. */
function clock(samples: number, tau0Ns: number): PhaseRecord {
  const random = randomStream(SEED, 'streaming');
  let walk = 0;
  const xNs = Float64Array.from({ length: samples }, () => {
    walk += random.normal();
    return 20 * random.normal() + walk;
  });
  return { xNs, tau0Ns };
}

function streamed({ xNs, tau0Ns }: PhaseRecord, octaves = 17): StreamingStability {
  const stream = new StreamingStability({ tau0Ns, octaves });
  for (const value of xNs) stream.push(value);
  return stream;
}

describe('streamed stability', () => {
  it('is that of the whole record up to 16 τ0, to the digits of SP 1065', () => {
    const exact = streamed(large)
      .points()
      .filter(({ m }) => m <= 16);
    expect(exact.map(({ m }) => m)).toEqual([1, 2, 4, 8, 16]);
    for (const point of exact) {
      const { m, terms } = point;
      expect(terms).toBe(oadev(large, m)?.terms);
      expect(point.adev / (oadev(large, m)?.value ?? 0)).toBeCloseTo(1, 10);
      expect((point.hdev ?? 0) / (ohdev(large, m)?.value ?? 0)).toBeCloseTo(1, 10);
      expect((point.mdev ?? 0) / (mdev(large, m)?.value ?? 0)).toBeCloseTo(1, 10);
      expect((point.tdevNs ?? 0) / (tdev(large, m)?.value ?? 0)).toBeCloseTo(1, 10);
      expect(point.mtieAtLeastNs).toBe(mtieAt(large, m)?.valueNs);
      expect(point.mtieAtMostNs).toBe(point.mtieAtLeastNs);
    }
  });

  it(`beyond that stays close to it: within 10 %, seed ${SEED}`, () => {
    const record = clock(40_000, 1e9 / 16);
    const points = streamed(record).points();
    expect(points.at(-1)?.m).toBe(16_384);
    for (const { m, adev, tdevNs } of points.filter((point) => point.m <= 2_048)) {
      const off = adev / (oadev(record, m)?.value ?? 0) - 1;
      expect(Math.abs(off), `ADEV at ${m}`).toBeLessThan(0.1);
      const offModified = (tdevNs ?? 0) / (tdev(record, m)?.value ?? 0) - 1;
      expect(Math.abs(offModified), `TDEV at ${m}`).toBeLessThan(0.1);
    }
  });

  it('takes each sixteenth difference there, and those exactly', () => {
    const record = clock(4_096, 1);
    const sixteenth = { xNs: record.xNs.filter((_, i) => i % 64 === 0), tau0Ns: 64 };
    const point = streamed(record)
      .points()
      .find(({ m }) => m === 1024);
    expect(point?.adev).toBeCloseTo(oadev(sixteenth, 16)?.value ?? 0, 12);
    expect(point?.hdev).toBeCloseTo(ohdev(sixteenth, 16)?.value ?? 0, 12);
  });

  it('holds MTIE between two bounds that are a sixteenth of τ apart', () => {
    const record = clock(40_000, 1);
    const points = streamed(record).points();
    expect(points.length).toBeGreaterThan(10);
    for (const { m, mtieAtLeastNs, mtieAtMostNs } of points) {
      const exact = mtieAt(record, m)?.valueNs ?? Number.NaN;
      expect(mtieAtLeastNs).toBeLessThanOrEqual(exact);
      expect(mtieAtMostNs).toBeGreaterThanOrEqual(exact);
      const longer = mtieAt(record, m + Math.ceil(m / 8));
      if (longer) expect(mtieAtMostNs).toBeLessThanOrEqual(longer.valueNs);
    }
  });

  it('leaves out what missing samples are part of', () => {
    const holed: PhaseRecord = { xNs: large.xNs.slice(), tau0Ns: 1 };
    for (const at of [3, 500, 501]) holed.xNs[at] = Number.NaN;
    const exact = streamed(holed)
      .points()
      .filter(({ m }) => m <= 16);
    expect(exact.map(({ m }) => m)).toEqual([1, 2, 4, 8, 16]);
    for (const { m, terms, adev, hdev: third } of exact) {
      expect(terms).toBe(oadev(holed, m)?.terms);
      expect(adev).toBeCloseTo(oadev(holed, m)?.value ?? 0, 10);
      expect(third).toBeCloseTo(ohdev(holed, m)?.value ?? 0, 10);
    }
  });

  it('says nothing of τ that it has not seen', () => {
    const stream = new StreamingStability({ tau0Ns: 1, octaves: 4 });
    expect(stream.points()).toEqual([]);
    for (const value of [1, 2, 4]) stream.push(value);
    expect(stream.points()).toMatchObject([{ m: 1, terms: 1, hdev: null, mtieAtMostNs: 2 }]);
    expect(hdev({ xNs: Float64Array.of(1, 2, 4), tau0Ns: 1 }, 1)).toBeNull();
  });

  it('does not keep what it is given: 100,000 samples more, the same heap', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    };
    const stream = new StreamingStability({ tau0Ns: 1, octaves: 17 });
    for (let i = 0; i < 20_000; i += 1) stream.push(Math.sin(i));
    const before = heap();
    for (let i = 0; i < 100_000; i += 1) stream.push(Math.sin(i));
    // Eight octets of each would be 800,000.
    expect(heap() - before).toBeLessThan(400_000);
    expect(stream.samples).toBe(120_000);
  });
});

describe('streamed percentiles', () => {
  it('are right to one percent, negative ones too', () => {
    const random = randomStream(SEED, 'quantiles');
    const values = Array.from({ length: 20_000 }, () => 1_000 * random.normal() ** 3 - 50);
    const quantiles = new StreamingQuantiles({ relative: 0.01, least: 0.01, most: 1e14 });
    for (const value of values) quantiles.push(value);
    const sorted = values.toSorted((a, b) => a - b);
    for (const fraction of [0.001, 0.1, 0.5, 0.9, 0.999, 1]) {
      const exact = percentile(sorted, fraction);
      expect(Math.abs(quantiles.quantile(fraction) / exact - 1)).toBeLessThanOrEqual(0.0101);
    }
  });

  it('know zero, and what is beyond them', () => {
    const quantiles = new StreamingQuantiles({ relative: 0.01, least: 1, most: 1e6 });
    expect(quantiles.quantile(0.5)).toBeNaN();
    for (const value of [0, 0.5, Number.NaN, 1e9]) quantiles.push(value);
    expect(quantiles.count).toBe(3);
    expect(quantiles.quantile(0.5)).toBe(0);
    expect(quantiles.quantile(1) / 1e6).toBeCloseTo(1, 1);
  });
});

describe('streamed time error', () => {
  it('is that of the record', () => {
    const record = clock(40_000, 1e9 / 16);
    record.xNs[17] = Number.NaN;
    const stream = new StreamingTimeError({ tau0Ns: record.tau0Ns });
    for (const value of record.xNs) stream.push(value);
    const found = stream.summary();
    const whole = summarizeTimeError(record);
    const bands = dynamicError(record);
    if (found === null || whole === null || !bands.ok) throw new Error('nothing found');
    for (const key of ['samples', 'missing', 'maxAbsNs', 'minNs', 'maxNs'] as const) {
      expect(found[key]).toBe(whole[key]);
    }
    for (const key of ['meanNs', 'rmsNs', 'deviationNs'] as const) {
      expect(found[key]).toBeCloseTo(whole[key], 8);
    }
    expect(found.lowMaxAbsNs).toBeCloseTo(bands.value.lowMaxAbsNs, 9);
    expect(found.highPeakToPeakNs).toBeCloseTo(bands.value.highPeakToPeakNs, 9);
    expect((found.constantNs ?? 0) / (constantError(record)?.ns ?? 0)).toBeCloseTo(1, 2);
  });

  it('has no bands where samples come too seldom, and no constant part too early', () => {
    const stream = new StreamingTimeError({ tau0Ns: 2e9 });
    expect(stream.summary()).toBeNull();
    for (let i = 0; i < 400; i += 1) stream.push(5);
    expect(stream.summary()).toMatchObject({ lowMaxAbsNs: null, constantNs: null, meanNs: 5 });
  });
});

describe('streamed floor packets', () => {
  it('are counted against the floor of their window, wherever in it the floor is', () => {
    const floor = new StreamingFloor({ clusterNs: 256, windowSeconds: 10 });
    const windows = [];
    for (let i = 0; i < 301; i += 1) {
      const at = i / 10;
      // The second window has its floor at its end, the third one a packet far above.
      const delay = at < 10 ? 1_000 : at < 20 ? 5_000 - i : at < 20.05 ? 9_000 : 2_000;
      const ended = floor.push(at, delay);
      if (ended !== null) windows.push(ended);
    }
    expect(windows).toEqual([
      { packets: 100, floorNs: 1_000, percent: 100 },
      { packets: 100, floorNs: 4_801, percent: 100 },
      { packets: 100, floorNs: 2_000, percent: 99 },
    ]);
  });
});
