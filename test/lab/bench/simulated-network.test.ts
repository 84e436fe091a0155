import { describe, expect, it } from 'vitest';
import { contestOf, networksOf } from '#lab/bench/simulated-network';

describe('a simulated network of boundary clocks', () => {
  it('is timed, and says what it takes', () => {
    const [small] = networksOf(true);
    if (small === undefined) throw new Error('no network');
    const result = contestOf({ ...small, rounds: 2, roundSeconds: 20 });
    expect(result.status).toBe('ok');
    expect(result.ratio).toBeGreaterThan(1);
    expect(result.reason).toMatch(
      /^[\d,]+ events\/s, [\d,]+ clock-seconds\/s, \d+ KiB of heap a clock$/,
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
