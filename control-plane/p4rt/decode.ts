/**
 * P4Runtime's answers as names and numbers, by a P4Info: the other direction of entities.ts. Total:
 * what does not fit the P4Info is a named error.
 */
import type { P4Data } from '#protos/p4/v1/p4data_pb';
import type { FieldMatch, PacketIn, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import { failure, success, type Result } from '#units/result';
import { decodeBytestring } from './bytestring.js';
import type { EntityErrorCode, EntrySpec, Match } from './entities.js';
import type { FieldInfo, MatchFieldInfo, P4InfoIndex } from './p4info.js';

type Decoded<T> = Result<T, EntityErrorCode>;

/** An entry as names and numbers; the exact inverse of `buildTableEntry` for entries with actions. */
export function decodeTableEntry(index: P4InfoIndex, entry: TableEntry): Decoded<EntrySpec> {
  const table = index.tables.byId(entry.tableId);
  if (!table.ok) return table;
  const match: Record<string, Match> = {};
  for (const field of entry.match) {
    const info = table.value.match.find(({ id }) => id === field.fieldId);
    if (info === undefined) {
      return failure('entity-field', `${table.value.name} has no match field ${field.fieldId}`);
    }
    const decoded = decodeMatch(info, field);
    if (!decoded.ok) return decoded;
    match[info.name] = decoded.value;
  }
  if (entry.action?.type.case !== 'action') {
    return failure('entity-action', `an entry of ${table.value.name} has no direct action`);
  }
  const action = index.actions.byId(entry.action.type.value.actionId);
  if (!action.ok) return action;
  const params = decodeFields(
    action.value.name,
    action.value.params,
    entry.action.type.value.params.map(({ paramId, value }) => ({ id: paramId, value })),
  );
  if (!params.ok) return params;
  return success({
    table: table.value.name,
    match,
    action: { name: action.value.name, params: params.value },
    ...(entry.priority > 0 ? { priority: entry.priority } : {}),
  });
}

function decodeMatch(info: MatchFieldInfo, field: FieldMatch): Decoded<Match> {
  const type = field.fieldMatchType;
  switch (type.case) {
    case 'exact':
    case 'optional':
      return decodeValue(info, type.value.value);
    case 'ternary':
      return both(info, type.value.value, type.value.mask, (value, mask) => ({ value, mask }));
    case 'range':
      return both(info, type.value.low, type.value.high, (low, high) => ({ low, high }));
    case 'lpm': {
      const value = decodeValue(info, type.value.value);
      return value.ok ? success({ value: value.value, prefix: type.value.prefixLen }) : value;
    }
    case 'other':
    case undefined:
      return failure('entity-shape', `field '${info.name}' has no match that is known`);
  }
}

function both(
  info: FieldInfo,
  first: Uint8Array,
  second: Uint8Array,
  make: (first: bigint, second: bigint) => Match,
): Decoded<Match> {
  const a = decodeValue(info, first);
  if (!a.ok) return a;
  const b = decodeValue(info, second);
  return b.ok ? success(make(a.value, b.value)) : b;
}

function decodeValue(info: Omit<FieldInfo, 'id'>, octets: Uint8Array): Decoded<bigint> {
  const decoded = decodeBytestring(octets, info.bitwidth);
  return decoded.ok
    ? success(decoded.value)
    : failure('entity-value', `'${info.name}': ${decoded.error.message}`);
}

function decodeFields(
  owner: string,
  fields: readonly FieldInfo[],
  values: readonly { readonly id: number; readonly value: Uint8Array }[],
): Decoded<Record<string, bigint>> {
  const decoded: Record<string, bigint> = {};
  for (const field of fields) {
    const value = values.find(({ id }) => id === field.id);
    if (value === undefined) return failure('entity-field', `${owner} lacks '${field.name}'`);
    const number = decodeValue(field, value.value);
    if (!number.ok) return number;
    decoded[field.name] = number.value;
  }
  return success(decoded);
}

export function decodePacketIn(
  index: P4InfoIndex,
  packet: PacketIn,
): Decoded<Readonly<Record<string, bigint>>> {
  const header = index.packetMetadata.byName('packet_in');
  if (!header.ok) return header;
  return decodeFields(
    'packet_in',
    header.value.fields,
    packet.metadata.map(({ metadataId, value }) => ({ id: metadataId, value })),
  );
}

/** One message of a digest list, by its members' names. */
export function decodeDigest(
  index: P4InfoIndex,
  digestId: number,
  data: P4Data,
): Decoded<Readonly<Record<string, bigint>>> {
  const digest = index.digests.byId(digestId);
  if (!digest.ok) return digest;
  const members = data.data.case === 'struct' ? data.data.value.members : [];
  if (members.length !== digest.value.members.length) {
    return failure('entity-shape', `a message of digest ${digest.value.name} has another shape`);
  }
  const decoded: Record<string, bigint> = {};
  for (const [i, member] of digest.value.members.entries()) {
    const value = members[i]?.data;
    if (value?.case !== 'bitstring') {
      return failure('entity-shape', `'${member.name}' of ${digest.value.name} is no bitstring`);
    }
    const number = decodeValue(member, value.value);
    if (!number.ok) return number;
    decoded[member.name] = number.value;
  }
  return success(decoded);
}
