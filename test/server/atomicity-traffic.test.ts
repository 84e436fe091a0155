/** DATAPLANE_ATOMIC beside traffic, on the native engine with a packet loop of its own (specification
 * 1.5, "Batch Atomicity"): every frame is handled before the batch, or after it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromJsonString } from '@bufbuild/protobuf';
import { Engine } from '#binding/engine';
import { P4InfoSchema, type P4Info } from '#protos/p4/config/v1/p4info_pb';
import {
  Update_Type,
  WriteRequestSchema,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { batchOf } from '#server/write/write-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { EntityInit, TestSwitch } from './conversation.js';
import { CPU_PORT, DEVICE_ID, serve } from './conversation.js';
import { action, b, exact } from './entries.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');
const INFO: P4Info = fromJsonString(P4InfoSchema, file('controller-types.p4info.json'));
const CONFIG = { p4info: INFO, p4DeviceConfig: Buffer.from(file('controller-types.json')) };
const idOf = (kind: 'tables' | 'actions', alias: string): number =>
  INFO[kind].find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
const text = (string: string): Uint8Array => Uint8Array.from(Buffer.from(string));

const cache = mkdtempSync(join(tmpdir(), 'timeplane-atomic-'));
let device: TestSwitch<Engine>;

beforeAll(async () => {
  const library = await engineLibrary();
  const engine = must(Engine.open({ library, cpuPort: CPU_PORT }));
  for (const port of [1, 2]) must(engine.addMemoryPort(port));
  device = await serve(engine, nativeBuilder(cache));
  const controller = await device.controller().becomesPrimary();
  expect(await controller.commits(CONFIG)).toBe('OK');
  must(engine.start());
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

/** In which vrf frames are. */
const classify = (vrf: string): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'classify'),
    priority: 1,
    match: [exact(2, b(0))],
    action: action(idOf('actions', 'set_vrf'), text(vrf)),
  },
});
/** Where those of a vrf go: nowhere without it. */
const forward = (vrf: string): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'forward'),
    match: [exact(1, text(vrf))],
    action: action(idOf('actions', 'send'), text('2')),
  },
});

async function writes(
  atomicity: Atomicity,
  ...updates: [Update_Type, EntityInit][]
): Promise<boolean> {
  const request = create(WriteRequestSchema, {
    deviceId: DEVICE_ID,
    electionId: { low: 1n },
    atomicity,
    updates: updates.map(([type, entity]) => ({ type, entity: { entity } })),
  });
  const written = await device.service.write(batchOf(request));
  if (!written.ok) throw new Error(written.error.message);
  return written.value.every((item) => item === null);
}

const FRAMES = 64;
const frame = Uint8Array.from({ 0: 1, length: 64 });

/** So many frames before a batch and as many after it; how many got through. */
async function through(batch: () => Promise<void>): Promise<number> {
  const inject = () => {
    for (let i = 0; i < FRAMES; i += 1) must(device.engine.inject(1, frame));
  };
  const before = seen();
  inject();
  await batch();
  inject();
  await expect.poll(() => seen() - before, { interval: 1 }).toBe(2 * FRAMES);
  let sent = 0;
  while (device.engine.take(2).ok) sent += 1;
  return sent;
}

/** Frames that have come to their end, sent or dropped. */
function seen(): number {
  const { droppedByProgram, droppedNoPort } = device.engine.counters();
  const { txFrames } = must(device.engine.portCounters(2));
  return Number(droppedByProgram + droppedNoPort + txFrames);
}

describe('a batch that moves frames from one vrf to another', () => {
  const steps = (from: string, to: string): [Update_Type, EntityInit][] => [
    [DELETE, forward(from)],
    [MODIFY, classify(to)],
    [INSERT, forward(to)],
  ];
  const wrong: [Update_Type, EntityInit] = [DELETE, forward('nowhere')];

  it('loses none of them, done or undone', async () => {
    expect(
      await writes(Atomicity.DATAPLANE_ATOMIC, [INSERT, classify('red')], [INSERT, forward('red')]),
    ).toBe(true);
    let [from, to] = ['red', 'green'];
    for (let turn = 0; turn < 100; turn += 1) {
      const isUndone = turn % 3 === 2;
      const batch = isUndone ? [...steps(from, to), wrong] : steps(from, to);
      const sent = await through(async () => {
        expect(await writes(Atomicity.DATAPLANE_ATOMIC, ...batch)).toBe(!isUndone);
      });
      expect(sent).toBe(2 * FRAMES);
      if (!isUndone) [from, to] = [to, from];
    }
  }, 60_000);
});
