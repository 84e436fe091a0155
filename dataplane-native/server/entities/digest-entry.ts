/** DigestEntry (specification 1.5, section of that name): how digests are sent. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { DigestEntry, Entity } from '#protos/p4/v1/p4runtime_pb';
import {
  DigestEntry_ConfigSchema,
  DigestEntrySchema,
  EntitySchema,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid, notFound } from '../errors.js';
import type { ForwardingState } from '../state/state.js';
import type { WriteType } from '../write/write-type.js';

export function writeDigestEntry(
  state: ForwardingState,
  type: WriteType,
  entry: DigestEntry,
): Outcome<void> {
  const id = entry.digestId;
  if (id === 0) return invalid('digest_id is not set');
  const digest = state.program.digests.get(id);
  if (digest === undefined) return notFound(`no digest has the id ${id}`);
  const what = `digest '${digest.layout.name}'`;
  const exists = state.digests.has(id);
  if (type === Update_Type.INSERT && exists) {
    return fail(status.ALREADY_EXISTS, `${what} is already enabled`);
  }
  if (type !== Update_Type.INSERT && !exists) return notFound(`${what} is not enabled`);
  if (type === Update_Type.DELETE) {
    state.digests.delete(id);
    return DONE;
  }
  const config = entry.config ?? create(DigestEntry_ConfigSchema);
  if (config.maxTimeoutNs < 0n || config.ackTimeoutNs < 0n || config.maxListSize < 0) {
    return invalid(`${what}: max_timeout_ns, ack_timeout_ns and max_list_size cannot be negative`);
  }
  state.digests.set(id, config);
  return DONE;
}

export function readDigestEntries(state: ForwardingState, filter: DigestEntry): Outcome<Entity[]> {
  const id = filter.digestId;
  if (id !== 0 && !state.program.digests.has(id)) return notFound(`no digest has the id ${id}`);
  const selected = [...state.digests].filter(([key]) => id === 0 || key === id);
  return done(
    selected.map(([digestId, config]) => {
      const value = create(DigestEntrySchema, { digestId, config });
      return create(EntitySchema, { entity: { case: 'digestEntry', value } });
    }),
  );
}
