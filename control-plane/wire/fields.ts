/**
 * Fixed layouts as data: a record of fields in the order of the wire gives an encoder, a decoder and
 * the type of the value. Reserved octets are part of the field in front of them, written as zero.
 */
import { macBits, macFromBits, type MacAddress } from '#units/identity';
import { failure, success, type Result } from '#units/result';
import {
  instant,
  logInterval,
  logIntervalValue,
  scaledNs,
  scaledUnits,
  type Instant,
  type LogInterval,
  type ScaledNs,
} from '#units/time';
import { readUint48, viewOf, writeUint48 } from './octets.js';
import {
  readPortIdentity,
  readTimestamp,
  writePortIdentity,
  writeTimestamp,
  type PortIdentity,
} from './ptp-header.js';

export interface Field<Value> {
  readonly octets: number;
  /** What is wrong with the octets there, for people; null if they are a value. Without it all are. */
  readonly check?: (view: DataView, offset: number) => string | null;
  readonly read: (view: DataView, offset: number) => Value;
  /** A method, so that a Field<number> is a Field<unknown>: `layout` takes all kinds together. */
  write(view: DataView, offset: number, value: Value): void;
}

export interface Codec<Value> {
  /** Total: too few octets are a named error. Octets behind the layout are not looked at. */
  readonly decode: (octets: Uint8Array) => Result<Value, LayoutErrorCode>;
  /** A method, as Field's. */
  encode(value: Value): Uint8Array;
}

export type LayoutErrorCode = 'layout-too-short' | 'layout-bad-value';

type ValueOf<F> = F extends Field<infer Value> ? Value : never;
export type Values<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

export const uint8: Field<number> = {
  octets: 1,
  read: (view, offset) => view.getUint8(offset),
  write: (view, offset, value) => {
    view.setUint8(offset, value);
  },
};

export const int8: Field<number> = {
  octets: 1,
  read: (view, offset) => view.getInt8(offset),
  write: (view, offset, value) => {
    view.setInt8(offset, value);
  },
};

export const uint16: Field<number> = {
  octets: 2,
  read: (view, offset) => view.getUint16(offset),
  write: (view, offset, value) => {
    view.setUint16(offset, value);
  },
};

export const int16: Field<number> = {
  octets: 2,
  read: (view, offset) => view.getInt16(offset),
  write: (view, offset, value) => {
    view.setInt16(offset, value);
  },
};

export const uint32: Field<number> = {
  octets: 4,
  read: (view, offset) => view.getUint32(offset),
  write: (view, offset, value) => {
    view.setUint32(offset, value);
  },
};

export const int32: Field<number> = {
  octets: 4,
  read: (view, offset) => view.getInt32(offset),
  write: (view, offset, value) => {
    view.setInt32(offset, value);
  },
};

export const uint64: Field<bigint> = {
  octets: 8,
  read: (view, offset) => view.getBigUint64(offset),
  write: (view, offset, value) => {
    view.setBigUint64(offset, value);
  },
};

export const uint24: Field<number> = {
  octets: 3,
  read: (view, offset) => (view.getUint8(offset) << 16) | view.getUint16(offset + 1),
  write: (view, offset, value) => {
    view.setUint8(offset, value >> 16);
    view.setUint16(offset + 1, value & 0xffff);
  },
};

export const uint48: Field<number> = {
  octets: 6,
  read: (view, offset) => Number(readUint48(view, offset)),
  write: (view, offset, value) => {
    writeUint48(view, offset, BigInt(value));
  },
};

export const macField: Field<MacAddress> = {
  octets: 6,
  read: (view, offset) => macFromBits(readUint48(view, offset)),
  write: (view, offset, value) => {
    writeUint48(view, offset, macBits(value));
  },
};

/** 802.1AS's ScaledNs and UScaledNs: 96 bits signed, in 2^-16 ns. */
export const int96: Field<bigint> = {
  octets: 12,
  read: (view, offset) => (view.getBigInt64(offset) << 32n) | BigInt(view.getUint32(offset + 8)),
  write: (view, offset, value) => {
    view.setBigInt64(offset, BigInt.asIntN(64, value >> 32n));
    view.setUint32(offset + 8, Number(value & 0xffff_ffffn));
  },
};

/** A Float64, 5.3.12. */
export const float64: Field<number> = {
  octets: 8,
  read: (view, offset) => view.getFloat64(offset),
  write: (view, offset, value) => {
    view.setFloat64(offset, value);
  },
};

export const interval: Field<LogInterval> = {
  octets: 1,
  read: (view, offset) => logInterval(view.getInt8(offset)),
  write: (view, offset, value) => {
    view.setInt8(offset, logIntervalValue(value));
  },
};

