/** MeterEntry and DirectMeterEntry (specification 1.5, section of that name). */
import { create } from '@bufbuild/protobuf';
import type { DirectMeterEntry, Entity, MeterEntry } from '#protos/p4/v1/p4runtime_pb';
import {
  DirectMeterEntrySchema,
  EntitySchema,
  MeterEntrySchema,
  TableEntrySchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fromEngine, invalid, notFound } from '../errors.js';
import type { MeterProgram } from '../program/program.js';
import type { ForwardingState } from '../state/state.js';
import type { WriteType } from '../write/write-type.js';
import { cellIndex, cellRange, checkCells } from './index-range.js';
import {
  checkMeterCounts,
  meterConfigOf,
  meterCounterDataOf,
  meterRatesOf,
} from './meter-config.js';
import { findTable } from './table-entry.js';
import { entryMessage, findDirectEntry, keyOnly, selectEntries } from './table-read.js';

export function writeMeterEntry(
  state: ForwardingState,
  type: WriteType,
  entry: MeterEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a meter can only be modified');
  if (entry.meterId === 0) return invalid('meter_id is not set');
  const meter = state.program.meters.get(entry.meterId);
  if (meter === undefined) return notFound(`no meter has the id ${entry.meterId}`);
  const { layout } = meter;
  const what = `meter '${layout.name}'`;
  const cells = cellRange(entry.index, meter);
  if (!cells.ok) return cells;
  const rates = meterRatesOf(what, meter.type, entry.config);
  if (!rates.ok) return rates;
  const counts = checkMeterCounts(what, entry.counterData);
  if (!counts.ok) return counts;
  const { first, count } = cells.value;
  const written = state.engine.meterWrite(layout.index, first, count, rates.value);
  if (!written.ok) return fromEngine(written.error);
  if (entry.counterData === undefined) return DONE;
  const reset = state.engine.meterResetCounts(layout.index, first, count);
  return reset.ok ? DONE : fromEngine(reset.error);
}

export function readMeterEntries(state: ForwardingState, filter: MeterEntry): Outcome<Entity[]> {
  const withCounts = filter.counterData !== undefined;
  if (filter.meterId === 0) {
    const meters = [...state.program.meters.values()];
    const allowed = checkCells(meters.reduce((sum, { layout }) => sum + layout.size, 0));
    if (!allowed.ok) return allowed;
    const all: Entity[][] = [];
    for (const meter of meters) {
      const read = readCells(state, meter, 0, meter.layout.size, withCounts);
      if (!read.ok) return read;
      all.push(read.value);
    }
    return done(all.flat());
  }
  const meter = state.program.meters.get(filter.meterId);
  if (meter === undefined) return notFound(`no meter has the id ${filter.meterId}`);
  const cells = cellRange(filter.index, meter);
  if (!cells.ok) return cells;
  return readCells(state, meter, cells.value.first, cells.value.count, withCounts);
}

/** A cell that is not configured has no config in its message. */
function readCells(
  state: ForwardingState,
  meter: MeterProgram,
  first: number,
  count: number,
  withCounts: boolean,
): Outcome<Entity[]> {
  const { id, layout } = meter;
  const allowed = checkCells(count);
  if (!allowed.ok) return allowed;
  const read = state.engine.meterRead(layout.index, first, count);
  if (!read.ok) return fromEngine(read.error);
  const counts = withCounts ? state.engine.meterCounts(layout.index, first, count) : null;
  if (counts?.ok === false) return fromEngine(counts.error);
  return done(
    read.value.map((rates, i) => {
      const counted = counts?.value[i];
      const value = create(MeterEntrySchema, {
        meterId: id,
        index: cellIndex(meter, first + i),
        ...(rates === null ? {} : { config: meterConfigOf(rates) }),
        ...(counted === undefined ? {} : { counterData: meterCounterDataOf(counted) }),
      });
      return create(EntitySchema, { entity: { case: 'meterEntry', value } });
    }),
  );
}

export function writeDirectMeterEntry(
  state: ForwardingState,
  type: WriteType,
  entry: DirectMeterEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a direct meter can only be modified');
  const key = entry.tableEntry ?? create(TableEntrySchema);
  const found = findTable(state, key.tableId);
  if (!found.ok) return found;
  const { name, directMeter, layout } = found.value.program;
  if (directMeter === null) return invalid(`table '${name}' has no direct meter`);
  const target = findDirectEntry(state, key);
  if (!target.ok) return target;
  const what = `the meter of table '${name}'`;
  const rates = meterRatesOf(what, directMeter.type, entry.config);
  if (!rates.ok) return rates;
  const counts = checkMeterCounts(what, entry.counterData);
  if (!counts.ok) return counts;
  const { handle } = target.value;
  const written = state.engine.tableWriteMeter(layout.index, handle, rates.value);
  if (!written.ok) return fromEngine(written.error);
  if (entry.counterData === undefined) return DONE;
  const reset = state.engine.tableResetMeterCounts(layout.index, handle);
  return reset.ok ? DONE : fromEngine(reset.error);
}

export function readDirectMeterEntries(
  state: ForwardingState,
  filter: DirectMeterEntry,
): Outcome<Entity[]> {
  const key = keyOnly(filter.tableEntry ?? create(TableEntrySchema));
  if (key.tableId !== 0) {
    const found = findTable(state, key.tableId);
    if (!found.ok) return found;
    const { name, directMeter } = found.value.program;
    if (directMeter === null) return invalid(`table '${name}' has no direct meter`);
  }
  const selected = selectEntries(state, key);
  if (!selected.ok) return selected;
  if (key.match.length !== 0 && selected.value.length === 0) return notFound('no such entry');
  const entities: Entity[] = [];
  for (const { table, stored } of selected.value) {
    if (table.program.directMeter === null) continue;
    const rates = state.engine.tableReadMeter(table.program.layout.index, stored.handle);
    if (!rates.ok) return fromEngine(rates.error);
    const { tableId, match, priority, isDefaultAction } = entryMessage(table, stored);
    const counts =
      filter.counterData === undefined
        ? null
        : state.engine.tableMeterCounts(table.program.layout.index, stored.handle);
    if (counts?.ok === false) return fromEngine(counts.error);
    const value = create(DirectMeterEntrySchema, {
      tableEntry: create(TableEntrySchema, { tableId, match, priority, isDefaultAction }),
      ...(counts === null ? {} : { counterData: meterCounterDataOf(counts.value) }),
      ...(rates.value === null ? {} : { config: meterConfigOf(rates.value) }),
    });
    entities.push(create(EntitySchema, { entity: { case: 'directMeterEntry', value } }));
  }
  return done(entities);
}
