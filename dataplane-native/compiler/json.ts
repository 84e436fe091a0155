import { fail, sanitise } from './failure.js';
import type { Place } from './failure.js';
import { decodeUtf8 } from './utf8.js';

export interface JsonLimits {
  readonly maxOctets: number;
  readonly maxDepth: number;
}

const ROOT: Place = { path: '$', source: null };
const MAX_HEX_DIGITS = 2048;

/** A JSON value with its place. Every accessor fails with MALFORMED and that place. */
export class Json implements Place {
  readonly value: unknown;
  readonly path: string;
  readonly source: string | null;

  constructor(value: unknown, path: string, source: string | null) {
    this.value = value;
    this.path = path;
    this.source = sourceOf(value) ?? source;
  }

  /** The member `key`, which must be there. */
  get(key: string): Json {
    const member = this.optional(key);
    return member ?? fail(this, 'MALFORMED', `"${key}" is missing`);
  }

  /** The member `key`, or null where it is missing or null. */
  optional(key: string): Json | null {
    const record = this.record();
    if (!Object.hasOwn(record, key)) {
      return null;
    }
    const value = record[key];
    return value === null || value === undefined
      ? null
      : new Json(value, `${this.path}.${key}`, this.source);
  }

  /** The members of an object. */
  entries(): readonly (readonly [string, Json])[] {
    return Object.entries(this.record()).map(([key, value]) => [
      key,
      new Json(value, `${this.path}.${sanitise(key)}`, this.source),
    ]);
  }

  items(limit: number): readonly Json[] {
    if (!Array.isArray(this.value)) {
      return fail(this, 'MALFORMED', 'an array is expected');
    }
    if (this.value.length > limit) {
      return fail(this, 'LIMIT', `${this.value.length} items, at most ${limit} are handled`);
    }
    return this.value.map((item, i) => new Json(item, `${this.path}[${i}]`, this.source));
  }

  /** The items of an array of exactly `count`. */
  tuple(count: number): readonly Json[] {
    const items = this.items(count);
    return items.length === count
      ? items
      : fail(this, 'MALFORMED', `${count} items are expected, ${items.length} found`);
  }

  string(): string {
    return typeof this.value === 'string'
      ? this.value
      : fail(this, 'MALFORMED', 'a string is expected');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean'
      ? this.value
      : fail(this, 'MALFORMED', 'true or false is expected');
  }

  integer(min: number, max: number): number {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) {
      return fail(this, 'MALFORMED', 'an integer is expected');
    }
    if (this.value < min || this.value > max) {
      return fail(this, 'LIMIT', `${this.value} is outside ${min}..${max}`);
    }
    return this.value;
  }

  /** A number written as `0x…`, with a sign where it is negative. */
  hex(): bigint {
    const text = this.string();
    if (text.length > MAX_HEX_DIGITS) {
      return fail(this, 'LIMIT', `a number of more than ${MAX_HEX_DIGITS} digits`);
    }
    const parts = /^(-?)(?:0[xX])?([0-9a-fA-F]+)$/.exec(text);
    if (parts === null) {
      return fail(this, 'MALFORMED', `"${sanitise(text)}" is not a hexadecimal number`);
    }
    const magnitude = BigInt(`0x${parts[2] ?? '0'}`);
    return parts[1] === '-' ? -magnitude : magnitude;
  }

  private record(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      return fail(this, 'MALFORMED', 'an object is expected');
    }
    return this.value as Record<string, unknown>;
  }
}

function sourceOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'source_info')) {
    return null;
  }
  const info = (value as Record<string, unknown>)['source_info'];
  if (typeof info !== 'object' || info === null) {
    return null;
  }
  const { filename, line, column } = info as Record<string, unknown>;
  if (typeof filename !== 'string' || typeof line !== 'number') {
    return null;
  }
  const file = filename.split('/').pop() ?? '';
  return `${sanitise(file)}:${line}${typeof column === 'number' ? `:${column}` : ''}`;
}

/** Reads a JSON text of bounded size and depth. */
export function parseJson(input: string | Uint8Array, limits: JsonLimits): Json {
  if (input.length > limits.maxOctets) {
    return fail(ROOT, 'TOO_LARGE', `${input.length} octets, at most ${limits.maxOctets}`);
  }
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (text === null) {
    return fail(ROOT, 'NOT_JSON', 'not UTF-8');
  }
  if (nestingDepth(text) > limits.maxDepth) {
    return fail(ROOT, 'LIMIT', `nested deeper than ${limits.maxDepth} levels`);
  }
  try {
    return new Json(JSON.parse(text), ROOT.path, null);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    return fail(ROOT, 'NOT_JSON', sanitise(why));
  }
}

/** Depth of the brackets outside of strings. Counted before parsing: recursion must not meet it. */
function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c) {
        i += 1;
      } else if (unit === 0x22) {
        inString = false;
      }
    } else if (unit === 0x22) {
      inString = true;
    } else if (unit === 0x7b || unit === 0x5b) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (unit === 0x7d || unit === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}
