/**
 * P4Runtime's binary strings (specification 1.5, section 8.4): unsigned big-endian numbers. What is
 * sent is the shortest form; what is received may be padded with zeros, but not empty, and its value
 * must fit the field's width.
 */

/** Why octets are no value of the field. Both are OUT_OF_RANGE over P4Runtime. */
export interface BytestringError {
  readonly code: 'EMPTY' | 'TOO_BIG';
  readonly message: string;
}

export type BytestringResult =
  | { readonly ok: true; readonly value: bigint }
  | { readonly ok: false; readonly error: BytestringError };

/** The shortest form of a value: at least one octet, no leading zero octet but for the value 0.
 * Throws a RangeError for a negative value. */
export function encodeBytestring(value: bigint | number): Uint8Array {
  const number = BigInt(value);
  if (number < 0n) throw new RangeError(`a bytestring holds no negative value: ${number}`);
  const hex = number.toString(16);
  const padded = hex.length % 2 === 0 ? hex : `0${hex}`;
  const octets = new Uint8Array(padded.length / 2);
  for (let i = 0; i < octets.length; i += 1) {
    octets[i] = Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16);
  }
  return octets;
}

/** The value of `octets` for a field of `bitwidth` bits. Errors: EMPTY, TOO_BIG. */
export function decodeBytestring(octets: Uint8Array, bitwidth: number): BytestringResult {
  if (octets.length === 0) {
    return { ok: false, error: { code: 'EMPTY', message: 'empty bytestring' } };
  }
  const significant = canonicalBytestring(octets);
  // Before any arithmetic: a hostile string may be megabytes long.
  if (significant.length * 8 > bitwidth + 7) return tooBig(significant, bitwidth);
  let value = 0n;
  for (const octet of significant) value = (value << 8n) | BigInt(octet);
  if (value >> BigInt(bitwidth) !== 0n) return tooBig(significant, bitwidth);
  return { ok: true, value };
}

/** `octets` without leading zeros (a view of the same memory); one octet stays. */
export function canonicalBytestring(octets: Uint8Array): Uint8Array {
  let first = 0;
  while (first < octets.length - 1 && octets[first] === 0) first += 1;
  return octets.subarray(first);
}

const SHOWN_OCTETS = 32;

function tooBig(octets: Uint8Array, bitwidth: number): BytestringResult {
  const shown = Array.from(octets.subarray(0, SHOWN_OCTETS), (octet) =>
    octet.toString(16).padStart(2, '0'),
  ).join('');
  const more = octets.length > SHOWN_OCTETS ? `… (${octets.length} octets)` : '';
  return {
    ok: false,
    error: { code: 'TOO_BIG', message: `0x${shown}${more} does not fit ${bitwidth} bits` },
  };
}
