/** Brings a switch to the desired state, over a session. */
import { KEYLESS_TABLES, LEDGER_METER, PUNT_METER, TABLES } from '#dataplane/program';
import { wildcardDefault, wildcardReplication, wildcardTable, type Entity } from '#p4rt/entities';
import { wildcardMeter } from '#p4rt/meters';
import type { P4InfoIndex } from '#p4rt/p4info';
import { reconcile, type Update } from '#p4rt/reconcile';
import type { P4rtSession } from '#p4rt/session';
import { settle, type RefusedUpdate } from '#p4rt/settle';
import { codeName } from '#p4rt/write-errors';
import { failure, success, type Result } from '#units/result';
import type { Pipeline } from './artefacts.js';

/** The updates that the switch refused for good, if all others were taken. */
export type Written = Result<readonly RefusedUpdate[]>;

/** Writes updates, and those that no longer fit the switch's state by the other operation. */
export async function writeUpdates(
  session: P4rtSession,
  updates: readonly Update[],
): Promise<Written> {
  if (updates.length === 0) return success([]);
  const first = await session.write(updates);
  if (first.ok) return success([]);
  if (first.error.outcomes === null) return failure(first.error.code, first.error.message);
  const { retry, refused } = settle(updates, first.error.outcomes);
  if (retry.length === 0) return success(refused);
  const second = await session.write(retry);
  if (second.ok) return success(refused);
  if (second.error.outcomes === null) return failure(second.error.code, second.error.message);
  const again = settle(retry, second.error.outcomes);
  const still = again.retry.map((update) => ({
    update,
    outcome: { code: 2, message: 'the switch says both that it exists and that it does not' },
  }));
  return success([...refused, ...again.refused, ...still]);
}

export function refusalText({ outcome }: RefusedUpdate): string {
  return `${codeName(outcome.code)}: ${outcome.message}`;
}

/** Whether the pipeline was pushed, and what the switch holds of ours now. */
export interface Prepared {
  readonly pushed: boolean;
  readonly actual: readonly Entity[];
}

/**
 * Makes the switch run `pipeline`. One that runs it already keeps its entries, so that an agent's
 * restart disturbs no frame; any other forgets everything.
 */
export async function preparePipeline(
  session: P4rtSession,
  pipeline: Pipeline,
): Promise<Result<Prepared>> {
  const cookie = await session.pipelineCookie();
  if (!cookie.ok) return cookie;
  if (cookie.value === pipeline.cookie) {
    const actual = await readState(session, pipeline.index);
    return actual.ok ? success({ pushed: false, actual: actual.value }) : actual;
  }
  const set = await session.setPipeline(pipeline.config);
  return set.ok ? success({ pushed: true, actual: [] }) : set;
}

/** All entries of our tables, what tables without a key do, meters, groups and clone sessions. */
async function readState(session: P4rtSession, index: P4InfoIndex): Promise<Result<Entity[]>> {
  const wanted: Entity[] = wildcardReplication();
  const keyless = new Set<number>();
  for (const name of KEYLESS_TABLES) {
    const table = index.tables.byName(name);
    if (table.ok) keyless.add(table.value.id);
  }
  const requests = [
    ...TABLES.map((table) => wildcardTable(index, table)),
    ...KEYLESS_TABLES.map((table) => wildcardDefault(index, table)),
    wildcardMeter(index, PUNT_METER.name),
    wildcardMeter(index, LEDGER_METER),
  ];
  for (const request of requests) {
    if (!request.ok) return failure(request.error.code, request.error.message);
    wanted.push(request.value);
  }
  const read = await session.read(wanted);
  if (!read.ok) return read;
  return success(read.value.filter((entity) => isOurs(entity, keyless)));
}

/** The default entry of a table with a key is the program's own. */
function isOurs({ entity }: Entity, keyless: ReadonlySet<number>): boolean {
  if (entity.case !== 'tableEntry') return true;
  return !entity.value.isDefaultAction || keyless.has(entity.value.tableId);
}

export function updatesFor(desired: readonly Entity[], prepared: Prepared): Update[] {
  return reconcile(desired, prepared.actual);
}
