import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import type { MeterUnit } from './layout.js';
import { LIMITS } from './limits.js';
import type {
  CounterArray,
  Field,
  HeaderInstance,
  HeaderRole,
  HeaderStack,
  HeaderType,
  MeterArray,
  RegisterArray,
  UnionStack,
  ValueSet,
  Varbit,
  WideField,
} from './model.js';
import { VALID_FIELD, at } from './scope.js';
import { PIECE_BITS, pieceCount } from './pieces.js';
import type { Scope } from './scope.js';

/** The header type that the engine binds to itself: see struct tp_packet in pipeline.h. */
export const INTRINSIC_TYPE = 'timeplane_intrinsic_t';
/** Its fields and their bits. A program declares those that it uses. */
const INTRINSIC_FIELDS: ReadonlyMap<string, number> = new Map([
  ['ingress_time_ns', 48],
  ['egress_time_ns', 48],
  ['residence_start_ns', 48],
  ['correction_offset', 16],
  ['checksum_offset', 16],
  ['rate_offset', 32],
  ['event_request', 8],
  ['wait_ns', 32],
  ['event', 8],
  ['event_time_ns', 48],
  ['event_correction', 64],
]);
export const STANDARD_METADATA = 'standard_metadata';

/** Parts of the format that are not compiled, and must therefore be empty. */
const UNSUPPORTED_SECTIONS: readonly (readonly [string, string])[] = [
  ['extern_instances', 'extern instances'],
];

/** Decodes all that a program declares, and refuses what is not supported. */
export function decodeDeclarations(root: Json): Scope {
  for (const [key, what] of UNSUPPORTED_SECTIONS) {
    const first = root.optional(key)?.items(LIMITS.id)[0];
    if (first !== undefined) {
      fail(first, 'UNSUPPORTED', `${what} are not supported`);
    }
  }
  const headerTypes = root.get('header_types').items(LIMITS.headerTypes).map(decodeHeaderType);
  const typeByName = indexByName(headerTypes, root.get('header_types'));
  const headerList = root.get('headers');
  const idToHeader = new Map(
    headerList
      .items(LIMITS.headers)
      .map((item, i) => [item.get('id').integer(0, LIMITS.id), i] as const),
  );
  const plain = headerList.items(LIMITS.headers).map((item) => decodeHeader(item, typeByName));
  const stackList = root.optional('header_stacks')?.items(LIMITS.headers) ?? [];
  const stacks = stackList.map((item) => decodeStack(item, typeByName, idToHeader, plain));
  const unionList = root.optional('header_unions')?.items(LIMITS.headers) ?? [];
  const unions = unionList.map((item) => decodeUnion(item, idToHeader, plain));
  const unionStackList = root.optional('header_union_stacks')?.items(LIMITS.headers) ?? [];
  const unionIds = indexById(unionList);
  const unionStacks = unionStackList.map((item) => decodeUnionStack(item, unionIds, unions));
  const headers = withUnions(withElements(plain, stacks, headerList), unions, headerList);
  const valueSets = (root.optional('parse_vsets')?.items(LIMITS.arrays) ?? []).map(decodeValueSet);
  const counterArrays = root.get('counter_arrays');
  const counters = counterArrays
    .items(LIMITS.arrays)
    .filter((item) => item.optional('is_direct')?.value !== true)
    .map(decodeCounter);
  const meterArrays = root.optional('meter_arrays')?.items(LIMITS.arrays) ?? [];
  const meters = meterArrays
    .filter((item) => item.optional('is_direct')?.value !== true)
    .map(decodeMeter);
  const registers = root.get('register_arrays').items(LIMITS.arrays).map(decodeRegister);
  return {
    headerTypes,
    headers,
    stacks,
    headerByName: indexByName(headers, headerList),
    stackByName: indexByName(stacks, root),
    unions,
    unionByName: indexNamed(unionList),
    unionStacks,
    unionStackByName: indexNamed(unionStackList),
    unionStackMembers: unionStackList.map((item) => unionMembers(root, item)),
    aliases: decodeAliases(root),
    valueSets,
    valueSetByName: indexByName(valueSets, root),
    counters,
    counterByName: indexByName(counters, counterArrays),
    meters,
    meterByName: indexByName(meters, root),
    registers,
    registerByName: indexByName(registers, root.get('register_arrays')),
    calculationByName: indexNamed(root.get('calculations').items(LIMITS.arrays)),
    fieldListById: indexById(root.optional('field_lists')?.items(LIMITS.arrays) ?? []),
    learnListById: indexById(root.get('learn_lists').items(LIMITS.arrays)),
  };
}

