/**
 * P4Runtime entities from names and numbers, by a P4Info: no octets, no ids in the callers.
 * Pure; a value that does not fit its field is a named error here, before it reaches a switch.
 */
import { create } from '@bufbuild/protobuf';
import { P4DataSchema, type P4Data } from '#protos/p4/v1/p4data_pb';
import {
  EntitySchema,
  type Entity,
  type FieldMatch,
  type PacketMetadata,
} from '#protos/p4/v1/p4runtime_pb';
import { failure, success, type Result } from '#units/result';
import { encodeBytestring } from './bytestring.js';
import type {
  ActionInfo,
  FieldInfo,
  MatchFieldInfo,
  P4InfoErrorCode,
  P4InfoIndex,
  TableInfo,
} from './p4info.js';

export type { Entity, PacketMetadata };

export type EntityErrorCode =
  P4InfoErrorCode | 'entity-value' | 'entity-field' | 'entity-action' | 'entity-shape';

type Built<T> = Result<T, EntityErrorCode>;

/** How a field is matched; a plain number is exact (or `optional` and set). */
export type Match =
  | bigint
  | { readonly value: bigint; readonly mask: bigint }
  | { readonly value: bigint; readonly prefix: number }
  | { readonly low: bigint; readonly high: bigint };

export interface ActionCall {
  readonly name: string;
  readonly params: Readonly<Record<string, bigint>>;
}

/** An entry by names. `priority` is for tables with ternary, range or optional fields alone. */
export interface EntrySpec {
  readonly table: string;
  /** A ternary, lpm, range or optional field that is not here matches anything. */
  readonly match: Readonly<Record<string, Match>>;
  readonly action: ActionCall;
  readonly priority?: number;
}

/** Builds a table entry. */
export function buildTableEntry(index: P4InfoIndex, spec: EntrySpec): Built<Entity> {
  const table = index.tables.byName(spec.table);
  if (!table.ok) return table;
  const key = buildKey(table.value, spec);
  if (!key.ok) return key;
  const action = index.actions.byName(spec.action.name);
  if (!action.ok) return action;
  if (!table.value.entryActions.has(action.value.id)) {
    return failure('entity-action', `${spec.table} has no action ${spec.action.name} for entries`);
  }
  const params = buildParams(action.value, spec.action.params);
  if (!params.ok) return params;
  return success(
    create(EntitySchema, {
      entity: {
        case: 'tableEntry',
        value: {
          tableId: table.value.id,
          match: key.value,
          action: {
            type: {
              case: 'action',
              value: { actionId: action.value.id, params: params.value },
            },
          },
          priority: spec.priority ?? 0,
        },
      },
    }),
  );
}

/** What a table does with what it has no entry for; all that a table without a key can say. */
export function buildDefaultEntry(
  index: P4InfoIndex,
  tableName: string,
  call: ActionCall,
): Built<Entity> {
  const table = index.tables.byName(tableName);
  if (!table.ok) return table;
  const action = index.actions.byName(call.name);
  if (!action.ok) return action;
  const { id } = action.value;
  if (!table.value.defaultActions.has(id)) {
    return failure('entity-action', `${tableName} has no default action ${call.name}`);
  }
  const params = buildParams(action.value, call.params);
  if (!params.ok) return params;
  const value = { actionId: id, params: params.value };
  return success(
    create(EntitySchema, {
      entity: {
        case: 'tableEntry',
        value: {
          tableId: table.value.id,
          isDefaultAction: true,
          action: { type: { case: 'action', value } },
        },
      },
    }),
  );
}

/** An entity that names an entry by its key, to delete it. */
export function buildTableKey(index: P4InfoIndex, spec: Omit<EntrySpec, 'action'>): Built<Entity> {
  const table = index.tables.byName(spec.table);
  if (!table.ok) return table;
  const key = buildKey(table.value, spec);
  if (!key.ok) return key;
  return success(
    create(EntitySchema, {
      entity: {
        case: 'tableEntry',
        value: { tableId: table.value.id, match: key.value, priority: spec.priority ?? 0 },
      },
    }),
  );
}

