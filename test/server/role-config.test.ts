/** What roles with a part of the pipeline may do, through gRPC. */
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack, StringValueSchema, StructSchema } from '@bufbuild/protobuf/wkt';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import { parseRoleConfig } from '#server/session/role-config';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { CONFIG, startSwitch } from './conversation.js';
import { b, mac, route } from './entries.js';
import { ID } from './fixture-program.js';

const { INSERT, MODIFY } = Update_Type;
const config = (json: JsonObject) =>
  anyPack(StructSchema, create(StructSchema, fromJson(StructSchema, json)));
const entry = (value: ReturnType<typeof mac>): EntityInit => ({ case: 'tableEntry', value });

describe('a role.config', () => {
  const wrong: [string, JsonObject][] = [
    ['an unknown key', { owns: [1] }],
    ['ids that are no list', { exclusive: 1 }],
    ['an id that is not whole', { exclusive: [1.5] }],
    ['an id of 0', { shared: [0] }],
    ['an id beyond 32 bits', { readOnly: [0x1_0000_0000] }],
    ['a flag that is none', { pipeline: 'yes' }],
    ['packets that are neither', { packetIns: 'all' }],
    ['a packet filter without a value', { packetOuts: [{ metadataId: 1 }] }],
  ];
  it.each(wrong)('with %s is INVALID_ARGUMENT', (_what, json) => {
    const parsed = parseRoleConfig(config(json));
    expect(parsed.ok ? 'OK' : status[parsed.error.code]).toBe('INVALID_ARGUMENT');
  });

  it('of another type is INVALID_ARGUMENT', () => {
    const other = anyPack(StringValueSchema, create(StringValueSchema, { value: 'x' }));
    expect(parseRoleConfig(other).ok).toBe(false);
  });
});

describe('a role with a part of the pipeline', () => {
  let device: TestSwitch;
  let whole: Controller;
  let part: Controller;
  const role = 'part';

  beforeEach(async () => {
    device = await startSwitch();
    whole = await device.controller(1n).becomesPrimary();
    await whole.commits(CONFIG);
    part = device.controller(2n);
    const roleConfig = config({
      exclusive: [ID.mac],
      shared: [ID.portCounter],
      readOnly: [ID.route],
      packetIns: true,
      packetOuts: [{ metadataId: 1, value: 3 }],
    });
    part.arbitrates({ role, roleConfig });
    expect(await part.hearsArbitration()).toBe('OK');
  });
  afterEach(() => device.close());

  it('writes its own objects alone', async () => {
    const batch = [entry(mac(1n, 1, 1)), entry(route(1, 32, 1)), entry(mac(2n, 1, 1))];
    const answer = await part.writes(INSERT, batch, { role });
    expect(answer).toEqual(['OK', 'PERMISSION_DENIED', 'OK']);
  });

  it('has a batch that is all or nothing refused as a whole', async () => {
    for (const atomicity of [Atomicity.ROLLBACK_ON_ERROR, Atomicity.DATAPLANE_ATOMIC]) {
      const batch = [entry(mac(1n, 1, 1)), entry(route(1, 32, 1))];
      const answer = await part.writes(INSERT, batch, { role, atomicity });
      expect(answer).toEqual(['ABORTED', 'PERMISSION_DENIED']);
      expect(device.engine.inserted.filter(({ table }) => table === 0)).toEqual([]);
    }
  });

  it('writes direct resources with their table, and no multicast groups', async () => {
    await part.writes(INSERT, [entry(mac(1n, 1, 1))], { role });
    const { tableId, match = [] } = mac(1n, 1, 1);
    const key = { tableId: tableId ?? 0, match };
    const answer = await part.writes(
      MODIFY,
      [
        { case: 'directCounterEntry', value: { tableEntry: key, data: { packetCount: 5n } } },
        { case: 'counterEntry', value: { counterId: ID.portCounter, data: {} } },
        {
          case: 'packetReplicationEngineEntry',
          value: { type: { case: 'multicastGroupEntry', value: { multicastGroupId: 1 } } },
        },
      ],
      { role },
    );
    expect(answer).toEqual(['OK', 'OK', 'PERMISSION_DENIED']);
  });

  it('reads what is its own, shared or read-only, and nothing else', async () => {
    await whole.inserts(mac(1n, 1, 1));
    await whole.inserts(route(1, 32, 1));
    const everything: EntityInit[] = [
      { case: 'tableEntry', value: {} },
      { case: 'counterEntry', value: {} },
      { case: 'registerEntry', value: {} },
    ];
    const { entities, answer } = await part.reads(everything, 1n, role);
    expect(answer).toBe('OK');
    const tables = entities.flatMap(({ entity }) =>
      entity.case === 'tableEntry' ? [entity.value.tableId] : [],
    );
    expect(new Set(tables)).toEqual(new Set([ID.mac, ID.route]));
    const kinds = new Set(entities.map(({ entity }) => entity.case));
    expect(kinds).toEqual(new Set(['tableEntry', 'counterEntry']));
  });

  it('does not set the pipeline, unless its config says so', async () => {
    const set = part.sets(ConfigAction.VERIFY, CONFIG, 2n, { role });
    expect(await set).toBe('PERMISSION_DENIED');
    part.arbitrates({ role, roleConfig: config({ pipeline: true }) });
    expect(await part.hearsArbitration()).toBe('OK');
    expect(await part.sets(ConfigAction.VERIFY, CONFIG, 2n, { role })).toBe('OK');
  });

  it('sends the packet-outs that its filter lets through', async () => {
    const metadata = (port: number) => [
      { metadataId: 1, value: b(port) },
      { metadataId: 2, value: b(0) },
    ];
    const payload = new Uint8Array(14);
    part.says({ case: 'packet', value: { payload, metadata: metadata(4) } });
    const heard = await part.hears();
    if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'error') {
      throw new Error('no stream error came');
    }
    expect(status[heard.value.canonicalCode]).toBe('PERMISSION_DENIED');
    part.says({ case: 'packet', value: { payload, metadata: metadata(3) } });
    await expect.poll(() => device.engine.packetOuts.length).toBe(1);
  });

  it('acknowledges no digests of others', async () => {
    part.says({ case: 'digestAck', value: { digestId: ID.learn, listId: 1n } });
    const heard = await part.hears();
    if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'error') {
      throw new Error('no stream error came');
    }
    expect(status[heard.value.canonicalCode]).toBe('PERMISSION_DENIED');
  });
});
