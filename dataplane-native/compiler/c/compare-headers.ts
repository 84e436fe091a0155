/** Comparisons of headers as wholes, and of varbits. */
import { fail } from '../failure.js';
import type { CompareOp, Expression } from '../model.js';
import { at } from '../scope.js';
import type { ExpressionEmitter } from './expression.js';
import { fieldName } from './names.js';
import { varbitText } from './varbit.js';

export function compareHeaders(
  emitter: ExpressionEmitter,
  op: CompareOp,
  left: Expression,
  right: Expression,
): string {
  if (left.kind !== 'header' || right.kind !== 'header' || (op !== '==' && op !== '!=')) {
    return fail(left, 'UNSUPPORTED', 'headers can only be compared for equality');
  }
  const [a, b] = [left.ref, right.ref];
  if (a.kind !== 'instance' || b.kind !== 'instance') {
    return fail(left, 'UNSUPPORTED', 'a comparison of stack elements by a dynamic index');
  }
  const type = at(emitter.program.headers, a.header).type;
  if (type !== at(emitter.program.headers, b.header).type) {
    return fail(left, 'MALFORMED', 'a comparison of headers of different types');
  }
  const fields = at(emitter.program.headerTypes, type).fields.map(
    (_, field) =>
      `(${[a, b].map((header) => fieldName(emitter.program, { header, type, field }, '')).join(' == ')})`,
  );
  if (at(emitter.program.headerTypes, type).varbit !== null) {
    const sides = [a, b].map((ref) => varbitText(emitter, ref));
    fields.push(`tp_same_number(${sides.join(', ')})`);
  }
  const same = fields.length === 0 ? 'true' : emitter.bound('bool', `(${fields.join(' && ')})`);
  const valid = [emitter.validText(a), emitter.validText(b)];
  const equal = `((${valid.join(' == ')}) && (!${valid[0] ?? ''} || ${same}))`;
  return op === '==' ? equal : `(!${equal})`;
}

export function compareVarbits(
  emitter: ExpressionEmitter,
  op: CompareOp,
  left: Expression,
  right: Expression,
): string {
  if (left.kind !== 'varbit' || right.kind !== 'varbit' || (op !== '==' && op !== '!=')) {
    return fail(left, 'UNSUPPORTED', 'varbits can only be compared for equality');
  }
  const [a, b] = [varbitText(emitter, left.ref), varbitText(emitter, right.ref)];
  return `(${op === '==' ? '' : '!'}tp_same_number(${a}, ${b}))`;
}
