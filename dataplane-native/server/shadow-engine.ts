/**
 * An engine without a dataplane: it keeps the state of a pipeline and forwards nothing. A saved, not
 * yet committed pipeline is written to one, so that a Write is checked as the engine would.
 */
import type { PipelineLayout, TableKind } from '#compiler/layout';
import type {
  CounterValue,
  EngineGroup,
  EngineErrorCode,
  EngineReplica,
  EngineResult,
  EngineState,
  EntryHandle,
  MeterRates,
  NewEntry,
} from './engine-port.js';
import { DEFAULT_ENTRY } from './engine-port.js';

const OK: EngineResult<void> = { ok: true, value: undefined };
const ZERO: CounterValue = { packets: 0n, octets: 0n };

function refuse(code: EngineErrorCode, message: string) {
  return { ok: false, error: { code, message } } as const;
}

interface ShadowTable {
  readonly kind: TableKind;
  readonly maxEntries: number;
  readonly handles: Map<string, EntryHandle>;
  readonly matches: Map<EntryHandle, string>;
  readonly counters: Map<EntryHandle, CounterValue>;
  readonly meters: Map<EntryHandle, MeterRates | null>;
}

/** What may be in a table of this kind once. */
function matchText(kind: TableKind, { key, mask, priority }: NewEntry): string {
  if (kind === 'exact') return key.join();
  return `${key.join()}/${mask.join()}${kind === 'lpm' ? '' : `/${priority}`}`;
}

/** See the file's comment. */
export class ShadowEngine implements EngineState {
  readonly #layout: PipelineLayout;
  readonly #tables = new Map<number, ShadowTable>();
  readonly #members = new Map<number, Set<number>>();
  readonly #counters = new Map<string, CounterValue>();
  readonly #meters = new Map<string, MeterRates | null>();
  readonly #registers = new Map<string, BigUint64Array>();
  #nextHandle: EntryHandle = 0n;

  constructor(layout: PipelineLayout) {
    this.#layout = layout;
    this.clear();
  }

  /** As after a load. */
  protected clear(): void {
    const { tables, valueSets } = this.#layout;
    const sets = valueSets.map(
      ({ index, size }) => ({ index, kind: 'ternary', maxEntries: size }) as const,
    );
    for (const { index, kind, maxEntries } of [...tables, ...sets]) {
      const empty = {
        handles: new Map(),
        matches: new Map(),
        counters: new Map(),
        meters: new Map(),
      };
      this.#tables.set(index, { kind, maxEntries, ...empty });
    }
    this.#members.clear();
    this.#counters.clear();
    this.#meters.clear();
    this.#registers.clear();
  }

  tableInsert(entry: NewEntry): EngineResult<EntryHandle> {
    const table = this.#tables.get(entry.table);
    if (table === undefined) return refuse('OUT_OF_RANGE', `no table ${entry.table}`);
    const entries = table.counters.size - (table.counters.has(DEFAULT_ENTRY) ? 1 : 0);
    if (entries >= table.maxEntries) {
      return refuse('FULL', `the table is full (${table.maxEntries} entries)`);
    }
    const match = matchText(table.kind, entry);
    if (table.handles.has(match)) return refuse('EXISTS', 'the same entry is there twice');
    const handle = this.#nextHandle;
    table.handles.set(match, handle);
    table.matches.set(handle, match);
    this.#nextHandle += 1n;
    table.counters.set(handle, ZERO);
    return { ok: true, value: handle };
  }

  tableModify(
    table: number,
    handle: EntryHandle,
    _action: number,
    _args: BigUint64Array,
  ): EngineResult<void> {
    return this.#entry(table, handle);
  }

  tableRemove(table: number, handle: EntryHandle): EngineResult<void> {
    const found = this.#entry(table, handle);
    const entries = this.#tables.get(table);
    if (!found.ok || entries === undefined) return found;
    entries.counters.delete(handle);
    entries.meters.delete(handle);
    entries.handles.delete(entries.matches.get(handle) ?? '');
    entries.matches.delete(handle);
    return found;
  }

