/** RECONCILE_AND_COMMIT on the real engine: what is kept, what refuses it, and what becomes of frames. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#binding/engine';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import type { PipelineBuilder } from '#server/config/pipeline-config';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import {
  answerOf,
  byPort,
  call,
  configOf,
  exactly,
  ID,
  p4info,
  requestFrame,
  say,
  tableEntry,
  WHAT,
  type Request,
} from './conformance/program.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { action, b, exact, lpm } from './entries.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const cache = mkdtempSync(join(tmpdir(), 'timeplane-reconcile-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Called when a pipeline has been built, right before it is loaded. */
let onBuilt: () => void = () => undefined;
const native = nativeBuilder(cache);
const builder: PipelineBuilder = {
  build: async (deviceConfig) => {
    const built = await native.build(deviceConfig);
    onBuilt();
    return built;
  },
};

let device: TestSwitch<Engine>;
let controller: Controller;
beforeEach(async () => {
  onBuilt = () => undefined;
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  for (const port of [1, 2]) must(engine.addMemoryPort(port));
  must(engine.setTime(1_000_000n));
  device = await serve(engine, builder);
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits(configOf())).toBe('OK');
});
afterEach(async () => {
  await device.close();
  device.engine.close();
});

const reconciles = (config = configOf(2n, 'next')) =>
  controller.sets(ConfigAction.RECONCILE_AND_COMMIT, config);

/** The answer to a frame of port 1. */
function answerTo(request: Request): number {
  must(device.engine.inject(1, requestFrame(request)));
  while (must(device.engine.step()) > 0);
  return answerOf(must(device.engine.take(1)).frame);
}

const writes = async (type: Update_Type, ...entities: EntityInit[]): Promise<void> => {
  expect(await controller.writes(type, entities)).toBe('OK');
};

async function reads(...requests: EntityInit[]) {
  const { entities, answer } = await controller.reads(requests);
  expect(answer).toBe('OK');
  return entities.map(({ entity }) => entity.value);
}

