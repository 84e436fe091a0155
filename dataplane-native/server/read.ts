/** The Read RPC (specification 1.5, section "Read RPC"). */
import { create } from '@bufbuild/protobuf';
import type { Entity, ReadResponse } from '#protos/p4/v1/p4runtime_pb';
import { ReadResponseSchema } from '#protos/p4/v1/p4runtime_pb';
import { readProfileGroups, readProfileMembers } from './entities/action-profile.js';
import {
  readCounterEntries,
  readCounterRun,
  readDirectCounterEntries,
} from './entities/counter.js';
import { noExtern } from './entities/extern.js';
import { readDigestEntries } from './entities/digest-entry.js';
import { readDirectMeterEntries, readMeterEntries } from './entities/meter.js';
import { readRegisterEntries } from './entities/register.js';
import { readReplication } from './entities/replication.js';
import { readTableEntries } from './entities/table-read.js';
import { readValueSetEntries } from './entities/value-set.js';
import type { ItemStatus, Outcome } from './errors.js';
import { done, invalid } from './errors.js';
import type { ForwardingState } from './state/state.js';

export interface ReadResult {
  /** Of the requests that were valid, in their order. */
  readonly entities: readonly Entity[];
  /** One for each request. */
  readonly statuses: readonly ItemStatus[];
}

/** The same, as it is asked for: table entries are as they are at that moment, all else as it is when
 * its request's turn comes. `statuses` is whole when `entities` has ended. */
export interface StartedRead {
  readonly entities: Iterable<Entity>;
  readonly statuses: readonly ItemStatus[];
}

/** Reads all requests of a batch, in their order. */
export function readEntities(state: ForwardingState, requests: readonly Entity[]): ReadResult {
  const { entities, statuses } = startRead(state, requests);
  return { entities: [...entities], statuses };
}

export function startRead(state: ForwardingState, requests: readonly Entity[]): StartedRead {
  const statuses: ItemStatus[] = [];
  return { entities: readEach(state, requests, statuses), statuses };
}

function* readEach(
  state: ForwardingState,
  requests: readonly Entity[],
  statuses: ItemStatus[],
): Generator<Entity> {
  for (let at = 0; at < requests.length; at = statuses.length) {
    const count = counterRun(requests, at);
    const first = requests[at]?.entity;
    const run =
      count > 1 && first?.case === 'counterEntry'
        ? readCounterRun(state, first.value, count)
        : null;
    if (run?.ok === true) {
      for (let i = 0; i < count; i += 1) statuses.push(null);
      yield* run.value;
      continue;
    }
    for (const { entity } of requests.slice(at, at + count)) {
      const read = readEntity(state, entity);
      statuses.push(read.ok ? null : read.error);
      if (read.ok) yield* read.value;
    }
  }
}

/** How many requests from `at` on ask for neighbouring cells of one counter. Each call of the engine
 * holds up its packet loop for a moment, so these become one. */
function counterRun(requests: readonly Entity[], at: number): number {
  const first = requests[at]?.entity;
  if (first?.case !== 'counterEntry' || first.value.index === undefined) return 1;
  const { counterId, index } = first.value;
  let count = 1;
  for (;;) {
    const next = requests[at + count]?.entity;
    const follows =
      next?.case === 'counterEntry' &&
      next.value.counterId === counterId &&
      next.value.index?.index === index.index + BigInt(count);
    if (!follows) return count;
    count += 1;
  }
}

function readEntity(state: ForwardingState, request: Entity['entity']): Outcome<Iterable<Entity>> {
  switch (request.case) {
    case 'tableEntry':
      return readTableEntries(state, request.value);
    case 'counterEntry':
      return readCounterEntries(state, request.value);
    case 'directCounterEntry':
      return readDirectCounterEntries(state, request.value);
    case 'packetReplicationEngineEntry':
      return readReplication(state, request.value);
    case 'registerEntry':
      return readRegisterEntries(state, request.value);
    case 'digestEntry':
      return readDigestEntries(state, request.value);
    case 'actionProfileMember':
      return readProfileMembers(state, request.value);
    case 'actionProfileGroup':
      return readProfileGroups(state, request.value);
    case 'meterEntry':
      return readMeterEntries(state, request.value);
    case 'directMeterEntry':
      return readDirectMeterEntries(state, request.value);
    case 'valueSetEntry':
      return readValueSetEntries(state, request.value);
    case 'externEntry':
      // A read of all externs finds none; there are none beside v1model's.
      return request.value.externTypeId === 0 ? done([]) : noExtern(request.value);
    case undefined:
    default:
      return invalid('the entity is empty or of a kind that this server does not know');
  }
}

/** Far below the 4 MiB that any client takes, with entities of the usual size, and no more than is
 * made in some milliseconds: others wait meanwhile. */
const RESPONSE_ENTITIES = 512;
/** Opaque metadata is the one part that a client may make large. */
const RESPONSE_METADATA_OCTETS = 1024 * 1024;

function metadataOctets({ entity }: Entity): number {
  if (entity.case === 'tableEntry') return entity.value.metadata.length;
  if (entity.case !== 'packetReplicationEngineEntry') return 0;
  const { type } = entity.value;
  return type.case === 'multicastGroupEntry' ? type.value.metadata.length : 0;
}

/** Responses of a size that any client takes. */
export function* readResponses(entities: Iterable<Entity>): Generator<ReadResponse> {
  let part: Entity[] = [];
  let octets = 0;
  for (const entity of entities) {
    part.push(entity);
    octets += metadataOctets(entity);
    if (part.length >= RESPONSE_ENTITIES || octets >= RESPONSE_METADATA_OCTETS) {
      yield create(ReadResponseSchema, { entities: part });
      part = [];
      octets = 0;
    }
  }
  if (part.length > 0) yield create(ReadResponseSchema, { entities: part });
}
