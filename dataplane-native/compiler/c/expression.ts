/**
 * Expressions. bmv2 computes with unbounded integers; here every value is computed in one of two
 * ways, and both are exact:
 *
 *   exact(e)   a C value of the type that `typeOf` gives for e's range, equal to e
 *   low(e, n)  an unsigned C value whose low n bits are those of e; what is above them is arbitrary
 *
 * Sums, products, masks and left shifts need only the low bits of their operands, so a value that
 * is masked or stored in the end is computed in 64 bits (or 128) however large it grows on the way.
 * Comparisons, right shifts and saturation need exact operands. Whatever 128 bits do not hold is made of
 * limbs, in wide.ts.
 */
import { kindOf } from '../decode-expression.js';
import { fail } from '../failure.js';
import type { Slot } from '../layout.js';
import type { CompareOp, Expression, FieldRef, HeaderRef, Program } from '../model.js';
import { at } from '../scope.js';
import {
  C_NAME,
  convert,
  literal,
  lowType,
  number64,
  readSlot,
  typeOfRange,
  unsignedLiteral,
} from './c-types.js';
import type { CType } from './c-types.js';
import { castText } from './cast.js';
import { compareHeaders, compareVarbits } from './compare-headers.js';
import { boundary, decided } from './comparison.js';
import { noteChange } from './frame.js';
import {
  fieldName,
  fieldType,
  headerNames,
  isWord,
  stackNext,
  storageBits,
  unionStackNext,
} from './names.js';
import { bitLength, contains, pow2, signedRange, unsignedRange } from './range.js';
import type { Range, Ranges } from './range.js';
import { WideEmitter } from './wide.js';

/** Longer texts go into a variable of their own: C compilers limit how deep parentheses nest. */
const MAX_TEXT = 600;

/** Emits C for the expressions of one function. Statements that they need come out of `take`. */
export class ExpressionEmitter {
  readonly program: Program;
  readonly ranges: Ranges;
  private readonly parameters: readonly Slot[];
  readonly wide: WideEmitter;
  private lines: string[] = [];
  private temporaries = 0;

  constructor(program: Program, ranges: Ranges, parameters: readonly Slot[]) {
    this.program = program;
    this.ranges = ranges;
    this.parameters = parameters;
    this.wide = new WideEmitter(this);
  }

  /** The declarations that must stand before what was emitted since the last call. */
  take(): string[] {
    const lines = this.lines;
    this.lines = [];
    return lines;
  }

  /** The type of `exact(e)`, or null: it does not fit one. */
  private fitting(e: Expression): CType | null {
    return typeOfRange(this.ranges.of(e));
  }

  /** The type of `exact(e)`, of what is known to fit one. */
  typeOf(e: Expression): CType {
    const type = this.fitting(e);
    if (type === null) {
      throw new RangeError(`${e.kind} at ${e.path} fits no C type`);
    }
    return type;
  }

  exact(e: Expression): string {
    const type = this.typeOf(e);
    return this.bound(C_NAME[type], this.exactText(e, type));
  }

  /** `exact(e)` as uint64_t; a value above 64 bits becomes the largest one. For sizes and indices. */
  index(e: Expression): string {
    const type = this.fitting(e);
    if (type === null) {
      return this.wide.index(e);
    }
    const text = this.exact(e);
    if (type === 'u64') {
      return text;
    }
    return type === 'i64'
      ? `((uint64_t)${text})`
      : `((uint64_t)tp_clamp_u128((tp_u128)${text}, 0, UINT64_MAX))`;
  }

  low(e: Expression, bits: number): string {
    const type = this.fitting(e);
    if (bits > 64 && (type === 'u64' || type === 'i64')) {
      return `((tp_u128)${this.exact(e)})`;
    }
    return this.bound(lowType(bits), this.lowText(e, bits));
  }

  /** An argument, or one word of it. */
  private argument({ index, bitwidth, word }: Expression & { kind: 'parameter' }): string {
    const slot = at(this.parameters, index);
    const isPiece = slot.bitwidth > bitwidth;
    return readSlot('args', isPiece ? { word: slot.word + word, shift: 0, bitwidth } : slot);
  }

  boolean(e: Expression): string {
    return this.bound('bool', this.booleanText(e));
  }

  /** The low bits of `e`, cut to exactly `bits`. */
  cut(e: Expression, bits: number): string {
    if (contains(unsignedRange(bits), this.ranges.of(e))) {
      return this.exact(e);
    }
    const text = this.low(e, bits);
    return bits === 64 || bits === 128
      ? text
      : `(${text} & ${unsignedLiteral(pow2(bits) - 1n, bits)})`;
  }

