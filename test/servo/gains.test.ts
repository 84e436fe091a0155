import { describe, expect, it } from 'vitest';
import {
  gainPeakingDb,
  largestKi,
  leastSquaresGains,
  loopGain,
  narrowGains,
  type LoopGains,
} from '../../control-plane/servo/gains.js';

/** |H| with complex numbers, as the formula is written; shares nothing with gains.ts. */
function gainByTheFormula({ kp, ki }: LoopGains, cyclesPerSample: number): number {
  const w = 2 * Math.PI * cyclesPerSample;
  const [re, im] = [Math.cos(w), Math.sin(w)];
  // kp(z-1) + ki·z
  const top = [kp * (re - 1) + ki * re, kp * im + ki * im] as const;
  // (z-1)² + that
  const bottom = [(re - 1) ** 2 - im ** 2 + top[0], 2 * (re - 1) * im + top[1]] as const;
  return Math.hypot(...top) / Math.hypot(...bottom);
}

/** From a ten-millionth of the sample rate to half of it. */
const FREQUENCIES = Array.from({ length: 20_001 }, (_, i) => 0.5 * 10 ** ((i - 20_000) / 3_000));

function peakByTheFormula(gains: LoopGains): number {
  return 20 * Math.log10(Math.max(...FREQUENCIES.map((f) => gainByTheFormula(gains, f))));
}

describe('gain peaking', () => {
  it.each([
    { kp: 0.7, ki: 0.3, peakDb: 3.18 },
    { kp: 0.1, ki: 0.001, peakDb: 0.61 },
    { kp: 0.7, ki: 0.00613, peakDb: 0.1 },
  ])('of kp $kp and ki $ki is $peakDb dB', ({ kp, ki, peakDb }) => {
    expect(gainPeakingDb({ kp, ki })).toBeCloseTo(peakDb, 2);
    expect(peakByTheFormula({ kp, ki })).toBeCloseTo(peakDb, 2);
  });

  it('is found wherever it is', () => {
    for (const kp of [0.002, 0.03, 0.4, 0.9, 1, 1.4]) {
      for (const ki of [kp * kp * 0.2, kp * kp * 0.01, kp * kp * 0.0005]) {
        const found = gainPeakingDb({ kp, ki });
        const searched = peakByTheFormula({ kp, ki });
        expect(found, `kp ${kp} ki ${ki}`).toBeGreaterThanOrEqual(searched - 1e-9);
        expect(found, `kp ${kp} ki ${ki}`).toBeLessThan(Math.max(0, searched) + 0.01);
      }
    }
  });

  it('is the gain at that frequency', () => {
    for (const frequency of [0.0001, 0.01, 0.2, 0.5]) {
      const gains = { kp: 0.3, ki: 0.01 };
      expect(loopGain(gains, frequency)).toBeCloseTo(gainByTheFormula(gains, frequency), 9);
    }
  });

  it('has the largest ki that keeps it', () => {
    expect(largestKi(0.7)).toBeCloseTo(0.00613, 5);
    const ki = largestKi(0.05, 0.1);
    expect(gainPeakingDb({ kp: 0.05, ki })).toBeLessThanOrEqual(0.1);
    expect(gainPeakingDb({ kp: 0.05, ki: ki * 1.01 })).toBeGreaterThan(0.1);
  });
});

describe('automatic gains', () => {
  const intervals = Array.from({ length: 15 }, (_, i) => 2 ** (i - 10));

  it.each(intervals)('with a Sync each %f s: at most 0.1 dB, at every frequency', (interval) => {
    const gains = narrowGains(interval);
    expect(gains.ki).toBeGreaterThan(0);
    expect(gainPeakingDb(gains)).toBeLessThanOrEqual(0.1);
    expect(peakByTheFormula(gains)).toBeLessThanOrEqual(0.1);
  });

  it.each([1 / 64, 1 / 16, 1 / 8])('with a Sync each %f s: 3 dB at 0.1 Hz', (interval) => {
    const gains = narrowGains(interval);
    expect(gainByTheFormula(gains, 0.09 * interval)).toBeGreaterThan(Math.SQRT1_2);
    expect(gainByTheFormula(gains, 0.115 * interval)).toBeLessThan(Math.SQRT1_2);
  });

  it('begin as the least-squares line through all samples', () => {
    // A line with these gains on 1, 4, 9, 16, 25: compare with the line by its own formula.
    const values = [1, 4, 9, 16, 25];
    let [phase, slope] = [0, 0];
    values.forEach((value, i) => {
      const { kp, ki } = leastSquaresGains(i + 1);
      const surprise = value - (phase + slope);
      phase += slope + kp * surprise;
      slope += ki * surprise;
    });
    // Through (1..5, values): slope Σ(x-3)(y-11)/10 = 6, and 11 + 6·2 at the last.
    expect(slope).toBeCloseTo(6, 9);
    expect(phase).toBeCloseTo(23, 9);
  });
});
