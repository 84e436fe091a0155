/**
 * Fixed layouts as data: a record of fields in the order of the wire gives an encoder, a decoder and
 * the type of the value. Reserved octets are part of the field in front of them, written as zero.
 */
import { failure, success, type Result } from '#units/result';
import { scaledNs, scaledUnits, type ScaledNs } from '#units/time';
import { viewOf } from './octets.js';
import { readPortIdentity, writePortIdentity, type PortIdentity } from './ptp-header.js';

export interface Field<Value> {
  readonly octets: number;
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

/** Equal elements one after the other. */
export function array<Value>(field: Field<Value>, length: number): Field<readonly Value[]> {
  return {
    octets: field.octets * length,
    read: (view, offset) =>
      Array.from({ length }, (_, i) => field.read(view, offset + i * field.octets)),
    write: (view, offset, values) => {
      if (values.length !== length) throw new RangeError(`${values.length} values, not ${length}`);
      values.forEach((value, i) => {
        field.write(view, offset + i * field.octets, value);
      });
    },
  };
}

/** `fields` in the order in which they are written out. */
export function layout<Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
): Codec<Values<Fields>> {
  const named = Object.entries(fields);
  const octets = named.reduce((sum, [, field]) => sum + field.octets, 0);
  return {
    decode: (input) => {
      if (input.length < octets) {
        return failure('layout-too-short', `${input.length} octets, where ${octets} are needed`);
      }
      const view = viewOf(input);
      const value: Record<string, unknown> = {};
      let offset = 0;
      for (const [name, field] of named) {
        value[name] = field.read(view, offset);
        offset += field.octets;
      }
      return success(value as Values<Fields>);
    },
    encode: (value) => {
      const output = new Uint8Array(octets);
      const view = viewOf(output);
      let offset = 0;
      for (const [name, field] of named) {
        field.write(view, offset, value[name as keyof Fields]);
        offset += field.octets;
      }
      return output;
    },
  };
}
