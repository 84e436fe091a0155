/**
 * Values of more than 128 bits: limbs of 64 bits, least significant first, in two's complement. What is
 * done limb by limb (masks, choices, and shifts by constants, which p4c makes of slices and
 * concatenations) is C for each of them; what has carries is an array and a function of wide.h. How many
 * limbs a value needs follows from its range, and of sums, products and left shifts only those are computed
 * that are asked for.
 */
import { fail } from '../failure.js';
import { LIMITS } from '../limits.js';
import type { ArithmeticOp, CompareOp, Expression } from '../model.js';
import { PIECE_BITS } from '../pieces.js';
import { number64 } from './c-types.js';
import type { CType } from './c-types.js';
import { boundary } from './comparison.js';
import type { ExpressionEmitter } from './expression.js';
import { limbCount, signedLimbCount, signedRange, unsignedRange } from './range.js';
import type { Range } from './range.js';

type Of<K extends Expression['kind']> = Expression & { readonly kind: K };

/** 64 bits of a value. Its C is made when it is asked for: what a mask cuts off never is. */
interface Limb {
  /** Its value, where that is plain. */
  readonly known: bigint | null;
  text(): string;
}
type Limbs = readonly Limb[];

const ONES = (1n << 64n) - 1n;
const ZERO = constant(0n);

function constant(value: bigint): Limb {
  const bits = BigInt.asUintN(PIECE_BITS, value);
  return { known: bits, text: () => number64(bits) };
}

/** A limb whose C is made once. */
function limb(make: () => string): Limb {
  let text: string | null = null;
  return { known: null, text: () => (text ??= make()) };
}

function list(count: number, make: (i: number) => Limb): Limbs {
  return Array.from({ length: count }, (_, i) => make(i));
}

function limbsOf(bits: number): number {
  return Math.ceil(bits / PIECE_BITS);
}

/** What is not worth a variable when it is used twice. */
const SIMPLE = /^(?:\(\(uint64_t\)[\w.>[\]-]+\)|[\w.>[\]-]+)$/;

export class WideEmitter {
  private readonly narrow: ExpressionEmitter;

  constructor(narrow: ExpressionEmitter) {
    this.narrow = narrow;
  }

  /** C for the low `count` limbs of a number, each uint64_t; above its range, its sign. */
  texts(e: Expression, count: number): readonly string[] {
    return this.limbs(e, count).map((each) => each.text());
  }

  /** C of `type` for a number that fits it, though what it is made of does not. */
  joined(e: Expression, type: CType): string {
    const count = limbCount(this.narrow.ranges.of(e));
    return joinedAs(this.compute(e, count), type);
  }

  /** The low 64 or 128 bits of a number. */
  low(e: Expression, bits: number): string {
    const type = bits <= PIECE_BITS ? 'u64' : 'u128';
    return joinedAs(this.limbs(e, limbsOf(bits)), type);
  }

  /** As `ExpressionEmitter.index`. */
  index(e: Expression): string {
    const count = this.exactCount(e);
    return `tp_wide_index(${this.array(this.limbs(e, count))}, ${count})`;
  }

  isNotZero(e: Expression): string {
    const parts = this.limbs(e, this.exactCount(e)).filter(({ known }) => known !== 0n);
    return `((${parts.map((each) => each.text()).join(' | ')}) != 0)`;
  }

  compare(op: CompareOp, left: Expression, right: Expression): string {
    const { ranges } = this.narrow;
    const [a, b] = [ranges.of(left), ranges.of(right)];
    const bounded = boundary(op, a, b);
    if (bounded !== null) {
      return bounded ? 'true' : 'false';
    }
    const isSigned = a.low < 0n || b.low < 0n;
    const size = isSigned ? signedLimbCount : limbCount;
    const count = Math.max(this.checked(left, size(a)), this.checked(right, size(b)));
    const [x, y] = [this.limbs(left, count), this.limbs(right, count)];
    if (op === '==' || op === '!=') {
      const parts = x.map((each, i) => `${each.text()} == ${textOf(y, i)}`);
      const equal = this.narrow.bound('bool', `(${parts.join(' && ')})`);
      return op === '==' ? equal : `(!${equal})`;
    }
    const isSwapped = op === '>' || op === '<=';
    const sides = (isSwapped ? [y, x] : [x, y]).map((side) => this.array(side));
    const less = `tp_wide_less${isSigned ? '_signed' : ''}(${sides.join(', ')}, ${count})`;
    return op === '<' || op === '>' ? less : `(!${less})`;
  }

