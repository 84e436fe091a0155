import { decodeAssign, decodePrimitive, decodeTarget } from './decode-action.js';
import { decodeExpression } from './decode-expression.js';
import { fail, sanitise } from './failure.js';
import type { Place } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type {
  Expression,
  Parser,
  ParserOp,
  ParserState,
  Target,
  Transition,
  TransitionKey,
} from './model.js';
import {
  at,
  bitwidthOf,
  describe,
  fieldNamed,
  fieldOf,
  headerNamed,
  instance,
  stackFieldNamed,
  stackNamed,
  unionMemberNamed,
  unionStackNamed,
  valueSetNamed,
} from './scope.js';
import type { Scope } from './scope.js';
import { PIECE_BITS, pieceCount } from './pieces.js';

export function decodeParser(scope: Scope, root: Json): Parser {
  const [parser, second] = root.get('parsers').items(16);
  if (parser === undefined) {
    return fail(root, 'MALFORMED', 'there is no parser');
  }
  if (second !== undefined) {
    return fail(second, 'UNSUPPORTED', 'more than one parser');
  }
  const list = parser.get('parse_states').items(LIMITS.parserStates);
  const byName = new Map(list.map((item, i) => [item.get('name').string(), i]));
  const stateNamed = (name: Json): number =>
    byName.get(name.string()) ?? fail(name, 'BAD_REFERENCE', 'there is no such parser state');
  const init = parser.optional('init_state');
  return {
    start: init === null ? null : stateNamed(init),
    states: list.map((item) => decodeState(scope, item, stateNamed)),
  };
}

function decodeState(scope: Scope, json: Json, stateNamed: (name: Json) => number): ParserState {
  const keys = json
    .get('transition_key')
    .items(LIMITS.transitionKeys)
    .flatMap((item) => decodeKey(scope, item));
  return {
    path: json.path,
    source: json.source,
    name: json.get('name').string(),
    ops: json
      .get('parser_ops')
      .items(LIMITS.parserOps)
      .flatMap((item) => decodeOp(scope, item)),
    keys,
    transitions: json
      .get('transitions')
      .items(LIMITS.transitions)
      .map((item) => decodeTransition(scope, item, keys, stateNamed)),
  };
}

/** Of a wide field its pieces, the first one on top. */
function decodeKey(scope: Scope, json: Json): readonly TransitionKey[] {
  const place = { path: json.path, source: json.source };
  const type = json.get('type').string();
  const value = json.get('value');
  if (type === 'lookahead') {
    const { offset, bitwidth } = decodeLookahead(value);
    return keyPieces(bitwidth).map(({ low, bits }) => ({
      ...place,
      kind: 'lookahead',
      offset: offset + bitwidth - low - bits,
      ...widths(low, bits, bitwidth),
    }));
  }
  if (type === 'union_stack_field') {
    const all = decodeExpression({ scope, parameters: [] }, json);
    const bitwidth = unionFieldWidth(scope, value);
    return keyPieces(bitwidth).map(({ low, bits }) => {
      const right: Expression = { ...place, kind: 'constant', value: BigInt(low) };
      const moved: Expression = { ...place, kind: 'arithmetic', op: '>>', left: all, right };
      const piece = low === 0 ? all : moved;
      return { ...place, kind: 'value', value: piece, ...widths(low, bits, bitwidth) };
    });
  }
  if (type !== 'field' && type !== 'stack_field') {
    return fail(json, 'UNSUPPORTED', `a transition key of type "${sanitise(type)}"`);
  }
  const found = type === 'field' ? fieldNamed(scope, value) : stackFieldNamed(scope, value);
  if (found.kind === 'valid' || found.kind === 'varbit') {
    return fail(json, 'UNSUPPORTED', `a ${describe(found)} as transition key`);
  }
  const refs = found.kind === 'wide' ? [...found.refs].reverse() : [found.ref];
  const wide = found.kind === 'wide' ? { wideBits: found.bitwidth } : {};
  return refs.map((ref, i) => ({
    ...place,
    kind: 'field',
    ref,
    bitwidth: bitwidthOf(scope, ref),
    ...(i === 0 ? wide : {}),
  }));
}

