/**
 * The locks of register arrays. What an action, or the deparser, reads from a register and writes
 * back is one step for every other thread, as on simple_switch: it holds the locks of all arrays
 * that it touches from its beginning to its end.
 */
import type { Primitive } from '../model.js';

/** As TP_REGISTER_LOCKS in shared.h. */
const LOCKS = 64;

/** Bit i: lock i is needed. */
export function registerMask(primitives: readonly Primitive[]): bigint {
  return primitives.reduce((mask, primitive) => {
    if (primitive.kind === 'sequence') {
      return mask | registerMask(primitive.primitives);
    }
    return primitive.kind === 'registerRead' || primitive.kind === 'registerWrite'
      ? mask | (1n << BigInt(primitive.register % LOCKS))
      : mask;
  }, 0n);
}

export function registersLock(mask: bigint): string {
  return `tp_registers_lock(pipeline, 0x${mask.toString(16)}ul);`;
}

export function registersUnlock(mask: bigint): string {
  return `tp_registers_unlock(pipeline, 0x${mask.toString(16)}ul);`;
}

/** Statements that have one way out, with the locks that their primitives need around them. */
export function withRegisters(
  primitives: readonly Primitive[],
  statements: readonly string[],
): string[] {
  const mask = registerMask(primitives);
  return mask === 0n
    ? [...statements]
    : [registersLock(mask), ...statements, registersUnlock(mask)];
}
