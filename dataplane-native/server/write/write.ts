/** The Write RPC's batch (specification 1.5, section "Write RPC"), once its sender is accepted. */
import { status } from '@grpc/grpc-js';
import type { Entity, Update } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { writeProfileGroup, writeProfileMember } from '../entities/action-profile.js';
import { writeCounterEntry, writeDirectCounterEntry } from '../entities/counter.js';
import { noExtern } from '../entities/extern.js';
import { writeDigestEntry } from '../entities/digest-entry.js';
import { writeDirectMeterEntry, writeMeterEntry } from '../entities/meter.js';
import { writeRegisterEntry } from '../entities/register.js';
import { writeReplication } from '../entities/replication.js';
import { writeTableEntry } from '../entities/table-entry.js';
import { writeValueSetEntry } from '../entities/value-set.js';
import type { ItemStatus, Outcome, P4Error } from '../errors.js';
import { invalid } from '../errors.js';
import type { RoleScope } from '../session/role-config.js';
import { mayWriteEntity } from '../session/role-config.js';
import { snapshot } from './snapshot.js';
import type { ForwardingState } from '../state/state.js';
import type { TableRun } from './table-run.js';
import { takeRun, undoInserts, writeRun } from './table-run.js';
import { UpdateList } from './update-list.js';
import type { WriteType } from './write-type.js';

/** Something long that is done part by part; each says how much it was, in rows. */
export type Work = Generator<number, void>;

/** An update that goes alone takes as long as so many rows. */
const ALONE = 8;

const DENIED = {
  code: status.PERMISSION_DENIED,
  message: 'this is not in the scope of the client’s role',
} as const;
const OTHER_DENIED = {
  code: status.ABORTED,
  message: 'not applied: another update of the batch is not in the scope of the client’s role',
} as const;

/** Does all of it at once. */
export function complete(work: Work): void {
  while (work.next().done !== true);
}

/** Tries every update, in order, whatever becomes of the others (CONTINUE_ON_ERROR). */
export function writeUpdates(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
  const statuses: ItemStatus[] = [];
  complete(writeEach(state, UpdateList.ofMessages(updates), null, statuses));
  return statuses;
}

/** The same of those that the role may write; adds each status as it comes. */
export function* writeEach(
  state: ForwardingState,
  updates: UpdateList,
  scope: RoleScope,
  statuses: ItemStatus[],
): Work {
  while (statuses.length < updates.length) {
    const at = statuses.length;
    const run = takeRun(state, updates, at, scope, false);
    if (run !== null) {
      writeRun(run, statuses);
      yield run.batch.count;
      continue;
    }
    const update = updates.at(at);
    if (update === null) statuses.push(MALFORMED.error);
    else if (!mayWriteEntity(scope, update.entity)) statuses.push(DENIED);
    else statuses.push(statusOf(writeUpdate(state, update)));
    yield ALONE;
  }
}

/** An update, or several in a row, that can be undone; `failed` is the number of the one that failed. */
interface Step {
  readonly from: number;
  readonly undo: (failed: number) => readonly ItemStatus[];
}

/**
 * Applies all updates, in order, or none (ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC): at the first that fails,
 * what was done is undone, the last first. The others then have the status ABORTED, since none of them
 * is in force. Adds the statuses when all is over.
 */
export function* writeAllOrNone(
  state: ForwardingState,
  updates: UpdateList,
  scope: RoleScope,
  statuses: ItemStatus[],
): Work {
  if (yield* isDenied(updates, scope, statuses)) return;
  const steps: Step[] = [];
  const tried: ItemStatus[] = [];
  while (tried.length < updates.length) {
    const from = tried.length;
    const run = takeRun(state, updates, from, null, true);
    if (run === null) steps.push(tryOne(state, updates, tried));
    else steps.push(tryInserts(run, tried));
    for (let i = from; i < tried.length; i += 1) {
      const error = tried[i] ?? null;
      if (error === null) continue;
      yield* rollBack(steps, updates.length, i, error, statuses);
      return;
    }
    yield run?.batch.count ?? ALONE;
  }
  for (const item of tried) statuses.push(item);
}

