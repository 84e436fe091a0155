import { fail, sanitise } from './failure.js';
import type { Place } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { ArithmeticOp, CompareOp, Expression, HeaderRef, Parameter } from './model.js';
import {
  at,
  fieldAt,
  fieldNamed,
  fieldOf,
  headerNamed,
  instance,
  stackFieldNamed,
  stackNamed,
  typeOf,
  unionMemberNamed,
  unionNamed,
  unionStackNamed,
} from './scope.js';
import type { FieldOrValid, Scope } from './scope.js';
import { PIECE_BITS, pieceCount } from './pieces.js';

/** Where an expression stands: the parameters of the action around it. */
export interface ExpressionContext {
  readonly scope: Scope;
  readonly parameters: readonly Parameter[];
}

const MAX_CAST_BITS = BigInt(LIMITS.wideBits);
const ARITHMETIC = new Set(['+', '-', '*', '/', '%', '<<', '>>', '&', '|', '^']);
const COMPARE = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Decodes a type-value object that is used for its value. */
export function decodeExpression(context: ExpressionContext, json: Json): Expression {
  const type = json.get('type').string();
  const place = { path: json.path, source: json.source };
  switch (type) {
    case 'expression': {
      const value = json.get('value');
      return isTypeValue(value) ? decodeExpression(context, value) : decodeOp(context, value);
    }
    case 'field':
    case 'stack_field': {
      const pair = json.get('value');
      const found =
        type === 'field' ? fieldNamed(context.scope, pair) : stackFieldNamed(context.scope, pair);
      return fieldValue(json, found);
    }
    case 'union_stack_field':
      return lastOfUnionStack(context.scope, json);
    case 'hexstr':
      return { ...place, kind: 'constant', value: json.get('value').hex() };
    case 'bool':
      return { ...place, kind: 'boolean', value: json.get('value').boolean() };
    case 'local':
    case 'runtime_data': {
      const index = json.get('value').integer(0, 0xffff);
      const parameter = context.parameters[index];
      return parameter === undefined
        ? fail(json, 'BAD_REFERENCE', `the action has no parameter ${index}`)
        : parameterValue(json, index, parameter.bitwidth);
    }
    case 'header':
      return {
        ...place,
        kind: 'header',
        ref: { kind: 'instance', header: headerNamed(context.scope, json.get('value')) },
      };
    default:
      return fail(json, 'UNSUPPORTED', `a value of type "${sanitise(type)}"`);
  }
}

/** A field of a member of the last element: of whichever that is. */
function lastOfUnionStack(scope: Scope, json: Json): Expression {
  const { path, source } = json;
  const [stackName, member, field] = json.get('value').tuple(3) as readonly [Json, Json, Json];
  const stack = unionStackNamed(scope, stackName);
  const place = unionMemberNamed(scope, stack, member);
  const size: Expression = { path, source, kind: 'unionStackSize', stack };
  return at(scope.unionStacks, stack).elements.reduce(
    (otherwise: Expression, members, i): Expression => {
      const found = fieldOf(scope, instance(at(members, place)), field.string(), field);
      const right: Expression = { path, source, kind: 'constant', value: BigInt(i + 1) };
      const condition: Expression = { path, source, kind: 'compare', op: '==', left: size, right };
      const left = fieldValue(json, found);
      return { path, source, kind: 'choice', condition, left, right: otherwise };
    },
    { path, source, kind: 'constant', value: 0n },
  );
}

/** What a field is as a value. */
export function fieldValue({ path, source }: Place, found: FieldOrValid): Expression {
  const place = { path, source };
  switch (found.kind) {
    case 'field':
      return { ...place, kind: 'field', ref: found.ref };
    case 'wide': {
      const pieces = found.refs.map((ref): Expression => ({ ...place, kind: 'field', ref }));
      return { ...place, kind: 'wide', bits: found.bitwidth, signed: found.signed, pieces };
    }
    case 'varbit':
      return { ...place, kind: 'varbit', ref: found.header };
    case 'valid':
      return { ...place, kind: 'toData', arg: { ...place, kind: 'valid', header: found.header } };
  }
}

function parameterValue({ path, source }: Place, index: number, bitwidth: number): Expression {
  const place = { path, source };
  if (bitwidth <= LIMITS.fieldBits) {
    return { ...place, kind: 'parameter', index, bitwidth, word: 0 };
  }
  const pieces = Array.from({ length: pieceCount(bitwidth) }, (_, word): Expression => {
    const bits = Math.min(bitwidth - word * PIECE_BITS, PIECE_BITS);
    return { ...place, kind: 'parameter', index, bitwidth: bits, word };
  });
  return { ...place, kind: 'wide', bits: bitwidth, signed: false, pieces };
}

function isTypeValue(json: Json): boolean {
  return json.optional('op') === null && json.optional('type') !== null;
}

