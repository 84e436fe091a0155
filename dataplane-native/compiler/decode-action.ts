import { decodeExpression, decodeHeaderRef } from './decode-expression.js';
import { decodeLog } from './decode-log.js';
import { decodeAssignUnion, decodeShiftUnions } from './decode-union.js';
import type { ExpressionContext } from './decode-expression.js';
import { fail, sanitise } from './failure.js';
import type { Place } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Action, Expression, Primitive, Target } from './model.js';
import {
  at,
  calculationNamed,
  counterNamed,
  fieldOf,
  headerNamed,
  instance,
  meterNamed,
  registerNamed,
  stackNamed,
  typeOf,
} from './scope.js';
import type { Scope } from './scope.js';

/** As TP_PORT_DROP in pipeline.h. */
const DROP_PORT = 511n;

export function decodeAction(scope: Scope, json: Json): Action {
  const parameters = json
    .get('runtime_data')
    .items(LIMITS.parameters)
    .map((item) => ({
      name: item.get('name').string(),
      bitwidth: item.get('bitwidth').integer(1, LIMITS.wideBits),
    }));
  const context = { scope, parameters };
  const list = json.get('primitives').items(LIMITS.primitives);
  return {
    path: json.path,
    source: json.source,
    name: json.get('name').string(),
    id: json.get('id').integer(0, LIMITS.id),
    parameters,
    primitives: list.map((item) => decodePrimitive(context, item, list.length)),
  };
}

/** Decodes the field that an operation writes to. */
export function decodeTarget(context: ExpressionContext, json: Json): Target {
  const target = decodeExpression(context, json);
  const parts = target.kind === 'wide' ? target.pieces : [target];
  return parts.map((part) =>
    part.kind === 'field' ? part.ref : fail(json, 'UNSUPPORTED', 'only a field can be written to'),
  );
}

/** Decodes one primitive. `length` is how many its action has, for the targets of jumps. */
export function decodePrimitive(context: ExpressionContext, json: Json, length: number): Primitive {
  const op = json.get('op').string();
  const place = { path: json.path, source: json.source };
  const parameters = json.get('parameters').items(LIMITS.parameters);
  const parameter = (i: number): Json =>
    parameters[i] ?? fail(json, 'MALFORMED', `"${sanitise(op)}" lacks parameter ${i}`);
  const value = (i: number): Expression => decodeExpression(context, parameter(i));
  const target = (i: number): Target => decodeTarget(context, parameter(i));
  switch (op) {
    case 'assign':
    case 'modify_field':
      return decodeAssign(context, json, parameter(0), parameter(1));
    case 'assign_VL':
      return decodeAssignVarbit(context, json, value(0), value(1));
    case 'assign_header':
    case 'copy_header':
      return decodeAssignHeader(context, json, parameter(0), parameter(1));
    case 'assign_header_stack':
      return decodeAssignStack(context, json, parameter(0), parameter(1));
    case 'add_header':
      return { ...place, kind: 'addHeader', header: decodeHeaderRef(context, parameter(0)) };
    case 'remove_header':
      return { ...place, kind: 'removeHeader', header: decodeHeaderRef(context, parameter(0)) };
    case 'assign_union':
    case 'assign_union_stack':
      return decodeAssignUnion(context, json, parameter(0), parameter(1));
    case 'push':
    case 'pop':
      if (parameter(0).get('type').value === 'header_union_stack') {
        return decodeShiftUnions(context, json, op, constant(value(1), 0, LIMITS.stackSize));
      }
      return {
        ...place,
        kind: op,
        stack: stackNamed(context.scope, parameter(0).get('value')),
        count: constant(value(1), 0, LIMITS.stackSize),
      };
    case '_jump':
      return { ...place, kind: 'jump', target: constant(value(0), 0, length) };
    case '_jump_if_zero':
      return {
        ...place,
        kind: 'jumpIfZero',
        condition: value(0),
        target: constant(value(1), 0, length),
      };
    case 'exit':
      return { ...place, kind: 'exit' };
    case 'log_msg':
      return decodeLog(context, json);
    case 'no_op':
      return { ...place, kind: 'nothing' };
    case 'assert':
    case 'assume':
      return { ...place, kind: 'assert', which: op, condition: value(0) };
    case 'drop':
      return { ...place, kind: 'markToDrop' };
    case 'mark_to_drop':
      return parameters[0] === undefined
        ? { ...place, kind: 'markToDrop' }
        : decodeMarkToDrop(context.scope, json, parameters[0]);
    default:
      return decodeExtern(context, json, op, parameter, value, target);
  }
}