describe('a new program whose numbers are other ones', () => {
  it('has the entries of the old, with metadata and counters', async () => {
    await writes(
      INSERT,
      tableEntry({ ...exactly(1, 2, 0x11), metadata: b(7), controllerMetadata: 5n }),
      tableEntry({
        tableId: ID.prefix,
        match: [lpm(1, b(0x0a00_0000), 8)],
        action: action(ID.sayWide, b(3), b(0xff)),
      }),
    );
    const key = { what: WHAT.exactly, address: 1, port: 2 };
    for (let i = 0; i < 3; i += 1) answerTo(key);
    const wanted = tableEntry({ tableId: ID.exactly, counterData: {} });
    const before = await reads(wanted, tableEntry({ tableId: ID.prefix }));
    expect(await reconciles()).toBe('OK');
    expect(await reads(wanted, tableEntry({ tableId: ID.prefix }))).toEqual(before);
    expect(before[0]).toMatchObject({ counterData: { packetCount: 3n } });
    expect(answerTo(key)).toBe(0x11);
    expect(answerTo({ what: WHAT.prefix, number: 0x0a01_0203 })).toBe(0xfc);
  });

  it('has members, groups, one-shots and the entries that refer to them', async () => {
    const member = (memberId: number, answer: number): EntityInit => ({
      case: 'actionProfileMember',
      value: { actionProfileId: ID.shared, memberId, action: call(answer) },
    });
    await writes(INSERT, member(1, 0x21), member(2, 0x22));
    const members = [{ memberId: 2, weight: 1 }];
    await writes(INSERT, {
      case: 'actionProfileGroup',
      value: { actionProfileId: ID.shared, groupId: 9, members, maxSize: 4 },
    });
    const toGroup = { type: { case: 'actionProfileGroupId' as const, value: 9 } };
    const grouped = { tableId: ID.grouped, match: [exact(1, b(5))], action: toGroup };
    await writes(INSERT, tableEntry(grouped));
    const all: EntityInit[] = [
      { case: 'actionProfileMember', value: {} },
      { case: 'actionProfileGroup', value: {} },
      tableEntry({ tableId: ID.grouped }),
    ];
    const before = await reads(...all);
    expect(await reconciles()).toBe('OK');
    expect(await reads(...all)).toEqual(before);
    expect(answerTo({ what: WHAT.grouped, port: 5 })).toBe(0x22);
    await writes(DELETE, tableEntry(grouped));
  });

  it('has meters, value sets, digests, groups, sessions, counters and registers', async () => {
    const config = { cir: 1n, cburst: 1n, pir: 1n, pburst: 1n };
    const index = { index: 2n };
    await writes(
      MODIFY,
      { case: 'meterEntry', value: { meterId: ID.limits, index, config } },
      { case: 'counterEntry', value: { counterId: ID.seen, index, data: { packetCount: 4n } } },
      {
        case: 'registerEntry',
        value: { registerId: ID.cells, index, data: { data: { case: 'bitstring', value: b(77) } } },
      },
      {
        case: 'valueSetEntry',
        value: { valueSetId: ID.knownPorts, members: [{ match: [exact(1, b(0x0800))] }] },
      },
    );
    const replicas = [{ portKind: { case: 'port' as const, value: b(2) }, instance: 3 }];
    await writes(
      INSERT,
      { case: 'digestEntry', value: { digestId: ID.learn, config: { maxListSize: 3 } } },
      ...(['multicastGroupEntry', 'cloneSessionEntry'] as const).map((kind): EntityInit => {
        const type =
          kind === 'multicastGroupEntry'
            ? { case: kind, value: { multicastGroupId: 5, replicas } }
            : { case: kind, value: { sessionId: 100, replicas } };
        return { case: 'packetReplicationEngineEntry', value: { type } };
      }),
    );
    const all: EntityInit[] = [
      { case: 'meterEntry', value: { meterId: ID.limits } },
      { case: 'counterEntry', value: { counterId: ID.seen, index } },
      { case: 'registerEntry', value: { registerId: ID.cells } },
      { case: 'valueSetEntry', value: {} },
      { case: 'digestEntry', value: {} },
      {
        case: 'packetReplicationEngineEntry',
        value: { type: { case: 'multicastGroupEntry', value: {} } },
      },
      {
        case: 'packetReplicationEngineEntry',
        value: { type: { case: 'cloneSessionEntry', value: {} } },
      },
    ];
    const before = await reads(...all);
    expect(await reconciles()).toBe('OK');
    expect(await reads(...all)).toEqual(before);
    expect(answerTo({ what: WHAT.cells, number: 2 })).toBe(77);
    expect(answerTo({ what: WHAT.valueSet, port: 0x0800 })).toBe(1);
  });

  it('has each array in two calls, however many cells: frames wait meanwhile', async () => {
    const data = { data: { case: 'bitstring' as const, value: b(77) } };
    for (let cell = 0n; cell < 8n; cell += 1n) {
      const value = { registerId: ID.cells, index: { index: cell }, data };
      await writes(MODIFY, { case: 'registerEntry', value });
    }
    const { engine } = device;
    const whole = (['counterTake', 'counterPut', 'registerTake', 'registerPut'] as const).map(
      (name) => vi.spyOn(engine, name),
    );
    const cells = (['counterRead', 'counterWrite', 'registerRead', 'registerWrite'] as const).map(
      (name) => vi.spyOn(engine, name),
    );
    expect(await reconciles()).toBe('OK');
    const { counters, registers } = p4info();
    const calls = [counters.length, counters.length, registers.length, registers.length];
    expect(whole.map(({ mock }) => mock.calls.length)).toEqual(calls);
    expect(cells.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 0]);
  });

  it('brings its own entries and default actions, but for those that a client changed', async () => {
    await writes(MODIFY, tableEntry({ tableId: ID.always, isDefaultAction: true, action: say(9) }));
    await writes(DELETE, tableEntry({ tableId: ID.started, match: [exact(1, b(2))] }));
    expect(await reconciles()).toBe('OK');
    expect(answerTo({ what: WHAT.always })).toBe(9);
    expect(answerTo({ what: WHAT.fixed, number: 1 })).toBe(0xc9);
    const started = [1, 2, 3].map((port) => answerTo({ what: WHAT.started, port }));
    expect(started).toEqual([0xe1, 0, 0xe3]);
  });
});

