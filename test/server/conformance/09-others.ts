/** Chapters 9.6 to 9.9: value sets, registers, digests, externs. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, EntityInit } from '../conversation.js';
import { b, exact, ternary } from '../entries.js';
import type { Clause } from './clause.js';
import { holds, same, section, single } from './clause.js';
import { after, inserts, MISFIT, reads, valueSet, writes } from './entities.js';
import { ID, requestFrame, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

const setOf = (...members: readonly object[]): EntityInit => ({
  case: 'valueSetEntry',
  value: { valueSetId: ID.knownPorts, members: members.map((match) => ({ match: [match] })) },
});

const VALUE_SETS: readonly Clause[] = section(
  '9.6',
  'ValueSetEntry',
  [
    'the parser takes its transition for the members, which MODIFY replaces as a whole',
    async ({ ready, asks }) => {
      const one = await ready();
      const known = async (port: number) => asks(one, { what: WHAT.valueSet, port });
      same('at first', await known(7), [0]);
      await writes('the MODIFY', one, MODIFY, valueSet(7, 8));
      same('a member', await known(7), [1]);
      same('none', await known(9), [0]);
      await writes('the next one', one, MODIFY, valueSet(9));
      same('what was a member', await known(7), [0]);
      same('what is one', await known(9), [1]);
    },
  ],
  [
    'a MODIFY without members empties it',
    async ({ ready, asks }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, valueSet(7));
      await writes('one without members', one, MODIFY, valueSet());
      same('what was a member', await asks(one, { what: WHAT.valueSet, port: 7 }), [0]);
    },
  ],
  after('INSERT is INVALID_ARGUMENT', [], INSERT, valueSet(7), 'INVALID_ARGUMENT'),
  after('DELETE is INVALID_ARGUMENT', [], DELETE, valueSet(), 'INVALID_ARGUMENT'),
  after(
    'more members than its size are RESOURCE_EXHAUSTED',
    [],
    MODIFY,
    valueSet(1, 2, 3, 4, 5),
    'RESOURCE_EXHAUSTED',
  ),
  after('a member twice is ALREADY_EXISTS', [], MODIFY, valueSet(1, 1), 'ALREADY_EXISTS'),
  [
    'what is refused leaves it as it was',
    async ({ ready, asks }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, valueSet(7));
      await writes('a bad one', one, MODIFY, valueSet(8, 8), 'ALREADY_EXISTS');
      same('the member', await asks(one, { what: WHAT.valueSet, port: 7 }), [1]);
    },
  ],
  after(
    'a field that it has not is INVALID_ARGUMENT',
    [],
    MODIFY,
    setOf(exact(9, b(1))),
    'INVALID_ARGUMENT',
  ),
  after(
    'another kind of match is INVALID_ARGUMENT',
    [],
    MODIFY,
    setOf(ternary(1, b(1), b(1))),
    'INVALID_ARGUMENT',
  ),
  after(
    'a value that does not fit is OUT_OF_RANGE',
    [],
    MODIFY,
    setOf(exact(1, b(0x1_0000))),
    MISFIT,
  ),
  after(
    'an exact field cannot be left out',
    [],
    MODIFY,
    { case: 'valueSetEntry', value: { valueSetId: ID.knownPorts, members: [{ match: [] }] } },
    'INVALID_ARGUMENT',
  ),
  [
    'it is read as it was written',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, valueSet(7, 0x1234));
      const [read] = await reads(one, 'valueSetEntry', { valueSetId: ID.knownPorts });
      const values = read?.members.map(({ match }) => {
        const type = match[0]?.fieldMatchType;
        return type?.case === 'exact' ? Buffer.from(type.value.value).toString('hex') : '?';
      });
      same('the members', values?.sort(), ['07', '1234']);
    },
  ],
);

/* --- registers ---------------------------------------------------------------------------------- */

const cell = (index: bigint | null, value?: Uint8Array): EntityInit => ({
  case: 'registerEntry',
  value: {
    registerId: ID.cells,
    ...(index === null ? {} : { index: { index } }),
    ...(value === undefined ? {} : { data: { data: { case: 'bitstring', value } } }),
  },
});
const held = async (one: Controller, index: bigint | null): Promise<string[]> =>
  (await one.reads([cell(index)])).entities.map(({ entity }) => {
    const data = entity.case === 'registerEntry' ? entity.value.data?.data : undefined;
    return data?.case === 'bitstring' ? Buffer.from(data.value).toString('hex') : '?';
  });

const REGISTERS: readonly Clause[] = section(
  '9.7',
  'RegisterEntry',
  [
    'the dataplane reads what was written, and the controller what the dataplane wrote',
    async ({ ready, asks }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, cell(3n, b(0x41)));
      same('what frames find', await asks(one, { what: WHAT.cells, number: 3 }), [0x41]);
      same('what they leave', await held(one, 3n), ['42']);
    },
  ],
  [
    'without an index all cells are written, and read',
    async ({ ready }) => {
      const one = await ready();
      await writes('the MODIFY', one, MODIFY, cell(null, b(0x1234)));
      same('the cells', await held(one, null), Array(8).fill('1234'));
    },
  ],
  after('a negative index is INVALID_ARGUMENT', [], MODIFY, cell(-1n, b(1)), 'INVALID_ARGUMENT'),
  after('an index beyond the array is OUT_OF_RANGE', [], MODIFY, cell(8n, b(1)), 'OUT_OF_RANGE'),
  after(
    'data of another type is INVALID_ARGUMENT',
    [],
    MODIFY,
    {
      case: 'registerEntry',
      value: {
        registerId: ID.cells,
        index: { index: 1n },
        data: { data: { case: 'bool', value: true } },
      },
    },
    'INVALID_ARGUMENT',
  ),
  after('a value that does not fit is OUT_OF_RANGE', [], MODIFY, cell(1n, b(1n << 32n)), MISFIT),
);