function indexByName(
  items: readonly { readonly name: string }[],
  place: Json,
): Map<string, number> {
  const map = new Map<string, number>();
  items.forEach((item, i) => {
    if (map.has(item.name)) {
      fail(place, 'MALFORMED', `"${sanitise(item.name)}" is there twice`);
    }
    map.set(item.name, i);
  });
  return map;
}

function indexNamed(items: readonly Json[]): Map<string, number> {
  return new Map(items.map((item, i) => [item.get('name').string(), i]));
}

function indexById(items: readonly Json[]): Map<number, number> {
  return new Map(items.map((item, i) => [item.get('id').integer(0, LIMITS.id), i]));
}

function decodeHeaderType(json: Json): HeaderType {
  const items = json.get('fields').items(LIMITS.fields);
  const varbits = items.filter(isVarbit);
  const list = items.filter((item) => !isVarbit(item)).map(decodeField);
  const fieldByName = new Map<string, number>();
  const declared: number[] = [];
  const wideFields = new Map<number, WideField>();
  const fields: Field[] = [];
  for (const field of list) {
    if (fieldByName.has(field.name)) {
      fail(json, 'MALFORMED', `"${sanitise(field.name)}" is there twice`);
    }
    const top = fields.length;
    fieldByName.set(field.name, top);
    declared.push(top);
    const pieces = splitField(field);
    fields.push(...pieces);
    if (pieces.length > 1) {
      const indices = pieces.map((_, i) => top + i).reverse();
      const { bitwidth, signed } = field;
      wideFields.set(top, { bitwidth, signed, pieces: indices });
    }
  }
  const bits = fields.reduce((sum, field) => sum + field.bitwidth, 0);
  if (bits > LIMITS.headerOctets * 8) {
    fail(json, 'LIMIT', `a header of ${bits} bits`);
  }
  const name = json.get('name').string();
  if (name === INTRINSIC_TYPE) {
    checkIntrinsic(json, list);
  }
  const [first, second] = varbits;
  if (second !== undefined) {
    fail(second, 'UNSUPPORTED', 'a second varbit in a header');
  }
  const varbit = first === undefined ? null : decodeVarbit(json, items, first, fields, declared);
  return { name, fieldByName, declared, wideFields, fields, bits, varbit };
}

function isVarbit(json: Json): boolean {
  return json.items(8)[1]?.value === '*';
}

function decodeVarbit(
  json: Json,
  items: readonly Json[],
  varbit: Json,
  fields: readonly Field[],
  declared: readonly number[],
): Varbit {
  const place = items.findIndex((item) => item.path === varbit.path);
  const fieldsBefore = declared[place] ?? fields.length;
  const sum = (part: readonly Field[]): number =>
    part.reduce((bits, { bitwidth }) => bits + bitwidth, 0);
  const [before, all] = [sum(fields.slice(0, fieldsBefore)), sum(fields)];
  if (before % 8 !== 0 || all % 8 !== 0) {
    fail(varbit, 'UNSUPPORTED', 'a varbit that does not begin and end with whole octets');
  }
  const maxOctets = json.get('max_length').integer(0, LIMITS.headerOctets) - all / 8;
  if (maxOctets < 0) {
    fail(json, 'MALFORMED', 'a header that is longer than its max_length');
  }
  const name = at(varbit.items(8), 0).string();
  return { name, maxOctets, at: before / 8, fieldsBefore };
}

