/**
 * Protobuf's text format, as p4c writes P4Info in it: read by the message's descriptor into its JSON
 * form, which protobuf's own reader then checks. Pure.
 */
import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';

export type TextResult =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly line: number; readonly message: string };

/** Messages nest less deep than this in any schema that is read here. */
const MAX_DEPTH = 64;

type TokenKind = 'name' | 'number' | 'string' | 'sign' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
}

/** Carries an error out of the recursion; `parseTextFormat` returns it as a value. */
class TextFailure extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** The JSON form of a message in text format. Errors: what is wrong, with its line. */
export function parseTextFormat(schema: DescMessage, text: string): TextResult {
  try {
    const reader = new Reader(tokens(text));
    return { ok: true, value: reader.message(schema, null, 0) };
  } catch (error) {
    if (error instanceof TextFailure) {
      return { ok: false, line: error.line, message: error.message };
    }
    throw error;
  }
}

const TOKEN =
  /[ \t\r\n]+|#[^\n]*|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<number>-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?f?))|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>[{}<>:;,[\]./-])/y;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) throw new TextFailure(line, `'${text[at] ?? ''}' is not expected here`);
    const groups = match.groups ?? {};
    for (const kind of ['string', 'number', 'name', 'sign'] as const) {
      const part = groups[kind];
      if (part !== undefined) found.push({ kind, text: part, line });
    }
    line += match[0].split('\n').length - 1;
  }
  found.push({ kind: 'end', text: 'the end of the file', line });
  return found;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  /** Fields up to `end` (null: the end of the file), which is taken too. */
  message(schema: DescMessage, end: string | null, depth: number): JsonObject {
    if (depth > MAX_DEPTH) this.#fail(this.#peek(), `nested deeper than ${MAX_DEPTH} levels`);
    const json: JsonObject = {};
    for (;;) {
      const token = this.#next();
      if (end === null ? token.kind === 'end' : token.text === end) return json;
      if (token.kind !== 'name') this.#fail(token, `a field is expected, not ${token.text}`);
      const field = schema.fields.find(({ name }) => name === token.text);
      if (field === undefined) this.#fail(token, `${schema.name} has no field '${token.text}'`);
      this.#field(json, field, depth);
      if (this.#isNext(',') || this.#isNext(';')) this.#next();
    }
  }

  #field(json: JsonObject, field: DescField, depth: number): void {
    const hasColon = this.#isNext(':');
    if (hasColon) this.#next();
    const token = this.#peek();
    if (!hasColon && token.text !== '{' && token.text !== '<') this.#fail(token, "':' is expected");
    if (token.text === '[' && field.fieldKind === 'list') {
      this.#next();
      while (!this.#isNext(']')) {
        this.#add(json, field, depth);
        if (!this.#isNext(']')) this.#expect(',');
      }
      this.#next();
      return;
    }
    this.#add(json, field, depth);
  }

  #add(json: JsonObject, field: DescField, depth: number): void {
    const { jsonName: name } = field;
    const token = this.#peek();
    const value = this.#value(field, depth);
    if (field.fieldKind === 'list') {
      const items = json[name];
      json[name] = Array.isArray(items) ? [...items, value] : [value];
    } else if (field.fieldKind === 'map') {
      json[name] = { ...(json[name] as JsonObject | undefined), ...(value as JsonObject) };
    } else if (name in json) {
      this.#fail(token, `'${field.name}' is given twice`);
    } else {
      json[name] = value;
    }
  }

  #value(field: DescField, depth: number): JsonValue {
    if (field.fieldKind === 'map') return this.#mapEntry(field, depth);
    if (field.message !== undefined) {
      const open = this.#next();
      if (open.text !== '{' && open.text !== '<') this.#fail(open, "'{' is expected");
      return this.message(field.message, open.text === '{' ? '}' : '>', depth + 1);
    }
    return this.#scalar(field);
  }

  /** `{ key: "a" value … }`: a message of two fields, as an object of one member. */
  #mapEntry(field: DescField & { fieldKind: 'map' }, depth: number): JsonObject {
    this.#expect('{');
    let key = '';
    let value: JsonValue = null;
    while (!this.#isNext('}')) {
      const part = this.#next();
      if (this.#isNext(':')) this.#next();
      if (part.text === 'key') {
        key = utf8(this.#octets(this.#next()));
      } else if (part.text === 'value' && field.message !== undefined) {
        this.#expect('{');
        value = this.message(field.message, '}', depth + 1);
      } else if (part.text === 'value') {
        value = this.#scalar(field);
      } else {
        this.#fail(part, `'key' or 'value' is expected, not ${part.text}`);
      }
    }
    this.#next();
    return { [key]: value };
  }

  #scalar(field: DescField): JsonValue {
    const token = this.#next();
    if (token.kind === 'string') {
      return isBytes(field) ? base64(this.#octets(token)) : utf8(this.#octets(token));
    }
    if (token.kind !== 'name' && token.kind !== 'number') {
      this.#fail(token, `a value is expected, not ${token.text}`);
    }
    if (token.text === 'true' || token.text === 'false') return token.text === 'true';
    if (token.kind === 'name') return token.text;
    const isInteger = /^-?[0-9]+$/.test(token.text);
    return field.enum !== undefined && isInteger ? Number(token.text) : number(token.text);
  }

  /** A string's octets; adjacent strings are one. */
  #octets(first: Token): Uint8Array {
    const parts = [unescape(first)];
    while (this.#peek().kind === 'string') parts.push(unescape(this.#next()));
    return Uint8Array.from(parts.flatMap((part) => [...part]));
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: 'the end of the file', line: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #isNext(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.text === text;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text) this.#fail(token, `'${text}' is expected, not ${token.text}`);
  }

  #fail({ line }: Token, message: string): never {
    throw new TextFailure(line, message);
  }
}

function isBytes(field: DescField): boolean {
  const BYTES = 12;
  return (field as { readonly scalar?: number }).scalar === BYTES;
}

function number(text: string): JsonValue {
  return /^-?0[xX]/.test(text) ? String(BigInt(text)) : text.replace(/f$/, '');
}

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
};

/** The octets of a quoted string. */
function unescape({ text }: Token): number[] {
  const octets: number[] = [];
  const parts = text.slice(1, -1).matchAll(/\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|.)|[^\\]+/gs);
  for (const [plain, escape] of parts) {
    if (escape === undefined) {
      octets.push(...new TextEncoder().encode(plain));
    } else if (/^[0-7]/.test(escape)) {
      octets.push(Number.parseInt(escape, 8) & 0xff);
    } else if (/^[xX]./.test(escape)) {
      octets.push(Number.parseInt(escape.slice(1), 16));
    } else {
      octets.push(ESCAPES[escape] ?? escape.charCodeAt(0));
    }
  }
  return octets;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}

function utf8(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}
