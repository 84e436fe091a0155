/** PacketReplicationEngineEntry (specification 1.5): multicast groups and clone sessions. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { canonicalBytestring, decodeBytestring } from '#p4rt/bytestring';
import type {
  CloneSessionEntry,
  Entity,
  MulticastGroupEntry,
  PacketReplicationEngineEntry,
  Replica,
} from '#protos/p4/v1/p4runtime_pb';
import {
  CloneSessionEntrySchema,
  EntitySchema,
  MulticastGroupEntrySchema,
  PacketReplicationEngineEntrySchema,
  ReplicaSchema,
  SdnPort,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import type { EngineReplica } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, fromEngine, invalid, notFound, outOfRange } from '../errors.js';
import type { ForwardingState } from '../state.js';
import { unimplemented } from '../unimplemented.js';
import type { WriteType } from '../write-type.js';

/** v1model: bit<16> mcast_grp, bit<16> egress_rid, bit<9> ports of which 511 means drop. */
const MAX_GROUP = 0xffff;
const MAX_INSTANCE = 0xffff;
const MAX_PORT = 510;
const MAX_CLASS_OF_SERVICE = 7;
const CPU = BigInt(SdnPort.CPU >>> 0);

export function writeReplication(
  state: ForwardingState,
  type: WriteType,
  entry: PacketReplicationEngineEntry,
): Outcome<void> {
  switch (entry.type.case) {
    case 'multicastGroupEntry':
      return writeGroup(state, type, entry.type.value);
    case 'cloneSessionEntry':
      return writeSession(state, type, entry.type.value);
    case undefined:
    default:
      return invalid('the packet replication entry is empty');
  }
}

function checkExistence(type: WriteType, exists: boolean, what: string): Outcome<void> {
  if (type === Update_Type.INSERT) {
    return exists ? fail(status.ALREADY_EXISTS, `${what} already exists`) : DONE;
  }
  return exists ? DONE : notFound(`there is no ${what}`);
}

function writeGroup(
  state: ForwardingState,
  type: WriteType,
  entry: MulticastGroupEntry,
): Outcome<void> {
  const id = entry.multicastGroupId;
  if (id === 0 || id > MAX_GROUP) {
    return invalid(`multicast_group_id ${id} is not in 1..${MAX_GROUP}`);
  }
  const what = `multicast group ${id}`;
  const groups = state.multicastGroups;
  if (type === Update_Type.DELETE) {
    const existence = checkExistence(type, groups.has(id), what);
    if (!existence.ok) return existence;
    const removed = state.engine.multicastGroupSet(id, []);
    if (!removed.ok && removed.error.code !== 'NOT_FOUND') return fromEngine(removed.error);
    groups.delete(id);
    return DONE;
  }
  const replicas = encodeReplicas(state, entry.replicas);
  if (!replicas.ok) return replicas;
  const existence = checkExistence(type, groups.has(id), what);
  if (!existence.ok) return existence;
  const set = state.engine.multicastGroupSet(id, replicas.value);
  // A group without replicas is none to the engine, whose frames are dropped all the same.
  if (!set.ok && !(replicas.value.length === 0 && set.error.code === 'NOT_FOUND')) {
    return fromEngine(set.error);
  }
  const metadata = entry.metadata.slice();
  const canonical = entry.replicas.map(canonicalReplica);
  groups.set(
    id,
    create(MulticastGroupEntrySchema, { multicastGroupId: id, replicas: canonical, metadata }),
  );
  return DONE;
}