function buildKey(table: TableInfo, spec: Omit<EntrySpec, 'action'>): Built<FieldMatch[]> {
  const unknown = Object.keys(spec.match).find(
    (name) => !table.match.some((field) => field.name === name),
  );
  if (unknown !== undefined) {
    return failure('entity-field', `${spec.table} has no match field '${unknown}'`);
  }
  const needsPriority = table.match.some(
    ({ kind }) => kind === 'ternary' || kind === 'range' || kind === 'optional',
  );
  if (needsPriority !== (spec.priority ?? 0) > 0) {
    const message = needsPriority ? 'needs a priority above 0' : 'takes no priority';
    return failure('entity-shape', `${spec.table} ${message}`);
  }
  const key: FieldMatch[] = [];
  for (const field of table.match) {
    const match = spec.match[field.name];
    if (match === undefined) {
      if (field.kind !== 'exact') continue;
      return failure('entity-field', `${spec.table} needs a value for '${field.name}'`);
    }
    const built = buildMatch(field, match);
    if (!built.ok) return built;
    if (built.value !== null) key.push(built.value);
  }
  return success(key);
}

/** Null for a match of anything, which P4Runtime says by leaving the field out (9.1.1). */
function buildMatch(field: MatchFieldInfo, match: Match): Built<FieldMatch | null> {
  const values = typeof match === 'bigint' ? [match] : Object.values(match).filter(isBigint);
  const bad = values.find((value) => !fits(value, field.bitwidth));
  if (bad !== undefined) return tooWide(field, bad);
  const type = matchType(field, match);
  if (type === 'wrong') {
    return failure('entity-shape', `field '${field.name}' is ${field.kind}: other values expected`);
  }
  if (type === 'anything') return success(null);
  return success({
    $typeName: 'p4.v1.FieldMatch',
    fieldId: field.id,
    fieldMatchType: type,
  });
}

function matchType(
  field: MatchFieldInfo,
  match: Match,
): FieldMatch['fieldMatchType'] | 'wrong' | 'anything' {
  const octets = encodeBytestring;
  if (field.kind === 'exact' && typeof match === 'bigint') {
    return { case: 'exact', value: { $typeName: 'p4.v1.FieldMatch.Exact', value: octets(match) } };
  }
  if (field.kind === 'optional' && typeof match === 'bigint') {
    return {
      case: 'optional',
      value: { $typeName: 'p4.v1.FieldMatch.Optional', value: octets(match) },
    };
  }
  if (typeof match === 'bigint') return 'wrong';
  if (field.kind === 'ternary' && 'mask' in match) {
    if (match.mask === 0n) return 'anything';
    const value = octets(match.value & match.mask);
    return {
      case: 'ternary',
      value: { $typeName: 'p4.v1.FieldMatch.Ternary', value, mask: octets(match.mask) },
    };
  }
  if (field.kind === 'lpm' && 'prefix' in match) {
    if (match.prefix < 0 || match.prefix > field.bitwidth) return 'wrong';
    if (match.prefix === 0) return 'anything';
    const host = BigInt(field.bitwidth - match.prefix);
    const value = octets((match.value >> host) << host);
    return {
      case: 'lpm',
      value: { $typeName: 'p4.v1.FieldMatch.LPM', value, prefixLen: match.prefix },
    };
  }
  if (field.kind === 'range' && 'low' in match) {
    if (match.low > match.high) return 'wrong';
    if (match.low === 0n && match.high === (1n << BigInt(field.bitwidth)) - 1n) return 'anything';
    return {
      case: 'range',
      value: {
        $typeName: 'p4.v1.FieldMatch.Range',
        low: octets(match.low),
        high: octets(match.high),
      },
    };
  }
  return 'wrong';
}

function isBigint(value: unknown): value is bigint {
  return typeof value === 'bigint';
}

function fits(value: bigint, bitwidth: number): boolean {
  return value >= 0n && value >> BigInt(bitwidth) === 0n;
}

function tooWide(field: FieldInfo, value: bigint) {
  return failure('entity-value', `${value} does not fit '${field.name}', bit<${field.bitwidth}>`);
}

function buildParams(
  action: ActionInfo,
  params: Readonly<Record<string, bigint>>,
): Built<{ paramId: number; value: Uint8Array }[]> {
  const fields = buildFields(action.name, action.params, params);
  if (!fields.ok) return fields;
  return success(fields.value.map(({ id, value }) => ({ paramId: id, value })));
}

/** One value per field, no more, no less. */
function buildFields(
  owner: string,
  fields: readonly FieldInfo[],
  values: Readonly<Record<string, bigint>>,
): Built<{ id: number; value: Uint8Array }[]> {
  const unknown = Object.keys(values).find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) return failure('entity-field', `${owner} has no '${unknown}'`);
  const built: { id: number; value: Uint8Array }[] = [];
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined) return failure('entity-field', `${owner} needs '${field.name}'`);
    if (!fits(value, field.bitwidth)) return tooWide(field, value);
    built.push({ id: field.id, value: encodeBytestring(value) });
  }
  return success(built);
}

