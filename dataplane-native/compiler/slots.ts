/** Packs values into 64-bit words: see `Slot` in layout.ts. */
import type { Slot } from './layout.js';

export interface Packed {
  readonly slots: readonly Slot[];
  readonly words: number;
}

/** `alone` values get words of their own. */
export function packSlots(
  values: readonly { readonly bitwidth: number; readonly alone?: boolean }[],
): Packed {
  const slots: Slot[] = [];
  let word = 0;
  let used = 0;
  for (const { bitwidth, alone } of values) {
    const isWhole = alone === true || bitwidth > 64;
    if (used > 0 && (isWhole || used + bitwidth > 64)) {
      word += 1;
      used = 0;
    }
    slots.push({ word, shift: used, bitwidth });
    if (isWhole) {
      word += Math.ceil(bitwidth / 64);
    } else {
      used += bitwidth;
    }
  }
  return { slots, words: used > 0 ? word + 1 : word };
}

/** Puts one value per slot into words. */
export function fillSlots(packed: Packed, values: readonly bigint[]): readonly bigint[] {
  const words = Array.from({ length: packed.words }, () => 0n);
  packed.slots.forEach((slot, i) => {
    const value = BigInt.asUintN(slot.bitwidth, values[i] ?? 0n);
    for (let part = 0; part * 64 < slot.bitwidth; part += 1) {
      const bits = BigInt.asUintN(64, value >> BigInt(part * 64));
      words[slot.word + part] = (words[slot.word + part] ?? 0n) | (bits << BigInt(slot.shift));
    }
  });
  return words;
}