  /** The low `bits` of `e`, more than 128, as words: as a key, an argument or a register has them. */
  words(e: Expression, bits: number): readonly string[] {
    const texts = this.wide.texts(e, Math.ceil(bits / 64));
    const above = bits % 64;
    const isCut = above > 0 && !contains(unsignedRange(bits), this.ranges.of(e));
    return texts.map((text, i) =>
      isCut && i === texts.length - 1 ? `(${text} & ${number64(pow2(above) - 1n)})` : text,
    );
  }

  /** Statements that store `e` in a field, cut to its width. */
  store(to: FieldRef, e: Expression): string[] {
    const field = at(at(this.program.headerTypes, to.type).fields, to.field);
    const { bitwidth } = field;
    const range = field.signed ? signedRange(bitwidth) : unsignedRange(bitwidth);
    let text: string;
    if (contains(range, this.ranges.of(e))) {
      text = this.exact(e);
    } else if (field.signed) {
      text = `${bitwidth <= 64 ? 'tp_sign64' : 'tp_sign128'}(${this.low(e, bitwidth)}, ${bitwidth})`;
    } else {
      text = storageBits(field) === bitwidth ? this.low(e, bitwidth) : this.cut(e, bitwidth);
    }
    return this.storeText(to, `(${fieldType(field)})${text}`);
  }

  /** Statements that store C of the field's own type. */
  storeText(to: FieldRef, text: string): string[] {
    const { index, guard } = this.place(to.header);
    const name = fieldName(this.program, to, index);
    const note = noteChange(this.program, to.header);
    const statement =
      note.length === 0
        ? `${name} = ${text};`
        : `if (${name} != ${text}) { ${name} = ${text}; ${note.join(' ')} }`;
    const lines = this.take();
    const body = guard === null ? statement : `if (${guard}) { ${statement} }`;
    return lines.length === 0 ? [body] : ['{', ...lines, body, '}'];
  }

  /** The C index of a header in its stack, and the condition under which there is one. */
  place(ref: HeaderRef): { readonly index: string; readonly guard: string | null } {
    if (ref.kind === 'instance') {
      return { index: '', guard: null };
    }
    if (ref.kind === 'last') {
      const next = stackNext(this.program, ref.stack);
      return { index: `${next} - 1`, guard: `${next} != 0` };
    }
    const index = this.temporary('uint64_t', this.index(ref.index));
    return { index, guard: `${index} < ${at(this.program.stacks, ref.stack).headers.length}` };
  }

  temporary(type: string, text: string): string {
    return this.declared((name) => `const ${type} ${name} = ${text};`);
  }

  /** The name of a variable of the function's own, declared by the line that is made for it. */
  declared(line: (name: string) => string): string {
    const name = `t${this.temporaries}`;
    this.temporaries += 1;
    this.statement(line(name));
    return name;
  }

  /** What has to be done before what is being emitted. */
  statement(line: string): void {
    this.lines.push(line);
  }

  /** Text that is not too long: of a longer one, a variable. */
  bound(type: string, text: string): string {
    return text.length > MAX_TEXT ? this.temporary(type, text) : text;
  }

  private exactText(e: Expression, type: CType): string {
    switch (e.kind) {
      case 'constant':
        return literal(e.value, type);
      case 'field':
        return this.fieldText(e.ref, type);
      case 'parameter':
        return this.argument(e);
      case 'wide':
        return this.wide.joined(e, type);
      case 'stackSize': {
        const next = `((${C_NAME[type]})${stackNext(this.program, e.stack)})`;
        return e.lastIndex ? `(${next} - 1)` : next;
      }
      case 'unionStackSize':
        return `((${C_NAME[type]})${unionStackNext(this.program, e.stack)})`;
      case 'toData':
        return `tp_bit(${this.boolean(e.arg)})`;
      case 'choice': {
        const side = (arm: Expression): string => convert(this.exact(arm), this.typeOf(arm), type);
        return `(${this.boolean(e.condition)} ? ${side(e.left)} : ${side(e.right)})`;
      }
      case 'cast':
        return castText(this, e, type);
      case 'arithmetic':
        if (e.op === '>>') {
          return this.shiftRightText(e, type);
        }
        if (e.op === '/' || e.op === '%') {
          return this.divisionText(e, type);
        }
        return this.ringText(e, type);
      case 'complement':
        return this.ringText(e, type);
      case 'boolean':
      case 'valid':
      case 'compare':
      case 'logic':
      case 'not':
      case 'toBoolean':
      case 'header':
        return fail(e, 'MALFORMED', 'a number is expected');
      case 'varbit':
        return fail(e, 'UNSUPPORTED', 'arithmetic with a varbit');
    }
  }