/** The primitives that reach beyond the packet's headers. */
function decodeExtern(
  context: ExpressionContext,
  json: Json,
  op: string,
  parameter: (i: number) => Json,
  value: (i: number) => Expression,
  target: (i: number) => Target,
): Primitive {
  const { scope } = context;
  const place = { path: json.path, source: json.source };
  switch (op) {
    case 'generate_digest':
      return { ...place, kind: 'digest', list: learnList(scope, value(1)) };
    case 'clone_ingress_pkt_to_egress':
    case 'clone_egress_pkt_to_egress':
      return { ...place, kind: 'clone', session: value(0), fieldList: fieldList(scope, value(1)) };
    case 'resubmit':
    case 'recirculate':
      return { ...place, kind: op, fieldList: fieldList(scope, value(0)) };
    case 'truncate':
      return { ...place, kind: 'truncate', octets: value(0) };
    case 'count': {
      const counter = counterNamed(scope, parameter(0).get('value'));
      return { ...place, kind: 'count', counter, index: value(1) };
    }
    case 'execute_meter': {
      const meter = meterNamed(scope, parameter(0).get('value'));
      return { ...place, kind: 'meter', to: target(2), meter, index: value(1) };
    }
    case 'register_read': {
      const register = registerNamed(scope, parameter(1).get('value'));
      return { ...place, kind: 'registerRead', to: target(0), register, index: value(2) };
    }
    case 'register_write': {
      const register = registerNamed(scope, parameter(0).get('value'));
      return { ...place, kind: 'registerWrite', register, index: value(1), value: value(2) };
    }
    case 'modify_field_with_hash_based_offset':
      return {
        ...place,
        kind: 'hash',
        to: target(0),
        base: value(1),
        calculation: calculationNamed(scope, parameter(2).get('value')),
        size: value(3),
      };
    case 'modify_field_rng_uniform':
      return { ...place, kind: 'random', to: target(0), low: value(1), high: value(2) };
    default:
      return fail(json, 'UNSUPPORTED', `the primitive "${sanitise(op)}"`);
  }
}

export function decodeAssign(
  context: ExpressionContext,
  { path, source }: Place,
  to: Json,
  from: Json,
): Primitive {
  const target = decodeTarget(context, to);
  const value = decodeExpression(context, from);
  const [only, ...others] = target;
  return only !== undefined && others.length === 0
    ? { path, source, kind: 'assign', to: only, value }
    : { path, source, kind: 'assignWide', to: target, value };
}

/**
 * Of a copy too: an action or a control that has standard_metadata as a parameter works on one, which
 * p4c copies back when it is over.
 */
function decodeMarkToDrop(scope: Scope, json: Json, parameter: Json): Primitive {
  const place = { path: json.path, source: json.source };
  const header = headerNamed(scope, parameter.get('value'));
  if (at(scope.headers, header).role === 'standardMetadata') {
    return { ...place, kind: 'markToDrop' };
  }
  const values = { egress_spec: DROP_PORT, mcast_grp: 0n };
  const primitives = Object.entries(values).map(([name, value]): Primitive => {
    const found = fieldOf(scope, instance(header), name, place);
    if (found.kind !== 'field') {
      return fail(json, 'MALFORMED', 'this is no copy of standard_metadata');
    }
    const constant: Expression = { ...place, kind: 'constant', value };
    return { ...place, kind: 'assign', to: found.ref, value: constant };
  });
  return { ...place, kind: 'sequence', primitives };
}

function decodeAssignVarbit(
  { scope }: ExpressionContext,
  { path, source }: Place,
  to: Expression,
  from: Expression,
): Primitive {
  if (to.kind !== 'varbit' || from.kind !== 'varbit') {
    return fail({ path, source }, 'MALFORMED', 'two varbits are expected');
  }
  const [a, b] = [to.ref, from.ref].map((ref) => at(scope.headerTypes, typeOf(scope, ref)).varbit);
  if (a?.maxOctets !== b?.maxOctets) {
    return fail({ path, source }, 'MALFORMED', 'the two varbits have different types');
  }
  return { path, source, kind: 'assignVarbit', toVarbit: to.ref, from: from.ref };
}

function decodeAssignHeader(
  context: ExpressionContext,
  json: Json,
  to: Json,
  from: Json,
): Primitive {
  const target = decodeHeaderRef(context, to);
  const origin = decodeHeaderRef(context, from);
  if (typeOf(context.scope, target) !== typeOf(context.scope, origin)) {
    return fail(json, 'MALFORMED', 'the two headers have different types');
  }
  return {
    path: json.path,
    source: json.source,
    kind: 'assignHeader',
    to: target,
    from: origin,
  };
}

function decodeAssignStack(
  context: ExpressionContext,
  json: Json,
  to: Json,
  from: Json,
): Primitive {
  const { scope } = context;
  const target = stackNamed(scope, to.get('value'));
  const origin = stackNamed(scope, from.get('value'));
  const [a, b] = [at(scope.stacks, target), at(scope.stacks, origin)];
  if (a.type !== b.type || a.headers.length !== b.headers.length) {
    return fail(json, 'MALFORMED', 'the two stacks have different types');
  }
  return { path: json.path, source: json.source, kind: 'assignStack', to: target, from: origin };
}

function constant(expression: Expression, min: number, max: number): number {
  if (expression.kind !== 'constant') {
    return fail(expression, 'UNSUPPORTED', 'only a constant can stand here');
  }
  if (expression.value < BigInt(min) || expression.value > BigInt(max)) {
    return fail(expression, 'BAD_REFERENCE', `${expression.value} is outside ${min}..${max}`);
  }
  return Number(expression.value);
}

function learnList(scope: Scope, expression: Expression): number {
  const id = constant(expression, 0, LIMITS.id);
  return (
    scope.learnListById.get(id) ??
    fail(expression, 'BAD_REFERENCE', `there is no learn list with id ${id}`)
  );
}

/** Field list 0 is always there and empty, unless the program has one of its own. */
function fieldList(scope: Scope, expression: Expression): number | null {
  const id = constant(expression, 0, LIMITS.id);
  const index = scope.fieldListById.get(id);
  if (index !== undefined) {
    return index;
  }
  return id === 0
    ? null
    : fail(expression, 'BAD_REFERENCE', `there is no field list with id ${id}`);
}
