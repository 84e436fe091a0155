/** Chapter 9.1 again: defaults, constant entries, reads and direct resources in their corners. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, TableEntryInit } from '../conversation.js';
import { action, b, exact, lpm, optional, range, ternary } from '../entries.js';
import type { Clause } from './clause.js';
import { answers, holds, same, section, single } from './clause.js';
import type { Code, Part } from './entities.js';
import {
  after,
  inserts,
  member,
  MISFIT,
  readAnswers,
  reads,
  TWO_OF_FOUR,
  writes,
} from './entities.js';
import { byPort, call, exactly, ID, say, tableEntry, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

const refused = (
  says: string,
  entry: TableEntryInit,
  code: Code = 'INVALID_ARGUMENT',
  type = INSERT,
): Part => after(says, [], type, tableEntry(entry), code);

const masked = (match: NonNullable<TableEntryInit['match']>): TableEntryInit => ({
  tableId: ID.masked,
  priority: 1,
  match,
  action: say(1),
});
const prefix = (match: NonNullable<TableEntryInit['match']>): TableEntryInit => ({
  tableId: ID.prefix,
  match,
  action: say(1),
});
const always = (more: TableEntryInit = {}): TableEntryInit => ({
  tableId: ID.always,
  isDefaultAction: true,
  ...more,
});
const FIXED: TableEntryInit = {
  tableId: ID.fixed,
  priority: 1,
  match: [ternary(1, b(2), b(2))],
};

const entries = (one: Controller, filter: TableEntryInit) => reads(one, 'tableEntry', filter);

const KEYS: readonly Clause[] = [
  ...section(
    '9.1',
    'TableEntry',
    [
      'DELETE takes match and priority alone, however senseless the rest',
      async ({ ready }) => {
        const one = await ready();
        await inserts(one, tableEntry(exactly(1, 1)));
        const senseless = {
          action: action(ID.unknown, b(1)),
          idleTimeoutNs: -1n,
          metadata: b(1),
          counterData: { packetCount: -1n },
        };
        await answers('the DELETE', one.deletes({ ...exactly(1, 1), ...senseless }), 'OK');
      },
    ],
    refused(
      'a table that is not there is refused',
      { ...exactly(1, 1), tableId: ID.unknown },
      'NOT_FOUND',
    ),
    [
      'is_const is false in a MODIFY and a DELETE, too',
      async ({ ready }) => {
        const one = await ready();
        await inserts(one, tableEntry(exactly(1, 1)));
        for (const type of [MODIFY, DELETE]) {
          const entity = tableEntry({ ...exactly(1, 1), isConst: true });
          await writes(`the ${Update_Type[type]}`, one, type, entity, 'INVALID_ARGUMENT');
        }
      },
    ],
    [
      'controller_metadata comes back, and MODIFY changes it',
      async ({ ready }) => {
        const one = await ready();
        await inserts(one, tableEntry({ ...exactly(1, 1), controllerMetadata: 1n << 63n }));
        const read = async () => (await entries(one, { tableId: ID.exactly }))[0];
        same('the cookie', (await read())?.controllerMetadata, 1n << 63n);
        await answers('the MODIFY', one.modifies(exactly(1, 1)), 'OK');
        same('then', (await read())?.controllerMetadata, 0n);
      },
    ],
  ),
  ...section(
    '9.1.1',
    'Match Format',
    refused('a field without a match is refused', {
      ...exactly(1, 1),
      match: [{ fieldId: 1 }, exact(2, b(1))],
    }),
    refused('LPM: a negative prefix length is refused', prefix([lpm(1, b(0), -1)])),
    refused('ternary: an empty mask is refused', masked([ternary(1, b(1), octets())]), MISFIT),
    refused('range: an empty end is refused', masked([range(2, b(1), octets())]), MISFIT),
    refused(
      'range: an end beyond the field is refused',
      masked([range(2, b(1), b(0x1_0000))]),
      MISFIT,
    ),
    refused('optional: an empty value is refused', masked([optional(3, octets())]), MISFIT),
    after(
      'ternary: a value shorter than its mask is taken',
      [],
      INSERT,
      tableEntry(masked([ternary(1, b(1), b(0xffff_ffff))])),
      'OK',
    ),
  ),
];

const ACTIONS: readonly Clause[] = [
  ...section(
    '9.1.2',
    'Action Specification',
    [
      'a MODIFY of nothing changes nothing',
      async ({ ready }) => {
        const one = await ready();
        await inserts(one, tableEntry(exactly(1, 1, 7)));
        const { tableId, match } = exactly(1, 1);
        await answers('the MODIFY', one.modifies({ tableId, match } as TableEntryInit), 'OK');
        const [read] = await entries(one, { tableId: ID.exactly });
        const type = read?.action?.type;
        same('the argument', type?.case === 'action' ? type.value.params[0]?.value : null, b(7));
      },
    ],
    refused(
      'a parameter without a value is refused',
      {
        ...exactly(1, 1),
        action: action(ID.sayCounted, octets()),
      },
      MISFIT,
    ),
    refused(
      'a group that is not there is NOT_FOUND',
      {
        ...byPort(ID.grouped, 1),
        action: { type: { case: 'actionProfileGroupId', value: 7 } },
      },
      'NOT_FOUND',
    ),
  ),
  ...section(
    '9.1.3',
    'Default Entry',
    [
      'the program’s is there from the start',
      async (bench) => {
        const one = await bench.ready();
        const [read] = await entries(one, always());
        const type = read?.action?.type;
        same('its argument', type?.case === 'action' ? type.value.params[0]?.value : null, b(0xd1));
        same('frames', await bench.asks(one, { what: WHAT.always }), [0xd1]);
      },
    ],
    [
      'its metadata comes back, and goes when it is reset',
      async ({ ready }) => {
        const one = await ready();
        const written = always({ action: say(1), metadata: b(5), controllerMetadata: 6n });
        await answers('the MODIFY', one.modifies(written), 'OK');
        const [read] = await entries(one, always());
        same('the metadata', [read?.metadata, read?.controllerMetadata], [b(5), 6n]);
        await answers('the reset', one.modifies(always()), 'OK');
        const [reset] = await entries(one, always());
        same('then', [reset?.metadata.length, reset?.controllerMetadata], [0, 0n]);
      },
    ],
    [
      'its counter counts misses, and is written like any entry’s',
      async (bench) => {
        const one = await bench.ready();
        const key = { tableId: ID.exactly, isDefaultAction: true } as const;
        const counterData = { packetCount: 5n };
        const entry = { ...key, action: action(ID.sayCounted, b(9)), counterData };
        await answers('the MODIFY', one.modifies(entry), 'OK');
        same('frames', await bench.asks(one, { what: WHAT.exactly, address: 7 }), [9]);
        const [read] = await entries(one, { ...key, counterData: {} });
        same('the packets', read?.counterData?.packetCount, 6n);
      },
    ],
    refused(
      'that of a table with a profile stays NoAction',
      {
        tableId: ID.indirect,
        isDefaultAction: true,
        action: { type: { case: 'actionProfileMemberId', value: 1 } },
      },
      'PERMISSION_DENIED',
      MODIFY,
    ),
    after(
      'a member cannot be one',
      [member(1, call(1), ID.plain)],
      MODIFY,
      tableEntry(always({ action: { type: { case: 'actionProfileMemberId', value: 1 } } })),
      'INVALID_ARGUMENT',
    ),
  ),
  ...section(
    '9.1.4',
    'Constant Tables',
    refused(
      'MODIFY of an action is PERMISSION_DENIED, were it the same',
      {
        ...FIXED,
        action: say(0xc2),
      },
      'PERMISSION_DENIED',
      MODIFY,
    ),
    after('MODIFY without an action is allowed', [], MODIFY, tableEntry(FIXED), 'OK'),
    [
      'frames meet its entries in their order',
      async (bench) => {
        const one = await bench.ready();
        same('the first', await bench.asks(one, { what: WHAT.fixed, number: 1 }), [0xc1]);
        same('the next', await bench.asks(one, { what: WHAT.fixed, number: 3 }), [0xc2]);
      },
    ],
  ),
];

const READS: readonly Clause[] = section(
  '9.1.6',
  'Wildcard Reads',
  [
    'filters hold together',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry({ ...exactly(1, 1), metadata: b(5) }));
      await inserts(one, tableEntry({ ...exactly(2, 1), metadata: b(6) }));
      const filter = { tableId: ID.exactly, metadata: b(5) };
      const both = { ...filter, action: action(ID.sayCounted) };
      same('both hold', (await entries(one, both)).length, 1);
      same(
        'one does not',
        (await entries(one, { ...filter, action: action(ID.nothing) })).length,
        0,
      );
    },
  ],
  [
    'the key of no entry gives none',
    async ({ ready }) => {
      const one = await ready();
      const { tableId, match } = exactly(7, 7);
      const { entities } = await one.reads([tableEntry({ tableId, match } as TableEntryInit)]);
      same('how many', entities.length, 0);
    },
  ],
  [
    'a key that the table cannot have is refused',
    async ({ ready }) => {
      const one = await ready();
      const wrong = tableEntry({ tableId: ID.exactly, match: [exact(9, b(1))] });
      await readAnswers('the read', one, wrong, 'INVALID_ARGUMENT');
    },
  ],
  [
    'a default entry is read with its table’s id alone, not among the others',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry(exactly(1, 1)));
      same('the entries', (await entries(one, { tableId: ID.exactly })).length, 1);
      const defaults = await entries(one, { tableId: ID.exactly, isDefaultAction: true });
      same(
        'the default',
        defaults.map((of) => of.isDefaultAction),
        [true],
      );
    },
  ],
);

const RESOURCES: readonly Clause[] = [
  ...section(
    '9.1.7',
    'Direct Resources',
    [
      'an INSERT without counter_data starts at 0, one without meter_config at green for all',
      async (bench) => {
        const one = await bench.ready();
        await inserts(one, tableEntry(exactly(1, 1)));
        const [counted] = await entries(one, { tableId: ID.exactly, counterData: {} });
        same('the packets', counted?.counterData?.packetCount, 0n);
        const entry = byPort(ID.metered, 1, action(ID.sayMetered, b(1)));
        await inserts(one, tableEntry(entry));
        for (let i = 0; i < 6; i += 1) {
          same('the colour', await bench.asks(one, { what: WHAT.metered, port: 1 }), [0]);
        }
        const [read] = await entries(one, { tableId: ID.metered, meterConfig: {} });
        same('a config', read?.meterConfig !== undefined, false);
      },
    ],
    [
      'a MODIFY with counter_data writes it, one with meter_config configures the meter',
      async ({ ready }) => {
        const one = await ready();
        await inserts(one, tableEntry(exactly(1, 1)));
        const counterData = { packetCount: 8n };
        await answers('the counter', one.modifies({ ...exactly(1, 1), counterData }), 'OK');
        const [counted] = await entries(one, { tableId: ID.exactly, counterData: {} });
        same('the packets', counted?.counterData?.packetCount, 8n);
        const entry = byPort(ID.metered, 1, action(ID.sayMetered, b(1)));
        await inserts(one, tableEntry(entry));
        await answers('the meter', one.modifies({ ...entry, meterConfig: TWO_OF_FOUR }), 'OK');
        const [read] = await entries(one, { tableId: ID.metered, meterConfig: {} });
        same('the burst', read?.meterConfig?.pburst, 4n);
        const [silent] = await entries(one, { tableId: ID.metered });
        same('a config, not asked for', silent?.meterConfig !== undefined, false);
      },
    ],
    refused('meter_config of a table without a meter is refused', {
      ...exactly(1, 1),
      meterConfig: TWO_OF_FOUR,
    }),
    [
      'meter_counter_data starts at 0, and can only be set to that; or UNIMPLEMENTED',
      async ({ ready }) => {
        const one = await ready();
        const entry = byPort(ID.metered, 1, action(ID.sayMetered, b(1)));
        const insert = (green: bigint) => {
          const meterCounterData = { green: { packetCount: green } };
          return one.writes(INSERT, [tableEntry({ ...entry, meterCounterData })]);
        };
        const one1 = single(await insert(1n));
        holds(`the INSERT with 1: ${one1}`, ['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(one1));
        if (one1 === 'UNIMPLEMENTED') return;
        same('the INSERT with 0', single(await insert(0n)), 'OK');
        const filter = { tableId: ID.metered, meterCounterData: {} };
        const [read] = await entries(one, filter);
        same('the greens', read?.meterCounterData?.green?.packetCount ?? 0n, 0n);
        const [silent] = await entries(one, { tableId: ID.metered });
        same('not asked for', silent?.meterCounterData !== undefined, false);
      },
    ],
    [
      'a MODIFY with meter_counter_data resets the counts, one without leaves them; or UNIMPLEMENTED',
      async (bench) => {
        const one = await bench.ready();
        const entry = byPort(ID.metered, 1, action(ID.sayMetered, b(1)));
        await inserts(one, tableEntry({ ...entry, meterConfig: TWO_OF_FOUR }));
        await bench.asks(one, { what: WHAT.metered, port: 1 });
        const asked = tableEntry({ tableId: ID.metered, meterCounterData: {} });
        const greens = async () => {
          const { entities, answer } = await one.reads([asked]);
          if (single(answer) === 'UNIMPLEMENTED') return null;
          const read = entities[0]?.entity;
          const data = read?.case === 'tableEntry' ? read.value.meterCounterData : undefined;
          return data?.green?.packetCount ?? 0n;
        };
        const first = await greens();
        if (first === null) return;
        same('after a frame', first, 1n);
        await answers('a MODIFY', one.modifies({ ...entry, meterConfig: TWO_OF_FOUR }), 'OK');
        same('after a MODIFY without', await greens(), 1n);
        await answers('a MODIFY', one.modifies({ ...entry, meterCounterData: {} }), 'OK');
        same('after one with', await greens(), 0n);
      },
    ],
  ),
  ...section(
    '9.1.8',
    'Idle-timeout',
    refused('time_since_last_hit is not written', { ...byPort(ID.aged, 1), timeSinceLastHit: {} }),
    refused('nor for a table without idle timeout', { ...exactly(1, 1), timeSinceLastHit: {} }),
    refused(
      'a default entry has no TTL',
      { tableId: ID.aged, isDefaultAction: true, action: say(1), idleTimeoutNs: 1n },
      'INVALID_ARGUMENT',
      MODIFY,
    ),
    refused(
      'and no time_since_last_hit',
      { tableId: ID.aged, isDefaultAction: true, action: say(1), timeSinceLastHit: {} },
      'INVALID_ARGUMENT',
      MODIFY,
    ),
    after(
      'a TTL smaller than the target can is taken',
      [],
      INSERT,
      tableEntry({ ...byPort(ID.aged, 1), idleTimeoutNs: 1n }),
      'OK',
    ),
    [
      'MODIFY changes the TTL',
      async ({ ready }) => {
        const one = await ready();
        await inserts(
          one,
          tableEntry({ ...byPort(ID.aged, 1), idleTimeoutNs: 3_600_000_000_000n }),
        );
        await answers('the MODIFY', one.modifies(byPort(ID.aged, 1)), 'OK');
        same('the TTL', (await entries(one, { tableId: ID.aged }))[0]?.idleTimeoutNs, 0n);
      },
    ],
  ),
];

export const ENTRIES: readonly Clause[] = [...KEYS, ...ACTIONS, ...READS, ...RESOURCES];
