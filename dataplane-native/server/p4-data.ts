/**
 * P4Data of registers and digests (specification 1.5, "Representation of Arbitrary P4 Types"): a type
 * of the P4Info over the unsigned values, one after the other, that the dataplane has of it.
 */
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type {
  P4BitstringLikeTypeSpec,
  P4DataTypeSpec,
  P4HeaderStackTypeSpec,
  P4TypeInfo,
} from '#protos/p4/config/v1/p4types_pb';
import type { P4Data } from '#protos/p4/v1/p4data_pb';
import {
  P4DataSchema,
  P4HeaderSchema,
  P4HeaderStackSchema,
  P4StructLikeSchema,
} from '#protos/p4/v1/p4data_pb';
import type { Outcome } from './errors.js';
import { done, invalid, outOfRange } from './errors.js';
import type { Translations } from './translation.js';
import { unimplemented } from './unimplemented.js';
import { decodeUnsigned } from './unsigned.js';

/** What types are made of. */
export interface DataTypes {
  readonly types: P4TypeInfo | undefined;
  readonly translations: Translations;
}

/** Values of one type. */
export interface DataCodec {
  readonly read: (values: readonly bigint[]) => P4Data;
  /** The one value of data that has only one. Errors: INVALID_ARGUMENT for another type of data,
   * OUT_OF_RANGE for a value. */
  readonly writeOne: (data: P4Data | undefined) => Outcome<bigint>;
}

type Data = P4Data['data'];

/** A part of a type. */
interface Part {
  readonly read: (values: Iterator<bigint>) => Data;
  readonly write?: (data: Data) => Outcome<bigint>;
}

const MAX_DEPTH = 16;
/** A P4Info may be hostile: a few structs that name one another unfold without end. */
const MAX_TYPES = 4096;

/**
 * `widths`: bits of each of the dataplane's values. Errors: INVALID_ARGUMENT where they are not those of
 * the type, UNIMPLEMENTED for types of which the dataplane's values do not say enough.
 */
export function dataCodec(
  what: string,
  type: P4DataTypeSpec | undefined,
  widths: readonly number[],
  types: DataTypes,
): Outcome<DataCodec> {
  const builder = new CodecBuilder(what, widths, types);
  const part = builder.part(type, 0);
  if (!part.ok) return part;
  const { read, write } = part.value;
  if (builder.used !== widths.length) return builder.otherFields();
  const wrong = invalid(`${what} takes another type of data`);
  return done({
    read: (values) => create(P4DataSchema, { data: read(values[Symbol.iterator]()) }),
    writeOne: (data) => (data === undefined || write === undefined ? wrong : write(data.data)),
  });
}

function next(values: Iterator<bigint>): bigint {
  const step = values.next();
  return step.done === true ? 0n : step.value;
}

class CodecBuilder {
  readonly #what: string;
  readonly #widths: readonly number[];
  readonly #types: DataTypes;
  #met = 0;
  /** Values of the dataplane that parts have taken. */
  used = 0;

  constructor(what: string, widths: readonly number[], types: DataTypes) {
    this.#what = what;
    this.#widths = widths;
    this.#types = types;
  }

  otherFields() {
    return invalid(`${this.#what} has another type in the P4Info than in p4_device_config`);
  }

