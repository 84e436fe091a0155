/** One table entry by its key, and what its direct resources hold, to be put back later. */
import type { TableEntry } from '#protos/p4/v1/p4runtime_pb';
import type { CounterValue } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, fromEngine } from '../errors.js';
import { encodeKey } from '../state/match.js';
import type { ForwardingState, StoredEntry, TableState } from '../state/state.js';

export interface Located {
  readonly table: TableState;
  /** The entry of that key now, if there is one. */
  readonly find: () => StoredEntry | undefined;
}

/** Null where the message names no entry that can be. */
export function locateStored(state: ForwardingState, entry: TableEntry): Located | null {
  const table = state.tables.get(entry.tableId);
  if (table === undefined) return null;
  if (entry.isDefaultAction) return { table, find: () => table.defaultEntry };
  const words = encodeKey(table.program, entry.match);
  if (!words.ok) return null;
  return { table, find: () => table.entries.get(words.value, entry.priority) };
}

export interface DirectResources {
  /** To the entry that has taken the place of the one that they were read from. `isNew`: it was
   * deleted meanwhile, and is there again. `wasDone`: the update that came with a count was. */
  readonly putBack: (entry: StoredEntry, isNew: boolean, wasDone: boolean) => Outcome<void>;
}

/** Reads the direct counter and the direct meter of an entry. */
export function directResources(
  state: ForwardingState,
  { program }: TableState,
  entry: StoredEntry,
  written?: CounterValue,
): DirectResources {
  const { engine } = state;
  const { index } = program.layout;
  const counter = program.hasDirectCounter ? engine.tableReadCounter(index, entry.handle) : null;
  const meter = program.directMeter === null ? null : engine.tableSaveMeter(index, entry.handle);
  return {
    putBack: (back, isNew, wasDone) => {
      if (counter?.ok === true && (isNew || (wasDone && written !== undefined))) {
        const now = engine.tableReadCounter(index, back.handle);
        const value =
          isNew || written === undefined || !now.ok
            ? counter.value
            : countedSince(counter.value, written, now.value);
        const put = engine.tableWriteCounter(index, back.handle, value);
        if (!put.ok) return fromEngine(put.error);
      }
      if (meter?.ok === true) {
        const put = engine.tableRestoreMeter(index, back.handle, meter.value);
        if (!put.ok) return fromEngine(put.error);
      }
      return DONE;
    },
  };
}

/** What the dataplane counted since `written` was written stays counted. */
export function countedSince(
  before: CounterValue,
  written: CounterValue,
  now: CounterValue,
): CounterValue {
  return {
    packets: BigInt.asUintN(64, before.packets + now.packets - written.packets),
    octets: BigInt.asUintN(64, before.octets + now.octets - written.octets),
  };
}