/** A Timestamp, 5.3.3; one with 10^9 nanoseconds or more is none. */
export const timestamp: Field<Instant> = {
  octets: 10,
  check: (view, offset) => {
    const time = readTimestamp(view, offset);
    return time.ok ? null : time.error.message;
  },
  read: (view, offset) => {
    const time = readTimestamp(view, offset);
    return time.ok ? time.value : instant(0n);
  },
  write: writeTimestamp,
};

/** An octet of flags by name; the bits are counted from the least significant one. */
export function flags<Name extends string>(
  bits: Readonly<Record<Name, number>>,
): Field<Readonly<Record<Name, boolean>>> {
  const named = Object.entries<number>(bits);
  return {
    octets: 1,
    read: (view, offset) => {
      const octet = view.getUint8(offset);
      const values = named.map(([name, bit]) => [name, ((octet >> bit) & 1) === 1] as const);
      return Object.fromEntries(values) as Record<Name, boolean>;
    },
    write: (view, offset, value) => {
      const octet = named.reduce((sum, [name, bit]) => {
        return sum | (Number(value[name as Name]) << bit);
      }, 0);
      view.setUint8(offset, octet);
    },
  };
}

/** A TimeInterval, 5.3.2. */
export const timeInterval: Field<ScaledNs> = {
  octets: 8,
  read: (view, offset) => scaledNs(view.getBigInt64(offset)),
  write: (view, offset, value) => {
    view.setBigInt64(offset, scaledUnits(value));
  },
};

export const portIdentity: Field<PortIdentity> = {
  octets: 10,
  read: readPortIdentity,
  write: writePortIdentity,
};

/** A field with `octets` reserved ones behind it. */
export function followedBy<Value>(field: Field<Value>, octets: number): Field<Value> {
  return { ...field, octets: field.octets + octets };
}

/** As many octets as they are. */
export function octetString(octets: number): Field<Uint8Array> {
  return {
    octets,
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, octets).slice(),
    write: (view, offset, value) => {
      if (value.length !== octets) throw new RangeError(`${value.length} octets, not ${octets}`);
      new Uint8Array(view.buffer, view.byteOffset + offset, octets).set(value);
    },
  };
}

/** What the first part says that is wrong; each with its place. */
function firstWrong(
  parts: readonly (readonly [Field<unknown>, number])[],
  view: DataView,
  offset: number,
): string | null {
  for (const [field, at] of parts) {
    const wrong = field.check?.(view, offset + at) ?? null;
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Equal elements one after the other. */
export function array<Value>(field: Field<Value>, length: number): Field<readonly Value[]> {
  const parts = Array.from({ length }, (_, i) => [field, i * field.octets] as const);
  return {
    octets: field.octets * length,
    check: (view, offset) => firstWrong(parts, view, offset),
    read: (view, offset) => parts.map(([, at]) => field.read(view, offset + at)),
    write: (view, offset, values) => {
      if (values.length !== length) throw new RangeError(`${values.length} values, not ${length}`);
      values.forEach((value, i) => {
        field.write(view, offset + i * field.octets, value);
      });
    },
  };
}

type FieldsByName = Readonly<Record<string, Field<unknown>>>;

/** `fields` in the order in which they are written out, as one field. */
export function group<Fields extends FieldsByName>(fields: Fields): Field<Values<Fields>> {
  const placed: (readonly [name: string, field: Field<unknown>, at: number])[] = [];
  let octets = 0;
  for (const [name, field] of Object.entries(fields)) {
    placed.push([name, field, octets]);
    octets += field.octets;
  }
  const parts = placed.map(([, field, at]) => [field, at] as const);
  return {
    octets,
    check: (view, offset) => firstWrong(parts, view, offset),
    read: (view, offset) =>
      Object.fromEntries(
        placed.map(([name, field, at]) => [name, field.read(view, offset + at)]),
      ) as Values<Fields>,
    write: (view, offset, value) => {
      for (const [name, field, at] of placed) {
        field.write(view, offset + at, value[name as keyof Fields]);
      }
    },
  };
}

/** `fields` in the order in which they are written out. */
export function layout<Fields extends FieldsByName>(fields: Fields): Codec<Values<Fields>> {
  const whole = group(fields);
  return {
    decode: (input) => {
      if (input.length < whole.octets) {
        return failure(
          'layout-too-short',
          `${input.length} octets, where ${whole.octets} are needed`,
        );
      }
      const view = viewOf(input);
      const wrong = whole.check?.(view, 0) ?? null;
      return wrong === null ? success(whole.read(view, 0)) : failure('layout-bad-value', wrong);
    },
    encode: (value) => {
      const output = new Uint8Array(whole.octets);
      whole.write(viewOf(output), 0, value);
      return output;
    },
  };
}
