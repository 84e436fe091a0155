import { expect, it } from 'vitest';
import { PhaseLoop } from '../../control-plane/servo/loop.js';
import { instant, ppbValue } from '#units/time';

const at = (ms: number) => instant(BigInt(Math.round(ms * 1e6)));

it('a Sync that comes late does not find the phase mended several times over', () => {
  const loop = new PhaseLoop(100_000);
  loop.intervalSeconds = 1 / 128;
  let offsetNs = 2_000;
  let rate = loop.advance({ localTime: at(0), offsetNs, weight: 1 }, { kp: 1, ki: 0.3 });
  // One interval later it would be there; the next one takes fifty milliseconds.
  offsetNs += ppbValue(rate) * 0.05;
  expect(offsetNs).toBeGreaterThan(0);
  expect(offsetNs).toBeLessThan(2_000);
  rate = loop.advance({ localTime: at(50), offsetNs, weight: 1 }, { kp: 1, ki: 0.3 });
  expect(loop.phaseNs).toBeCloseTo(offsetNs, 3);
  expect(Math.abs(ppbValue(rate))).toBeLessThan(16_000);
});

it('the phase is gone one interval on, where Sync come no more often than that', () => {
  const loop = new PhaseLoop(100_000);
  loop.intervalSeconds = 1;
  const rate = loop.advance({ localTime: at(0), offsetNs: 500, weight: 1 }, { kp: 1, ki: 0.3 });
  expect(ppbValue(rate)).toBeCloseTo(-500, 6);
  expect(loop.foreseenNs(at(1_000))).toBeCloseTo(0, 6);
});
