import { describe, expect, it } from 'vitest';
import { contestOf } from '#lab/bench/simulated-chain';

describe('a chain of twenty boundary clocks', () => {
  it('goes far faster than real time', () => {
    const result = contestOf({ rounds: 1, roundSeconds: 60 });
    expect(result).toMatchObject({ status: 'ok', baselineValue: 1 });
    // Machines differ, and this one may have other things to do.
    expect(result.ratio).toBeGreaterThan(30);
    expect(result.reason).toContain('events each simulated second');
  });
});
