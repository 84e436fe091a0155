/**
 * The C functions of engine.h, as koffi calls them. Nothing here interprets: `engine.ts` does.
 *
 * koffi gives a 64-bit integer as a number when it is a safe one and as a bigint otherwise, hence
 * `Int64` below.
 */
import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { fail, succeed, type EngineResult } from './result.js';

/** TP_ABI_VERSION of pipeline.h. */
export const ABI_VERSION = 6;

/** sizeof(struct tp_engine_config), asserted in engine.h too. */
const CONFIG_OCTETS = 32;

type Int64 = number | bigint;
/** A `struct tp_engine *`. */
export type EnginePointer = object;
type Words = BigUint64Array | null;

export interface EngineConfigStruct {
  readonly clock: number;
  readonly cpu_port: number;
  readonly message_fd: number;
  readonly packet_count: number;
  readonly max_frame: number;
  readonly threads: number;
  readonly random_seed: bigint;
}

export interface NativeFunctions {
  tp_abi_version(): number;
  tp_message_pair(out: Int32Array): number;
  tp_engine_create(config: EngineConfigStruct, out: [EnginePointer | null]): number;
  tp_engine_destroy(engine: EnginePointer): void;
  tp_engine_last_error(engine: EnginePointer): string;
  tp_engine_load(engine: EnginePointer, path: string): number;
  tp_pipeline_check(path: string, why: Uint8Array, whyOctets: number): number;
  tp_engine_hold(engine: EnginePointer): number;
  tp_engine_resume(engine: EnginePointer): number;
  tp_engine_set_loop(
    engine: EnginePointer,
    thread: number,
    priority: number,
    processor: number,
  ): number;
  tp_engine_start(engine: EnginePointer): number;
  tp_engine_stop(engine: EnginePointer): number;
  tp_engine_step(engine: EnginePointer): number;
  tp_engine_set_time(engine: EnginePointer, nowNs: bigint): number;
  tp_engine_now(engine: EnginePointer): Int64;
  tp_engine_next_time(engine: EnginePointer): Int64;
  tp_engine_set_oscillator(
    engine: EnginePointer,
    offsetNs: bigint,
    rateOffset: bigint,
    wander: bigint,
    seed: bigint,
  ): number;
  tp_engine_oscillator_lines(
    engine: EnginePointer,
    first: bigint,
    count: number,
    out: BigUint64Array,
  ): number;
  tp_port_add_link(
    engine: EnginePointer,
    port: number,
    name: string,
    io: number,
    stamping: number,
  ): number;
  tp_link_settle(
    name: string,
    io: number,
    stamps: number,
    before: BigUint64Array,
    remark: Uint8Array,
    remarkOctets: number,
  ): number;
  tp_link_restore(name: string, before: BigUint64Array): number;
  tp_privileges_held(): Int64;
  tp_engine_keep_privileges(engine: EnginePointer, keep: bigint): number;
  tp_port_link_facts(engine: EnginePointer, port: number, out: BigUint64Array): number;
  tp_port_add_memory(engine: EnginePointer, port: number): number;
  tp_port_remove(engine: EnginePointer, port: number): number;
  tp_port_set_thread(engine: EnginePointer, port: number, thread: number): number;
  tp_port_thread(engine: EnginePointer, port: number): number;
  tp_port_set_queue(
    engine: EnginePointer,
    port: number,
    rateBps: bigint,
    overheadOctets: number,
    boundOctets: number,
    priorityCount: number,
  ): number;
  tp_port_counters(engine: EnginePointer, port: number, out: BigUint64Array): number;
  tp_port_tx_latency(engine: EnginePointer, port: number, out: BigInt64Array): number;
  tp_port_tx_misses(engine: EnginePointer, port: number, out: BigInt64Array): number;
  tp_port_set_tx_latency(engine: EnginePointer, port: number, latencyNs: bigint): number;
  tp_port_set_stamp_delay(engine: EnginePointer, port: number, delayNs: bigint): number;
  tp_port_set_link(engine: EnginePointer, port: number, isUp: number): number;
  tp_port_inject(
    engine: EnginePointer,
    port: number,
    frame: Uint8Array,
    octets: number,
    rxTimeNs: bigint,
  ): number;
  tp_port_take(
    engine: EnginePointer,
    port: number,
    frame: Uint8Array,
    capacity: number,
    txTimeNs: BigUint64Array,
  ): number;
  tp_packet_out(engine: EnginePointer, frame: Uint8Array, octets: number): number;
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
    packets: bigint,
    octets: bigint,
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
  tp_engine_counters(engine: EnginePointer, out: BigUint64Array): number;
}

