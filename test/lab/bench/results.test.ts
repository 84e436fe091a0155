import { describe, expect, it } from 'vitest';
import { type Contest, interleave, judge, without } from '#lab/bench/results';
import { median } from '../../../control-plane/statistics/samples.js';

const cost: Contest = { name: 'work', baseline: 'peer', unit: 'ns', direction: 'cost' };
const rate: Contest = { name: 'speed', baseline: 'peer', unit: 'packets/s', direction: 'rate' };

describe('a contest', () => {
  it('of costs is won by the smaller one: baseline / value', () => {
    const result = judge(cost, [{ value: 50, baselineValue: 100 }]);
    expect(result).toMatchObject({ ratio: 2, spread: [2, 2], value: 50, baselineValue: 100 });
  });

  it('of rates is won by the greater one: value / baseline', () => {
    const result = judge(rate, [{ value: 50, baselineValue: 100 }]);
    expect(result).toMatchObject({ ratio: 0.5, unit: 'packets/s', status: 'ok', reason: '' });
  });

  it('says the median of its rounds, with the least and the greatest', () => {
    const rounds = [1, 4, 2].map((value) => ({ value, baselineValue: 1 }));
    expect(judge(rate, rounds)).toMatchObject({ ratio: 2, spread: [1, 4] });
  });

  it('that did not take place has no figures, and a reason', () => {
    expect(without(rate, 'skipped', 'not installed')).toEqual({
      name: 'speed',
      baseline: 'peer',
      unit: 'packets/s',
      ratio: 0,
      spread: [0, 0],
      value: 0,
      baselineValue: 0,
      status: 'skipped',
      reason: 'not installed',
    });
  });
});

describe('rounds', () => {
  it('go A-B-B-A, so that a drifting machine favours nobody', async () => {
    const order: string[] = [];
    let pace = 0;
    const side = (name: string) => () => {
      order.push(name);
      return Promise.resolve(++pace);
    };
    const rounds = await interleave(2, side('A'), side('B'), () => undefined);
    expect(order.join('')).toBe('ABBAABBA');
    expect(rounds).toEqual([
      { value: 2.5, baselineValue: 2.5 },
      { value: 6.5, baselineValue: 6.5 },
    ]);
  });
});

describe('the median', () => {
  it('of an even number is between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
  });
});
