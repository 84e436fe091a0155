/** The Write RPC's batch (specification 1.5, section "Write RPC"), once its sender is accepted. */
import { status } from '@grpc/grpc-js';
import type { Entity, Update } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { writeProfileGroup, writeProfileMember } from './entities/action-profile.js';
import { writeCounterEntry, writeDirectCounterEntry } from './entities/counter.js';
import { writeDigestEntry } from './entities/digest-entry.js';
import { writeDirectMeterEntry, writeMeterEntry } from './entities/meter.js';
import { writeRegisterEntry } from './entities/register.js';
import { writeReplication } from './entities/replication.js';
import { writeTableEntry } from './entities/table-entry.js';
import { writeValueSetEntry } from './entities/value-set.js';
import type { ItemStatus, Outcome, P4Error } from './errors.js';
import { invalid } from './errors.js';
import type { Restore } from './snapshot.js';
import { snapshot } from './snapshot.js';
import { writeTableRun } from './table-run.js';
import type { ForwardingState } from './state.js';
import { unimplemented } from './unimplemented.js';
import type { WriteType } from './write-type.js';

/** Tries every update, in order, whatever becomes of the others (CONTINUE_ON_ERROR). */
export function writeUpdates(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
  const statuses: ItemStatus[] = [];
  while (statuses.length < updates.length) writeSome(state, updates, statuses);
  return statuses;
}

/** Tries the next update, and with it those that can go in the same call of the engine; adds their
 * statuses. */
export function writeSome(
  state: ForwardingState,
  updates: readonly Update[],
  statuses: ItemStatus[],
): void {
  const run = writeTableRun(state, updates, statuses.length);
  for (const item of run) statuses.push(item);
  const update = updates[statuses.length];
  if (run.length > 0 || update === undefined) return;
  const written = writeUpdate(state, update);
  statuses.push(written.ok ? null : written.error);
}

/**
 * Applies all updates, in order, or none (ROLLBACK_ON_ERROR): at the first that fails, what was done
 * is undone, the last first. The others then have the status ABORTED, since none of them is in force.
 */
export function writeAllOrNone(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
  const restores: Restore[] = [];
  for (const [i, update] of updates.entries()) {
    restores.push(snapshot(state, update, writeEntity));
    const written = writeUpdate(state, update);
    if (!written.ok) return rollBack(restores, updates.length, i, written.error);
  }
  return updates.map(() => null);
}

function rollBack(
  restores: readonly Restore[],
  count: number,
  failed: number,
  error: P4Error,
): ItemStatus[] {
  const message = `not applied: update ${failed} of the batch failed`;
  const statuses: ItemStatus[] = Array.from({ length: count }, (_, i) =>
    i === failed ? error : { code: status.ABORTED, message },
  );
  for (const [i, restore] of [...restores.entries()].reverse()) {
    const restored = restore(i !== failed);
    if (restored.ok) continue;
    const text = `in force, since it could not be undone: ${restored.error.message}`;
    statuses[i] = { code: status.INTERNAL, message: text };
  }
  return statuses;
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
      return unimplemented('externs');
    case undefined:
    default:
      return invalid('the entity is empty or of a kind that this server does not know');
  }
}
