/** Header unions as wholes: each becomes operations on its members. */
import type { ExpressionContext } from './decode-expression.js';
import { fail } from './failure.js';
import type { Json } from './json.js';
import type { Primitive } from './model.js';
import { at, instance, unionNamed, unionStackNamed } from './scope.js';
import type { Scope } from './scope.js';

type Members = readonly number[];

function copyUnion({ path, source }: Json, to: Members, from: Members): readonly Primitive[] {
  return to.map((member, i) => ({
    path,
    source,
    kind: 'assignHeader',
    to: instance(member),
    from: instance(at(from, i)),
  }));
}

function clearUnion({ path, source }: Json, members: Members): readonly Primitive[] {
  return members.map((member) => ({
    path,
    source,
    kind: 'removeHeader',
    header: instance(member),
  }));
}

function sameMembers(scope: Scope, place: Json, a: Members, b: Members): void {
  const typesOf = (members: Members): string =>
    members.map((member) => at(scope.headers, member).type).join();
  if (typesOf(a) !== typesOf(b)) {
    fail(place, 'MALFORMED', 'the two header unions have different types');
  }
}

/** A union, or a stack of them, gets the value of another. */
export function decodeAssignUnion(
  { scope }: ExpressionContext,
  json: Json,
  to: Json,
  from: Json,
): Primitive {
  const { path, source } = json;
  if (json.get('op').value === 'assign_union') {
    const target = unionNamed(scope, to.get('value'));
    const origin = unionNamed(scope, from.get('value'));
    sameMembers(scope, json, target, origin);
    return { path, source, kind: 'sequence', primitives: copyUnion(json, target, origin) };
  }
  const target = unionStackNamed(scope, to.get('value'));
  const origin = unionStackNamed(scope, from.get('value'));
  const [a, b] = [at(scope.unionStacks, target), at(scope.unionStacks, origin)];
  if (a.elements.length !== b.elements.length) {
    fail(json, 'MALFORMED', 'the two stacks have different sizes');
  }
  const copies = a.elements.flatMap((members, i) => {
    sameMembers(scope, json, members, at(b.elements, i));
    return copyUnion(json, members, at(b.elements, i));
  });
  const size: Primitive = { path, source, kind: 'copyUnionStackSize', stack: target, from: origin };
  return { path, source, kind: 'sequence', primitives: [...copies, size] };
}

/** push_front and pop_front: what comes in is invalid. */
export function decodeShiftUnions(
  { scope }: ExpressionContext,
  json: Json,
  op: 'push' | 'pop',
  count: number,
): Primitive {
  const { path, source } = json;
  const [target] = json.get('parameters').items(2);
  const stack = unionStackNamed(scope, (target ?? json).get('value'));
  const { elements } = at(scope.unionStacks, stack);
  const by = Math.min(count, elements.length);
  const kept = elements.length - by;
  const primitives: Primitive[] = [];
  for (let i = 0; i < elements.length; i += 1) {
    // Each is read before it is overwritten.
    const place = op === 'push' ? elements.length - 1 - i : i;
    const origin = op === 'push' ? place - by : place + by;
    const from = i < kept ? at(elements, origin) : null;
    const to = at(elements, place);
    primitives.push(...(from === null ? clearUnion(json, to) : copyUnion(json, to, from)));
  }
  const size = op === 'push' ? by : -by;
  primitives.push({ path, source, kind: 'addUnionStackSize', stack, by: size });
  return { path, source, kind: 'sequence', primitives };
}