  private limbs(e: Expression, count: number): Limbs {
    const range = this.narrow.ranges.of(e);
    const own = limbCount(range);
    if (own < count) {
      const low = this.limbs(e, own);
      const top = low[own - 1] ?? ZERO;
      const fill = range.low >= 0n ? ZERO : this.sign(top);
      return list(count, (i) => low[i] ?? fill);
    }
    this.narrow.ranges.spend(e, count);
    return own <= 2 || (count <= 2 && isRing(e, count))
      ? this.split(e, own, count)
      : this.compute(e, count);
  }

  /** Of what C computes at once. */
  private split(e: Expression, own: number, count: number): Limbs {
    if (e.kind === 'constant') {
      return list(count, (i) => constant(e.value >> BigInt(i * PIECE_BITS)));
    }
    if (count === 1) {
      return [limb(() => (own === 1 ? this.narrow.index(e) : this.narrow.low(e, PIECE_BITS)))];
    }
    const whole = limb(() => this.narrow.temporary('tp_u128', this.narrow.low(e, 128)));
    return [
      limb(() => `((uint64_t)${whole.text()})`),
      limb(() => `((uint64_t)(${whole.text()} >> 64))`),
    ];
  }

  private compute(e: Expression, count: number): Limbs {
    switch (e.kind) {
      case 'constant':
        return this.split(e, count, count);
      case 'wide':
        return this.pieces(e, count);
      case 'complement':
        return this.limbs(e.arg, count).map(inverse);
      case 'choice': {
        const test = limb(() => this.narrow.temporary('bool', this.narrow.boolean(e.condition)));
        const [left, right] = [this.limbs(e.left, count), this.limbs(e.right, count)];
        return list(count, (i) =>
          limb(() => `(${test.text()} ? ${textOf(left, i)} : ${textOf(right, i)})`),
        );
      }
      case 'cast':
        return this.cast(e, count);
      case 'arithmetic':
        return this.arithmetic(e, count);
      default:
        return fail(e, 'MALFORMED', 'a number is expected');
    }
  }

  private pieces({ pieces, bits, signed }: Of<'wide'>, count: number): Limbs {
    const inTop = bits % PIECE_BITS;
    return pieces.slice(0, count).map((piece, i) => {
      const text = (): string => this.narrow.exact(piece);
      const isCut = signed && inTop > 0 && i === pieces.length - 1;
      return limb(isCut ? () => signExtended(text(), inTop) : text);
    });
  }

  private arithmetic(e: Of<'arithmetic'>, count: number): Limbs {
    const { op, left, right } = e;
    switch (op) {
      case '&':
      case '|':
      case '^': {
        const [a, b] = [this.limbs(left, count), this.limbs(right, count)];
        return list(count, (i) => this.bitwise(op, a[i] ?? ZERO, b[i] ?? ZERO));
      }
      case '+':
      case '-':
      case '*':
        return this.called(count, (to) => {
          const sides = [left, right].map((side) => this.array(this.limbs(side, count)));
          return `${FUNCTIONS[op]}(${to}, ${sides.join(', ')}, ${count});`;
        });
      case '<<':
        return this.shiftLeft(e, count);
      case '>>':
        return this.shiftRight(e, count);
      case '/':
      case '%':
        return this.divide(e, count);
    }
  }

  private shiftLeft({ left, right }: Of<'arithmetic'>, count: number): Limbs {
    if (right.kind === 'constant' && right.value >= 0n) {
      const { whole, bits } = parts(right.value, count);
      const from = this.limbs(left, Math.max(count - whole, 1));
      const at = (i: number): Limb => from[i] ?? ZERO;
      return list(count, (i) =>
        i < whole ? ZERO : this.merged(at(i - whole), at(i - whole - 1), bits),
      );
    }
    return this.called(count, (to) => {
      const from = this.array(this.limbs(left, count));
      return `tp_wide_shift_left(${to}, ${from}, ${this.narrow.shiftCount(right)}, ${count});`;
    });
  }

