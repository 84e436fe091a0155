import { create } from '@bufbuild/protobuf';
import { CounterSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  P4StructTypeSpec_MemberSchema,
  P4StructTypeSpecSchema,
} from '#protos/p4/config/v1/p4types_pb';
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { done } from '#server/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { CONFIG, startSwitch } from './conversation.js';
import { mac } from './entries.js';
import { ID, LAYOUT, p4info } from './fixture-program.js';

const { VERIFY, VERIFY_AND_SAVE, VERIFY_AND_COMMIT, COMMIT, RECONCILE_AND_COMMIT, UNSPECIFIED } =
  ConfigAction;

let device: TestSwitch;
let controller: Controller;

beforeEach(async () => {
  device = await startSwitch();
  controller = await device.controller(5n).becomesPrimary();
});
afterEach(() => device.close());

const config = (n: number) => ({ ...CONFIG, p4DeviceConfig: Buffer.from(`fixture-${n}`) });
const readsMac = async () =>
  (await controller.reads([{ case: 'tableEntry', value: { tableId: ID.mac } }])).entities.length;

describe('SetForwardingPipelineConfig (14)', () => {
  it('is for the primary: PERMISSION_DENIED otherwise', async () => {
    expect(await controller.sets(VERIFY_AND_COMMIT, CONFIG, 4n)).toBe('PERMISSION_DENIED');
    expect(device.engine.loads).toEqual([]);
  });

  it('VERIFY changes nothing', async () => {
    expect(await controller.sets(VERIFY)).toBe('OK');
    expect(device.engine.loads).toEqual([]);
    expect(await controller.gets()).toBeUndefined();
  });

  it('VERIFY_AND_COMMIT loads the pipeline, sets its defaults and constant entries', async () => {
    expect(await controller.commits()).toBe('OK');
    expect(device.engine.loads).toEqual(['/cache/fixture-1.so']);
    expect(device.engine.inserted.map(({ table, priority }) => [table, priority])).toEqual([
      [3, 2],
      [3, 1],
    ]);
    // Also of the table that only the compiler knows.
    expect(device.engine.defaults.get(5)).toEqual({ action: 1, args: [] });
  });

  it('shows traffic a pipeline with its defaults, constant entries and saved writes at once', async () => {
    expect(await controller.commits()).toBe('OK');
    expect(await controller.sets(VERIFY_AND_SAVE, config(2))).toBe('OK');
    await controller.inserts(mac(1n, 1, 1));
    expect(await controller.sets(COMMIT, null)).toBe('OK');
    expect(device.engine.loads).toHaveLength(2);
    expect(device.engine.inserted).toHaveLength(2 * 2 + 1);
    expect(device.engine.seenByTraffic).toEqual([]);
    await controller.inserts(mac(2n, 1, 1));
    expect(device.engine.seenByTraffic).toEqual(['tableInsert']);
  });

  it('VERIFY_AND_COMMIT clears the forwarding state, groups included', async () => {
    await controller.commits();
    await controller.inserts(mac(1n, 1, 1));
    const group: EntityInit = {
      case: 'packetReplicationEngineEntry',
      value: {
        type: {
          case: 'multicastGroupEntry',
          value: {
            multicastGroupId: 1,
            replicas: [{ portKind: { case: 'egressPort', value: 1 } }],
          },
        },
      },
    };
    expect(await controller.writes(Update_Type.INSERT, [group])).toBe('OK');
    expect(await controller.commits(config(2))).toBe('OK');
    expect(await readsMac()).toBe(0);
    expect(device.engine.groups.size).toBe(0);
  });

  const wrong: [string, ConfigAction, Parameters<Controller['sets']>[1], string][] = [
    ['no action', UNSPECIFIED, CONFIG, 'INVALID_ARGUMENT'],
    ['no config', VERIFY_AND_COMMIT, null, 'INVALID_ARGUMENT'],
    ['no P4Info', VERIFY, { p4DeviceConfig: Buffer.from('fixture-1') }, 'INVALID_ARGUMENT'],
    ['no device config', VERIFY, { p4info: p4info() }, 'INVALID_ARGUMENT'],
    [
      'a device config that does not compile',
      VERIFY_AND_COMMIT,
      { ...CONFIG, p4DeviceConfig: Buffer.from('{') },
      'INVALID_ARGUMENT',
    ],
    ['COMMIT with a config', COMMIT, CONFIG, 'INVALID_ARGUMENT'],
    ['COMMIT without a saved config', COMMIT, null, 'NOT_FOUND'],
    ['RECONCILE_AND_COMMIT without a config', RECONCILE_AND_COMMIT, null, 'INVALID_ARGUMENT'],
  ];
  it.each(wrong)('with %s changes nothing', async (_what, action, given, code) => {
    await controller.commits(config(7));
    await controller.inserts(mac(1n, 1, 1));
    expect(await controller.sets(action, given)).toBe(code);
    expect(device.engine.loads).toEqual(['/cache/fixture-7.so']);
    expect(await readsMac()).toBe(1);
  });

  it('says what the compiler said', async () => {
    await controller.sets(VERIFY, { ...CONFIG, p4DeviceConfig: Buffer.from('{') });
    expect(controller.lastError).toContain('NOT_JSON at line 1');
  });

  it('refuses a P4Info of another program', async () => {
    const other = p4info();
    const [table] = other.tables;
    if (table?.preamble !== undefined) table.preamble.name = 'ingress.other';
    const answer = await controller.sets(VERIFY, { ...CONFIG, p4info: other });
    expect(answer).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toContain("'ingress.other' is not in p4_device_config");
  });

  it('refuses a P4Info with other fields, widths, parameters or digests', async () => {
    const breaks: ((info: ReturnType<typeof p4info>) => void)[] = [
      (info) => info.tables[0]?.matchFields.pop(),
      (info) => info.tables[0]?.matchFields.forEach((field) => (field.bitwidth = 7)),
      (info) => info.actions[0]?.params.pop(),
      (info) => info.actions[0]?.params.forEach((param) => (param.bitwidth = 7)),
      (info) => info.typeInfo?.structs['learn_t']?.members.pop(),
      (info) => info.controllerPacketMetadata[0]?.metadata.pop(),
      (info) => info.tables[0]?.actionRefs.forEach((ref) => (ref.id = 77)),
      (info) => info.tables.push(...info.tables.slice(0, 1)),
    ];
    for (const change of breaks) {
      const info = p4info();
      change(info);
      expect(await controller.sets(VERIFY, { ...CONFIG, p4info: info })).toBe('INVALID_ARGUMENT');
    }
  });

  it('refuses a P4Info that would cost the server dear', async () => {
    const giant = p4info();
    for (const field of giant.controllerPacketMetadata[1]?.metadata ?? []) {
      field.bitwidth = 2 ** 31 - 8;
    }
    const unfolding = p4info();
    const structs = unfolding.typeInfo?.structs ?? {};
    const member = (name: string) =>
      create(P4StructTypeSpec_MemberSchema, {
        name,
        typeSpec: { typeSpec: { case: 'struct', value: { name } } },
      });
    for (let depth = 0; depth < 16; depth += 1) {
      structs[`s${depth}`] = create(P4StructTypeSpecSchema, {
        members: Array.from({ length: 50 }, () => member(`s${depth + 1}`)),
      });
    }
    structs['s16'] = create(P4StructTypeSpecSchema);
    structs['learn_t'] = create(P4StructTypeSpecSchema, { members: [member('s0')] });
    const many = p4info();
    for (let i = 0; i < 1000; i += 1) {
      many.counters.push(
        create(CounterSchema, { preamble: { id: 0x1200_1000 + i, name: 'ingress.port_counter' } }),
      );
    }
    for (const info of [giant, unfolding, many]) {
      expect(await controller.sets(VERIFY, { ...CONFIG, p4info: info })).toBe('INVALID_ARGUMENT');
    }
  });

  it('keeps the old pipeline when the engine refuses the new one', async () => {
    await controller.commits();
    await controller.inserts(mac(1n, 1, 1));
    device.engine.refuseLoad = true;
    expect(await controller.commits(config(2))).toBe('INVALID_ARGUMENT');
    expect(await readsMac()).toBe(1);
  });
});

