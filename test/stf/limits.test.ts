import { describe, expect, it } from 'vitest';
import { beyondLimits } from './differential/limits.js';
import type { Outcome } from './differential/program.js';

const ALL_COMPARED: Outcome = {
  packets: 500,
  leftOut: { undefined: 0, asserted: 0, ending: 0 },
  frames: 400,
  overtaken: 0,
  elsewhere: 0,
  unwritten: [],
  divergences: [],
  obstacle: null,
};
const divergence = { port: 1, ours: '00', theirs: '01', packet: '00' };

describe('what stays out of a comparison with simple_switch', () => {
  it('is nothing of a program that is not listed', () => {
    expect(beyondLimits('arithmetic', ALL_COMPARED)).toEqual([]);
    const leftOut = { undefined: 1, asserted: 0, ending: 0 };
    expect(beyondLimits('arithmetic', { ...ALL_COMPARED, leftOut })).toEqual([
      'undefined: 0.2 %, limit 0 %',
    ]);
    expect(beyondLimits('arithmetic', { ...ALL_COMPARED, unwritten: ['meterWrite'] })).toEqual([
      'unwritten: meterWrite, known ',
    ]);
  });

  it('is as much as the list says, and no more', () => {
    const asserted = (count: number): Outcome => ({
      ...ALL_COMPARED,
      packets: 500 - count,
      leftOut: { undefined: 0, asserted: count, ending: 0 },
    });
    expect(beyondLimits('assertions', asserted(60))).toEqual([]);
    expect(beyondLimits('assertions', asserted(100))).toEqual(['asserted: 20.0 %, limit 13 %']);
  });

  it('is what an explanation covers, too', () => {
    const many = { ...ALL_COMPARED, divergences: Array.from({ length: 20 }, () => divergence) };
    expect(beyondLimits('equality-bmv2', many)).toEqual(['explained: 5.0 %, limit 0 %']);
  });
});
