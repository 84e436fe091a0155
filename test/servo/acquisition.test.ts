import { describe, expect, it } from 'vitest';
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
