/** The text of an STF test, statement by statement. Pure. */
import type {
  Comparison,
  CountKind,
  StfAction,
  StfMatch,
  StfOutcome,
  StfProblem,
  StfRates,
  StfStatement,
} from './statements.js';

/** Carries a problem to `parseStf`, which returns it as a value. */
class SyntaxFailure extends Error {
  readonly problem: StfProblem;

  constructor(problem: StfProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const MAX_PORT = 510;

interface Token {
  readonly text: string;
  readonly line: number;
}

/** All statements of a test, or the first problem. */
export function parseStf(text: string): StfOutcome<readonly StfStatement[]> {
  try {
    const cursor = new Cursor(text);
    const statements: StfStatement[] = [];
    while (!cursor.isDone) statements.push(statement(cursor));
    return { ok: true, value: statements };
  } catch (error) {
    if (error instanceof SyntaxFailure) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** Words and signs; a quoted name is one word, and so is a number with don't-care digits. */
const TOKEN =
  /"(?<quoted>[^"\n]+)"|(?<word>[A-Za-z_$][A-Za-z0-9_$]*|[0-9][0-9A-Za-z_*]*|\*|==|!=|<=|>=|&&&|\.\.|[<>=:,.()[\]/])/y;

class Cursor {
  readonly #lines: readonly string[];
  #row = 0;
  #column = 0;

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, ''));
  }

  get line(): number {
    return Math.min(this.#row, this.#lines.length - 1) + 1;
  }

  get isDone(): boolean {
    this.#skipSpace();
    return this.#row >= this.#lines.length;
  }

  /** What is left of the line, which may be nothing. */
  restOfLine(): Token {
    const line = this.#row + 1;
    const text = (this.#lines[this.#row] ?? '').slice(this.#column).trim();
    this.#row += 1;
    this.#column = 0;
    return { text, line };
  }

  /** Statements other than packets may go on over lines. */
  peek(): Token {
    const [row, column] = [this.#row, this.#column];
    const token = this.isDone ? { text: '', line: this.line } : this.next();
    this.#row = row;
    this.#column = column;
    return token;
  }

  next(): Token {
    if (this.isDone) this.fail('the file ends in the middle of a statement');
    TOKEN.lastIndex = this.#column;
    const line = this.#lines[this.#row] ?? '';
    const match = TOKEN.exec(line);
    if (match === null) return this.fail(`'${line[this.#column] ?? ''}' is not expected here`);
    this.#column = TOKEN.lastIndex;
    return {
      text: match.groups?.['quoted'] ?? match.groups?.['word'] ?? '',
      line: this.#row + 1,
    };
  }

  take(text: string): boolean {
    if (this.peek().text !== text) return false;
    this.next();
    return true;
  }

  expect(text: string): void {
    const token = this.next();
    if (token.text !== text) this.fail(`'${text}' is expected, not '${token.text}'`, token.line);
  }

  fail(message: string, line = this.line): never {
    throw new SyntaxFailure({ line, message });
  }

  #skipSpace(): void {
    while (this.#row < this.#lines.length) {
      const line = this.#lines[this.#row] ?? '';
      while (/\s/.test(line[this.#column] ?? '')) this.#column += 1;
      if (this.#column < line.length) return;
      this.#row += 1;
      this.#column = 0;
    }
  }
}

function statement(cursor: Cursor): StfStatement {
  const { text, line } = cursor.next();
  const rest = STATEMENTS.get(text.toLowerCase());
  if (rest === undefined) cursor.fail(`'${text}' is not a statement`, line);
  return { ...rest(cursor), line };
}

type Unplaced<T> = T extends unknown ? Omit<T, 'line'> : never;
type Rest = (cursor: Cursor) => Unplaced<StfStatement>;

const STATEMENTS: ReadonlyMap<string, Rest> = new Map<string, Rest>([
  ['add', add],
  ['setdefault', (c) => ({ kind: 'setDefault', table: name(c), action: action(c) })],
  ['remove', removeAll],
  ['value_set', valueSet],
  ['packet', packet],
  ['expect', expectation],
  ['no_packet', () => ({ kind: 'noPacket' })],
  ['wait', () => ({ kind: 'wait' })],
  ['check_counter', checkCounter],
  ['mc_mgrp_create', (c) => ({ kind: 'groupCreate', group: small(c) })],
  ['mc_node_create', (c) => ({ kind: 'nodeCreate', instance: small(c), ports: ports(c) })],
  ['mc_node_update', (c) => ({ kind: 'nodeUpdate', node: small(c), ports: ports(c) })],
  ['mc_node_associate', (c) => ({ kind: 'nodeAssociate', group: small(c), node: small(c) })],
  ['mirroring_add', (c) => ({ kind: 'mirrorToPort', session: small(c), port: port(c.next(), c) })],
  ['mirroring_add_mc', (c) => ({ kind: 'mirrorToGroup', session: small(c), group: small(c) })],
  ['mirroring_delete', (c) => ({ kind: 'mirrorDelete', session: small(c) })],
  ['mirroring_get', (c) => ({ kind: 'mirrorRead', session: small(c) })],
  ['counter_read', (c) => ({ kind: 'counterRead', name: name(c), index: number(c) })],
  ['counter_write', counterWrite],
  ['register_read', (c) => ({ kind: 'registerRead', name: name(c), index: number(c) })],
  ['register_write', registerWrite],
  ['register_reset', (c) => ({ kind: 'registerReset', name: name(c) })],
  ['meter_get_rates', (c) => ({ kind: 'meterRead', name: name(c), index: number(c) })],
  ['meter_set_rates', meterWrite],
  [
    'meter_array_set_rates',
    (c) => ({ kind: 'meterWrite', name: name(c), index: null, rates: rates(c) }),
  ],
]);

/** The statements that there are, for messages and the documentation. */
export const STF_STATEMENTS: readonly string[] = [...STATEMENTS.keys()];

function add(cursor: Cursor): Unplaced<StfStatement> {
  const table = name(cursor);
  const priority = /^[0-9]+$/.test(cursor.peek().text) ? small(cursor) : null;
  const matches: StfMatch[] = [];
  for (;;) {
    const part = name(cursor);
    if (cursor.peek().text === '(') {
      const label = (call: StfAction): Unplaced<StfStatement> => ({
        kind: 'add',
        table,
        priority,
        matches,
        action: call,
        label: cursor.take('=') ? cursor.next().text : null,
      });
      return label(action(cursor, part));
    }
    cursor.expect(':');
    matches.push({ name: part, value: matchValue(cursor) });
  }
}

/** One value, or one for each field: the statement ends with its line. */
function valueSet(cursor: Cursor): Unplaced<StfStatement> {
  const set = name(cursor);
  const { line } = cursor.peek();
  const matches: StfMatch[] = [];
  while (!cursor.isDone && cursor.peek().line === line) {
    const isNamed = parseNumber(cursor.peek().text) === null;
    const field = isNamed ? name(cursor) : '';
    if (isNamed) cursor.expect(':');
    matches.push({ name: field, value: matchValue(cursor) });
  }
  return { kind: 'valueSet', name: set, matches };
}

/** `value`, `value/prefix`, `value&&&mask` or `low..high`. */
function matchValue(cursor: Cursor): string {
  const first = cursor.next().text;
  for (const sign of ['/', '&&&', '..']) {
    if (cursor.take(sign)) return `${first}${sign}${cursor.next().text}`;
  }
  return first;
}

/** Parts with dots and indices between them. */
function name(cursor: Cursor): string {
  const first = cursor.next();
  if (!/^[A-Za-z_$]/.test(first.text)) {
    cursor.fail(`a name is expected, not '${first.text}'`, first.line);
  }
  let text = first.text;
  for (;;) {
    if (cursor.take('.')) {
      text += `.${cursor.next().text}`;
    } else if (cursor.take('[')) {
      text += `[${cursor.next().text}]`;
      cursor.expect(']');
    } else {
      return text;
    }
  }
}

function action(cursor: Cursor, called = name(cursor)): StfAction {
  cursor.expect('(');
  const args: { name: string; value: bigint }[] = [];
  while (!cursor.take(')')) {
    if (args.length > 0) cursor.expect(',');
    const argument = name(cursor);
    cursor.expect(':');
    args.push({ name: argument, value: number(cursor) });
  }
  return { name: called, args };
}

function number(cursor: Cursor): bigint {
  const token = cursor.next();
  return parseNumber(token.text) ?? cursor.fail(`'${token.text}' is not a number`, token.line);
}

/** Decimal, `0x`, `0b` or `0o`; null for what is none. */
export function parseNumber(text: string): bigint | null {
  return /^(?:[0-9]+|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(text) ? BigInt(text) : null;
}

function small(cursor: Cursor): number {
  const { line } = cursor.peek();
  const value = number(cursor);
  return value <= 0x7fff_ffffn ? Number(value) : cursor.fail(`${value} is too large`, line);
}

function port({ text, line }: Token, cursor: Cursor): number {
  const value = /^[0-9]{1,3}$/.test(text) ? Number(text) : Infinity;
  return value <= MAX_PORT
    ? value
    : cursor.fail(`a port from 0 to ${MAX_PORT} is expected, not '${text}'`, line);
}

function ports(cursor: Cursor): number[] {
  const found: number[] = [];
  while (/^[0-9]+$/.test(cursor.peek().text)) found.push(port(cursor.next(), cursor));
  return found;
}

function removeAll(cursor: Cursor): Unplaced<StfStatement> {
  const token = cursor.next();
  return token.text.toLowerCase() === 'all'
    ? { kind: 'removeAll' }
    : cursor.fail("only 'remove all' is known", token.line);
}

/** The port and the digits of a line. */
function portAndDigits(cursor: Cursor): { port: number; digits: string; line: number } {
  const { text, line } = cursor.restOfLine();
  const [first = '', ...others] = text.split(/\s+/);
  return {
    port: port({ text: first, line }, cursor),
    digits: others.join('').toLowerCase(),
    line,
  };
}

function packet(cursor: Cursor): Unplaced<StfStatement> {
  const { port: number, digits, line } = portAndDigits(cursor);
  if (!/^(?:[0-9a-f]{2})+$/.test(digits)) {
    cursor.fail('a packet is whole octets of hexadecimal digits', line);
  }
  return { kind: 'packet', port: number, octets: Uint8Array.from(Buffer.from(digits, 'hex')) };
}

function expectation(cursor: Cursor): Unplaced<StfStatement> {
  const { port: number, digits, line } = portAndDigits(cursor);
  if (!/^[0-9a-f*]*\$?$/.test(digits)) {
    cursor.fail("what is expected is hexadecimal digits, '*' for any, and '$' for the end", line);
  }
  const isExact = digits.endsWith('$');
  const wanted = isExact ? digits.slice(0, -1) : digits;
  return { kind: 'expect', port: number, digits: digits === '' ? null : wanted, isExact };
}

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];

function checkCounter(cursor: Cursor): Unplaced<StfStatement> {
  const counter = name(cursor);
  cursor.expect('(');
  const token = cursor.next();
  const index = parseNumber(token.text) ?? token.text;
  cursor.expect(')');
  const what = cursor.peek().text.toLowerCase();
  if (what !== 'packets' && what !== 'bytes') {
    return { kind: 'checkCounter', counter, index, what: 'packets', comparison: '==', value: 0n };
  }
  cursor.next();
  const comparison = cursor.next();
  if (!COMPARISONS.includes(comparison.text)) {
    cursor.fail(`a comparison is expected, not '${comparison.text}'`, comparison.line);
  }
  return {
    kind: 'checkCounter',
    counter,
    index,
    what: what satisfies CountKind,
    comparison: comparison.text as Comparison,
    value: number(cursor),
  };
}

function counterWrite(cursor: Cursor): Unplaced<StfStatement> {
  const counter = name(cursor);
  const [index, packets, octets] = [number(cursor), number(cursor), number(cursor)];
  return { kind: 'counterWrite', name: counter, index, packets, octets };
}

function registerWrite(cursor: Cursor): Unplaced<StfStatement> {
  return {
    kind: 'registerWrite',
    name: name(cursor),
    index: number(cursor),
    value: number(cursor),
  };
}

function meterWrite(cursor: Cursor): Unplaced<StfStatement> {
  return { kind: 'meterWrite', name: name(cursor), index: number(cursor), rates: rates(cursor) };
}

/** `rate:burst rate:burst`, committed and peak, as simple_switch's command line takes them. */
function rates(cursor: Cursor): StfRates {
  return { committed: rate(cursor), peak: rate(cursor) };
}

const MICROSECONDS_IN_SECOND = 1e6;

/** Rates are units a microsecond, and fractions of one. */
function rate(cursor: Cursor): StfRates['committed'] {
  const whole = cursor.next();
  const text = cursor.take('.') ? `${whole.text}.${cursor.next().text}` : whole.text;
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(text)) cursor.fail(`'${text}' is not a rate`, whole.line);
  cursor.expect(':');
  return {
    rate: BigInt(Math.round(Number(text) * MICROSECONDS_IN_SECOND)),
    burst: number(cursor),
  };
}