  /** The type's range holds the exact value, so its bits in that type are all there is to know. */
  private ringText(e: Expression, type: CType): string {
    const bits = type === 'u64' || type === 'i64' ? 64 : 128;
    const text = this.lowText(e, bits);
    return type === 'u64' || type === 'u128' ? text : `((${C_NAME[type]})${text})`;
  }

  private fieldText(ref: FieldRef, type: CType): string {
    const { index, guard } = this.place(ref.header);
    const name = fieldName(this.program, ref, index);
    const value = type === 'u64' && isWord(this.program, ref) ? name : `((${C_NAME[type]})${name})`;
    return guard === null ? value : `(${guard} ? ${value} : 0)`;
  }

  shiftCount(e: Expression): string {
    if (this.ranges.of(e).low < 0n) {
      return fail(e, 'UNSUPPORTED', 'a shift by a negative number');
    }
    const type = this.fitting(e);
    if (type === null) {
      return this.wide.index(e);
    }
    return type === 'u64' ? this.exact(e) : `tp_shift_count(${this.exact(e)})`;
  }

  private shiftRightText(e: Expression & { kind: 'arithmetic' }, type: CType): string {
    const from = this.fitting(e.left);
    if (from === null) {
      return this.wide.joined(e, type);
    }
    return convert(
      `tp_shr_${from}(${this.exact(e.left)}, ${this.shiftCount(e.right)})`,
      from,
      type,
    );
  }

  private divisionText(e: Expression & { kind: 'arithmetic' }, type: CType): string {
    for (const side of [e.left, e.right]) {
      if (this.ranges.of(side).low < 0n) {
        return fail(side, 'UNSUPPORTED', 'division of negative numbers');
      }
    }
    const [left, right] = [this.fitting(e.left), this.fitting(e.right)];
    if (left === null || right === null) {
      return this.wide.joined(e, type);
    }
    const wide: CType = left === 'u64' && right === 'u64' ? 'u64' : 'u128';
    const name = e.op === '/' ? 'div' : 'mod';
    const arguments_ = [
      convert(this.exact(e.left), left, wide),
      convert(this.exact(e.right), right, wide),
    ];
    return convert(`tp_${name}_${wide}(${arguments_.join(', ')})`, wide, type);
  }

  private lowText(e: Expression, bits: number): string {
    if (e.kind === 'arithmetic') {
      return this.lowArithmetic(e, bits);
    }
    if (e.kind === 'complement') {
      return `(~${this.low(e.arg, bits)})`;
    }
    if (e.kind === 'constant') {
      return unsignedLiteral(e.value, bits);
    }
    if (e.kind === 'choice') {
      const [left, right] = [this.low(e.left, bits), this.low(e.right, bits)];
      return `(${this.boolean(e.condition)} ? ${left} : ${right})`;
    }
    if (e.kind === 'cast' && e.op === 'two_comp_mod' && bits <= e.bitwidth) {
      return this.low(e.arg, bits);
    }
    const type = this.fitting(e);
    // The exact value is of that type already.
    return type !== null && C_NAME[type] === lowType(bits)
      ? this.exact(e)
      : this.lowOfExact(e, bits);
  }

  private lowOfExact(e: Expression, bits: number): string {
    return this.fitting(e) === null
      ? this.wide.low(e, bits)
      : `((${lowType(bits)})${this.exact(e)})`;
  }

  private lowArithmetic(e: Expression & { kind: 'arithmetic' }, bits: number): string {
    switch (e.op) {
      case '+':
      case '-':
      case '*':
      case '|':
      case '^':
        return `(${this.low(e.left, bits)} ${e.op} ${this.low(e.right, bits)})`;
      case '&':
        return this.lowAnd(e, bits);
      case '<<':
        return this.lowShiftLeft(e, bits);
      case '>>':
        return this.lowShiftRight(e, bits);
      case '/':
      case '%':
        return this.lowOfExact(e, bits);
    }
  }

  private lowAnd(e: Expression & { kind: 'arithmetic' }, bits: number): string {
    const [constant, other] = e.right.kind === 'constant' ? [e.right, e.left] : [e.left, e.right];
    if (constant.kind !== 'constant' || constant.value < 0n) {
      return `(${this.low(e.left, bits)} & ${this.low(e.right, bits)})`;
    }
    const mask = BigInt.asUintN(bits, constant.value);
    const range = this.ranges.of(other);
    const isRun = (mask & (mask + 1n)) === 0n;
    if (isRun && range.low >= 0n && range.high <= mask) {
      return this.low(other, bits);
    }
    const needed = Math.max(bitLength(mask), 1);
    const text = `(${this.low(other, needed)} & ${unsignedLiteral(mask, needed)})`;
    return lowType(needed) === lowType(bits) ? text : `((${lowType(bits)})${text})`;
  }

