/** A client that dies in the middle of a batch, on the real engine: all of the batch is there, or nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '#binding/engine';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { engineLibrary, must } from '../engine/harness.js';
import { artefact, programP4Info } from '../support/program.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { action, b, exact } from './entries.js';

const { INSERT } = Update_Type;
const ENTRIES = 12_000;
const SOON = { timeout: 20_000 };

const cache = mkdtempSync(join(tmpdir(), 'timeplane-dying-'));
const info = programP4Info();
const config = { p4info: info, p4DeviceConfig: Buffer.from(artefact('main_native.json')) };

function idOf(kind: 'tables' | 'actions', name: string): number {
  const found = info[kind].find(({ preamble }) => preamble?.name.endsWith(name));
  if (found?.preamble === undefined) throw new Error(`no ${name} among the ${kind}`);
  return found.preamble.id;
}

const TABLE = idOf('tables', '.source_mac');
const known = (number: number): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: TABLE,
    match: [exact(1, b(1)), exact(2, b(number))],
    action: action(KNOWN.id, ...KNOWN.args),
  },
});
const KNOWN = (() => {
  const table = info.tables.find(({ preamble }) => preamble?.id === TABLE);
  const id = table?.actionRefs[0]?.id ?? 0;
  const params = info.actions.find(({ preamble }) => preamble?.id === id)?.params ?? [];
  return { id, args: params.map(() => b(1)) };
})();
const BATCH = Array.from({ length: ENTRIES }, (_, i) => known(i + 1));

let device: TestSwitch<Engine>;
let next = 1n;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  device = await serve(engine, nativeBuilder(cache));
}, 60_000);
afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

let dying: Controller;
beforeEach(async () => {
  dying = await device.controller((next += 1n)).becomesPrimary();
  expect(await dying.commits(config)).toBe('OK');
});

/** How many entries there are for the next primary, which is told when nothing is written any more. */
async function left(): Promise<number> {
  const heir = device.controller((next += 1n));
  heir.arbitrates();
  expect((await heir.hearsUpdate(SOON.timeout)).status?.code).toBe(status.OK);
  const count = async (): Promise<number> => {
    const read = await heir.reads([{ case: 'tableEntry', value: { tableId: TABLE } }]);
    expect(read.answer).toBe('OK');
    return read.entities.length;
  };
  const found = await count();
  expect(await heir.writes(INSERT, [known(ENTRIES + 1)])).toBe('OK');
  expect(await count()).toBe(found + 1);
  const { clients } = device.service.counts();
  heir.dies();
  expect(clients).toBe(1);
  return found;
}

async function isGone(): Promise<void> {
  await expect.poll(() => device.service.counts().clients, SOON).toBe(0);
}

describe('a client that dies', { timeout: 60_000 }, () => {
  it('while its batch is being written leaves all of it', async () => {
    const { engine } = device;
    const write = engine.tableWrite.bind(engine);
    let pieces = 0;
    let died = -1;
    engine.tableWrite = (batch) => {
      pieces += 1;
      if (died < 0) {
        died = pieces;
        dying.dies();
      }
      return write(batch);
    };
    try {
      void dying.writes(INSERT, BATCH);
      await isGone();
      expect(await left()).toBe(ENTRIES);
    } finally {
      engine.tableWrite = write;
    }
    // It died at the first of several.
    expect(died).toBe(1);
    expect(pieces).toBeGreaterThan(3);
  });

  it('before all of it is sent leaves nothing', async () => {
    void dying.writes(INSERT, BATCH);
    dying.dies();
    await isGone();
    expect(await left()).toBe(0);
  });

  it('at any moment leaves all of it or nothing', async () => {
    const found = new Set<number>();
    for (const ms of [2, 20, 60, 200]) {
      void dying.writes(INSERT, BATCH);
      await new Promise((resolve) => setTimeout(resolve, ms));
      dying.dies();
      await isGone();
      found.add(await left());
      dying = await device.controller((next += 1n)).becomesPrimary();
      expect(await dying.commits(config)).toBe('OK');
    }
    expect([0, ENTRIES]).toEqual(expect.arrayContaining([...found]));
  });
});
