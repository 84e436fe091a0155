import { describe, expect, it } from 'vitest';
import { contestOf, networksOf } from '#lab/bench/simulated-network';
import * as stepped from '#lab/bench/stepped-network';

describe('a simulated network of boundary clocks', () => {
  it('is timed, and says what it takes', () => {
    const [small] = networksOf(true);
    if (small === undefined) throw new Error('no network');
    const result = contestOf({ ...small, rounds: 2, roundSeconds: 20 });
    expect(result.status).toBe('ok');
    expect(result.ratio).toBeGreaterThan(1);
    expect(result.reason).toMatch(
      /^[\d,]+ events\/s, [\d,]+ clock-seconds\/s, [\d.e+]+ times real time by processor time, \d+ KiB a clock, \d+ MiB resident$/,
    );
  });

  it('grows from ten to ten thousand', () => {
    expect(networksOf(false).map(({ shape }) => shape)).toEqual([
      'switches:10,10',
      'switches:100,10',
      'switches:1000,10',
      'switches:10000,10',
      'data-centre',
    ]);
  });
});

describe('a network in steps', () => {
  it('is timed, from ten to ten thousand', () => {
    const scales = stepped.steppedScales(false);
    expect(scales.map(({ clocks }) => clocks)).toEqual([10, 100, 1_000, 10_000]);
    const result = stepped.contestOf({ clocks: 50, rounds: 2, clockSeconds: 20_000 });
    expect(result.status).toBe('ok');
    expect(result.ratio).toBeGreaterThan(100);
    expect(result.reason).toMatch(/^[\d,]+ clock-seconds\/s$/);
  });
});
