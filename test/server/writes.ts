/** Batches that are written at once, to a state of one's own. */
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import type { ItemStatus } from '#server/errors';
import type { ForwardingState } from '#server/state/state';
import { UpdateList } from '#server/write/update-list';
import { complete, writeAllOrNone as allOrNone, writeEach } from '#server/write/write';

export function writeAllOrNone(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
  const statuses: ItemStatus[] = [];
  complete(allOrNone(state, UpdateList.ofMessages(updates), null, statuses));
  return statuses;
}

/** The same of updates as a client sends them, of which some are rows then. */
export function writeEncodedAllOrNone(
  state: ForwardingState,
  updates: readonly Update[],
): ItemStatus[] {
  const statuses: ItemStatus[] = [];
  complete(allOrNone(state, UpdateList.encode(updates), null, statuses));
  return statuses;
}

export function writeEncoded(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
  const statuses: ItemStatus[] = [];
  complete(writeEach(state, UpdateList.encode(updates), null, statuses));
  return statuses;
}
