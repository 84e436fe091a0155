/**
 * Which headers may be valid where in the parser. p4c begins it with making all of them invalid,
 * which they are: what changes nothing is left out.
 */
import type { HeaderRef, ParserOp, Primitive, Program } from '../model.js';
import { at } from '../scope.js';
import { CellSet } from './cell-set.js';

/** The operations that make a header invalid which cannot be valid there. */
export function idleOps(program: Program): ReadonlySet<ParserOp> {
  const { start, states } = program.parser;
  const entries = new Map<number, CellSet>();
  const idle = new Set<ParserOp>();
  const pending: number[] = [];
  const enter = (state: number | null, valid: CellSet): void => {
    if (state === null) return;
    const known = entries.get(state);
    const merged = valid.copy();
    if (known !== undefined) merged.addAll(known);
    if (known === undefined || !merged.equals(known)) {
      entries.set(state, merged);
      pending.push(state);
    }
  };
  enter(start, new CellSet(program.headers.length));
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const valid = (entries.get(index) ?? new CellSet(program.headers.length)).copy();
    for (const op of at(states, index).ops) {
      // A state is looked at again when more may be valid in it.
      if (isIdle(op, valid)) idle.add(op);
      else idle.delete(op);
      for (const header of madeValid(program, op)) valid.add(header);
    }
    for (const { next } of at(states, index).transitions) enter(next, valid);
  }
  return idle;
}

function isIdle(op: ParserOp, valid: CellSet): boolean {
  return (
    op.kind === 'primitive' &&
    op.primitive.kind === 'removeHeader' &&
    op.primitive.header.kind === 'instance' &&
    !valid.has(op.primitive.header.header)
  );
}

function madeValid(program: Program, op: ParserOp): readonly number[] {
  switch (op.kind) {
    case 'extract':
      return [op.header];
    case 'extractNext':
      return at(program.stacks, op.stack).headers;
    case 'extractNextUnion':
      return at(program.unionStacks, op.stack).elements.flat();
    case 'primitive':
      return madeValidBy(program, op.primitive);
    case 'set':
    case 'setLookahead':
    case 'verify':
    case 'advance':
      return [];
  }
}

function madeValidBy(program: Program, primitive: Primitive): readonly number[] {
  const inRef = (ref: HeaderRef): readonly number[] =>
    ref.kind === 'instance' ? [ref.header] : at(program.stacks, ref.stack).headers;
  switch (primitive.kind) {
    case 'addHeader':
      return inRef(primitive.header);
    case 'assignHeader':
      return inRef(primitive.to);
    case 'sequence':
      return primitive.primitives.flatMap((part) => madeValidBy(program, part));
    case 'assignStack':
      return at(program.stacks, primitive.to).headers;
    case 'push':
    case 'pop':
      return at(program.stacks, primitive.stack).headers;
    default:
      return [];
  }
}
