/** Waiting times against queueing theory. */
import { describe, expect, it } from 'vitest';
import { EgressQueue, FULL_FRAMES, MIXED_SIZES, type EgressSpec } from '#lab/sim/egress-queue';
import { randomStream } from '#lab/sim/random';

const SEED = 1_588;
const GIGABIT = 1e9;
const OURS_OCTETS = 84;
/** So rare that our own frames do not load the line. */
const BETWEEN_NS = 20e6;

function meanWaitNs(spec: EgressSpec, frames = 2_500): number {
  const queue = new EgressQueue(spec, randomStream(SEED, 'line'));
  let sum = 0;
  for (let frame = 1; frame <= frames; frame += 1) {
    sum += queue.waitNs(frame * BETWEEN_NS, OURS_OCTETS);
  }
  return sum / frames;
}

/** Mean of what is left of the frame that is being sent, times the load: Pollaczek and Khinchine. */
function residualNs(load: number, sizes: typeof MIXED_SIZES): number {
  const moment = (power: number) =>
    sizes.reduce((sum, { octets, share }) => sum + share * (octets * 8) ** power, 0);
  return (load * moment(2)) / (2 * moment(1));
}

describe('a line with cross traffic', () => {
  const line = (load: number, sizes = MIXED_SIZES, strictPriority = true): EgressSpec => ({
    bitsPerSecond: GIGABIT,
    strictPriority,
    traffic: { load, sizes, burst: 1 },
  });

  it.each([
    [0.1, MIXED_SIZES],
    [0.5, FULL_FRAMES],
    [0.9, MIXED_SIZES],
  ])('of load %f makes priority wait for what is being sent, and no more', (load, sizes) => {
    // At a low load few frames wait at all: more of them for the same certainty.
    const found = meanWaitNs(line(load, sizes), load < 0.2 ? 40_000 : 2_500);
    expect(found / residualNs(load, sizes)).toBeCloseTo(1, 1);
  });

  it.each([0.3, 0.6, 0.9])('of load %f makes others wait for all that is there', (load) => {
    const expected = residualNs(load, MIXED_SIZES) / (1 - load);
    const found = meanWaitNs(line(load, MIXED_SIZES, false)) / expected;
    // A queue at nine tenths forgets slowly: more noise in the mean.
    expect(Math.abs(found - 1)).toBeLessThan(load > 0.8 ? 0.12 : 0.06);
  });

  it('makes bursts wait for each other, not priority', () => {
    const burst = (strictPriority: boolean): EgressSpec => ({
      ...line(0.5, FULL_FRAMES, strictPriority),
      traffic: { load: 0.5, sizes: FULL_FRAMES, burst: 10 },
    });
    expect(meanWaitNs(burst(true)) / residualNs(0.5, FULL_FRAMES)).toBeCloseTo(1, 1);
    expect(meanWaitNs(burst(false))).toBeGreaterThan(8 * meanWaitNs(line(0.5, FULL_FRAMES, false)));
  });

  it('sends our own frames one after the other', () => {
    const queue = new EgressQueue(
      { bitsPerSecond: GIGABIT, strictPriority: true, traffic: null },
      randomStream(SEED, 'line'),
    );
    expect([1_000, 1_000, 1_100, 9_000].map((at) => queue.waitNs(at, 100))).toEqual([
      0, 800, 1_500, 0,
    ]);
  });

  it('refuses what no line can carry, and says what', () => {
    const open = (spec: EgressSpec) => () => new EgressQueue(spec, randomStream(SEED, 'line'));
    expect(open(line(1))).toThrow('load 1: a line carries 0 to less than 1 of what it can');
    expect(open(line(-0.1))).toThrow('load -0.1');
    expect(open({ ...line(0.5), bitsPerSecond: 0 })).toThrow('0 bit/s');
    expect(open(line(0.5, [{ octets: 84, share: 0.5 }]))).toThrow('their shares sum to 0.5');
  });
});