/** The metadata of a packet-out: one value per field of the P4Info, as the specification wants. */
export function buildPacketMetadata(
  index: P4InfoIndex,
  values: Readonly<Record<string, bigint>>,
): Built<PacketMetadata[]> {
  const header = index.packetMetadata.byName('packet_out');
  if (!header.ok) return header;
  const fields = buildFields('packet_out', header.value.fields, values);
  if (!fields.ok) return fields;
  return success(
    fields.value.map(({ id, value }) => ({
      $typeName: 'p4.v1.PacketMetadata',
      metadataId: id,
      value,
    })),
  );
}

/** The inverse of `decodeDigest`, for a switch's side in tests. */
export function buildDigest(values: readonly bigint[]): P4Data {
  return create(P4DataSchema, {
    data: {
      case: 'struct',
      value: {
        members: values.map((value) => ({
          data: { case: 'bitstring' as const, value: encodeBytestring(value) },
        })),
      },
    },
  });
}

/** A multicast group with one replica per port. */
export function buildMulticastGroup(groupId: number, ports: readonly number[]): Entity {
  return create(EntitySchema, {
    entity: {
      case: 'packetReplicationEngineEntry',
      value: {
        type: {
          case: 'multicastGroupEntry',
          value: { multicastGroupId: groupId, replicas: ports.map(replica) },
        },
      },
    },
  });
}

/** A clone session that copies whole frames to `port`. */
export function buildCloneSession(sessionId: number, port: number): Entity {
  return create(EntitySchema, {
    entity: {
      case: 'packetReplicationEngineEntry',
      value: {
        type: { case: 'cloneSessionEntry', value: { sessionId, replicas: [replica(port)] } },
      },
    },
  });
}

function replica(port: number) {
  return { portKind: { case: 'port' as const, value: encodeBytestring(port) }, instance: 1 };
}

export interface DigestOptions {
  readonly maxTimeoutNs: bigint;
  readonly maxListSize: number;
  readonly ackTimeoutNs: bigint;
}

export function buildDigestConfig(
  index: P4InfoIndex,
  name: string,
  config: DigestOptions,
): Built<Entity> {
  const digest = index.digests.byName(name);
  if (!digest.ok) return digest;
  return success(
    create(EntitySchema, {
      entity: { case: 'digestEntry', value: { digestId: digest.value.id, config } },
    }),
  );
}

/** A request for one cell of a counter array. */
export function buildCounterCell(index: P4InfoIndex, name: string, cell: number): Built<Entity> {
  const counter = index.counters.byName(name);
  if (!counter.ok) return counter;
  if (BigInt(cell) >= counter.value.size || cell < 0) {
    return failure('entity-value', `counter ${name} has ${counter.value.size} cells, not ${cell}`);
  }
  return success(
    create(EntitySchema, {
      entity: {
        case: 'counterEntry',
        value: { counterId: counter.value.id, index: { index: BigInt(cell) } },
      },
    }),
  );
}

/** Everything of one kind, to read a switch's state. */
export function wildcardTable(index: P4InfoIndex, name: string): Built<Entity> {
  const table = index.tables.byName(name);
  if (!table.ok) return table;
  return success(
    create(EntitySchema, { entity: { case: 'tableEntry', value: { tableId: table.value.id } } }),
  );
}

/** A table's default entry, to read it. */
export function wildcardDefault(index: P4InfoIndex, name: string): Built<Entity> {
  const table = index.tables.byName(name);
  if (!table.ok) return table;
  const value = { tableId: table.value.id, isDefaultAction: true };
  return success(create(EntitySchema, { entity: { case: 'tableEntry', value } }));
}

/** Every multicast group and every clone session. */
export function wildcardReplication(): Entity[] {
  return [buildWildcard('multicastGroupEntry'), buildWildcard('cloneSessionEntry')];
}

function buildWildcard(kind: 'multicastGroupEntry' | 'cloneSessionEntry'): Entity {
  const type =
    kind === 'multicastGroupEntry' ? { case: kind, value: {} } : { case: kind, value: {} };
  return create(EntitySchema, {
    entity: { case: 'packetReplicationEngineEntry', value: { type } },
  });
}
