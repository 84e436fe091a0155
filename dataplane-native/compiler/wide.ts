/**
 * Values of more than 128 bits, as pieces of 64 bits. bmv2 computes with unbounded integers; here an
 * expression over wide fields becomes, where its value is used, one expression for each piece, and
 * what is narrow again (a slice, a comparison) becomes a narrow one.
 */
import type { Place } from './failure.js';
import { fail } from './failure.js';
import { childrenOf } from './expression-tree.js';
import { LIMITS } from './limits.js';
import type { ArithmeticOp, CompareOp, Expression } from './model.js';

export const PIECE_BITS = 64;
const ONES = (1n << 64n) - 1n;

type Of<K extends Expression['kind']> = Expression & { readonly kind: K };

export function pieceCount(bits: number): number {
  return Math.ceil(bits / PIECE_BITS);
}

function constant(place: Place, value: bigint): Of<'constant'> {
  return { path: place.path, source: place.source, kind: 'constant', value };
}

function arithmetic(op: ArithmeticOp, left: Expression, right: Expression): Of<'arithmetic'> {
  const { path, source } = left;
  return { path, source, kind: 'arithmetic', op, left, right };
}

/* --- what is known of a value without the types of fields ----------------------------------- */

/** A bound on the bits of a value that is not negative; null where it may be, or is not known. */
function widthOf(e: Expression): number | null {
  switch (e.kind) {
    case 'constant':
      return e.value < 0n ? null : e.value.toString(2).length;
    case 'wide':
      return e.bits;
    case 'parameter':
      return e.bitwidth;
    case 'arithmetic':
      return arithmeticWidth(e);
    case 'choice':
      return both(e.left, e.right, Math.max);
    case 'toData':
      return 1;
    case 'cast':
      return e.op === 'usat_cast' ? e.bitwidth : null;
    default:
      return null;
  }
}

function both(
  left: Expression,
  right: Expression,
  join: (a: number, b: number) => number,
): number | null {
  const [a, b] = [widthOf(left), widthOf(right)];
  return a === null || b === null ? null : join(a, b);
}

function arithmeticWidth({ op, left, right }: Of<'arithmetic'>): number | null {
  const shift = right.kind === 'constant' ? Number(right.value) : null;
  const width = widthOf(left);
  switch (op) {
    case '&': {
      const known = [width, widthOf(right)].filter((bits) => bits !== null);
      return known.length === 0 ? null : Math.min(...known);
    }
    case '|':
    case '^':
      return both(left, right, Math.max);
    case '+':
      return both(left, right, (a, b) => Math.max(a, b) + 1);
    case '*':
      return both(left, right, (a, b) => a + b);
    case '<<':
      return width === null || shift === null ? null : width + shift;
    case '>>':
      return width === null || shift === null ? null : Math.max(width - shift, 1);
    case '-':
    case '/':
    case '%':
      return null;
  }
}

/** Whether a wide value is part of it. */
function isWide(e: Expression): boolean {
  return e.kind === 'wide' || childrenOf(e).some(isWide);
}

/** Whether C cannot compute it at once although its operands are narrow: a long concatenation. */
function isLarge(e: Expression): boolean {
  if (e.kind !== 'arithmetic') {
    return false;
  }
  const isShift = e.op === '<<' && e.right.kind === 'constant' && e.right.value >= 64n;
  return isShift || (widthOf(e) ?? 0) > LIMITS.fieldBits || childrenOf(e).some(isLarge);
}

/* --- how much of it there may be --------------------------------------------------------------- */

/** Of one program: a JSON that is hostile makes much out of little here. */
export interface WideBudget {
  nodes: number;
}

export function wideBudget(): WideBudget {
  return { nodes: 2_000_000 };
}

const MOST_NODES = 2000;
const MOST_PIECES = 2 * pieceCount(LIMITS.wideBits) + 2;
const sizes = new WeakMap<Expression, number>();

/** Nodes of an expression as a tree; pieces share parts, which are written out for each. */
function sizeOf(e: Expression): number {
  const known = sizes.get(e);
  if (known !== undefined) {
    return known;
  }
  const parts = childrenOf(e);
  const size = parts.reduce((sum, part) => sum + sizeOf(part), 1);
  sizes.set(e, size);
  return size;
}

function spend(budget: WideBudget, e: Expression, nodes: number): void {
  budget.nodes -= nodes;
  if (budget.nodes < 0 || sizeOf(e) > MOST_NODES) {
    fail(e, 'LIMIT', 'expressions of more than 128 bits that are too long');
  }
}

/** `narrow` within a budget. */
export function narrowWithin(budget: WideBudget, e: Expression): Expression {
  if (!isWide(e)) {
    return e;
  }
  spend(budget, e, sizeOf(e) * MOST_PIECES);
  const result = narrow(e);
  spend(budget, e, sizeOf(result));
  return result;
}