function decodeOp(context: ExpressionContext, json: Json): Expression {
  const op = json.get('op').string();
  const place = { path: json.path, source: json.source };
  const side = (name: 'left' | 'right' | 'cond'): Expression =>
    decodeExpression(context, json.get(name));
  if (ARITHMETIC.has(op)) {
    // A missing left side is zero: unary minus.
    const left: Expression =
      json.optional('left') === null ? { ...place, kind: 'constant', value: 0n } : side('left');
    return { ...place, kind: 'arithmetic', op: op as ArithmeticOp, left, right: side('right') };
  }
  if (COMPARE.has(op)) {
    const [left, right] = [side('left'), side('right')];
    return { ...place, kind: 'compare', op: op as CompareOp, left, right };
  }
  switch (op) {
    case 'and':
    case 'or':
      return { ...place, kind: 'logic', op, left: side('left'), right: side('right') };
    case 'not':
      return { ...place, kind: 'not', arg: side('right') };
    case '~':
      return { ...place, kind: 'complement', arg: side('right') };
    case 'd2b':
      return { ...place, kind: 'toBoolean', arg: side('right') };
    case 'b2d':
      return { ...place, kind: 'toData', arg: side('right') };
    case '?':
      return {
        ...place,
        kind: 'choice',
        condition: side('cond'),
        left: side('left'),
        right: side('right'),
      };
    case 'two_comp_mod':
    case 'sat_cast':
    case 'usat_cast':
      return { ...place, kind: 'cast', op, arg: side('left'), bitwidth: castWidth(json) };
    default:
      return decodeHeaderOp(context, json, op);
  }
}

function castWidth(json: Json): number {
  const width = json.get('right');
  if (width.get('type').string() !== 'hexstr') {
    return fail(width, 'UNSUPPORTED', 'a cast to a width that is not a constant');
  }
  const bits = width.get('value').hex();
  return bits < 1n || bits > MAX_CAST_BITS
    ? fail(width, 'LIMIT', `a cast to ${bits} bits`)
    : Number(bits);
}

function decodeHeaderOp(context: ExpressionContext, json: Json, op: string): Expression {
  const { scope } = context;
  const place = { path: json.path, source: json.source };
  switch (op) {
    case 'valid':
      return { ...place, kind: 'valid', header: decodeHeaderRef(context, json.get('right')) };
    case 'valid_union':
      return anyValid(json, unionNamed(scope, unwrap(json.get('right')).get('value')));
    case 'dereference_stack':
    case 'dereference_header_stack':
      return { ...place, kind: 'header', ref: decodeElement(context, json) };
    case 'last_stack_index':
    case 'size_stack': {
      const side = json.optional('left') ?? json.get('right');
      const inner = unwrap(side);
      if (inner.get('type').value === 'header_union_stack') {
        const size: Expression = {
          ...place,
          kind: 'unionStackSize',
          stack: unionStackNamed(scope, inner.get('value')),
        };
        const right: Expression = { ...place, kind: 'constant', value: 1n };
        return op === 'size_stack'
          ? size
          : { ...place, kind: 'arithmetic', op: '-', left: size, right };
      }
      const stack = stackNamed(scope, inner.get('value'));
      return { ...place, kind: 'stackSize', stack, lastIndex: op === 'last_stack_index' };
    }
    case 'access_field': {
      const header = decodeHeaderRef(context, json.get('left'));
      const type = typeOf(scope, header);
      const { declared } = at(scope.headerTypes, type);
      const field = json.get('right').integer(0, declared.length);
      return field === declared.length
        ? { ...place, kind: 'toData', arg: { ...place, kind: 'valid', header } }
        : fieldValue(json, fieldAt(scope, header, at(declared, field)));
    }
    default:
      return fail(json, 'UNSUPPORTED', `the operation "${sanitise(op)}"`);
  }
}

function anyValid({ path, source }: Place, members: readonly number[]): Expression {
  const place = { path, source };
  return members
    .map((header): Expression => ({ ...place, kind: 'valid', header: instance(header) }))
    .reduce((left, right) => ({ ...place, kind: 'logic', op: 'or', left, right }), {
      ...place,
      kind: 'boolean',
      value: false,
    });
}

/** Strips `{type: expression, value: …}` around a type-value object. */
function unwrap(json: Json): Json {
  let inner = json;
  while (inner.get('type').string() === 'expression' && isTypeValue(inner.get('value'))) {
    inner = inner.get('value');
  }
  return inner;
}

function decodeElement(context: ExpressionContext, json: Json): HeaderRef {
  const stack = stackNamed(context.scope, unwrap(json.get('left')).get('value'));
  const index = decodeExpression(context, json.get('right'));
  const { headers } = at(context.scope.stacks, stack);
  if (index.kind === 'constant') {
    const header = headers[Number(index.value)];
    return header === undefined
      ? fail(json, 'BAD_REFERENCE', `the stack has no element ${index.value}`)
      : { kind: 'instance', header };
  }
  return { kind: 'element', stack, index };
}

/** Decodes a type-value object that names a header. */
export function decodeHeaderRef(context: ExpressionContext, json: Json): HeaderRef {
  const expression = decodeExpression(context, json);
  return expression.kind === 'header'
    ? expression.ref
    : fail(json, 'MALFORMED', 'a header is expected');
}

/** Whether an expression gives a boolean, a header, or a number. */
export function kindOf(expression: Expression): 'boolean' | 'header' | 'varbit' | 'data' {
  switch (expression.kind) {
    case 'boolean':
    case 'valid':
    case 'compare':
    case 'logic':
    case 'not':
    case 'toBoolean':
      return 'boolean';
    case 'header':
    case 'varbit':
      return expression.kind;
    case 'choice':
      return kindOf(expression.left);
    case 'constant':
    case 'field':
    case 'parameter':
    case 'wide':
    case 'stackSize':
    case 'unionStackSize':
    case 'complement':
    case 'arithmetic':
    case 'cast':
    case 'toData':
      return 'data';
  }
}
