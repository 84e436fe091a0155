/** Chapters 9.3 and 9.4: counters and meters. */
import { MeterSpec_Type } from '#protos/p4/config/v1/p4info_pb';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, EntityInit, TableEntryInit } from '../conversation.js';
import { action, b, exact } from '../entries.js';
import type { Bench, Clause } from './clause.js';
import { answers, holds, same, section, single } from './clause.js';
import type { Part, Rates } from './entities.js';
import {
  after,
  counter,
  inserts,
  meter,
  readAnswers,
  reads,
  readyWith,
  TWO_OF_FOUR,
  writes,
} from './entities.js';
import type { p4info } from './program.js';
import { byPort, exactly, ID, tableEntry, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

/** The key of an entry of `exactly`. */
const counted = (address = 1): TableEntryInit => ({
  tableId: ID.exactly,
  match: [exact(1, b(address)), exact(2, b(1))],
});
const directCounter = (tableEntryOf: TableEntryInit, packetCount?: bigint): EntityInit => ({
  case: 'directCounterEntry',
  value: {
    tableEntry: tableEntryOf,
    ...(packetCount === undefined ? {} : { data: { packetCount, byteCount: 7n } }),
  },
});

const hits = async (one: Controller, address = 1): Promise<bigint | undefined> => {
  const [read] = await reads(one, 'directCounterEntry', { tableEntry: counted(address) });
  return read?.data?.packetCount;
};

const DIRECT_COUNTERS: readonly Clause[] = section(
  '9.3.1',
  'DirectCounterEntry',
  [
    'it starts at 0, counts what its entry meets, and is read under the entry’s key',
    async ({ ready, asks }) => {
      const one = await ready();
      await inserts(one, tableEntry(exactly(1, 1)));
      same('at first', await hits(one), 0n);
      await asks(one, { what: WHAT.exactly, address: 1, port: 1 });
      same('after a frame', await hits(one), 1n);
    },
  ],
  [
    'MODIFY sets it, and both ways of reading say so',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry(exactly(1, 1)));
      await writes('the MODIFY', one, MODIFY, directCounter(counted(), 42n));
      same('the counter', await hits(one), 42n);
      const [entry] = await reads(one, 'tableEntry', { ...counted(), counterData: {} });
      same('the entry’s', entry?.counterData?.packetCount, 42n);
    },
  ],
  [
    'MODIFY without data leaves it',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry({ ...exactly(1, 1), counterData: { packetCount: 5n } }));
      await writes('the MODIFY', one, MODIFY, directCounter(counted()));
      same('the counter', await hits(one), 5n);
    },
  ],
  after(
    'MODIFY under a key that no entry has is NOT_FOUND',
    [],
    MODIFY,
    directCounter(counted(), 1n),
    'NOT_FOUND',
  ),
  after(
    'INSERT is INVALID_ARGUMENT',
    [tableEntry(exactly(1, 1))],
    INSERT,
    directCounter(counted(), 1n),
    'INVALID_ARGUMENT',
  ),
  after(
    'DELETE is INVALID_ARGUMENT',
    [tableEntry(exactly(1, 1))],
    DELETE,
    directCounter(counted()),
    'INVALID_ARGUMENT',
  ),
  [
    'a read under a key that no entry has is NOT_FOUND',
    async ({ ready }) => {
      await readAnswers('the read', await ready(), directCounter(counted()), 'NOT_FOUND');
    },
  ],
  [
    'it goes with its entry',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry({ ...exactly(1, 1), counterData: { packetCount: 5n } }));
      await answers('the DELETE', one.deletes(counted()), 'OK');
      await readAnswers('the read', one, directCounter(counted()), 'NOT_FOUND');
      await inserts(one, tableEntry(exactly(1, 1)));
      same('that of the next entry', await hits(one), 0n);
    },
  ],
  [
    'those of a table are read together',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, tableEntry(exactly(1, 1)), tableEntry(exactly(2, 1)));
      const read = await reads(one, 'directCounterEntry', { tableEntry: { tableId: ID.exactly } });
      same('how many', read.length, 2);
    },
  ],
);

const cells = async (one: Controller, index: bigint | null): Promise<string[]> =>
  (await one.reads([counter(index)])).entities.map(({ entity }) =>
    entity.case === 'counterEntry' ? String(entity.value.data?.packetCount) : '?',
  );

