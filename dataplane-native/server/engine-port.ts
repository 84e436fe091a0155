/**
 * The engine as the P4Runtime server sees it: engine.h in TypeScript's terms. The binding is one
 * implementation; `shadow-engine.ts`, which keeps state and forwards nothing, is another.
 *
 * Tables, actions, action profiles, counters, meters and registers are numbers of the compiler's layout; keys, masks and
 * arguments are host-order 64-bit words as the layout says.
 */

import type { EngineMessage } from '#binding/messages';
import type { EngineResult } from '#binding/result';
import type {
  CounterValue,
  EngineGroup,
  EngineReplica,
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
} from '#binding/state-values';

export { DEFAULT_ENTRY, ROW, ROW_OPERATION, rowWords } from '#binding/state-values';
export type * from '#binding/state-values';
export type { EngineMessage } from '#binding/messages';
export type { EngineErrorCode, EngineFailure, EngineResult } from '#binding/result';

/** The action of an entry of a table with an action profile; its one argument is the index. */
export const REFERS_TO_MEMBER = 0;
export const REFERS_TO_GROUP = 1;

/** The state of a loaded pipeline. */
export interface EngineState {
  tableInsert(entry: NewEntry): EngineResult<EntryHandle>;
  tableModify(
    table: number,
    handle: EntryHandle,
    action: number,
    args: BigUint64Array,
  ): EngineResult<void>;
  tableRemove(table: number, handle: EntryHandle): EngineResult<void>;
  /** The entry with just this match and priority; null: there is none. */
  tableFind(
    table: number,
    key: BigUint64Array,
    mask: BigUint64Array,
    priority: number,
  ): EngineResult<EntryHandle | null>;
  /** Writes many entries of one table, each by its match and priority; how many could not be. */
  tableWrite(batch: RowBatch): EngineResult<number>;
  /** Makes rows of encoded updates; of how many from the first on. */
  rowsDecode(source: RowSource): number;
  /** Up to `count` rows of the entries from number `from` on, 0 for the first. */
  tableRead(shape: RowShape, from: number, count: number): EngineResult<RowPage>;
  tableReadOne(shape: RowShape, handle: EntryHandle): EngineResult<BigUint64Array>;
  /** The entry is idle when it was not hit for so long, ns; 0: never. Its time begins anew. */
  tableSetTimeout(table: number, handle: EntryHandle, timeoutNs: bigint): EngineResult<void>;
  /** Since when it was not hit, ns. */
  tableReadIdle(table: number, handle: EntryHandle): EngineResult<bigint>;
  /** Up to `count` entries whose timeout is over, from number `from` on; it begins anew for them. */
  tableTakeIdle(table: number, from: number, count: number): EngineResult<IdlePage>;
  /** An action for entries to refer to, by the index that this returns. */
  memberAdd(profile: number, action: number, args: BigUint64Array): EngineResult<number>;
  memberModify(
    profile: number,
    member: number,
    action: number,
    args: BigUint64Array,
  ): EngineResult<void>;
  memberRemove(profile: number, member: number): EngineResult<void>;
  groupAdd(profile: number, group: EngineGroup): EngineResult<number>;
  groupModify(profile: number, index: number, group: EngineGroup): EngineResult<void>;
  groupRemove(profile: number, group: number): EngineResult<void>;
  tableSetDefault(table: number, action: number, args: BigUint64Array): EngineResult<void>;
  tableReadCounter(table: number, handle: EntryHandle): EngineResult<CounterValue>;
  tableWriteCounter(table: number, handle: EntryHandle, value: CounterValue): EngineResult<void>;
  /** Fills the buckets of an entry's meter; null: every frame is green again. */
  tableWriteMeter(table: number, handle: EntryHandle, rates: MeterRates | null): EngineResult<void>;
  /** Null: not configured. */
  tableReadMeter(table: number, handle: EntryHandle): EngineResult<MeterRates | null>;
  tableMeterCounts(table: number, handle: EntryHandle): EngineResult<MeterCounts>;
  tableResetMeterCounts(table: number, handle: EntryHandle): EngineResult<void>;
  tableSaveMeter(table: number, handle: EntryHandle): EngineResult<MeterState>;
  tableRestoreMeter(table: number, handle: EntryHandle, state: MeterState): EngineResult<void>;
  counterRead(counter: number, index: number, count: number): EngineResult<CounterValue[]>;
  counterWrite(counter: number, index: number, value: CounterValue): EngineResult<void>;
  /** The same of many at once, two words for each: what they count goes on as it is. */
  counterTake(counter: number, index: number, count: number): EngineResult<BigUint64Array>;
  counterPut(counter: number, index: number, values: BigUint64Array): EngineResult<void>;
  meterRead(meter: number, index: number, count: number): EngineResult<(MeterRates | null)[]>;
  meterWrite(
    meter: number,
    index: number,
    count: number,
    rates: MeterRates | null,
  ): EngineResult<void>;
  meterCounts(meter: number, index: number, count: number): EngineResult<MeterCounts[]>;
  meterResetCounts(meter: number, index: number, count: number): EngineResult<void>;
  /** Buckets' levels and all, to be put back later. */
  meterSave(meter: number, index: number, count: number): EngineResult<MeterState>;
  meterRestore(meter: number, index: number, count: number, state: MeterState): EngineResult<void>;
  /** Each cell's words, least significant first. */
  registerRead(register: number, index: number, count: number): EngineResult<BigUint64Array[]>;
  registerWrite(register: number, index: number, words: BigUint64Array): EngineResult<void>;
  /** The same of many at once, one's words after the other's. */
  registerTake(register: number, index: number, count: number): EngineResult<BigUint64Array>;
  registerPut(register: number, index: number, values: BigUint64Array): EngineResult<void>;
  /** Replaces the whole group; no replicas removes it. */
  multicastGroupSet(group: number, replicas: readonly EngineReplica[]): EngineResult<void>;
  /** Replaces the whole session; no replicas removes it. `packetOctets` 0: whole frames. */
  cloneSessionSet(
    session: number,
    replicas: readonly EngineReplica[],
    classOfService: number,
    packetOctets: number,
  ): EngineResult<void>;
}

export interface EnginePort extends EngineState {
  /** Loads a compiled pipeline; the old one's state is gone. On failure the old one stays. */
  load(sharedObject: string): EngineResult<void>;
  /** What `act` does is one change as traffic sees it: no frame is handled meanwhile. */
  held<T>(act: () => T): T;
  /** A frame from the control plane enters ingress. */
  packetOut(frame: Uint8Array): EngineResult<void>;
  onMessage(listener: (message: EngineMessage) => void): void;
}
