/** Casts that keep the sign, and saturating ones. */
import type { Expression } from '../model.js';
import { TYPE_RANGES, convert, literal, typeOfRange } from './c-types.js';
import type { CType } from './c-types.js';
import type { ExpressionEmitter } from './expression.js';
import { contains, signedRange, unsignedRange } from './range.js';

type Cast = Expression & { readonly kind: 'cast' };

/** C of `type`, which holds the result. */
export function castText(emitter: ExpressionEmitter, e: Cast, type: CType): string {
  const range = emitter.ranges.of(e.arg);
  const target = e.op === 'usat_cast' ? unsignedRange(e.bitwidth) : signedRange(e.bitwidth);
  if (contains(target, range)) {
    return emitter.exact(e.arg);
  }
  if (e.op === 'two_comp_mod') {
    const name = e.bitwidth <= 64 ? 'tp_sign64' : 'tp_sign128';
    return `${name}(${emitter.low(e.arg, e.bitwidth)}, ${e.bitwidth})`;
  }
  if (typeOfRange(range) === null) {
    return saturate128(emitter, e, type) ?? emitter.wide.joined(e, type);
  }
  const from = emitter.typeOf(e.arg);
  const [, limits] = TYPE_RANGES.find(([name]) => name === from) ?? [from, target];
  const least = target.low > limits.low ? target.low : limits.low;
  const most = target.high < limits.high ? target.high : limits.high;
  const [low, high] = [literal(least, from), literal(most, from)];
  return convert(`tp_clamp_${from}(${emitter.exact(e.arg)}, ${low}, ${high})`, from, type);
}

/** Saturating sums of two 128-bit numbers, which need a 129th bit; null of anything else. */
function saturate128(emitter: ExpressionEmitter, e: Cast, type: CType): string | null {
  const { arg, op, bitwidth } = e;
  const limits = op === 'usat_cast' ? unsignedRange(128) : signedRange(128);
  if (bitwidth !== 128 || arg.kind !== 'arithmetic' || (arg.op !== '+' && arg.op !== '-')) {
    return null;
  }
  const sides = [arg.left, arg.right];
  if (!sides.every((side) => contains(limits, emitter.ranges.of(side)))) {
    return null;
  }
  const wanted: CType = op === 'usat_cast' ? 'u128' : 'i128';
  const name = `tp_saturating_${arg.op === '+' ? 'add' : 'sub'}_${wanted}`;
  const texts = sides.map((side) => convert(emitter.exact(side), emitter.typeOf(side), wanted));
  return convert(`${name}(${texts.join(', ')})`, wanted, type);
}
