/**
 * Table entries straight from messages into rows for the engine, for the entries of which most tables
 * are full: fields and parameters of up to 64 bits (prefixes, masks and ranges of up to 32) whose
 * values are right. `match.ts` says what each of them means; whatever is not among these goes there,
 * errors too.
 */
import type { Action, FieldMatch } from '#protos/p4/v1/p4runtime_pb';
import type { Slot } from '#compiler/layout';
import { ROW, rowWords } from './engine-port.js';
import type { RowShape } from './engine-port.js';
import type { ActionProgram, FieldProgram, TableProgram } from './program.js';

/** Rows that are written in one call. */
export const BATCH_ROWS = 256;

/** Two halves of a value, least significant first. */
interface Halves {
  low: number;
  high: number;
}

/** See the file's comment. */
export class RowWriter {
  readonly shape: RowShape;
  readonly rows: BigUint64Array;
  readonly operations = new Uint8Array(BATCH_ROWS);
  readonly results = new BigInt64Array(BATCH_ROWS);
  readonly #program: TableProgram;
  /** Of `rows`, half words, the less significant first. */
  readonly #halves: Uint32Array;
  /** A row whose fields all match anything. */
  readonly #anything: Uint32Array;
  readonly #rowHalves: number;
  /** Bit i: field i must be given. */
  readonly #required: number;
  readonly #value: Halves = { low: 0, high: 0 };
  readonly #mask: Halves = { low: 0, high: 0 };

  /** Null where a table's keys are none that can be had in rows. */
  static of(program: TableProgram): RowWriter | null {
    const { layout, fields, profileId } = program;
    const isPossible =
      layout.kind !== 'keyless' &&
      profileId === null &&
      fields.length < 31 &&
      fields.every(({ translation }) => translation === null);
    return isPossible ? new RowWriter(program) : null;
  }

  private constructor(program: TableProgram) {
    const { index: table, keyWords, argWords } = program.layout;
    this.#program = program;
    this.shape = { table, keyWords, argWords };
    this.#rowHalves = 2 * rowWords(this.shape);
    this.rows = new BigUint64Array(BATCH_ROWS * rowWords(this.shape));
    this.#halves = new Uint32Array(this.rows.buffer);
    const anything = new BigUint64Array(rowWords(this.shape));
    let required = 0;
    for (const [i, { layout }] of program.fields.entries()) {
      const isExact = layout.matchType === 'exact';
      if (isExact) required |= 1 << i;
      if (!isExact && layout.matchType !== 'range') continue;
      for (let bit = 0; bit < layout.bitwidth; bit += 1) {
        const at = layout.word * 64 + layout.shift + bit;
        const word = ROW.head + keyWords + Math.floor(at / 64);
        anything[word] = (anything[word] ?? 0n) | (1n << BigInt(at % 64));
      }
    }
    this.#anything = new Uint32Array(anything.buffer);
    this.#required = required;
  }

