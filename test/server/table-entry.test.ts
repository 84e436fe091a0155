import type { Entity, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, TableEntryInit, TestSwitch } from './conversation.js';
import { startSwitch } from './conversation.js';
import {
  acl,
  action,
  b,
  exact,
  forward,
  lpm,
  mac,
  optional,
  range,
  route,
  ternary,
} from './entries.js';
import { ID } from './fixture-program.js';

let device: TestSwitch;
let controller: Controller;

beforeEach(async () => {
  device = await startSwitch();
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits()).toBe('OK');
  device.engine.inserted.length = 0;
});
afterEach(() => device.close());

const entryOf = (entity: Entity): TableEntry => {
  if (entity.entity.case !== 'tableEntry') throw new Error('not a table entry');
  return entity.entity.value;
};

async function readEntries(filter: TableEntryInit): Promise<TableEntry[]> {
  const { entities, answer } = await controller.reads([{ case: 'tableEntry', value: filter }]);
  expect(answer).toBe('OK');
  return entities.map(entryOf);
}

describe('INSERT of a table entry (9.1)', () => {
  it('reaches the engine in words of the layout: fields packed, arguments too', async () => {
    expect(await controller.inserts(mac(0x0011_2233_4455n, 10, 3))).toBe('OK');
    const [entry] = device.engine.inserted;
    expect(entry).toMatchObject({ table: 0, priority: 0, action: 0 });
    expect([...(entry?.key ?? [])]).toEqual([(10n << 48n) | 0x0011_2233_4455n]);
    expect([...(entry?.mask ?? [])]).toEqual([(1n << 60n) - 1n]);
    expect([...(entry?.args ?? [])]).toEqual([3n, 0n, 0n]);
  });

  it('places values wider than 64 bits least significant word first', async () => {
    const wide = action(ID.wide, b((7n << 64n) | 9n), b(1), b(300));
    const entry = { ...mac(1n, 1, 1), action: wide };
    expect(await controller.inserts(entry)).toBe('OK');
    expect([...(device.engine.inserted[0]?.args ?? [])]).toEqual([9n, 7n, 1n | (300n << 1n)]);
    const [read] = await readEntries({ tableId: ID.mac });
    expect(read?.action).toMatchObject(wide);
  });

  it('encodes ternary, optional and range fields, and what is omitted as "don’t care"', async () => {
    const match = [ternary(1, b(0xf0n << 64n), b(0xf0n << 64n)), range(3, b(80), b(443))];
    expect(await controller.inserts(acl(7, match))).toBe('OK');
    const [entry] = device.engine.inserted;
    expect(entry).toMatchObject({ table: 1, priority: 7, rangeWords: 0b1000 });
    expect([...(entry?.key ?? [])]).toEqual([0n, 0xf0n, 0n, 80n]);
    expect([...(entry?.mask ?? [])]).toEqual([0n, 0xf0n, 0n, 443n]);
    expect(await controller.inserts(acl(8, [optional(2, b(510))]))).toBe('OK');
    expect([...(device.engine.inserted[1]?.key ?? [])]).toEqual([0n, 0n, 510n, 0n]);
    expect([...(device.engine.inserted[1]?.mask ?? [])]).toEqual([0n, 0n, 511n, 65535n]);
  });

  it('encodes a prefix as a mask', async () => {
    expect(await controller.inserts(route(0x0a010000, 16, 2))).toBe('OK');
    const [entry] = device.engine.inserted;
    expect([...(entry?.key ?? [])]).toEqual([(2n << 32n) | 0x0a010000n]);
    expect([...(entry?.mask ?? [])]).toEqual([(0xffn << 32n) | 0xffff0000n]);
  });

  it('of an entry that exists is ALREADY_EXISTS, and the old one stays', async () => {
    await controller.inserts(mac(1n, 1, 3));
    expect(await controller.inserts(mac(1n, 1, 4))).toBe('ALREADY_EXISTS');
    const [read] = await readEntries({ tableId: ID.mac });
    expect(read?.action).toMatchObject(forward(3));
  });

  it('tells entries with one match and two priorities apart', async () => {
    const match = [optional(2, b(1))];
    expect(await controller.inserts(acl(1, match))).toBe('OK');
    expect(await controller.inserts(acl(2, match))).toBe('OK');
    expect(await controller.inserts(acl(2, match))).toBe('ALREADY_EXISTS');
  });

  it('into a full table is RESOURCE_EXHAUSTED', async () => {
    for (const vlan of [1, 2, 3, 4]) {
      expect(await controller.inserts(mac(1n, vlan, 1))).toBe('OK');
    }
    expect(await controller.inserts(mac(1n, 5, 1))).toBe('RESOURCE_EXHAUSTED');
    expect(await controller.deletes(mac(1n, 4, 1))).toBe('OK');
    expect(await controller.inserts(mac(1n, 5, 1))).toBe('OK');
  });

  it('into a keyless table is INVALID_ARGUMENT', async () => {
    const entry = { tableId: ID.mode, action: forward(1) };
    expect(await controller.inserts(entry)).toBe('INVALID_ARGUMENT');
  });

  const wrong: [string, TableEntryInit, string][] = [
    ['no table_id', { ...mac(1n, 1, 1), tableId: 0 }, 'INVALID_ARGUMENT'],
    ['an unknown table', { ...mac(1n, 1, 1), tableId: 99 }, 'NOT_FOUND'],
    ['no action', { tableId: ID.mac, match: mac(1n, 1, 1).match ?? [] }, 'INVALID_ARGUMENT'],
    ['an action of no table', { ...mac(1n, 1, 1), action: action(99) }, 'INVALID_ARGUMENT'],
    ['a missing parameter', { ...mac(1n, 1, 1), action: action(ID.forward) }, 'INVALID_ARGUMENT'],
    [
      'an extra parameter',
      { ...mac(1n, 1, 1), action: action(ID.forward, b(1), b(2)) },
      'INVALID_ARGUMENT',
    ],
    [
      'a parameter that is too big',
      { ...mac(1n, 1, 1), action: action(ID.forward, b(512)) },
      'OUT_OF_RANGE',
    ],
    [
      'an empty parameter',
      { ...mac(1n, 1, 1), action: action(ID.forward, new Uint8Array()) },
      'OUT_OF_RANGE',
    ],
    [
      'an action profile member',
      {
        ...mac(1n, 1, 1),
        action: { type: { case: 'actionProfileMemberId', value: 1 } },
      },
      'INVALID_ARGUMENT',
    ],
    ['a key value that is too big', mac(1n << 48n, 1, 1), 'OUT_OF_RANGE'],
    ['an exact field left out', { ...mac(1n, 1, 1), match: [exact(1, b(1))] }, 'INVALID_ARGUMENT'],
    [
      'a field given twice',
      { ...mac(1n, 1, 1), match: [exact(1, b(1)), exact(1, b(1)), exact(2, b(1))] },
      'INVALID_ARGUMENT',
    ],
    [
      'an unknown field',
      { ...mac(1n, 1, 1), match: [exact(1, b(1)), exact(2, b(1)), exact(3, b(1))] },
      'INVALID_ARGUMENT',
    ],
    [
      'another kind of match',
      { ...mac(1n, 1, 1), match: [lpm(1, b(1), 48), exact(2, b(1))] },
      'INVALID_ARGUMENT',
    ],
    ['a priority where none belongs', { ...mac(1n, 1, 1), priority: 1 }, 'INVALID_ARGUMENT'],
    ['no priority where one is needed', acl(0, [optional(2, b(1))]), 'INVALID_ARGUMENT'],
    ['a negative priority', acl(-1, [optional(2, b(1))]), 'INVALID_ARGUMENT'],
    ['a mask of zeros', acl(1, [ternary(1, b(0), b(0))]), 'INVALID_ARGUMENT'],
    ['bits outside the mask', acl(1, [ternary(1, b(3), b(1))]), 'INVALID_ARGUMENT'],
    ['a range upside down', acl(1, [range(3, b(2), b(1))]), 'INVALID_ARGUMENT'],
    ['a range of everything', acl(1, [range(3, b(0), b(65535))]), 'INVALID_ARGUMENT'],
    [
      'a prefix of length 0',
      { ...route(0, 0, 1), match: [lpm(1, b(0), 0), exact(2, b(1))] },
      'INVALID_ARGUMENT',
    ],
    ['a prefix that is too long', route(1, 33, 1), 'INVALID_ARGUMENT'],
    ['bits beyond the prefix', route(0x0a010001, 16, 1), 'INVALID_ARGUMENT'],
    ['is_const', { ...mac(1n, 1, 1), isConst: true }, 'INVALID_ARGUMENT'],
    ['an idle timeout', { ...mac(1n, 1, 1), idleTimeoutNs: 5n }, 'INVALID_ARGUMENT'],
    ['a meter', { ...mac(1n, 1, 1), meterConfig: {} }, 'INVALID_ARGUMENT'],
    ['a counter where there is none', { ...route(0, 0, 1), counterData: {} }, 'INVALID_ARGUMENT'],
    [
      'a negative counter',
      { ...mac(1n, 1, 1), counterData: { packetCount: -1n } },
      'INVALID_ARGUMENT',
    ],
  ];
  it.each(wrong)('with %s is refused', async (_what, entry, code) => {
    expect(await controller.inserts(entry)).toBe(code);
    expect(device.engine.inserted).toEqual([]);
  });

  it('takes zero-padded values and gives back the shortest', async () => {
    const padded = Uint8Array.from([0, 0, 0, 5]);
    const entry = {
      tableId: ID.mac,
      match: [exact(1, padded), exact(2, padded)],
      action: action(ID.forward, padded),
    };
    expect(await controller.inserts(entry)).toBe('OK');
    expect(await controller.inserts(mac(5n, 5, 5))).toBe('ALREADY_EXISTS');
    const [read] = await readEntries({ tableId: ID.mac });
    expect(read).toMatchObject(mac(5n, 5, 5));
  });
});

