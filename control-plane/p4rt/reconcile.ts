/** The updates that turn a switch's state into the desired one, and no others. Pure. */
import { clone, create } from '@bufbuild/protobuf';
import {
  EntitySchema,
  UpdateSchema,
  Update_Type,
  type Entity,
  type Update,
} from '#protos/p4/v1/p4runtime_pb';
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
 * is as it should be is not touched: frames that use it see nothing. A meter that is not desired is
 * written back to what it was before the first config.
 */
export function reconcile(desired: readonly Entity[], actual: readonly Entity[]): Update[] {
  const wanted = new Set(desired.map(entityKey));
  const present = new Map(actual.map((entity) => [entityKey(entity), entity]));
  const updates: Update[] = [];
  for (const [key, entity] of present) {
    if (wanted.has(key)) continue;
    if (!isAlwaysThere(entity)) updates.push(remove(entity));
    else if (isConfiguredMeter(entity)) updates.push(modify(withoutConfig(entity)));
  }
  for (const entity of desired) {
    const existing = present.get(entityKey(entity));
    if (existing === undefined)
      updates.push(isAlwaysThere(entity) ? modify(entity) : insert(entity));
    else if (entityContent(existing) !== entityContent(entity)) updates.push(modify(entity));
  }
  return updates;
}

/** Default entries (9.1) and meters (9.4) are modified, never inserted nor deleted. */
function isAlwaysThere({ entity }: Entity): boolean {
  return (
    entity.case === 'meterEntry' || (entity.case === 'tableEntry' && entity.value.isDefaultAction)
  );
}

function isConfiguredMeter({ entity }: Entity): boolean {
  return entity.case === 'meterEntry' && entity.value.config !== undefined;
}

/** Written without a config, a meter marks every frame green, as before the first one. */
function withoutConfig(entity: Entity): Entity {
  const bare = clone(EntitySchema, entity);
  if (bare.entity.case === 'meterEntry') delete bare.entity.value.config;
  return bare;
}