  part(type: P4DataTypeSpec | undefined, depth: number): Outcome<Part> {
    this.#met += 1;
    if (depth > MAX_DEPTH || this.#met > MAX_TYPES) {
      return invalid(`${this.#what}: its type is nested too deep, or has too many members`);
    }
    const { types } = this.#types;
    const spec = type?.typeSpec;
    switch (spec?.case) {
      case 'bitstring':
        return this.#bitstring(spec.value);
      case 'bool':
        return this.#one(1, boolPart());
      case 'serializableEnum': {
        const bits = types?.serializableEnums[spec.value.name]?.underlyingType?.bitwidth ?? 0;
        return this.#one(bits, enumValuePart(this.#what, bits));
      }
      case 'enum':
        return this.#names(
          'enum',
          types?.enums[spec.value.name]?.members.map(({ name }) => name),
        );
      case 'error':
        return this.#names('error', types?.error?.members);
      case 'newType':
        return this.#newType(spec.value.name, depth);
      case 'struct': {
        const members = types?.structs[spec.value.name]?.members;
        if (members === undefined) return this.#unknown('struct', spec.value.name);
        const specs = members.map((member) => member.typeSpec);
        return this.#struct('struct', specs, depth);
      }
      case 'tuple':
        return this.#struct('tuple', spec.value.members, depth);
      case 'header':
        return this.#header(spec.value.name);
      case 'headerStack':
        return this.#headerStack(spec.value);
      case 'headerUnion':
      case 'headerUnionStack':
      case undefined:
      default:
        return unimplemented('dataTypes');
    }
  }

  /** Takes one value of the dataplane, of so many bits. */
  #one(bits: number, part: Part): Outcome<Part> {
    const compiled = this.#widths[this.used];
    this.used += 1;
    return compiled === bits ? done(part) : this.otherFields();
  }

  #unknown(kind: string, name: string) {
    return invalid(`${this.#what}: the P4Info has no ${kind} '${name}'`);
  }

  #bitstring({ typeSpec }: P4BitstringLikeTypeSpec): Outcome<Part> {
    switch (typeSpec.case) {
      case 'bit':
        return this.#one(typeSpec.value.bitwidth, bitPart(this.#what, typeSpec.value.bitwidth));
      case 'int':
        return this.#one(typeSpec.value.bitwidth, intPart(this.#what, typeSpec.value.bitwidth));
      default:
        return unimplemented('dataTypes');
    }
  }

  /** The dataplane has the number of a member, in the order of their declaration. */
  #names(kind: 'enum' | 'error', members: readonly string[] | undefined): Outcome<Part> {
    if (members === undefined) return this.#unknown(kind, '');
    return this.#one(32, {
      read: (values) => {
        const value = next(values);
        return { case: kind, value: members[Number(value)] ?? String(value) };
      },
      write: (data) => {
        const value = data.case === kind ? members.indexOf(data.value) : -1;
        return value < 0
          ? invalid(`${this.#what} takes a member of its ${kind}`)
          : done(BigInt(value));
      },
    });
  }

  #newType(name: string, depth: number): Outcome<Part> {
    const representation = this.#types.types?.newTypes[name]?.representation;
    if (representation?.case === 'originalType') return this.part(representation.value, depth + 1);
    if (representation?.case !== 'translatedType') return this.#unknown('type', name);
    const compiled = this.#widths[this.used] ?? 0;
    const translation = this.#types.translations.of(name, compiled);
    if (!translation.ok) return translation;
    if (translation.value === null) return this.#one(compiled, bitPart(this.#what, compiled));
    const { encode, decode } = translation.value;
    return this.#one(compiled, {
      read: (values) => ({ case: 'bitstring', value: decode(next(values)) }),
      write: (data) =>
        data.case === 'bitstring'
          ? encode(data.value, this.#what)
          : invalid(`${this.#what} takes a bitstring`),
    });
  }

  #struct(
    kind: 'struct' | 'tuple',
    specs: readonly (P4DataTypeSpec | undefined)[],
    depth: number,
  ): Outcome<Part> {
    const parts: Part[] = [];
    for (const spec of specs) {
      const part = this.part(spec, depth + 1);
      if (!part.ok) return part;
      parts.push(part.value);
    }
    return done({
      read: (values) => {
        const members = parts.map(({ read }) => create(P4DataSchema, { data: read(values) }));
        return { case: kind, value: create(P4StructLikeSchema, { members }) };
      },
    });
  }

  #headerFields(name: string): Outcome<readonly Part[]> {
    const members = this.#types.types?.headers[name]?.members;
    if (members === undefined) return this.#unknown('header', name);
    const parts: Part[] = [];
    for (const { typeSpec } of members) {
      if (typeSpec === undefined) return unimplemented('dataTypes');
      const part = this.#bitstring(typeSpec);
      if (!part.ok) return part;
      parts.push(part.value);
    }
    return done(parts);
  }

  /** The compiler puts a header's fields in its place, and not whether it is valid. */
  #header(name: string): Outcome<Part> {
    const fields = this.#headerFields(name);
    if (!fields.ok) return fields;
    return done({
      read: (values) => ({ case: 'header', value: readHeader(fields.value, true, values) }),
    });
  }

  /** Of a stack's headers it says so. */
  #headerStack({ header, size }: P4HeaderStackTypeSpec): Outcome<Part> {
    if (size > MAX_TYPES) return this.otherFields();
    const entries: (readonly Part[])[] = [];
    for (let i = 0; i < size; i += 1) {
      const valid = this.#one(1, boolPart());
      if (!valid.ok) return valid;
      const fields = this.#headerFields(header?.name ?? '');
      if (!fields.ok) return fields;
      entries.push(fields.value);
    }
    return done({
      read: (values) => {
        const headers = entries.map((fields) => readHeader(fields, next(values) !== 0n, values));
        return { case: 'headerStack', value: create(P4HeaderStackSchema, { entries: headers }) };
      },
    });
  }
}

