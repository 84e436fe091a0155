/** Values that controller and dataplane call by different names (specification 1.5, "User-defined
 * types", "PSA Metadata Translation"), and P4Data of registers and digests, on the native engine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone, create, fromJsonString, toJson } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { Engine } from '#binding/engine';
import { P4InfoSchema, type P4Info } from '#protos/p4/config/v1/p4info_pb';
import { P4NamedTypeSchema } from '#protos/p4/config/v1/p4types_pb';
import { P4DataSchema } from '#protos/p4/v1/p4data_pb';
import type { Entity } from '#protos/p4/v1/p4runtime_pb';
import { EntitySchema, UpdateSchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { buildProgram } from '#server/program/program';
import { readEntities } from '#server/read';
import { ShadowEngine } from '#server/state/shadow-engine';
import { initialState } from '#server/state/state';
import { unnamedPorts } from '#server/program/translation';
import { writeUpdates } from '#server/write/write';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { CPU_PORT, serve } from './conversation.js';
import { action, b, exact, optional, ternary } from './entries.js';
import { ID, LAYOUT, p4info } from './fixture-program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');
const INFO: P4Info = fromJsonString(P4InfoSchema, file('controller-types.p4info.json'));
const CONFIG = { p4info: INFO, p4DeviceConfig: Buffer.from(file('controller-types.json')) };

type Named = 'tables' | 'actions' | 'registers' | 'digests';
const idOf = (kind: Named, alias: string): number =>
  INFO[kind].find(({ preamble }) => preamble?.alias === alias)?.preamble?.id ?? 0;
const text = (string: string): Uint8Array => Uint8Array.from(Buffer.from(string));

const cache = mkdtempSync(join(tmpdir(), 'timeplane-types-'));
let device: TestSwitch<Engine>;
let controller: Controller;

beforeAll(async () => {
  const library = await engineLibrary();
  const engine = must(Engine.open({ library, clock: 'virtual', cpuPort: CPU_PORT }));
  for (const port of [1, 2]) must(engine.addMemoryPort(port));
  device = await serve(engine, nativeBuilder(cache), new Map([[1, 'eth-left']]));
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits(CONFIG)).toBe('OK');
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

const writes = (type: Update_Type, ...entities: EntityInit[]) => controller.writes(type, entities);
const step = () => {
  while (must(device.engine.step()) > 0);
};
const frame = (...octets: number[]): Uint8Array => Uint8Array.from({ ...octets, length: 64 });
const injects = (port: number, octets: Uint8Array) => {
  must(device.engine.inject(port, octets));
  step();
};

const classify = (port: string | null, index: number, vrf?: string): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'classify'),
    priority: 1,
    match: [...(port === null ? [] : [optional(1, text(port))]), exact(2, b(index))],
    ...(vrf === undefined ? {} : { action: action(idOf('actions', 'set_vrf'), text(vrf)) }),
  },
});
const forward = (vrf: string, port?: string): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'forward'),
    match: [exact(1, text(vrf))],
    ...(port === undefined ? {} : { action: action(idOf('actions', 'send'), text(port)) }),
  },
});
const byNumber = (port: Uint8Array, mask: Uint8Array, to?: Uint8Array): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', 'by_number'),
    priority: 1,
    match: [ternary(1, port, mask)],
    ...(to === undefined ? {} : { action: action(idOf('actions', 'send_number'), to) }),
  },
});

describe('strings', () => {
  it('of ports are their names, CPU, or their numbers', async () => {
    expect(await writes(INSERT, classify('eth-left', 1, 'blue'), forward('blue', '2'))).toBe('OK');
    injects(1, frame(1, 1));
    expect(must(device.engine.take(2)).frame[1]).toBe(1);
    expect(await writes(MODIFY, forward('blue', 'CPU'))).toBe('OK');
    injects(1, frame(1, 1));
    const heard = await controller.hears();
    expect(heard).toMatchObject({
      case: 'packet',
      value: {
        metadata: [
          { metadataId: 1, value: text('eth-left') },
          { metadataId: 2, value: b(1) },
          { metadataId: 3, value: text('blue') },
          { metadataId: 4, value: b(0) },
        ],
      },
    });
  });

  it('are read as they were written', async () => {
    const { entities } = await controller.reads([
      { case: 'tableEntry', value: { tableId: idOf('tables', 'classify') } },
      { case: 'tableEntry', value: { tableId: idOf('tables', 'forward') } },
    ]);
    expect(entities).toMatchObject([
      { entity: classify('eth-left', 1, 'blue') },
      { entity: forward('blue', 'CPU') },
    ]);
  });

  it('a port that nobody knows, or not by its number: INVALID_ARGUMENT', async () => {
    expect(await writes(INSERT, classify('eth-right', 9, 'blue'))).toEqual(['INVALID_ARGUMENT']);
    expect(await writes(INSERT, forward('default', '1'))).toEqual(['INVALID_ARGUMENT']);
    expect(await writes(INSERT, forward('default', '512'))).toEqual(['OUT_OF_RANGE']);
  });

  it('the program’s mapping holds: blue is 3, and what has no vrf is in the default one', async () => {
    expect(await writes(INSERT, forward('default', '2'))).toBe('OK');
    injects(2, frame(1, 77));
    expect(must(device.engine.take(2)).frame[1]).toBe(77);
    expect(await writes(DELETE, forward('default'))).toBe('OK');
    expect(await controller.reads([register('vrfs', 1)])).toMatchObject({
      entities: [{ entity: register('vrfs', 1, { case: 'bitstring', value: text('default') }) }],
    });
    expect(
      await writes(MODIFY, register('vrfs', 1, { case: 'bitstring', value: text('blue') })),
    ).toBe('OK');
    expect(must(device.engine.registerRead(2, 1, 1))[0]).toEqual(BigUint64Array.of(3n));
  });

  it('others get the values that are left; what is deleted makes room', async () => {
    expect(await writes(INSERT, forward('red', '2'), forward('green', '2'))).toBe('OK');
    expect(await writes(INSERT, forward('grey', '2'))).toEqual(['RESOURCE_EXHAUSTED']);
    expect(await writes(DELETE, forward('red'))).toBe('OK');
    expect(await writes(INSERT, forward('grey', '2'))).toBe('OK');
    const { entities } = await controller.reads([forward('green'), forward('grey')]);
    expect(entities).toMatchObject([
      { entity: forward('green', '2') },
      { entity: forward('grey') },
    ]);
    expect(await writes(DELETE, forward('green'), forward('grey'))).toBe('OK');
  });

  it('any name will do, but it is not endless', async () => {
    expect(await writes(INSERT, forward('Straße \u0000 7', '2'))).toBe('OK');
    const { entities } = await controller.reads([forward('Straße \u0000 7')]);
    expect(entities).toMatchObject([{ entity: forward('Straße \u0000 7', '2') }]);
    expect(await writes(INSERT, forward('x'.repeat(2000), '2'))).toEqual(['INVALID_ARGUMENT']);
    expect(await writes(DELETE, forward('Straße \u0000 7'))).toBe('OK');
  });

  it('a packet-out names its port and its vrf', async () => {
    const metadata = [text('2'), b(0xffff_fffd), text('blue'), b(0)].map((value, i) => ({
      metadataId: i + 1,
      value,
    }));
    controller.says({ case: 'packet', value: { payload: frame(1, 42), metadata } });
    await expect.poll(() => (step(), device.engine.take(2))).toMatchObject({ ok: true });
    controller.says({
      case: 'packet',
      value: { payload: frame(1), metadata: [{ metadataId: 1, value: text('nowhere') }] },
    });
    expect(await controller.hears()).toMatchObject({
      case: 'error',
      value: { message: expect.stringContaining("no port is called 'nowhere'") as string },
    });
  });

  it('are matched whole by a mask of ones; of a part there is no match', async () => {
    const p4info = clone(P4InfoSchema, INFO);
    const number = p4info.typeInfo?.newTypes['port_number_t'];
    const name = p4info.typeInfo?.newTypes['port_name_t'];
    if (number === undefined || name === undefined) throw new Error('no such types');
    number.representation = name.representation;
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('OK');
    const left = text('eth-left');
    const ones = new Uint8Array(left.length).fill(0xff);
    const entry = byNumber(left, ones, text('CPU'));
    expect(await writes(INSERT, entry)).toBe('OK');
    expect((await controller.reads([entry])).entities).toMatchObject([{ entity: entry }]);
    const part = byNumber(left, ones.subarray(1), text('CPU'));
    expect(await writes(INSERT, part)).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.commits(CONFIG)).toBe('OK');
  });

  it('a mapping that does not fit its type is refused', async () => {
    const p4info = clone(P4InfoSchema, INFO);
    const vrf = p4info.typeInfo?.newTypes['vrf_t'];
    if (vrf === undefined) throw new Error('no such type');
    vrf.annotations = ['@p4runtime_translation_mappings({ {"far", 4} })'];
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('INVALID_ARGUMENT');
    vrf.annotations = ['@p4runtime_translation_mappings({ {"a", 1} , {"b", 1} })'];
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toContain('mapped to twice');
  });
});

describe('numbers of ports', () => {
  const ones = b(0xffff_ffff);
  const cpu = b(0xffff_fffd);

  it('are the same on both sides, but for SdnPort CPU', async () => {
    expect(await writes(INSERT, byNumber(b(1), ones, cpu), byNumber(cpu, ones, b(1)))).toBe('OK');
    injects(1, frame(3));
    expect(await controller.hears()).toMatchObject({ case: 'packet' });
    const { entities } = await controller.reads([
      { case: 'tableEntry', value: { tableId: idOf('tables', 'by_number') } },
    ]);
    expect(entities).toMatchObject([
      { entity: byNumber(b(1), ones, cpu) },
      { entity: byNumber(cpu, ones, b(1)) },
    ]);
  });

  it('beyond the dataplane’s are OUT_OF_RANGE', async () => {
    expect(await writes(INSERT, byNumber(b(512), ones, b(1)))).toEqual(['OUT_OF_RANGE']);
    expect(await writes(INSERT, byNumber(b(1), b(0x8000_0001), b(1)))).toEqual(['OUT_OF_RANGE']);
  });
});

type Data = NonNullable<Extract<EntityInit, { case: 'registerEntry' }>['value']['data']>['data'];
const register = (name: string, index: number, data?: Data): EntityInit => ({
  case: 'registerEntry',
  value: {
    registerId: idOf('registers', name),
    index: { index: BigInt(index) },
    ...(data === undefined ? {} : { data: { data } }),
  },
});
const enumerator = (value: number): Data => ({ case: 'enumValue', value: b(value) });
const bits = (...octets: number[]): Data => ({ case: 'bitstring', value: Uint8Array.from(octets) });

describe('registers', () => {
  it.each([
    ['a negative number', 'levels', bits(0xfd, 0x1d), 0xfd1dn],
    ['of one octet', 'levels', bits(0xff), 0xffffn],
    ['a positive number that needs its sign', 'levels', bits(0x00, 0x80), 0x80n],
    ['zero', 'levels', bits(0), 0n],
    ['a serializable enum', 'kinds', enumerator(2), 2n],
    ['a type of the program’s own', 'plains', bits(0x12, 0x34), 0x1234n],
  ])('hold %s', async (_what, name, data, word) => {
    expect(await writes(MODIFY, register(name, 2, data))).toBe('OK');
    const index = ['levels', 'kinds', 'vrfs', 'plains'].indexOf(name);
    expect(must(device.engine.registerRead(index, 2, 1))[0]).toEqual(BigUint64Array.of(word));
    const { entities } = await controller.reads([register(name, 2)]);
    expect(entities).toMatchObject([{ entity: register(name, 2, data) }]);
  });

  it.each([
    ['sign extension is taken', 'levels', bits(0xff, 0xff, 0xff, 0x9d), 'OK'],
    ['of a positive number too', 'levels', bits(0, 0, 0, 0x63), 'OK'],
    ['a number that is too big', 'levels', bits(0x00, 0x80, 0x00), ['OUT_OF_RANGE']],
    ['one that is too small', 'levels', bits(0x80, 0x00, 0x00), ['OUT_OF_RANGE']],
    ['an empty one', 'levels', bits(), ['OUT_OF_RANGE']],
    ['a bitstring for an enum', 'kinds', bits(1), ['INVALID_ARGUMENT']],
    ['an enum for a bitstring', 'plains', enumerator(2), ['INVALID_ARGUMENT']],
  ])('%s', async (_what, name, data, answer) => {
    expect(await writes(MODIFY, register(name, 3, data))).toEqual(answer);
  });

  it('of another type than compiled are refused', async () => {
    const p4info = clone(P4InfoSchema, INFO);
    const [levels, , , plains] = p4info.registers;
    if (levels?.typeSpec === undefined || plains?.typeSpec === undefined) throw new Error('none');
    plains.typeSpec = {
      ...levels.typeSpec,
      typeSpec: { case: 'bool', value: { $typeName: 'p4.config.v1.P4BoolType' } },
    };
    expect(await controller.commits({ ...CONFIG, p4info })).toBe('INVALID_ARGUMENT');
    expect(controller.lastError).toContain("register 'ingress.plains'");
  });
});

describe('digests', () => {
  const digest = (name: string): EntityInit => ({
    case: 'digestEntry',
    value: { digestId: idOf('digests', name), config: {} },
  });
  const heardData = async () => {
    const heard = await controller.hears();
    if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'digest') return heard;
    const [data] = heard.value.data;
    return data === undefined ? null : toJson(P4DataSchema, data);
  };
  const octets = (...values: number[]) => Buffer.from(values).toString('base64');

  it('carry headers, translated values, structs, enums and errors', async () => {
    expect(await writes(INSERT, digest('seen_t'))).toBe('OK');
    expect(
      await writes(
        MODIFY,
        register('levels', 2, bits(0x9d)),
        register('vrfs', 2, { case: 'bitstring', value: text('blue') }),
        register('kinds', 2, enumerator(1)),
        register('plains', 2, bits(0xab)),
      ),
    ).toBe('OK');
    injects(1, frame(2, 2, 0, 5));
    expect(await heardData()).toEqual({
      struct: {
        members: [
          { header: { isValid: true, bitstrings: [octets(2), octets(2), octets(5)] } },
          { bitstring: Buffer.from('blue').toString('base64') },
          { bitstring: Buffer.from('eth-left').toString('base64') },
          { struct: { members: [{ bitstring: octets(2) }, { bitstring: octets(0x9d) }] } },
          { bool: false },
          { enumValue: octets(1) },
          { enum: 'BLUE' },
          { error: 'NoError' },
          { bitstring: octets(0xab) },
        ],
      },
    });
  });

  it('carry header stacks, of which some headers are not there', async () => {
    expect(await writes(INSERT, digest('labels_t'))).toBe('OK');
    injects(1, frame(7, 0, 0, 0, 0x24));
    expect(await heardData()).toEqual({
      struct: {
        members: [
          {
            headerStack: {
              entries: [{ isValid: true, bitstrings: [octets(0x12), octets(0)] }, {}],
            },
          },
          { bitstring: octets(7) },
        ],
      },
    });
    injects(1, frame(7, 0, 0, 0, 0x25, 0x26));
    expect(await heardData()).toMatchObject({
      struct: {
        members: [{ headerStack: { entries: [{ isValid: true }, { isValid: true }] } }, {}],
      },
    });
  });
});

describe('an index that is a translated port', () => {
  const info = p4info();
  const portType = INFO.typeInfo?.newTypes['port_number_t'];
  if (info.typeInfo === undefined || portType === undefined) throw new Error('no such type');
  info.typeInfo.newTypes['port_number_t'] = portType;
  const [array] = info.registers;
  if (array === undefined) throw new Error('no register');
  array.indexTypeName = create(P4NamedTypeSchema, { name: 'port_number_t' });
  const program = buildProgram(info, LAYOUT, unnamedPorts(3));
  if (!program.ok) throw new Error(program.error.message);
  const initial = initialState(program.value, new ShadowEngine(LAYOUT), 3);
  if (!initial.ok) throw new Error(initial.error.message);
  const state = initial.value;
  const at = (index: bigint, value?: number): Entity =>
    create(EntitySchema, {
      entity: {
        case: 'registerEntry',
        value: {
          registerId: ID.register,
          index: { index },
          ...(value === undefined
            ? {}
            : { data: { data: { case: 'bitstring' as const, value: b(value) } } }),
        },
      },
    });
  const cpu = 0xffff_fffdn;
  const writes = (entity: Entity) =>
    writeUpdates(state, [create(UpdateSchema, { type: MODIFY, entity })])[0]?.code ?? status.OK;

  it('is SdnPort CPU for the CPU port, and the same number for others', () => {
    expect([writes(at(cpu, 9)), writes(at(1n, 5)), writes(at(4n, 5))]).toEqual([
      status.OK,
      status.OK,
      status.OUT_OF_RANGE,
    ]);
    expect(must(state.engine.registerRead(0, 0, 4))).toEqual(
      [0n, 5n, 0n, 9n].map((word) => BigUint64Array.of(word)),
    );
    const one = [...readEntities(state, [at(cpu)]).entities];
    expect(one).toMatchObject([{ entity: { value: { index: { index: cpu } } } }]);
    const all = create(EntitySchema, {
      entity: { case: 'registerEntry', value: { registerId: ID.register } },
    });
    const indices = [...readEntities(state, [all]).entities].map(({ entity }) =>
      entity.case === 'registerEntry' ? entity.value.index?.index : null,
    );
    expect(indices).toEqual([0n, 1n, 2n, cpu]);
  });
});
