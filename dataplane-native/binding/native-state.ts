/** The functions of engine.h that read and write a loaded pipeline's state. */

/** koffi gives a 64-bit integer as a number when it is a safe one and as a bigint otherwise. */
export type Int64 = number | bigint;
/** A `struct tp_engine *`. */
export type EnginePointer = object;
type Words = BigUint64Array | null;

export interface NativeStateFunctions {
  tp_table_insert(
    engine: EnginePointer,
    table: number,
    key: Words,
    mask: Words,
    rangeWords: number,
    priority: number,
    action: number,
    args: Words,
    argWords: number,
  ): Int64;
  tp_table_find(
    engine: EnginePointer,
    table: number,
    key: Words,
    mask: Words,
    priority: number,
  ): Int64;
  tp_table_write(
    engine: EnginePointer,
    table: number,
    count: number,
    operations: Uint8Array,
    rows: BigUint64Array,
    results: BigInt64Array,
  ): number;
  tp_rows_decode(
    plan: Uint32Array,
    octets: Uint8Array,
    bounds: Uint32Array,
    count: number,
    onlyInserts: number,
    rows: BigUint64Array,
    operations: Uint8Array,
  ): number;
  tp_table_read(
    engine: EnginePointer,
    table: number,
    from: Uint32Array,
    count: number,
    rows: BigUint64Array,
  ): number;
  tp_table_read_one(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    row: BigUint64Array,
  ): number;
  tp_table_set_timeout(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    timeoutNs: bigint,
  ): number;
  tp_table_read_idle(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    idleNs: BigUint64Array,
  ): number;
  tp_table_take_idle(
    engine: EnginePointer,
    table: number,
    from: Uint32Array,
    count: number,
    handles: BigInt64Array,
  ): number;
  tp_table_modify(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    action: number,
    args: Words,
    argWords: number,
  ): number;
  tp_table_remove(engine: EnginePointer, table: number, handle: bigint): number;
  tp_table_set_default(
    engine: EnginePointer,
    table: number,
    action: number,
    args: Words,
    argWords: number,
  ): number;
  tp_member_add(
    engine: EnginePointer,
    profile: number,
    action: number,
    args: Words,
    argWords: number,
  ): Int64;
  tp_member_modify(
    engine: EnginePointer,
    profile: number,
    member: number,
    action: number,
    args: Words,
    argWords: number,
  ): number;
  tp_member_remove(engine: EnginePointer, profile: number, member: number): number;
  tp_group_add(
    engine: EnginePointer,
    profile: number,
    members: Uint32Array | null,
    watchPorts: Uint32Array | null,
    count: number,
    basePlus1: number,
    isRandom: number,
  ): Int64;
  tp_group_modify(
    engine: EnginePointer,
    profile: number,
    group: number,
    members: Uint32Array | null,
    watchPorts: Uint32Array | null,
    count: number,
    basePlus1: number,
    isRandom: number,
  ): number;
  tp_group_remove(engine: EnginePointer, profile: number, group: number): number;
  tp_table_read_counter(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    out: BigUint64Array,
  ): number;
  tp_table_write_counter(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    packets: bigint,
    octets: bigint,
  ): number;
  tp_table_write_meter(engine: EnginePointer, table: number, handle: bigint, words: Words): number;
  tp_table_read_meter(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    out: BigUint64Array,
  ): number;
  tp_table_read_meter_counts(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    out: BigUint64Array,
  ): number;
  tp_table_reset_meter_counts(engine: EnginePointer, table: number, handle: bigint): number;
  tp_table_save_meter(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    out: BigUint64Array,
  ): number;
  tp_table_restore_meter(
    engine: EnginePointer,
    table: number,
    handle: bigint,
    state: BigUint64Array,
  ): number;
  tp_meter_read_counts(
    engine: EnginePointer,
    meter: number,
    index: number,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_meter_reset_counts(engine: EnginePointer, meter: number, index: number, count: number): number;
  tp_meter_save(
    engine: EnginePointer,
    meter: number,
    index: number,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_meter_restore(
    engine: EnginePointer,
    meter: number,
    index: number,
    count: number,
    state: BigUint64Array,
  ): number;
  tp_counter_read(
    engine: EnginePointer,
    counter: number,
    index: number,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_counter_write(
    engine: EnginePointer,
    counter: number,
    index: number,
    count: number,
    values: BigUint64Array,
  ): number;
  tp_meter_write(
    engine: EnginePointer,
    meter: number,
    index: number,
    count: number,
    words: Words,
  ): number;
  tp_meter_read(
    engine: EnginePointer,
    meter: number,
    index: number,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_register_cell_words(engine: EnginePointer, register: number): number;
  tp_register_read(
    engine: EnginePointer,
    register: number,
    index: number,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_register_write(
    engine: EnginePointer,
    register: number,
    index: number,
    count: number,
    words: BigUint64Array,
  ): number;
  tp_multicast_group_set(
    engine: EnginePointer,
    group: number,
    ports: Uint32Array | null,
    instances: Uint32Array | null,
    count: number,
  ): number;
  tp_clone_session_set(
    engine: EnginePointer,
    session: number,
    ports: Uint32Array | null,
    instances: Uint32Array | null,
    count: number,
    classOfService: number,
    packetOctets: number,
  ): number;
}

/** Result and arguments of each, as engine.h declares them. */
export const STATE_SIGNATURES: Readonly<Record<keyof NativeStateFunctions, string>> = {
  tp_table_insert:
    'int64_t: void *, uint32_t, uint64_t *, uint64_t *, uint32_t, int32_t, uint32_t, uint64_t *, uint32_t',
  tp_table_find: 'int64_t: void *, uint32_t, uint64_t *, uint64_t *, int32_t',
  tp_table_write: 'int: void *, uint32_t, uint32_t, uint8_t *, uint64_t *, int64_t *',
  tp_rows_decode:
    'int: uint32_t *, uint8_t *, uint32_t *, uint32_t, uint32_t, uint64_t *, uint8_t *',
  tp_table_read: 'int: void *, uint32_t, uint32_t *, uint32_t, uint64_t *',
  tp_table_read_one: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_set_timeout: 'int: void *, uint32_t, int64_t, uint64_t',
  tp_table_read_idle: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_take_idle: 'int: void *, uint32_t, uint32_t *, uint32_t, int64_t *',
  tp_table_modify: 'int: void *, uint32_t, int64_t, uint32_t, uint64_t *, uint32_t',
  tp_table_remove: 'int: void *, uint32_t, int64_t',
  tp_table_set_default: 'int: void *, uint32_t, uint32_t, uint64_t *, uint32_t',
  tp_member_add: 'int64_t: void *, uint32_t, uint32_t, uint64_t *, uint32_t',
  tp_member_modify: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *, uint32_t',
  tp_member_remove: 'int: void *, uint32_t, uint32_t',
  tp_group_add: 'int64_t: void *, uint32_t, uint32_t *, uint32_t *, uint32_t, uint32_t, uint32_t',
  tp_group_modify:
    'int: void *, uint32_t, uint32_t, uint32_t *, uint32_t *, uint32_t, uint32_t, uint32_t',
  tp_group_remove: 'int: void *, uint32_t, uint32_t',
  tp_table_read_counter: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_write_counter: 'int: void *, uint32_t, int64_t, uint64_t, uint64_t',
  tp_table_write_meter: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_read_meter: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_read_meter_counts: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_reset_meter_counts: 'int: void *, uint32_t, int64_t',
  tp_table_save_meter: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_table_restore_meter: 'int: void *, uint32_t, int64_t, uint64_t *',
  tp_meter_read_counts: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_meter_reset_counts: 'int: void *, uint32_t, uint32_t, uint32_t',
  tp_meter_save: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_meter_restore: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_counter_read: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_counter_write: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_meter_write: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_meter_read: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_register_cell_words: 'int: void *, uint32_t',
  tp_register_read: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_register_write: 'int: void *, uint32_t, uint32_t, uint32_t, uint64_t *',
  tp_multicast_group_set: 'int: void *, uint32_t, uint32_t *, uint32_t *, uint32_t',
  tp_clone_session_set:
    'int: void *, uint32_t, uint32_t *, uint32_t *, uint32_t, uint32_t, uint32_t',
};
