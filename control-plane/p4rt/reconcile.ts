/** The updates that turn a switch's state into the desired one, and no others. Pure. */
import { create } from '@bufbuild/protobuf';
import { UpdateSchema, Update_Type, type Entity, type Update } from '#protos/p4/v1/p4runtime_pb';
import { entityContent, entityKey } from './identity.js';

export type { Update };

export function insert(entity: Entity): Update {
  return create(UpdateSchema, { type: Update_Type.INSERT, entity });
}

export function modify(entity: Entity): Update {
  return create(UpdateSchema, { type: Update_Type.MODIFY, entity });
}

export function remove(entity: Entity): Update {
  return create(UpdateSchema, { type: Update_Type.DELETE, entity });
}

/**
 * Deletes come first, so that a full table has room again; then what is desired, in its order. What
 * is as it should be is not touched: frames that use it see nothing.
 */
export function reconcile(desired: readonly Entity[], actual: readonly Entity[]): Update[] {
  const wanted = new Set(desired.map(entityKey));
  const present = new Map(actual.map((entity) => [entityKey(entity), entity]));
  const updates: Update[] = [];
  for (const [key, entity] of present) {
    if (!wanted.has(key) && !isDefaultEntry(entity)) updates.push(remove(entity));
  }
  for (const entity of desired) {
    const existing = present.get(entityKey(entity));
    if (existing === undefined)
      updates.push(isDefaultEntry(entity) ? modify(entity) : insert(entity));
    else if (entityContent(existing) !== entityContent(entity)) updates.push(modify(entity));
  }
  return updates;
}

/** It is always there: P4Runtime wants it modified, never inserted nor deleted (9.1). */
function isDefaultEntry({ entity }: Entity): boolean {
  return entity.case === 'tableEntry' && entity.value.isDefaultAction;
}
