/**
 * The state of a loaded pipeline, through the engine: tables, action profiles, counters, meters,
 * registers, groups and sessions, by the numbers of the compiler's layout.
 */
import type { EnginePointer, NativeFunctions } from './native.js';
import {
  METER_COUNT_WORDS,
  METER_STATE_WORDS,
  METER_WORDS,
  groupArguments,
  meterCounts,
  meterRates,
  meterWords,
  replicaArguments,
  rowWords,
  type CounterValue,
  type EngineGroup,
  type EngineReplica,
  type EntryHandle,
  type MeterCounts,
  type MeterRates,
  type IdlePage,
  type MeterState,
  type NewEntry,
  type RowBatch,
  type RowPage,
  type RowShape,
  type RowSource,
} from './state-values.js';
import { defaultMessage, errorCodeOf, fail, succeed, type EngineResult } from './result.js';

/** Where tp_table_read leaves off behind the last entry. */
const END_OF_TABLE = 0xffff_ffff;

/** See the file's comment. */
export class PipelineState {
  protected readonly native: NativeFunctions;
  #pointer: EnginePointer | null;

  protected constructor(native: NativeFunctions, pointer: EnginePointer) {
    this.native = native;
    this.#pointer = pointer;
  }

  tableInsert(entry: NewEntry): EngineResult<EntryHandle> {
    const returned = this.native.tp_table_insert(
      this.engine,
      entry.table,
      entry.key,
      entry.mask,
      entry.rangeWords,
      entry.priority,
      entry.action,
      entry.args,
      entry.args.length,
    );
    return returned < 0 ? this.failure(Number(returned)) : succeed(BigInt(returned));
  }

  /** The entry with just this match and priority; null: there is none. */
  tableFind(
    table: number,
    key: BigUint64Array,
    mask: BigUint64Array,
    priority: number,
  ): EngineResult<EntryHandle | null> {
    const returned = this.native.tp_table_find(this.engine, table, key, mask, priority);
    if (returned >= 0) return succeed(BigInt(returned));
    const code = errorCodeOf(Number(returned));
    return code === 'NOT_FOUND' ? succeed(null) : this.failure(Number(returned));
  }

  /** Writes many entries in one call, each by its match and priority; frames may go in between. Says
   * how many could not be written. */
  tableWrite({ table, count, operations, rows, results }: RowBatch): EngineResult<number> {
    const errors = this.native.tp_table_write(this.engine, table, count, operations, rows, results);
    return errors < 0 ? this.failure(errors) : succeed(errors);
  }

  /** Makes rows of encoded updates; says of how many from the first on. */
  rowsDecode({ plan, octets, bounds, onlyInserts, operations, rows }: RowSource): number {
    const count = bounds.length / 2;
    const only = onlyInserts ? 1 : 0;
    return this.native.tp_rows_decode(plan, octets, bounds, count, only, rows, operations);
  }

  /** Up to `count` rows of the entries from number `from` on, 0 for the first. */
  tableRead(shape: RowShape, from: number, count: number): EngineResult<RowPage> {
    const rows = new BigUint64Array(count * rowWords(shape));
    const next = Uint32Array.of(from);
    const read = this.native.tp_table_read(this.engine, shape.table, next, count, rows);
    if (read < 0) return this.failure(read);
    const [at = END_OF_TABLE] = next;
    return succeed({ count: read, rows, next: at === END_OF_TABLE ? null : at });
  }

  /** NOT_FOUND. */
  tableReadOne(shape: RowShape, handle: EntryHandle): EngineResult<BigUint64Array> {
    const row = new BigUint64Array(rowWords(shape));
    const read = this.native.tp_table_read_one(this.engine, shape.table, handle, row);
    return read < 0 ? this.failure(read) : succeed(row);
  }

  /** The entry is idle when it was not hit for so long, ns; 0: never. */
  tableSetTimeout(table: number, handle: EntryHandle, timeoutNs: bigint): EngineResult<void> {
    return this.result(this.native.tp_table_set_timeout(this.engine, table, handle, timeoutNs));
  }

