/** Parser value sets over P4Runtime on the native engine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone, fromJsonString } from '@bufbuild/protobuf';
import { Engine } from '#binding/engine';
import { MatchField_MatchType, P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { prefixesOf } from '#server/entities/value-ranges';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { Controller, EntityInit, TableEntryInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { b, exact, range, ternary } from './entries.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const cache = mkdtempSync(join(tmpdir(), 'timeplane-value-sets-'));
const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');
const INFO = fromJsonString(P4InfoSchema, file('value-sets.p4info.json'));
const CONFIG = { p4info: INFO, p4DeviceConfig: Buffer.from(file('value-sets.json')) };

let device: TestSwitch<Engine>;
let controller: Controller;

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  must(engine.addMemoryPort(1));
  device = await serve(engine, nativeBuilder(cache));
  controller = await device.controller().becomesPrimary();
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

type Match = NonNullable<TableEntryInit['match']>;

function idOf(alias: string): number {
  return INFO.valueSets.find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
}

const set = (alias: string, ...members: Match[]): EntityInit => ({
  case: 'valueSetEntry',
  value: { valueSetId: idOf(alias), members: members.map((match) => ({ match })) },
});

const kinds = (...values: number[]) => set('kinds', ...values.map((value) => [exact(1, b(value))]));

const writes = (entity: EntityInit, type: Update_Type = MODIFY) =>
  controller.writes(type, [entity]).then((answer) => (answer === 'OK' ? answer : answer[0]));

/** What the parser left behind: 0 where nothing has matched. */
function trace(which: 1 | 2, kind: number, number = 0): number {
  const frame = new Uint8Array(64);
  const view = new DataView(frame.buffer);
  view.setUint8(0, which);
  view.setUint16(1, kind);
  view.setUint16(3, number << 4);
  must(device.engine.inject(1, frame));
  while (must(device.engine.step()) > 0);
  return must(device.engine.take(1)).frame[21] ?? -1;
}

describe('a parser value set (9.7)', () => {
  beforeEach(async () => {
    expect(await controller.commits(CONFIG)).toBe('OK');
  });

  it('is empty at first', async () => {
    expect(trace(1, 0x1234)).toBe(0);
    const { entities } = await controller.reads([{ case: 'valueSetEntry', value: {} }]);
    expect(entities).toMatchObject(
      ['kinds', 'pairs', 'wides'].map(() => ({ entity: { value: { members: [] } } })),
    );
  });

  it('matches its members, which are replaced as a whole', async () => {
    expect(await writes(kinds(0x1234, 0x5678))).toBe('OK');
    expect([trace(1, 0x1234), trace(1, 0x5678), trace(1, 0x9abc)]).toEqual([1, 1, 0]);
    expect(await writes(kinds(0x9abc, 0x5678))).toBe('OK');
    expect([trace(1, 0x1234), trace(1, 0x5678), trace(1, 0x9abc)]).toEqual([0, 1, 1]);
    expect(await writes(kinds())).toBe('OK');
    expect([trace(1, 0x5678), trace(1, 0x9abc)]).toEqual([0, 0]);
  });

  it('is read as it was written', async () => {
    expect(await writes(kinds(3, 1, 2))).toBe('OK');
    expect(await writes(kinds(2, 4, 1))).toBe('OK');
    const { entities } = await controller.reads([set('kinds')]);
    expect(entities).toMatchObject([{ entity: kinds(2, 4, 1) }]);
  });

  it('of a struct has a match for each field, of its own kind', async () => {
    const pair: Match = [exact(1, b(5)), ternary(2, b(0x120), b(0xff0))];
    expect(await writes(set('pairs', pair, [exact(1, b(6))]))).toBe('OK');
    const seen = [trace(2, 5, 0x12f), trace(2, 5, 0x13f), trace(2, 6, 1), trace(2, 7, 1)];
    expect(seen).toEqual([2, 0, 2, 0]);
    const { entities } = await controller.reads([set('pairs')]);
    expect(entities).toMatchObject([{ entity: set('pairs', pair, [exact(1, b(6))]) }]);
  });

  const wrong: [string, EntityInit, string][] = [
    ['no id', { case: 'valueSetEntry', value: {} }, 'INVALID_ARGUMENT'],
    ['no such id', { case: 'valueSetEntry', value: { valueSetId: 7 } }, 'NOT_FOUND'],
    ['more members than it has room for', kinds(1, 2, 3, 4, 5), 'RESOURCE_EXHAUSTED'],
    ['a member twice', kinds(1, 2, 1), 'ALREADY_EXISTS'],
    ['a value that is too wide', kinds(0x10000), 'OUT_OF_RANGE'],
    ['no value', set('kinds', []), 'INVALID_ARGUMENT'],
    ['another kind of match', set('kinds', [ternary(1, b(1), b(1))]), 'INVALID_ARGUMENT'],
    ['another field', set('kinds', [exact(2, b(1))]), 'INVALID_ARGUMENT'],
  ];
  it.each(wrong)('with %s stays as it was', async (_what, entity, code) => {
    expect(await writes(kinds(0x1234))).toBe('OK');
    expect(await writes(entity)).toBe(code);
    expect([trace(1, 0x1234), trace(1, 1)]).toEqual([1, 0]);
  });

  it('is neither inserted nor deleted', async () => {
    expect(await writes(kinds(1), INSERT)).toBe('INVALID_ARGUMENT');
    expect(await writes(kinds(1), DELETE)).toBe('INVALID_ARGUMENT');
  });

  it('of a saved pipeline comes into force with the commit', async () => {
    expect(await controller.sets(ConfigAction.VERIFY_AND_SAVE, CONFIG)).toBe('OK');
    expect(await writes(kinds(0x1234))).toBe('OK');
    expect(trace(1, 0x1234)).toBe(0);
    expect(await controller.sets(ConfigAction.COMMIT, null)).toBe('OK');
    expect(trace(1, 0x1234)).toBe(1);
  });

  it('of other fields than compiled is refused', async () => {
    const p4info = clone(P4InfoSchema, INFO);
    const field = p4info.valueSets.find(({ preamble }) => preamble?.alias === 'kinds')?.match[0];
    Object.assign(field ?? {}, { bitwidth: 15 });
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('INVALID_ARGUMENT');
  });
});

