/** A batch of a role that has a part of the pipeline: updates outside it are not tried. */
import { status } from '@grpc/grpc-js';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import { WriteRequest_Atomicity as Atomicity } from '#protos/p4/v1/p4runtime_pb';
import type { ItemStatus } from './errors.js';
import type { RoleScope } from './role-config.js';
import { mayWriteEntity } from './role-config.js';

const DENIED = {
  code: status.PERMISSION_DENIED,
  message: 'this is not in the scope of the client’s role',
} as const;
const ABORTED = {
  code: status.ABORTED,
  message: 'not applied: another update of the batch is not in the scope of the client’s role',
} as const;

/** The status of each update: PERMISSION_DENIED, or what `write` says of it. */
export async function writeInScope(
  scope: RoleScope,
  updates: readonly Update[],
  atomicity: Atomicity,
  write: (allowed: readonly Update[]) => Promise<ItemStatus[]>,
): Promise<ItemStatus[]> {
  if (scope === null) return write(updates);
  const isAllowed = updates.map(({ entity }) => mayWriteEntity(scope, entity));
  if (!isAllowed.includes(false)) return write(updates);
  if (atomicity !== Atomicity.CONTINUE_ON_ERROR) {
    return isAllowed.map((allowed) => (allowed ? ABORTED : DENIED));
  }
  const statuses = await write(updates.filter((_, i) => isAllowed[i] === true));
  let next = 0;
  return isAllowed.map((allowed) => {
    if (!allowed) return DENIED;
    next += 1;
    return statuses[next - 1] ?? null;
  });
}
