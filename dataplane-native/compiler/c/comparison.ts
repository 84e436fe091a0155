/** Comparisons that need no C: their outcome follows from the ranges. */
import type { CompareOp } from '../model.js';
import type { Range } from './range.js';

/** A comparison whose outcome is known: `order` is the sign of left - right. */
export function decided(op: CompareOp, order: -1 | 0 | 1): string {
  const holds: Record<CompareOp, boolean> = {
    '==': order === 0,
    '!=': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  };
  return holds[op] ? 'true' : 'false';
}

/** Comparisons that the ranges decide although they touch: unsigned x >= 0. */
export function boundary(op: CompareOp, a: Range, b: Range): boolean | null {
  if (op === '>=' || op === '<') {
    return a.low >= b.high ? op === '>=' : null;
  }
  if (op === '<=' || op === '>') {
    return a.high <= b.low ? op === '<=' : null;
  }
  return null;
}