/** An index that cannot be. */
const indices = (entity: (index: bigint) => EntityInit): readonly Part[] => [
  after('a negative index is INVALID_ARGUMENT', [], MODIFY, entity(-1n), 'INVALID_ARGUMENT'),
  after('an index beyond the array is OUT_OF_RANGE', [], MODIFY, entity(99n), 'OUT_OF_RANGE'),
];

const COUNTERS: readonly Clause[] = section(
  '9.3.2',
  'CounterEntry',
  [
    'a cell starts at 0 and counts packets and octets',
    async ({ ready, asks }) => {
      const one = await ready();
      same('at first', await cells(one, 3n), ['0']);
      await asks(one, { what: WHAT.seen, number: 3 });
      await asks(one, { what: WHAT.seen, number: 3 });
      const [cell] = await reads(one, 'counterEntry', { counterId: ID.seen, index: { index: 3n } });
      same('the packets', cell?.data?.packetCount, 2n);
      holds('no octets are counted', (cell?.data?.byteCount ?? 0n) > 0n);
      same('its neighbour', await cells(one, 2n), ['0']);
    },
  ],
  [
    'MODIFY sets a cell',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, counter(2n, 9n));
      same('the cells', await cells(one, null), ['0', '0', '9', '0', '0', '0', '0', '0']);
    },
  ],
  [
    'MODIFY without data leaves it',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, counter(2n, 9n));
      await writes('one without data', one, MODIFY, counter(2n));
      same('the cell', await cells(one, 2n), ['9']);
    },
  ],
  [
    'MODIFY without an index sets all cells',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, counter(null, 4n));
      same('the cells', await cells(one, null), Array(8).fill('4'));
    },
  ],
  after('INSERT is INVALID_ARGUMENT', [], INSERT, counter(1n, 1n), 'INVALID_ARGUMENT'),
  after('DELETE is INVALID_ARGUMENT', [], DELETE, counter(1n), 'INVALID_ARGUMENT'),
  ...indices((index) => counter(index, 1n)),
);

/* --- meters ------------------------------------------------------------------------------------- */

const GREEN_OF_ALL = [0, 0, 0, 0, 0, 0];
const TWO_TWO_TWO = [0, 0, 1, 1, 2, 2];

const colours = async (bench: Bench, one: Controller, number: number): Promise<number[]> => {
  const seen: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    seen.push(...(await bench.asks(one, { what: WHAT.limits, number })));
  }
  return seen;
};
const entryColours = async (bench: Bench, one: Controller, port: number): Promise<number[]> => {
  const seen: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    seen.push(...(await bench.asks(one, { what: WHAT.metered, port })));
  }
  return seen;
};

const { TWO_RATE_THREE_COLOR, SINGLE_RATE_THREE_COLOR, SINGLE_RATE_TWO_COLOR } = MeterSpec_Type;
const ONE_RATE: Rates = { cir: 0n, cburst: 2n, pir: 0n, pburst: 2n };

const ofType = (type: MeterSpec_Type) => (info: ReturnType<typeof p4info>) => {
  const spec = info.meters.find(({ preamble }) => preamble?.id === ID.limits)?.spec;
  if (spec !== undefined) spec.type = type;
};

const takes = (says: string, type: MeterSpec_Type, config: Rates, code: string): Part => [
  says,
  async (bench) => {
    const one = await readyWith(bench, ofType(type));
    await writes('the MODIFY', one, MODIFY, meter(1n, config), code);
  },
];