/** `lowPieces` within a budget. */
export function piecesWithin(
  budget: WideBudget,
  e: Expression,
  count: number,
): readonly Expression[] {
  spend(budget, e, sizeOf(e) * count);
  const result = lowPieces(e, count);
  spend(
    budget,
    e,
    result.reduce((sum, piece) => sum + sizeOf(piece), 0),
  );
  return result;
}

/* --- narrow values of wide ones ------------------------------------------------------------- */

/** The same value without wide ones in it. UNSUPPORTED where it is not known to fit 128 bits. */
function narrow(e: Expression): Expression {
  if (!isWide(e)) {
    return e;
  }
  switch (e.kind) {
    case 'compare':
      return compare(e);
    case 'logic':
      return { ...e, left: narrow(e.left), right: narrow(e.right) };
    case 'not':
    case 'toData':
      return { ...e, arg: narrow(e.arg) };
    case 'toBoolean': {
      const { path, source, arg } = e;
      return compare({
        path,
        source,
        kind: 'compare',
        op: '!=',
        left: arg,
        right: constant(e, 0n),
      });
    }
    case 'choice': {
      const condition = narrow(e.condition);
      return { ...e, condition, left: narrow(e.left), right: narrow(e.right) };
    }
    default:
      return narrowData(e);
  }
}

function narrowData(e: Expression): Expression {
  if (e.kind === 'cast' && e.op === 'two_comp_mod' && e.bitwidth <= LIMITS.fieldBits) {
    return { ...e, arg: joined(lowPieces(e.arg, pieceCount(e.bitwidth))) };
  }
  const width = widthOf(e);
  return width === null || width > LIMITS.fieldBits
    ? fail(e, 'UNSUPPORTED', 'a value of more than 128 bits cannot stand here')
    : joined(lowPieces(e, pieceCount(width)));
}

/** One or two pieces as a number. */
function joined(pieces: readonly Expression[]): Expression {
  const [low, high] = pieces as readonly [Expression, Expression | undefined];
  return high === undefined
    ? low
    : arithmetic('|', arithmetic('<<', high, constant(high, 64n)), low);
}

function compare(e: Of<'compare'>): Expression {
  // The width of a narrow field is not known here, but what C computes with is.
  const sides = [e.left, e.right].map((side) =>
    side.kind === 'field' ? LIMITS.fieldBits : widthOf(side),
  );
  const known = sides.filter((bits) => bits !== null);
  if (known.length < sides.length) {
    return fail(e, 'UNSUPPORTED', 'a comparison of more than 128 bits that may be negative');
  }
  const count = pieceCount(Math.max(...known));
  const [left, right] = [lowPieces(e.left, count), lowPieces(e.right, count)];
  const { path, source } = e;
  const test = (op: CompareOp, i: number): Expression => {
    const [a, b] = [left[i] ?? e.left, right[i] ?? e.right];
    return { path, source, kind: 'compare', op, left: a, right: b };
  };
  const logic = (op: 'and' | 'or', a: Expression, b: Expression): Expression => {
    return { path, source, kind: 'logic', op, left: a, right: b };
  };
  if (e.op === '==' || e.op === '!=') {
    let all = test('==', 0);
    for (let i = 1; i < count; i += 1) {
      all = logic('and', test('==', i), all);
    }
    return e.op === '==' ? all : { path, source, kind: 'not', arg: all };
  }
  const strict = e.op === '<' || e.op === '<=' ? '<' : '>';
  let ordered = test(e.op, 0);
  for (let i = 1; i < count; i += 1) {
    ordered = logic('or', test(strict, i), logic('and', test('==', i), ordered));
  }
  return ordered;
}

/* --- pieces --------------------------------------------------------------------------------- */

function make(count: number, piece: (i: number) => Expression): readonly Expression[] {
  return Array.from({ length: count }, (_, i) => piece(i));
}

/** The low `count` pieces of a value, as two's complement: each a number of 64 bits. */
function lowPieces(e: Expression, count: number): readonly Expression[] {
  if (count > MOST_PIECES) {
    return fail(e, 'LIMIT', `a value of more than ${LIMITS.wideBits} bits`);
  }
  if (e.kind === 'constant') {
    const bits = (i: number): bigint => BigInt.asUintN(64, e.value >> BigInt(i * PIECE_BITS));
    return make(count, (i) => constant(e, bits(i)));
  }
  if (e.kind === 'wide') {
    return make(count, (i) => e.pieces[i] ?? constant(e, 0n));
  }
  if (!isWide(e) && !isLarge(e)) {
    return make(count, (i) => slice(e, i));
  }
  switch (e.kind) {
    case 'arithmetic':
      return arithmeticPieces(e, count);
    case 'complement':
      return inverse(e.arg, count);
    case 'choice': {
      const condition = narrow(e.condition);
      const [left, right] = [lowPieces(e.left, count), lowPieces(e.right, count)];
      const piece = (i: number): Partial<Of<'choice'>> => ({
        left: left[i] ?? e.left,
        right: right[i] ?? e.right,
      });
      return make(count, (i) => ({ ...e, condition, ...piece(i) }));
    }
    case 'cast':
      return e.op === 'two_comp_mod' && count * PIECE_BITS <= e.bitwidth
        ? lowPieces(e.arg, count)
        : fail(e, 'UNSUPPORTED', 'such a cast of a value of more than 128 bits');
    default: {
      const small = narrow(e);
      return make(count, (i) => slice(small, i));
    }
  }
}

