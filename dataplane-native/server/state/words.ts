/** Values in arrays of 64-bit words, as the compiler's layout places them. */
import type { KeyFieldLayout, Slot } from '#compiler/layout';

const WORD_BITS = 64;
const WORD_MASK = (1n << 64n) - 1n;

export function allOnes(bitwidth: number): bigint {
  return (1n << BigInt(bitwidth)) - 1n;
}

/** Writes `value`, which must fit the slot; the slot's bits must be zero before. */
export function writeSlot(words: BigUint64Array, slot: Slot, value: bigint): void {
  if (slot.bitwidth <= WORD_BITS) {
    words[slot.word] = (words[slot.word] ?? 0n) | (value << BigInt(slot.shift));
    return;
  }
  let rest = value;
  for (let word = slot.word; rest !== 0n; word += 1) {
    words[word] = rest & WORD_MASK;
    rest >>= 64n;
  }
}

export function readSlot(words: BigUint64Array, slot: Slot): bigint {
  let value = (words[slot.word] ?? 0n) >> BigInt(slot.shift);
  for (let i = 1; i * WORD_BITS < slot.bitwidth; i += 1) {
    value |= (words[slot.word + i] ?? 0n) << BigInt(i * WORD_BITS);
  }
  return value & allOnes(slot.bitwidth);
}

/** Words from the layout's decimal strings, at least `count` of them. */
export function wordsOf(decimals: readonly string[], count = decimals.length): BigUint64Array {
  const words = new BigUint64Array(Math.max(count, decimals.length));
  decimals.forEach((decimal, i) => (words[i] = BigInt(decimal)));
  return words;
}

/** As TP_MAX_KEY_WORDS in pipeline.h. */
const MAX_KEY_WORDS = 16;

/** Bit i: word i of the key is a range field; bit MAX_KEY_WORDS + i: and goes on in the next word. */
export function rangeWordsIn(key: readonly KeyFieldLayout[]): number {
  let words = 0;
  for (const { matchType, word, bitwidth } of key) {
    if (matchType !== 'range') continue;
    const own = (1 << Math.ceil(bitwidth / WORD_BITS)) - 1;
    words |= (own << word) | ((own >> 1) << (MAX_KEY_WORDS + word));
  }
  return words >>> 0;
}
