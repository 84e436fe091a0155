/** Meters over P4Runtime on the native engine, whose clock the test sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone } from '@bufbuild/protobuf';
import { Engine } from '#binding/engine';
import { MeterSpec_Type, MeterSpec_Unit, P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import { ReferenceMeter } from '../support/meter-reference.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { action, b, exact } from './entries.js';
import {
  BY_THE_SPECIFICATION,
  arrayConversation,
  directConversation,
} from './meters-conversation.js';
import {
  METERS_CONFIG,
  METERS_INFO,
  byValue,
  cell,
  colourIn,
  directMeter,
  idOf,
  requestFrame,
  type Config,
} from './meters-fixture.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const SECOND = 1_000_000_000n;
const cache = mkdtempSync(join(tmpdir(), 'timeplane-meters-'));
let device: TestSwitch<Engine>;
let controller: Controller;

function through(frame: Uint8Array, port = 1): Uint8Array {
  must(device.engine.inject(port, frame));
  while (must(device.engine.step()) > 0);
  return must(device.engine.take(port)).frame;
}

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  must(engine.addMemoryPort(1));
  must(engine.setTime(SECOND));
  device = await serve(engine, nativeBuilder(cache));
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits(METERS_CONFIG)).toBe('OK');
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

const metered = {
  controller: () => controller,
  through: (frame: Uint8Array) => Promise.resolve(through(frame)),
};

describe('a meter array (9.4)', () => {
  arrayConversation(metered);

  it('is configured and reset as a whole without an index', async () => {
    const config = { cir: 1n, cburst: 2n, pir: 3n, pburst: 4n };
    const configs = async () =>
      (await controller.reads([cell('packets', null)])).entities.map(({ entity }) =>
        entity.case === 'meterEntry' ? [entity.value.index?.index, entity.value.config?.pir] : null,
      );
    expect(await controller.writes(MODIFY, [cell('packets', null, config)])).toBe('OK');
    expect(await configs()).toEqual([0n, 1n, 2n, 3n].map((index) => [index, 3n]));
    expect(await controller.writes(MODIFY, [cell('packets', null)])).toBe('OK');
    expect(await configs()).toEqual([0n, 1n, 2n, 3n].map((index) => [index, undefined]));
  });

  it('is read with all others without an id', async () => {
    const { entities, answer } = await controller.reads([{ case: 'meterEntry', value: {} }]);
    expect([answer, entities.length]).toEqual(['OK', 4 + 8 + 2]);
  });

  const good = { cir: 1n, cburst: 1n, pir: 2n, pburst: 1n };
  const wrong: [string, EntityInit, string][] = [
    ['an id that is not there', { case: 'meterEntry', value: { meterId: 1 } }, 'NOT_FOUND'],
    ['no id', { case: 'meterEntry', value: { config: good } }, 'INVALID_ARGUMENT'],
    ['a cell beyond the array', cell('packets', 4n, good), 'OUT_OF_RANGE'],
    ['a negative index', cell('packets', -1n, good), 'INVALID_ARGUMENT'],
    ['a negative rate', cell('packets', 0n, { ...good, cir: -1n }), 'INVALID_ARGUMENT'],
    ['an excess burst', cell('packets', 0n, { ...good, eburst: 1n }), 'INVALID_ARGUMENT'],
    ['cir above pir', cell('packets', 0n, { ...good, cir: 3n }), 'INVALID_ARGUMENT'],
    [
      'a count of a colour',
      {
        case: 'meterEntry',
        value: {
          meterId: idOf('meters', 'packets'),
          config: good,
          counterData: { yellow: { packetCount: 1n } },
        },
      },
      'INVALID_ARGUMENT',
    ],
  ];
  it.each(wrong)('with %s is refused', async (_what, entity, code) => {
    expect(await controller.writes(MODIFY, [entity])).toEqual([code]);
    const { entities } = await controller.reads([cell('packets', null)]);
    expect(
      entities.map(({ entity }) => entity.case === 'meterEntry' && entity.value.config),
    ).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('a direct meter (9.4.1)', () => {
  directConversation(metered, BY_THE_SPECIFICATION);

  it('is read with its entry where the request asks for it', async () => {
    const config = { cir: 5n, cburst: 6n, pir: 7n, pburst: 8n };
    expect(await controller.writes(INSERT, [byValue(40, { meterConfig: config })])).toBe('OK');
    const read = async (more: object) => {
      const request = { ...byValue(40).value, action: undefined, ...more };
      const { entities } = await controller.reads([
        { case: 'tableEntry', value: request } as EntityInit,
      ]);
      return entities.map(({ entity }) =>
        entity.case === 'tableEntry' ? entity.value.meterConfig : null,
      );
    };
    expect(await read({})).toEqual([undefined]);
    expect(await read({ meterConfig: {} })).toMatchObject([config]);
    // A MODIFY without a config takes it back.
    expect(await controller.writes(MODIFY, [byValue(40)])).toBe('OK');
    expect(await read({ meterConfig: {} })).toEqual([undefined]);
  });

  it('is as new in an entry that comes back, which it does with its batch in one call', async () => {
    const config = { cir: 5n, cburst: 6n, pir: 7n, pburst: 8n };
    expect(await controller.writes(INSERT, [byValue(41, { meterConfig: config })])).toBe('OK');
    expect(await controller.writes(DELETE, [byValue(41)])).toBe('OK');
    const calls = vi.spyOn(device.engine, 'tableWrite');
    expect(await controller.writes(INSERT, [byValue(41), byValue(42)])).toBe('OK');
    expect(calls.mock.calls.map(([batch]) => batch.count)).toEqual([2]);
    calls.mockRestore();
    const entity: EntityInit = {
      case: 'tableEntry',
      value: { tableId: idOf('tables', 'by_value'), meterConfig: {} },
    };
    const { entities } = await controller.reads([entity]);
    const configs = entities.map((read) =>
      read.entity.case === 'tableEntry' ? (read.entity.value.meterConfig ?? null) : null,
    );
    expect(configs.filter((one) => one !== null && one.pburst === 8n)).toEqual([]);
    expect(await controller.writes(DELETE, [byValue(41), byValue(42)])).toBe('OK');
  });

  it('is read for a table, and for all of them', async () => {
    const all = await controller.reads([{ case: 'directMeterEntry', value: {} }]);
    const tableId = idOf('tables', 'by_value');
    const some = await controller.reads([
      { case: 'directMeterEntry', value: { tableEntry: { tableId } } },
    ]);
    expect(some.entities.length).toBeGreaterThan(0);
    expect(all).toEqual(some);
  });

  it('of the default entry meters misses, while it is configured', async () => {
    const tableEntry = { tableId: idOf('tables', 'by_value'), isDefaultAction: true };
    const entry = (config?: Config): EntityInit => ({
      case: 'directMeterEntry',
      value: { tableEntry, ...(config === undefined ? {} : { config }) },
    });
    const miss = () => colourIn(through(requestFrame(3, 0, 99)), 'exact');
    // The program writes the colour where the table's action would.
    const keeps: EntityInit = {
      case: 'tableEntry',
      value: { ...tableEntry, action: action(idOf('actions', 'keep_exact')) },
    };
    expect(await controller.writes(MODIFY, [keeps])).toBe('OK');
    const before = miss();
    const never = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n };
    expect(await controller.writes(MODIFY, [entry(never)])).toBe('OK');
    expect(miss()).toBe('red');
    expect((await controller.reads([entry()])).entities).toMatchObject([{ entity: entry(never) }]);
    expect(await controller.writes(MODIFY, [entry()])).toBe('OK');
    expect(miss()).toBe(before);
  });

  it('with a wrong config leaves no entry behind', async () => {
    const meterConfig = { cir: 2n, cburst: 0n, pir: 1n, pburst: 0n };
    expect(await controller.writes(INSERT, [byValue(50, { meterConfig })])).toEqual([
      'INVALID_ARGUMENT',
    ]);
    expect(await controller.writes(MODIFY, [directMeter(50)])).toEqual(['NOT_FOUND']);
  });
});

describe('colours', () => {
  it('follow the dataplane’s clock, to the nanosecond', async () => {
    const config = { cir: 1_000_000n, cburst: 3n, pir: 1_700_001n, pburst: 5n };
    const rates = {
      committedRate: config.cir,
      committedBurst: config.cburst,
      peakRate: config.pir,
      peakBurst: config.pburst,
    };
    expect(await controller.writes(MODIFY, [cell('packets', 3n, config)])).toBe('OK');
    const reference = new ReferenceMeter(rates);
    let now = 2n * SECOND;
    const [seen, expected]: [string[], string[]] = [[], []];
    for (let i = 0; i < 400; i += 1) {
      now += BigInt((i * 7919) % 1009);
      must(device.engine.setTime(now));
      seen.push(colourIn(through(requestFrame(1, 3)), 'packets'));
      expected.push(reference.mark(now, 1n));
    }
    expect(seen).toEqual(expected);
    expect(new Set(seen)).toEqual(new Set(['green', 'yellow', 'red']));
  });
});

describe('counts of colours (9.4.3)', () => {
  const count = (packetCount: bigint) => ({ packetCount, byteCount: packetCount * 64n });
  const counted = (green: bigint, yellow: bigint, red: bigint) => ({
    green: count(green),
    yellow: count(yellow),
    red: count(red),
  });
  const two = { cir: 0n, cburst: 1n, pir: 0n, pburst: 3n };

  it('of a cell: frames and octets, read when asked for, set to 0 by a write that has them', async () => {
    const { case: kind, value } = cell('packets', 1n, two);
    if (kind !== 'meterEntry') throw new Error('no meter');
    const read = async () => {
      const { entities } = await controller.reads([
        { case: kind, value: { ...value, counterData: {} } } as EntityInit,
      ]);
      return entities.map(({ entity }) => entity.case === kind && entity.value.counterData);
    };
    const reset = { case: kind, value: { ...value, counterData: { red: {} } } } as EntityInit;
    expect(await controller.writes(MODIFY, [reset])).toBe('OK');
    const seen = [1, 2, 3, 4].map(() => colourIn(through(requestFrame(1, 1)), 'packets'));
    expect(seen).toEqual(['green', 'yellow', 'yellow', 'red']);
    expect(await read()).toMatchObject([counted(1n, 2n, 1n)]);
    // A new config leaves them, unless the write says otherwise.
    expect(await controller.writes(MODIFY, [cell('packets', 1n, two)])).toBe('OK');
    expect(await read()).toMatchObject([counted(1n, 2n, 1n)]);
    expect(await controller.writes(MODIFY, [reset])).toBe('OK');
    expect(await read()).toMatchObject([counted(0n, 0n, 0n)]);
    const { entities } = await controller.reads([cell('packets', 1n)]);
    expect(entities.map(({ entity }) => entity.case === kind && entity.value.counterData)).toEqual([
      undefined,
    ]);
  });

  it('of an entry: with the entry, and with its meter', async () => {
    const meterConfig = { cir: 0n, cburst: 1n, pir: 0n, pburst: 2n };
    expect(await controller.writes(INSERT, [byValue(77, { meterConfig })])).toBe('OK');
    for (let i = 0; i < 3; i += 1) through(requestFrame(3, 0, 77));
    const { match, tableId } = (byValue(77) as Extract<EntityInit, { case: 'tableEntry' }>).value;
    const { entities } = await controller.reads([
      { case: 'tableEntry', value: { tableId, match, meterCounterData: {} } } as EntityInit,
      {
        case: 'directMeterEntry',
        value: { tableEntry: { tableId, match }, counterData: {} },
      } as EntityInit,
    ]);
    expect(entities).toMatchObject([
      { entity: { value: { meterCounterData: counted(1n, 1n, 1n) } } },
      { entity: { value: { counterData: counted(1n, 1n, 1n) } } },
    ]);
    const wrong = byValue(77, {
      meterConfig,
      meterCounterData: { green: { byteCount: 1n } },
    });
    expect(await controller.writes(MODIFY, [wrong])).toEqual(['INVALID_ARGUMENT']);
    const reset = byValue(77, { meterConfig, meterCounterData: {} });
    expect(await controller.writes(MODIFY, [reset])).toBe('OK');
    const again = await controller.reads([
      { case: 'tableEntry', value: { tableId, match, meterCounterData: {} } } as EntityInit,
    ]);
    expect(again.entities).toMatchObject([
      { entity: { value: { meterCounterData: counted(0n, 0n, 0n) } } },
    ]);
  });

  it('and buckets are what they were after a batch that is rolled back', async () => {
    expect(await controller.writes(MODIFY, [cell('packets', 2n, two)])).toBe('OK');
    const colours = () => colourIn(through(requestFrame(1, 2)), 'packets');
    expect([colours(), colours()]).toEqual(['green', 'yellow']);
    const answer = await controller.writes(
      MODIFY,
      [cell('packets', null), cell('packets', 9n, two)],
      { atomicity: Atomicity.DATAPLANE_ATOMIC },
    );
    expect(answer).toEqual(['ABORTED', 'OUT_OF_RANGE']);
    expect([colours(), colours()]).toEqual(['yellow', 'red']);
  });
});

describe('a P4Info', () => {
  const verify = async (change: (info: typeof METERS_INFO) => void) => {
    const p4info = clone(P4InfoSchema, METERS_INFO);
    change(p4info);
    const answer = await controller.sets(ConfigAction.VERIFY, { ...METERS_CONFIG, p4info });
    return [answer, answer === 'OK' ? '' : controller.lastError];
  };

  it('that counts a meter in other units, or has one that is not compiled, is refused', async () => {
    const spec = (info: typeof METERS_INFO) => info.meters[0]?.spec;
    expect(
      await verify((info) => Object.assign(spec(info) ?? {}, { unit: MeterSpec_Unit.BYTES })),
    ).toEqual(['INVALID_ARGUMENT', expect.stringContaining('measure packets')]);
    expect(
      await verify((info) => Object.assign(info.meters[0]?.preamble ?? {}, { name: 'other' })),
    ).toEqual(['INVALID_ARGUMENT', expect.stringContaining("meter 'other'")]);
  });

  it('may have a meter of one rate and two colours: both rates are that one', async () => {
    const p4info = clone(P4InfoSchema, METERS_INFO);
    const meter = p4info.meters.find(({ preamble }) => preamble?.alias === 'packets');
    Object.assign(meter?.spec ?? {}, { type: MeterSpec_Type.SINGLE_RATE_TWO_COLOR });
    expect(await controller.commits({ ...METERS_CONFIG, p4info })).toBe('OK');
    const one = { cir: 0n, cburst: 1n, pir: 0n, pburst: 1n };
    const two = { ...one, pburst: 2n };
    expect(
      await controller.writes(MODIFY, [cell('packets', 0n, two), cell('packets', 0n, one)]),
    ).toEqual(['INVALID_ARGUMENT', 'OK']);
    const seen = [1, 2].map(() => colourIn(through(requestFrame(1, 0)), 'packets'));
    expect(seen).toEqual(['green', 'red']);
  });

  it('may have a meter of one rate and three colours, with an excess burst', async () => {
    const p4info = clone(P4InfoSchema, METERS_INFO);
    const meter = p4info.meters.find(({ preamble }) => preamble?.alias === 'packets');
    Object.assign(meter?.spec ?? {}, { type: MeterSpec_Type.SINGLE_RATE_THREE_COLOR });
    expect(await controller.commits({ ...METERS_CONFIG, p4info })).toBe('OK');
    const rate = { cir: 1_000_000n, cburst: 2n, pir: 1_000_000n, pburst: 2n, eburst: 3n };
    expect(
      await controller.writes(MODIFY, [
        cell('packets', 0n, { ...rate, pir: 2_000_000n }),
        cell('packets', 0n, { ...rate, eburst: -1n }),
        cell('packets', 0n, rate),
      ]),
    ).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'OK']);
    expect((await controller.reads([cell('packets', 0n)])).entities).toMatchObject([
      { entity: cell('packets', 0n, rate) },
    ]);
    let now = 10n * SECOND;
    const [seen, expected]: [string[], string[]] = [[], []];
    // RFC 2697: tokens of a microsecond each go to the committed bucket first.
    let [committed, excess, filled] = [2_000n, 3_000n, now];
    const mark = (): string => {
      committed += now - filled;
      filled = now;
      const over = committed > 2_000n ? committed - 2_000n : 0n;
      committed -= over;
      excess = excess + over < 3_000n ? excess + over : 3_000n;
      if (committed >= 1_000n) return ((committed -= 1_000n), 'green');
      return excess >= 1_000n ? ((excess -= 1_000n), 'yellow') : 'red';
    };
    for (let i = 0; i < 300; i += 1) {
      now += BigInt((i * 7919) % 1500);
      must(device.engine.setTime(now));
      seen.push(colourIn(through(requestFrame(1, 0)), 'packets'));
      expected.push(mark());
    }
    expect(seen).toEqual(expected);
    expect(new Set(seen)).toEqual(new Set(['green', 'yellow', 'red']));
  });

  it('is saved with meters: what is written to them comes into force with the commit', async () => {
    expect(await controller.sets(ConfigAction.VERIFY_AND_SAVE, METERS_CONFIG)).toBe('OK');
    const never = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n };
    const entries = [byValue(9, { meterConfig: never })];
    expect(await controller.writes(INSERT, entries)).toBe('OK');
    expect(await controller.writes(MODIFY, [cell('packets', 2n, never)])).toBe('OK');
    const key = { tableId: idOf('tables', 'by_value'), match: [exact(1, b(9))] };
    const read = await controller.reads([
      { case: 'directMeterEntry', value: { tableEntry: key } },
      cell('packets', 2n),
    ]);
    expect(read.entities).toMatchObject(
      [1, 2].map(() => ({ entity: { value: { config: never } } })),
    );
    expect(colourIn(through(requestFrame(1, 2)), 'packets')).toBe('green');
    expect(await controller.sets(ConfigAction.COMMIT, null)).toBe('OK');
    expect(colourIn(through(requestFrame(1, 2)), 'packets')).toBe('red');
    expect(colourIn(through(requestFrame(3, 0, 9)), 'exact')).toBe('red');
  });
});
