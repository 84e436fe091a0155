/** Numbers of the dataplane for a controller's strings: given as they come, taken back when nothing
 * refers to them any more, as many at a time as the type has values. */
import { status } from '@grpc/grpc-js';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid } from '../errors.js';
import type { Translation } from './translation.js';

/** Of one type, whatever its width. */
const MAX_STRINGS = 1 << 20;
const MAX_OCTETS = 1024;

/** `@p4runtime_translation_mappings({ {"default", 0}, … })`, as the compiler hands it on. */
const MAPPINGS = /^@p4runtime_translation_mappings\s*\((.*)\)\s*$/s;
const MAPPING = /\{\s*"((?:[^"\\]|\\.)*)"\s*,\s*(?:[0-9]+w)?(0x[0-9a-fA-F]+|[0-9]+)\s*\}/g;

/**
 * One space of strings. The empty string is 0, which is what metadata has before anything is
 * written to it; a value that no string was given to is called by its number.
 */
export class StringIds implements Translation {
  readonly isString = true;
  #last: number;
  readonly #ids = new Map<string, number>();
  readonly #strings = new Map<number, string>();
  /** These stay. */
  readonly #fixed = new Set<number>();
  #next = 1;

  private constructor(compiledBits: number) {
    this.#last = lastOf(compiledBits);
    this.#bind('', 0);
    this.#fixed.add(0);
  }

  /** With the mapping that the P4 source gives. Errors: INVALID_ARGUMENT. */
  static fromAnnotations(annotations: readonly string[], compiledBits: number): Outcome<StringIds> {
    const ids = new StringIds(compiledBits);
    for (const annotation of annotations) {
      const body = MAPPINGS.exec(annotation)?.[1] ?? '';
      for (const [, text = '', number = ''] of body.matchAll(MAPPING)) {
        const value = Number(number);
        const string = key(Buffer.from(text.replace(/\\(.)/g, '$1')));
        if (value > ids.#last) return invalid(`'${string}' is mapped to ${number}: too wide`);
        // The program may have another name for 0.
        if (value === 0) ids.#ids.delete(ids.#strings.get(0) ?? '');
        else if (ids.#strings.has(value)) return invalid(`${number} is mapped to twice`);
        if (ids.#ids.has(string)) return invalid(`'${string}' is mapped twice`);
        ids.#bind(string, value);
        ids.#fixed.add(value);
      }
    }
    return done(ids);
  }

  /** The same strings are used where the dataplane has fewer bits, before any is given a number.
   * Errors: INVALID_ARGUMENT. */
  restrict(compiledBits: number): Outcome<void> {
    this.#last = Math.min(this.#last, lastOf(compiledBits));
    return Math.max(...this.#fixed) > this.#last
      ? invalid(`a translated string is mapped to a value wider than ${compiledBits} bits`)
      : DONE;
  }

  get isFull(): boolean {
    return this.#ids.size > this.#last;
  }

  readonly encode = (octets: Uint8Array, what: string): Outcome<bigint> => {
    const string = key(octets);
    const known = this.#ids.get(string);
    if (known !== undefined) return done(BigInt(known));
    if (octets.length > MAX_OCTETS) {
      return invalid(`${what}: a string of ${octets.length} octets, at most ${MAX_OCTETS}`);
    }
    if (this.isFull) {
      const message = `${what}: all ${this.#last + 1} values of its type have a string`;
      return fail(status.RESOURCE_EXHAUSTED, message);
    }
    while (this.#strings.has(this.#next)) this.#next = (this.#next % this.#last) + 1;
    const id = this.#next;
    this.#bind(string, id);
    return done(BigInt(id));
  };

  readonly decode = (value: bigint): Uint8Array => {
    const string = this.#strings.get(Number(value));
    return Buffer.from(string ?? String(value), string === undefined ? 'utf8' : 'latin1');
  };

  /** Takes back all numbers but those in use, and the program's own. */
  retain(used: ReadonlySet<bigint>): void {
    for (const [id, string] of this.#strings) {
      if (this.#fixed.has(id) || used.has(BigInt(id))) continue;
      this.#strings.delete(id);
      this.#ids.delete(string);
    }
  }

  #bind(string: string, id: number): void {
    this.#ids.set(string, id);
    this.#strings.set(id, string);
  }
}

function lastOf(compiledBits: number): number {
  return compiledBits >= 20 ? MAX_STRINGS - 1 : 2 ** compiledBits - 1;
}

/** One character for each octet, so that any string comes back as it was. */
function key(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}