/** What a key of so many bits is split into, the top first: `low` is its lowest bit in the whole. */
function keyPieces(bitwidth: number): readonly { readonly low: number; readonly bits: number }[] {
  if (bitwidth <= LIMITS.fieldBits) {
    return [{ low: 0, bits: bitwidth }];
  }
  const count = pieceCount(bitwidth);
  return Array.from({ length: count }, (_, i) => {
    const low = (count - 1 - i) * PIECE_BITS;
    return { low, bits: Math.min(bitwidth - low, PIECE_BITS) };
  });
}

function widths(
  low: number,
  bits: number,
  all: number,
): { readonly bitwidth: number; readonly wideBits?: number } {
  return low > 0 && low + bits === all ? { bitwidth: bits, wideBits: all } : { bitwidth: bits };
}

function unionFieldWidth(scope: Scope, json: Json): number {
  const [stackName, member, field] = json.tuple(3) as readonly [Json, Json, Json];
  const stack = unionStackNamed(scope, stackName);
  const members = at(at(scope.unionStacks, stack).elements, 0);
  const header = instance(at(members, unionMemberNamed(scope, stack, member)));
  const found = fieldOf(scope, header, field.string(), field);
  if (found.kind === 'valid' || found.kind === 'varbit') {
    return fail(json, 'UNSUPPORTED', `a ${describe(found)} as transition key`);
  }
  return found.kind === 'wide' ? found.bitwidth : bitwidthOf(scope, found.ref);
}

interface Lookahead {
  readonly offset: number;
  readonly bitwidth: number;
}

function decodeLookahead(json: Json): Lookahead {
  const [first, width] = json.tuple(2) as readonly [Json, Json];
  const offset = first.integer(0, LIMITS.headerOctets * 8);
  return { offset, bitwidth: width.integer(1, LIMITS.wideBits) };
}

function decodeTransition(
  scope: Scope,
  json: Json,
  keys: readonly TransitionKey[],
  stateNamed: (name: Json) => number,
): Transition {
  const target = json.optional('next_state');
  const next = target === null ? null : stateNamed(target);
  const type = json.get('type').string();
  if (type === 'default') {
    return { match: null, next };
  }
  const maskJson = json.optional('mask');
  const masks = maskJson === null ? null : splitKeys(maskJson.hex(), keys, maskJson);
  if (type === 'parse_vset') {
    const valueSet = valueSetNamed(scope, json.get('value'));
    const bits = keys.reduce((sum, key) => sum + key.bitwidth, 0);
    return at(scope.valueSets, valueSet).bits === bits
      ? { match: { kind: 'set', valueSet, masks }, next }
      : fail(json, 'MALFORMED', 'the value set has another width than the transition key');
  }
  if (type !== 'hexstr') {
    return fail(json, 'UNSUPPORTED', `a transition of type "${sanitise(type)}"`);
  }
  const values = splitKeys(json.get('value').hex(), keys, json);
  const matches = values.map((value, i) => ({ value, mask: masks === null ? null : at(masks, i) }));
  return { match: { kind: 'values', keys: matches }, next };
}

/** Values stand one after the other, each padded to whole octets, the first one on top. */
function splitKeys(all: bigint, keys: readonly TransitionKey[], place: Json): readonly bigint[] {
  if (all < 0n) {
    return fail(place, 'MALFORMED', 'a negative transition value');
  }
  const parts: bigint[] = [];
  let rest = all;
  for (const key of [...keys].reverse()) {
    const bits = BigInt(Math.ceil(key.bitwidth / 8) * 8);
    parts.unshift(BigInt.asUintN(Number(bits), rest));
    rest >>= bits;
  }
  return rest === 0n ? parts : fail(place, 'MALFORMED', 'a value wider than the transition key');
}

function decodeOp(scope: Scope, json: Json): readonly ParserOp[] {
  return json.get('op').value === 'set' ? decodeSet(scope, json) : [decodeOtherOp(scope, json)];
}

