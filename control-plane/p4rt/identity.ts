/** Which entities are the same object of a switch, and which have the same content. */
import { toBinary } from '@bufbuild/protobuf';
import {
  EntitySchema,
  type Entity,
  type FieldMatch,
  type MeterEntry,
  type Replica,
  type TableEntry,
} from '#protos/p4/v1/p4runtime_pb';
import { canonicalBytestring } from './bytestring.js';

/**
 * A text that two entities share when P4Runtime holds them for the same object: an entry's table,
 * match and priority; a group's or session's id; a meter's cell. Octets are compared in canonical form.
 */
export function entityKey(entity: Entity): string {
  const value = entity.entity;
  switch (value.case) {
    case 'tableEntry': {
      const { tableId, priority, isDefaultAction } = value.value;
      const key = isDefaultAction ? 'default' : `${priority}/${matchText(value.value)}`;
      return `table/${tableId}/${key}`;
    }
    case 'packetReplicationEngineEntry': {
      const type = value.value.type;
      if (type.case === 'multicastGroupEntry') return `group/${type.value.multicastGroupId}`;
      if (type.case === 'cloneSessionEntry') return `clone/${type.value.sessionId}`;
      return 'replication/unknown';
    }
    case 'meterEntry':
      return `meter/${value.value.meterId}/${value.value.index?.index ?? 'all'}`;
    case 'digestEntry':
      return `digest/${value.value.digestId}`;
    default:
      return `other/${hex(toBinary(EntitySchema, entity))}`;
  }
}

/**
 * A text that two entities of the same key share when there is nothing to modify. What a switch adds
 * by itself (counters, idle times) is not looked at.
 */
export function entityContent(entity: Entity): string {
  const value = entity.entity;
  switch (value.case) {
    case 'tableEntry': {
      const action = value.value.action?.type;
      if (action?.case !== 'action') return 'no action';
      const params = [...action.value.params]
        .sort((a, b) => a.paramId - b.paramId)
        .map(({ paramId, value: octets }) => `${paramId}=${bytestring(octets)}`);
      return `${action.value.actionId}(${params.join(',')})`;
    }
    case 'packetReplicationEngineEntry':
      return (value.value.type.value?.replicas ?? []).map(replicaText).sort().join(',');
    case 'meterEntry':
      return meterText(value.value);
    case 'digestEntry': {
      const config = value.value.config;
      return `${config?.maxTimeoutNs}/${config?.maxListSize}/${config?.ackTimeoutNs}`;
    }
    default:
      return hex(toBinary(EntitySchema, entity));
  }
}

function meterText({ config }: MeterEntry): string {
  if (config === undefined) return 'always green';
  const { cir, cburst, pir, pburst, eburst } = config;
  return [cir, cburst, pir, pburst, eburst].join('/');
}

function matchText(entry: TableEntry): string {
  return [...entry.match]
    .sort((a, b) => a.fieldId - b.fieldId)
    .map(fieldText)
    .join(',');
}

function fieldText(field: FieldMatch): string {
  const type = field.fieldMatchType;
  const at = field.fieldId;
  switch (type.case) {
    case 'exact':
    case 'optional':
      return `${at}=${bytestring(type.value.value)}`;
    case 'ternary':
      return `${at}=${bytestring(type.value.value)}&${bytestring(type.value.mask)}`;
    case 'lpm':
      return `${at}=${bytestring(type.value.value)}/${type.value.prefixLen}`;
    case 'range':
      return `${at}=${bytestring(type.value.low)}-${bytestring(type.value.high)}`;
    case 'other':
    case undefined:
      return `${at}=?`;
  }
}

function replicaText(replica: Replica): string {
  const port = replica.portKind;
  const number = port.case === 'egressPort' ? port.value.toString(16) : bytestring(port.value);
  return `${number.replace(/^0+(?=.)/, '')}#${replica.instance}`;
}

function bytestring(octets: Uint8Array | undefined): string {
  return octets === undefined || octets.length === 0 ? '' : hex(canonicalBytestring(octets));
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
