/** What every control law does, whichever it is. */
import { describe, expect, it } from 'vitest';
import { instant, nanoseconds, ppb, ppbValue } from '#units/time';
import { gainPeakingDb } from '../../control-plane/servo/gains.js';
import { KalmanServo } from '../../control-plane/servo/kalman.js';
import { createServo } from '../../control-plane/servo/servos.js';
import type { Servo, ServoName } from '../../control-plane/servo/servo.js';
import { normal, rms, Simulation } from './simulation.js';

const SEED = 1904;
const NAMES: readonly ServoName[] = ['pi', 'linear-regression', 'kalman'];

/** A servo in the state it is in after it was locked for long. */
function settled(name: ServoName, intervalSeconds: number): Follower {
  const servo = createServo(name, { maxFrequencyPpb: 1e9, resolutionNs: 1 });
  servo.reset(ppb(0), 'guess');
  servo.tune(intervalSeconds, 'acquisition');
  return new Follower(servo, intervalSeconds);
}

/** A perfect oscillator that a servo steers after a master's phase. */
class Follower {
  readonly servo: Servo;
  readonly #interval: number;
  #phase = 0;
  #rate = 0;
  #n = 0;

  constructor(servo: Servo, interval: number) {
    this.servo = servo;
    this.#interval = interval;
  }

  /** The phase when the sample is taken. */
  follow(masterNs: number): number {
    this.#phase += this.#rate * this.#interval;
    const localTime = instant(BigInt(Math.round(this.#n * this.#interval * 1e9)));
    const offsetNs = this.#phase - masterNs;
    this.#rate = ppbValue(this.servo.sample({ localTime, offsetNs, weight: 1 }));
    this.#n += 1;
    return this.#phase;
  }
}

/** The answer to a small impulse of the master's phase, on top of the same noise. */
function impulseResponse(name: ServoName, interval: number, settle: number, length: number) {
  const [quiet, hit] = [settled(name, interval), settled(name, interval)];
  const noise = normal(SEED);
  const size = 0.01;
  const response: number[] = [];
  for (let n = 0; n < settle + length; n += 1) {
    if (n === 64) [quiet, hit].forEach(({ servo }) => servo.tune(interval, 'narrow'));
    const stamp = 100 * noise();
    const calm = quiet.follow(stamp);
    const moved = hit.follow(stamp + (n === settle ? size : 0));
    if (n >= settle) response.push((moved - calm) / size);
  }
  return response;
}

/** The largest |H| of a response, over frequencies from 1/length on. */
function peakDb(response: readonly number[]): number {
  let peak = 0;
  for (let step = 0; step <= 150; step += 1) {
    const w = 2 * Math.PI * (0.5 / response.length) * (response.length / 1) ** (step / 150);
    let [re, im] = [0, 0];
    response.forEach((value, n) => {
      re += value * Math.cos(w * n);
      im -= value * Math.sin(w * n);
    });
    peak = Math.max(peak, Math.hypot(re, im));
  }
  return 20 * Math.log10(peak);
}

// Kalman's learns from its input and is not linear: see below for its gains.
describe.each(['pi', 'linear-regression'] as const)('the gain of %s', (name) => {
  it.each([
    { perSecond: 1, length: 6_000 },
    { perSecond: 8, length: 16_000 },
  ])('peaks by no more than 0.1 dB at $perSecond Sync a second', ({ perSecond, length }) => {
    const response = impulseResponse(name, 1 / perSecond, length, length);
    expect(peakDb(response)).toBeLessThan(0.105);
    // All of a lasting change is followed in the end.
    expect(response.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
  });
});

describe.each(NAMES)(`%s (seed ${SEED})`, (name) => {
  it.each([1, 8, 64])('keeps below the noise at %i Sync a second', (perSecond) => {
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1 / perSecond,
      oscillatorPpm: -42,
      wanderPpb: 0.3,
      noiseNs: 200,
      delayNs: 5_000,
      options: { servo: name },
    });
    simulation.run(200);
    const errors = simulation.run(600).map(({ errorNs }) => errorNs);
    expect(simulation.discipline.state).toBe('LOCKED');
    expect(rms(errors)).toBeLessThan(200);
  });

  it('knows the frequency for when the master is gone', () => {
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1 / 8,
      oscillatorPpm: 61,
      noiseNs: 100,
      options: { servo: name },
    });
    simulation.run(600);
    simulation.apply(simulation.discipline.masterLost(simulation.now(), 'gone'));
    const left = simulation.errorNs();
    simulation.advance(100);
    expect(Math.abs(simulation.errorNs() - left) / 100).toBeLessThan(5);
  });

  it('follows an oscillator that changes its rate', () => {
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1 / 8,
      oscillatorPpm: 10,
      noiseNs: 50,
      options: { servo: name, lockThresholdNs: 2_000 },
    });
    simulation.run(300);
    simulation.oscillatorPpb += 2_000;
    const ticks = simulation.run(300);
    const worst = Math.max(...ticks.map(({ errorNs }) => Math.abs(errorNs)));
    const after = ticks.findLast(({ errorNs }) => Math.abs(errorNs) > 200);
    expect(worst).toBeLessThan(20_000);
    expect(after?.seconds).toBeLessThan(500);
  });

  it('is not misled by lost samples', () => {
    const simulation = new Simulation({
      seed: SEED,
      intervalSeconds: 1,
      oscillatorPpm: 50,
      noiseNs: 20,
      options: { servo: name },
    });
    simulation.run(100);
    const errors: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      if (n % 3 === 0) simulation.advance(1);
      errors.push(simulation.sync().errorNs);
    }
    expect(rms(errors)).toBeLessThan(40);
    expect(simulation.discipline.state).toBe('LOCKED');
  });
});

describe('the gains of kalman', () => {
  it.each([
    { noiseNs: 5, perSecond: 1 },
    { noiseNs: 5_000, perSecond: 1 },
    { noiseNs: 20, perSecond: 64 },
    { noiseNs: 2_000, perSecond: 64 },
  ])('$noiseNs ns at $perSecond Sync a second: 0.1 dB', ({ noiseNs, perSecond }) => {
    const servo = new KalmanServo({ maxFrequencyPpb: 1e6, resolutionNs: 1 });
    servo.reset(ppb(0), 'guess');
    servo.tune(1 / perSecond, 'acquisition');
    const follower = new Follower(servo, 1 / perSecond);
    const noise = normal(SEED);
    const seen: number[] = [];
    for (let n = 0; n < 2_000; n += 1) {
      if (n === 64) servo.tune(1 / perSecond, 'narrow');
      follower.follow(noiseNs * noise());
      if (n >= 64) {
        expect(gainPeakingDb(servo.gains())).toBeLessThanOrEqual(0.1);
        seen.push(servo.gains().kp);
      }
    }
    // The worse the stamps, the narrower.
    expect(seen.at(-1)).toBeLessThan(noiseNs > 1_000 ? 0.05 : 0.5);
    expect(seen.at(-1)).toBeGreaterThan(noiseNs > 1_000 ? 0.0005 : 0.01);
  });
});

it('an unknown resolution is no excuse for a servo without noise', () => {
  const servo = createServo('kalman', { maxFrequencyPpb: 1e6, resolutionNs: 0 });
  servo.reset(ppb(0), 'guess');
  const follower = new Follower(servo, 1);
  for (let n = 0; n < 100; n += 1) follower.follow(0);
  expect(ppbValue(servo.frequency())).toBe(0);
  expect(nanoseconds(0n)).toBe(0n);
});