function decodeSet(scope: Scope, json: Json): readonly ParserOp[] {
  const place = { path: json.path, source: json.source };
  const context = { scope, parameters: [] };
  const [to, from] = json.get('parameters').tuple(2) as readonly [Json, Json];
  if (from.get('type').value !== 'lookahead') {
    const primitive = decodeAssign(context, json, to, from);
    return [
      primitive.kind === 'assign'
        ? { ...place, kind: 'set', to: primitive.to, value: primitive.value }
        : { ...place, kind: 'primitive', primitive },
    ];
  }
  const lookahead = decodeLookahead(from.get('value'));
  return setLookahead(place, scope, decodeTarget(context, to), lookahead);
}

/**
 * The low bits of what is ahead into a field of any width, zeros above them. The lowest piece comes first:
 * where the frame ends too soon for it, nothing is written.
 */
function setLookahead(
  place: Place,
  scope: Scope,
  target: Target,
  { offset, bitwidth }: Lookahead,
): readonly ParserOp[] {
  const isNarrow = target.length === 1;
  return target.map((to, i): ParserOp => {
    const low = i * PIECE_BITS;
    const bits = Math.min(bitwidth - low, isNarrow ? LIMITS.fieldBits : bitwidthOf(scope, to));
    if (bits <= 0) {
      return { ...place, kind: 'set', to, value: { ...place, kind: 'constant', value: 0n } };
    }
    const first = offset + bitwidth - low - bits;
    return { ...place, kind: 'setLookahead', to, offset: first, bitwidth: bits };
  });
}

function decodeOtherOp(scope: Scope, json: Json): ParserOp {
  const place = { path: json.path, source: json.source };
  const context = { scope, parameters: [] };
  const op = json.get('op').string();
  const parameters = json.get('parameters').items(LIMITS.parameters);
  const parameter = (i: number): Json =>
    parameters[i] ?? fail(json, 'MALFORMED', `"${sanitise(op)}" lacks parameter ${i}`);
  const value = (i: number): Expression => decodeExpression(context, parameter(i));
  switch (op) {
    case 'extract':
      return decodeExtract(scope, json, parameter(0), null);
    case 'extract_VL':
      return decodeExtract(scope, json, parameter(0), value(1));
    case 'verify':
      return { ...place, kind: 'verify', condition: value(0), error: value(1) };
    case 'advance':
      return { ...place, kind: 'advance', bits: value(0) };
    case 'shift': {
      const octets = parameter(0).integer(0, LIMITS.headerOctets);
      return {
        ...place,
        kind: 'advance',
        bits: { ...place, kind: 'constant', value: BigInt(octets * 8) },
      };
    }
    case 'primitive':
      return {
        ...place,
        kind: 'primitive',
        primitive: decodePrimitive(context, parameter(0), 0),
      };
    default:
      return fail(json, 'UNSUPPORTED', `the parser operation "${sanitise(op)}"`);
  }
}

function decodeExtract(scope: Scope, json: Json, what: Json, varBits: Expression | null): ParserOp {
  const place = { path: json.path, source: json.source };
  const type = what.get('type').string();
  if (type === 'stack') {
    return { ...place, kind: 'extractNext', stack: stackNamed(scope, what.get('value')), varBits };
  }
  if (type === 'union_stack') {
    const [name, member] = what.get('value').tuple(2) as readonly [Json, Json];
    const stack = unionStackNamed(scope, name);
    const index = unionMemberNamed(scope, stack, member);
    return { ...place, kind: 'extractNextUnion', stack, member: index, varBits };
  }
  if (type !== 'regular') {
    return fail(json, 'UNSUPPORTED', `an extract of type "${sanitise(type)}"`);
  }
  const header = headerNamed(scope, what.get('value'));
  const { role, type: headerType } = at(scope.headers, header);
  if (role !== 'header') {
    return fail(json, 'UNSUPPORTED', 'metadata and engine headers cannot be extracted');
  }
  const { bits } = at(scope.headerTypes, headerType);
  return bits % 8 === 0
    ? { ...place, kind: 'extract', header, varBits }
    : fail(json, 'UNSUPPORTED', `a header of ${bits} bits, which are not whole octets`);
}
