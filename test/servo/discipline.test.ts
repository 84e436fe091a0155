/** Conversations with the discipline of a clock, one heading for each of its states. */
import { describe, expect, it } from 'vitest';
import { ppbValue } from '#units/time';
import { rms, Simulation, type Rig } from './simulation.js';

const SEED = 7_919;

function simulation(rig: Partial<Rig> = {}): Simulation {
  return new Simulation({
    seed: SEED,
    intervalSeconds: 1 / 8,
    oscillatorPpm: 20,
    noiseNs: 50,
    delayNs: 1_000,
    ...rig,
  });
}

/** LOCKED and narrow. */
function locked(rig: Partial<Rig> = {}): Simulation {
  const begun = simulation(rig);
  begun.run(60);
  expect(begun.discipline.state).toBe('LOCKED');
  return begun;
}

function status(of: Simulation) {
  return of.discipline.status(of.now());
}

describe(`FREE_RUN (seed ${SEED})`, () => {
  it('until a master is heard, and nothing is claimed', () => {
    const clock = simulation();
    expect(status(clock)).toMatchObject({
      state: 'FREE_RUN',
      why: 'no master has been heard',
      errorBound: null,
      offsetNs: null,
    });
    expect(clock.discipline.tick(clock.now())).toMatchObject({ adjustment: null, change: null });
  });

  it('again, if the master is lost before there ever was lock', () => {
    const clock = simulation();
    clock.run(0.5);
    const verdict = clock.discipline.masterLost(clock.now(), 'no Announce for 3 intervals');
    expect(verdict.change).toEqual({
      from: 'ACQUIRING',
      to: 'FREE_RUN',
      why: 'no Announce for 3 intervals',
    });
  });

  it('after a new epoch of the counter: PTP time is gone, the frequency is not', () => {
    const clock = locked();
    const { rate } = status(clock);
    const verdict = clock.discipline.newEpoch(clock.now(), 'the switch was started anew');
    expect(verdict.change).toMatchObject({ from: 'LOCKED', to: 'FREE_RUN' });
    expect(Math.abs(ppbValue(status(clock).rate) - ppbValue(rate))).toBeLessThan(500);
    clock.clock.adjust({ rate, step: null }, clock.clock.localTimeAt(clock.now()));
    const again = clock.run(30);
    expect(clock.discipline.state).toBe('LOCKED');
    expect(Math.max(...again.slice(16).map(({ errorNs }) => Math.abs(errorNs)))).toBeLessThan(500);
  });
});

describe('ACQUIRING', () => {
  it('steps at once if it is far off, and not again', () => {
    const clock = simulation({ initialOffsetNs: -5_000_000_000 });
    const ticks = clock.run(60);
    const steps = ticks.filter(({ verdict }) => (verdict?.adjustment?.step ?? null) !== null);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toBe(ticks[0]);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 1 });
  });

  it('slews what is below the first step’s threshold', () => {
    const clock = simulation({ initialOffsetNs: 15_000 });
    clock.run(60);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 0 });
  });

  it('never steps with a threshold of 0', () => {
    const clock = simulation({ initialOffsetNs: 2_000_000, options: { firstStepThresholdNs: 0 } });
    clock.run(60);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 0 });
  });

  it('does not step back while time is served: it says that it would, and slows down', () => {
    const clock = simulation({ initialOffsetNs: 40_000 });
    clock.clock.servesTime = true;
    const ticks = clock.run(60);
    expect(ticks[0]?.verdict?.stepWantedNs).toBeLessThan(-20_000);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 0 });
    for (const { verdict } of ticks) {
      expect(Math.abs(ppbValue(verdict?.adjustment?.rate ?? status(clock).rate))).toBeLessThan(
        900_001,
      );
    }
  });

  it('decides on the first step again with another master, while it never was right', () => {
    const clock = simulation({ initialOffsetNs: -5_000_000_000 });
    clock.run(0.5);
    const other = (masterOffsetNs: number, isFirst: boolean) => {
      clock.discipline.masterChanged(clock.now(), 'another', isFirst);
      clock.masterOffsetNs = masterOffsetNs;
      return clock.run(0.5).filter(({ verdict }) => (verdict?.adjustment?.step ?? null) !== null);
    };
    expect(other(37_000_000, true)).toHaveLength(1);
    // A second's slewing does that.
    expect(other(37_500_000, true)).toHaveLength(0);
    expect(other(-12_000_000, true)).toHaveLength(1);
    expect(other(12_000_000, false)).toHaveLength(0);
    expect(status(clock).steps).toBe(3);
  });

  it('is told as long as the delay is not known, since nobody knows how much to subtract', () => {
    const clock = simulation({ delayNs: 0 });
    // A path of 80 µs that is not known yet: offsets are too large by it.
    const unknown = { extraNs: 80_000, meanDelayNs: null } as const;
    for (let n = 0; n < 80; n += 1) clock.sync(unknown);
    expect(clock.discipline.state).toBe('ACQUIRING');
    const known = Array.from({ length: 80 }, () =>
      clock.sync({ extraNs: 80_000, meanDelayNs: 80_000 }),
    );
    expect(clock.discipline.state).toBe('LOCKED');
    expect(rms(known.slice(40).map(({ errorNs }) => errorNs))).toBeLessThan(50);
  });
});

