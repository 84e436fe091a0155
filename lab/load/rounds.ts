/** Rounds A-B-B-A, and what two sides come to against each other in them. */
import { mean, median } from '../../control-plane/statistics/samples.js';
import type { Direction } from '../bench/results.js';

export const SIDES = ['ours', 'theirs'] as const;
export type Side = (typeof SIDES)[number];

/** A machine that grows slower or faster favours nobody. */
export const ROUND: readonly Side[] = ['ours', 'theirs', 'theirs', 'ours'];

export interface Measured {
  readonly side: Side;
  readonly round: number;
  readonly value: number;
}

export interface RatioOfRounds {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/**
 * Ours against theirs, round by round: above 1 is better. Null where a round lacks a side, or one
 * side came to nothing, since a ratio would say nothing either.
 */
export function ratioOf(measured: readonly Measured[], direction: Direction): RatioOfRounds | null {
  const rounds = [...new Set(measured.map(({ round }) => round))];
  const ratios = rounds.map((round) => {
    const of = (side: Side) =>
      mean(
        measured
          .filter((one) => one.round === round && one.side === side)
          .map(({ value }) => value),
      );
    return direction === 'rate' ? of('ours') / of('theirs') : of('theirs') / of('ours');
  });
  if (ratios.length === 0 || ratios.some((value) => !(value > 0 && Number.isFinite(value)))) {
    return null;
  }
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) };
}
