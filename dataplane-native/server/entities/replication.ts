/** PacketReplicationEngineEntry (specification 1.5): multicast groups and clone sessions. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type {
  BackupReplica,
  CloneSessionEntry,
  Entity,
  MulticastGroupEntry,
  PacketReplicationEngineEntry,
  Replica,
} from '#protos/p4/v1/p4runtime_pb';
import {
  BackupReplicaSchema,
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
import { DONE, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import type { ForwardingState } from '../state/state.js';
import type { Translations } from '../program/translation.js';
import { MAX_PORT } from '../program/translation.js';
import type { WriteType } from '../write/write-type.js';

/** v1model: bit<16> mcast_grp, bit<16> egress_rid. */
const MAX_GROUP = 0xffff;
const MAX_INSTANCE = 0xffff;
const MAX_CLASS_OF_SERVICE = 7;

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
  const replicas = decodeReplicas(state, entry.replicas);
  if (!replicas.ok) return replicas;
  const { engine, canonical } = replicas.value;
  const existence = checkExistence(type, groups.has(id), what);
  if (!existence.ok) return existence;
  const set = state.engine.multicastGroupSet(id, engine);
  // A group without replicas is none to the engine, whose frames are dropped all the same.
  if (!set.ok && !(engine.length === 0 && set.error.code === 'NOT_FOUND')) {
    return fromEngine(set.error);
  }
  const metadata = entry.metadata.slice();
  const stored = { multicastGroupId: id, replicas: [...canonical], metadata };
  groups.set(id, create(MulticastGroupEntrySchema, stored));
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
  const replicas = decodeReplicas(state, entry.replicas);
  if (!replicas.ok) return replicas;
  const { engine, canonical } = replicas.value;
  const existence = checkExistence(type, sessions.has(id), what);
  if (!existence.ok) return existence;
  const set = state.engine.cloneSessionSet(id, engine, classOfService, packetLengthBytes);
  if (!set.ok && !(engine.length === 0 && set.error.code === 'NOT_FOUND')) {
    return fromEngine(set.error);
  }
  sessions.set(
    id,
    create(CloneSessionEntrySchema, {
      sessionId: id,
      replicas: [...canonical],
      classOfService,
      packetLengthBytes,
    }),
  );
  return DONE;
}

interface DecodedReplicas {
  readonly engine: readonly EngineReplica[];
  /** As they are read. */
  readonly canonical: readonly Replica[];
}

/** A (port, instance) pair is there once, among backups too. */
function decodeReplicas(
  { program }: ForwardingState,
  replicas: readonly Replica[],
): Outcome<DecodedReplicas> {
  const { translations } = program;
  const seen = new Set<string>();
  const engine: EngineReplica[] = [];
  const canonical: Replica[] = [];
  for (const replica of replicas) {
    const { portKind, instance } = replica;
    if (portKind.case === undefined) return invalid('a replica has no port');
    const first = decodePlace(translations, portKind, instance, seen);
    if (!first.ok) return first;
    const backups: ReplicaPlace[] = [];
    const backupReplicas: BackupReplica[] = [];
    for (const backup of replica.backupReplicas) {
      const kind = { case: 'port' as const, value: backup.port };
      const place = decodePlace(translations, kind, backup.instance, seen);
      if (!place.ok) return place;
      const { port } = place.value;
      if (port === first.value.port) return invalid(`port ${port} is a backup of itself`);
      backups.push(place.value);
      const octets = translations.canonicalPort(backup.port);
      backupReplicas.push(create(BackupReplicaSchema, { port: octets, instance: backup.instance }));
    }
    engine.push(backups.length === 0 ? first.value : { ...first.value, backups });
    const kind =
      portKind.case === 'port'
        ? { case: portKind.case, value: translations.canonicalPort(portKind.value) }
        : portKind;
    canonical.push(create(ReplicaSchema, { portKind: kind, instance, backupReplicas }));
  }
  return done({ engine, canonical });
}

interface ReplicaPlace {
  readonly port: number;
  readonly instance: number;
}

function decodePlace(
  translations: Translations,
  portKind: Exclude<Replica['portKind'], { case: undefined }>,
  instance: number,
  seen: Set<string>,
): Outcome<ReplicaPlace> {
  const port =
    portKind.case === 'port'
      ? translations.portOf(portKind.value, 'replica port')
      : portNumber(translations, portKind.value);
  if (!port.ok) return port;
  if (instance > MAX_INSTANCE) {
    return invalid(`replica instance ${instance} is not in 0..${MAX_INSTANCE}`);
  }
  const key = `${port.value}/${instance}`;
  if (seen.has(key)) return invalid(`port ${port.value} with instance ${instance} is given twice`);
  seen.add(key);
  return done({ port: port.value, instance });
}

/** Of the older field, which is a number whatever the program's types. */
function portNumber({ ports }: Translations, value: number): Outcome<number> {
  if (value === SdnPort.CPU >>> 0) return done(ports.cpuPort);
  if (value === 0 && !ports.has(0)) return invalid('replica port 0 is no port: they begin at 1');
  return value <= MAX_PORT
    ? done(value)
    : invalid(`replica port ${value} is not in 0..${MAX_PORT}`);
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