  /** Since when it was not hit, ns. */
  tableReadIdle(table: number, handle: EntryHandle): EngineResult<bigint> {
    const idle = new BigUint64Array(1);
    const returned = this.native.tp_table_read_idle(this.engine, table, handle, idle);
    return returned < 0 ? this.failure(returned) : succeed(idle[0] ?? 0n);
  }

  /** Entries whose timeout is over, from number `from` on; it begins anew for them. */
  tableTakeIdle(table: number, from: number, count: number): EngineResult<IdlePage> {
    const handles = new BigInt64Array(count);
    const next = Uint32Array.of(from);
    const taken = this.native.tp_table_take_idle(this.engine, table, next, count, handles);
    if (taken < 0) return this.failure(taken);
    const [at = END_OF_TABLE] = next;
    const page = [...handles.subarray(0, taken)];
    return succeed({ handles: page, next: at === END_OF_TABLE ? null : at });
  }

  tableModify(
    table: number,
    handle: EntryHandle,
    action: number,
    args: BigUint64Array,
  ): EngineResult<void> {
    return this.result(
      this.native.tp_table_modify(this.engine, table, handle, action, args, args.length),
    );
  }

  tableRemove(table: number, handle: EntryHandle): EngineResult<void> {
    return this.result(this.native.tp_table_remove(this.engine, table, handle));
  }

  tableSetDefault(table: number, action: number, args: BigUint64Array): EngineResult<void> {
    return this.result(
      this.native.tp_table_set_default(this.engine, table, action, args, args.length),
    );
  }

  tableReadCounter(table: number, handle: EntryHandle): EngineResult<CounterValue> {
    const out = new BigUint64Array(2);
    const returned = this.native.tp_table_read_counter(this.engine, table, handle, out);
    if (returned < 0) return this.failure(returned);
    return succeed({ packets: out[0] ?? 0n, octets: out[1] ?? 0n });
  }

  tableWriteCounter(table: number, handle: EntryHandle, value: CounterValue): EngineResult<void> {
    return this.result(
      this.native.tp_table_write_counter(this.engine, table, handle, value.packets, value.octets),
    );
  }

  /** Fills the buckets of an entry's meter; null: every frame is green again. OUT_OF_RANGE: no direct
   * meter, the default entry, or rates that no meter has. */
  tableWriteMeter(
    table: number,
    handle: EntryHandle,
    rates: MeterRates | null,
  ): EngineResult<void> {
    return this.result(
      this.native.tp_table_write_meter(this.engine, table, handle, meterWords(rates)),
    );
  }

  /** Null: not configured. */
  tableReadMeter(table: number, handle: EntryHandle): EngineResult<MeterRates | null> {
    const out = new BigUint64Array(METER_WORDS);
    const returned = this.native.tp_table_read_meter(this.engine, table, handle, out);
    if (returned < 0) return this.failure(returned);
    return succeed(returned === 0 ? null : meterRates(out, 0));
  }

  tableMeterCounts(table: number, handle: EntryHandle): EngineResult<MeterCounts> {
    const out = new BigUint64Array(METER_COUNT_WORDS);
    const returned = this.native.tp_table_read_meter_counts(this.engine, table, handle, out);
    return returned < 0 ? this.failure(returned) : succeed(meterCounts(out, 0));
  }

  tableResetMeterCounts(table: number, handle: EntryHandle): EngineResult<void> {
    return this.result(this.native.tp_table_reset_meter_counts(this.engine, table, handle));
  }

  tableSaveMeter(table: number, handle: EntryHandle): EngineResult<MeterState> {
    const out = new BigUint64Array(METER_STATE_WORDS);
    const returned = this.native.tp_table_save_meter(this.engine, table, handle, out);
    return returned < 0 ? this.failure(returned) : succeed(out);
  }