describe('MODIFY of a table entry', () => {
  it('changes the action, and is NOT_FOUND without the entry', async () => {
    expect(await controller.modifies(mac(1n, 1, 4))).toBe('NOT_FOUND');
    await controller.inserts(mac(1n, 1, 3));
    expect(await controller.modifies(mac(1n, 1, 4))).toBe('OK');
    const [read] = await readEntries({ tableId: ID.mac });
    expect(read?.action).toMatchObject(forward(4));
  });

  it('without an action keeps it; the rest is a full snapshot', async () => {
    await controller.inserts({ ...mac(1n, 1, 3), metadata: b(9) });
    const { match } = mac(1n, 1, 3);
    expect(await controller.modifies({ tableId: ID.mac, match: match ?? [] })).toBe('OK');
    const [read] = await readEntries({ tableId: ID.mac });
    expect(read?.action).toMatchObject(forward(3));
    expect(read?.metadata).toEqual(new Uint8Array());
  });
});

describe('DELETE of a table entry', () => {
  it('looks at the key alone, however senseless the rest', async () => {
    await controller.inserts(mac(1n, 1, 3));
    const senseless = { ...mac(1n, 1, 3), action: action(99), idleTimeoutNs: -1n };
    expect(await controller.deletes(senseless)).toBe('OK');
    expect(await controller.deletes(senseless)).toBe('NOT_FOUND');
    expect(await readEntries({ tableId: ID.mac })).toEqual([]);
  });
});

