/**
 * What a role may do (specification 1.5, section "Role Config"). P4Runtime leaves the scheme to client
 * and server. Ours is a google.protobuf.Struct, so that no client needs a message type of ours:
 *
 *   exclusive    ids of P4Info objects that this role alone, of those with a config, may write
 *   shared       ids that other roles may have as shared, too
 *   readOnly     ids that it may only read
 *   replication  true: multicast groups and clone sessions
 *   pipeline     true: SetForwardingPipelineConfig
 *   packetIns    true, or [{ metadataId, value }, …]: those with one of these values
 *   packetOuts   the same
 *
 * What is not given is none. A role without a config, and the default role, have all of the pipeline.
 * Entries, members and direct resources go with the id of their table or profile.
 */
import type { JsonValue } from '@bufbuild/protobuf';
import { toJson } from '@bufbuild/protobuf';
import { anyUnpack, StructSchema, type Any } from '@bufbuild/protobuf/wkt';
import type { Entity, PacketMetadata } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';

interface MetadataValue {
  readonly metadataId: number;
  readonly value: bigint;
}

/** All of them, or those that one of these values names. */
type PacketScope = boolean | readonly MetadataValue[];

export interface RoleConfig {
  /** As the client sent it, for the notifications. */
  readonly message: Any;
  readonly exclusive: ReadonlySet<number>;
  readonly shared: ReadonlySet<number>;
  readonly readOnly: ReadonlySet<number>;
  readonly replication: boolean;
  readonly pipeline: boolean;
  readonly packetIns: PacketScope;
  readonly packetOuts: PacketScope;
}

/** Null: the whole pipeline. */
export type RoleScope = RoleConfig | null;

const wrong = (what: string) => invalid(`role.config: ${what}`);

/** Reads a role.config. Errors: INVALID_ARGUMENT for any other scheme, and for what it knows not. */
export function parseRoleConfig(message: Any): Outcome<RoleConfig> {
  const struct = anyUnpack(message, StructSchema);
  if (struct === undefined) return wrong('not a google.protobuf.Struct');
  const json = toJson(StructSchema, struct);
  const unknown = Object.keys(json).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return wrong(`'${unknown}' is not one of ${KEYS.join(', ')}`);
  const [exclusive, shared, readOnly] = [
    ids(json, 'exclusive'),
    ids(json, 'shared'),
    ids(json, 'readOnly'),
  ];
  if (exclusive === null) return wrong('exclusive is not a list of ids');
  if (shared === null) return wrong('shared is not a list of ids');
  if (readOnly === null) return wrong('readOnly is not a list of ids');
  const [replication, pipeline] = [flag(json['replication']), flag(json['pipeline'])];
  if (replication === null || pipeline === null) {
    return wrong('replication and pipeline are true or false');
  }
  const [packetIns, packetOuts] = [packets(json['packetIns']), packets(json['packetOuts'])];
  if (packetIns === null || packetOuts === null) {
    return wrong('packetIns and packetOuts are true, false or a list of { metadataId, value }');
  }
  const sets = { exclusive, shared, readOnly };
  return done({ message, ...sets, replication, pipeline, packetIns, packetOuts });
}

const KEYS: readonly string[] = [
  ...['exclusive', 'shared', 'readOnly', 'replication', 'pipeline', 'packetIns', 'packetOuts'],
];

type Json = Readonly<Record<string, JsonValue>>;

const MAX_ID = 0xffff_ffff;

function isWhole(value: JsonValue | undefined, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;
}

function ids(json: Json, key: string): ReadonlySet<number> | null {
  const list = json[key] ?? [];
  if (!Array.isArray(list)) return null;
  const found = list.filter((value): value is number => isWhole(value, MAX_ID) && value !== 0);
  return found.length === list.length ? new Set(found) : null;
}

function flag(value: JsonValue | undefined): boolean | null {
  if (value === undefined) return false;
  return typeof value === 'boolean' ? value : null;
}

function packets(value: JsonValue | undefined): PacketScope | null {
  if (!Array.isArray(value)) return flag(value);
  const values: MetadataValue[] = [];
  for (const item of value) {
    const record = item !== null && typeof item === 'object' && !Array.isArray(item) ? item : {};
    const { metadataId, value: number } = record as Json;
    if (!isWhole(metadataId, MAX_ID) || !isWhole(number, Number.MAX_SAFE_INTEGER)) return null;
    values.push({ metadataId, value: BigInt(number) });
  }
  return values;
}

/** An id that `config` claims although another role in force has it; null: there is none. */
export function claimedTwice(config: RoleConfig, others: readonly RoleConfig[]): number | null {
  const writes = [...config.exclusive, ...config.shared];
  for (const other of others) {
    const clash =
      writes.find((id) => other.exclusive.has(id)) ??
      [...config.exclusive].find((id) => other.shared.has(id));
    if (clash !== undefined) return clash;
  }
  return null;
}

/** Whether the role may write, and is told of, the P4Info object with this id. */
export function ownsId(scope: RoleScope, id: number): boolean {
  return scope === null || scope.exclusive.has(id) || scope.shared.has(id);
}

export function mayWriteEntity(scope: RoleScope, entity: Entity | undefined): boolean {
  if (scope === null) return true;
  const id = ownerOf(entity);
  if (id === 'replication') return scope.replication;
  // What names nothing is wrong whatever the role, and is told so.
  return id === 0 || ownsId(scope, id);
}

export function mayReadEntity(scope: RoleScope, entity: Entity): boolean {
  if (scope === null) return true;
  const id = ownerOf(entity);
  if (id === 'replication') return scope.replication;
  return ownsId(scope, id) || scope.readOnly.has(id);
}

/** Whether a packet with this metadata is the role's affair. */
export function mayPass(packetScope: PacketScope, metadata: readonly PacketMetadata[]): boolean {
  if (typeof packetScope === 'boolean') return packetScope;
  return packetScope.some((wanted) =>
    metadata.some(
      ({ metadataId, value }) =>
        metadataId === wanted.metadataId && numberOf(value) === wanted.value,
    ),
  );
}

function numberOf(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

/** The id of the object that an entity is of; 0: of none. */
function ownerOf(entity: Entity | undefined): number | 'replication' {
  const of = entity?.entity;
  switch (of?.case) {
    case 'tableEntry':
      return of.value.tableId;
    case 'actionProfileMember':
    case 'actionProfileGroup':
      return of.value.actionProfileId;
    case 'directCounterEntry':
    case 'directMeterEntry':
      return of.value.tableEntry?.tableId ?? 0;
    case 'counterEntry':
      return of.value.counterId;
    case 'meterEntry':
      return of.value.meterId;
    case 'registerEntry':
      return of.value.registerId;
    case 'valueSetEntry':
      return of.value.valueSetId;
    case 'digestEntry':
      return of.value.digestId;
    case 'externEntry':
      return of.value.externId;
    case 'packetReplicationEngineEntry':
      return 'replication';
    case undefined:
      return 0;
  }
}