function readHeader(fields: readonly Part[], isValid: boolean, values: Iterator<bigint>) {
  const bitstrings = fields.map(({ read }) => {
    const data = read(values);
    return data.case === 'bitstring' ? data.value : new Uint8Array();
  });
  return create(P4HeaderSchema, { isValid, bitstrings: isValid ? bitstrings : [] });
}

function boolPart(): Part {
  return {
    read: (values) => ({ case: 'bool', value: next(values) !== 0n }),
    write: (data) =>
      data.case === 'bool' ? done(data.value ? 1n : 0n) : invalid('a bool is expected'),
  };
}

function bitPart(what: string, bitwidth: number): Part {
  return {
    read: (values) => ({ case: 'bitstring', value: encodeBytestring(next(values)) }),
    write: (data) =>
      data.case === 'bitstring'
        ? decodeUnsigned(data.value, bitwidth, bitwidth, what)
        : invalid(`${what} takes a bitstring`),
  };
}

function enumValuePart(what: string, bitwidth: number): Part {
  return {
    read: (values) => ({ case: 'enumValue', value: encodeBytestring(next(values)) }),
    write: (data) =>
      data.case === 'enumValue'
        ? decodeUnsigned(data.value, bitwidth, bitwidth, what)
        : invalid(`${what} takes an enum_value`),
  };
}

/** Two's complement in as few octets as hold the sign. */
function intPart(what: string, bitwidth: number): Part {
  return {
    read: (values) => {
      const value = BigInt.asIntN(bitwidth, next(values));
      const magnitude = value < 0n ? -value - 1n : value;
      const octets = Math.floor((magnitude === 0n ? 0 : magnitude.toString(2).length) / 8) + 1;
      const shortest = encodeBytestring(BigInt.asUintN(octets * 8, value));
      // A positive number may need a zero octet in front, for its sign.
      const data = new Uint8Array(octets);
      data.set(shortest, octets - shortest.length);
      return { case: 'bitstring', value: data };
    },
    write: (data) =>
      data.case === 'bitstring'
        ? decodeSigned(data.value, bitwidth, what)
        : invalid(`${what} takes a bitstring`),
  };
}

/** As the dataplane has it: the low `bitwidth` bits. */
function decodeSigned(octets: Uint8Array, bitwidth: number, what: string): Outcome<bigint> {
  if (octets.length === 0) return outOfRange(`${what}: empty bytestring`);
  const isNegative = (octets[0] ?? 0) >= 0x80;
  let first = 0;
  // Before any arithmetic: a hostile string may be megabytes long.
  while (first < octets.length - 1 && octets[first] === (isNegative ? 0xff : 0)) first += 1;
  if ((octets.length - first) * 8 > bitwidth + 15) return outOfRange(`${what}: too many octets`);
  let value = isNegative ? -1n : 0n;
  for (const octet of octets.subarray(first)) value = (value << 8n) | BigInt(octet);
  const fits = BigInt.asIntN(bitwidth, value) === value;
  return fits
    ? done(BigInt.asUintN(bitwidth, value))
    : outOfRange(`${what}: ${value} does not fit int<${bitwidth}>`);
}