const METER_TYPES: readonly Clause[] = section(
  '9.4',
  'MeterEntry & DirectMeterEntry',
  takes(
    'a meter of two rates takes no eburst',
    TWO_RATE_THREE_COLOR,
    { ...TWO_OF_FOUR, eburst: 1n },
    'INVALID_ARGUMENT',
  ),
  takes(
    'one of a single rate takes pir and pburst as cir and cburst',
    SINGLE_RATE_THREE_COLOR,
    { ...ONE_RATE, eburst: 3n },
    'OK',
  ),
  takes('and no others', SINGLE_RATE_THREE_COLOR, TWO_OF_FOUR, 'INVALID_ARGUMENT'),
  takes(
    'one of two colours takes no eburst',
    SINGLE_RATE_TWO_COLOR,
    { ...ONE_RATE, eburst: 1n },
    'INVALID_ARGUMENT',
  ),
  takes('and no other peak', SINGLE_RATE_TWO_COLOR, TWO_OF_FOUR, 'INVALID_ARGUMENT'),
  [
    'what a meter of two colours takes, each takes, and marks the same',
    async (bench) => {
      const types = [SINGLE_RATE_TWO_COLOR, SINGLE_RATE_THREE_COLOR, TWO_RATE_THREE_COLOR];
      for (const [i, type] of types.entries()) {
        const one = await readyWith(bench, ofType(type), BigInt(i + 1));
        await writes('the MODIFY', one, MODIFY, meter(1n, ONE_RATE));
        same(`the colours of type ${type}`, await colours(bench, one, 1), [0, 0, 2, 2, 2, 2]);
      }
    },
  ],
);

const directMeter = (port: number, config?: Rates, more: object = {}): EntityInit => ({
  case: 'directMeterEntry',
  value: {
    tableEntry: { tableId: ID.metered, match: [exact(1, b(port))] },
    ...(config === undefined ? {} : { config }),
    ...more,
  },
});
const METERED = action(ID.sayMetered, b(1));
const METERED_ENTRY = tableEntry(byPort(ID.metered, 1, METERED));

/** OK, or UNIMPLEMENTED of a target that counts no colours; then the clause holds as well. */
async function countsColours(one: Controller, type: Update_Type, entity: EntityInit) {
  const answer = single(await one.writes(type, [entity]));
  holds(`counter_data: ${answer}`, ['OK', 'UNIMPLEMENTED'].includes(answer));
  return answer === 'OK';
}

const DIRECT_METERS: readonly Clause[] = section(
  '9.4.1',
  'DirectMeterEntry',
  [
    'MODIFY configures the meter of an entry, and both ways of reading say so',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, METERED_ENTRY);
      same('at first', await entryColours(bench, one, 1), GREEN_OF_ALL);
      await writes('the MODIFY', one, MODIFY, directMeter(1, TWO_OF_FOUR));
      same('then', await entryColours(bench, one, 1), TWO_TWO_TWO);
      const key = { tableId: ID.metered, match: [exact(1, b(1))] };
      const [direct] = await reads(one, 'directMeterEntry', { tableEntry: key });
      same('the burst', direct?.config?.pburst, 4n);
      const [entry] = await reads(one, 'tableEntry', { ...key, meterConfig: {} });
      same('the entry’s', entry?.meterConfig?.pburst, 4n);
    },
  ],
  [
    'MODIFY without a config makes all green',
    async (bench) => {
      const one = await bench.ready();
      const entry = byPort(ID.metered, 1, METERED);
      await inserts(one, tableEntry({ ...entry, meterConfig: TWO_OF_FOUR }));
      await writes('the MODIFY', one, MODIFY, directMeter(1));
      same('the colours', await entryColours(bench, one, 1), GREEN_OF_ALL);
    },
  ],
  after(
    'MODIFY under a key that no entry has is NOT_FOUND',
    [],
    MODIFY,
    directMeter(1, TWO_OF_FOUR),
    'NOT_FOUND',
  ),
  after(
    'INSERT is INVALID_ARGUMENT',
    [METERED_ENTRY],
    INSERT,
    directMeter(1, TWO_OF_FOUR),
    'INVALID_ARGUMENT',
  ),
  after('DELETE is INVALID_ARGUMENT', [METERED_ENTRY], DELETE, directMeter(1), 'INVALID_ARGUMENT'),
  [
    'a read under a key that no entry has is NOT_FOUND',
    async ({ ready }) => {
      await readAnswers('the read', await ready(), directMeter(1), 'NOT_FOUND');
    },
  ],
  [
    'it goes with its entry: the next one’s is not configured',
    async (bench) => {
      const one = await bench.ready();
      const entry = byPort(ID.metered, 1, METERED);
      await inserts(one, tableEntry({ ...entry, meterConfig: TWO_OF_FOUR }));
      await answers('the DELETE', one.deletes(entry), 'OK');
      await readAnswers('the read', one, directMeter(1), 'NOT_FOUND');
      await inserts(one, METERED_ENTRY);
      same('the colours', await entryColours(bench, one, 1), GREEN_OF_ALL);
    },
  ],
  [
    'counts of colours can only be set to 0: INVALID_ARGUMENT, or UNIMPLEMENTED',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, METERED_ENTRY);
      const counterData = { green: { packetCount: 1n } };
      const written = await one.writes(MODIFY, [directMeter(1, undefined, { counterData })]);
      const answer = single(written);
      holds(`the write: ${answer}`, ['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(answer));
    },
  ],
);