function tryOne(state: ForwardingState, updates: UpdateList, tried: ItemStatus[]): Step {
  const from = tried.length;
  const update = updates.at(from);
  if (update === null) {
    tried.push(MALFORMED.error);
    return { from, undo: () => [] };
  }
  const restore = snapshot(state, update, writeEntity);
  tried.push(statusOf(writeUpdate(state, update)));
  return { from, undo: (failed) => [statusOf(restore(from !== failed))] };
}

function tryInserts(run: TableRun, tried: ItemStatus[]): Step {
  const from = tried.length;
  writeRun(run, tried);
  return { from, undo: undoInserts(run, (row) => tried[from + row] === null) };
}

/** Whether an update is outside the scope; their statuses then. */
function* isDenied(
  updates: UpdateList,
  scope: RoleScope,
  statuses: ItemStatus[],
): Generator<number, boolean> {
  if (scope === null) return false;
  let found = false;
  const all: ItemStatus[] = [];
  for (let i = 0; i < updates.length; i += 1) {
    const update = updates.at(i);
    const denied = update !== null && !mayWriteEntity(scope, update.entity);
    found ||= denied;
    all.push(denied ? DENIED : OTHER_DENIED);
    yield 1;
  }
  if (found) for (const item of all) statuses.push(item);
  return found;
}

function* rollBack(
  steps: readonly Step[],
  count: number,
  failed: number,
  error: P4Error,
  statuses: ItemStatus[],
): Work {
  const message = `not applied: update ${failed} of the batch failed`;
  const all = Array.from({ length: count }, (_, i) =>
    i === failed ? error : { code: status.ABORTED, message },
  );
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const { from, undo } = steps[at] ?? NO_STEP;
    const undone = undo(failed);
    for (const [i, wrong] of undone.entries()) {
      if (wrong === null) continue;
      const text = `in force, since it could not be undone: ${wrong.message}`;
      all[from + i] = { code: status.INTERNAL, message: text };
    }
    yield Math.max(ALONE, undone.length);
  }
  for (const item of all) statuses.push(item);
}

const NO_STEP: Step = { from: 0, undo: () => [] };
const MALFORMED = invalid('the update is not a well-formed message');

function statusOf(written: Outcome<void>): ItemStatus {
  return written.ok ? null : written.error;
}

function writeUpdate(state: ForwardingState, update: Update): Outcome<void> {
  const { type } = update;
  switch (type) {
    case Update_Type.INSERT:
    case Update_Type.MODIFY:
    case Update_Type.DELETE:
      return writeEntity(state, type, update.entity?.entity ?? { case: undefined });
    case Update_Type.UNSPECIFIED:
    default:
      return invalid("the update's type is not INSERT, MODIFY or DELETE");
  }
}

function writeEntity(
  state: ForwardingState,
  type: WriteType,
  entity: Entity['entity'],
): Outcome<void> {
  switch (entity.case) {
    case 'tableEntry':
      return writeTableEntry(state, type, entity.value);
    case 'counterEntry':
      return writeCounterEntry(state, type, entity.value);
    case 'directCounterEntry':
      return writeDirectCounterEntry(state, type, entity.value);
    case 'packetReplicationEngineEntry':
      return writeReplication(state, type, entity.value);
    case 'registerEntry':
      return writeRegisterEntry(state, type, entity.value);
    case 'digestEntry':
      return writeDigestEntry(state, type, entity.value);
    case 'actionProfileMember':
      return writeProfileMember(state, type, entity.value);
    case 'actionProfileGroup':
      return writeProfileGroup(state, type, entity.value);
    case 'meterEntry':
      return writeMeterEntry(state, type, entity.value);
    case 'directMeterEntry':
      return writeDirectMeterEntry(state, type, entity.value);
    case 'valueSetEntry':
      return writeValueSetEntry(state, type, entity.value);
    case 'externEntry':
      return noExtern(entity.value);
    case undefined:
    default:
      return invalid('the entity is empty or of a kind that this server does not know');
  }
}
