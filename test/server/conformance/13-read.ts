/** Chapter 13: the Read RPC. */
import type { EntityInit } from '../conversation.js';
import { exact, b } from '../entries.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { roleConfig } from './05-arbitration.js';
import { byPort, exactly, ID, tableEntry } from './program.js';

const everything: readonly EntityInit[] = [
  { case: 'externEntry', value: {} },
  { case: 'tableEntry', value: {} },
  { case: 'actionProfileMember', value: {} },
  { case: 'actionProfileGroup', value: {} },
  { case: 'meterEntry', value: {} },
  { case: 'directMeterEntry', value: { tableEntry: {} } },
  { case: 'counterEntry', value: {} },
  { case: 'directCounterEntry', value: { tableEntry: {} } },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'multicastGroupEntry', value: {} } },
  },
  {
    case: 'packetReplicationEngineEntry',
    value: { type: { case: 'cloneSessionEntry', value: {} } },
  },
  { case: 'valueSetEntry', value: {} },
  { case: 'registerEntry', value: {} },
  { case: 'digestEntry', value: {} },
];

export const READ: readonly Clause[] = [
  ...section(
    '13',
    'Read RPC',
    [
      'an unknown device is NOT_FOUND',
      async ({ controller }) => {
        const read = await controller().reads([tableEntry({})], 77n);
        same('the answer', read.answer, 'NOT_FOUND');
      },
    ],
    [
      'without a pipeline it is FAILED_PRECONDITION',
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        same('the answer', (await one.reads([tableEntry({})])).answer, 'FAILED_PRECONDITION');
      },
    ],
    [
      'no stream and no election id are needed',
      async (bench) => {
        await bench.ready();
        same(
          'the answer',
          (await bench.controller().reads([tableEntry({ tableId: ID.exactly })])).answer,
          'OK',
        );
      },
    ],
    [
      'the role is a filter: only what belongs to it is reported',
      async (bench) => {
        const whole = await bench.ready();
        const part = bench.controller(2n);
        part.arbitrates({ role: 'part', roleConfig: roleConfig({ readOnly: [ID.exactly] }) });
        same('the role', await part.hearsArbitration(), 'OK');
        await answers('the writes', whole.inserts(exactly(1, 1)), 'OK');
        await answers('the writes', whole.inserts(byPort(ID.scoped, 1)), 'OK');
        const read = await part.reads(
          [tableEntry({ tableId: ID.exactly }), tableEntry({ tableId: ID.scoped })],
          1n,
          'part',
        );
        same('how many entries', read.entities.length, 1);
      },
    ],
  ),
  ...section('13.1', 'Nomenclature', [
    'a request with the whole key gives one entity',
    async ({ ready }) => {
      const one = await ready();
      await one.inserts(exactly(1, 1));
      await one.inserts(exactly(2, 2));
      const match = [exact(1, b(2)), exact(2, b(2))];
      const read = await one.reads([tableEntry({ tableId: ID.exactly, match })]);
      same('how many entries', read.entities.length, 1);
    },
  ]),
  ...section(
    '13.2',
    'Wildcard Reads',
    [
      'the whole state is read with one empty message of each kind',
      async ({ ready }) => {
        const one = await ready();
        await one.inserts(exactly(1, 1));
        const read = await one.reads(everything);
        same('the answer', read.answer, 'OK');
        const kinds = new Set(read.entities.map(({ entity }) => entity.case));
        holds('no table entries came', kinds.has('tableEntry'));
        holds('no counters came', kinds.has('counterEntry'));
        holds('no meters came', kinds.has('meterEntry'));
      },
    ],
    ...everything.map((request): [string, Clause['check']] => {
      const inner =
        request.case === 'packetReplicationEngineEntry' ? request.value.type?.case : undefined;
      return [
        `an empty ${inner ?? request.case ?? ''} is a wildcard`,
        async ({ ready }) => {
          const read = await (await ready()).reads([request]);
          same('the answer', read.answer, 'OK');
        },
      ];
    }),
    [
      'a counter id of 0 gives the cells of all counters',
      async ({ ready }) => {
        const read = await (await ready()).reads([{ case: 'counterEntry', value: {} }]);
        same('how many cells', read.entities.length, 12);
      },
    ],
    [
      'a counter’s id alone gives all its cells',
      async ({ ready }) => {
        const read = await (
          await ready()
        ).reads([{ case: 'counterEntry', value: { counterId: ID.seen } }]);
        same('how many cells', read.entities.length, 8);
      },
    ],
    [
      'an entity that is not set is INVALID_ARGUMENT',
      async ({ ready }) => {
        const one = await ready();
        const read = await one.reads([{ case: undefined }]);
        await answers('the read', Promise.resolve(read.answer), 'INVALID_ARGUMENT');
      },
    ],
  ),
  ...section(
    '13.3',
    'Batch Processing',
    [
      'the valid requests are answered, and each has a status',
      async ({ ready }) => {
        const one = await ready();
        await one.inserts(exactly(1, 1));
        await one.inserts(byPort(ID.scoped, 1));
        const read = await one.reads([
          tableEntry({ tableId: ID.exactly }),
          tableEntry({ tableId: ID.unknown }),
          tableEntry({ tableId: ID.scoped }),
        ]);
        same('how many entries', read.entities.length, 2);
        const items = Array.isArray(read.answer)
          ? read.answer.map((item) => item === 'OK')
          : read.answer;
        same('which requests were good', items, [true, false, true]);
      },
    ],
    [
      'an entity may be asked for twice',
      async ({ ready }) => {
        const one = await ready();
        await one.inserts(exactly(1, 1));
        const read = await one.reads([
          tableEntry({ tableId: ID.exactly }),
          tableEntry({ tableId: ID.exactly }),
        ]);
        same('the answer', read.answer, 'OK');
        holds('nothing came', read.entities.length >= 1);
      },
    ],
    [
      'an empty batch gives nothing',
      async ({ ready }) => {
        const read = await (await ready()).reads([]);
        same('the answer', [read.answer, read.entities.length], ['OK', 0]);
      },
    ],
    [
      'several reads may run at once',
      async ({ ready }) => {
        const one = await ready();
        await one.inserts(exactly(1, 1));
        const reads = await Promise.all(
          Array.from({ length: 10 }, () => one.reads([tableEntry({ tableId: ID.exactly })])),
        );
        same(
          'how many entries each',
          reads.map(({ entities }) => entities.length),
          Array.from({ length: 10 }, () => 1),
        );
      },
    ],
  ),
  ...section('13.4', 'Parallelism of Read and Write Requests', [
    'a read sees a batch as a whole, or nothing of it',
    async ({ ready }) => {
      const one = await ready();
      const batch = Array.from({ length: 60 }, (_, i) => tableEntry(exactly(i + 1, 1)));
      const write = one.writes(1, batch);
      const counts = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const read = await one.reads([tableEntry({ tableId: ID.exactly })]);
          return read.entities.length;
        }),
      );
      await answers('the batch', write, 'OK');
      same(
        'what reads saw between nothing and all',
        counts.filter((n) => n !== 0 && n !== 60),
        [],
      );
    },
  ]),
];
