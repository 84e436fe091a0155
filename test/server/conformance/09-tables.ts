/** Chapter 9.1: table entries. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, TableEntryInit } from '../conversation.js';
import { action, b, exact, lpm, optional, range, ternary } from '../entries.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { byPort, exactly, ID, say, tableEntry, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

const masked = (priority: number, match: TableEntryInit['match'], answer = 1): TableEntryInit => ({
  tableId: ID.masked,
  priority,
  match: match ?? [],
  action: say(answer),
});
const prefix = (match: TableEntryInit['match'], answer = 1): TableEntryInit => ({
  tableId: ID.prefix,
  match: match ?? [],
  action: say(answer),
});
const always = (more: TableEntryInit = {}): TableEntryInit => ({
  tableId: ID.always,
  isDefaultAction: true,
  ...more,
});
const fixed = (more: TableEntryInit = {}): TableEntryInit => ({
  tableId: ID.fixed,
  priority: 1,
  match: [ternary(1, b(2), b(2))],
  ...more,
});

type Part = [string, Clause['check']];

const refused = (what: string, entry: TableEntryInit, code: string, type = INSERT): Part => [
  what,
  async ({ ready }) => answers('the write', (await ready()).entry(type, entry), code),
];

/** After these entries a frame is answered so. */
const answered = (
  what: string,
  entries: readonly TableEntryInit[],
  request: { what: number; address?: number; number?: number; port?: number },
  answer: number,
): Part => [
  what,
  async ({ ready, asks }) => {
    const one = await ready();
    for (const entry of entries) await answers('the INSERT', one.inserts(entry), 'OK');
    same('what frames meet', await asks(one, request), [answer]);
  },
];

async function entriesOf(one: Controller, filter: TableEntryInit) {
  const { entities, answer } = await one.reads([tableEntry(filter)]);
  same('the read', answer, 'OK');
  return entities.flatMap(({ entity }) => (entity.case === 'tableEntry' ? [entity.value] : []));
}

const { exactly: inExactly, prefix: inPrefix, masked: inMasked } = WHAT;

