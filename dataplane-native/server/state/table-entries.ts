/**
 * The entries of one table. The engine has them: match, priority and action. What it has no place for
 * - metadata, timeouts, what an action profile's entries refer to - is kept here, for those entries
 * that have any, so that a million plain entries cost this process nothing.
 */
import type {
  EngineResult,
  EngineState,
  EntryHandle,
  NewEntry,
  RowBatch,
  RowShape,
} from '../engine-port.js';
import { ROW, ROW_OPERATION, rowWords } from '../engine-port.js';
import type { KeyWords } from './match.js';
import { rangeWordsOf } from './match.js';
import type { TableProgram } from '../program/program.js';
import type { Reference, StoredAction, StoredEntry } from './state.js';

/** What only some entries have. */
export interface EntryExtra {
  readonly metadata: Uint8Array;
  readonly controllerMetadata: bigint;
  /** 0n: it never times out. */
  readonly idleTimeoutNs: bigint;
  /** What an entry of a table with an action profile refers to. */
  readonly reference: Reference | null;
}

export const NO_EXTRA: EntryExtra = {
  metadata: new Uint8Array(),
  controllerMetadata: 0n,
  idleTimeoutNs: 0n,
  reference: null,
};

/** Rows that are read from the engine in one call. */
const PAGE_ROWS = 512;

/** See the file's comment. Iterating is not disturbed by writes: an entry that comes or goes
 * meanwhile is seen or not, any other is seen once. */
export class TableEntries implements Iterable<StoredEntry> {
  readonly shape: RowShape;
  readonly #program: TableProgram;
  readonly #engine: EngineState;
  readonly #extras = new Map<EntryHandle, EntryExtra>();
  readonly #rangeWords: number;
  #size = 0;
  #timeouts = 0;

  constructor(program: TableProgram, engine: EngineState) {
    const { index: table, keyWords, argWords } = program.layout;
    this.shape = { table, keyWords, argWords };
    this.#program = program;
    this.#engine = engine;
    this.#rangeWords = rangeWordsOf(program);
  }

  get size(): number {
    return this.#size;
  }

  /** How many entries have a timeout. */
  get timeouts(): number {
    return this.#timeouts;
  }

  /** Whether any entry has what only some have. */
  get hasExtras(): boolean {
    return this.#extras.size > 0;
  }

  /** The entry with just this match and priority. */
  get(words: KeyWords, priority: number): StoredEntry | undefined {
    const { table } = this.shape;
    const found = this.#engine.tableFind(table, words.key, words.mask, priority);
    return found.ok && found.value !== null ? this.byHandle(found.value) : undefined;
  }

  has(words: KeyWords, priority: number): boolean {
    const found = this.#engine.tableFind(this.shape.table, words.key, words.mask, priority);
    return found.ok && found.value !== null;
  }

  byHandle(handle: EntryHandle): StoredEntry | undefined {
    const row = this.#engine.tableReadOne(this.shape, handle);
    return row.ok ? this.#stored(row.value, 0) : undefined;
  }

  /** Errors: those of the engine; EXISTS, FULL. */
  insert(entry: Omit<NewEntry, 'table'>, extra: EntryExtra): EngineResult<EntryHandle> {
    const inserted = this.#engine.tableInsert({ ...entry, table: this.shape.table });
    if (!inserted.ok) return inserted;
    this.#size += 1;
    this.setExtra(inserted.value, extra);
    return inserted;
  }

  /** Changes what an entry does. */
  modify(handle: EntryHandle, { action, args }: StoredAction): EngineResult<void> {
    return this.#engine.tableModify(this.shape.table, handle, action, args);
  }

  remove(handle: EntryHandle): EngineResult<void> {
    const removed = this.#engine.tableRemove(this.shape.table, handle);
    if (!removed.ok) return removed;
    this.#size -= 1;
    this.#forget(handle);
    return removed;
  }

  setExtra(handle: EntryHandle, extra: EntryExtra): void {
    const { metadata, controllerMetadata, idleTimeoutNs, reference } = extra;
    const isPlain =
      metadata.length === 0 &&
      controllerMetadata === 0n &&
      idleTimeoutNs === 0n &&
      reference === null;
    this.#forget(handle);
    if (isPlain) return;
    this.#extras.set(handle, extra);
    if (idleTimeoutNs !== 0n) this.#timeouts += 1;
  }

  #forget(handle: EntryHandle): void {
    if ((this.#extras.get(handle)?.idleTimeoutNs ?? 0n) !== 0n) this.#timeouts -= 1;
    this.#extras.delete(handle);
  }

  /** Entries that were not hit for as long as their timeout, which begins anew for them. */
  takeIdle(from: number, count: number): { entries: StoredEntry[]; next: number | null } {
    const page = this.#engine.tableTakeIdle(this.shape.table, from, count);
    if (!page.ok) return { entries: [], next: null };
    const entries = page.value.handles.flatMap((handle) => this.byHandle(handle) ?? []);
    return { entries, next: page.value.next };
  }

  /** Writes many plain entries at once; says how many could not be written. */
  write(batch: RowBatch): EngineResult<number> {
    const written = this.#engine.tableWrite(batch);
    if (!written.ok) return written;
    const { count, operations, results } = batch;
    const isExtraGone = this.hasExtras;
    for (let i = 0; i < count; i += 1) {
      // Numbers this large are bigints, which cost more than all else here.
      if (written.value > 0 && (results[i] ?? -1n) < 0n) continue;
      if (operations[i] === ROW_OPERATION.insert) this.#size += 1;
      if (operations[i] !== ROW_OPERATION.remove) continue;
      this.#size -= 1;
      if (isExtraGone) this.#forget(results[i] ?? 0n);
    }
    return written;
  }

  *[Symbol.iterator](): Generator<StoredEntry> {
    const words = rowWords(this.shape);
    for (let from: number | null = 0; from !== null;) {
      const page = this.#engine.tableRead(this.shape, from, PAGE_ROWS);
      if (!page.ok) return;
      for (let i = 0; i < page.value.count; i += 1) yield this.#stored(page.value.rows, i * words);
      from = page.value.next;
    }
  }

  #stored(rows: BigUint64Array, at: number): StoredEntry {
    const { keyWords, argWords } = this.shape;
    const key = at + ROW.head;
    const mask = key + keyWords;
    const args = mask + keyWords;
    const handle = rows[at + ROW.handle] ?? 0n;
    const priority = Number(BigInt.asIntN(32, rows[at + ROW.priority] ?? 0n));
    return {
      handle,
      words: {
        key: rows.subarray(key, mask),
        mask: rows.subarray(mask, args),
        rangeWords: this.#rangeWords,
      },
      // The engine numbers the others too, for its own use.
      priority: this.#program.needsPriority ? priority : 0,
      action: {
        action: Number(rows[at + ROW.action] ?? 0n),
        args: rows.subarray(args, args + argWords),
      },
      ...(this.#extras.get(handle) ?? NO_EXTRA),
      isConst: this.#program.isConst,
    };
  }
}
