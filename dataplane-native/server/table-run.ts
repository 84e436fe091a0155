/**
 * Updates of plain table entries that follow each other, in one call of the engine: entries of one
 * direct table with a match, a priority and an action, and nothing else.
 */
import { status } from '@grpc/grpc-js';
import { ActionRef_Scope } from '#protos/p4/config/v1/p4info_pb';
import type { TableEntry, Update } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { defaultMessage, errorCodeOf } from '#binding/result';
import { ROW_OPERATION } from './engine-port.js';
import type { ItemStatus } from './errors.js';
import { fail, fromEngine, notFound } from './errors.js';
import { BATCH_ROWS, RowWriter } from './row-writer.js';
import type { ForwardingState, TableState } from './state.js';

const writers = new WeakMap<TableState, RowWriter | null>();

function writerOf(table: TableState): RowWriter | null {
  const known = writers.get(table);
  if (known !== undefined) return known;
  const { isConst, directMeter } = table.program;
  // A write takes back the meter's configuration: more than a row says.
  const writer = isConst || directMeter !== null ? null : RowWriter.of(table.program);
  writers.set(table, writer);
  return writer;
}

/** The plain entry that an update writes; null: it is something else. */
function plainEntry({ type, entity }: Update): TableEntry | null {
  const it = entity?.entity;
  if (it?.case !== 'tableEntry') return null;
  const entry = it.value;
  if (type === Update_Type.DELETE) return entry.isDefaultAction ? null : entry;
  if (type !== Update_Type.INSERT && type !== Update_Type.MODIFY) return null;
  const isPlain =
    entry.action?.type.case === 'action' &&
    !entry.isDefaultAction &&
    !entry.isConst &&
    entry.metadata.length === 0 &&
    entry.controllerMetadata === 0n &&
    entry.idleTimeoutNs === 0n &&
    entry.timeSinceLastHit === undefined &&
    entry.counterData === undefined &&
    entry.meterConfig === undefined &&
    entry.meterCounterData === undefined;
  return isPlain ? entry : null;
}

/** Writes row `at`; false: the update has to go the long way. */
function putRow(
  writer: RowWriter,
  { program, entries }: TableState,
  at: number,
  type: Update_Type,
  entry: TableEntry,
): boolean {
  const { priority } = entry;
  if (program.needsPriority ? priority <= 0 : priority !== 0) return false;
  // What is kept beside an entry changes with it.
  if (type !== Update_Type.INSERT && entries.hasExtras) return false;
  if (!writer.putKey(at, entry.match, priority)) return false;
  writer.operations[at] = OPERATIONS[type as keyof typeof OPERATIONS];
  if (type === Update_Type.DELETE) return true;
  if (entry.action?.type.case !== 'action') return false;
  const call = entry.action.type.value;
  const action = program.actionsById.get(call.actionId);
  if (action === undefined || action.scope === ActionRef_Scope.DEFAULT_ONLY) return false;
  return writer.putAction(at, action, call);
}

const OPERATIONS = {
  [Update_Type.INSERT]: ROW_OPERATION.insert,
  [Update_Type.MODIFY]: ROW_OPERATION.modify,
  [Update_Type.DELETE]: ROW_OPERATION.remove,
} as const;

/**
 * Writes the updates from `from` on, as long as they are plain and of one table. Returns their
 * statuses: none where the first of them is not plain.
 */
export function writeTableRun(
  state: ForwardingState,
  updates: readonly Update[],
  from: number,
): ItemStatus[] {
  const first = updates[from];
  const entry = first === undefined ? null : plainEntry(first);
  const table = entry === null ? undefined : state.tables.get(entry.tableId);
  const writer = table === undefined ? null : writerOf(table);
  if (table === undefined || writer === null) return [];
  let count = 0;
  for (; count < BATCH_ROWS; count += 1) {
    const update = updates[from + count];
    const next = update === undefined ? null : plainEntry(update);
    if (update === undefined || next === null || next.tableId !== table.program.id) break;
    if (!putRow(writer, table, count, update.type, next)) break;
  }
  return count === 0 ? [] : writeRows(table, writer, count);
}

function writeRows(table: TableState, writer: RowWriter, count: number): ItemStatus[] {
  const { shape, operations, rows, results } = writer;
  const batch = { ...shape, count, operations, rows, results };
  const written = table.entries.write(batch);
  return Array.from({ length: count }, (_, i) => {
    if (!written.ok) return fromEngine(written.error).error;
    const result = results[i] ?? 0n;
    return result >= 0n ? null : rowError(table, Number(result));
  });
}

/** In the words in which one alone would be refused. */
function rowError({ program }: TableState, result: number): ItemStatus {
  const code = errorCodeOf(result);
  switch (code) {
    case 'EXISTS':
      return fail(status.ALREADY_EXISTS, `table '${program.name}' already has this entry`).error;
    case 'NOT_FOUND':
      return notFound(`table '${program.name}' has no such entry`).error;
    default:
      return fromEngine({ code, message: defaultMessage(code) }).error;
  }
}