export const TABLES: readonly Clause[] = [
  ...section(
    '9.1',
    'TableEntry',
    refused(
      'a ternary table needs a priority',
      masked(0, [ternary(1, b(1), b(1))]),
      'INVALID_ARGUMENT',
    ),
    refused('an exact table takes none', { ...exactly(1, 1), priority: 1 }, 'INVALID_ARGUMENT'),
    answered(
      'the higher priority is met',
      [masked(1, [ternary(1, b(1), b(1))], 0x11), masked(2, [ternary(1, b(3), b(3))], 0x22)],
      { what: inMasked, number: 3 },
      0x22,
    ),
    [
      'several entries may have one priority',
      async ({ ready }) => {
        const one = await ready();
        await answers('one', one.inserts(masked(5, [ternary(1, b(1), b(1))])), 'OK');
        await answers('another', one.inserts(masked(5, [ternary(1, b(2), b(2))])), 'OK');
      },
    ],
    [
      'match and priority tell entries apart',
      async ({ ready }) => {
        const one = await ready();
        await answers('one', one.inserts(masked(5, [ternary(1, b(1), b(1))])), 'OK');
        await answers(
          'the same',
          one.inserts(masked(5, [ternary(1, b(1), b(1))])),
          'ALREADY_EXISTS',
        );
        await answers(
          'of another priority',
          one.inserts(masked(6, [ternary(1, b(1), b(1))])),
          'OK',
        );
      },
    ],
    refused(
      'a table without a key takes no entries',
      { tableId: ID.always, action: say(1) },
      'INVALID_ARGUMENT',
    ),
    refused(
      'is_const is false in a write',
      { ...exactly(1, 1), isConst: true },
      'INVALID_ARGUMENT',
    ),
    [
      'metadata comes back, and MODIFY changes it',
      async ({ ready }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts({ ...exactly(1, 1), metadata: b(1) }), 'OK');
        await answers('the MODIFY', one.modifies({ ...exactly(1, 1), metadata: b(2) }), 'OK');
        same('the metadata', (await entriesOf(one, { tableId: ID.exactly }))[0]?.metadata, b(2));
      },
    ],
  ),
  ...section(
    '9.1.1',
    'Match Format',
    refused(
      'an exact field cannot be left out',
      { ...exactly(1, 1), match: [exact(1, b(1))] },
      'INVALID_ARGUMENT',
    ),
    refused(
      'a field that the table has not is refused',
      { ...byPort(ID.scoped, 1), match: [exact(9, b(1))] },
      'INVALID_ARGUMENT',
    ),
    refused(
      'a field twice is refused',
      { ...exactly(1, 1), match: [exact(1, b(1)), exact(1, b(1))] },
      'INVALID_ARGUMENT',
    ),
    refused(
      'another kind of match is refused',
      { ...byPort(ID.scoped, 1), match: [lpm(1, b(1), 16)] },
      'INVALID_ARGUMENT',
    ),
    answered(
      'a field that is left out matches all (LPM)',
      [prefix([], 0x33)],
      { what: inPrefix, number: 1 },
      0x33,
    ),
    answered(
      'a field that is left out matches all (ternary, range, optional)',
      [masked(1, [], 0x33)],
      { what: inMasked },
      0x33,
    ),
    refused(
      'LPM: a prefix length of 0 has to be left out',
      prefix([lpm(1, b(0), 0)]),
      'INVALID_ARGUMENT',
    ),
    refused(
      'LPM: bits beyond the prefix are 0',
      prefix([lpm(1, b(0x0a00_0001), 8)]),
      'INVALID_ARGUMENT',
    ),
    refused(
      'LPM: a prefix is no longer than the field',
      prefix([lpm(1, b(1), 33)]),
      'INVALID_ARGUMENT',
    ),
    answered(
      'LPM: the longest prefix is met',
      [prefix([lpm(1, b(0x0a00_0000), 8)], 0x11), prefix([lpm(1, b(0x0a01_0000), 16)], 0x22)],
      { what: inPrefix, number: 0x0a01_0203 },
      0x22,
    ),
    refused(
      'ternary: a mask of 0 has to be left out',
      masked(1, [ternary(1, b(0), b(0))]),
      'INVALID_ARGUMENT',
    ),
    refused('ternary: masked bits are 0', masked(1, [ternary(1, b(3), b(2))]), 'INVALID_ARGUMENT'),
    refused('range: low is not above high', masked(1, [range(2, b(9), b(8))]), 'INVALID_ARGUMENT'),
    refused(
      'range: all of the field has to be left out',
      masked(1, [range(2, b(0), b(0xffff))]),
      'INVALID_ARGUMENT',
    ),
    answered(
      'range: both ends belong to it',
      [masked(1, [range(2, b(5), b(9))], 0x44)],
      { what: inMasked, port: 9 },
      0x44,
    ),
    answered(
      'optional: a value is met exactly',
      [masked(1, [optional(3, b(inMasked))], 0x55)],
      { what: inMasked },
      0x55,
    ),
  ),
  ...section(
    '9.1.2',
    'Action Specification',
    refused('an INSERT has an action', { ...exactly(1, 1), action: {} }, 'INVALID_ARGUMENT'),
    [
      'a MODIFY without an action leaves it as it is',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts(exactly(1, 1, 0x77)), 'OK');
        const { tableId = 0, match = [] } = exactly(1, 1);
        await answers('the MODIFY', one.modifies({ tableId, match }), 'OK');
        same('what frames meet', await asks(one, { what: inExactly, address: 1, port: 1 }), [0x77]);
      },
    ],
    refused(
      'an action that the table has not is refused',
      { ...exactly(1, 1), action: say(1) },
      'INVALID_ARGUMENT',
    ),
    refused(
      'a member for a direct table is refused',
      { ...exactly(1, 1), action: { type: { case: 'actionProfileMemberId', value: 1 } } },
      'INVALID_ARGUMENT',
    ),
    refused(
      'an action for an indirect table is refused',
      byPort(ID.indirect, 1),
      'INVALID_ARGUMENT',
    ),
    refused(
      'a parameter that is missing is refused',
      { ...byPort(ID.scoped, 1), action: action(ID.say) },
      'INVALID_ARGUMENT',
    ),
    refused(
      'a parameter too many is refused',
      { ...byPort(ID.scoped, 1), action: action(ID.say, b(1), b(2)) },
      'INVALID_ARGUMENT',
    ),
    refused(
      'an action for defaults alone is PERMISSION_DENIED in an entry',
      { ...byPort(ID.scoped, 1), action: action(ID.nothing) },
      'PERMISSION_DENIED',
    ),
    refused(
      'an action for entries alone is PERMISSION_DENIED as default',
      { tableId: ID.scoped, isDefaultAction: true, action: say(1) },
      'PERMISSION_DENIED',
      MODIFY,
    ),
    refused(
      'a member that is not there is NOT_FOUND',
      { ...byPort(ID.indirect, 1), action: { type: { case: 'actionProfileMemberId', value: 9 } } },
      'NOT_FOUND',
    ),
  ),
  ...section(
    '9.1.3',
    'Default Entry',
    refused('INSERT of it is refused', always({ action: say(1) }), 'INVALID_ARGUMENT'),
    refused('DELETE of it is refused', always(), 'INVALID_ARGUMENT', DELETE),
    refused(
      'it has no match',
      { tableId: ID.scoped, isDefaultAction: true, match: [exact(1, b(1))] },
      'INVALID_ARGUMENT',
      MODIFY,
    ),
    refused(
      'it has no priority',
      always({ priority: 1, action: say(1) }),
      'INVALID_ARGUMENT',
      MODIFY,
    ),
    [
      'MODIFY changes it, and without an action brings the program’s back',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers(
          'the MODIFY',
          one.modifies(always({ action: say(0x66), metadata: b(1) })),
          'OK',
        );
        same('what frames meet', await asks(one, { what: WHAT.always }), [0x66]);
        await answers('the reset', one.modifies(always()), 'OK');
        same('what frames meet', await asks(one, { what: WHAT.always }), [0xd1]);
        const [entry] = await entriesOf(one, { tableId: ID.always, isDefaultAction: true });
        same('the metadata', entry?.metadata, new Uint8Array());
      },
    ],
    refused(
      'a constant one is PERMISSION_DENIED',
      { tableId: ID.fixed, isDefaultAction: true, action: say(1) },
      'PERMISSION_DENIED',
      MODIFY,
    ),
  ),
  ...section(
    '9.1.4',
    'Constant Tables',
    refused(
      'INSERT is PERMISSION_DENIED',
      fixed({ match: [ternary(1, b(8), b(8))], action: say(1) }),
      'PERMISSION_DENIED',
    ),
    refused(
      'MODIFY of an action is PERMISSION_DENIED',
      fixed({ action: say(1) }),
      'PERMISSION_DENIED',
      MODIFY,
    ),
    refused('DELETE is PERMISSION_DENIED', fixed(), 'PERMISSION_DENIED', DELETE),
    [
      'its entries can be read, with actions, and priorities from their order',
      async ({ ready }) => {
        const entries = await entriesOf(await ready(), { tableId: ID.fixed });
        same('how many', entries.length, 2);
        const [first, second] = entries.sort((a, z) => z.priority - a.priority);
        const maskOf = (entry: typeof first) => {
          const type = entry?.match[0]?.fieldMatchType;
          return type?.case === 'ternary' ? type.value.mask : null;
        };
        same('the mask of the first', maskOf(first), b(0xffff_ffff));
        same('the mask of the second', maskOf(second), b(2));
        holds(
          'they have no action',
          entries.every((entry) => entry.action !== undefined),
        );
        holds(
          'they are not is_const',
          entries.every((entry) => entry.isConst),
        );
      },
    ],
  ),
  ...section(
    '9.1.5',
    'Preinitialized tables',
    [
      'what is not const may be changed and deleted, and more inserted',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the MODIFY', one.modifies(byPort(ID.started, 2, say(0x12))), 'OK');
        same('what frames meet', await asks(one, { what: WHAT.started, port: 2 }), [0x12]);
        await answers('the DELETE', one.deletes(byPort(ID.started, 2)), 'OK');
        await answers('an INSERT', one.inserts(byPort(ID.started, 9, say(0x13))), 'OK');
      },
    ],
    refused(
      'a const entry cannot be deleted: PERMISSION_DENIED',
      byPort(ID.started, 1),
      'PERMISSION_DENIED',
      DELETE,
    ),
  ),
  ...section(
    '9.1.6',
    'Wildcard Reads',
    [
      'a match selects one entry, a priority those that have it',
      async ({ ready }) => {
        const one = await ready();
        for (const bit of [1, 2, 4]) {
          const entry = masked(bit === 4 ? 7 : 5, [ternary(1, b(bit), b(bit))]);
          await answers('an INSERT', one.inserts(entry), 'OK');
        }
        const table = { tableId: ID.masked };
        same('all', (await entriesOf(one, table)).length, 3);
        same('of priority 5', (await entriesOf(one, { ...table, priority: 5 })).length, 2);
        const match = [ternary(1, b(4), b(4))];
        same('by match', (await entriesOf(one, { ...table, match, priority: 7 })).length, 1);
      },
    ],
    [
      'an action id, metadata and a cookie select entries',
      async ({ ready }) => {
        const one = await ready();
        await answers('one', one.inserts({ ...exactly(1, 1), metadata: b(5) }), 'OK');
        const other = { ...exactly(2, 2), action: action(ID.nothing), controllerMetadata: 6n };
        await answers('another', one.inserts(other), 'OK');
        const table = { tableId: ID.exactly };
        const withAction = { ...table, action: action(ID.nothing) };
        same('by action', (await entriesOf(one, withAction)).length, 1);
        same('by metadata', (await entriesOf(one, { ...table, metadata: b(5) })).length, 1);
        same('by cookie', (await entriesOf(one, { ...table, controllerMetadata: 6n })).length, 1);
      },
    ],
    [
      'table id 0 gives the entries of all tables, constant ones too, and no default entries',
      async ({ ready }) => {
        const one = await ready();
        await answers('an INSERT', one.inserts(exactly(1, 1)), 'OK');
        const entries = await entriesOf(one, {});
        const tables = new Set(entries.map(({ tableId }) => tableId));
        same('of exactly', tables.has(ID.exactly), true);
        same('of the constant one', tables.has(ID.fixed), true);
        same('default entries', entries.filter((entry) => entry.isDefaultAction).length, 0);
      },
    ],
    [
      'is_default_action selects the default entry',
      async ({ ready }) => {
        const [entry] = await entriesOf(await ready(), always());
        same('is_default_action', entry?.isDefaultAction, true);
      },
    ],
  ),
  ...section(
    '9.1.7',
    'Direct Resources',
    [
      'counter_data is read where it is asked for, and written with the entry',
      async ({ ready, asks }) => {
        const one = await ready();
        const data = { packetCount: 5n, byteCount: 50n };
        await answers('the INSERT', one.inserts({ ...exactly(1, 1), counterData: data }), 'OK');
        await asks(one, { what: inExactly, address: 1, port: 1 });
        const [silent] = await entriesOf(one, { tableId: ID.exactly });
        same('counter_data, not asked for', silent?.counterData !== undefined, false);
        const [told] = await entriesOf(one, { tableId: ID.exactly, counterData: {} });
        same('the packets', told?.counterData?.packetCount, 6n);
      },
    ],
    [
      'a MODIFY without counter_data leaves the counter, one without meter_config resets the meter',
      async ({ ready }) => {
        const one = await ready();
        const data = { packetCount: 5n };
        await answers('the INSERT', one.inserts({ ...exactly(1, 1), counterData: data }), 'OK');
        await answers('the MODIFY', one.modifies(exactly(1, 1)), 'OK');
        const [counted] = await entriesOf(one, { tableId: ID.exactly, counterData: {} });
        same('the packets', counted?.counterData?.packetCount, 5n);
        const config = { cir: 1n, cburst: 2n, pir: 3n, pburst: 4n };
        const entry = byPort(ID.metered, 1, action(ID.sayMetered, b(1)));
        await answers('the INSERT', one.inserts({ ...entry, meterConfig: config }), 'OK');
        const read = async () =>
          (await entriesOf(one, { tableId: ID.metered, meterConfig: {} }))[0];
        same('the rate', (await read())?.meterConfig?.cir, 1n);
        await answers('the MODIFY', one.modifies(entry), 'OK');
        same('a config', (await read())?.meterConfig !== undefined, false);
      },
    ],
    refused(
      'counter_data of a table without counter is refused',
      { ...byPort(ID.scoped, 1), counterData: {} },
      'INVALID_ARGUMENT',
    ),
  ),
  ...section(
    '9.1.8',
    'Idle-timeout',
    refused(
      'a TTL in a table without idle timeout is refused',
      { ...exactly(1, 1), idleTimeoutNs: 1_000_000_000n },
      'INVALID_ARGUMENT',
    ),
    [
      'the TTL is read as it was written',
      async ({ ready }) => {
        const one = await ready();
        const entry = { ...byPort(ID.aged, 1), idleTimeoutNs: 3_600_000_000_001n };
        await answers('the INSERT', one.inserts(entry), 'OK');
        const [read] = await entriesOf(one, { tableId: ID.aged });
        same('the TTL', read?.idleTimeoutNs, 3_600_000_000_001n);
      },
    ],
    [
      'time_since_last_hit is read where it is asked for, and small after a hit',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts(byPort(ID.aged, 1)), 'OK');
        await asks(one, { what: WHAT.aged, port: 1 });
        const [silent] = await entriesOf(one, { tableId: ID.aged });
        same('the time, not asked for', silent?.timeSinceLastHit !== undefined, false);
        const [told] = await entriesOf(one, { tableId: ID.aged, timeSinceLastHit: {} });
        const elapsed = told?.timeSinceLastHit?.elapsedNs ?? -1n;
        holds(`${elapsed} ns since the hit`, elapsed >= 0n && elapsed < 10_000_000_000n);
      },
    ],
  ),
];
