/** TableEntry (specification 1.5, section "TableEntry"): what a read finds. */
import { create } from '@bufbuild/protobuf';
import type { Entity, TableAction, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import {
  EntitySchema,
  TableActionSchema,
  TableEntry_IdleTimeoutSchema,
  TableEntrySchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { MeterRates } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { done, fromEngine, invalid, notFound } from '../errors.js';
import type { KeyWords } from '../state/match.js';
import { decodeArgs, decodeKey, encodeKey } from '../state/match.js';
import type { ForwardingState, StoredEntry, TableState } from '../state/state.js';
import { referenceMessage } from './action-reference.js';
import { counterDataOf } from './counter-data.js';
import { meterConfigOf, meterCounterDataOf } from './meter-config.js';
import { findTable } from './table-entry.js';

export interface SelectedEntry {
  readonly table: TableState;
  readonly stored: StoredEntry;
}

/** The entries that a request's filter selects, with their tables. Errors: INVALID_ARGUMENT,
 * NOT_FOUND for a table that does not exist. */
export function selectEntries(
  state: ForwardingState,
  filter: TableEntry,
): Outcome<SelectedEntry[]> {
  const selected = selectEach(state, filter);
  return selected.ok ? done([...selected.value]) : selected;
}

/** The same one by one, as they are asked for. */
function selectEach(state: ForwardingState, filter: TableEntry): Outcome<Iterable<SelectedEntry>> {
  if (filter.tableId === 0) {
    if (filter.match.length !== 0 || filter.action !== undefined || filter.priority !== 0) {
      return invalid('a read of all tables takes no filter by match, action or priority');
    }
    return done(selectInAll(state.tables.values(), filter));
  }
  const found = findTable(state, filter.tableId);
  if (!found.ok) return found;
  const table = found.value;
  if (filter.timeSinceLastHit !== undefined && !table.program.layout.supportsTimeout) {
    return invalid(`table '${table.program.name}' does not support idle timeout`);
  }
  if (filter.match.length === 0) return done(selectIn(table, filter, null));
  if (filter.isDefaultAction) return invalid('the default entry has no match');
  const words = encodeKey(table.program, filter.match);
  return words.ok ? done(selectIn(table, filter, words.value)) : words;
}

function* selectInAll(tables: Iterable<TableState>, filter: TableEntry): Generator<SelectedEntry> {
  for (const table of tables) yield* selectIn(table, filter, null);
}

/** Only what names an entry: the owner of a direct resource is not found by its cookie. */
export function keyOnly(entry: TableEntry): TableEntry {
  const { tableId, match, priority, isDefaultAction } = entry;
  return create(TableEntrySchema, { tableId, match, priority, isDefaultAction });
}

/** The one entry whose direct resource a request names. Errors: NOT_FOUND, and those of a wrong key. */
export function findDirectEntry(state: ForwardingState, key: TableEntry): Outcome<StoredEntry> {
  const selected = selectEntries(state, keyOnly(key));
  if (!selected.ok) return selected;
  const exact = selected.value.filter(
    ({ stored }) => key.isDefaultAction || stored.priority === key.priority,
  );
  const [target, second] = exact;
  return target === undefined || second !== undefined
    ? notFound('the table has no such entry')
    : done(target.stored);
}

function* selectIn(
  table: TableState,
  filter: TableEntry,
  words: KeyWords | null,
): Generator<SelectedEntry> {
  for (const stored of candidates(table, filter, words)) {
    const isSelected =
      (words === null || sameKey(table, stored.words, words)) &&
      (filter.priority === 0 || stored.priority === filter.priority) &&
      hasAction(table, stored, filter.action) &&
      (filter.metadata.length === 0 || Buffer.compare(stored.metadata, filter.metadata) === 0) &&
      [0n, stored.controllerMetadata].includes(filter.controllerMetadata);
    if (isSelected) yield { table, stored };
  }
}

/** As few as there can be: the one of a key, if the filter has all of it. */
function candidates(
  { program, entries, defaultEntry }: TableState,
  { isDefaultAction, priority }: TableEntry,
  words: KeyWords | null,
): Iterable<StoredEntry> {
  if (isDefaultAction) return [defaultEntry];
  if (words === null || (program.needsPriority && priority === 0)) return entries;
  const entry = entries.get(words, priority);
  return entry === undefined ? [] : [entry];
}

function sameKey({ program }: TableState, a: KeyWords, b: KeyWords): boolean {
  const isSame = (x: BigUint64Array, y: BigUint64Array) => x.every((word, i) => word === y[i]);
  return isSame(a.key, b.key) && (program.layout.kind === 'exact' || isSame(a.mask, b.mask));
}

/** A filter by action id, member or group; arguments are not looked at. */
function hasAction(
  table: TableState,
  { action, reference }: StoredEntry,
  wanted: TableAction | undefined,
): boolean {
  const type = wanted?.type;
  switch (type?.case) {
    case 'actionProfileMemberId':
      return reference?.kind === 'member' && reference.member.id === type.value;
    case 'actionProfileGroupId':
      return reference?.kind === 'group' && reference.group.id === type.value;
    case 'action': {
      const { actionId } = type.value;
      const called = reference === null && action !== null ? action.action : -1;
      return actionId === 0 || table.program.actionsByIndex.get(called)?.id === actionId;
    }
    case 'actionProfileActionSet':
    case undefined:
      return true;
  }
}

/** Reads the entries that the filter selects, as they are asked for: what only some reads want, such
 * as counters, if the filter has it. An entry that is removed meanwhile is left out. */
export function readTableEntries(
  state: ForwardingState,
  filter: TableEntry,
): Outcome<Iterable<Entity>> {
  const selected = selectEach(state, filter);
  return selected.ok ? done(entitiesOf(state, filter, selected.value)) : selected;
}

function* entitiesOf(
  state: ForwardingState,
  filter: TableEntry,
  selected: Iterable<SelectedEntry>,
): Generator<Entity> {
  for (const one of selected) {
    const value = readTableEntry(state, filter, one);
    if (!value.ok) continue;
    yield create(EntitySchema, { entity: { case: 'tableEntry', value: value.value } });
  }
}

/** One entry, with what the filter asks for. Errors: those of the engine, NOT_FOUND among them. */
export function readTableEntry(
  state: ForwardingState,
  filter: TableEntry,
  { table, stored }: SelectedEntry,
): Outcome<TableEntry> {
  const value = entryMessage(table, stored);
  if (filter.counterData !== undefined && table.program.hasDirectCounter) {
    const counter = state.engine.tableReadCounter(table.program.layout.index, stored.handle);
    if (!counter.ok) return fromEngine(counter.error);
    value.counterData = counterDataOf(counter.value);
  }
  if (filter.timeSinceLastHit !== undefined && table.program.layout.supportsTimeout) {
    const isDefault = stored === table.defaultEntry;
    const idle = isDefault ? done(0n) : readIdle(state, table, stored);
    if (!idle.ok) return idle;
    if (!isDefault) {
      value.timeSinceLastHit = create(TableEntry_IdleTimeoutSchema, { elapsedNs: idle.value });
    }
  }
  const meter = filter.meterConfig === undefined ? done(null) : readMeter(state, table, stored);
  if (!meter.ok) return meter;
  if (meter.value !== null) value.meterConfig = meterConfigOf(meter.value);
  if (filter.meterCounterData !== undefined && table.program.directMeter !== null) {
    const counts = state.engine.tableMeterCounts(table.program.layout.index, stored.handle);
    if (!counts.ok) return fromEngine(counts.error);
    value.meterCounterData = meterCounterDataOf(counts.value);
  }
  return done(value);
}

function readIdle(
  state: ForwardingState,
  { program }: TableState,
  { handle }: StoredEntry,
): Outcome<bigint> {
  const idle = state.engine.tableReadIdle(program.layout.index, handle);
  return idle.ok ? idle : fromEngine(idle.error);
}

/** Null where there is no meter, or no config of it. */
function readMeter(
  state: ForwardingState,
  table: TableState,
  stored: StoredEntry,
): Outcome<MeterRates | null> {
  if (table.program.directMeter === null) return done(null);
  const rates = state.engine.tableReadMeter(table.program.layout.index, stored.handle);
  return rates.ok ? done(rates.value) : fromEngine(rates.error);
}

/** An entry in its canonical form, without counters and meters. */
export function entryMessage(table: TableState, stored: StoredEntry): TableEntry {
  const { program } = table;
  const isDefaultAction = stored === table.defaultEntry;
  const entry = create(TableEntrySchema, {
    tableId: program.id,
    match: isDefaultAction ? [] : decodeKey(program, stored.words),
    priority: stored.priority,
    metadata: stored.metadata,
    controllerMetadata: stored.controllerMetadata,
    idleTimeoutNs: stored.idleTimeoutNs,
    isDefaultAction,
    isConst: stored.isConst,
  });
  if (stored.reference !== null) {
    entry.action = referenceMessage(stored.reference);
    return entry;
  }
  const action =
    stored.action === null ? undefined : program.actionsByIndex.get(stored.action.action);
  if (stored.action !== null && action !== undefined) {
    const value = decodeArgs(action, stored.action.args);
    entry.action = create(TableActionSchema, { type: { case: 'action', value } });
  }
  return entry;
}
