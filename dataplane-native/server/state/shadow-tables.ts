/** The tables of an engine without a dataplane: what the engine would keep and refuse. */
import type { PipelineLayout, TableKind } from '#compiler/layout';
import type {
  CounterValue,
  EngineErrorCode,
  EngineResult,
  EntryHandle,
  IdlePage,
  MeterCounts,
  MeterRates,
  MeterState,
  NewEntry,
  RowBatch,
  RowPage,
  RowShape,
  RowSource,
} from '../engine-port.js';
import { DEFAULT_ENTRY, ROW, ROW_OPERATION, rowWords } from '../engine-port.js';
import { meterState, NO_METER_COUNTS, ratesIn } from './shadow-meters.js';
import { rangeWordsIn } from './words.js';

const OK: EngineResult<void> = { ok: true, value: undefined };
const ZERO: CounterValue = { packets: 0n, octets: 0n };

/** The engine's error codes in `RowBatch.results`. */
const RESULTS: Readonly<Partial<Record<EngineErrorCode, bigint>>> = {
  NOT_FOUND: -8n,
  EXISTS: -9n,
  FULL: -10n,
  OUT_OF_RANGE: -11n,
};

export function refuse(code: EngineErrorCode, message: string) {
  return { ok: false, error: { code, message } } as const;
}

/** Direct resources, of an entry or of the default one. */
interface Resources {
  counter: CounterValue;
  meter: MeterRates | null;
}

interface ShadowEntry extends Resources {
  readonly handle: EntryHandle;
  readonly key: BigUint64Array;
  readonly mask: BigUint64Array;
  readonly priority: number;
  action: number;
  args: BigUint64Array;
}

interface ShadowTable {
  readonly kind: TableKind;
  readonly maxEntries: number;
  readonly rangeWords: number;
  readonly byMatch: Map<string, EntryHandle>;
  readonly byHandle: Map<EntryHandle, ShadowEntry>;
  /** In the order in which they came; undefined: removed. */
  readonly all: (ShadowEntry | undefined)[];
  readonly places: Map<EntryHandle, number>;
  readonly ofDefault: Resources;
}

type Match = Pick<NewEntry, 'key' | 'mask' | 'priority'>;

/** What may be in a table of this kind once. */
function matchText(kind: TableKind, { key, mask, priority }: Match): string {
  if (kind === 'exact') return key.join();
  return `${key.join()}/${mask.join()}${kind === 'lpm' ? '' : `/${priority}`}`;
}

/** See the file's comment. */
export class ShadowTables {
  readonly #tables = new Map<number, ShadowTable>();
  #nextHandle: EntryHandle = 0n;

