/** Fields in octets: how a header is read from a frame, and written to it. */
import type { Field, HeaderType } from '../model.js';
import { at } from '../scope.js';
import { number64 } from './c-types.js';
import type { HeaderNames } from './names.js';
import { fieldType, memberName, storageBits } from './names.js';
import { pow2 } from './range.js';
import type { TypeUsage } from './usage.js';
import { isWordWindow, wordBits, wordName } from './windows.js';
import type { Window } from './windows.js';

const LOAD_OCTETS = [1, 2, 4, 8, 16];

/**
 * C that reads `bitwidth` bits at bit `first` of `octets` octets at `base`; it reads nothing else.
 * One wide load where a window of the header covers the field.
 */
export function loadBits(base: string, octets: number, first: number, bitwidth: number): string {
  const end = first + bitwidth;
  const [firstOctet, lastOctet] = [first >> 3, (end - 1) >> 3];
  const size = LOAD_OCTETS.find((n) => n > lastOctet - firstOctet && n <= octets);
  if (size === undefined && bitwidth % 8 === 0 && first % 8 === 0 && bitwidth < 64) {
    return loadPieces(base, firstOctet, bitwidth / 8);
  }
  if (size === undefined) {
    const bits = `tp_load_bits(${base}, ${first}, ${bitwidth})`;
    return bitwidth <= 64 ? `((uint64_t)${bits})` : bits;
  }
  // The window may begin before the field, when the header ends too soon after it.
  const start = Math.min(firstOctet, octets - size);
  const shift = (start + size) * 8 - end;
  const load = `tp_load${size * 8}(${base} + ${start})`;
  const shifted = shift === 0 ? load : `(${load} >> ${shift})`;
  const text = size === 16 && bitwidth <= 64 ? `((uint64_t)${shifted})` : shifted;
  const isWhole = shift + bitwidth === size * 8 || bitwidth === 64;
  if (isWhole || bitwidth > 64) {
    return bitwidth > 64 && !isWhole ? `(${text} & ${mask128(bitwidth)})` : text;
  }
  return `(${text} & ${number64(pow2(bitwidth) - 1n)})`;
}

/** Whole octets of a header that is too short for one load of them all. */
function loadPieces(base: string, first: number, octets: number): string {
  const pieces: string[] = [];
  for (let done = 0; done < octets;) {
    const size = [4, 2, 1].find((n) => n <= octets - done) ?? 1;
    const load = `tp_load${size * 8}(${base} + ${first + done})`;
    const shift = (octets - done - size) * 8;
    pieces.push(shift === 0 ? load : `(${load} << ${shift})`);
    done += size;
  }
  return `(${pieces.join(' | ')})`;
}

function mask128(bitwidth: number): string {
  return `(~(tp_u128)0 >> ${128 - bitwidth})`;
}

/** Statements that fill a header's struct, and keep its octets, from the octets at `base`. */
export function extractHeader(
  type: HeaderType,
  usage: TypeUsage,
  names: HeaderNames,
  base: string,
): string[] {
  const octets = type.bits / 8;
  const lines = names.raw === null ? [] : [`memcpy(${names.raw}, ${base}, ${octets});`];
  if (names.origin !== null) lines.push(`${names.origin} = at;`);
  for (const window of usage.windows) {
    if (isWordWindow(window)) {
      const load = loadBits(base, octets, window.first * 8, window.octets * 8);
      lines.push(`${names.value}.${wordName(window)} = (uint${wordBits(window)}_t)${load};`);
      continue;
    }
    let first = window.first * 8;
    for (const i of window.fields) {
      const field = at(type.fields, i);
      const load = loadBits(base, octets, first, field.bitwidth);
      lines.push(`${names.value}.${memberName(type, i)} = ${fromBits(field, load)};`);
      first += field.bitwidth;
    }
  }
  return lines;
}

/** The bits of a field, in C of unsigned type, as the value that the field has. */
export function fromBits(field: Field, bits: string): string {
  const name = fieldType(field);
  if (!field.signed) {
    return `(${name})${bits}`;
  }
  const helper = field.bitwidth <= 64 ? 'tp_sign64' : 'tp_sign128';
  return `(${name})${helper}(${bits}, ${field.bitwidth})`;
}

/** The value of a field as its bits: uint64_t, or tp_u128 where it is wider. */
export function toBits(field: Field, value: string): string {
  if (field.bitwidth > 64) {
    const wide = `((tp_u128)${value})`;
    return field.signed && field.bitwidth < 128 ? `(${wide} & ${mask128(field.bitwidth)})` : wide;
  }
  const narrow = `((uint64_t)${value})`;
  return field.signed && storageBits(field) <= 64 && field.bitwidth < 64
    ? `(${narrow} & ${number64(pow2(field.bitwidth) - 1n)})`
    : narrow;
}

/** Statements that write a header as a whole to the octets at `base`; it came in those at `frame`. */
export function emitHeader(
  type: HeaderType,
  usage: TypeUsage,
  names: HeaderNames,
  base: string,
  frame: string,
): string[] {
  const octets = type.bits / 8;
  const { origin, raw } = names;
  if (usage.kept === null) return storeWindows(type, usage.windows, names, base);
  const kept =
    origin === null
      ? raw === null
        ? []
        : [`memcpy(${base}, ${raw}, ${octets});`]
      : [`tp_copy_kept(${base}, ${frame}, ${origin}, ${octets});`];
  return [...kept, ...patchHeader(type, usage, names, base)];
}

/** Statements that write the windows that the program may have changed. */
export function patchHeader(
  type: HeaderType,
  usage: TypeUsage,
  names: HeaderNames,
  base: string,
): string[] {
  return storeWindows(type, usage.written, names, base);
}

function storeWindows(
  type: HeaderType,
  windows: readonly Window[],
  names: HeaderNames,
  base: string,
): string[] {
  const lines: string[] = [];
  for (const window of windows) {
    for (let done = 0; done < window.octets;) {
      const size = [8, 4, 2, 1].find((n) => n <= window.octets - done) ?? 1;
      const text = isWordWindow(window)
        ? shiftedRight(`${names.value}.${wordName(window)}`, (window.octets - done - size) * 8)
        : fieldPieces(type, names.value, window, done * 8, size * 8).join(' | ');
      lines.push(`tp_store${size * 8}(${base} + ${window.first + done}, ${text});`);
      done += size;
    }
  }
  return lines;
}

function shiftedRight(text: string, count: number): string {
  return count === 0 ? text : `${text} >> ${count}`;
}

/** The parts of a window's fields that are in `size` bits from its bit `start` on, as uint64_t. */
function fieldPieces(
  type: HeaderType,
  source: string,
  window: Window,
  start: number,
  size: number,
): string[] {
  const pieces: string[] = [];
  let first = 0;
  for (const i of window.fields) {
    const field = at(type.fields, i);
    const end = first + field.bitwidth;
    if (first < start + size && end > start) {
      const bits = toBits(field, `${source}.${memberName(type, i)}`);
      const shift = start + size - end;
      const shifted =
        shift > 0 ? `(${bits} << ${shift})` : shift < 0 ? `(${bits} >> ${-shift})` : bits;
      pieces.push(field.bitwidth > 64 ? `((uint64_t)${shifted})` : shifted);
    }
    first = end;
  }
  return pieces;
}