  tableRestoreMeter(table: number, handle: EntryHandle, state: MeterState): EngineResult<void> {
    return this.result(this.native.tp_table_restore_meter(this.engine, table, handle, state));
  }

  counterRead(counter: number, index: number, count: number): EngineResult<CounterValue[]> {
    const taken = this.counterTake(counter, index, count);
    if (!taken.ok) return taken;
    const words = taken.value;
    return succeed(
      Array.from({ length: count }, (_, i) => ({
        packets: words[2 * i] ?? 0n,
        octets: words[2 * i + 1] ?? 0n,
      })),
    );
  }

  counterWrite(counter: number, index: number, value: CounterValue): EngineResult<void> {
    return this.counterPut(counter, index, BigUint64Array.of(value.packets, value.octets));
  }

  /** Packets and octets of each cell. */
  counterTake(counter: number, index: number, count: number): EngineResult<BigUint64Array> {
    const out = new BigUint64Array(2 * count);
    const returned = this.native.tp_counter_read(this.engine, counter, index, count, out);
    return returned < 0 ? this.failure(returned) : succeed(out);
  }

  /** Into as many cells as there are values. */
  counterPut(counter: number, index: number, values: BigUint64Array): EngineResult<void> {
    const count = values.length / 2;
    return this.result(this.native.tp_counter_write(this.engine, counter, index, count, values));
  }

  meterRead(meter: number, index: number, count: number): EngineResult<(MeterRates | null)[]> {
    const stride = 1 + METER_WORDS;
    const out = new BigUint64Array(stride * count);
    const returned = this.native.tp_meter_read(this.engine, meter, index, count, out);
    if (returned < 0) return this.failure(returned);
    return succeed(
      Array.from({ length: count }, (_, i) =>
        out[stride * i] === 0n ? null : meterRates(out, stride * i + 1),
      ),
    );
  }

  /** As `tableWriteMeter`, for `count` cells of an array. */
  meterWrite(
    meter: number,
    index: number,
    count: number,
    rates: MeterRates | null,
  ): EngineResult<void> {
    return this.result(
      this.native.tp_meter_write(this.engine, meter, index, count, meterWords(rates)),
    );
  }

  meterCounts(meter: number, index: number, count: number): EngineResult<MeterCounts[]> {
    const out = new BigUint64Array(METER_COUNT_WORDS * count);
    const returned = this.native.tp_meter_read_counts(this.engine, meter, index, count, out);
    if (returned < 0) return this.failure(returned);
    return succeed(
      Array.from({ length: count }, (_, i) => meterCounts(out, METER_COUNT_WORDS * i)),
    );
  }

  meterResetCounts(meter: number, index: number, count: number): EngineResult<void> {
    return this.result(this.native.tp_meter_reset_counts(this.engine, meter, index, count));
  }

  meterSave(meter: number, index: number, count: number): EngineResult<MeterState> {
    const out = new BigUint64Array(METER_STATE_WORDS * count);
    const returned = this.native.tp_meter_save(this.engine, meter, index, count, out);
    return returned < 0 ? this.failure(returned) : succeed(out);
  }

  meterRestore(meter: number, index: number, count: number, state: MeterState): EngineResult<void> {
    return this.result(this.native.tp_meter_restore(this.engine, meter, index, count, state));
  }

  /** Each cell's words, least significant first. */
  registerRead(register: number, index: number, count: number): EngineResult<BigUint64Array[]> {
    const taken = this.registerTake(register, index, count);
    if (!taken.ok) return taken;
    const all = taken.value;
    const words = all.length / count;
    return succeed(Array.from({ length: count }, (_, i) => all.slice(i * words, (i + 1) * words)));
  }

  registerWrite(register: number, index: number, value: BigUint64Array): EngineResult<void> {
    const words = this.native.tp_register_cell_words(this.engine, register);
    if (words < 0) return this.failure(words);
    const cell = new BigUint64Array(words);
    cell.set(value.subarray(0, words));
    return this.registerPut(register, index, cell);
  }