describe('LOCKED', () => {
  it('says why and since when', () => {
    const clock = locked();
    const { why, errorBound } = status(clock);
    expect(why).toMatch(/^the offset was within 1000 ns for \d+ Sync in a row$/);
    expect(errorBound?.assumptions.join()).toMatch(/cannot be seen from here/);
    expect(errorBound?.asymmetryUpToNs).toBe(1_000);
  });

  it('does not use a late frame', () => {
    const clock = locked();
    const { verdict } = clock.sync({ extraNs: 50_000 });
    expect(verdict?.use).toBe('outlier');
    const after = clock.run(5);
    expect(Math.max(...after.map(({ errorNs }) => Math.abs(errorNs)))).toBeLessThan(200);
    expect(clock.discipline.state).toBe('LOCKED');
  });

  it('bears one late frame in five', () => {
    const clock = locked();
    const errors: number[] = [];
    for (let n = 0; n < 400; n += 1) {
      errors.push(clock.sync({ extraNs: n % 5 === 0 ? 30_000 : 0 }).errorNs);
    }
    expect(rms(errors)).toBeLessThan(60);
    expect(clock.discipline.state).toBe('LOCKED');
  });

  it('follows a master that moved for good, without a step', () => {
    const clock = locked();
    clock.masterOffsetNs = 20_000;
    const ticks = clock.run(30);
    expect(ticks.map(({ verdict }) => verdict?.change?.to)).toContain('ACQUIRING');
    expect(clock.discipline.state).toBe('LOCKED');
    expect(status(clock).steps).toBe(0);
    expect(rms(ticks.slice(-80).map(({ errorNs }) => errorNs - 20_000))).toBeLessThan(50);
  });

  it('steps where that is allowed, but not for one late frame', () => {
    const clock = locked({ options: { stepThresholdNs: 100_000 } });
    expect(clock.sync({ extraNs: 500_000 }).verdict?.use).toBe('outlier');
    clock.run(1);
    expect(status(clock).steps).toBe(0);
    clock.masterOffsetNs = 3_000_000;
    const ticks = clock.run(30);
    expect(ticks.findIndex(({ verdict }) => (verdict?.adjustment?.step ?? null) !== null)).toBe(2);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 1 });
  });

  it('slews a master that went back while time is served, and asks for a step', () => {
    const clock = locked({ options: { stepThresholdNs: 100_000 } });
    clock.clock.servesTime = true;
    clock.masterOffsetNs = -4_000_000;
    const ticks = clock.run(2);
    expect(ticks.at(-1)?.verdict?.stepWantedNs).toBeLessThan(-2_000_000);
    clock.run(30);
    expect(status(clock)).toMatchObject({ state: 'LOCKED', steps: 0 });
    expect(Math.abs(clock.errorNs() + 4_000_000)).toBeLessThan(300);
  });

  it('notices another interval than was announced', () => {
    const clock = simulation();
    clock.discipline.setInterval(1);
    clock.run(60);
    expect(rms(clock.run(60).map(({ errorNs }) => errorNs))).toBeLessThan(30);
  });

  it('goes on with another master at the frequency it has', () => {
    const clock = locked();
    const { change } = clock.discipline.masterChanged(clock.now(), 'port 2 is slave now');
    expect(change).toEqual({ from: 'LOCKED', to: 'ACQUIRING', why: 'port 2 is slave now' });
    clock.masterOffsetNs = 300;
    const ticks = clock.run(10);
    expect(clock.discipline.state).toBe('LOCKED');
    const errors = ticks.slice(8).map(({ errorNs }) => errorNs - 300);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(150);
  });

  it('does not lose its phase to a new master whose delay is not known yet', () => {
    const clock = locked();
    clock.discipline.masterChanged(clock.now(), 'port 2 is slave now');
    const errors: number[] = [];
    for (let n = 0; n < 16; n += 1) {
      errors.push(clock.sync({ extraNs: 40_000, meanDelayNs: null }).errorNs);
    }
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(200);
  });

  it('is lost when no Sync comes', () => {
    const clock = locked();
    clock.advance(1);
    expect(clock.discipline.tick(clock.now()).change).toBeNull();
    clock.advance(1.5);
    expect(clock.discipline.tick(clock.now()).change).toEqual({
      from: 'LOCKED',
      to: 'HOLDOVER',
      why: 'no usable Sync for 2.5 s',
    });
  });
});