describe('ranges', () => {
  const between = (low: number, high: number) => [range(1, b(low), b(high))];
  const ranges = (...members: [number, number][]) =>
    set('kinds', ...members.map(([low, high]) => between(low, high)));

  beforeAll(async () => {
    const p4info = clone(P4InfoSchema, INFO);
    const field = p4info.valueSets.find(({ preamble }) => preamble?.alias === 'kinds')?.match[0];
    Object.assign(field ?? {}, { match: { case: 'matchType', value: MatchField_MatchType.RANGE } });
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('OK');
  });

  it('match from their low to their high end', async () => {
    expect(await writes(ranges([0x0fff, 0x2001], [7, 7]))).toBe('OK');
    expect([0x0ffe, 0x0fff, 0x1234, 0x2001, 0x2002].map((kind) => trace(1, kind))).toEqual([
      0, 1, 1, 1, 0,
    ]);
    expect([6, 7, 8].map((kind) => trace(1, kind))).toEqual([0, 1, 0]);
  });

  it('may overlap, and each goes by itself', async () => {
    expect(await writes(ranges([0, 9], [5, 20], [5, 9]))).toBe('OK');
    expect(await writes(ranges([5, 20], [5, 9]))).toBe('OK');
    expect([0, 4, 5, 9, 10, 20, 21].map((kind) => trace(1, kind))).toEqual([0, 0, 1, 1, 1, 1, 0]);
    expect(await writes(ranges([5, 9]))).toBe('OK');
    expect([5, 9, 10, 20].map((kind) => trace(1, kind))).toEqual([1, 1, 0, 0]);
  });

  it('are read as they were written, and the same one twice is ALREADY_EXISTS', async () => {
    const wanted = ranges([1, 0xfffe], [3, 4]);
    expect(await writes(wanted)).toBe('OK');
    const { entities } = await controller.reads([set('kinds')]);
    expect(entities).toMatchObject([{ entity: wanted }]);
    expect(await writes(ranges([3, 4], [3, 4]))).toBe('ALREADY_EXISTS');
    expect(await writes(ranges([4, 3]))).toBe('INVALID_ARGUMENT');
    expect(await writes(ranges())).toBe('OK');
    expect(trace(1, 3)).toBe(0);
  });

  it('are as many prefixes as they need, and no more (every range of 5 bits)', () => {
    for (let low = 0n; low < 32n; low += 1n) {
      for (let high = low; high < 32n; high += 1n) {
        const prefixes = prefixesOf(low, high, 5);
        const matched = Array.from({ length: 32 }, (_, value) => BigInt(value)).filter((value) =>
          prefixes.some((prefix) => (value & prefix.mask) === prefix.value),
        );
        expect([matched[0], matched.at(-1), BigInt(matched.length)]).toEqual([
          low,
          high,
          high - low + 1n,
        ]);
        expect(prefixes.length).toBeLessThanOrEqual(8);
      }
    }
  });
});
