/**
 * Updates of plain table entries that follow each other, in one call of the engine: entries of one
 * table with a match, a priority and an action, and nothing else.
 */
import { status } from '@grpc/grpc-js';
import { defaultMessage, errorCodeOf } from '#binding/result';
import type { RowBatch } from '../engine-port.js';
import { ROW_OPERATION, rowWords } from '../engine-port.js';
import type { ItemStatus } from '../errors.js';
import { fail, fromEngine, notFound } from '../errors.js';
import type { RoleScope } from '../session/role-config.js';
import { ownsId } from '../session/role-config.js';
import { rowPlan } from './row-plan.js';
import type { ForwardingState, TableState } from '../state/state.js';
import type { UpdateList } from './update-list.js';

/** Rows that are written in one call. */
const MOST_ROWS = 256;

/** What a table's rows are made with, and in. */
interface Rows {
  readonly plan: Uint32Array;
  readonly batch: Omit<RowBatch, 'count'>;
}

/** Updates that have become rows; good until the next are made. */
export interface TableRun {
  readonly table: TableState;
  readonly batch: RowBatch;
}

const known = new WeakMap<TableState, Rows | null>();

function rowsOf(table: TableState): Rows | null {
  let rows = known.get(table);
  if (rows === undefined) {
    rows = makeRows(table);
    known.set(table, rows);
  }
  return rows;
}

function makeRows({ program, entries }: TableState): Rows | null {
  const plan = rowPlan(program);
  if (plan === null) return null;
  const { shape } = entries;
  const batch = {
    ...shape,
    operations: new Uint8Array(MOST_ROWS),
    rows: new BigUint64Array(MOST_ROWS * rowWords(shape)),
    results: new BigInt64Array(MOST_ROWS),
  };
  return { plan, batch };
}

/** The updates from `from` on as rows, as many as are plain, of one table, and may be written; null: the
 * first is not. */
export function takeRun(
  state: ForwardingState,
  updates: UpdateList,
  from: number,
  scope: RoleScope,
  onlyInserts: boolean,
): TableRun | null {
  const { encoded } = updates;
  const id = updates.tableAt(from);
  const table = id === 0 ? undefined : state.tables.get(id);
  if (encoded === null || table === undefined || !ownsId(scope, id)) return null;
  const rows = rowsOf(table);
  if (rows === null) return null;
  const { operations } = rows.batch;
  const count = state.engine.rowsDecode({
    plan: rows.plan,
    octets: encoded.octets,
    bounds: encoded.bounds.subarray(2 * from, 2 * (from + MOST_ROWS)),
    // What is kept beside an entry changes with it, and a MODIFY takes back its meter's configuration.
    onlyInserts: onlyInserts || table.entries.hasExtras || table.program.directMeter !== null,
    operations,
    rows: rows.batch.rows,
  });
  return count === 0 ? null : { table, batch: { ...rows.batch, count } };
}

/** Writes them; adds their statuses. */
export function writeRun({ table, batch }: TableRun, statuses: ItemStatus[]): void {
  const written = table.entries.write(batch);
  const isAllDone = written.ok && written.value === 0;
  for (let i = 0; i < batch.count; i += 1) {
    if (isAllDone) statuses.push(null);
    else if (!written.ok) statuses.push(fromEngine(written.error).error);
    else statuses.push(rowStatus(table, batch.results[i] ?? 0n));
  }
}

/** Takes entries that a run inserted out again: those with `isDone`. To be made before the next run, and
 * called later; says what became of each update. */
export function undoInserts(
  { table, batch }: TableRun,
  isDone: (row: number) => boolean,
): () => ItemStatus[] {
  const { count } = batch;
  const words = rowWords(batch);
  const rows = new BigUint64Array(count * words);
  const places: number[] = [];
  for (let i = 0; i < count; i += 1) {
    if (!isDone(i)) continue;
    rows.set(batch.rows.subarray(i * words, (i + 1) * words), places.length * words);
    places.push(i);
  }
  return () => {
    const statuses: ItemStatus[] = new Array<ItemStatus>(count).fill(null);
    const operations = new Uint8Array(places.length).fill(ROW_OPERATION.remove);
    const results = new BigInt64Array(places.length);
    const removed = table.entries.write({
      ...{ ...batch, count: places.length, rows, operations, results },
    });
    for (const [i, place] of places.entries()) {
      const result = results[i] ?? 0n;
      const code = result < 0n ? errorCodeOf(Number(result)) : null;
      if (!removed.ok) statuses[place] = fromEngine(removed.error).error;
      // Somebody else has removed it already.
      else if (code !== null && code !== 'NOT_FOUND') statuses[place] = rowStatus(table, result);
    }
    return statuses;
  };
}

/** In the words in which one alone would be refused. */
function rowStatus({ program }: TableState, result: bigint): ItemStatus {
  if (result >= 0n) return null;
  const code = errorCodeOf(Number(result));
  switch (code) {
    case 'EXISTS':
      return fail(status.ALREADY_EXISTS, `table '${program.name}' already has this entry`).error;
    case 'NOT_FOUND':
      return notFound(`table '${program.name}' has no such entry`).error;
    default:
      return fromEngine({ code, message: defaultMessage(code) }).error;
  }
}
