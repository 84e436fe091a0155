/** The two data sets of NIST SP 1065, chapter 12, as phase records. */
import { phaseFromFrequency, type PhaseRecord } from '#lab/measure/stability/phase';

export const SMALL = [892, 809, 823, 798, 671, 644, 883, 903, 677];

/** A linear congruential generator that any language can run. */
export function thousand(): number[] {
  const out: number[] = [];
  let n = 1234567890;
  for (let i = 0; i < 1000; i += 1) {
    out.push(n / 2147483647);
    n = (16807 * n) % 2147483647;
  }
  return out;
}

/** τ0 is one, in whatever unit. */
export const small: PhaseRecord = phaseFromFrequency(SMALL, 1);
export const large: PhaseRecord = phaseFromFrequency(thousand(), 1);

function meanRemoved(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

export const largeMeanRemoved: PhaseRecord = phaseFromFrequency(meanRemoved(thousand()), 1);
