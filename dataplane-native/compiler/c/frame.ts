/**
 * Where the headers stand. They stay in the frame as they came until the deparser, which has nothing
 * to do where none was changed, stores the changed fields where only those were, and builds the
 * headers anew where one was added, removed or moved.
 *
 *   p->v.in_place  the octets of the headers while they stand in the frame in the deparser's order,
 *                  or TP_REARRANGED
 *   p->v.changed   a field of the header with that bit was written to (more than 64 headers share bits)
 *   p->at          where in the frame a header's octets are, or TP_NO_OCTETS: it was added
 */
import type { HeaderRef, ParserOp, Program } from '../model.js';
import { at } from '../scope.js';
import { headerBit } from './names.js';

/** C: the headers do not stand in the frame as they are to be sent. */
export const REARRANGED = 'p->v.in_place = TP_REARRANGED;';

/** C that notes that fields of a header were written to; nothing for what is not sent. */
export function noteChange(program: Program, ref: HeaderRef): string[] {
  const headers = ref.kind === 'instance' ? [ref.header] : at(program.stacks, ref.stack).headers;
  if (headers.some((header) => at(program.headers, header).role !== 'header')) return [];
  if (headers.some((header) => at(program.headerTypes, at(program.headers, header).type).varbit)) {
    return [REARRANGED];
  }
  const bits = headers
    .filter((header) => program.deparser.includes(header))
    .map((header) => headerBit(program, header));
  return bits.length === 0 ? [] : [`p->v.changed |= ${bits.join(' | ')};`];
}

/** C: whether a header of the deparser was written to. */
export function isChanged(program: Program, header: number): string {
  return `(p->v.changed & ${headerBit(program, header)}) != 0`;
}

/**
 * The parser's operations after which what it took from the frame may not stand there in the
 * deparser's order, without gaps. Each state is looked at with the furthest place in that order that
 * a way to it without such an operation has come to.
 */
export function orderBreaks(program: Program): ReadonlySet<ParserOp> {
  const { start, states } = program.parser;
  const isOnce = new Set(program.deparser).size === program.deparser.length;
  const breaks = new Set<ParserOp>();
  const entries = new Map<number, number>();
  const pending: number[] = [];
  const enter = (state: number | null, rank: number): void => {
    if (state !== null && (entries.get(state) ?? -2) < rank) {
      entries.set(state, rank);
      pending.push(state);
    }
  };
  enter(start, -1);
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const state = at(states, index);
    let rank = entries.get(index) ?? -1;
    let isBroken = !isOnce;
    for (const op of state.ops) {
      const next = rankAfter(program, op, rank);
      if (next === null || !isOnce) breaks.add(op);
      isBroken = isBroken || next === null;
      rank = next ?? rank;
    }
    for (const { next } of state.transitions) {
      // A way that is broken stays so; its states are looked at all the same.
      enter(next, isBroken ? -1 : rank);
    }
  }
  return breaks;
}

/** The place in the deparser's order of what is taken last, or null where the order is broken. */
function rankAfter(program: Program, op: ParserOp, before: number): number | null {
  switch (op.kind) {
    case 'extract': {
      const { element, union } = at(program.headers, op.header);
      const rank = program.deparser.indexOf(op.header);
      return element === null && union.length === 0 && rank > before ? rank : null;
    }
    case 'extractNext': {
      const { headers } = at(program.stacks, op.stack);
      const ranks = headers.map((header) => program.deparser.indexOf(header));
      const [first = -1] = ranks;
      const isRun = first >= 0 && ranks.every((rank, i) => rank === first + i);
      const last = first + headers.length - 1;
      // Again the same stack, which then was the last to be taken, or one that is still to come.
      return isRun && (before < first || before === last) ? last : null;
    }
    case 'advance':
    case 'extractNextUnion':
      return null;
    case 'set':
    case 'setLookahead':
    case 'verify':
    case 'primitive': // notes what it moves itself
      return before;
  }
}
