/** What primitives are emitted into. */
import type { Program } from '../model.js';
import type { ExpressionEmitter } from './expression.js';

/** What a primitive is emitted into. */
export interface CodeContext {
  readonly program: Program;
  readonly emitter: ExpressionEmitter;
  /** C that leaves the piece when an assertion of it has failed. */
  readonly leave: string;
}

/** Wraps what needs the declarations emitted so far in a block with them. */
export function block(
  emitter: ExpressionEmitter,
  content: readonly string[] | (() => readonly string[]),
): string[] {
  const before = emitter.take();
  const lines = typeof content === 'function' ? content() : content;
  return before.length === 0 ? [...lines] : ['{', ...before, ...lines, '}'];
}