describe('the default entry (9.1.3)', () => {
  const entry = { tableId: ID.mac, isDefaultAction: true };

  it('is the program’s at first, and read only when asked for', async () => {
    expect(await readEntries({ tableId: ID.mac })).toEqual([]);
    const [read] = await readEntries(entry);
    expect(read).toMatchObject({ ...entry, action: action(ID.noAction) });
    expect(read?.match).toEqual([]);
  });

  it('is modified, and returns to the program’s when the action is unset', async () => {
    expect(await controller.modifies({ ...entry, action: forward(7) })).toBe('OK');
    expect(device.engine.defaults.get(0)).toEqual({ action: 0, args: [7n] });
    expect((await readEntries(entry))[0]?.action).toMatchObject(forward(7));
    expect(await controller.modifies(entry)).toBe('OK');
    expect(device.engine.defaults.get(0)).toEqual({ action: 2, args: [] });
  });

  it('is neither inserted nor deleted', async () => {
    expect(await controller.inserts({ ...entry, action: forward(7) })).toBe('INVALID_ARGUMENT');
    expect(await controller.deletes(entry)).toBe('INVALID_ARGUMENT');
  });

  it('has neither match nor priority', async () => {
    const withMatch = { ...mac(1n, 1, 1), isDefaultAction: true };
    expect(await controller.modifies(withMatch)).toBe('INVALID_ARGUMENT');
    const withPriority = { ...entry, action: forward(1), priority: 1 };
    expect(await controller.modifies(withPriority)).toBe('INVALID_ARGUMENT');
  });

  it('keeps to the action’s scope: PERMISSION_DENIED', async () => {
    const tableOnly = { ...entry, action: action(ID.drop) };
    expect(await controller.modifies(tableOnly)).toBe('PERMISSION_DENIED');
  });

  it('of a keyless table is all it has', async () => {
    const mode = { tableId: ID.mode, isDefaultAction: true };
    expect(await controller.modifies({ ...mode, action: forward(2) })).toBe('OK');
    expect((await readEntries(mode))[0]?.action).toMatchObject(forward(2));
  });

  it('that is constant cannot be modified: PERMISSION_DENIED', async () => {
    const fixed = { tableId: ID.fixed, isDefaultAction: true, action: forward(1) };
    expect(await controller.modifies(fixed)).toBe('PERMISSION_DENIED');
  });
});

