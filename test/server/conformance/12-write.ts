/** Chapters 10 to 12: errors, atomicity, the Write RPC. */
import { Update_Type, WriteRequest_Atomicity as Atomicity } from '#protos/p4/v1/p4runtime_pb';
import type { Answer, Controller, EntityInit } from '../conversation.js';
import { b } from '../entries.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { byPort, exactly, ID, say, tableEntry, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE, UNSPECIFIED } = Update_Type;

const entriesOf = async (one: Controller, tableId: number): Promise<number> =>
  (await one.reads([tableEntry({ tableId })])).entities.length;

const inserts = (one: Controller, entries: EntityInit[], atomicity?: Atomicity): Promise<Answer> =>
  one.writes(INSERT, entries, atomicity === undefined ? {} : { atomicity });

export const WRITE: readonly Clause[] = [
  ...section(
    '10',
    'Error Reporting Messages',
    [
      'the status of a batch repeats code and message of the RPC',
      async ({ ready }) => {
        const one = await ready();
        const status = await one.statusOf(INSERT, [tableEntry(byPort(ID.unknown, 1))]);
        same('the codes', status.codes, [2, 2]);
        same('the messages are the same', status.messages[0] === status.messages[1], true);
      },
    ],
    [
      'an error of the whole RPC has no details',
      async ({ controller }) => {
        const status = await controller().statusOf(INSERT, [tableEntry(exactly(1, 1))]);
        same('the codes', status.codes, [7, null]);
      },
    ],
  ),
  ...section('11', 'Atomicity of Individual Write and Read Operations', [
    'a write never falls between the read and the write of an @atomic block',
    async ({ ready, asks }) => {
      const one = await ready();
      const write = (value: number): EntityInit => ({
        case: 'registerEntry',
        value: {
          registerId: ID.cells,
          index: { index: 1n },
          data: { data: { case: 'bitstring', value: b(value) } },
        },
      });
      // Each frame adds 1; had one read 0 before the write and written after it, 1 would be there.
      const frames = Array.from({ length: 20 }, () => asks(one, { what: WHAT.cells, number: 1 }));
      const written = await one.writes(MODIFY, [write(100)]);
      await Promise.allSettled(frames);
      same('the write', written, 'OK');
      const read = await one.reads([
        { case: 'registerEntry', value: { registerId: ID.cells, index: { index: 1n } } },
      ]);
      const entity = read.entities[0]?.entity;
      const data = entity?.case === 'registerEntry' ? entity.value.data?.data : undefined;
      const value = data?.case === 'bitstring' ? (data.value[data.value.length - 1] ?? 0) : 0;
      holds(`the register holds ${value}, less than the 100 that was written`, value >= 100);
    },
  ]),
  ...section(
    '12',
    'Write RPC',
    [
      'an unknown device is NOT_FOUND, before anything else',
      async ({ controller }) => {
        const one = controller(1n);
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { deviceId: 77n });
        await answers('the write', write, 'NOT_FOUND');
      },
    ],
    [
      'a role that the device does not know is NOT_FOUND',
      async ({ ready }) => {
        const one = await ready();
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { role: 'nobody' });
        await answers('the write', write, 'NOT_FOUND');
      },
    ],
    [
      'who is not the primary is refused: PERMISSION_DENIED',
      async ({ ready }) => {
        const one = await ready(5n);
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { electionId: 4n });
        await answers('the write', write, 'PERMISSION_DENIED');
      },
    ],
    [
      'not being the primary is found before the pipeline is missed',
      async ({ controller }) => {
        const one = await controller(5n).becomesPrimary();
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { electionId: 4n });
        await answers('the write', write, 'PERMISSION_DENIED');
      },
    ],
    [
      'without a pipeline it is FAILED_PRECONDITION',
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        const status = await one.statusOf(INSERT, [tableEntry(exactly(1, 1))]);
        same('the code', status.codes, [9, null]);
      },
    ],
    [
      'INSERT of what is there is ALREADY_EXISTS, and it stays as it was',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the first', one.inserts(exactly(1, 1, 0x11)), 'OK');
        await answers('the second', one.inserts(exactly(1, 1, 0x22)), 'ALREADY_EXISTS');
        const answer = await asks(one, { what: WHAT.exactly, address: 1, port: 1 });
        same('what frames meet', answer, [0x11]);
      },
    ],
    [
      'INSERT of a malformed entity is INVALID_ARGUMENT',
      async ({ ready }) => {
        const one = await ready();
        await answers(
          'an entry without a key',
          one.inserts({ tableId: ID.exactly, action: say(1) }),
          'INVALID_ARGUMENT',
        );
      },
    ],
    [
      'INSERT into a container that is full is RESOURCE_EXHAUSTED',
      async ({ ready }) => {
        const one = await ready();
        for (let port = 1; port <= 200; port += 1) {
          const answer = await one.inserts(byPort(ID.small, port));
          if (answer === 'OK') continue;
          same('the refusal', answer, 'RESOURCE_EXHAUSTED');
          holds(`a table of size 2 took only ${port - 1}`, port > 2);
          return;
        }
        holds('a table of size 2 takes 200 entries and more', false);
      },
    ],
    [
      'MODIFY of what is not there is NOT_FOUND',
      async ({ ready }) => {
        await answers('the write', (await ready()).modifies(exactly(1, 1)), 'NOT_FOUND');
      },
    ],
    [
      'MODIFY replaces the entity',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts(exactly(1, 1, 0x11)), 'OK');
        await answers('the MODIFY', one.modifies(exactly(1, 1, 0x22)), 'OK');
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 1, port: 1 }),
          [0x22],
        );
      },
    ],
    [
      'DELETE of what is not there is NOT_FOUND',
      async ({ ready }) => {
        await answers('the write', (await ready()).deletes(exactly(1, 1)), 'NOT_FOUND');
      },
    ],
    [
      'DELETE takes the key alone, whatever else is given',
      async ({ ready }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts(exactly(1, 1)), 'OK');
        const nonsense = { ...exactly(1, 1), action: say(1), idleTimeoutNs: -3n };
        await answers('the DELETE', one.deletes(nonsense), 'OK');
        same('entries that are left', await entriesOf(one, ID.exactly), 0);
      },
    ],
    [
      'an update without a type is INVALID_ARGUMENT',
      async ({ ready }) => {
        const one = await ready();
        await answers('the write', one.entry(UNSPECIFIED, exactly(1, 1)), 'INVALID_ARGUMENT');
      },
    ],
    [
      'an update without an entity is INVALID_ARGUMENT',
      async ({ ready }) => {
        const one = await ready();
        const write = one.writes(INSERT, [{ case: undefined }]);
        await answers('the write', write, 'INVALID_ARGUMENT');
      },
    ],
    [
      'a request of almost 4 MB is taken, as of gRPC’s default',
      async ({ ready }) => {
        const one = await ready();
        const metadata = new Uint8Array(4 * 1024 * 1024 - 4096);
        await answers('the INSERT', one.inserts({ ...exactly(1, 1), metadata }), 'OK');
      },
    ],
    [
      'an empty batch succeeds',
      async ({ ready }) => {
        await answers('the write', (await ready()).writes(INSERT, []), 'OK');
      },
    ],
  ),
  ...section(
    '12.1',
    'Batching and Ordering of Updates',
    [
      'when Write returns, frames meet what it wrote',
      async ({ ready, asks }) => {
        const one = await ready();
        for (let answer = 1; answer <= 10; answer += 1) {
          const write =
            answer === 1 ? one.inserts(exactly(1, 1, 1)) : one.modifies(exactly(1, 1, answer));
          await answers('the write', write, 'OK');
          same('what frames meet', await asks(one, { what: WHAT.exactly, address: 1, port: 1 }), [
            answer,
          ]);
        }
      },
    ],
    [
      'a batch may hold entities of any kinds',
      async ({ ready }) => {
        const one = await ready();
        const batch: EntityInit[] = [
          tableEntry(exactly(1, 1)),
          {
            case: 'packetReplicationEngineEntry',
            value: { type: { case: 'multicastGroupEntry', value: { multicastGroupId: 9 } } },
          },
          tableEntry(byPort(ID.scoped, 1)),
        ];
        await answers('the write', inserts(one, batch), 'OK');
      },
    ],
    [
      'requests that come at the same time are as if one came after the other',
      async ({ ready }) => {
        const one = await ready();
        const both = await Promise.all([one.inserts(exactly(1, 1)), one.inserts(exactly(1, 1))]);
        same('the answers', both.sort(), ['ALREADY_EXISTS', 'OK']);
      },
    ],
  ),
  ...section(
    '12.2',
    'Batch Atomicity',
    [
      'CONTINUE_ON_ERROR tries every update',
      async ({ ready }) => {
        const one = await ready();
        const batch = [exactly(1, 1), exactly(1, 1), exactly(2, 2)].map(tableEntry);
        same('the updates', await inserts(one, batch), ['OK', 'ALREADY_EXISTS', 'OK']);
        same('entries', await entriesOf(one, ID.exactly), 2);
      },
    ],
    [
      'ROLLBACK_ON_ERROR leaves all as it was, if one update fails',
      async ({ ready, asks }) => {
        const one = await ready();
        await answers('the first', one.inserts(exactly(9, 9, 0x99)), 'OK');
        const batch = [exactly(1, 1), exactly(9, 9)].map(tableEntry);
        const answer = await inserts(one, batch, Atomicity.ROLLBACK_ON_ERROR);
        holds(`the batch is answered ${String(answer)}`, Array.isArray(answer));
        same('entries', await entriesOf(one, ID.exactly), 1);
        same(
          'what frames meet',
          await asks(one, { what: WHAT.exactly, address: 9, port: 9 }),
          [0x99],
        );
      },
    ],
    [
      'ROLLBACK_ON_ERROR does all of it, if none fails',
      async ({ ready }) => {
        const one = await ready();
        const batch = [exactly(1, 1), exactly(2, 2)].map(tableEntry);
        await answers('the batch', inserts(one, batch, Atomicity.ROLLBACK_ON_ERROR), 'OK');
        same('entries', await entriesOf(one, ID.exactly), 2);
      },
    ],
    [
      'DATAPLANE_ATOMIC does all or nothing',
      async ({ ready }) => {
        const one = await ready();
        const good = [exactly(1, 1), exactly(2, 2)].map(tableEntry);
        await answers('a good batch', inserts(one, good, Atomicity.DATAPLANE_ATOMIC), 'OK');
        const bad = [exactly(3, 3), exactly(1, 1)].map(tableEntry);
        const answer = await inserts(one, bad, Atomicity.DATAPLANE_ATOMIC);
        holds(`a bad batch is answered ${String(answer)}`, Array.isArray(answer));
        same('entries', await entriesOf(one, ID.exactly), 2);
      },
    ],
  ),
  ...section(
    '12.3',
    'Error Reporting',
    [
      'one status for each update, in their order, with code UNKNOWN for the whole',
      async ({ ready }) => {
        const one = await ready();
        const batch = [exactly(1, 1), byPort(ID.unknown, 1), exactly(2, 2)].map(tableEntry);
        const status = await one.statusOf(INSERT, batch);
        same('the codes', status.codes, [2, 2]);
        same('how many statuses', status.items.length, 3);
        same('the good ones', [status.items[0], status.items[2]], ['OK', 'OK']);
      },
    ],
    [
      'a batch of many errors still reaches a client that takes 8 KiB of metadata',
      async ({ ready }) => {
        const one = await ready();
        const batch = Array.from({ length: 150 }, () => tableEntry(byPort(ID.unknown, 1)));
        const status = await one.statusOf(INSERT, batch);
        same('the code', status.codes[0], 2);
        same('how many statuses', status.items.length, 150);
      },
    ],
    [
      'a batch of more updates than a status holds names the first that failed, and the session lives on',
      async ({ ready }) => {
        const one = await ready();
        const batch = Array.from({ length: 3_000 }, (_, index) =>
          tableEntry(index === 2_500 ? byPort(ID.unknown, 1) : exactly(1, index % 7)),
        );
        const status = await one.statusOf(INSERT, batch);
        same('the code', status.codes[0], 2);
        const after = await one.statusOf(INSERT, [tableEntry(byPort(ID.unknown, 1))]);
        same('the code of the next one', after.codes[0], 2);
        same('how many statuses that has', after.items.length, 1);
      },
    ],
    [
      'a batch without errors has no details',
      async ({ ready }) => {
        const one = await ready();
        const status = await one.statusOf(DELETE, []);
        same('the codes', status.codes, [0, null]);
      },
    ],
  ),
];
