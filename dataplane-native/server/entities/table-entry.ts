/** TableEntry (specification 1.5, section "TableEntry"): write and read. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { ActionRef_Scope } from '#protos/p4/config/v1/p4info_pb';
import type { CounterData, Entity, TableAction, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import {
  EntitySchema,
  TableActionSchema,
  TableEntrySchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { MeterRates } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, denied, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import type { KeyWords } from '../match.js';
import { decodeArgs, decodeKey, encodeArgs, encodeKey } from '../match.js';
import type { TableProgram } from '../program.js';
import type {
  ForwardingState,
  ProfileState,
  Reference,
  StoredAction,
  StoredEntry,
  TableState,
} from '../state.js';
import { entryKey, initialDefault } from '../state.js';
import { unimplemented } from '../unimplemented.js';
import type { WriteType } from '../write-type.js';
import {
  acquireReference,
  referenceAction,
  referenceMessage,
  releaseReference,
} from './action-reference.js';
import { checkCounterData, counterDataOf, counterValueOf } from './counter-data.js';
import { meterConfigOf, meterRatesOf } from './meter-config.js';

/** Writes an entry, the default one included. */
export function writeTableEntry(
  state: ForwardingState,
  type: WriteType,
  entry: TableEntry,
): Outcome<void> {
  const found = findTable(state, entry.tableId);
  if (!found.ok) return found;
  const table = found.value;
  const checked = type === Update_Type.DELETE ? DONE : checkAttributes(table, entry);
  if (!checked.ok) return checked;
  if (entry.isDefaultAction) return writeDefault(state, table, type, entry);
  const located = locate(table, entry);
  if (!located.ok) return located;
  switch (type) {
    case Update_Type.INSERT:
      return insert(state, table, located.value, entry);
    case Update_Type.MODIFY:
      return modify(state, table, located.value, entry);
    case Update_Type.DELETE:
      return remove(state, table, located.value);
  }
}

/** The state of a table by its P4Info id. */
export function findTable(state: ForwardingState, id: number): Outcome<TableState> {
  if (id === 0) return invalid('table_id is not set');
  const table = state.tables.get(id);
  if (table !== undefined) return done(table);
  const removed = state.program.removedTables.get(id);
  return removed === undefined
    ? notFound(`no table has the id ${id}`)
    : notFound(`table '${removed}' is in the P4Info alone: nothing in the program applies it`);
}

interface Located {
  readonly words: KeyWords;
  readonly priority: number;
  readonly key: string;
}

function locate(table: TableState, entry: TableEntry): Outcome<Located> {
  const { program } = table;
  if (program.layout.kind === 'keyless') {
    return invalid(`table '${program.name}' has no key: it has only a default entry`);
  }
  const { priority } = entry;
  if (program.needsPriority && priority <= 0) {
    return invalid(`table '${program.name}' needs a priority greater than 0, found ${priority}`);
  }
  if (!program.needsPriority && priority !== 0) {
    return invalid(`table '${program.name}' takes no priority, found ${priority}`);
  }
  const words = encodeKey(program, entry.match);
  if (!words.ok) return words;
  return done({ words: words.value, priority, key: entryKey(words.value, priority) });
}

/** Attributes that are wrong whatever the entry. */
function checkAttributes(table: TableState, entry: TableEntry): Outcome<void> {
  const { program } = table;
  if (entry.isConst) return invalid('is_const must be false in a write');
  if (entry.idleTimeoutNs !== 0n) {
    return program.layout.supportsTimeout
      ? unimplemented('idleTimeout')
      : invalid(`table '${program.name}' does not support idle timeout`);
  }
  const meter = checkMeter(program, entry);
  if (!meter.ok) return meter;
  if (entry.counterData !== undefined && !program.hasDirectCounter) {
    return invalid(`table '${program.name}' has no direct counter`);
  }
  return checkCounterData(entry.counterData);
}

function checkMeter(program: TableProgram, entry: TableEntry): Outcome<void> {
  if (entry.meterConfig === undefined && entry.meterCounterData === undefined) return DONE;
  if (program.directMeter === null) {
    return invalid(`table '${program.name}' has no direct meter`);
  }
  if (entry.meterCounterData !== undefined) return unimplemented('meterCounters');
  if (entry.isDefaultAction) return unimplemented('defaultEntryMeters');
  const rates = meterRatesOf(
    `the meter of table '${program.name}'`,
    program.directMeter.type,
    entry.meterConfig,
  );
  return rates.ok ? DONE : rates;
}

interface Chosen {
  readonly action: StoredAction;
  readonly reference: Reference | null;
}

function profileOf(state: ForwardingState, { program }: TableState): ProfileState | null {
  return program.profileId === null ? null : (state.profiles.get(program.profileId) ?? null);
}

function release(state: ForwardingState, table: TableState, reference: Reference | null): void {
  const profile = profileOf(state, table);
  if (profile !== null && reference !== null) releaseReference(state, profile, reference);
}