/** The pieces of a field, most significant first; of one that is not wide, itself. */
function splitField(field: Field): readonly Field[] {
  const { name, bitwidth } = field;
  if (bitwidth <= LIMITS.fieldBits) {
    return [field];
  }
  const count = pieceCount(bitwidth);
  return Array.from({ length: count }, (_, i) => ({
    name: `${name}#${i}`,
    bitwidth: i === 0 ? bitwidth - (count - 1) * PIECE_BITS : PIECE_BITS,
    signed: false,
  }));
}

/** A field that the engine does not know would do nothing, and nobody would be told. */
function checkIntrinsic(json: Json, fields: readonly Field[]): void {
  for (const { name, bitwidth } of fields) {
    const wanted = INTRINSIC_FIELDS.get(name);
    const what = `"${sanitise(name)}" of ${INTRINSIC_TYPE}`;
    if (wanted === undefined && !name.startsWith('_')) {
      fail(json, 'UNSUPPORTED', `${what} is not a field that the engine knows`);
    } else if (wanted !== undefined && wanted !== bitwidth) {
      fail(json, 'UNSUPPORTED', `${what} has ${bitwidth} bits; the engine binds ${wanted}`);
    }
  }
}

function decodeField(json: Json): Field {
  const [name, width, signed] = json.items(8);
  if (name === undefined || width === undefined) {
    return fail(json, 'MALFORMED', 'a field needs a name and a width');
  }
  const bitwidth = width.integer(0, 1 << 20);
  const most = LIMITS.wideBits;
  if (bitwidth < 1 || bitwidth > most) {
    const what = `"${sanitise(name.string())}" has ${bitwidth} bits`;
    return fail(json, 'UNSUPPORTED', `${what}; such fields of 1 to ${most} are supported`);
  }
  if (name.string() === VALID_FIELD) {
    return fail(json, 'MALFORMED', 'a reserved field name');
  }
  return { name: name.string(), bitwidth, signed: isSigned(signed) };
}

/** p4c writes 0 or 1 here at times. */
function isSigned(json: Json | undefined): boolean {
  return json !== undefined && (typeof json.value === 'number' ? json.value !== 0 : json.boolean());
}

function decodeHeader(json: Json, typeByName: ReadonlyMap<string, number>): HeaderInstance {
  const name = json.get('name').string();
  const typeName = json.get('header_type');
  const type = typeByName.get(typeName.string());
  if (type === undefined) {
    return fail(typeName, 'BAD_REFERENCE', 'there is no such header type');
  }
  const isMetadata = json.get('metadata').boolean();
  let role: HeaderRole = isMetadata ? 'metadata' : 'header';
  if (isMetadata && name === STANDARD_METADATA) {
    role = 'standardMetadata';
  } else if (typeName.string() === INTRINSIC_TYPE) {
    role = 'intrinsic';
  }
  return { name, type, role, element: null, union: [] };
}

function decodeStack(
  json: Json,
  typeByName: ReadonlyMap<string, number>,
  idToHeader: ReadonlyMap<number, number>,
  headers: readonly HeaderInstance[],
): HeaderStack {
  const type = typeByName.get(json.get('header_type').string());
  const members = json.get('header_ids').items(LIMITS.stackSize);
  if (type === undefined || members.length === 0) {
    return fail(json, 'BAD_REFERENCE', 'a stack without a header type or without elements');
  }
  const indices = members.map((item) => {
    const index = idToHeader.get(item.integer(0, LIMITS.id));
    return index !== undefined && at(headers, index).type === type
      ? index
      : fail(item, 'BAD_REFERENCE', 'there is no such header of that type');
  });
  return { name: json.get('name').string(), type, headers: indices };
}

function decodeUnionStack(
  json: Json,
  idToUnion: ReadonlyMap<number, number>,
  unions: readonly (readonly number[])[],
): UnionStack {
  const ids = json.get('header_union_ids').items(LIMITS.stackSize);
  const elements = ids.map((item) => {
    const union = idToUnion.get(item.integer(0, LIMITS.id));
    return union === undefined
      ? fail(item, 'BAD_REFERENCE', 'there is no such header union')
      : at(unions, union);
  });
  if (elements.some((members) => members.length !== elements[0]?.length)) {
    fail(json, 'MALFORMED', 'header unions of different types in one stack');
  }
  return { name: json.get('name').string(), elements };
}

