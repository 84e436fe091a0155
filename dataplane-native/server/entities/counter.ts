/** CounterEntry and DirectCounterEntry (specification 1.5, section of that name). */
import { create } from '@bufbuild/protobuf';
import type { CounterEntry, DirectCounterEntry, Entity } from '#protos/p4/v1/p4runtime_pb';
import {
  CounterEntrySchema,
  DirectCounterEntrySchema,
  EntitySchema,
  TableEntrySchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fromEngine, invalid, notFound, outOfRange } from '../errors.js';
import type { CounterProgram } from '../program/program.js';
import type { ForwardingState } from '../state/state.js';
import type { WriteType } from '../write/write-type.js';
import { checkCounterData, counterDataOf, counterValueOf } from './counter-data.js';
import { cellIndex, cellRange, checkCells } from './index-range.js';
import { findTable } from './table-entry.js';
import { entryMessage, findDirectEntry, keyOnly, selectEntries } from './table-read.js';

export function writeCounterEntry(
  state: ForwardingState,
  type: WriteType,
  entry: CounterEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a counter can only be modified');
  if (entry.counterId === 0) return invalid('counter_id is not set');
  const counter = state.program.counters.get(entry.counterId);
  if (counter === undefined) return notFound(`no counter has the id ${entry.counterId}`);
  const cells = cellRange(entry.index, counter);
  if (!cells.ok) return cells;
  const checked = checkCounterData(entry.data);
  if (!checked.ok || entry.data === undefined) return checked;
  const value = counterValueOf(entry.data);
  for (let i = 0; i < cells.value.count; i += 1) {
    const index = cells.value.first + i;
    const written = state.engine.counterWrite(counter.layout.index, index, value);
    if (!written.ok) return fromEngine(written.error);
  }
  return DONE;
}

export function readCounterEntries(
  state: ForwardingState,
  filter: CounterEntry,
): Outcome<Entity[]> {
  if (filter.counterId === 0) {
    const counters = [...state.program.counters.values()];
    const allowed = checkCells(counters.reduce((sum, { layout }) => sum + layout.size, 0));
    if (!allowed.ok) return allowed;
    const all: Entity[][] = [];
    for (const counter of counters) {
      const read = readCells(state, counter, 0, counter.layout.size);
      if (!read.ok) return read;
      all.push(read.value);
    }
    return done(all.flat());
  }
  const counter = state.program.counters.get(filter.counterId);
  if (counter === undefined) return notFound(`no counter has the id ${filter.counterId}`);
  const cells = cellRange(filter.index, counter);
  return cells.ok ? readCells(state, counter, cells.value.first, cells.value.count) : cells;
}

/** Reads `count` cells from the one that `first` names; not ok where they are not all there, and
 * then nothing is read. */
export function readCounterRun(
  state: ForwardingState,
  first: CounterEntry,
  count: number,
): Outcome<Entity[]> {
  const counter = state.program.counters.get(first.counterId);
  if (counter === undefined) return notFound(`no counter has the id ${first.counterId}`);
  const cells = cellRange(first.index, counter);
  if (!cells.ok) return cells;
  if (cells.value.first + count > counter.layout.size) return outOfRange('beyond the array');
  return readCells(state, counter, cells.value.first, count);
}

function readCells(
  state: ForwardingState,
  counter: CounterProgram,
  first: number,
  count: number,
): Outcome<Entity[]> {
  const allowed = checkCells(count);
  if (!allowed.ok) return allowed;
  const read = state.engine.counterRead(counter.layout.index, first, count);
  if (!read.ok) return fromEngine(read.error);
  return done(
    read.value.map((cell, i) => {
      const index = cellIndex(counter, first + i);
      const data = counterDataOf(cell);
      const value = create(CounterEntrySchema, { counterId: counter.id, index, data });
      return create(EntitySchema, { entity: { case: 'counterEntry', value } });
    }),
  );
}

export function writeDirectCounterEntry(
  state: ForwardingState,
  type: WriteType,
  entry: DirectCounterEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a direct counter can only be modified');
  const key = entry.tableEntry ?? create(TableEntrySchema);
  const found = findTable(state, key.tableId);
  if (!found.ok) return found;
  const { program } = found.value;
  if (!program.hasDirectCounter) return invalid(`table '${program.name}' has no direct counter`);
  const target = findDirectEntry(state, key);
  if (!target.ok) return target;
  const checked = checkCounterData(entry.data);
  if (!checked.ok || entry.data === undefined) return checked;
  const written = state.engine.tableWriteCounter(
    program.layout.index,
    target.value.handle,
    counterValueOf(entry.data),
  );
  return written.ok ? DONE : fromEngine(written.error);
}

export function readDirectCounterEntries(
  state: ForwardingState,
  filter: DirectCounterEntry,
): Outcome<Entity[]> {
  const key = keyOnly(filter.tableEntry ?? create(TableEntrySchema));
  if (key.tableId !== 0) {
    const found = findTable(state, key.tableId);
    if (!found.ok) return found;
    const { program } = found.value;
    if (!program.hasDirectCounter) return invalid(`table '${program.name}' has no direct counter`);
  }
  const selected = selectEntries(state, key);
  if (!selected.ok) return selected;
  if (key.match.length !== 0 && selected.value.length === 0) return notFound('no such entry');
  const entities: Entity[] = [];
  for (const { table, stored } of selected.value) {
    if (!table.program.hasDirectCounter) continue;
    const counter = state.engine.tableReadCounter(table.program.layout.index, stored.handle);
    if (!counter.ok) return fromEngine(counter.error);
    const { tableId, match, priority, isDefaultAction } = entryMessage(table, stored);
    const value = create(DirectCounterEntrySchema, {
      tableEntry: create(TableEntrySchema, { tableId, match, priority, isDefaultAction }),
      data: counterDataOf(counter.value),
    });
    entities.push(create(EntitySchema, { entity: { case: 'directCounterEntry', value } }));
  }
  return done(entities);
}