function chooseAction(
  state: ForwardingState,
  table: TableState,
  action: TableAction,
  forbidden: ActionRef_Scope,
): Outcome<Chosen> {
  const { program } = table;
  const { type } = action;
  const profile = profileOf(state, table);
  if (profile !== null) {
    const reference = acquireReference(state, profile, action);
    if (!reference.ok) return reference;
    return done({ action: referenceAction(reference.value), reference: reference.value });
  }
  if (type.case !== 'action') {
    return invalid(`table '${program.name}' is a direct table: its entries take an action`);
  }
  const chosen = program.actionsById.get(type.value.actionId);
  if (chosen === undefined) {
    return invalid(`table '${program.name}' has no action with the id ${type.value.actionId}`);
  }
  if (chosen.scope === forbidden) {
    const use = forbidden === ActionRef_Scope.TABLE_ONLY ? 'as default' : 'in entries';
    return denied(`action '${chosen.name}' cannot be used ${use} of table '${program.name}'`);
  }
  const args = encodeArgs(chosen, type.value);
  if (!args.ok) return args;
  const called = { action: chosen.layout.index, args: args.value };
  return done({ action: called, reference: null });
}

function insert(
  state: ForwardingState,
  table: TableState,
  { words, priority, key }: Located,
  entry: TableEntry,
): Outcome<void> {
  const { program } = table;
  if (program.isConst) return denied(`table '${program.name}' is constant`);
  if (entry.action === undefined) return invalid('an INSERT needs an action');
  const chosen = chooseAction(state, table, entry.action, ActionRef_Scope.DEFAULT_ONLY);
  if (!chosen.ok) return chosen;
  const { action, reference } = chosen.value;
  if (table.entries.has(key)) {
    release(state, table, reference);
    return fail(status.ALREADY_EXISTS, `table '${program.name}' already has this entry`);
  }
  const { index } = program.layout;
  const inserted = state.engine.tableInsert({ table: index, ...words, priority, ...action });
  if (!inserted.ok) {
    release(state, table, reference);
    return fromEngine(inserted.error);
  }
  table.entries.set(key, {
    handle: inserted.value,
    words,
    priority,
    action,
    metadata: entry.metadata.slice(),
    controllerMetadata: entry.controllerMetadata,
    isConst: false,
    reference,
  });
  return writeResources(state, table, inserted.value, entry);
}

function modify(
  state: ForwardingState,
  table: TableState,
  { key }: Located,
  entry: TableEntry,
): Outcome<void> {
  const { program } = table;
  const old = table.entries.get(key);
  if (entry.action !== undefined && (program.isConst || old?.isConst === true)) {
    return denied(`the entries of table '${program.name}' are constant`);
  }
  if (old === undefined) return notFound(`table '${program.name}' has no such entry`);
  if (old.isConst) return writeResources(state, table, old.handle, entry);
  let { action, reference } = old;
  if (entry.action !== undefined) {
    const chosen = chooseAction(state, table, entry.action, ActionRef_Scope.DEFAULT_ONLY);
    if (!chosen.ok) return chosen;
    const { action: called } = chosen.value;
    const { index } = program.layout;
    const modified = state.engine.tableModify(index, old.handle, called.action, called.args);
    if (!modified.ok) {
      release(state, table, chosen.value.reference);
      return fromEngine(modified.error);
    }
    release(state, table, reference);
    ({ action, reference } = chosen.value);
  }
  // A view of the whole request otherwise, which would live as long as the entry.
  const metadata = entry.metadata.slice();
  table.entries.set(key, {
    ...old,
    action,
    reference,
    metadata,
    controllerMetadata: entry.controllerMetadata,
  });
  return writeResources(state, table, old.handle, entry);
}

function remove(state: ForwardingState, table: TableState, { key }: Located): Outcome<void> {
  const { program } = table;
  const old = table.entries.get(key);
  if (program.isConst || old?.isConst === true) {
    return denied(`the entries of table '${program.name}' are constant`);
  }
  if (old === undefined) return notFound(`table '${program.name}' has no such entry`);
  const removed = state.engine.tableRemove(program.layout.index, old.handle);
  if (!removed.ok) return fromEngine(removed.error);
  table.entries.delete(key);
  release(state, table, old.reference);
  return DONE;
}

