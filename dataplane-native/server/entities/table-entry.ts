/** TableEntry (specification 1.5, section "TableEntry"): what a write does. */
import { status } from '@grpc/grpc-js';
import type { CounterData, TableAction, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { ActionUse } from '../program/action-scope.js';
import { mayBeUsed, useText } from '../program/action-scope.js';
import type { Outcome } from '../errors.js';
import { DONE, denied, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import type { KeyWords } from '../state/match.js';
import { encodeArgs, encodeKey } from '../state/match.js';
import type { TableProgram } from '../program/program.js';
import type {
  ForwardingState,
  ProfileState,
  Reference,
  StoredAction,
  StoredEntry,
  TableState,
} from '../state/state.js';
import { initialDefault } from '../state/state.js';
import type { WriteType } from '../write/write-type.js';
import { acquireReference, referenceAction, releaseReference } from './action-reference.js';
import { checkCounterData, counterValueOf } from './counter-data.js';
import { checkMeterCounts, meterRatesOf } from './meter-config.js';

/** Writes an entry, the default one included. */
export function writeTableEntry(
  state: ForwardingState,
  type: WriteType,
  entry: TableEntry,
): Outcome<void> {
  const found = findTable(state, entry.tableId);
  if (!found.ok) return found;
  const table = found.value;
  if (entry.isConst) return invalid('is_const must be false in a write');
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
  return done({ words: words.value, priority });
}

/** Attributes that are wrong whatever the entry. */
function checkAttributes(table: TableState, entry: TableEntry): Outcome<void> {
  const { program } = table;
  const idle = checkIdle(program, entry);
  if (!idle.ok) return idle;
  const meter = checkMeter(program, entry);
  if (!meter.ok) return meter;
  if (entry.counterData !== undefined && !program.hasDirectCounter) {
    return invalid(`table '${program.name}' has no direct counter`);
  }
  return checkCounterData(entry.counterData);
}

function checkIdle({ name, layout }: TableProgram, entry: TableEntry): Outcome<void> {
  const { idleTimeoutNs, timeSinceLastHit, isDefaultAction } = entry;
  if (timeSinceLastHit !== undefined) return invalid('time_since_last_hit is only read');
  if (idleTimeoutNs === 0n) return DONE;
  if (!layout.supportsTimeout) return invalid(`table '${name}' does not support idle timeout`);
  if (isDefaultAction) return invalid('the default entry does not time out');
  return idleTimeoutNs < 0n ? invalid('idle_timeout_ns is negative') : DONE;
}

/** An entry's time begins anew with every write of it. */
function setTimeout(
  state: ForwardingState,
  { program }: TableState,
  handle: StoredEntry['handle'],
  { idleTimeoutNs }: TableEntry,
): Outcome<void> {
  const { index, supportsTimeout } = program.layout;
  if (!supportsTimeout) return DONE;
  const set = state.engine.tableSetTimeout(index, handle, idleTimeoutNs);
  return set.ok ? DONE : fromEngine(set.error);
}

function checkMeter(program: TableProgram, entry: TableEntry): Outcome<void> {
  if (entry.meterConfig === undefined && entry.meterCounterData === undefined) return DONE;
  if (program.directMeter === null) {
    return invalid(`table '${program.name}' has no direct meter`);
  }
  const what = `the meter of table '${program.name}'`;
  const rates = meterRatesOf(what, program.directMeter.type, entry.meterConfig);
  return rates.ok ? checkMeterCounts(what, entry.meterCounterData) : rates;
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
  use: ActionUse,
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
  if (!mayBeUsed(chosen.scope, use)) {
    return denied(`action '${chosen.name}' cannot be used ${useText(use)} of '${program.name}'`);
  }
  const args = encodeArgs(chosen, type.value);
  if (!args.ok) return args;
  const called = { action: chosen.layout.index, args: args.value };
  return done({ action: called, reference: null });
}

function insert(
  state: ForwardingState,
  table: TableState,
  { words, priority }: Located,
  entry: TableEntry,
): Outcome<void> {
  const { program } = table;
  if (program.isConst) return denied(`table '${program.name}' is constant`);
  if (entry.action === undefined) return invalid('an INSERT needs an action');
  const chosen = chooseAction(state, table, entry.action, 'entry');
  if (!chosen.ok) return chosen;
  const { action, reference } = chosen.value;
  const extra = { ...extraOf(entry), reference };
  const inserted = table.entries.insert({ ...words, priority, ...action }, extra);
  if (!inserted.ok) {
    release(state, table, reference);
    return inserted.error.code === 'EXISTS'
      ? fail(status.ALREADY_EXISTS, `table '${program.name}' already has this entry`)
      : fromEngine(inserted.error);
  }
  const timed = setTimeout(state, table, inserted.value, entry);
  return timed.ok ? writeResources(state, table, inserted.value, entry) : timed;
}

/** Copies: a view of the whole request otherwise, which would live as long as the entry. */
function extraOf({ metadata, controllerMetadata, idleTimeoutNs }: TableEntry) {
  return { metadata: metadata.slice(), controllerMetadata, idleTimeoutNs };
}

function modify(
  state: ForwardingState,
  table: TableState,
  { words, priority }: Located,
  entry: TableEntry,
): Outcome<void> {
  const { program } = table;
  const old = table.entries.get(words, priority);
  if (entry.action !== undefined && program.isConst) {
    return denied(`the entries of table '${program.name}' are constant`);
  }
  if (old === undefined) return notFound(`table '${program.name}' has no such entry`);
  const { handle } = old;
  if (old.isConst) return writeResources(state, table, handle, entry);
  let { reference } = old;
  if (entry.action !== undefined) {
    const chosen = chooseAction(state, table, entry.action, 'entry');
    if (!chosen.ok) return chosen;
    const modified = table.entries.modify(handle, chosen.value.action);
    if (!modified.ok) {
      release(state, table, chosen.value.reference);
      return fromEngine(modified.error);
    }
    release(state, table, reference);
    ({ reference } = chosen.value);
  }
  table.entries.setExtra(handle, { ...extraOf(entry), reference });
  const timed = setTimeout(state, table, handle, entry);
  return timed.ok ? writeResources(state, table, handle, entry) : timed;
}

function remove(
  state: ForwardingState,
  table: TableState,
  { words, priority }: Located,
): Outcome<void> {
  const { program } = table;
  if (program.isConst) return denied(`the entries of table '${program.name}' are constant`);
  const old = table.entries.get(words, priority);
  if (old === undefined) return notFound(`table '${program.name}' has no such entry`);
  const removed = table.entries.remove(old.handle);
  if (!removed.ok) return fromEngine(removed.error);
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
    const chosen = chooseAction(state, table, entry.action, 'default');
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
  return writeResources(state, table, reset.handle, entry);
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
  if (!written.ok) return fromEngine(written.error);
  if (entry.meterCounterData === undefined) return DONE;
  const reset = state.engine.tableResetMeterCounts(layout.index, handle);
  return reset.ok ? DONE : fromEngine(reset.error);
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