describe('constant tables (9.1.4)', () => {
  const first = {
    tableId: ID.fixed,
    match: [ternary(1, b(0x800), b(0xffff))],
    priority: 2,
  };

  it('are read with their priorities', async () => {
    const read = await readEntries({ tableId: ID.fixed });
    expect(read).toMatchObject([
      { ...first, action: forward(5), isConst: true },
      { tableId: ID.fixed, match: [], priority: 1, action: action(ID.drop), isConst: true },
    ]);
  });

  it('refuse every other write with PERMISSION_DENIED', async () => {
    const other = { ...first, priority: 9, action: forward(1) };
    expect(await controller.inserts(other)).toBe('PERMISSION_DENIED');
    expect(await controller.deletes(first)).toBe('PERMISSION_DENIED');
    expect(await controller.modifies({ ...first, action: forward(5) })).toBe('PERMISSION_DENIED');
  });

  it('take a MODIFY that changes nothing', async () => {
    expect(await controller.modifies(first)).toBe('OK');
  });
});

describe('reads of table entries (9.1.6)', () => {
  beforeEach(async () => {
    await controller.inserts(mac(1n, 1, 3));
    await controller.inserts({ ...mac(2n, 1, 4), metadata: b(77), controllerMetadata: 5n });
    await controller.inserts(acl(10, [optional(2, b(1))]));
    await controller.inserts(acl(11, []));
  });

  it('of table 0 give the entries of all tables, constant ones included', async () => {
    const tables = (await readEntries({})).map((entry) => entry.tableId);
    expect(tables.sort()).toEqual([ID.mac, ID.mac, ID.acl, ID.acl, ID.fixed, ID.fixed].sort());
  });

  it('of all default entries give one for each table', async () => {
    expect(await readEntries({ isDefaultAction: true })).toHaveLength(5);
  });

  it('filter by match, action, priority and both cookies', async () => {
    const count = async (filter: TableEntryInit) => (await readEntries(filter)).length;
    const { match } = mac(2n, 1, 4);
    expect(await count({ tableId: ID.mac, match: match ?? [] })).toBe(1);
    expect(await count({ tableId: ID.mac, action: action(ID.forward) })).toBe(2);
    expect(await count({ tableId: ID.mac, action: action(ID.drop) })).toBe(0);
    expect(await count({ tableId: ID.acl, priority: 11 })).toBe(1);
    expect(await count({ tableId: ID.mac, metadata: b(77) })).toBe(1);
    expect(await count({ tableId: ID.mac, controllerMetadata: 5n })).toBe(1);
    expect(await count({ tableId: ID.mac, match: mac(9n, 9, 9).match ?? [] })).toBe(0);
  });

  it('give back exactly what was written (read-write symmetry)', async () => {
    const [entry] = await readEntries({ tableId: ID.mac, metadata: b(77) });
    expect(entry).toMatchObject({ ...mac(2n, 1, 4), metadata: b(77), controllerMetadata: 5n });
    expect(entry?.counterData).toBeUndefined();
  });

  it('of an unknown table fail, and of all tables with a filter too', async () => {
    const reads = async (value: TableEntryInit) =>
      (await controller.reads([{ case: 'tableEntry', value }])).answer;
    expect(await reads({ tableId: 99 })).toEqual(['NOT_FOUND']);
    expect(await reads({ priority: 1 })).toEqual(['INVALID_ARGUMENT']);
  });
});

describe('direct counters (9.1.7, 9.3.1)', () => {
  const counted = { byteCount: 640n, packetCount: 10n };

  it('start at what INSERT says, stay at MODIFY, are read only when asked for', async () => {
    await controller.inserts({ ...mac(1n, 1, 3), counterData: counted });
    await controller.modifies(mac(1n, 1, 4));
    const [entry] = await readEntries({ tableId: ID.mac, counterData: {} });
    expect(entry?.counterData).toMatchObject(counted);
  });

  it('are written and read by DirectCounterEntry', async () => {
    await controller.inserts(mac(1n, 1, 3));
    const value = { tableEntry: mac(1n, 1, 3), data: counted };
    const entity = { case: 'directCounterEntry', value } as const;
    expect(await controller.writes(2, [entity])).toBe('OK');
    const read = await controller.reads([entity]);
    expect(read.entities[0]?.entity).toMatchObject({ value: { data: counted } });
    expect(await controller.writes(1, [entity])).toEqual(['INVALID_ARGUMENT']);
    expect(await controller.writes(3, [entity])).toEqual(['INVALID_ARGUMENT']);
  });

  it('without the entry are NOT_FOUND, without a counter INVALID_ARGUMENT', async () => {
    const entity = (tableEntry: TableEntryInit) =>
      ({ case: 'directCounterEntry', value: { tableEntry, data: counted } }) as const;
    expect(await controller.writes(2, [entity(mac(1n, 1, 1))])).toEqual(['NOT_FOUND']);
    expect((await controller.reads([entity(mac(1n, 1, 1))])).answer).toEqual(['NOT_FOUND']);
    expect(await controller.writes(2, [entity(route(0, 0, 1))])).toEqual(['INVALID_ARGUMENT']);
  });
});
