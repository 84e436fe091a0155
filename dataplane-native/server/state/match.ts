/**
 * Match keys and action calls between P4Runtime's messages and the engine's words (specification
 * 1.5, sections "Match Format" and "Action Specification"). Pure.
 */
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { Action, FieldMatch } from '#protos/p4/v1/p4runtime_pb';
import {
  Action_ParamSchema,
  ActionSchema,
  FieldMatch_ExactSchema,
  FieldMatch_LPMSchema,
  FieldMatch_OptionalSchema,
  FieldMatch_RangeSchema,
  FieldMatch_TernarySchema,
  FieldMatchSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';
import type { ActionProgram, FieldProgram, KeyProgram } from '../program/program.js';
import type { Translation } from '../program/translation.js';
import { decodeUnsigned } from './unsigned.js';
import { allOnes, rangeWordsIn, readSlot, writeSlot } from './words.js';

/** A key as tp_table_insert takes it. */
export interface KeyWords {
  readonly key: BigUint64Array;
  readonly mask: BigUint64Array;
  readonly rangeWords: number;
}

/** What tells one key from another. */
export function keyText({ key, mask }: KeyWords): string {
  return `${key.join(',')}/${mask.join(',')}`;
}

/** One field's value with its mask, or low and high where the field is a range. */
interface FieldValue {
  readonly value: bigint;
  readonly mask: bigint;
}

function describe({ keyOf, name }: KeyProgram): string {
  return `${keyOf} '${name}'`;
}

/** The words of a key. Errors: INVALID_ARGUMENT for a malformed match, OUT_OF_RANGE for a value. */
export function encodeKey(owner: KeyProgram, match: readonly FieldMatch[]): Outcome<KeyWords> {
  const byId = new Map<number, FieldMatch>();
  for (const field of match) {
    if (byId.has(field.fieldId)) {
      return invalid(`${describe(owner)}: match field ${field.fieldId} is given twice`);
    }
    byId.set(field.fieldId, field);
  }
  const key = new BigUint64Array(owner.layout.keyWords);
  const mask = new BigUint64Array(owner.layout.keyWords);
  for (const field of owner.fields) {
    const given = byId.get(field.id);
    byId.delete(field.id);
    const decoded = given === undefined ? dontCare(owner, field) : decodeField(owner, field, given);
    if (!decoded.ok) return decoded;
    writeSlot(key, field.layout, decoded.value.value);
    writeSlot(mask, field.layout, decoded.value.mask);
  }
  const [unknown] = byId.keys();
  if (unknown !== undefined) {
    return invalid(`${describe(owner)} has no match field with id ${unknown}`);
  }
  return done({ key, mask, rangeWords: rangeWordsOf(owner) });
}

export function rangeWordsOf({ fields }: KeyProgram): number {
  return rangeWordsIn(fields.map(({ layout }) => layout));
}

function dontCare(owner: KeyProgram, field: FieldProgram): Outcome<FieldValue> {
  const { matchType, bitwidth } = field.layout;
  if (matchType === 'exact') {
    return invalid(`${describe(owner)}: the exact field '${field.name}' is not given`);
  }
  return done({ value: 0n, mask: matchType === 'range' ? allOnes(bitwidth) : 0n });
}

function decodeField(
  owner: KeyProgram,
  field: FieldProgram,
  given: FieldMatch,
): Outcome<FieldValue> {
  const where = `${describe(owner)}, field '${field.name}'`;
  const { bitwidth: bits } = field.layout;
  const { translation } = field;
  const decode = (octets: Uint8Array) =>
    translation === null
      ? decodeUnsigned(octets, field.bitwidth, bits, where)
      : translation.encode(octets, where);
  const { fieldMatchType: kind } = given;
  if (kind.case !== field.layout.matchType) {
    return invalid(
      `${where} is ${field.layout.matchType}, and the match is ${kind.case ?? 'unset'}`,
    );
  }
  if (translation?.isString === true) return decodeString(field, translation, kind, where);
  switch (kind.case) {
    case 'exact':
    case 'optional': {
      const value = decode(kind.value.value);
      return value.ok ? done({ value: value.value, mask: allOnes(bits) }) : value;
    }
    case 'lpm': {
      const value = decode(kind.value.value);
      const length = kind.value.prefixLen - controllerBits(field);
      return value.ok ? prefix(where, value.value, length, bits) : value;
    }
    case 'ternary': {
      const value = decode(kind.value.value);
      if (!value.ok) return value;
      const mask = decodeMask(field, kind.value.mask, where);
      return mask.ok ? ternary(where, value.value, mask.value) : mask;
    }
    case 'range': {
      const low = decode(kind.value.low);
      if (!low.ok) return low;
      const high = decode(kind.value.high);
      return high.ok ? range(where, low.value, high.value, bits) : high;
    }
    case undefined:
    default:
      return invalid(`${where}: unknown kind of match`);
  }
}

/**
 * A string is matched whole, which each kind of match can say ("Translation of Match Fields" lets a
 * server require so): a prefix of all its bits, a mask of ones as long as it, both ends the same.
 */
function decodeString(
  { layout }: FieldProgram,
  { encode }: Translation,
  kind: FieldMatch['fieldMatchType'],
  where: string,
): Outcome<FieldValue> {
  const whole = wholeString(kind);
  if (whole === null) {
    const how = 'a prefix of all its bits, a mask of ones as long as it, low and high the same';
    return invalid(`${where}: a string is matched whole or omitted (${how})`);
  }
  const value = encode(whole, where);
  if (!value.ok) return value;
  const mask = layout.matchType === 'range' ? value.value : allOnes(layout.bitwidth);
  return done({ value: value.value, mask });
}

/** The string of a match that means all of it; null for any other. */
function wholeString(kind: FieldMatch['fieldMatchType']): Uint8Array | null {
  switch (kind.case) {
    case 'exact':
    case 'optional':
      return kind.value.value;
    case 'lpm': {
      const { value, prefixLen } = kind.value;
      return prefixLen > 0 && prefixLen === 8 * value.length ? value : null;
    }
    case 'ternary': {
      const { value, mask } = kind.value;
      const isWhole = mask.length === value.length && mask.every((octet) => octet === 0xff);
      return isWhole && mask.length > 0 ? value : null;
    }
    case 'range': {
      const { low, high } = kind.value;
      return Buffer.compare(low, high) === 0 ? low : null;
    }
    case undefined:
    default:
      return null;
  }
}

/** How many more bits the controller's value has than the dataplane's, all of them 0. */
function controllerBits({ bitwidth, layout }: FieldProgram): number {
  return Math.max(0, bitwidth - layout.bitwidth);
}

/** All ones of the controller's width are all ones of the dataplane's. */
function decodeMask(field: FieldProgram, octets: Uint8Array, where: string): Outcome<bigint> {
  const { bitwidth: bits } = field.layout;
  const more = BigInt(controllerBits(field));
  const mask = decodeUnsigned(octets, field.bitwidth, field.bitwidth, where);
  if (!mask.ok) return mask;
  const isExact = mask.value === allOnes(bits + Number(more));
  return isExact ? done(allOnes(bits)) : decodeUnsigned(octets, field.bitwidth, bits, where);
}

function prefix(where: string, value: bigint, length: number, bits: number): Outcome<FieldValue> {
  if (length <= 0 || length > bits) {
    return invalid(
      `${where}: prefix_len ${length} is not in 1..${bits} (omit a field that does not matter)`,
    );
  }
  const mask = (allOnes(length) << BigInt(bits - length)) & allOnes(bits);
  if ((value & ~mask) !== 0n) return invalid(`${where}: bits beyond the prefix are not zero`);
  return done({ value, mask });
}

function ternary(where: string, value: bigint, mask: bigint): Outcome<FieldValue> {
  if (mask === 0n) return invalid(`${where}: the mask is zero (omit a field that does not matter)`);
  if ((value & ~mask) !== 0n) return invalid(`${where}: bits outside the mask are not zero`);
  return done({ value, mask });
}

function range(where: string, low: bigint, high: bigint, bits: number): Outcome<FieldValue> {
  if (low > high) return invalid(`${where}: low is greater than high`);
  if (low === 0n && high === allOnes(bits)) {
    return invalid(`${where}: the range holds every value (omit a field that does not matter)`);
  }
  return done({ value: low, mask: high });
}

/** The canonical match of a key: don't-care fields omitted, shortest bytestrings. */
export function decodeKey(owner: KeyProgram, words: KeyWords): FieldMatch[] {
  const match: FieldMatch[] = [];
  for (const field of owner.fields) {
    const kind = fieldMatch(field, {
      value: readSlot(words.key, field.layout),
      mask: readSlot(words.mask, field.layout),
    });
    if (kind !== null) {
      match.push(create(FieldMatchSchema, { fieldId: field.id, fieldMatchType: kind }));
    }
  }
  return match;
}

function fieldMatch(
  field: FieldProgram,
  { value, mask }: FieldValue,
): FieldMatch['fieldMatchType'] | null {
  const { matchType, bitwidth } = field.layout;
  const encode = field.translation?.decode ?? encodeBytestring;
  const octets = encode(value);
  if (matchType === 'exact') {
    return { case: 'exact', value: create(FieldMatch_ExactSchema, { value: octets }) };
  }
  if (matchType === 'range') {
    if (value === 0n && mask === allOnes(bitwidth)) return null;
    const high = encode(mask);
    return { case: 'range', value: create(FieldMatch_RangeSchema, { low: octets, high }) };
  }
  if (mask === 0n) return null;
  const isString = field.translation?.isString === true;
  switch (matchType) {
    case 'lpm': {
      const ones = mask.toString(2).replaceAll('0', '').length;
      const prefixLen = isString ? 8 * octets.length : ones + controllerBits(field);
      return { case: 'lpm', value: create(FieldMatch_LPMSchema, { value: octets, prefixLen }) };
    }
    case 'ternary': {
      const isExact = mask === allOnes(bitwidth);
      const controllers = isExact ? allOnes(bitwidth + controllerBits(field)) : mask;
      return {
        case: 'ternary',
        value: create(FieldMatch_TernarySchema, {
          value: octets,
          mask: isString ? new Uint8Array(octets.length).fill(0xff) : encodeBytestring(controllers),
        }),
      };
    }
    case 'optional':
      return { case: 'optional', value: create(FieldMatch_OptionalSchema, { value: octets }) };
  }
}

/** The words of an action's arguments. Errors: INVALID_ARGUMENT. */
export function encodeArgs(action: ActionProgram, call: Action): Outcome<BigUint64Array> {
  const args = new BigUint64Array(action.layout.argWords);
  const given = new Map(call.params.map((param) => [param.paramId, param.value]));
  if (given.size !== call.params.length) {
    return invalid(`action '${action.name}': a parameter is given twice`);
  }
  for (const param of action.params) {
    const octets = given.get(param.id);
    if (octets === undefined) {
      return invalid(`action '${action.name}': parameter '${param.name}' is missing`);
    }
    given.delete(param.id);
    const where = `action '${action.name}', parameter '${param.name}'`;
    const value =
      param.translation === null
        ? decodeUnsigned(octets, param.bitwidth, param.slot.bitwidth, where)
        : param.translation.encode(octets, where);
    if (!value.ok) return value;
    writeSlot(args, param.slot, value.value);
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) {
    return invalid(`action '${action.name}' has no parameter with id ${unknown}`);
  }
  return done(args);
}

/** The canonical message of an action call. */
export function decodeArgs(action: ActionProgram, args: BigUint64Array): Action {
  return create(ActionSchema, {
    actionId: action.id,
    params: action.params.map((param) =>
      create(Action_ParamSchema, {
        paramId: param.id,
        value: (param.translation?.decode ?? encodeBytestring)(readSlot(args, param.slot)),
      }),
    ),
  });
}