function writeDefault(
  state: ForwardingState,
  table: TableState,
  type: WriteType,
  entry: TableEntry,
): Outcome<void> {
  const { program } = table;
  if (type !== Update_Type.MODIFY) return invalid('the default entry can only be modified');
  if (entry.match.length !== 0 || entry.priority !== 0) {
    return invalid('the default entry has neither match nor priority');
  }
  if (program.defaultIsConst) {
    return denied(`the default action of table '${program.name}' is constant`);
  }
  const reset = initialDefault(table.program);
  let { action } = reset;
  if (entry.action !== undefined) {
    const chosen = chooseAction(state, table, entry.action, ActionRef_Scope.TABLE_ONLY);
    if (!chosen.ok) return chosen;
    ({ action } = chosen.value);
  }
  if (action === null) return invalid(`table '${program.name}' has no default action to return to`);
  const set = state.engine.tableSetDefault(program.layout.index, action.action, action.args);
  if (!set.ok) return fromEngine(set.error);
  table.defaultEntry =
    entry.action === undefined
      ? reset
      : {
          ...reset,
          action,
          metadata: entry.metadata.slice(),
          controllerMetadata: entry.controllerMetadata,
        };
  return writeCounter(state, table, reset.handle, entry.counterData);
}

/** The direct counter, if there is a value for it, and the direct meter, whose config is taken back
 * where there is none. */
function writeResources(
  state: ForwardingState,
  table: TableState,
  handle: StoredEntry['handle'],
  entry: TableEntry,
): Outcome<void> {
  const counted = writeCounter(state, table, handle, entry.counterData);
  const { name, directMeter, layout } = table.program;
  if (!counted.ok || directMeter === null) return counted;
  const rates = meterRatesOf(`the meter of table '${name}'`, directMeter.type, entry.meterConfig);
  if (!rates.ok) return rates;
  const written = state.engine.tableWriteMeter(layout.index, handle, rates.value);
  return written.ok ? DONE : fromEngine(written.error);
}

function writeCounter(
  state: ForwardingState,
  table: TableState,
  handle: StoredEntry['handle'],
  data: CounterData | undefined,
): Outcome<void> {
  if (data === undefined) return DONE;
  const { index } = table.program.layout;
  const written = state.engine.tableWriteCounter(index, handle, counterValueOf(data));
  return written.ok ? DONE : fromEngine(written.error);
}

/** The entries that a request's filter selects, with their tables. Errors: INVALID_ARGUMENT,
 * NOT_FOUND for a table that does not exist. */
export function selectEntries(
  state: ForwardingState,
  filter: TableEntry,
): Outcome<{ readonly table: TableState; readonly stored: StoredEntry }[]> {
  if (filter.tableId === 0) {
    if (filter.match.length !== 0 || filter.action !== undefined || filter.priority !== 0) {
      return invalid('a read of all tables takes no filter by match, action or priority');
    }
    return done([...state.tables.values()].flatMap((table) => selectIn(table, filter, null)));
  }
  const found = findTable(state, filter.tableId);
  if (!found.ok) return found;
  const table = found.value;
  if (filter.match.length === 0) return done(selectIn(table, filter, null));
  if (filter.isDefaultAction) return invalid('the default entry has no match');
  const words = encodeKey(table.program, filter.match);
  return words.ok ? done(selectIn(table, filter, words.value)) : words;
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

function selectIn(table: TableState, filter: TableEntry, words: KeyWords | null) {
  const candidates = filter.isDefaultAction ? [table.defaultEntry] : [...table.entries.values()];
  const selected = candidates.filter(
    (stored) =>
      (words === null || sameKey(stored.words, words)) &&
      (filter.priority === 0 || stored.priority === filter.priority) &&
      hasAction(table, stored, filter.action) &&
      (filter.metadata.length === 0 || Buffer.compare(stored.metadata, filter.metadata) === 0) &&
      [0n, stored.controllerMetadata].includes(filter.controllerMetadata),
  );
  return selected.map((stored) => ({ table, stored }));
}

function sameKey(a: KeyWords, b: KeyWords): boolean {
  return entryKey(a, 0) === entryKey(b, 0);
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

/** Reads the entries that the filter selects; counter_data and meter_config only if it has them. */
export function readTableEntries(state: ForwardingState, filter: TableEntry): Outcome<Entity[]> {
  const selected = selectEntries(state, filter);
  if (!selected.ok) return selected;
  const entities: Entity[] = [];
  for (const { table, stored } of selected.value) {
    const value = entryMessage(table, stored);
    if (filter.counterData !== undefined && table.program.hasDirectCounter) {
      const counter = state.engine.tableReadCounter(table.program.layout.index, stored.handle);
      if (!counter.ok) return fromEngine(counter.error);
      value.counterData = counterDataOf(counter.value);
    }
    const meter = filter.meterConfig === undefined ? done(null) : readMeter(state, table, stored);
    if (!meter.ok) return meter;
    if (meter.value !== null) value.meterConfig = meterConfigOf(meter.value);
    entities.push(create(EntitySchema, { entity: { case: 'tableEntry', value } }));
  }
  return done(entities);
}

/** Null where there is no meter, or no config of it. */
function readMeter(
  state: ForwardingState,
  table: TableState,
  stored: StoredEntry,
): Outcome<MeterRates | null> {
  if (table.program.directMeter === null || stored === table.defaultEntry) return done(null);
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