/** Result and arguments of each function, as engine.h declares them. */
const SIGNATURES: Readonly<
  Record<keyof NativeFunctions, readonly [result: string, ...arguments: string[]]>
> = {
  tp_abi_version: ['uint32_t'],
  tp_message_pair: ['int', 'int32_t *'],
  tp_engine_create: ['int', 'config *', '_Out_ void **'],
  tp_engine_destroy: ['void', 'void *'],
  tp_engine_last_error: ['const char *', 'void *'],
  tp_engine_load: ['int', 'void *', 'const char *'],
  tp_pipeline_check: ['int', 'const char *', 'uint8_t *', 'uint32_t'],
  tp_engine_hold: ['int', 'void *'],
  tp_engine_resume: ['int', 'void *'],
  tp_engine_set_loop: ['int', 'void *', 'uint32_t', 'uint32_t', 'int32_t'],
  tp_engine_start: ['int', 'void *'],
  tp_engine_stop: ['int', 'void *'],
  tp_engine_step: ['int', 'void *'],
  tp_engine_set_time: ['int', 'void *', 'uint64_t'],
  tp_engine_now: ['uint64_t', 'void *'],
  tp_engine_next_time: ['uint64_t', 'void *'],
  tp_engine_set_oscillator: ['int', 'void *', 'int64_t', 'int64_t', 'uint64_t', 'uint64_t'],
  tp_engine_oscillator_lines: ['int', 'void *', 'uint64_t', 'uint32_t', 'uint64_t *'],
  tp_port_add_link: ['int', 'void *', 'uint32_t', 'const char *', 'uint32_t', 'uint32_t'],
  tp_link_settle: [
    'int',
    'const char *',
    'uint32_t',
    'uint32_t',
    'uint64_t *',
    'uint8_t *',
    'uint32_t',
  ],
  tp_link_restore: ['int', 'const char *', 'uint64_t *'],
  tp_privileges_held: ['uint64_t'],
  tp_engine_keep_privileges: ['int', 'void *', 'uint64_t'],
  tp_port_link_facts: ['int', 'void *', 'uint32_t', 'uint64_t *'],
  tp_port_add_memory: ['int', 'void *', 'uint32_t'],
  tp_port_remove: ['int', 'void *', 'uint32_t'],
  tp_port_set_thread: ['int', 'void *', 'uint32_t', 'uint32_t'],
  tp_port_thread: ['int', 'void *', 'uint32_t'],
  tp_port_set_queue: ['int', 'void *', 'uint32_t', 'uint64_t', 'uint32_t', 'uint32_t', 'uint32_t'],
  tp_port_counters: ['int', 'void *', 'uint32_t', 'uint64_t *'],
  tp_port_tx_latency: ['int', 'void *', 'uint32_t', 'int64_t *'],
  tp_port_tx_misses: ['int', 'void *', 'uint32_t', 'int64_t *'],
  tp_port_set_tx_latency: ['int', 'void *', 'uint32_t', 'int64_t'],
  tp_port_set_stamp_delay: ['int', 'void *', 'uint32_t', 'uint64_t'],
  tp_port_set_link: ['int', 'void *', 'uint32_t', 'uint32_t'],
  tp_port_inject: ['int', 'void *', 'uint32_t', 'uint8_t *', 'uint32_t', 'uint64_t'],
  tp_port_take: ['int', 'void *', 'uint32_t', 'uint8_t *', 'uint32_t', 'uint64_t *'],
  tp_packet_out: ['int', 'void *', 'uint8_t *', 'uint32_t'],
  tp_table_insert: [
    'int64_t',
    'void *',
    'uint32_t',
    'uint64_t *',
    'uint64_t *',
    'uint32_t',
    'int32_t',
    'uint32_t',
    'uint64_t *',
    'uint32_t',
  ],
  tp_table_find: ['int64_t', 'void *', 'uint32_t', 'uint64_t *', 'uint64_t *', 'int32_t'],
  tp_table_write: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint8_t *', 'uint64_t *', 'int64_t *'],
  tp_table_read: ['int', 'void *', 'uint32_t', 'uint32_t *', 'uint32_t', 'uint64_t *'],
  tp_table_read_one: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_set_timeout: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t'],
  tp_table_read_idle: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_take_idle: ['int', 'void *', 'uint32_t', 'uint32_t *', 'uint32_t', 'int64_t *'],
  tp_table_modify: ['int', 'void *', 'uint32_t', 'int64_t', 'uint32_t', 'uint64_t *', 'uint32_t'],
  tp_table_remove: ['int', 'void *', 'uint32_t', 'int64_t'],
  tp_table_set_default: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint64_t *', 'uint32_t'],
  tp_member_add: ['int64_t', 'void *', 'uint32_t', 'uint32_t', 'uint64_t *', 'uint32_t'],
  tp_member_modify: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *', 'uint32_t'],
  tp_member_remove: ['int', 'void *', 'uint32_t', 'uint32_t'],
  tp_group_add: [
    'int64_t',
    'void *',
    'uint32_t',
    'uint32_t *',
    'uint32_t *',
    'uint32_t',
    'uint32_t',
    'uint32_t',
  ],
  tp_group_modify: [
    'int',
    'void *',
    'uint32_t',
    'uint32_t',
    'uint32_t *',
    'uint32_t *',
    'uint32_t',
    'uint32_t',
    'uint32_t',
  ],
  tp_group_remove: ['int', 'void *', 'uint32_t', 'uint32_t'],
  tp_table_read_counter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_write_counter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t', 'uint64_t'],
  tp_table_write_meter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_read_meter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_read_meter_counts: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_reset_meter_counts: ['int', 'void *', 'uint32_t', 'int64_t'],
  tp_table_save_meter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_table_restore_meter: ['int', 'void *', 'uint32_t', 'int64_t', 'uint64_t *'],
  tp_meter_read_counts: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_meter_reset_counts: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t'],
  tp_meter_save: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_meter_restore: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_counter_read: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_counter_write: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint64_t', 'uint64_t'],
  tp_meter_write: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_meter_read: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_register_cell_words: ['int', 'void *', 'uint32_t'],
  tp_register_read: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_register_write: ['int', 'void *', 'uint32_t', 'uint32_t', 'uint64_t *'],
  tp_multicast_group_set: ['int', 'void *', 'uint32_t', 'uint32_t *', 'uint32_t *', 'uint32_t'],
  tp_clone_session_set: [
    'int',
    'void *',
    'uint32_t',
    'uint32_t *',
    'uint32_t *',
    'uint32_t',
    'uint32_t',
    'uint32_t',
  ],
  tp_engine_counters: ['int', 'void *', 'uint64_t *'],
};