  /** The words of each cell, one cell's after the other's. */
  registerTake(register: number, index: number, count: number): EngineResult<BigUint64Array> {
    const words = this.native.tp_register_cell_words(this.engine, register);
    if (words < 0) return this.failure(words);
    const out = new BigUint64Array(words * count);
    const returned = this.native.tp_register_read(this.engine, register, index, count, out);
    return returned < 0 ? this.failure(returned) : succeed(out);
  }

  /** Into as many cells as there are words for. */
  registerPut(register: number, index: number, values: BigUint64Array): EngineResult<void> {
    const words = this.native.tp_register_cell_words(this.engine, register);
    if (words < 0) return this.failure(words);
    const count = values.length / words;
    return this.result(this.native.tp_register_write(this.engine, register, index, count, values));
  }

  /** Replaces the whole group; no replicas removes it. */
  multicastGroupSet(group: number, replicas: readonly EngineReplica[]): EngineResult<void> {
    return this.result(
      this.native.tp_multicast_group_set(this.engine, group, ...replicaArguments(replicas)),
    );
  }

  /** Replaces the whole session; no replicas removes it. `packetOctets` 0: whole frames. */
  cloneSessionSet(
    session: number,
    replicas: readonly EngineReplica[],
    classOfService: number,
    packetOctets: number,
  ): EngineResult<void> {
    return this.result(
      this.native.tp_clone_session_set(
        this.engine,
        session,
        ...replicaArguments(replicas),
        classOfService,
        packetOctets,
      ),
    );
  }

  /** An action of its own for entries to refer to, by the index that it returns. FULL. */
  memberAdd(profile: number, action: number, args: BigUint64Array): EngineResult<number> {
    return this.index(this.native.tp_member_add(this.engine, profile, action, args, args.length));
  }

  memberModify(
    profile: number,
    member: number,
    action: number,
    args: BigUint64Array,
  ): EngineResult<void> {
    return this.result(
      this.native.tp_member_modify(this.engine, profile, member, action, args, args.length),
    );
  }

  memberRemove(profile: number, member: number): EngineResult<void> {
    return this.result(this.native.tp_member_remove(this.engine, profile, member));
  }

  /** OUT_OF_RANGE: a member or port that cannot be; FULL: too many. */
  groupAdd(profile: number, group: EngineGroup): EngineResult<number> {
    return this.index(this.native.tp_group_add(this.engine, profile, ...groupArguments(group)));
  }

  groupModify(profile: number, index: number, group: EngineGroup): EngineResult<void> {
    return this.result(
      this.native.tp_group_modify(this.engine, profile, index, ...groupArguments(group)),
    );
  }

  groupRemove(profile: number, group: number): EngineResult<void> {
    return this.result(this.native.tp_group_remove(this.engine, profile, group));
  }

  /* --- inside --- */

  protected get engine(): EnginePointer {
    if (this.#pointer === null) throw new Error('the engine is closed');
    return this.#pointer;
  }

  protected destroy(): void {
    if (this.#pointer !== null) this.native.tp_engine_destroy(this.#pointer);
    this.#pointer = null;
  }

  protected explain(code: ReturnType<typeof errorCodeOf>): string {
    const text = this.native.tp_engine_last_error(this.engine);
    const isExplained = code === 'SYSTEM' || code === 'BAD_PIPELINE' || code === 'PORT_IN_USE';
    return isExplained && text !== '' ? text : defaultMessage(code);
  }

  protected failure(returned: number) {
    const code = errorCodeOf(returned);
    return fail(code, this.explain(code));
  }

  protected result(returned: number): EngineResult<void> {
    return returned < 0 ? this.failure(returned) : succeed(undefined);
  }

  protected count(returned: number): EngineResult<number> {
    return returned < 0 ? this.failure(returned) : succeed(returned);
  }

  protected index(returned: number | bigint): EngineResult<number> {
    return returned < 0 ? this.failure(Number(returned)) : succeed(Number(returned));
  }
}
