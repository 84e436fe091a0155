import { describe, expect, it } from 'vitest';
import {
  estimate,
  instanceRows,
  steppedRows,
} from '#lab/experiments/002-boundary-or-transparent/experiment';

const SHORT = {
  seeds: 3,
  samples: 5_000,
  chain: { settleSeconds: 300, seconds: 200 },
};

describe('boundary clocks or transparent clocks', () => {
  it('with white noise alone, is where the closed form has it', () => {
    const rows = steppedRows(SHORT, () => {});
    const off = rows.filter(({ isAsExpected }) => !isAsExpected);
    // By 95 % intervals one in twenty is off by chance, and hops of one chain go together.
    expect(off.length).toBeLessThan(rows.length / 4);
    const at = (servo: string) => rows.find((row) => row.servo === servo && row.hop === 20);
    const [theirs, ours] = [at('linuxptp, software stamps'), at('ours at one Sync a second')];
    // The point of it all: twenty in a row amplify with those gains, and do not with these.
    expect(theirs?.boundary.mean).toBeGreaterThan(100 * (theirs?.transparent.mean ?? Infinity));
    expect(ours?.boundary.mean).toBeLessThan(ours?.transparent.mean ?? 0);
  });

  it('as whole instances: noise grows with hops, and no faster than through transparent clocks', () => {
    const rows = instanceRows({ ...SHORT, seeds: 2 }, () => {});
    const [first] = rows;
    const last = rows.at(-1);
    expect(first?.boundary.mean).toBeGreaterThan(10);
    expect(last?.boundary.mean).toBeGreaterThan(first?.boundary.mean ?? Infinity);
    expect(last?.boundary.mean).toBeLessThan(last?.transparent.mean ?? 0);
  });
});

describe('an estimate', () => {
  it('has the interval of Student’s t', () => {
    const { mean, half } = estimate([9, 10, 11]);
    expect(mean).toBe(10);
    // s = 1, t = 4.303 with two degrees of freedom.
    expect(half).toBeCloseTo(4.303 / Math.sqrt(3), 3);
  });
});
