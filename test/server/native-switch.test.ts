/** The shipped program on the real engine, driven over real gRPC; ports are memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#binding/engine';
import type { EngineResult } from '#binding/result';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';
import { SetForwardingPipelineConfigRequest_Action as ConfigAction } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLibrary } from '../engine/harness.js';
import { artefact, programP4Info } from '../support/program.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { action, b, exact, ternary } from './entries.js';

const cache = mkdtempSync(join(tmpdir(), 'timeplane-server-'));
const info = programP4Info();
const config = { p4info: info, p4DeviceConfig: Buffer.from(artefact('main_native.json')) };

function must<T>(result: EngineResult<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

type Named = 'tables' | 'actions' | 'counters' | 'digests';
/** The id of what the P4Info calls `…name`. */
function idOf(kind: Named, name: string, from: P4Info = info): number {
  const found = from[kind].find(({ preamble }) => preamble?.name.endsWith(name));
  if (found?.preamble === undefined) throw new Error(`no ${name} among the ${kind}`);
  return found.preamble.id;
}

let device: TestSwitch<Engine>;
let controller: Controller;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  for (const port of [1, 2]) must(engine.addMemoryPort(port));
  must(engine.setTime(1_000_000n));
  device = await serve(engine, nativeBuilder(cache));
  controller = await device.controller().becomesPrimary();
});

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

const VID = 1;
const tableEntry = (value: (EntityInit & { case: 'tableEntry' })['value']): EntityInit => ({
  case: 'tableEntry',
  value,
});

/** Admits untagged frames of two ports to VLAN 1, and sends VLAN 1 untagged. */
function bridge(): EntityInit[] {
  return [1, 2].flatMap((port) => [
    tableEntry({
      tableId: idOf('tables', 'admit_port.port'),
      match: [exact(1, b(port))],
      action: action(idOf('actions', 'set_port'), b(0), b(port), b(0), b(0)),
    }),
    tableEntry({
      tableId: idOf('tables', 'vlan_admission'),
      match: [exact(1, b(port)), exact(2, b(0)), exact(3, b(0))],
      action: action(idOf('actions', 'admit_vlan.admit'), b(VID)),
    }),
    tableEntry({
      tableId: idOf('tables', 'vlan_delivery'),
      match: [exact(1, b(port)), exact(2, b(VID))],
      action: action(idOf('actions', 'send_untagged'), b(0), b(port)),
    }),
  ]);
}

/** Lets the dataplane run until nothing happens any more, and gives what left `port`. */
function sentBy(port: number): Uint8Array[] {
  while (must(device.engine.step()) > 0);
  const frames: Uint8Array[] = [];
  for (;;) {
    const taken = device.engine.take(port);
    if (!taken.ok) return frames;
    frames.push(taken.value.frame);
  }
}

const frame = (destination: number, source: number): Uint8Array =>
  Uint8Array.from({ length: 64 }, (_, i) => {
    const head = [2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source, 0x12, 0x34];
    return head[i] ?? i;
  });