describe('what cannot be kept refuses the request, and nothing changes', () => {
  it('more entries than the new table takes', async () => {
    await writes(INSERT, tableEntry(byPort(ID.small, 1)), tableEntry(byPort(ID.small, 2, say(2))));
    expect(await reconciles()).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toMatch(/cannot be kept.*the table is full/);
    expect(answerTo({ what: WHAT.small, port: 2 })).toBe(2);
    expect(answerTo({ what: WHAT.fixed, number: 1 })).toBe(0xc1);
  });

  it('a table or a field that has another name', async () => {
    await writes(INSERT, tableEntry(exactly(1, 1)));
    const renamed = configOf();
    const [field] = renamed.p4info.tables[0]?.matchFields ?? [];
    if (field === undefined) throw new Error('no field');
    field.name = 'another';
    expect(await reconciles(renamed)).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toMatch(/'ingress.exactly': field 1 was address, EXACT/);
  });
});

describe('frames that come while the program is exchanged', () => {
  const FRAMES = 64;
  const ROUNDS = 20;
  const request = { what: WHAT.exactly, address: 7, port: 1 };
  const injects = (): void => {
    for (let i = 0; i < FRAMES; i += 1) must(device.engine.inject(1, requestFrame(request)));
  };
  const dropped = (): number => Number(device.engine.counters().droppedReload);

  /** Puts the answers that have left to those before. */
  function takeAnswers(answers: number[]): void {
    for (let sent = device.engine.take(1); sent.ok; sent = device.engine.take(1)) {
      answers.push(answerOf(sent.value.frame));
    }
  }

  async function counted(): Promise<bigint> {
    const wanted = tableEntry({ tableId: ID.exactly, counterData: {} });
    const { entities } = await controller.reads([wanted]);
    const packets = entities.map(({ entity }) =>
      entity.case === 'tableEntry' ? (entity.value.counterData?.packetCount ?? 0n) : 0n,
    );
    return packets.reduce((sum, count) => sum + count, 0n);
  }

  beforeEach(async () => {
    await device.close();
    device.engine.close();
    const engine = must(Engine.open({ library: await engineLibrary() }));
    must(engine.addMemoryPort(1));
    must(engine.start());
    device = await serve(engine, builder);
    controller = await device.controller().becomesPrimary();
    await controller.commits(configOf());
    await writes(INSERT, ...Array.from({ length: 50 }, (_, i) => tableEntry(exactly(i, 1, 0x5a))));
  });

  it('are all answered, and none is dropped', async () => {
    onBuilt = injects;
    const answers: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await reconciles(configOf(null, round % 2 === 0 ? 'next' : 'conformance'))).toBe('OK');
      await expect
        .poll(() => {
          takeAnswers(answers);
          return answers.length;
        })
        .toBe((round + 1) * FRAMES);
    }
    expect(new Set(answers)).toEqual(new Set([0x5a]));
    expect(dropped()).toBe(0);
    expect(await counted()).toBe(BigInt(FRAMES * ROUNDS));
  });

  it('are dropped and counted where they wait for a slow line', async () => {
    const line = { rateBps: 1n, overheadOctets: 0, boundOctets: 0, priorityCount: 1 };
    must(device.engine.setQueue(1, line));
    injects();
    await expect.poll(counted).toBe(BigInt(FRAMES));
    const answers: number[] = [];
    takeAnswers(answers);
    expect(await reconciles()).toBe('OK');
    takeAnswers(answers);
    expect(answers).toEqual([0x5a]);
    expect(dropped()).toBe(FRAMES - 1);
  });
});