const meterCells = async (one: Controller, index: bigint | null): Promise<string[]> =>
  (await one.reads([meter(index)])).entities.map(({ entity }) =>
    entity.case === 'meterEntry' ? String(entity.value.config?.pburst ?? 'none') : '?',
  );

const METERS: readonly Clause[] = section(
  '9.4.2',
  'MeterEntry',
  [
    'a cell is green for all until MODIFY configures it; its neighbours stay so',
    async (bench) => {
      const one = await bench.ready();
      same('at first', await colours(bench, one, 1), GREEN_OF_ALL);
      await writes('the MODIFY', one, MODIFY, meter(1n, TWO_OF_FOUR));
      same('then', await colours(bench, one, 1), TWO_TWO_TWO);
      same('its neighbour', await colours(bench, one, 2), GREEN_OF_ALL);
    },
  ],
  [
    'MODIFY without a config makes it green for all again',
    async (bench) => {
      const one = await bench.ready();
      await writes('the MODIFY', one, MODIFY, meter(1n, TWO_OF_FOUR));
      await writes('one without a config', one, MODIFY, meter(1n));
      same('the colours', await colours(bench, one, 1), GREEN_OF_ALL);
    },
  ],
  [
    'MODIFY without an index configures all cells, and resets them without a config',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, meter(null, TWO_OF_FOUR));
      same('the cells', await meterCells(one, null), ['4', '4', '4', '4']);
      await writes('one without a config', one, MODIFY, meter(null));
      holds('a config is left', !(await meterCells(one, null)).includes('4'));
    },
  ],
  after('INSERT is INVALID_ARGUMENT', [], INSERT, meter(1n, TWO_OF_FOUR), 'INVALID_ARGUMENT'),
  after('DELETE is INVALID_ARGUMENT', [], DELETE, meter(1n), 'INVALID_ARGUMENT'),
  ...indices((index) => meter(index, TWO_OF_FOUR)),
  [
    'an index is one cell, none is all of the meter’s, id 0 those of all meters',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, meter(1n, TWO_OF_FOUR));
      same('one', await meterCells(one, 1n), ['4']);
      same('how many of the meter', (await meterCells(one, null)).length, 4);
      same('of all', (await reads(one, 'meterEntry', {})).length, 4);
    },
  ],
);

const COLOUR_COUNTS: readonly Clause[] = section('9.4.3', 'MeterCounterData', [
  'the frames of each colour are counted, read where it is asked for, and reset; or UNIMPLEMENTED',
  async (bench) => {
    const one = await bench.ready();
    await writes('the MODIFY', one, MODIFY, meter(1n, TWO_OF_FOUR));
    await colours(bench, one, 1);
    const value = { meterId: ID.limits, index: { index: 1n } };
    const read = async () =>
      (await reads(one, 'meterEntry', { ...value, counterData: {} }))[0]?.counterData;
    const [silent] = await reads(one, 'meterEntry', value);
    same('not asked for', silent?.counterData !== undefined, false);
    const reset = { ...value, config: TWO_OF_FOUR, counterData: {} };
    const [asked] = (
      await one.reads([{ case: 'meterEntry', value: { ...value, counterData: {} } }])
    ).entities;
    const counts = asked?.entity.case === 'meterEntry' ? asked.entity.value.counterData : undefined;
    const entity: EntityInit = { case: 'meterEntry', value: reset };
    if (!(await countsColours(one, MODIFY, entity))) return;
    const packets = [counts?.green, counts?.yellow, counts?.red].map((of) => of?.packetCount);
    same('the counts', packets, [2n, 2n, 2n]);
    same('after the reset', (await read())?.green?.packetCount ?? 0n, 0n);
  },
]);

export const COUNTERS_AND_METERS: readonly Clause[] = [
  ...DIRECT_COUNTERS,
  ...COUNTERS,
  ...METER_TYPES,
  ...DIRECT_METERS,
  ...METERS,
  ...COLOUR_COUNTS,
];
