/** The entries that programs/scale.p4 is filled with, as Write requests that are ready to be sent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, fromBinary, fromJsonString, toBinary } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import type { FieldMatchSchema, TableEntrySchema } from '#protos/p4/v1/p4runtime_pb';
import { Update_Type, WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';
import { projectRoot } from '../../peers/helpers.js';
import { Random } from '../random.js';

export type TableName = 'host' | 'route' | 'policy';
type EntryInit = Omit<MessageInitShape<typeof TableEntrySchema>, '$typeName'>;
type MatchInit = NonNullable<MessageInitShape<typeof FieldMatchSchema>['fieldMatchType']>;

const SEED = 0x1588;
const BATCH = 1_000;
const PORTS = 500;
/** As table_loop.c has them: of 100 prefixes, so many are as long, from 8 bits on. */
const PREFIX_SHARES = [1, 0, 0, 0, 1, 1, 1, 1, 2, 1, 2, 3, 5, 5, 9, 8, 58, 1, 0, 0, 0, 0, 0, 0, 1];
const SHORTEST_PREFIX = 8;
const POLICY_LENGTHS = [32, 24, 16, 28, 30, 8];
const TCP = 6;
const UDP = 17;

export const DEVICE_ID = 1n;
export const ELECTION_ID = { high: 0n, low: 1n };

function artefact(name: string): string {
  return join(projectRoot(), 'lab', 'bench', 'programs', 'artefacts', name);
}

/** The program as SetForwardingPipelineConfig takes it. */
export function scaleProgram() {
  const p4info = fromJsonString(P4InfoSchema, readFileSync(artefact('scale.p4info.json'), 'utf8'));
  return { p4info, p4DeviceConfig: readFileSync(artefact('scale.json')) };
}

const field = (fieldId: number, fieldMatchType: MatchInit) => ({ fieldId, fieldMatchType });

function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** A prefix of `length` bits; zeros below them. */
function prefix(random: Random, length: number): number {
  return (random.next(2 ** 32) & maskOf(length)) >>> 0;
}

function hostMatch(index: number): EntryInit {
  const address = 0x0200_0000_0000 + index * 7919;
  return {
    match: [
      field(1, { case: 'exact', value: { value: encodeBytestring(address) } }),
      field(2, { case: 'exact', value: { value: encodeBytestring(index % 4095) } }),
    ],
  };
}

function prefixLength(random: Random): number {
  let left = random.next(100);
  for (const [index, share] of PREFIX_SHARES.entries()) {
    if (left < share) return SHORTEST_PREFIX + index;
    left -= share;
  }
  throw new Error('the shares are not 100');
}

/** Draws until it finds a prefix that was not there before. */
function routeMatch(random: Random, known: Set<number>): EntryInit {
  for (;;) {
    const prefixLen = prefixLength(random);
    const value = prefix(random, prefixLen);
    const key = value * 64 + prefixLen;
    if (known.has(key)) continue;
    known.add(key);
    const lpm = { value: encodeBytestring(value), prefixLen };
    return { match: [field(1, { case: 'lpm', value: lpm })] };
  }
}

function policyMatch(random: Random, index: number): EntryInit {
  const ternary = (id: number, value: number, mask: number) =>
    field(id, {
      case: 'ternary',
      value: { value: encodeBytestring(value), mask: encodeBytestring(mask) },
    });
  const length = (count: number) => POLICY_LENGTHS[random.next(count)] ?? 32;
  const [source, destination] = [length(6), length(5)];
  const low = random.next(0x8000);
  const high = low + (index % 3 === 0 ? 0 : random.next(200));
  const range = { low: encodeBytestring(low), high: encodeBytestring(high) };
  return {
    priority: 1 + random.next(1_000),
    match: [
      ternary(1, prefix(random, source), maskOf(source)),
      ternary(2, prefix(random, destination), maskOf(destination)),
      ternary(3, index % 2 === 0 ? UDP : TCP, 0xff),
      field(5, { case: 'range', value: range }),
    ],
  };
}

function idOf(kind: 'tables' | 'actions', alias: string): number {
  const objects = scaleProgram().p4info[kind];
  return objects.find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
}

export const tableId = (table: TableName): number => idOf('tables', table);

/** The same request, with DELETEs. */
export function removalOf(insert: Uint8Array): Uint8Array {
  const request = fromBinary(WriteRequestSchema, insert);
  for (const update of request.updates) update.type = Update_Type.DELETE;
  return toBinary(WriteRequestSchema, request);
}

/** Encoded WriteRequests of 1,000 INSERTs each, the same at every call. */
export function insertBatches(table: TableName, count: number, role = ''): Uint8Array[] {
  const id = tableId(table);
  const actionId = idOf('actions', 'forward');
  const random = new Random(SEED);
  const known = new Set<number>();
  const matchOf = {
    host: hostMatch,
    route: () => routeMatch(random, known),
    policy: (index: number) => policyMatch(random, index),
  }[table];
  const update = (index: number) => {
    const params = [{ paramId: 1, value: encodeBytestring(1 + (index % PORTS)) }];
    const type = { case: 'action', value: { actionId, params } } as const;
    const value = { tableId: id, ...matchOf(index), action: { type } };
    return { type: Update_Type.INSERT, entity: { entity: { case: 'tableEntry', value } as const } };
  };
  const batches: Uint8Array[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const updates = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) =>
      update(from + i),
    );
    const fields = { deviceId: DEVICE_ID, electionId: ELECTION_ID, role, updates };
    batches.push(toBinary(WriteRequestSchema, create(WriteRequestSchema, fields)));
  }
  return batches;
}