  private shiftRight({ left, right }: Of<'arithmetic'>, count: number): Limbs {
    const range = this.narrow.ranges.of(left);
    if (right.kind === 'constant' && right.value >= 0n) {
      const own = limbCount(range);
      const { whole, bits } = parts(right.value, own);
      const needed = this.checked(left, Math.min(count + whole, own) + 1);
      const from = this.limbs(left, needed);
      const at = (i: number): Limb => from[Math.min(i, needed - 1)] ?? ZERO;
      return list(count, (i) =>
        bits === 0 ? at(i + whole) : this.merged(at(i + whole + 1), at(i + whole), 64 - bits),
      );
    }
    const own = this.exactCount(left);
    return this.called(own, (to) => {
      const from = this.limbs(left, own);
      const fill = range.low >= 0n ? ZERO : this.sign(from[own - 1] ?? ZERO);
      const operands = [this.array(from), this.narrow.shiftCount(right), fill.text()];
      return `tp_wide_shift_right(${to}, ${operands.join(', ')}, ${own});`;
    }).slice(0, count);
  }

  private divide({ op, left, right }: Of<'arithmetic'>, count: number): Limbs {
    for (const side of [left, right]) {
      if (this.narrow.ranges.of(side).low < 0n) {
        return fail(side, 'UNSUPPORTED', 'division of negative numbers');
      }
    }
    const own = Math.max(this.exactCount(left), this.exactCount(right));
    return this.called(own, (to) => {
      const sides = [left, right].map((side) => this.array(this.limbs(side, own)));
      const other = this.narrow.declared((name) => `uint64_t ${name}[${own}];`);
      const results = op === '/' ? [to, other] : [other, to];
      return `tp_wide_divide(${[...results, ...sides].join(', ')}, ${own});`;
    }).slice(0, count);
  }

  private cast(e: Of<'cast'>, count: number): Limbs {
    const { op, arg, bitwidth } = e;
    const range = this.narrow.ranges.of(arg);
    const target = op === 'usat_cast' ? unsignedRange(bitwidth) : signedRange(bitwidth);
    if (target.low <= range.low && range.high <= target.high) {
      return this.limbs(arg, count);
    }
    if (op === 'two_comp_mod') {
      const all = limbsOf(bitwidth);
      const inTop = bitwidth % PIECE_BITS;
      return this.limbs(arg, count).map((each, i) =>
        inTop > 0 && i === all - 1 ? limb(() => signExtended(each.text(), inTop)) : each,
      );
    }
    return this.clamp(arg, range, target).slice(0, count);
  }

  private clamp(arg: Expression, range: Range, target: Range): Limbs {
    const isSigned = range.low < 0n;
    const own = this.checked(arg, isSigned ? signedLimbCount(range) : limbCount(range));
    const bounds = [
      target.low > range.low ? target.low : range.low,
      target.high < range.high ? target.high : range.high,
    ];
    return this.called(own, (to) => {
      const names = bounds.map((value) =>
        this.array(list(own, (i) => constant(value >> BigInt(i * PIECE_BITS)))),
      );
      const operands = [this.array(this.limbs(arg, own)), ...names];
      return `tp_wide_clamp${isSigned ? '_signed' : ''}(${to}, ${operands.join(', ')}, ${own});`;
    });
  }

  /** Without what a constant makes plain: p4c puts a mask around nearly everything. */
  private bitwise(op: '&' | '|' | '^', a: Limb, b: Limb): Limb {
    const [known, other] = a.known === null ? [b.known, a] : [a.known, b];
    if (known !== null && other.known !== null) {
      return constant(BITWISE[op](known, other.known));
    }
    if (known === (op === '&' ? ONES : 0n)) {
      return other;
    }
    return op === '&' && known === 0n
      ? ZERO
      : limb(() => this.narrow.bound('uint64_t', `(${a.text()} ${op} ${b.text()})`));
  }

  /** 64 bits of two limbs, one above the other, from `bits` below the upper one on. */
  private merged(high: Limb, low: Limb, bits: number): Limb {
    if (bits === 0) {
      return high;
    }
    const top = moved(
      high,
      (value) => value << BigInt(bits),
      () => `(${this.again(high)} << ${bits})`,
    );
    const count = PIECE_BITS - bits;
    const rest = moved(
      low,
      (value) => value >> BigInt(count),
      () => `(${this.again(low)} >> ${count})`,
    );
    return this.bitwise('|', top, rest);
  }

