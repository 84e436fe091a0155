/**
 * The exact range of every subexpression, over unbounded integers. It decides which C type holds a
 * value without loss, and where a mask can be left out.
 */
import { fail } from '../failure.js';
import { LIMITS } from '../limits.js';
import { at } from '../scope.js';
import type { Expression, Program } from '../model.js';

export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

/** What needs more than the limit is as good as unbounded, and shifts beyond it make that of a one. */
const MAX_SHIFT = BigInt(LIMITS.valueBits);
const UNBOUNDED = 1n << MAX_SHIFT;
const MOST_NARROW = 1n << 128n;

export function pow2(bits: number): bigint {
  return 1n << BigInt(bits);
}

export function unsignedRange(bits: number): Range {
  return { low: 0n, high: pow2(bits) - 1n };
}

export function signedRange(bits: number): Range {
  return { low: -pow2(bits - 1), high: pow2(bits - 1) - 1n };
}

export function contains(outer: Range, inner: Range): boolean {
  return outer.low <= inner.low && inner.high <= outer.high;
}

/** Bits of a number that is not negative. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** How many limbs of 64 bits hold all values of a range: without a sign, unless one is negative. */
export function limbCount({ low, high }: Range): number {
  return low < 0n ? signedLimbCount({ low, high }) : Math.max(Math.ceil(bitLength(high) / 64), 1);
}

/** The same with a sign always. */
export function signedLimbCount({ low, high }: Range): number {
  const bits = [low, high].map((value) => bitLength(value < 0n ? -value - 1n : value));
  return Math.floor(Math.max(...bits) / 64) + 1;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function span(...values: readonly bigint[]): Range {
  return bounded({ low: values.reduce(min), high: values.reduce(max) });
}

function bounded(range: Range): Range {
  return { low: max(range.low, -UNBOUNDED), high: min(range.high, UNBOUNDED) };
}

/** Limbs of what has more than 128 bits, in one program: a hostile JSON makes much out of little. */
const MOST_LIMBS = 1 << 18;

/** Ranges of data expressions, remembered: trees are walked many times. */
export class Ranges {
  private readonly program: Program;
  private readonly known = new WeakMap<Expression, Range>();
  private limbsLeft = MOST_LIMBS;

  constructor(program: Program) {
    this.program = program;
  }

  of(expression: Expression): Range {
    const known = this.known.get(expression);
    if (known !== undefined) {
      return known;
    }
    const range = this.compute(expression);
    if (range.high > MOST_NARROW || range.low < -MOST_NARROW) {
      const isKept = range.high < UNBOUNDED && range.low > -UNBOUNDED;
      this.spend(expression, isKept ? limbCount(range) : 1);
    }
    this.known.set(expression, range);
    return range;
  }

  /** Counts what is made of a program. */
  spend(expression: Expression, limbs: number): void {
    this.limbsLeft -= limbs;
    if (this.limbsLeft < 0) {
      fail(expression, 'LIMIT', 'expressions of more than 128 bits that are too long');
    }
  }

  private compute(e: Expression): Range {
    switch (e.kind) {
      case 'constant':
        return { low: e.value, high: e.value };
      case 'field': {
        const field = at(at(this.program.headerTypes, e.ref.type).fields, e.ref.field);
        return field.signed ? signedRange(field.bitwidth) : unsignedRange(field.bitwidth);
      }
      case 'parameter':
        return unsignedRange(e.bitwidth);
      case 'wide':
        return e.signed ? signedRange(e.bits) : unsignedRange(e.bits);
      case 'stackSize': {
        const size = BigInt(at(this.program.stacks, e.stack).headers.length);
        return e.lastIndex ? { low: -1n, high: size - 1n } : { low: 0n, high: size };
      }
      case 'unionStackSize': {
        const { elements } = at(this.program.unionStacks, e.stack);
        return { low: 0n, high: BigInt(elements.length) };
      }
      case 'complement': {
        const { low, high } = this.of(e.arg);
        return { low: -high - 1n, high: -low - 1n };
      }
      case 'choice': {
        const [left, right] = [this.of(e.left), this.of(e.right)];
        return span(left.low, left.high, right.low, right.high);
      }
      case 'cast':
        return castRange(e.op, e.bitwidth, this.of(e.arg));
      case 'arithmetic':
        return arithmeticRange(e.op, this.of(e.left), this.of(e.right));
      case 'toData':
      case 'boolean':
      case 'valid':
      case 'compare':
      case 'logic':
      case 'not':
      case 'toBoolean':
      case 'header':
      case 'varbit':
        return { low: 0n, high: 1n };
    }
  }
}

function castRange(op: 'two_comp_mod' | 'sat_cast' | 'usat_cast', bits: number, arg: Range): Range {
  const target = op === 'usat_cast' ? unsignedRange(bits) : signedRange(bits);
  if (contains(target, arg)) {
    return arg;
  }
  if (op === 'two_comp_mod') {
    return target;
  }
  const clamp = (value: bigint): bigint => min(max(value, target.low), target.high);
  return { low: clamp(arg.low), high: clamp(arg.high) };
}

function arithmeticRange(op: string, a: Range, b: Range): Range {
  switch (op) {
    case '+':
      return span(a.low + b.low, a.high + b.high);
    case '-':
      return span(a.low - b.high, a.high - b.low);
    case '*':
      return span(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
    case '/':
    case '%':
      return { low: 0n, high: max(op === '/' ? a.high : min(a.high, b.high), 0n) };
    case '<<': {
      const [least, most] = [shiftOf(b.low), shiftOf(b.high)];
      return span(a.low << least, a.low << most, a.high << least, a.high << most);
    }
    case '>>': {
      const [least, most] = [shiftOf(b.low), shiftOf(b.high)];
      return span(a.low >> least, a.low >> most, a.high >> least, a.high >> most);
    }
    default:
      return bitwiseRange(op, a, b);
  }
}

function shiftOf(count: bigint): bigint {
  return min(max(count, 0n), MAX_SHIFT);
}

function bitwiseRange(op: string, a: Range, b: Range): Range {
  if (op === '&') {
    if (a.low >= 0n || b.low >= 0n) {
      const highs = [a, b].filter((side) => side.low >= 0n).map((side) => side.high);
      return { low: 0n, high: highs.reduce(min) };
    }
  }
  const magnitude = [a.low, a.high, b.low, b.high].map((v) => bitLength(v < 0n ? -v - 1n : v));
  const bits = Math.max(...magnitude);
  return a.low >= 0n && b.low >= 0n ? unsignedRange(bits) : signedRange(bits + 1);
}