function writeSession(
  state: ForwardingState,
  type: WriteType,
  entry: CloneSessionEntry,
): Outcome<void> {
  const id = entry.sessionId;
  if (id === 0) return invalid('session_id is not set');
  const what = `clone session ${id}`;
  const sessions = state.cloneSessions;
  if (type === Update_Type.DELETE) {
    const existence = checkExistence(type, sessions.has(id), what);
    if (!existence.ok) return existence;
    const removed = state.engine.cloneSessionSet(id, [], 0, 0);
    if (!removed.ok && removed.error.code !== 'NOT_FOUND') return fromEngine(removed.error);
    sessions.delete(id);
    return DONE;
  }
  const { classOfService, packetLengthBytes } = entry;
  if (classOfService > MAX_CLASS_OF_SERVICE) {
    return invalid(`class_of_service ${classOfService} is not in 0..${MAX_CLASS_OF_SERVICE}`);
  }
  if (packetLengthBytes < 0) return invalid('packet_length_bytes is negative');
  const replicas = encodeReplicas(state, entry.replicas);
  if (!replicas.ok) return replicas;
  const existence = checkExistence(type, sessions.has(id), what);
  if (!existence.ok) return existence;
  const set = state.engine.cloneSessionSet(id, replicas.value, classOfService, packetLengthBytes);
  if (!set.ok && !(replicas.value.length === 0 && set.error.code === 'NOT_FOUND')) {
    return fromEngine(set.error);
  }
  sessions.set(
    id,
    create(CloneSessionEntrySchema, {
      sessionId: id,
      replicas: entry.replicas.map(canonicalReplica),
      classOfService,
      packetLengthBytes,
    }),
  );
  return DONE;
}

function encodeReplicas(
  state: ForwardingState,
  replicas: readonly Replica[],
): Outcome<EngineReplica[]> {
  const encoded: EngineReplica[] = [];
  const seen = new Set<string>();
  for (const replica of replicas) {
    if (replica.backupReplicas.length !== 0) return unimplemented('backupReplicas');
    const port = replicaPort(replica, state.cpuPort);
    if (!port.ok) return port;
    const { instance } = replica;
    if (instance > MAX_INSTANCE) {
      return invalid(`replica instance ${instance} is not in 0..${MAX_INSTANCE}`);
    }
    const key = `${port.value}/${instance}`;
    if (seen.has(key)) {
      return invalid(`port ${port.value} with instance ${instance} is given twice`);
    }
    seen.add(key);
    encoded.push({ port: port.value, instance });
  }
  return done(encoded);
}

function replicaPort(replica: Replica, cpuPort: number): Outcome<number> {
  const { portKind } = replica;
  if (portKind.case === undefined) return invalid('a replica has no port');
  let value: bigint;
  if (portKind.case === 'egressPort') {
    value = BigInt(portKind.value);
  } else {
    const decoded = decodeBytestring(portKind.value, 32);
    if (!decoded.ok) return outOfRange(`replica port: ${decoded.error.message}`);
    value = decoded.value;
  }
  if (value === CPU) return done(cpuPort);
  if (value > BigInt(MAX_PORT)) return invalid(`replica port ${value} is not in 0..${MAX_PORT}`);
  return done(Number(value));
}

function canonicalReplica(replica: Replica): Replica {
  const { portKind, instance } = replica;
  if (portKind.case !== 'port') return create(ReplicaSchema, { portKind, instance });
  const value = canonicalBytestring(portKind.value).slice();
  return create(ReplicaSchema, { portKind: { case: 'port', value }, instance });
}

export function readReplication(
  state: ForwardingState,
  filter: PacketReplicationEngineEntry,
): Outcome<Entity[]> {
  const { type } = filter;
  switch (type.case) {
    case 'multicastGroupEntry': {
      const id = type.value.multicastGroupId;
      return readBy(state.multicastGroups, id, `multicast group ${id}`, (value) => ({
        case: 'multicastGroupEntry',
        value,
      }));
    }
    case 'cloneSessionEntry': {
      const id = type.value.sessionId;
      return readBy(state.cloneSessions, id, `clone session ${id}`, (value) => ({
        case: 'cloneSessionEntry',
        value,
      }));
    }
    case undefined:
    default:
      return invalid('the packet replication entry is empty');
  }
}

function readBy<T>(
  entries: ReadonlyMap<number, T>,
  id: number,
  what: string,
  wrap: (value: T) => PacketReplicationEngineEntry['type'],
): Outcome<Entity[]> {
  if (id !== 0 && !entries.has(id)) return notFound(`there is no ${what}`);
  const selected = [...entries].filter(([key]) => id === 0 || key === id);
  return done(
    selected.map(([, entry]) => {
      const value = create(PacketReplicationEngineEntrySchema, { type: wrap(entry) });
      return create(EntitySchema, { entity: { case: 'packetReplicationEngineEntry', value } });
    }),
  );
}
