import { describe, expect, it } from 'vitest';
import { nanoseconds } from '#units/time';
import { rms, Simulation } from './simulation.js';

const SEED = 20_261_122;

describe(`a clock 100 ppm off begins to follow (seed ${SEED})`, () => {
  it.each([
    { perSecond: 1, within: 12 },
    { perSecond: 8, within: 3 },
    { perSecond: 64, within: 2 },
  ])('at $perSecond Sync a second', ({ perSecond, within }) => {
    const noiseNs = 100;
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1 / perSecond,
      oscillatorPpm: 100,
      noiseNs,
      initialOffsetNs: 37_000_000_000,
    });
    const ticks = simulation.run(120);
    const settled = ticks.findLast(({ errorNs }) => Math.abs(errorNs) > 1000)?.seconds ?? 0;
    const locked = ticks.find(({ verdict }) => verdict?.change?.to === 'LOCKED')?.seconds;
    const steps = ticks.filter(
      ({ verdict }) => (verdict?.adjustment?.step ?? null) !== null,
    ).length;
    expect(settled).toBeLessThanOrEqual(within);
    expect(simulation.discipline.state).toBe('LOCKED');
    expect(locked).toBeLessThanOrEqual(within + 3);
    expect(steps).toBeLessThanOrEqual(2);
    expect(rms(ticks.slice(-ticks.length / 2).map(({ errorNs }) => errorNs))).toBeLessThan(noiseNs);
  });
});

describe('stamps in microseconds', () => {
  it.each(['pi', 'linear-regression', 'kalman'] as const)('are averaged by %s', (servo) => {
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1 / 8,
      oscillatorPpm: 30,
      wanderPpb: 0.1,
      noiseNs: 500,
      stepNs: 1_000,
      options: { servo, lockThresholdNs: 5_000, timestampResolution: nanoseconds(1_000n) },
    });
    simulation.run(60);
    const errors = simulation.run(300).map(({ errorNs }) => errorNs);
    // Rounded down, they are 500 ns early all along: the clock is ahead by that.
    expect(rms(errors.map((error) => error - 500))).toBeLessThan(300);
    expect(simulation.discipline.state).toBe('LOCKED');
    const { errorBound } = simulation.discipline.status(simulation.now());
    expect(errorBound?.boundNs).toBeGreaterThan(Math.max(...errors.map(Math.abs)));
  });
});
