/** The value of a key, as a test writes it, as a P4Runtime match. Pure. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import { MatchField_MatchType as MatchType } from '#protos/p4/config/v1/p4info_pb';
import type { FieldMatchSchema } from '#protos/p4/v1/p4runtime_pb';
import type { Found } from './names.js';
import { parseNumber } from './parse.js';

type FieldMatch = MessageInitShape<typeof FieldMatchSchema>;

interface Key {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
  readonly match:
    | { readonly case: 'matchType'; readonly value: MatchType }
    | { readonly case: string | undefined };
}

interface Masked {
  readonly value: bigint;
  readonly mask: bigint;
}

const BITS_OF_DIGIT: Readonly<Record<string, number>> = { x: 4, o: 3, b: 1 };

/** A number whose digits may be `*`. Plain numbers have a mask of all ones. */
function masked(text: string, bitwidth: number): Masked | null {
  const all = (1n << BigInt(bitwidth)) - 1n;
  const plain = parseNumber(text);
  if (plain !== null) return { value: plain, mask: all };
  const match = /^0([xXoObB])([0-9a-fA-F*]+)$/.exec(text);
  const bits = BITS_OF_DIGIT[match?.[1]?.toLowerCase() ?? ''];
  if (match === null || bits === undefined) return null;
  let value = 0n;
  let wild = 0n;
  const digitMask = (1n << BigInt(bits)) - 1n;
  for (const digit of match[2] ?? '') {
    const number = digit === '*' ? 0 : Number.parseInt(digit, 16);
    if (BigInt(number) > digitMask) return null;
    value = (value << BigInt(bits)) | BigInt(number);
    wild = (wild << BigInt(bits)) | (digit === '*' ? digitMask : 0n);
  }
  return { value, mask: all & ~wild };
}

function matchTypeOf(key: Key): MatchType {
  return key.match.case === 'matchType' && 'value' in key.match
    ? key.match.value
    : MatchType.UNSPECIFIED;
}

/** The match; null where any value does. Errors: text that is no value of this kind of key. */
export function matchOf(key: Key, text: string): Found<FieldMatch | null> {
  const wrong = (expected: string): Found<never> => ({
    ok: false,
    message: `'${text}' is no value of key '${key.name}': ${expected}`,
  });
  const fits = (value: bigint): boolean => value >> BigInt(key.bitwidth) === 0n;
  const tooWide = wrong(`it has ${key.bitwidth} bits`);
  const type = matchTypeOf(key);
  if (type === MatchType.RANGE) return range(key, text, wrong);
  if (type === MatchType.LPM) {
    const decoded = prefix(text, key.bitwidth);
    if (decoded === null) return wrong('expected VALUE/LENGTH');
    if (!fits(decoded.value)) return tooWide;
    const { value, length } = decoded;
    if (length === 0) return { ok: true, value: null };
    return ok(key, 'lpm', { value: encodeBytestring(value), prefixLen: length });
  }
  if (type === MatchType.TERNARY) {
    const decoded = ternary(text, key.bitwidth);
    if (decoded === null) return wrong("expected a number, one with '*' digits, or VALUE&&&MASK");
    if (!fits(decoded.value)) return tooWide;
    const value = decoded.value & decoded.mask;
    if (decoded.mask === 0n) return { ok: true, value: null };
    return ok(key, 'ternary', {
      value: encodeBytestring(value),
      mask: encodeBytestring(decoded.mask),
    });
  }
  if (text === '*' && type === MatchType.OPTIONAL) return { ok: true, value: null };
  const value = parseNumber(text);
  if (value === null) return wrong('expected a number');
  if (!fits(value)) return tooWide;
  return type === MatchType.OPTIONAL
    ? ok(key, 'optional', { value: encodeBytestring(value) })
    : ok(key, 'exact', { value: encodeBytestring(value) });
}

function ok(key: Key, kind: string, value: object): Found<FieldMatch> {
  const fieldMatchType = { case: kind, value } as NonNullable<FieldMatch['fieldMatchType']>;
  return { ok: true, value: { fieldId: key.id, fieldMatchType } };
}

/** `VALUE/LENGTH`, a whole value, or one whose last digits are `*`; bits beyond are zero then. */
function prefix(text: string, bitwidth: number): { value: bigint; length: number } | null {
  const [left = '', right] = text.split('/');
  if (right !== undefined) {
    const [value, length] = [parseNumber(left), parseNumber(right)];
    if (value === null || length === null || length > BigInt(bitwidth)) return null;
    const rest = BigInt(bitwidth) - length;
    return { value: (value >> rest) << rest, length: Number(length) };
  }
  const decoded = masked(text, bitwidth);
  if (decoded === null) return null;
  const length = decoded.mask.toString(2).replaceAll('0', '').length;
  const whole = (1n << BigInt(bitwidth)) - 1n;
  const isPrefix = decoded.mask === (whole ^ (whole >> BigInt(length)));
  return isPrefix ? { value: decoded.value, length } : null;
}

function ternary(text: string, bitwidth: number): Masked | null {
  const [left = '', right] = text.split('&&&');
  if (right === undefined) return masked(left, bitwidth);
  const [value, mask] = [parseNumber(left), parseNumber(right)];
  return value === null || mask === null ? null : { value, mask };
}

function range(
  key: Key,
  text: string,
  wrong: (expected: string) => Found<never>,
): Found<FieldMatch | null> {
  const [left = '', right = left] = text.split('..');
  const [low, high] = [parseNumber(left), parseNumber(right)];
  if (low === null || high === null) return wrong('expected LOW..HIGH');
  const most = (1n << BigInt(key.bitwidth)) - 1n;
  if (high > most || low > high) return wrong(`expected LOW..HIGH within 0..${most}`);
  if (low === 0n && high === most) return { ok: true, value: null };
  return ok(key, 'range', { low: encodeBytestring(low), high: encodeBytestring(high) });
}
