/** Without a master: how far the clock goes, and that it says so. */
import { describe, expect, it } from 'vitest';
import { rms, Simulation, type Rig } from './simulation.js';

const SEED = 2_305;

/** The error after each second of holdover, and the bound that was told. */
function holdover(simulation: Simulation, seconds: number) {
  const { discipline } = simulation;
  const { change, adjustment } = discipline.masterLost(simulation.now(), 'the master is gone');
  expect(change).toMatchObject({ from: 'LOCKED', to: 'HOLDOVER' });
  if (adjustment !== null) simulation.clock.adjust(adjustment, simulation.reading());
  const told: { errorNs: number; boundNs: number }[] = [];
  for (let n = 0; n < seconds; n += 1) {
    simulation.advance(1);
    simulation.clock.observe(simulation.reading(), simulation.now());
    simulation.apply(discipline.tick(simulation.now()));
    const boundNs = discipline.status(simulation.now()).errorBound?.boundNs ?? NaN;
    told.push({ errorNs: Math.abs(simulation.errorNs()), boundNs });
  }
  return told;
}

function locked(seconds: number, rig: Partial<Rig>): Simulation {
  const simulation = new Simulation({
    seed: SEED,
    intervalSeconds: 1,
    oscillatorPpm: 33,
    noiseNs: 100,
    ...rig,
  });
  simulation.run(seconds);
  expect(simulation.discipline.state).toBe('LOCKED');
  return simulation;
}

describe(`HOLDOVER (seed ${SEED})`, () => {
  it('keeps the learned rate', () => {
    const told = holdover(locked(1_200, {}), 300);
    expect(told.at(-1)?.errorNs).toBeLessThan(1_000);
  });

  it('follows a drift that a long history shows', () => {
    const drift = { driftPpbPerSecond: 0.01 };
    const long = holdover(locked(7_200, drift), 3_600);
    // Without it: half of 0.01 ppb/s × (3600 s)².
    expect(long.at(-1)?.errorNs).toBeLessThan(0.2 * 64_800);
    const short = holdover(locked(1_200, drift), 3_600);
    expect(short.at(-1)?.errorNs).toBeGreaterThan(0.8 * 64_800);
    expect(short.at(-1)?.errorNs).toBeLessThan(1.3 * 64_800);
  });

  it('does not take a random walk for a drift', () => {
    const simulations = [1, 2, 3, 4, 5, 6].map((seed) => {
      const rig = { wanderPpb: 0.05, seed: SEED + seed };
      return holdover(locked(4_000, rig), 1_000).at(-1)?.errorNs ?? NaN;
    });
    // 0.05 ppb after each second: 0.05·√(t³/3) is 913 ns; and what the rate was wrong by at the start.
    expect(rms(simulations)).toBeLessThan(3_000);
  });

  it.each([
    { name: 'steady', rig: {} },
    { name: 'drifting', rig: { driftPpbPerSecond: 0.05 } },
    { name: 'wandering', rig: { wanderPpb: 0.2 } },
  ])('tells a bound that holds: $name', ({ rig }) => {
    const ticks = holdover(locked(900, rig), 1_800);
    expect(ticks.length).toBeGreaterThan(1_000);
    for (const { errorNs, boundNs } of ticks) {
      expect(errorNs).toBeLessThanOrEqual(boundNs);
    }
  });

  it('acquires again without a step', () => {
    const simulation = locked(600, {});
    holdover(simulation, 120);
    const ticks = simulation.run(60);
    expect(simulation.discipline.state).toBe('LOCKED');
    expect(simulation.discipline.status(simulation.now()).steps).toBeLessThanOrEqual(2);
    const errors = ticks.slice(20).map(({ errorNs }) => errorNs);
    expect(rms(errors)).toBeLessThan(100);
  });
});

describe('the error bound', () => {
  it.each([
    { perSecond: 1, noiseNs: 1_000, wanderPpb: 1 },
    { perSecond: 8, noiseNs: 30, wanderPpb: 0 },
    { perSecond: 8, noiseNs: 300, wanderPpb: 1 },
    { perSecond: 64, noiseNs: 2_000, wanderPpb: 0.1 },
  ])('holds with every sample: %o', ({ perSecond, noiseNs, wanderPpb }) => {
    const simulation = locked(30, { intervalSeconds: 1 / perSecond, noiseNs, wanderPpb });
    let sum = 0;
    let count = 0;
    for (let n = 0; n < 300 * perSecond; n += 1) {
      simulation.sync();
      const status = simulation.discipline.status(simulation.now());
      const boundNs = status.errorBound?.boundNs ?? NaN;
      expect(Math.abs(simulation.errorNs())).toBeLessThanOrEqual(boundNs);
      sum += boundNs;
      count += 1;
    }
    // And says something: not more than ten times the noise.
    expect(sum / count).toBeLessThan(10 * noiseNs);
  });
});