/** Bits 64 i to 64 i + 63 of a value that C computes at once. */
function slice(e: Expression, i: number): Expression {
  if (i > 0 && (widthOf(e) ?? Infinity) <= i * PIECE_BITS) {
    return constant(e, 0n);
  }
  const moved = i === 0 ? e : arithmetic('>>', e, constant(e, BigInt(i * PIECE_BITS)));
  return arithmetic('&', moved, constant(e, ONES));
}

function inverse(e: Expression, count: number): readonly Expression[] {
  return lowPieces(e, count).map((piece) => arithmetic('^', piece, constant(e, ONES)));
}

function arithmeticPieces(e: Of<'arithmetic'>, count: number): readonly Expression[] {
  const { op, left, right } = e;
  switch (op) {
    case '&':
    case '|':
    case '^': {
      const [a, b] = [lowPieces(left, count), lowPieces(right, count)];
      return make(count, (i) => bitwise(op, a[i] ?? left, b[i] ?? right));
    }
    case '+':
      return sum(e, lowPieces(left, count), lowPieces(right, count), 0n);
    case '-':
      return sum(e, lowPieces(left, count), inverse(right, count), 1n);
    case '<<':
      return shiftLeft(e, count);
    case '>>':
      return shiftRight(e, count);
    case '*':
    case '/':
    case '%':
      return fail(e, 'UNSUPPORTED', `"${op}" with more than 128 bits`);
  }
}

/** Without what a constant makes plain: p4c puts a mask around nearly everything. */
function bitwise(op: '&' | '|' | '^', a: Expression, b: Expression): Expression {
  const [known, other] = a.kind === 'constant' ? [a.value, b] : [constantOf(b), a];
  if (op === '&' && known === 0n) {
    return constant(a, 0n);
  }
  return known === (op === '&' ? ONES : 0n) ? other : arithmetic(op, a, b);
}

function constantOf(e: Expression): bigint | null {
  return e.kind === 'constant' ? e.value : null;
}

/** Each piece has the carries of all below it in it: enough for what people write, not for more. */
const SUM_PIECES = 16;

function sum(
  e: Of<'arithmetic'>,
  a: readonly Expression[],
  b: readonly Expression[],
  carryIn: bigint,
): readonly Expression[] {
  if (a.length > SUM_PIECES) {
    return fail(e, 'UNSUPPORTED', `a sum of more than ${SUM_PIECES * PIECE_BITS} bits`);
  }
  let carry: Expression = constant(e, carryIn);
  return a.map((piece, i) => {
    const total = arithmetic('+', arithmetic('+', piece, b[i] ?? e.right), carry);
    carry = arithmetic('>>', total, constant(e, 64n));
    return arithmetic('&', total, constant(e, ONES));
  });
}

function shiftCount({ right }: Of<'arithmetic'>): { whole: number; bits: bigint } {
  if (right.kind !== 'constant' || right.value < 0n || right.value > LIMITS.wideBits) {
    return fail(right, 'UNSUPPORTED', 'a shift of more than 128 bits by what is not a constant');
  }
  const by = Number(right.value);
  return { whole: Math.floor(by / PIECE_BITS), bits: BigInt(by % PIECE_BITS) };
}

function shiftLeft(e: Of<'arithmetic'>, count: number): readonly Expression[] {
  const { whole, bits } = shiftCount(e);
  const from = lowPieces(e.left, Math.max(count - whole, 1));
  const at = (i: number): Expression => from[i] ?? constant(e, 0n);
  return make(count, (i) => merge(e, at(i - whole), at(i - whole - 1), bits));
}

function shiftRight(e: Of<'arithmetic'>, count: number): readonly Expression[] {
  const { whole, bits } = shiftCount(e);
  if (widthOf(e.left) === null) {
    return fail(e, 'UNSUPPORTED', 'a right shift of more than 128 bits that may be negative');
  }
  const from = lowPieces(e.left, count + whole + 1);
  const at = (i: number): Expression => from[i] ?? constant(e, 0n);
  return make(count, (i) =>
    bits === 0n ? at(i + whole) : merge(e, at(i + whole + 1), at(i + whole), 64n - bits),
  );
}

/** 64 bits of two pieces, one above the other, from `bits` below the upper one on. */
function merge(place: Place, high: Expression, low: Expression, bits: bigint): Expression {
  if (bits === 0n) {
    return high;
  }
  const moved = arithmetic('<<', high, constant(place, bits));
  const top =
    constantOf(high) === 0n ? constant(place, 0n) : bitwise('&', moved, constant(place, ONES));
  const rest = arithmetic('>>', low, constant(place, 64n - bits));
  return bitwise('|', top, constantOf(low) === 0n ? constant(place, 0n) : rest);
}
