/** How a TLV's value is read and written: fixed layouts, and lists of records behind one. */
import { failure, success, type Result } from '#units/result';
import { array, group, layout, type Field, type Values } from '../fields.js';
import { concatOctets, viewOf } from '../octets.js';
import type { TlvErrorCode } from './tlv-type.js';

/** `decode` is total. What stands behind the known fields is not looked at: it may be a later edition's. */
export interface TlvCodec<Value> {
  readonly decode: (value: Uint8Array) => Result<Value, TlvErrorCode>;
  /** An even number of octets. A method, as Field's `write`. */
  encode(value: Value): Uint8Array;
}

type FieldsByName = Readonly<Record<string, Field<unknown>>>;

/** A value of fixed fields, which names its kind. */
export function fixedTlv<Kind extends string, Fields extends FieldsByName>(
  kind: Kind,
  fields: Fields,
): TlvCodec<{ readonly kind: Kind } & Values<Fields>> {
  const codec = layout(fields);
  return {
    decode: (value) => {
      const decoded = codec.decode(value);
      if (decoded.ok) return success({ kind, ...decoded.value });
      const code = decoded.error.code === 'layout-too-short' ? 'tlv-too-short' : 'tlv-bad-value';
      return failure(code, `${kind}: ${decoded.error.message}`);
    },
    encode: (value) => codec.encode(value),
  };
}

/** Fixed fields, and behind them `records`, as many as fit: a part of one is an error. */
export function listTlv<
  Kind extends string,
  Fields extends FieldsByName,
  RecordFields extends FieldsByName,
>(
  kind: Kind,
  fields: Fields,
  recordFields: RecordFields,
): TlvCodec<
  { readonly kind: Kind; readonly records: readonly Values<RecordFields>[] } & Values<Fields>
> {
  const head = fixedTlv(kind, fields);
  const headOctets = group(fields).octets;
  const record = group(recordFields);
  return {
    decode: (value) => {
      const decoded = head.decode(value);
      if (!decoded.ok) return decoded;
      const rest = value.subarray(headOctets);
      const count = rest.length / record.octets;
      if (!Number.isInteger(count)) {
        return failure('tlv-bad-value', `${kind}: ${rest.length} octets of records are not whole`);
      }
      const list = array(record, count);
      const wrong = list.check?.(viewOf(rest), 0) ?? null;
      if (wrong !== null) return failure('tlv-bad-value', `${kind}: ${wrong}`);
      return success({ ...decoded.value, records: list.read(viewOf(rest), 0) });
    },
    encode: (value) => {
      const list = array(record, value.records.length);
      const octets = new Uint8Array(list.octets);
      list.write(viewOf(octets), 0, value.records);
      return concatOctets(head.encode(value), octets);
    },
  };
}

/** The same octets as another value. */
export function mappedTlv<Wire, Value>(
  codec: TlvCodec<Wire>,
  toValue: (wire: Wire) => Value,
  toWire: (value: Value) => Wire,
): TlvCodec<Value> {
  return {
    decode: (octets) => {
      const decoded = codec.decode(octets);
      return decoded.ok ? success(toValue(decoded.value)) : decoded;
    },
    encode: (value) => codec.encode(toWire(value)),
  };
}

export type DecodedBy<Codec> = Codec extends TlvCodec<infer Value> ? Value : never;

/** Values have an even length on the wire (14.1.2). */
export function evenly(octets: Uint8Array): Uint8Array {
  return octets.length % 2 === 0 ? octets : concatOctets(octets, new Uint8Array(1));
}