  private sign(top: Limb): Limb {
    return limb(() => this.narrow.temporary('uint64_t', `tp_wide_sign(${top.text()})`));
  }

  private readonly variables = new WeakMap<Limb, string>();

  /** C for a limb that is used more than once. */
  private again(each: Limb): string {
    const known = this.variables.get(each);
    if (known !== undefined) {
      return known;
    }
    const text = each.text();
    const name = SIMPLE.test(text) ? text : this.narrow.temporary('uint64_t', text);
    this.variables.set(each, name);
    return name;
  }

  /** The name of an array of limbs. */
  private array(limbs: Limbs): string {
    const texts = limbs.map((each) => each.text());
    const [, name] = /^(\w+)\[0\]$/.exec(texts[0] ?? '') ?? [];
    if (name !== undefined && texts.every((text, i) => text === `${name}[${i}]`)) {
      return name;
    }
    return this.narrow.declared(
      (fresh) => `const uint64_t ${fresh}[${limbs.length}] = {${texts.join(', ')}};`,
    );
  }

  /** The limbs that a call of a function of wide.h writes. */
  private called(count: number, call: (to: string) => string): Limbs {
    const name = limb(() => {
      const to = this.narrow.declared((fresh) => `uint64_t ${fresh}[${count}];`);
      this.narrow.statement(call(to));
      return to;
    });
    return list(count, (i) => limb(() => `${name.text()}[${i}]`));
  }

  private exactCount(e: Expression): number {
    return this.checked(e, limbCount(this.narrow.ranges.of(e)));
  }

  private checked(e: Expression, count: number): number {
    return count > limbsOf(LIMITS.valueBits)
      ? fail(e, 'LIMIT', `a value of more than ${LIMITS.valueBits} bits`)
      : count;
  }
}

const FUNCTIONS: Readonly<Record<'+' | '-' | '*', string>> = {
  '+': 'tp_wide_add',
  '-': 'tp_wide_subtract',
  '*': 'tp_wide_multiply',
};

const BITWISE: Readonly<Record<'&' | '|' | '^', (a: bigint, b: bigint) => bigint>> = {
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
};

const EXACT: ReadonlySet<ArithmeticOp> = new Set(['>>', '/', '%']);

/** Whether the low limbs of a value follow from the low limbs of what it is made of. */
function isRing(e: Expression, count: number): boolean {
  switch (e.kind) {
    case 'arithmetic':
      return !EXACT.has(e.op);
    case 'complement':
    case 'choice':
      return true;
    case 'cast':
      return e.op === 'two_comp_mod' && count * PIECE_BITS <= e.bitwidth;
    default:
      return false;
  }
}

/** A shift by a constant, as whole limbs (`most` are all) and bits. */
function parts(by: bigint, most: number): { readonly whole: number; readonly bits: number } {
  const whole = by / BigInt(PIECE_BITS);
  return whole >= BigInt(most)
    ? { whole: most, bits: 0 }
    : { whole: Number(whole), bits: Number(by % BigInt(PIECE_BITS)) };
}

function moved(from: Limb, shift: (value: bigint) => bigint, text: () => string): Limb {
  return from.known === null ? limb(text) : constant(shift(from.known));
}

function inverse(each: Limb): Limb {
  return each.known === null ? limb(() => `(~${each.text()})`) : constant(~each.known);
}

function textOf(limbs: Limbs, i: number): string {
  return (limbs[i] ?? ZERO).text();
}

function signExtended(text: string, bits: number): string {
  return `((uint64_t)tp_sign64(${text}, ${bits}))`;
}

function joinedAs([low = ZERO, high]: Limbs, type: CType): string {
  const isWhole = type === 'u64' || type === 'i64';
  const text =
    isWhole || high === undefined
      ? low.text()
      : `(((tp_u128)${high.text()} << 64) | ${low.text()})`;
  return CASTS[type] === null ? text : `((${CASTS[type]})${text})`;
}

const CASTS: Readonly<Record<CType, string | null>> = {
  u64: null,
  i64: 'int64_t',
  u128: 'tp_u128',
  i128: 'tp_i128',
};
