/** A chain of boundary clocks: each follows the one before it, through noise of its own. */
import { describe, expect, it } from 'vitest';
import { instant, ppb, ppbValue } from '#units/time';
import { narrowGains, type LoopGains } from '../../control-plane/servo/gains.js';
import { PiServo } from '../../control-plane/servo/pi.js';
import type { Servo } from '../../control-plane/servo/servo.js';
import { chainNoise } from './chain-noise.js';
import { normal } from './simulation.js';

const SEED = 1588;
const HOPS = 20;
const LIMITS = { maxFrequencyPpb: 1e12 };

/** rms of each clock's error in deviations of a hop's noise; all stamps perfect but for that. */
function amplification(
  servos: readonly Servo[],
  intervalSeconds: number,
  { settle, samples }: { settle: number; samples: number },
): number[] {
  const noise = normal(SEED);
  const phases = servos.map(() => 0);
  const rates = servos.map(() => 0);
  const squares = servos.map(() => 0);
  const stepNs = BigInt(Math.round(intervalSeconds * 1e9));
  for (let n = 0; n < settle + samples; n += 1) {
    const localTime = instant(BigInt(n) * stepNs);
    let above = 0;
    servos.forEach((servo, hop) => {
      const phase = (phases[hop] ?? 0) + (rates[hop] ?? 0) * intervalSeconds;
      const offsetNs = phase - (above + noise());
      rates[hop] = ppbValue(servo.sample({ localTime, offsetNs, weight: 1 }));
      phases[hop] = phase;
      above = phase;
      if (n >= settle) squares[hop] = (squares[hop] ?? 0) + phase * phase;
    });
  }
  return squares.map((sum) => Math.sqrt(sum / samples));
}

function fixedPi(gains: LoopGains, intervalSeconds: number): Servo {
  const servo = new PiServo({ ...LIMITS, gains });
  servo.tune(intervalSeconds, 'narrow');
  servo.reset(ppb(0), 'known');
  return servo;
}

describe(`twenty servos in a row (seed ${SEED})`, () => {
  it.each([
    { kp: 0.7, ki: 0.3, at: { 1: 1.05, 4: 2.98, 8: 10.1, 10: 19.4, 20: 611 }, samples: 60_000 },
    { kp: 0.1, ki: 0.001, at: { 1: 0.24, 4: 0.39, 8: 0.53, 10: 0.61, 20: 1.06 }, samples: 120_000 },
    { kp: 0.7, ki: 0.00613, at: { 20: 1.96 }, samples: 60_000 },
  ])('kp $kp, ki $ki amplify as published', ({ kp, ki, at, samples }) => {
    const servos = Array.from({ length: HOPS }, () => fixedPi({ kp, ki }, 1));
    const measured = amplification(servos, 1, { settle: 2_000, samples });
    for (const [hop, expected] of Object.entries(at)) {
      // Within 5 %, or the figure's own last digit.
      const margin = Math.max(0.05 * expected, 0.01);
      expect(Math.abs(chainNoise({ kp, ki }, Number(hop)) - expected)).toBeLessThan(margin);
      const found = measured[Number(hop) - 1] ?? NaN;
      expect(Math.abs(found - expected), `hop ${hop}: ${found}`).toBeLessThan(margin);
    }
  });

  it.each([1, 8, 64])('ours at %i Sync a second do not amplify', (perSecond) => {
    const interval = 1 / perSecond;
    const gains = narrowGains(interval);
    const servos = Array.from({ length: HOPS }, () => {
      const servo = new PiServo(LIMITS);
      servo.tune(interval, 'acquisition');
      servo.reset(ppb(0), 'guess');
      return servo;
    });
    const settle = 1_000 * perSecond;
    const measured = amplification(servos, interval, {
      settle,
      samples: 2_000 * perSecond + 20_000,
    });
    const last = measured.at(-1) ?? NaN;
    // Each hop adds less than the noise of a link: the root of all of them is not reached.
    expect(last).toBeLessThan(Math.sqrt(HOPS) * (measured[0] ?? NaN) * 1.3);
    expect(Math.abs(last / chainNoise(gains, HOPS) - 1)).toBeLessThan(0.1);
    expect(last).toBeLessThan(Math.sqrt(HOPS));
  });
});
