/** Learn lists: what a digest carries, in the order of the P4Info's type. */
import { decodeExpression, fieldValue } from './decode-expression.js';
import { fail } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Expression, LearnList } from './model.js';
import { at, fieldAt, instance, stackNamed, unionStackNamed } from './scope.js';
import type { Scope } from './scope.js';

type Element = LearnList['elements'][number];

/** A learn list of the JSON. The fields of a header come after its validity, those of a stack header by
 * header, since the P4Info may say that it is one. */
export function learnList(scope: Scope, json: Json): LearnList {
  const elements: Element[] = [];
  let run: Run | null = null;
  for (const [i, item] of json.get('elements').items(LIMITS.fields).entries()) {
    const stack = stackHeaders(scope, item);
    if (stack !== null) {
      elements.push(
        ...stack.flatMap((header, j) => headerElements(scope, item, header, `${i}.${j}`)),
      );
      run = null;
      continue;
    }
    const next = runOf(scope, item);
    // The same header twice is there twice, each time from its first field.
    const begins: boolean =
      next !== null && !(run?.header === next.header && run.field < next.field);
    if (next !== null && begins) elements.push(validity(scope, item, next.header, `valid${i}`));
    elements.push(
      element(scope, item, decodeExpression({ scope, parameters: [] }, item), `value${i}`),
    );
    run = next;
  }
  if (elements.length > LIMITS.fields) {
    fail(json, 'LIMIT', `a digest of ${elements.length} fields`);
  }
  const id = json.get('id').integer(0, LIMITS.id);
  const place = { path: json.path, source: json.source };
  return { ...place, name: json.get('name').string(), id, elements };
}

/** A field of a header that is no metadata. */
interface Run {
  readonly header: number;
  readonly field: number;
}

function runOf(scope: Scope, item: Json): Run | null {
  if (item.get('type').value !== 'field') return null;
  const [headerName, fieldName] = item.get('value').items(2);
  const header = headerName === undefined ? undefined : scope.headerByName.get(headerName.string());
  if (header === undefined || fieldName === undefined) return null;
  const { role, type } = at(scope.headers, header);
  const field = at(scope.headerTypes, type).fieldByName.get(fieldName.string());
  return role === 'header' && field !== undefined ? { header, field } : null;
}

/** The headers of a stack, or of one of unions; null of anything else. */
function stackHeaders(scope: Scope, item: Json): readonly number[] | null {
  switch (item.get('type').value) {
    case 'header_stack':
      return at(scope.stacks, stackNamed(scope, item.get('value'))).headers;
    case 'header_union_stack':
      return at(scope.unionStacks, unionStackNamed(scope, item.get('value'))).elements.flat();
    default:
      return null;
  }
}

function headerElements(scope: Scope, item: Json, header: number, name: string): Element[] {
  const { declared, varbit } = at(scope.headerTypes, at(scope.headers, header).type);
  if (varbit !== null) fail(item, 'UNSUPPORTED', 'headers with a varbit in a digest');
  const ref = instance(header);
  const fields = declared.map((field, i) =>
    element(scope, item, fieldValue(item, fieldAt(scope, ref, field)), `${name}.${i}`),
  );
  return [validity(scope, item, header, `${name}.valid`), ...fields];
}

function validity(scope: Scope, item: Json, header: number, name: string): Element {
  const value = fieldValue(item, { kind: 'valid', header: instance(header) });
  return { ...element(scope, item, value, name), isValidity: true };
}

/** `name`: of what has none of its own. */
function element(scope: Scope, item: Json, value: Expression, name: string): Element {
  switch (value.kind) {
    case 'wide': {
      const pair = item.get('value').value;
      const named = Array.isArray(pair) ? at(item.get('value').items(2), 1).string() : name;
      return { name: named, value, bitwidth: value.bits };
    }
    case 'field': {
      const field = at(at(scope.headerTypes, value.ref.type).fields, value.ref.field);
      return { name: field.name, value, bitwidth: field.bitwidth };
    }
    case 'toData':
      return { name, value, bitwidth: 1 };
    default:
      return fail(
        item,
        'UNSUPPORTED',
        'only fields, headers and their stacks can be in a digest, and no varbits',
      );
  }
}
