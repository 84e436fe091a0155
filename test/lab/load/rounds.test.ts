import { describe, expect, it } from 'vitest';
import { ratioOf, ROUND, type Measured } from '#lab/load/rounds';

const measured = (round: number, side: Measured['side'], value: number): Measured => ({
  round,
  side,
  value,
});

describe('rounds', () => {
  it('begin and end with ours', () => {
    expect(ROUND).toEqual(['ours', 'theirs', 'theirs', 'ours']);
  });

  const rounds = [
    ...[measured(0, 'ours', 100), measured(0, 'theirs', 50)],
    ...[measured(0, 'theirs', 150), measured(0, 'ours', 300)],
    ...[measured(1, 'ours', 300), measured(1, 'theirs', 100)],
    ...[measured(2, 'ours', 400), measured(2, 'theirs', 100)],
  ];

  it('give the median of their ratios, and its spread', () => {
    expect(ratioOf(rounds, 'rate')).toEqual({ median: 3, least: 2, greatest: 4 });
  });

  it('say of costs that less is better', () => {
    expect(ratioOf(rounds, 'cost')).toEqual({ median: 1 / 3, least: 0.25, greatest: 0.5 });
  });

  it('give no ratio where one side came to nothing or is missing', () => {
    expect(ratioOf([measured(0, 'ours', 1), measured(0, 'theirs', 0)], 'rate')).toBeNull();
    expect(ratioOf([measured(0, 'ours', 0), measured(0, 'theirs', 1)], 'rate')).toBeNull();
    expect(ratioOf([measured(0, 'ours', 1)], 'rate')).toBeNull();
    expect(ratioOf([], 'rate')).toBeNull();
  });
});