describe('a saved config (VERIFY_AND_SAVE, COMMIT)', () => {
  it('takes reads and writes at once, and forwards with the old one until COMMIT', async () => {
    await controller.commits(config(1));
    await controller.inserts(mac(1n, 1, 1));
    expect(await controller.sets(VERIFY_AND_SAVE, config(2))).toBe('OK');
    expect(device.engine.loads).toEqual(['/cache/fixture-1.so']);
    expect(await readsMac()).toBe(0);
    const before = device.engine.inserted.length;
    expect(await controller.inserts(mac(2n, 2, 2))).toBe('OK');
    expect(await controller.inserts(mac(2n, 2, 2))).toBe('ALREADY_EXISTS');
    expect(device.engine.inserted).toHaveLength(before);
  });

  it('keeps a batch of more updates than a call takes arguments', async () => {
    await controller.sets(VERIFY_AND_SAVE, config(2));
    await controller.inserts(mac(2n, 2, 2));
    const again = Array.from({ length: 130_000 }, (): EntityInit => ({
      case: 'counterEntry',
      value: { counterId: ID.portCounter, index: { index: 1n } },
    }));
    expect(await controller.writes(Update_Type.MODIFY, again)).toBe('OK');
    expect(await controller.sets(COMMIT, null)).toBe('OK');
    expect(await readsMac()).toBe(1);
  });

  it('is committed with the writes since it was saved', async () => {
    await controller.sets(VERIFY_AND_SAVE, config(2));
    await controller.inserts(mac(2n, 2, 2));
    await controller.inserts(mac(3n, 2, 2));
    await controller.deletes(mac(3n, 2, 2));
    expect(await controller.sets(COMMIT, null)).toBe('OK');
    expect(device.engine.loads).toEqual(['/cache/fixture-2.so']);
    expect(await readsMac()).toBe(1);
    expect(await controller.sets(COMMIT, null)).toBe('NOT_FOUND');
  });

  it('is forgotten by VERIFY_AND_COMMIT', async () => {
    await controller.sets(VERIFY_AND_SAVE, config(2));
    await controller.commits(config(3));
    expect(await controller.sets(COMMIT, null)).toBe('NOT_FOUND');
  });
});

