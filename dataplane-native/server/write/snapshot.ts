/**
 * What an update is about to change, kept so that it can be put back (specification 1.5, section
 * "Batch Atomicity"). An entity is put back through the same writes that a client makes, by its ids,
 * so that what refers to it later in the batch is found again whatever handle it has then.
 */
import { create } from '@bufbuild/protobuf';
import type {
  CounterEntry,
  DirectCounterEntry,
  DirectMeterEntry,
  Entity,
  MeterEntry,
  RegisterEntry,
  TableEntry,
  Update,
} from '#protos/p4/v1/p4runtime_pb';
import { TableEntrySchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { readProfileGroups, readProfileMembers } from '../entities/action-profile.js';
import { counterValueOf } from '../entities/counter-data.js';
import { readDigestEntries } from '../entities/digest-entry.js';
import { cellRange } from '../entities/index-range.js';
import { readReplication } from '../entities/replication.js';
import { countedSince, directResources, locateStored } from '../entities/stored-entry.js';
import { entryMessage } from '../entities/table-read.js';
import { readValueSetEntries } from '../entities/value-set.js';
import type { EngineResult } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, fromEngine } from '../errors.js';
import type { ForwardingState, StoredEntry } from '../state/state.js';
import type { WriteType } from './write-type.js';

type AnyEntity = Entity['entity'];
/** How an entity is written: `writeEntity` of write.ts. */
export type WriteEntity = (
  state: ForwardingState,
  type: WriteType,
  entity: AnyEntity,
) => Outcome<void>;

/** Puts back what was there; `wasDone`: the update itself was reported as done. Errors: those of the
 * engine alone, such as RESOURCE_EXHAUSTED. */
export type Restore = (wasDone: boolean) => Outcome<void>;

const NOTHING: Restore = () => DONE;

/** Everything that the update can change, as it is now. An update that is wrong changes nothing. */
export function snapshot(state: ForwardingState, update: Update, write: WriteEntity): Restore {
  const entity = update.entity?.entity;
  switch (entity?.case) {
    case 'tableEntry':
      return tableEntrySnapshot(state, entity.value, write);
    case 'directCounterEntry':
    case 'directMeterEntry':
      return directSnapshot(state, entity.value);
    case 'counterEntry':
      return counterSnapshot(state, entity.value);
    case 'meterEntry':
      return meterSnapshot(state, entity.value);
    case 'registerEntry':
      return registerSnapshot(state, entity.value);
    case 'actionProfileMember':
    case 'actionProfileGroup':
    case 'packetReplicationEngineEntry':
    case 'digestEntry':
    case 'valueSetEntry':
      return keyedSnapshot(state, entity, write);
    case 'externEntry':
    case undefined:
    default:
      return NOTHING;
  }
}

/* --- entities that are kept as messages ------------------------------------------------------- */

/** The entity of the same key, or null. */
function readByKey(state: ForwardingState, entity: AnyEntity): AnyEntity | null {
  const read = ((): Outcome<Entity[]> | null => {
    switch (entity.case) {
      case 'actionProfileMember':
        return entity.value.memberId === 0 ? null : readProfileMembers(state, entity.value);
      case 'actionProfileGroup':
        return entity.value.groupId === 0 ? null : readProfileGroups(state, entity.value);
      case 'packetReplicationEngineEntry': {
        const { type } = entity.value;
        const id =
          type.case === 'multicastGroupEntry' ? type.value.multicastGroupId : type.value?.sessionId;
        return id === undefined || id === 0 ? null : readReplication(state, entity.value);
      }
      case 'digestEntry':
        return entity.value.digestId === 0 ? null : readDigestEntries(state, entity.value);
      case 'valueSetEntry':
        return entity.value.valueSetId === 0 ? null : readValueSetEntries(state, entity.value);
      default:
        return null;
    }
  })();
  return read?.ok === true ? (read.value[0]?.entity ?? null) : null;
}

function keyedSnapshot(state: ForwardingState, entity: AnyEntity, write: WriteEntity): Restore {
  const before = readByKey(state, entity);
  return () => {
    const now = readByKey(state, entity);
    if (before === null) return now === null ? DONE : write(state, Update_Type.DELETE, now);
    return write(state, now === null ? Update_Type.INSERT : Update_Type.MODIFY, before);
  };
}

/* --- table entries with their direct resources ------------------------------------------------- */