  /** As after a load. */
  protected clearTables({ tables, valueSets }: PipelineLayout): void {
    const sets = valueSets.map(
      ({ index, maxEntries }) => ({ index, kind: 'ternary', maxEntries, key: [] }) as const,
    );
    for (const { index, kind, maxEntries, key } of [...tables, ...sets]) {
      this.#tables.set(index, {
        kind,
        maxEntries,
        rangeWords: rangeWordsIn(key),
        byMatch: new Map(),
        byHandle: new Map(),
        all: [],
        places: new Map(),
        ofDefault: { counter: ZERO, meter: null },
      });
    }
  }

  /** A number that no entry, member or group of this engine has. */
  protected newHandle(): EntryHandle {
    this.#nextHandle += 1n;
    return this.#nextHandle;
  }

  tableInsert(entry: NewEntry): EngineResult<EntryHandle> {
    const table = this.#tables.get(entry.table);
    if (table === undefined) return refuse('OUT_OF_RANGE', `no table ${entry.table}`);
    if (table.byHandle.size >= table.maxEntries) {
      return refuse('FULL', `the table is full (${table.maxEntries} entries)`);
    }
    const match = matchText(table.kind, entry);
    if (table.byMatch.has(match)) return refuse('EXISTS', 'the same entry is there twice');
    const handle = this.newHandle();
    const { key, mask, priority, action, args } = entry;
    const copy = { key: key.slice(), mask: mask.slice(), priority, action, args: args.slice() };
    const stored = { handle, ...copy, counter: ZERO, meter: null };
    table.byMatch.set(match, handle);
    table.byHandle.set(handle, stored);
    table.places.set(handle, table.all.push(stored) - 1);
    return { ok: true, value: handle };
  }

  tableModify(
    table: number,
    handle: EntryHandle,
    action: number,
    args: BigUint64Array,
  ): EngineResult<void> {
    const found = this.#entry(table, handle);
    if (!found.ok) return found;
    found.value.action = action;
    found.value.args = args.slice();
    return OK;
  }

  tableRemove(table: number, handle: EntryHandle): EngineResult<void> {
    const found = this.#entry(table, handle);
    const entries = this.#tables.get(table);
    if (!found.ok || entries === undefined) return found.ok ? OK : found;
    entries.byHandle.delete(handle);
    entries.byMatch.delete(matchText(entries.kind, found.value));
    entries.all[entries.places.get(handle) ?? -1] = undefined;
    entries.places.delete(handle);
    return OK;
  }

  tableFind(
    table: number,
    key: BigUint64Array,
    mask: BigUint64Array,
    priority: number,
  ): EngineResult<EntryHandle | null> {
    const entries = this.#tables.get(table);
    if (entries === undefined) return refuse('OUT_OF_RANGE', `no table ${table}`);
    const match = matchText(entries.kind, { key, mask, priority });
    return { ok: true, value: entries.byMatch.get(match) ?? null };
  }

  /** None: here each is written alone. */
  rowsDecode(_source: RowSource): number {
    return 0;
  }

  tableWrite(batch: RowBatch): EngineResult<number> {
    let errors = 0;
    const { count, operations, rows, results } = batch;
    const words = rowWords(batch);
    for (let i = 0; i < count; i += 1) {
      const row = rows.subarray(i * words, (i + 1) * words);
      const written = this.#writeRow(batch, operations[i] ?? 0, row);
      results[i] = written.ok ? written.value : (RESULTS[written.error.code] ?? -13n);
      if (!written.ok) errors += 1;
    }
    return { ok: true, value: errors };
  }

  tableRead(shape: RowShape, from: number, count: number): EngineResult<RowPage> {
    const all = this.#tables.get(shape.table)?.all ?? [];
    const words = rowWords(shape);
    const rows = new BigUint64Array(count * words);
    let done = 0;
    let at = from;
    for (; at < all.length && done < count; at += 1) {
      const entry = all[at];
      if (entry === undefined) continue;
      rows.set(rowOf(shape, entry), done * words);
      done += 1;
    }
    return { ok: true, value: { count: done, rows, next: at < all.length ? at : null } };
  }

  tableReadOne(shape: RowShape, handle: EntryHandle): EngineResult<BigUint64Array> {
    const found = this.#entry(shape.table, handle);
    return found.ok ? { ok: true, value: rowOf(shape, found.value) } : found;
  }

  tableSetTimeout(table: number, handle: EntryHandle, _timeoutNs: bigint): EngineResult<void> {
    const found = this.#entry(table, handle);
    return found.ok ? OK : found;
  }

  /** Time stands still where nothing is forwarded. */
  tableReadIdle(table: number, handle: EntryHandle): EngineResult<bigint> {
    const found = this.#entry(table, handle);
    return found.ok ? { ok: true, value: 0n } : found;
  }

  tableTakeIdle(_table: number, _from: number, _count: number): EngineResult<IdlePage> {
    return { ok: true, value: { handles: [], next: null } };
  }

  tableSetDefault(table: number, _action: number, _args: BigUint64Array): EngineResult<void> {
    const entries = this.#tables.get(table);
    if (entries !== undefined) entries.ofDefault.counter = ZERO;
    return OK;
  }

  tableReadCounter(table: number, handle: EntryHandle): EngineResult<CounterValue> {
    const found = this.#resources(table, handle);
    return found.ok ? { ok: true, value: found.value.counter } : found;
  }

  tableWriteCounter(table: number, handle: EntryHandle, value: CounterValue): EngineResult<void> {
    const found = this.#resources(table, handle);
    if (!found.ok) return found;
    found.value.counter = value;
    return OK;
  }

  tableWriteMeter(
    table: number,
    handle: EntryHandle,
    rates: MeterRates | null,
  ): EngineResult<void> {
    const found = this.#resources(table, handle);
    if (!found.ok) return found;
    found.value.meter = rates;
    return OK;
  }

  tableReadMeter(table: number, handle: EntryHandle): EngineResult<MeterRates | null> {
    const found = this.#resources(table, handle);
    return found.ok ? { ok: true, value: found.value.meter } : found;
  }

  tableMeterCounts(table: number, handle: EntryHandle): EngineResult<MeterCounts> {
    const read = this.tableReadMeter(table, handle);
    return read.ok ? { ok: true, value: NO_METER_COUNTS } : read;
  }

  tableResetMeterCounts(table: number, handle: EntryHandle): EngineResult<void> {
    const read = this.tableReadMeter(table, handle);
    return read.ok ? OK : read;
  }

  tableSaveMeter(table: number, handle: EntryHandle): EngineResult<MeterState> {
    const read = this.tableReadMeter(table, handle);
    return read.ok ? { ok: true, value: meterState([read.value]) } : read;
  }

  tableRestoreMeter(table: number, handle: EntryHandle, state: MeterState): EngineResult<void> {
    return this.tableWriteMeter(table, handle, ratesIn(state, 0));
  }

  #writeRow(
    { table, keyWords }: RowShape,
    operation: number,
    row: BigUint64Array,
  ): EngineResult<EntryHandle> {
    const key = row.slice(ROW.head, ROW.head + keyWords);
    const mask = row.slice(ROW.head + keyWords, ROW.head + 2 * keyWords);
    const args = row.slice(ROW.head + 2 * keyWords);
    const priority = Number(BigInt.asIntN(32, row[ROW.priority] ?? 0n));
    const action = Number(row[ROW.action] ?? 0n);
    if (operation === ROW_OPERATION.insert) {
      const rangeWords = this.#tables.get(table)?.rangeWords ?? 0;
      return this.tableInsert({ table, key, mask, rangeWords, priority, action, args });
    }
    const found = this.tableFind(table, key, mask, priority);
    if (!found.ok) return found;
    const handle = found.value;
    if (handle === null) return refuse('NOT_FOUND', 'no such entry');
    const written =
      operation === ROW_OPERATION.modify
        ? this.tableModify(table, handle, action, args)
        : this.tableRemove(table, handle);
    return written.ok ? { ok: true, value: handle } : written;
  }

  #resources(table: number, handle: EntryHandle): EngineResult<Resources> {
    const entries = this.#tables.get(table);
    return handle === DEFAULT_ENTRY && entries !== undefined
      ? { ok: true, value: entries.ofDefault }
      : this.#entry(table, handle);
  }

  #entry(table: number, handle: EntryHandle): EngineResult<ShadowEntry> {
    const entry = this.#tables.get(table)?.byHandle.get(handle);
    return entry === undefined ? refuse('NOT_FOUND', 'no such entry') : { ok: true, value: entry };
  }
}

function rowOf(shape: RowShape, entry: ShadowEntry): BigUint64Array {
  const row = new BigUint64Array(rowWords(shape));
  row[ROW.handle] = entry.handle;
  row[ROW.priority] = BigInt.asUintN(64, BigInt(entry.priority));
  row[ROW.action] = BigInt(entry.action);
  row.set(entry.key, ROW.head);
  row.set(entry.mask, ROW.head + shape.keyWords);
  row.set(entry.args.subarray(0, shape.argWords), ROW.head + 2 * shape.keyWords);
  return row;
}