describe('the shipped program', { timeout: 60_000 }, () => {
  it('is refused when it is cut off, nested without end or not JSON at all', async () => {
    const text = artefact('main_native.json');
    const hostile = [
      text.slice(0, text.length / 2),
      '['.repeat(100_000),
      '{}',
      'null',
      '\u0000\u00ff',
      text.replace('"ingress"', '"in\\u0000\\n*/gress"').slice(0, -2),
    ];
    for (const json of hostile) {
      const p4DeviceConfig = Buffer.from(json);
      const answer = await controller.commits({ p4info: info, p4DeviceConfig });
      expect(answer).toBe('INVALID_ARGUMENT');
      expect(controller.lastError).toMatch(/^p4_device_config: [A-Z_]+ at /);
    }
    expect(await controller.gets()).toBeUndefined();
  });

  it('is verified, and committed', async () => {
    expect(await controller.sets(ConfigAction.VERIFY, config)).toBe('OK');
    expect(await controller.gets()).toBeUndefined();
    expect(await controller.commits(config)).toBe('OK');
  });

  it('takes a bridge of two ports as one batch, and gives it back', async () => {
    expect(await controller.writes(1, bridge())).toBe('OK');
    const { entities, answer } = await controller.reads([
      tableEntry({ tableId: idOf('tables', 'vlan_admission') }),
    ]);
    expect(answer).toBe('OK');
    expect(entities).toHaveLength(2);
  });

  it('forwards to a known address', async () => {
    const known = tableEntry({
      tableId: idOf('tables', 'destination_mac'),
      match: [exact(1, b(VID)), exact(2, b(0x0200_0000_0002n))],
      action: action(idOf('actions', 'forward_to'), b(2)),
    });
    expect(await controller.writes(1, [known])).toBe('OK');
    must(device.engine.inject(1, frame(2, 1)));
    expect(sentBy(2)).toEqual([frame(2, 1)]);
  });

  it('floods by a multicast group, not to where the frame came from', async () => {
    const flood = tableEntry({
      tableId: idOf('tables', 'flood_group'),
      match: [exact(1, b(VID))],
      action: action(idOf('actions', 'flood_to'), b(1)),
    });
    const replicas = [1, 2].map((port) => ({
      portKind: { case: 'port' as const, value: b(port) },
      instance: 1,
    }));
    const group: EntityInit = {
      case: 'packetReplicationEngineEntry',
      value: { type: { case: 'multicastGroupEntry', value: { multicastGroupId: 1, replicas } } },
    };
    expect(await controller.writes(1, [flood, group])).toBe('OK');
    must(device.engine.inject(2, frame(0x77, 2)));
    expect(sentBy(1)).toEqual([frame(0x77, 2)]);
    expect(sentBy(2)).toEqual([]);
  });

  it('learns addresses by digest, one for each, until acknowledged', async () => {
    const digestId = idOf('digests', 'learned_mac_t');
    const learning: EntityInit = {
      case: 'digestEntry',
      value: { digestId, config: { ackTimeoutNs: 60_000_000_000n, maxTimeoutNs: 1_000_000n } },
    };
    expect(await controller.writes(1, [learning])).toBe('OK');
    for (const source of [0x31, 0x31, 0x32]) must(device.engine.inject(1, frame(2, source)));
    sentBy(2);
    const list = (await controller.hears()) as StreamMessageResponse['update'];
    if (list.case !== 'digest') throw new Error(`heard ${String(list.case)}`);
    const macs = list.value.data.map(({ data }) =>
      data.case === 'struct' ? data.value.members[1]?.data.value : undefined,
    );
    expect(macs).toEqual([b(0x0200_0000_0031n), b(0x0200_0000_0032n)]);
  });

  it('sends a packet-out from the port that its metadata names', async () => {
    const payload = frame(9, 9);
    const header = info.controllerPacketMetadata.find(
      ({ preamble }) => preamble?.name === 'packet_out',
    );
    const metadata = (header?.metadata ?? []).map(({ id, name }) => ({
      metadataId: id,
      value: b(name === 'egress_port' ? 2 : 0),
    }));
    controller.says({ case: 'packet', value: { payload, metadata } });
    await expect.poll(() => device.service.counts().packetOuts).toBe(1);
    expect(sentBy(2)).toEqual([payload]);
  });

  it('copies what the controller asks for to it, with port, reason and receive time', async () => {
    const session: EntityInit = {
      case: 'packetReplicationEngineEntry',
      value: {
        type: {
          case: 'cloneSessionEntry',
          value: {
            sessionId: 500,
            replicas: [{ portKind: { case: 'port', value: b(510) }, instance: 1 }],
          },
        },
      },
    };
    const wanted = (etherType: number, name: string, reason: number): EntityInit =>
      tableEntry({
        tableId: idOf('tables', 'punt_policy'),
        match: [ternary(1, b(1), b(0x1ff)), ternary(3, b(etherType), b(0xffff))],
        action: action(idOf('actions', name), b(reason)),
        priority: 10,
      });
    const entries = [
      session,
      wanted(0x88b5, 'copy_to_controller', 17),
      wanted(0x88b6, 'trap_to_controller', 18),
    ];
    expect(await controller.writes(1, entries)).toBe('OK');

    const received = (etherType: number): Uint8Array => {
      const octets = frame(2, 1);
      octets.set([etherType >> 8, etherType & 0xff], 12);
      must(device.engine.inject(1, octets, 1_234_567n));
      return octets;
    };
    const heard = async (): Promise<unknown> => {
      let update = (await controller.hears()) as StreamMessageResponse['update'];
      // These frames' own address is learned too, some time.
      while (update.case === 'digest') {
        update = (await controller.hears()) as StreamMessageResponse['update'];
      }
      if (update.case !== 'packet') throw new Error(`heard ${String(update.case)}`);
      const { payload, metadata } = update.value;
      return [payload, ...metadata.map(({ value }) => value)];
    };
    const copied = received(0x88b5);
    expect(sentBy(2)).toEqual([copied]);
    expect(await heard()).toEqual([copied, b(1), b(17), b(1_234_567)]);

    const trapped = received(0x88b6);
    expect(sentBy(2)).toEqual([]);
    expect(await heard()).toEqual([trapped, b(1), b(18), b(1_234_567)]);
  });

  it('reads every counter of the program with one request', async () => {
    const { entities, answer } = await controller.reads([{ case: 'counterEntry', value: {} }]);
    expect(answer).toBe('OK');
    const sizes = info.counters.reduce((sum, counter) => sum + Number(counter.size), 0);
    expect(entities).toHaveLength(sizes);
  });

  it('reads everything that a controller can ask for at once', async () => {
    const all: EntityInit[] = [
      tableEntry({ counterData: {} }),
      tableEntry({ isDefaultAction: true }),
      { case: 'directCounterEntry', value: {} },
      { case: 'registerEntry', value: {} },
      { case: 'digestEntry', value: {} },
      { case: 'actionProfileMember', value: {} },
      { case: 'meterEntry', value: {} },
    ];
    const { answer, entities } = await controller.reads(all);
    expect(answer).toBe('OK');
    expect(entities.length).toBeGreaterThan(info.tables.length);
  });

  it('with an initial entry twice is refused, and the one that runs goes on', async () => {
    interface Table {
      readonly name: string;
      entries?: object[];
    }
    const json = JSON.parse(artefact('main_native.json')) as { pipelines: { tables: Table[] }[] };
    const tables = json.pipelines.flatMap((pipeline) => pipeline.tables);
    const initial = tables.find(({ entries = [] }) => entries.length > 0);
    initial?.entries?.push(...initial.entries.slice(0, 1));
    const p4DeviceConfig = Buffer.from(JSON.stringify(json));
    for (const wanted of [ConfigAction.VERIFY, ConfigAction.VERIFY_AND_COMMIT]) {
      expect(await controller.sets(wanted, { p4info: info, p4DeviceConfig })).toBe(
        'INVALID_ARGUMENT',
      );
      expect(controller.lastError).toContain('the same entry is there twice');
    }
    must(device.engine.inject(1, frame(2, 1)));
    expect(sentBy(2)).toEqual([frame(2, 1)]);
  });

  it('gives the initial entries of an exact table without a priority', async () => {
    const tableId = idOf('tables', 'ptp_message');
    const { entities } = await controller.reads([tableEntry({ tableId })]);
    const priorities = entities.map(({ entity }) =>
      entity.case === 'tableEntry' ? entity.value.priority : null,
    );
    expect(new Set(priorities)).toEqual(new Set([0]));
  });

  it('is cleared by a second commit: nothing is forwarded until it is written again', async () => {
    expect(await controller.commits(config)).toBe('OK');
    must(device.engine.inject(1, frame(2, 1)));
    expect(sentBy(2)).toEqual([]);
    expect(await controller.writes(1, bridge())).toBe('OK');
  });
});