  memberAdd(profile: number, _action: number, _args: BigUint64Array): EngineResult<number> {
    const size = this.#layout.profiles.find(({ index }) => index === profile)?.size ?? 0;
    const members = this.#members.get(profile) ?? new Set();
    if (members.size >= size) {
      return refuse('FULL', `the action profile is full (${size} members)`);
    }
    const member = this.#newNumber();
    this.#members.set(profile, members.add(member));
    return { ok: true, value: member };
  }

  memberModify(): EngineResult<void> {
    return OK;
  }

  memberRemove(profile: number, member: number): EngineResult<void> {
    return this.#members.get(profile)?.delete(member) === true
      ? OK
      : refuse('NOT_FOUND', 'no such member');
  }

  groupAdd(_profile: number, _group: EngineGroup): EngineResult<number> {
    return { ok: true, value: this.#newNumber() };
  }

  groupModify(): EngineResult<void> {
    return OK;
  }

  groupRemove(): EngineResult<void> {
    return OK;
  }

  tableSetDefault(table: number, _action: number, _args: BigUint64Array): EngineResult<void> {
    this.#tables.get(table)?.counters.set(DEFAULT_ENTRY, ZERO);
    return OK;
  }

  tableReadCounter(table: number, handle: EntryHandle): EngineResult<CounterValue> {
    const found = this.#entry(table, handle);
    if (!found.ok) return found;
    return { ok: true, value: this.#tables.get(table)?.counters.get(handle) ?? ZERO };
  }

  tableWriteCounter(table: number, handle: EntryHandle, value: CounterValue): EngineResult<void> {
    const found = this.#entry(table, handle);
    if (found.ok) this.#tables.get(table)?.counters.set(handle, value);
    return found;
  }

  tableWriteMeter(
    table: number,
    handle: EntryHandle,
    rates: MeterRates | null,
  ): EngineResult<void> {
    const found = this.#entry(table, handle);
    if (found.ok) this.#tables.get(table)?.meters.set(handle, rates);
    return found;
  }

  tableReadMeter(table: number, handle: EntryHandle): EngineResult<MeterRates | null> {
    const found = this.#entry(table, handle);
    if (!found.ok) return found;
    return { ok: true, value: this.#tables.get(table)?.meters.get(handle) ?? null };
  }

  counterRead(counter: number, index: number, count: number): EngineResult<CounterValue[]> {
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return {
      ok: true,
      value: cells.map((cell) => this.#counters.get(`${counter}/${cell}`) ?? ZERO),
    };
  }

  counterWrite(counter: number, index: number, value: CounterValue): EngineResult<void> {
    this.#counters.set(`${counter}/${index}`, value);
    return OK;
  }

  meterRead(meter: number, index: number, count: number): EngineResult<(MeterRates | null)[]> {
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return { ok: true, value: cells.map((cell) => this.#meters.get(`${meter}/${cell}`) ?? null) };
  }

  meterWrite(
    meter: number,
    index: number,
    count: number,
    rates: MeterRates | null,
  ): EngineResult<void> {
    for (let cell = index; cell < index + count; cell += 1) {
      this.#meters.set(`${meter}/${cell}`, rates);
    }
    return OK;
  }

  registerRead(register: number, index: number, count: number): EngineResult<BigUint64Array[]> {
    const words = this.#layout.registers.find((layout) => layout.index === register)?.words ?? 1;
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return {
      ok: true,
      value: cells.map(
        (cell) => this.#registers.get(`${register}/${cell}`) ?? new BigUint64Array(words),
      ),
    };
  }

  registerWrite(register: number, index: number, words: BigUint64Array): EngineResult<void> {
    this.#registers.set(`${register}/${index}`, words.slice());
    return OK;
  }

  multicastGroupSet(_group: number, _replicas: readonly EngineReplica[]): EngineResult<void> {
    return OK;
  }

  cloneSessionSet(
    _session: number,
    _replicas: readonly EngineReplica[],
    _classOfService: number,
    _packetOctets: number,
  ): EngineResult<void> {
    return OK;
  }

  #newNumber(): number {
    this.#nextHandle += 1n;
    return Number(this.#nextHandle);
  }

  #entry(table: number, handle: EntryHandle): EngineResult<void> {
    if (handle === DEFAULT_ENTRY) return OK;
    return this.#tables.get(table)?.counters.has(handle) === true
      ? OK
      : refuse('NOT_FOUND', 'no such entry');
  }
}
