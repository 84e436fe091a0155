/**
 * The C functions of engine.h, as koffi calls them. Nothing here interprets: `engine.ts` does.
 */
import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { STATE_SIGNATURES } from './native-state.js';
import type { EnginePointer, Int64, NativeStateFunctions } from './native-state.js';
import { fail, succeed, type EngineResult } from './result.js';

export type { EnginePointer };

/** TP_ABI_VERSION of pipeline.h. */
export const ABI_VERSION = 8;

/** sizeof(struct tp_engine_config), asserted in engine.h too. */
const CONFIG_OCTETS = 40;

export interface EngineConfigStruct {
  readonly clock: number;
  readonly cpu_port: number;
  readonly message_fd: number;
  readonly packet_count: number;
  readonly max_frame: number;
  readonly threads: number;
  readonly random_seed: bigint;
  readonly hash_seed: bigint;
}

export interface NativeFunctions extends NativeStateFunctions {
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
  tp_engine_counters(engine: EnginePointer, out: BigUint64Array): number;
  tp_engine_read_log(engine: EnginePointer, out: BigUint64Array, capacity: number): number;
}

/** Result and arguments of each function, as engine.h declares them. */
const SIGNATURES: Readonly<Record<keyof NativeFunctions, string>> = {
  tp_abi_version: 'uint32_t',
  tp_message_pair: 'int: int32_t *',
  tp_engine_create: 'int: config *, _Out_ void **',
  tp_engine_destroy: 'void: void *',
  tp_engine_last_error: 'const char *: void *',
  tp_engine_load: 'int: void *, const char *',
  tp_pipeline_check: 'int: const char *, uint8_t *, uint32_t',
  tp_engine_hold: 'int: void *',
  tp_engine_resume: 'int: void *',
  tp_engine_set_loop: 'int: void *, uint32_t, uint32_t, int32_t',
  tp_engine_start: 'int: void *',
  tp_engine_stop: 'int: void *',
  tp_engine_step: 'int: void *',
  tp_engine_set_time: 'int: void *, uint64_t',
  tp_engine_now: 'uint64_t: void *',
  tp_engine_next_time: 'uint64_t: void *',
  tp_engine_set_oscillator: 'int: void *, int64_t, int64_t, uint64_t, uint64_t',
  tp_engine_oscillator_lines: 'int: void *, uint64_t, uint32_t, uint64_t *',
  tp_port_add_link: 'int: void *, uint32_t, const char *, uint32_t, uint32_t',
  tp_link_settle: 'int: const char *, uint32_t, uint32_t, uint64_t *, uint8_t *, uint32_t',
  tp_link_restore: 'int: const char *, uint64_t *',
  tp_privileges_held: 'uint64_t',
  tp_engine_keep_privileges: 'int: void *, uint64_t',
  tp_port_link_facts: 'int: void *, uint32_t, uint64_t *',
  tp_port_add_memory: 'int: void *, uint32_t',
  tp_port_remove: 'int: void *, uint32_t',
  tp_port_set_thread: 'int: void *, uint32_t, uint32_t',
  tp_port_thread: 'int: void *, uint32_t',
  tp_port_set_queue: 'int: void *, uint32_t, uint64_t, uint32_t, uint32_t, uint32_t',
  tp_port_counters: 'int: void *, uint32_t, uint64_t *',
  tp_port_tx_latency: 'int: void *, uint32_t, int64_t *',
  tp_port_tx_misses: 'int: void *, uint32_t, int64_t *',
  tp_port_set_tx_latency: 'int: void *, uint32_t, int64_t',
  tp_port_set_stamp_delay: 'int: void *, uint32_t, uint64_t',
  tp_port_set_link: 'int: void *, uint32_t, uint32_t',
  tp_port_inject: 'int: void *, uint32_t, uint8_t *, uint32_t, uint64_t',
  tp_port_take: 'int: void *, uint32_t, uint8_t *, uint32_t, uint64_t *',
  tp_packet_out: 'int: void *, uint8_t *, uint32_t',
  tp_engine_counters: 'int: void *, uint64_t *',
  tp_engine_read_log: 'int: void *, uint64_t *, uint32_t',
  ...STATE_SIGNATURES,
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
    hash_seed: 'uint64_t',
  });
  if (koffi.sizeof(type) !== CONFIG_OCTETS) {
    throw new Error(`struct tp_engine_config has ${koffi.sizeof(type)} octets here`);
  }
  return koffi.pointer(type);
}

function bind(library: ReturnType<typeof koffi.load>): NativeFunctions {
  const config = configType();
  const functions: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(SIGNATURES)) {
    const [result = 'void', args] = signature.split(': ');
    functions[name] = library.func(
      name,
      result,
      (args?.split(', ') ?? []).map((type) => (type === 'config *' ? config : type)),
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
