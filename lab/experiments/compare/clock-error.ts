/** Errors of a clock that is steered, as they were seen now and then. Pure. */
import type { ClockError } from './leg.js';

/** The error of a clock between the moments at which it was steered: a straight line. */
export function errorAt(errors: readonly ClockError[], atNs: bigint): number | null {
  let low = 0;
  let high = errors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((errors[middle]?.atNs ?? 0n) <= atNs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [errors[low - 1], errors[low]];
  if (before === undefined || after === undefined) return null;
  const share = Number(atNs - before.atNs) / Number(after.atNs - before.atNs);
  return before.errorNs + share * (after.errorNs - before.errorNs);
}

/** A clock that is further off follows nobody yet, or has just been stepped. */
const STRAY_NS = 10_000_000;

/** From when on it never strayed any more. */
export function settledErrors(errors: readonly ClockError[]): readonly ClockError[] {
  const stray = errors.findLastIndex(({ errorNs }) => Math.abs(errorNs) > STRAY_NS);
  return errors.slice(stray + 1);
}
