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
  P4HeaderUnionStackTypeSpec,
  P4TypeInfo,
} from '#protos/p4/config/v1/p4types_pb';
import type { P4Data, P4Header, P4HeaderUnion } from '#protos/p4/v1/p4data_pb';
import {
  P4DataSchema,
  P4HeaderSchema,
  P4HeaderStackSchema,
  P4HeaderUnionSchema,
  P4HeaderUnionStackSchema,
  P4StructLikeSchema,
} from '#protos/p4/v1/p4data_pb';
import type { Outcome } from '../errors.js';
import { done, invalid, outOfRange } from '../errors.js';
import type { Translations } from './translation.js';
import { decodeUnsigned } from '../state/unsigned.js';

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

/** One of the dataplane's values. */
interface CompiledValue {
  readonly bitwidth: number;
  /** Whether the header is valid whose fields come next; for values that are none of a header it says
   * more than is wanted. */
  readonly isValidity?: true;
}

/** Errors: INVALID_ARGUMENT where the dataplane's values are not those of the type. */
export function dataCodec(
  what: string,
  type: P4DataTypeSpec | undefined,
  compiled: readonly CompiledValue[],
  types: DataTypes,
): Outcome<DataCodec> {
  const builder = new CodecBuilder(what, compiled, types);
  const part = builder.part(type, 0);
  if (!part.ok) return part;
  const { read, write } = part.value;
  if (builder.used !== compiled.length) return builder.otherFields();
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
  readonly #compiled: readonly CompiledValue[];
  readonly #types: DataTypes;
  #met = 0;
  /** Values of the dataplane that parts have taken. */
  used = 0;

  constructor(what: string, compiled: readonly CompiledValue[], types: DataTypes) {
    this.#what = what;
    this.#compiled = compiled;
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
        return this.#headerUnion(spec.value.name);
      case 'headerUnionStack':
        return this.#headerUnionStack(spec.value);
      case undefined:
      default:
        return this.otherFields();
    }
  }

  /** Takes one value of the dataplane, of so many bits, past validities that nobody asks for. */
  #one(bits: number, part: Part): Outcome<Part> {
    const skipped = this.#skip();
    const compiled = this.#compiled[this.used]?.bitwidth;
    this.used += 1;
    if (compiled !== bits) return this.otherFields();
    if (skipped === 0) return done(part);
    const read = (values: Iterator<bigint>): Data => {
      for (let i = 0; i < skipped; i += 1) next(values);
      return part.read(values);
    };
    return done({ ...part, read });
  }

  #skip(): number {
    const from = this.used;
    while (this.#compiled[this.used]?.isValidity === true) this.used += 1;
    return this.used - from;
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
        // A varbit, which no digest has.
        return this.otherFields();
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
    const at = this.#compiled.findIndex((value, i) => i >= this.used && value.isValidity !== true);
    const compiled = this.#compiled[at]?.bitwidth ?? 0;
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
      if (typeSpec === undefined) return this.otherFields();
      const part = this.#bitstring(typeSpec);
      if (!part.ok) return part;
      parts.push(part.value);
    }
    return done(parts);
  }

  /** Its validity, and its fields. */
  #anyHeader(name: string): Outcome<(values: Iterator<bigint>) => P4Header> {
    const isThere = this.#compiled[this.used]?.isValidity === true;
    if (!isThere) return this.otherFields();
    this.used += 1;
    const fields = this.#headerFields(name);
    if (!fields.ok) return fields;
    return done((values) => readHeader(fields.value, next(values) !== 0n, values));
  }

  #header(name: string): Outcome<Part> {
    const header = this.#anyHeader(name);
    if (!header.ok) return header;
    return done({ read: (values) => ({ case: 'header', value: header.value(values) }) });
  }

  #headerStack({ header, size }: P4HeaderStackTypeSpec): Outcome<Part> {
    const entries = this.#times(size, () => this.#anyHeader(header?.name ?? ''));
    if (!entries.ok) return entries;
    return done({
      read: (values) => {
        const headers = entries.value.map((read) => read(values));
        return { case: 'headerStack', value: create(P4HeaderStackSchema, { entries: headers }) };
      },
    });
  }

  /** Its members one after the other, of which one at most is valid. */
  #anyUnion(name: string): Outcome<(values: Iterator<bigint>) => P4HeaderUnion> {
    const members = this.#types.types?.headerUnions[name]?.members;
    if (members === undefined) return this.#unknown('header union', name);
    const headers: (readonly [string, (values: Iterator<bigint>) => P4Header])[] = [];
    for (const { name: memberName, header } of members) {
      const member = this.#anyHeader(header?.name ?? '');
      if (!member.ok) return member;
      headers.push([memberName, member.value]);
    }
    return done((values) => {
      const all = headers.map(([memberName, read]) => [memberName, read(values)] as const);
      const valid = all.find(([, { isValid }]) => isValid);
      return create(
        P4HeaderUnionSchema,
        valid === undefined ? {} : { validHeaderName: valid[0], validHeader: valid[1] },
      );
    });
  }

  #headerUnion(name: string): Outcome<Part> {
    const union = this.#anyUnion(name);
    if (!union.ok) return union;
    return done({ read: (values) => ({ case: 'headerUnion', value: union.value(values) }) });
  }

  #headerUnionStack({ headerUnion, size }: P4HeaderUnionStackTypeSpec): Outcome<Part> {
    const entries = this.#times(size, () => this.#anyUnion(headerUnion?.name ?? ''));
    if (!entries.ok) return entries;
    return done({
      read: (values) => {
        const unions = entries.value.map((read) => read(values));
        const value = create(P4HeaderUnionStackSchema, { entries: unions });
        return { case: 'headerUnionStack', value };
      },
    });
  }

  #times<T>(size: number, make: () => Outcome<T>): Outcome<T[]> {
    if (size > MAX_TYPES) return this.otherFields();
    const made: T[] = [];
    for (let i = 0; i < size; i += 1) {
      const one = make();
      if (!one.ok) return one;
      made.push(one.value);
    }
    return done(made);
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