  /** Writes row `at` of an entry with this key; false: it takes `encodeKey` to say what it is. */
  putKey(at: number, match: readonly FieldMatch[], priority: number): boolean {
    const from = at * this.#rowHalves;
    this.#halves.set(this.#anything, from);
    this.#halves[from + 2 * ROW.priority] = priority;
    this.#halves[from + 2 * ROW.priority + 1] = priority < 0 ? 0xffff_ffff : 0;
    const { fields } = this.#program;
    let seen = 0;
    for (const field of match) {
      const i = indexOf(fields, field.fieldId);
      const known = fields[i];
      if (known === undefined || (seen & (1 << i)) !== 0) return false;
      seen |= 1 << i;
      if (!this.#putField(from, known, field)) return false;
    }
    return (seen & this.#required) === this.#required;
  }

  /** Writes what row `at` does; false: it takes `encodeArgs` to say what that is. */
  putAction(at: number, action: ActionProgram, { params }: Action): boolean {
    const from = at * this.#rowHalves;
    this.#halves[from + 2 * ROW.action] = action.layout.index;
    const args = from + 2 * (ROW.head + 2 * this.shape.keyWords);
    if (params.length !== action.params.length) return false;
    for (const [i, param] of action.params.entries()) {
      const given = params[i];
      // In the order of the program, as every client sends them.
      if (given?.paramId !== param.id || param.translation !== null) return false;
      const { slot } = param;
      if (!read(given.value, Math.min(param.bitwidth, slot.bitwidth), this.#value)) return false;
      this.#put(args, slot, this.#value);
    }
    return true;
  }

  #putField(from: number, { bitwidth, layout }: FieldProgram, { fieldMatchType }: FieldMatch) {
    if (fieldMatchType.case !== layout.matchType || bitwidth !== layout.bitwidth) return false;
    const key = from + 2 * ROW.head;
    const mask = key + 2 * this.shape.keyWords;
    switch (fieldMatchType.case) {
      case 'exact':
        if (!read(fieldMatchType.value.value, bitwidth, this.#value)) return false;
        this.#put(key, layout, this.#value);
        return true;
      case 'lpm': {
        const { value, prefixLen } = fieldMatchType.value;
        if (prefixLen <= 0 || prefixLen > bitwidth || bitwidth > 32) return false;
        if (!read(value, bitwidth, this.#value)) return false;
        const ones = onesFrom(bitwidth - prefixLen, bitwidth);
        return this.#putMasked(key, mask, layout, ones);
      }
      case 'ternary':
        if (bitwidth > 32 || !read(fieldMatchType.value.value, bitwidth, this.#value)) return false;
        if (!read(fieldMatchType.value.mask, bitwidth, this.#mask)) return false;
        return this.#putMasked(key, mask, layout, this.#mask.low);
      case 'optional':
        if (bitwidth > 32 || !read(fieldMatchType.value.value, bitwidth, this.#value)) return false;
        return this.#putMasked(key, mask, layout, onesFrom(0, bitwidth));
      case 'range': {
        const { low, high } = fieldMatchType.value;
        if (bitwidth > 32 || !read(low, bitwidth, this.#value)) return false;
        if (!read(high, bitwidth, this.#mask) || this.#value.low > this.#mask.low) return false;
        if (this.#value.low === 0 && this.#mask.low === onesFrom(0, bitwidth)) return false;
        this.#put(key, layout, this.#value);
        // A range is alone in its words: what stands there is the end of all values.
        this.#halves[mask + 2 * layout.word] = 0;
        this.#put(mask, layout, this.#mask);
        return true;
      }
      case undefined:
        return false;
    }
  }

  #putMasked(key: number, mask: number, slot: Slot, ones: number): boolean {
    const { low } = this.#value;
    if (ones === 0 || (low & ~ones) !== 0) return false;
    this.#put(key, slot, this.#value);
    this.#mask.low = ones;
    this.#mask.high = 0;
    this.#put(mask, slot, this.#mask);
    return true;
  }

  /** Bits of the slot must be zero before. */
  #put(base: number, { word, shift }: Slot, { low, high }: Halves): void {
    const at = base + 2 * word;
    const halves = this.#halves;
    if (shift === 0) {
      halves[at] = (halves[at] ?? 0) | low;
      halves[at + 1] = (halves[at + 1] ?? 0) | high;
    } else if (shift < 32) {
      halves[at] = (halves[at] ?? 0) | (low << shift);
      halves[at + 1] = (halves[at + 1] ?? 0) | (high << shift) | (low >>> (32 - shift));
    } else {
      halves[at + 1] = (halves[at + 1] ?? 0) | (low << (shift - 32));
    }
  }
}

function indexOf(fields: readonly FieldProgram[], id: number): number {
  for (let i = 0; i < fields.length; i += 1) if (fields[i]?.id === id) return i;
  return -1;
}

/** Bits [from, end) of a number of 32 bits. */
function onesFrom(from: number, end: number): number {
  const below = (bits: number) => (bits >= 32 ? 0xffff_ffff : (1 << bits) - 1);
  return (below(end) & ~below(from)) >>> 0;
}

/** A bytestring's value, if it has one of up to `bitwidth` bits, 64 at most. */
function read(octets: Uint8Array, bitwidth: number, out: Halves): boolean {
  if (octets.length === 0 || octets.length > 8 || bitwidth > 64) return false;
  let low = 0;
  let high = 0;
  for (const octet of octets) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | octet) >>> 0;
  }
  const fits =
    bitwidth <= 32
      ? high === 0 && (bitwidth === 32 || low >>> bitwidth === 0)
      : bitwidth === 64 || high >>> (bitwidth - 32) === 0;
  out.low = low;
  out.high = high;
  return fits;
}
