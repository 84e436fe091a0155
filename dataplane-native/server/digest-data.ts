/** A digest's flat words as P4Data (specification 1.5, section "Representation of Arbitrary P4
 * Types"). */
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { DigestLayout } from '#compiler/layout';
import type { Digest } from '#protos/p4/config/v1/p4info_pb';
import type { P4DataTypeSpec, P4TypeInfo } from '#protos/p4/config/v1/p4types_pb';
import type { P4Data } from '#protos/p4/v1/p4data_pb';
import { P4DataSchema, P4StructLikeSchema } from '#protos/p4/v1/p4data_pb';
import type { Outcome } from './errors.js';
import { done, invalid } from './errors.js';
import { unimplemented } from './unimplemented.js';
import { readSlot } from './words.js';

/** How one digest is read: made once when its pipeline is loaded. */
export type DigestReader = (words: BigUint64Array) => P4Data;

type ValueReader = (values: Iterator<bigint>) => P4Data;

/** Errors: UNIMPLEMENTED for types that do not come as unsigned values, INVALID_ARGUMENT where the
 * P4Info's type and the compiled digest differ. */
export function digestReader(
  info: Digest,
  layout: DigestLayout,
  types: P4TypeInfo | undefined,
): Outcome<DigestReader> {
  const { fields, name } = layout;
  const found: Found = { widths: [], types: 0 };
  const reader = typeReader(info.typeSpec, types, found, 0);
  if (!reader.ok) return reader;
  const { widths } = found;
  const same =
    widths.length === fields.length && widths.every((bits, i) => bits === fields[i]?.bitwidth);
  if (!same) {
    return invalid(`digest '${name}' has other fields in the P4Info than in p4_device_config`);
  }
  return done((words) => {
    const values = fields.map((field) => readSlot(words, field));
    return reader.value(values[Symbol.iterator]());
  });
}

const MAX_DEPTH = 16;
/** A P4Info may be hostile: a few structs that name one another unfold without end. */
const MAX_TYPES = 4096;

/** What was met on the way through a type. */
interface Found {
  /** Bits of each value, in the order in which they come. */
  readonly widths: number[];
  types: number;
}

function next(values: Iterator<bigint>): bigint {
  const step = values.next();
  return step.done === true ? 0n : step.value;
}

function typeReader(
  type: P4DataTypeSpec | undefined,
  types: P4TypeInfo | undefined,
  found: Found,
  depth: number,
): Outcome<ValueReader> {
  found.types += 1;
  if (depth > MAX_DEPTH || found.types > MAX_TYPES) {
    return invalid(
      'the type of a digest in the P4Info is nested too deep, or has too many members',
    );
  }
  const { widths } = found;
  const spec = type?.typeSpec;
  switch (spec?.case) {
    case 'bitstring': {
      const kind = spec.value.typeSpec;
      if (kind.case === 'bit') return done(bits(kind.value.bitwidth, widths));
      if (kind.case === 'int') return done(signed(kind.value.bitwidth, widths));
      return unimplemented('digestTypes');
    }
    case 'bool':
      widths.push(1);
      return done((values) =>
        create(P4DataSchema, { data: { case: 'bool', value: next(values) !== 0n } }),
      );
    case 'serializableEnum': {
      const info = types?.serializableEnums[spec.value.name];
      widths.push(info?.underlyingType?.bitwidth ?? 0);
      return done((values) =>
        create(P4DataSchema, {
          data: { case: 'enumValue', value: encodeBytestring(next(values)) },
        }),
      );
    }
    case 'newType': {
      const representation = types?.newTypes[spec.value.name]?.representation;
      if (representation?.case === 'originalType') {
        return typeReader(representation.value, types, found, depth + 1);
      }
      const translated = representation?.value?.sdnType;
      if (translated?.case !== 'sdnBitwidth') return unimplemented('sdnStrings');
      return done(bits(translated.value, widths));
    }
    case 'struct': {
      const members = types?.structs[spec.value.name]?.members;
      if (members === undefined) return invalid(`the P4Info has no struct '${spec.value.name}'`);
      const specs = members.map((member) => member.typeSpec);
      return structReader('struct', specs, types, found, depth);
    }
    case 'tuple':
      return structReader('tuple', spec.value.members, types, found, depth);
    case 'header':
    case 'headerUnion':
    case 'headerStack':
    case 'headerUnionStack':
    case 'enum':
    case 'error':
    case undefined:
    default:
      return unimplemented('digestTypes');
  }
}

function bits(bitwidth: number, widths: number[]): ValueReader {
  widths.push(bitwidth);
  return (values) =>
    create(P4DataSchema, { data: { case: 'bitstring', value: encodeBytestring(next(values)) } });
}

/** Two's complement in as few octets as hold the sign. */
function signed(bitwidth: number, widths: number[]): ValueReader {
  widths.push(bitwidth);
  return (values) => {
    const value = BigInt.asIntN(bitwidth, next(values));
    const magnitude = value < 0n ? -value - 1n : value;
    const octets = Math.floor(magnitude.toString(2).length / 8) + 1;
    const unsigned = BigInt.asUintN(octets * 8, value);
    const data = encodeBytestring(unsigned);
    return create(P4DataSchema, { data: { case: 'bitstring', value: data } });
  };
}

function structReader(
  kind: 'struct' | 'tuple',
  specs: readonly (P4DataTypeSpec | undefined)[],
  types: P4TypeInfo | undefined,
  found: Found,
  depth: number,
): Outcome<ValueReader> {
  const readers: ValueReader[] = [];
  for (const spec of specs) {
    const reader = typeReader(spec, types, found, depth + 1);
    if (!reader.ok) return reader;
    readers.push(reader.value);
  }
  return done((values) => {
    const members = readers.map((read) => read(values));
    const value = create(P4StructLikeSchema, { members });
    return create(P4DataSchema, { data: { case: kind, value } });
  });
}
