/** Boundary clocks in a row against transparent clocks: what is published, computed and simulated. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '#lab/sim/random';
import { expectedRms, steppedChain } from '#lab/sim/stepped-chain';

const SEED = 42;
const LINUXPTP = { kp: 0.7, ki: 0.3 };
const SLOW = { kp: 0.1, ki: 0.001 };
const FLAT = { kp: 0.7, ki: 0.00613 };

describe('the closed form', () => {
  it.each([
    { gains: LINUXPTP, hops: 1, boundary: 1.05, transparent: 1.05 },
    { gains: LINUXPTP, hops: 4, boundary: 2.98, transparent: 2.11 },
    { gains: LINUXPTP, hops: 8, boundary: 10.1, transparent: 2.98 },
    { gains: LINUXPTP, hops: 10, boundary: 19.4, transparent: 3.33 },
    { gains: LINUXPTP, hops: 20, boundary: 611, transparent: 4.72 },
    { gains: SLOW, hops: 4, boundary: 0.39, transparent: 0.48 },
    { gains: SLOW, hops: 10, boundary: 0.61, transparent: 0.76 },
    { gains: SLOW, hops: 20, boundary: 1.06, transparent: 1.08 },
    { gains: FLAT, hops: 20, boundary: 1.96, transparent: 3.31 },
  ])('has the published figures: $gains, $hops hops', ({ gains, hops, ...published }) => {
    const { boundary, transparent } = expectedRms(gains, hops);
    // Half of the last figure that is printed, and a little more where that has only two.
    expect(Math.abs(boundary / published.boundary - 1)).toBeLessThan(0.015);
    expect(Math.abs(transparent / published.transparent - 1)).toBeLessThan(0.015);
  });
});

describe('the chain in steps', () => {
  it.each([
    { gains: LINUXPTP, hops: 10, samples: 60_000 },
    { gains: FLAT, hops: 20, samples: 60_000 },
  ])('is where the closed form has it: $gains, $hops hops', ({ gains, hops, samples }) => {
    const random = randomStream(SEED, 'chain');
    const found = steppedChain({ hops, gains, samples, settle: 2_000, random });
    for (const hop of [1, 4, 8, hops]) {
      const { boundary, transparent } = expectedRms(gains, hop);
      // The full runs hold 2 %; these are shorter.
      expect(Math.abs((found.boundary[hop - 1] ?? 0) / boundary - 1)).toBeLessThan(0.04);
      expect(Math.abs((found.transparent[hop - 1] ?? 0) / transparent - 1)).toBeLessThan(0.04);
    }
  });
});
