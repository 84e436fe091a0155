/** Calls to begin with, made from a program's P4Info: something of every kind of entity. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { encodeBytestring } from '#p4rt/bytestring';
import type { Action, MatchField, P4Info, Table } from '#protos/p4/config/v1/p4info_pb';
import { MatchField_MatchType as MatchType } from '#protos/p4/config/v1/p4info_pb';
import type { EntitySchema, TableEntrySchema } from '#protos/p4/v1/p4runtime_pb';
import {
  CapabilitiesRequestSchema,
  GetForwardingPipelineConfigRequestSchema,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import { parseP4Info } from '#server/program/p4info-file';
import type { Call } from './calls.js';
import { call } from './calls.js';
import { DEVICE_ID } from './shadow-switch.js';

type EntityInit = NonNullable<MessageInitShape<typeof EntitySchema>['entity']>;

const ELECTION_ID = { high: 0n, low: 1n };

const bits = (width: number, value: number): Uint8Array =>
  encodeBytestring(BigInt(value) % (1n << BigInt(Math.max(width, 1))));

function matchOf({ id, bitwidth, match }: MatchField, value: number) {
  const octets = bits(bitwidth, value);
  const all = encodeBytestring((1n << BigInt(Math.max(bitwidth, 1))) - 1n);
  const field = { fieldId: id };
  switch (match.case === 'matchType' ? match.value : MatchType.UNSPECIFIED) {
    case MatchType.LPM:
      return {
        ...field,
        fieldMatchType: { case: 'lpm', value: { value: octets, prefixLen: bitwidth } },
      } as const;
    case MatchType.TERNARY:
      return {
        ...field,
        fieldMatchType: { case: 'ternary', value: { value: octets, mask: all } },
      } as const;
    case MatchType.RANGE:
      return {
        ...field,
        fieldMatchType: { case: 'range', value: { low: octets, high: all } },
      } as const;
    case MatchType.OPTIONAL:
      return { ...field, fieldMatchType: { case: 'optional', value: { value: octets } } } as const;
    default:
      return { ...field, fieldMatchType: { case: 'exact', value: { value: octets } } } as const;
  }
}

const needsPriority = (table: Table): boolean =>
  table.matchFields.some(
    ({ match }) =>
      match.case === 'matchType' &&
      [MatchType.TERNARY, MatchType.RANGE, MatchType.OPTIONAL].includes(match.value),
  );

function actionOf(info: P4Info, id: number, value: number) {
  const found: Action | undefined = info.actions.find((one) => one.preamble?.id === id);
  const params = (found?.params ?? []).map((param) => ({
    paramId: param.id,
    value: bits(param.bitwidth, value),
  }));
  return { actionId: id, params };
}

function tableEntities(info: P4Info, table: Table): EntityInit[] {
  const tableId = table.preamble?.id ?? 0;
  return table.actionRefs.slice(0, 3).map(({ id }, i): EntityInit => {
    const action = actionOf(info, id, i + 1);
    const set = { actionProfileActions: [{ action, weight: 1 + i }] };
    const value: MessageInitShape<typeof TableEntrySchema> = {
      tableId,
      match: table.matchFields.map((field) => matchOf(field, i + 1)),
      action:
        table.implementationId === 0
          ? { type: { case: 'action', value: action } }
          : { type: { case: 'actionProfileActionSet', value: set } },
      priority: needsPriority(table) ? 10 + i : 0,
    };
    return { case: 'tableEntry', value };
  });
}

function profileEntities(info: P4Info): EntityInit[] {
  return info.actionProfiles.flatMap((profile): EntityInit[] => {
    const actionProfileId = profile.preamble?.id ?? 0;
    const table = info.tables.find((one) => profile.tableIds.includes(one.preamble?.id ?? -1));
    const actionId = table?.actionRefs[0]?.id ?? 0;
    const members = [1, 2].map((memberId): EntityInit => ({
      case: 'actionProfileMember',
      value: { actionProfileId, memberId, action: actionOf(info, actionId, memberId) },
    }));
    const group = {
      actionProfileId,
      groupId: 1,
      members: [
        { memberId: 1, weight: 1 },
        { memberId: 2, weight: 2 },
      ],
    };
    return profile.withSelector
      ? [...members, { case: 'actionProfileGroup', value: group }]
      : members;
  });
}

const METER = { cir: 1n, cburst: 2n, pir: 3n, pburst: 4n };

function otherEntities(info: P4Info): EntityInit[] {
  const ids = (all: readonly { readonly preamble?: { readonly id: number } | undefined }[]) =>
    all.map(({ preamble }) => preamble?.id ?? 0);
  return [
    ...ids(info.counters).map((counterId): EntityInit => ({
      case: 'counterEntry',
      value: { counterId, index: { index: 0n }, data: { packetCount: 5n, byteCount: 500n } },
    })),
    ...ids(info.meters).map((meterId): EntityInit => ({
      case: 'meterEntry',
      value: { meterId, index: { index: 0n }, config: METER },
    })),
    ...ids(info.registers).map((registerId): EntityInit => ({
      case: 'registerEntry',
      value: {
        registerId,
        index: { index: 0n },
        data: { data: { case: 'bitstring', value: new Uint8Array([1]) } },
      },
    })),
    ...ids(info.digests).map((digestId): EntityInit => ({
      case: 'digestEntry',
      value: { digestId, config: { maxTimeoutNs: 1n, maxListSize: 2, ackTimeoutNs: 3n } },
    })),
    ...info.valueSets.map((set): EntityInit => ({
      case: 'valueSetEntry',
      value: {
        valueSetId: set.preamble?.id ?? 0,
        members: [{ match: set.match.map((field) => matchOf(field, 1)) }],
      },
    })),
    {
      case: 'packetReplicationEngineEntry',
      value: {
        type: {
          case: 'multicastGroupEntry',
          value: {
            multicastGroupId: 1,
            replicas: [
              { portKind: { case: 'egressPort', value: 1 }, instance: 1 },
              { portKind: { case: 'port', value: new Uint8Array([2]) }, instance: 2 },
            ],
          },
        },
      },
    },
    {
      case: 'packetReplicationEngineEntry',
      value: {
        type: {
          case: 'cloneSessionEntry',
          value: {
            sessionId: 5,
            replicas: [{ portKind: { case: 'egressPort', value: 1 }, instance: 1 }],
            packetLengthBytes: 64,
          },
        },
      },
    },
  ];
}

export function writes(
  type: Update_Type,
  entities: readonly EntityInit[],
  atomicity = Atomicity.CONTINUE_ON_ERROR,
  electionId = ELECTION_ID,
): Call {
  const updates = entities.map((entity) => ({ type, entity: { entity } }));
  const head = { deviceId: DEVICE_ID, electionId, atomicity };
  return call('Write', create(WriteRequestSchema, { ...head, updates }));
}

/** Everything that there is of every kind. */
const EVERYTHING: readonly EntityInit[] = [
  { case: 'tableEntry', value: { counterData: {}, meterConfig: {} } },
  { case: 'counterEntry', value: {} },
  { case: 'directCounterEntry', value: { tableEntry: {} } },
  { case: 'meterEntry', value: {} },
  { case: 'directMeterEntry', value: { tableEntry: {} } },
  { case: 'registerEntry', value: {} },
  { case: 'actionProfileMember', value: {} },
  { case: 'actionProfileGroup', value: {} },
  { case: 'digestEntry', value: {} },
  { case: 'valueSetEntry', value: {} },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'multicastGroupEntry', value: {} } },
  },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'cloneSessionEntry', value: {} } },
  },
];