/* --- digests ------------------------------------------------------------------------------------ */

interface Config {
  readonly maxTimeoutNs?: bigint;
  readonly maxListSize?: number;
  readonly ackTimeoutNs?: bigint;
}
const digest = (config?: Config): EntityInit => ({
  case: 'digestEntry',
  value: { digestId: ID.learn, ...(config === undefined ? {} : { config }) },
});

function learns(one: Controller, ...addresses: readonly number[]): void {
  const metadata = [1, 2].map((metadataId) => ({ metadataId, value: b(0) }));
  for (const address of addresses) {
    const payload = requestFrame({ what: WHAT.digest, address, port: 1 });
    one.says({ case: 'packet', value: { payload, metadata } });
  }
}

/** The next digest list, past the packet-ins; null when none comes. */
async function nextList(one: Controller, timeoutMs = 2000) {
  for (;;) {
    const heard = await one.hears(timeoutMs);
    if (typeof heard === 'string' || Array.isArray(heard)) return null;
    if (heard.case === 'digest') return heard.value;
  }
}

const MS = 1_000_000n;
const LONG = 3600n * 1000n * MS;

const DIGESTS: readonly Clause[] = section(
  '9.8',
  'DigestEntry',
  after(
    'INSERT of a digest that is configured is ALREADY_EXISTS',
    [digest({})],
    INSERT,
    digest({}),
    'ALREADY_EXISTS',
  ),
  after('DELETE of one that is not is NOT_FOUND', [], DELETE, digest(), 'NOT_FOUND'),
  after('MODIFY of one that is not is NOT_FOUND', [], MODIFY, digest({}), 'NOT_FOUND'),
  [
    'its config is read as it was written, and MODIFY changes it',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, digest({ maxTimeoutNs: 5n, maxListSize: 6, ackTimeoutNs: 7n }));
      await writes('the MODIFY', one, MODIFY, digest({ maxTimeoutNs: 8n, ackTimeoutNs: 7n }));
      const [read] = await reads(one, 'digestEntry', { digestId: ID.learn });
      const { maxTimeoutNs, maxListSize, ackTimeoutNs } = read?.config ?? {};
      same('the config', [maxTimeoutNs, maxListSize, ackTimeoutNs], [8n, 0, 7n]);
    },
  ],
  [
    'the messages of a list are distinct: a duplicate does not fill it',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, digest({ maxListSize: 2, maxTimeoutNs: LONG, ackTimeoutNs: LONG }));
      learns(one, 1, 1, 1, 2);
      same('the messages', (await nextList(one))?.data.length, 2);
    },
  ],
  [
    'max_timeout_ns 0 sends each message that is not in the cache',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, digest({ maxListSize: 10, maxTimeoutNs: 0n, ackTimeoutNs: LONG }));
      learns(one, 1);
      same('the first', (await nextList(one))?.data.length, 1);
      learns(one, 2);
      same('the next', (await nextList(one))?.data.length, 1);
    },
  ],
  [
    'an ack of another list leaves the cache as it is',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, digest({ maxListSize: 1, ackTimeoutNs: LONG }));
      learns(one, 1);
      const list = await nextList(one);
      const listId = (list?.listId ?? 0n) + 77n;
      one.says({ case: 'digestAck', value: { digestId: ID.learn, listId } });
      learns(one, 1);
      same('the next list', await nextList(one, 200), null);
    },
  ],
  [
    'after ack_timeout_ns a message may come again without an ack',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, digest({ maxListSize: 1, ackTimeoutNs: 100n * MS }));
      learns(one, 1);
      same('the first', (await nextList(one))?.data.length, 1);
      await new Promise((resolve) => setTimeout(resolve, 150));
      learns(one, 1);
      same('the next', (await nextList(one))?.data.length, 1);
    },
  ],
  [
    'lists go to the primary alone',
    async (bench) => {
      const one = await bench.ready(5n);
      const backup = bench.controller(3n);
      backup.arbitrates();
      await backup.hearsUpdate();
      await inserts(one, digest({ maxListSize: 1 }));
      learns(one, 1);
      same('the primary’s', (await nextList(one))?.data.length, 1);
      same('the backup’s', await nextList(backup, 100), null);
    },
  ],
);

/* --- externs ------------------------------------------------------------------------------------ */

const extern = (externTypeId: number, externId: number): EntityInit => ({
  case: 'externEntry',
  value: { externTypeId, externId },
});

const EXTERNS: readonly Clause[] = section(
  '9.9',
  'ExternEntry',
  [
    'a type that the P4Info has not is refused',
    async ({ ready }) => {
      const one = await ready();
      const answer = single(await one.writes(INSERT, [extern(0x81, 0x8100_0001)]));
      holds(
        `the write: ${answer}`,
        ['NOT_FOUND', 'INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(answer),
      );
    },
  ],
  after('0 is the id of no type: INVALID_ARGUMENT', [], INSERT, extern(0, 0), 'INVALID_ARGUMENT'),
);

export const OTHERS: readonly Clause[] = [...VALUE_SETS, ...REGISTERS, ...DIGESTS, ...EXTERNS];