describe('GetForwardingPipelineConfig (15)', () => {
  it('has no config before one is set', async () => {
    expect(await controller.gets()).toBeUndefined();
  });

  it('of an unknown device is NOT_FOUND', async () => {
    expect(await controller.gets(ResponseType.ALL, 2n)).toBe('NOT_FOUND');
  });

  const parts: [string, ResponseType, boolean, boolean][] = [
    ['ALL', ResponseType.ALL, true, true],
    ['COOKIE_ONLY', ResponseType.COOKIE_ONLY, false, false],
    ['P4INFO_AND_COOKIE', ResponseType.P4INFO_AND_COOKIE, true, false],
    ['DEVICE_CONFIG_AND_COOKIE', ResponseType.DEVICE_CONFIG_AND_COOKIE, false, true],
  ];
  it.each(parts)('%s gives just that', async (_name, type, hasP4info, hasDeviceConfig) => {
    await controller.commits();
    const got = await controller.gets(type);
    if (got === undefined || typeof got === 'string' || Array.isArray(got)) {
      throw new Error(`no config: ${String(got)}`);
    }
    expect(got.cookie?.cookie).toBe(42n);
    expect(got.p4info).toEqual(hasP4info ? p4info() : undefined);
    expect(Buffer.from(got.p4DeviceConfig).toString()).toBe(hasDeviceConfig ? 'fixture-1' : '');
  });
});

describe('Capabilities (17)', () => {
  it('names the version of the API, for the server and for the device', async () => {
    expect(await controller.asksCapabilities()).toBe('1.5.0');
    expect(await controller.asksCapabilities(1n)).toBe('1.5.0');
    expect(await controller.asksCapabilities(2n)).toBe('NOT_FOUND');
  });
});

describe('a takeover while a pipeline is built', () => {
  it('refuses the old primary’s commit', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = await startSwitch({
      build: async () => {
        await held;
        return done({ sharedObject: '/cache/slow.so', layout: LAYOUT });
      },
    });
    const old = await slow.controller(1n).becomesPrimary();
    const answer = old.commits();
    await slow.controller(2n).becomesPrimary();
    release();
    expect(await answer).toBe('PERMISSION_DENIED');
    expect(slow.engine.loads).toEqual([]);
    await slow.close();
  });
});