  private lowShiftLeft(e: Expression & { kind: 'arithmetic' }, bits: number): string {
    if (e.right.kind === 'constant' && e.right.value >= 0n) {
      if (e.right.value >= BigInt(bits)) {
        return unsignedLiteral(0n, bits);
      }
      const count = Number(e.right.value);
      return `((${lowType(bits)})${this.low(e.left, bits - count)} << ${count})`;
    }
    const name = bits <= 64 ? 'u64' : 'u128';
    return `tp_shl_${name}(${this.low(e.left, bits)}, ${this.shiftCount(e.right)})`;
  }

  private lowShiftRight(e: Expression & { kind: 'arithmetic' }, bits: number): string {
    if (e.right.kind === 'constant' && e.right.value >= 0n && e.right.value < 128n) {
      const count = Number(e.right.value);
      const isWide = this.fitting(e.left) === null;
      if (bits + count <= 64 || (isWide && bits + count <= 128)) {
        const text = `(${this.low(e.left, bits + count)} >> ${count})`;
        return lowType(bits + count) === lowType(bits) ? text : `((${lowType(bits)})${text})`;
      }
    }
    return this.lowOfExact(e, bits);
  }

  private booleanText(e: Expression): string {
    switch (e.kind) {
      case 'boolean':
        return e.value ? 'true' : 'false';
      case 'valid':
        return this.validText(e.header);
      case 'logic':
        return `(${this.boolean(e.left)} ${e.op === 'and' ? '&&' : '||'} ${this.boolean(e.right)})`;
      case 'not':
        return `(!${this.boolean(e.arg)})`;
      case 'toBoolean':
        return e.arg.kind === 'toData' ? this.boolean(e.arg.arg) : this.isNotZero(e.arg);
      case 'choice':
        return `(${this.boolean(e.condition)} ? ${this.boolean(e.left)} : ${this.boolean(e.right)})`;
      case 'compare':
        return this.compareText(e.op, e.left, e.right);
      case 'constant':
      case 'field':
      case 'parameter':
      case 'wide':
      case 'stackSize':
      case 'unionStackSize':
      case 'toData':
      case 'complement':
      case 'arithmetic':
      case 'cast':
        return this.isNotZero(e);
      case 'header':
      case 'varbit':
        return fail(e, 'MALFORMED', 'a condition is expected');
    }
  }

  private isNotZero(e: Expression): string {
    return this.fitting(e) === null ? this.wide.isNotZero(e) : `(${this.exact(e)} != 0)`;
  }

  /** C for the validity of a header, false outside of a stack's bounds. */
  validText(ref: HeaderRef): string {
    const { index, guard } = this.place(ref);
    const { valid } = headerNames(this.program, ref, index);
    const text = valid === 'true' ? valid : `(${valid} != 0)`;
    return guard === null ? text : `(${guard} && ${text})`;
  }

  private compareText(op: CompareOp, left: Expression, right: Expression): string {
    const kind = kindOf(left);
    if (kind !== kindOf(right)) {
      return fail(left, 'MALFORMED', 'a comparison of values of different kinds');
    }
    if (kind === 'header') {
      return compareHeaders(this, op, left, right);
    }
    if (kind === 'varbit') {
      return compareVarbits(this, op, left, right);
    }
    if (kind === 'boolean') {
      const [a, b] = [this.boolean(left), this.boolean(right)];
      return a === b ? decided(op, 0) : `(${a} ${op} ${b})`;
    }
    const [a, b] = [this.ranges.of(left), this.ranges.of(right)];
    if (a.high < b.low || a.low > b.high) {
      return decided(op, a.high < b.low ? -1 : 1);
    }
    const type = commonType(a, b);
    if (type === null) {
      return this.wide.compare(op, left, right);
    }
    const [leftText, rightText] = [left, right].map((side) =>
      convert(this.exact(side), this.typeOf(side), type),
    ) as [string, string];
    // C compilers warn about comparisons that are always true.
    if (leftText === rightText) {
      return decided(op, 0);
    }
    const bounded = boundary(op, a, b);
    return bounded === null ? `(${leftText} ${op} ${rightText})` : bounded ? 'true' : 'false';
  }
}

function commonType(a: Range, b: Range): CType | null {
  return typeOfRange({
    low: a.low < b.low ? a.low : b.low,
    high: a.high > b.high ? a.high : b.high,
  });
}
