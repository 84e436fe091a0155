import { describe, expect, it } from 'vitest';
import { keptTo, ownProcessors, parseProcessors, place, switchFlags } from '#lab/load/placement';

describe('a list of processors', () => {
  it('is read as the kernel writes it', () => {
    expect(parseProcessors('0')).toEqual([0]);
    expect(parseProcessors('0-3,6,8-9')).toEqual([0, 1, 2, 3, 6, 8, 9]);
  });

  it('is known of this process', () => {
    expect(ownProcessors().length).toBeGreaterThan(0);
  });
});

describe('the packet loop', () => {
  it('has the first processor at real-time priority, where it can be', () => {
    const placement = place([0, 1], true, {});
    expect(placement).toEqual({ priority: 'realtime', loop: 0, others: [1] });
    expect(switchFlags(placement)).toEqual(['--priority', 'realtime', '--processor', '0']);
    expect(keptTo(placement.others, ['agent'])).toEqual(['taskset', '--cpu-list', '1', 'agent']);
  });

  it('has normal priority where nobody may have another', () => {
    expect(place([2, 3, 5], false, {})).toEqual({ priority: 'normal', loop: 2, others: [3, 5] });
  });

  it('shares the only processor, and is not before the others there', () => {
    const placement = place([0], true, {});
    expect(placement).toEqual({ priority: 'normal', loop: null, others: null });
    expect(switchFlags(placement)).toEqual(['--priority', 'normal']);
    expect(keptTo(placement.others, ['agent'])).toEqual(['agent']);
  });

  it('is placed as the user says', () => {
    expect(place([0, 1], true, { use: 'shared' })).toMatchObject({
      priority: 'normal',
      loop: null,
    });
    expect(place([0, 1], true, { priority: 'normal' })).toMatchObject({ loop: 0 });
    expect(place([0], true, { priority: 'realtime' })).toMatchObject({ priority: 'realtime' });
    expect(() => place([0], true, { use: 'own' })).toThrow('one processor only');
  });
});
