/** Ranges as values under masks, which is what a compiled parser compares. Pure. */
import type { KeyWords } from '../state/match.js';
import type { FieldProgram } from '../program/program.js';
import { allOnes, readSlot, writeSlot } from '../state/words.js';

export interface Masked {
  readonly value: bigint;
  readonly mask: bigint;
}

/** The fewest prefixes that together are `low` to `high`, of `bitwidth` bits. */
export function prefixesOf(low: bigint, high: bigint, bitwidth: number): Masked[] {
  const prefixes: Masked[] = [];
  let value = low;
  while (value <= high) {
    // As many values as begin here: by the zeros at its end, and by how many are left.
    let free = 0n;
    const whole = BigInt(bitwidth);
    while (
      free < whole &&
      ((value >> free) & 1n) === 0n &&
      value + (1n << (free + 1n)) - 1n <= high
    ) {
      free += 1n;
    }
    prefixes.push({ value, mask: allOnes(bitwidth) & ~((1n << free) - 1n) });
    value += 1n << free;
  }
  return prefixes;
}

/** The entries that together match what `words` does; null where these are more than `limit`. */
export function withoutRanges(
  fields: readonly FieldProgram[],
  words: KeyWords,
  limit: number,
): KeyWords[] | null {
  const parts = fields.map(({ layout }): readonly Masked[] => {
    const value = readSlot(words.key, layout);
    const mask = readSlot(words.mask, layout);
    const isRange = layout.matchType === 'range';
    return isRange ? prefixesOf(value, mask, layout.bitwidth) : [{ value, mask }];
  });
  if (parts.reduce((product, { length }) => product * length, 1) > limit) return null;
  const count = words.key.length;
  let entries: KeyWords[] = [
    { key: new BigUint64Array(count), mask: new BigUint64Array(count), rangeWords: 0 },
  ];
  for (const [i, { layout }] of fields.entries()) {
    entries = entries.flatMap((entry) =>
      (parts[i] ?? []).map((part) => {
        const both = { key: entry.key.slice(), mask: entry.mask.slice(), rangeWords: 0 };
        writeSlot(both.key, layout, part.value);
        writeSlot(both.mask, layout, part.mask);
        return both;
      }),
    );
  }
  return entries;
}