function configType() {
  const type = koffi.struct({
    clock: 'uint32_t',
    cpu_port: 'uint32_t',
    message_fd: 'int32_t',
    packet_count: 'uint32_t',
    max_frame: 'uint32_t',
    threads: 'uint32_t',
    random_seed: 'uint64_t',
  });
  if (koffi.sizeof(type) !== CONFIG_OCTETS) {
    throw new Error(`struct tp_engine_config has ${koffi.sizeof(type)} octets here`);
  }
  return koffi.pointer(type);
}

function bind(library: ReturnType<typeof koffi.load>): NativeFunctions {
  const config = configType();
  const functions: Record<string, unknown> = {};
  for (const [name, [result, ...args]] of Object.entries(SIGNATURES)) {
    functions[name] = library.func(
      name,
      result,
      args.map((type) => (type === 'config *' ? config : type)),
    );
  }
  return functions as unknown as NativeFunctions;
}

const loaded = new Map<string, NativeFunctions>();

/** Loads the engine's library, once per path. SYSTEM: it is not there, or of another version. */
export function loadNative(path: string): EngineResult<NativeFunctions> {
  const known = loaded.get(path);
  if (known !== undefined) return succeed(known);
  if (!existsSync(path)) {
    return fail('SYSTEM', `the packet engine ${path} is not there: build it with npm run build`);
  }
  let functions: NativeFunctions;
  try {
    functions = bind(koffi.load(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('SYSTEM', `the packet engine ${path} cannot be loaded (${reason}): build it again`);
  }
  const version = functions.tp_abi_version();
  if (version !== ABI_VERSION) {
    return fail(
      'SYSTEM',
      `the packet engine ${path} has ABI version ${version}, this program wants ${ABI_VERSION}: ` +
        'build both again with npm run build',
    );
  }
  loaded.set(path, functions);
  return succeed(functions);
}