function unionMembers(root: Json, stack: Json): readonly string[] {
  const name = stack.get('union_type');
  const types = root.get('header_union_types').items(LIMITS.headerTypes);
  const type = types.find((item) => item.get('name').value === name.string());
  return type === undefined
    ? fail(name, 'BAD_REFERENCE', 'there is no such type of header unions')
    : type
        .get('headers')
        .items(LIMITS.headers)
        .map((item) => at(item.tuple(2), 0).string());
}

function decodeUnion(
  json: Json,
  idToHeader: ReadonlyMap<number, number>,
  headers: readonly HeaderInstance[],
): readonly number[] {
  return json
    .get('header_ids')
    .items(LIMITS.fields)
    .map((item) => {
      const index = idToHeader.get(item.integer(0, LIMITS.id));
      return index !== undefined && at(headers, index).role === 'header'
        ? index
        : fail(item, 'BAD_REFERENCE', 'there is no such header');
    });
}

function withUnions(
  headers: readonly HeaderInstance[],
  unions: readonly (readonly number[])[],
  place: Json,
): readonly HeaderInstance[] {
  const unionOf = new Map<number, readonly number[]>();
  for (const union of unions) {
    for (const header of union) {
      if (unionOf.has(header) || at(headers, header).element !== null) {
        fail(place, 'MALFORMED', 'a header of a union cannot be in it');
      }
      unionOf.set(header, union);
    }
  }
  return headers.map((header, i) => ({ ...header, union: unionOf.get(i) ?? [] }));
}

function withElements(
  headers: readonly HeaderInstance[],
  stacks: readonly HeaderStack[],
  place: Json,
): readonly HeaderInstance[] {
  const elements = new Map<number, { stack: number; index: number }>();
  stacks.forEach((stack, s) => {
    stack.headers.forEach((header, index) => {
      if (elements.has(header) || at(headers, header).role !== 'header') {
        fail(place, 'MALFORMED', `a header of the stack "${sanitise(stack.name)}" cannot be in it`);
      }
      elements.set(header, { stack: s, index });
    });
  });
  return headers.map((header, i) => ({ ...header, element: elements.get(i) ?? null }));
}

function decodeValueSet(json: Json): ValueSet {
  return {
    path: json.path,
    source: json.source,
    name: json.get('name').string(),
    size: json.get('max_size').integer(0, LIMITS.tableSize),
    bits: json.get('compressed_bitwidth').integer(1, LIMITS.id),
  };
}

function decodeCounter(json: Json): CounterArray {
  const size = json.get('size').integer(0, LIMITS.arrayCells);
  return { name: json.get('name').string(), size };
}

function decodeMeter(json: Json): MeterArray {
  return {
    name: json.get('name').string(),
    size: json.get('size').integer(0, LIMITS.arrayCells),
    unit: meterUnit(json),
  };
}

/** What a meter's rates count. Refuses all meters but those of two rates, which v1model has alone. */
export function meterUnit(json: Json): MeterUnit {
  const rates = json.get('rate_count');
  if (rates.integer(1, LIMITS.id) !== 2) {
    fail(rates, 'UNSUPPORTED', 'a meter of other than two rates');
  }
  const unit = json.get('type');
  const name = unit.string();
  return name === 'packets' || name === 'bytes'
    ? name
    : fail(unit, 'UNSUPPORTED', `a meter of "${sanitise(name)}"`);
}

function decodeRegister(json: Json): RegisterArray {
  return {
    name: json.get('name').string(),
    size: json.get('size').integer(0, LIMITS.arrayCells),
    bitwidth: json.get('bitwidth').integer(1, LIMITS.wideBits),
  };
}

function decodeAliases(root: Json): Map<string, readonly [string, string]> {
  const aliases = new Map<string, readonly [string, string]>();
  for (const item of root.optional('field_aliases')?.items(LIMITS.fields) ?? []) {
    const [name, target] = item.tuple(2) as readonly [Json, Json];
    const [header, field] = target.tuple(2) as readonly [Json, Json];
    aliases.set(name.string(), [header.string(), field.string()]);
  }
  return aliases;
}