function tableEntrySnapshot(
  state: ForwardingState,
  entry: TableEntry,
  write: WriteEntity,
): Restore {
  const located = locateStored(state, entry);
  if (located === null) return NOTHING;
  const { table, find } = located;
  const before = find();
  if (before === undefined) {
    return () => {
      const now = find();
      if (now === undefined) return DONE;
      const value = entryMessage(table, now);
      return write(state, Update_Type.DELETE, { case: 'tableEntry', value });
    };
  }
  const written = entry.counterData === undefined ? undefined : counterValueOf(entry.counterData);
  const resources = directResources(state, table, before, written);
  const message = restorable(entryMessage(table, before));
  return (wasDone) => {
    const now = find();
    if (now === undefined || !isAsBefore(now, before)) {
      const type = now === undefined ? Update_Type.INSERT : Update_Type.MODIFY;
      const written = write(state, type, { case: 'tableEntry', value: message });
      if (!written.ok) return written;
    }
    const back = find();
    return back === undefined ? DONE : resources.putBack(back, now === undefined, wasDone);
  };
}

function isAsBefore(now: StoredEntry, before: StoredEntry): boolean {
  const { action } = before;
  return (
    now.handle === before.handle &&
    now.action?.action === action?.action &&
    (now.action?.args.every((word, i) => word === action?.args[i]) ?? true) &&
    now.reference === before.reference &&
    now.controllerMetadata === before.controllerMetadata &&
    now.idleTimeoutNs === before.idleTimeoutNs &&
    Buffer.compare(now.metadata, before.metadata) === 0
  );
}

/** As a client would write it. */
function restorable(entry: TableEntry): TableEntry {
  entry.isConst = false;
  return entry;
}

function directSnapshot(
  state: ForwardingState,
  entry: DirectCounterEntry | DirectMeterEntry,
): Restore {
  const located = locateStored(state, entry.tableEntry ?? create(TableEntrySchema));
  const before: StoredEntry | undefined = located?.find();
  if (located === null || before === undefined) return NOTHING;
  const data = entry.$typeName === 'p4.v1.DirectCounterEntry' ? entry.data : undefined;
  const written = data === undefined ? undefined : counterValueOf(data);
  const resources = directResources(state, located.table, before, written);
  return (wasDone) => {
    const now = located.find();
    return now === undefined ? DONE : resources.putBack(now, false, wasDone);
  };
}

/* --- arrays ------------------------------------------------------------------------------------ */

function counterSnapshot(state: ForwardingState, entry: CounterEntry): Restore {
  const counter = state.program.counters.get(entry.counterId);
  const cells = counter === undefined ? null : cellRange(entry.index, counter);
  const { data } = entry;
  if (counter === undefined || cells?.ok !== true || data === undefined) return NOTHING;
  const { first, count } = cells.value;
  const { index } = counter.layout;
  const before = state.engine.counterRead(index, first, count);
  const written = counterValueOf(data);
  return (wasDone) => {
    if (!wasDone) return DONE;
    const now = state.engine.counterRead(index, first, count);
    if (!before.ok || !now.ok) return DONE;
    return eachCell(before.value, (value, i) => {
      const counted = countedSince(value, written, now.value[i] ?? written);
      return state.engine.counterWrite(index, first + i, counted);
    });
  };
}

function meterSnapshot(state: ForwardingState, entry: MeterEntry): Restore {
  const meter = state.program.meters.get(entry.meterId);
  const cells = meter === undefined ? null : cellRange(entry.index, meter);
  if (meter === undefined || cells?.ok !== true) return NOTHING;
  const { first, count } = cells.value;
  const { index } = meter.layout;
  const before = state.engine.meterSave(index, first, count);
  return () => {
    if (!before.ok) return DONE;
    const restored = state.engine.meterRestore(index, first, count, before.value);
    return restored.ok ? DONE : fromEngine(restored.error);
  };
}

function registerSnapshot(state: ForwardingState, entry: RegisterEntry): Restore {
  const register = state.program.registers.get(entry.registerId);
  const cells = register === undefined ? null : cellRange(entry.index, register);
  if (register === undefined || cells?.ok !== true) return NOTHING;
  const { first, count } = cells.value;
  const { index } = register.layout;
  const before = state.engine.registerRead(index, first, count);
  return () =>
    before.ok
      ? eachCell(before.value, (words, i) => state.engine.registerWrite(index, first + i, words))
      : DONE;
}

function eachCell<T>(
  cells: readonly T[],
  put: (cell: T, i: number) => EngineResult<void>,
): Outcome<void> {
  for (const [i, cell] of cells.entries()) {
    const written = put(cell, i);
    if (!written.ok) return fromEngine(written.error);
  }
  return DONE;
}
