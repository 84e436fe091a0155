/** Keys, arguments and digests of more than 128 bits over P4Runtime on the native engine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromJsonString } from '@bufbuild/protobuf';
import { Engine } from '#binding/engine';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { Controller, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { action, b, exact, ternary } from './entries.js';

const cache = mkdtempSync(join(tmpdir(), 'timeplane-wide-'));
const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');
const INFO = fromJsonString(P4InfoSchema, file('wide.p4info.json'));

let device: TestSwitch<Engine>;
let controller: Controller;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  must(engine.addMemoryPort(1));
  device = await serve(engine, nativeBuilder(cache));
  controller = await device.controller().becomesPrimary();
  const config = { p4info: INFO, p4DeviceConfig: Buffer.from(file('wide.json')) };
  expect(await controller.commits(config)).toBe('OK');
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

function idOf(kind: 'tables' | 'actions' | 'digests', alias: string): number {
  return INFO[kind].find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
}

const A = (0xabcdn << 184n) | 0x77n;
const B = (0x9n << 252n) | 1n;

/** which:8, 4 bits, a:200, 4 bits, b:256, small:64, and octets behind. */
function frame(which: number, a: bigint, b256: bigint, small: bigint): Uint8Array {
  const bits = (((BigInt(which) << 208n) | (a << 4n)) << 320n) | (b256 << 64n) | small;
  const head = Buffer.from(bits.toString(16).padStart(134, '0'), 'hex');
  return Buffer.concat([head, Buffer.alloc(40)]);
}

function through(octets: Uint8Array): bigint {
  must(device.engine.inject(1, octets));
  while (must(device.engine.step()) > 0);
  const sent = Buffer.from(must(device.engine.take(1)).frame);
  return (BigInt(`0x${sent.subarray(1, 27).toString('hex')}`) >> 4n) & ((1n << 200n) - 1n);
}

describe('values of more than 128 bits', () => {
  const set = (a: bigint) => action(idOf('actions', 'set'), b(5), b(a), b(1));
  const entries = [
    {
      tableId: idOf('tables', 'by_value'),
      match: [exact(1, b(6)), exact(2, b(A))],
      action: set(A + 1n),
    },
    {
      tableId: idOf('tables', 'by_mask'),
      match: [ternary(1, b(B), b((0xfn << 252n) | 0xffn))],
      action: set(3n),
      priority: 1,
    },
  ];

  it('are keys and arguments, and read as they were written', async () => {
    for (const entry of entries) {
      expect(await controller.inserts(entry)).toBe('OK');
      const { entities } = await controller.reads([
        { case: 'tableEntry', value: { tableId: entry.tableId } },
      ]);
      expect(entities).toMatchObject([{ entity: { value: entry } }]);
    }
    expect(through(frame(10, A, 0n, 6n))).toBe(A + 1n);
    expect(through(frame(10, A ^ (1n << 190n), 0n, 6n))).toBe(A ^ (1n << 190n));
    expect(through(frame(11, A, B | (1n << 100n), 0n))).toBe(3n);
  });

  it('are refused when they are wider than their field', async () => {
    const [entry] = entries;
    const match = [exact(1, b(6)), exact(2, b(1n << 200n))];
    expect(await controller.inserts({ ...entry, match })).toBe('OUT_OF_RANGE');
  });

  it('come up in digests', async () => {
    const digestId = idOf('digests', 'learned_t');
    const config = { ackTimeoutNs: 0n, maxTimeoutNs: 0n, maxListSize: 1 };
    const learning = { case: 'digestEntry' as const, value: { digestId, config } };
    expect(await controller.writes(1, [learning])).toBe('OK');
    expect(through(frame(13, A, 0n, 0n))).toBe(A);
    const heard = (await controller.hears()) as StreamMessageResponse['update'];
    const [data] = heard.case === 'digest' ? heard.value.data : [];
    const members = data?.data.case === 'struct' ? data.data.value.members : [];
    expect(members.map(({ data: { value } }) => value)).toEqual([b(A), b(13)]);
  });
});
