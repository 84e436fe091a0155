/** Learn lists: what a digest carries, in the order of the P4Info's type. */
import { decodeValue, fieldValue } from './decode-expression.js';
import { fail } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Expression, LearnList } from './model.js';
import { at, fieldAt, instance, stackNamed } from './scope.js';
import type { Scope } from './scope.js';

type Element = LearnList['elements'][number];

/** A learn list of the JSON. A header stack is there as its headers, each as its validity and its
 * fields. */
export function learnList(scope: Scope, json: Json): LearnList {
  const elements = json
    .get('elements')
    .items(LIMITS.fields)
    .flatMap((item, i) =>
      item.get('type').value === 'header_stack'
        ? stackElements(scope, item)
        : [element(scope, item, decodeValue({ scope, parameters: [] }, item), `valid${i}`)],
    );
  if (elements.length > LIMITS.fields) {
    fail(json, 'LIMIT', `a digest of ${elements.length} fields`);
  }
  const id = json.get('id').integer(0, LIMITS.id);
  const place = { path: json.path, source: json.source };
  return { ...place, name: json.get('name').string(), id, elements };
}

function stackElements(scope: Scope, item: Json): readonly Element[] {
  const stack = at(scope.stacks, stackNamed(scope, item.get('value')));
  const { declared, varbit } = at(scope.headerTypes, stack.type);
  if (varbit !== null) {
    fail(item, 'UNSUPPORTED', 'headers with a varbit in a digest');
  }
  return stack.headers.flatMap((header, i) => {
    const ref = instance(header);
    const valid = fieldValue(item, { kind: 'valid', header: ref });
    const fields = declared.map((field) => fieldValue(item, fieldAt(scope, ref, field, item)));
    return [valid, ...fields].map((value, j) => element(scope, item, value, `${i}.${j}`));
  });
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
      return fail(item, 'UNSUPPORTED', 'only fields and header stacks can be in a digest');
  }
}
