/** The C types that hold values, and constants of them. */
import type { Slot } from '../layout.js';
import { contains, pow2, signedRange, unsignedRange } from './range.js';
import type { Range } from './range.js';

export type CType = 'u64' | 'i64' | 'u128' | 'i128';

export const C_NAME: Record<CType, string> = {
  u64: 'uint64_t',
  i64: 'int64_t',
  u128: 'tp_u128',
  i128: 'tp_i128',
};
export const TYPE_RANGES: readonly (readonly [CType, Range])[] = [
  ['u64', unsignedRange(64)],
  ['i64', signedRange(64)],
  ['u128', unsignedRange(128)],
  ['i128', signedRange(128)],
];
export function typeOfRange(range: Range): CType | null {
  return TYPE_RANGES.find(([, limits]) => contains(limits, range))?.[0] ?? null;
}

/** The unsigned C type in which `low(e, bits)` comes. */
export function lowType(bits: number): string {
  return bits <= 64 ? 'uint64_t' : 'tp_u128';
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** A constant of uint64_t, which is unsigned long wherever the engine runs. */
export function number64(value: bigint): string {
  return `${value < 10n ? value.toString() : hex(value)}ul`;
}

/** An unsigned constant of the type of `low(e, bits)`. */
export function unsignedLiteral(value: bigint, bits: number): string {
  const cut = BigInt.asUintN(bits <= 64 ? 64 : 128, value);
  return bits <= 64
    ? number64(cut)
    : `TP_U128(${hex(cut >> 64n)}, ${hex(BigInt.asUintN(64, cut))})`;
}

export function literal(value: bigint, type: CType): string {
  switch (type) {
    case 'u64':
      return unsignedLiteral(value, 64);
    case 'u128':
      return unsignedLiteral(value, 128);
    case 'i64':
      return `((int64_t)${unsignedLiteral(value, 64)})`;
    case 'i128':
      return `((tp_i128)${unsignedLiteral(value, 128)})`;
  }
}

export function convert(text: string, from: CType, to: CType): string {
  return from === to ? text : `((${C_NAME[to]})${text})`;
}

/** Reads the value in `slot` of the array `words`, as uint64_t or tp_u128. */
export function readSlot(words: string, slot: Slot): string {
  if (slot.bitwidth > 64) {
    return `(((tp_u128)${words}[${slot.word + 1}] << 64) | ${words}[${slot.word}])`;
  }
  const shifted =
    slot.shift === 0 ? `${words}[${slot.word}]` : `(${words}[${slot.word}] >> ${slot.shift})`;
  return slot.bitwidth === 64
    ? shifted
    : `(${shifted} & ${unsignedLiteral(pow2(slot.bitwidth) - 1n, 64)})`;
}