export function readsEverything(): Call {
  const entities = EVERYTHING.map((entity) => ({ entity }));
  return call('Read', create(ReadRequestSchema, { deviceId: DEVICE_ID, entities }));
}

function sets(action: ConfigAction, p4info: P4Info, p4DeviceConfig: Uint8Array): Call {
  const config = { p4info, p4DeviceConfig, cookie: { cookie: 9n } };
  const head = { deviceId: DEVICE_ID, electionId: ELECTION_ID, action };
  const message = create(SetForwardingPipelineConfigRequestSchema, { ...head, config });
  return call('SetForwardingPipelineConfig', message);
}

function says(
  update: NonNullable<MessageInitShape<typeof StreamMessageRequestSchema>['update']>,
): Call {
  return call('StreamChannel', create(StreamMessageRequestSchema, { update }));
}

/** How a conversation begins: a client becomes primary and pushes the program. */
function opening(info: P4Info, json: Uint8Array): Call[] {
  return [
    says({ case: 'arbitration', value: { deviceId: DEVICE_ID, electionId: ELECTION_ID } }),
    sets(ConfigAction.VERIFY_AND_COMMIT, info, json),
  ];
}

/** Some conversations of a client with a switch that is to run `json`. */
export function conversations(info: P4Info, json: Uint8Array): Call[][] {
  const begin = opening(info, json);
  const tables = info.tables.flatMap((table) => tableEntities(info, table));
  const profiles = profileEntities(info);
  const others = otherEntities(info);
  const packet = {
    payload: new Uint8Array(60),
    metadata: [{ metadataId: 1, value: new Uint8Array([1]) }],
  };
  return [
    [
      ...begin,
      writes(Update_Type.INSERT, tables),
      readsEverything(),
      writes(Update_Type.DELETE, tables),
    ],
    [...begin, writes(Update_Type.INSERT, tables), writes(Update_Type.MODIFY, tables)],
    [
      ...begin,
      writes(Update_Type.INSERT, profiles),
      readsEverything(),
      writes(Update_Type.DELETE, profiles),
    ],
    [
      ...begin,
      writes(Update_Type.INSERT, others),
      writes(Update_Type.MODIFY, others),
      readsEverything(),
    ],
    [...begin, writes(Update_Type.DELETE, others)],
    [...begin, writes(Update_Type.INSERT, [...tables, ...others], Atomicity.ROLLBACK_ON_ERROR)],
    [...begin, writes(Update_Type.INSERT, [...profiles, ...tables], Atomicity.DATAPLANE_ATOMIC)],
    [
      ...begin,
      sets(ConfigAction.VERIFY_AND_SAVE, info, json),
      writes(Update_Type.INSERT, tables),
      sets(ConfigAction.RECONCILE_AND_COMMIT, info, json),
    ],
    [
      ...begin,
      says({ case: 'packet', value: packet }),
      says({ case: 'digestAck', value: { digestId: 1, listId: 1n } }),
      call('Capabilities', create(CapabilitiesRequestSchema)),
      call(
        'GetForwardingPipelineConfig',
        create(GetForwardingPipelineConfigRequestSchema, { deviceId: DEVICE_ID }),
      ),
    ],
  ];
}

export function p4infoOf(file: string): P4Info {
  const parsed = parseP4Info(readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(`${file}: ${parsed.message}`);
  return parsed.info;
}
