/** Chapters 8.3 and 8.4: values of any type. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller } from '../conversation.js';
import { b } from '../entries.js';
import type { Bench, Clause } from './clause.js';
import { same, section } from './clause.js';
import { failure } from './deviation.js';
import type { Code, Part } from './entities.js';
import { inserts, reads, writes } from './entities.js';
import type { Request } from './program.js';
import type { Data } from './types-program.js';
import {
  octets,
  ID,
  WHAT,
  CPU,
  typed,
  sends,
  asks,
  toName,
  byName,
  bits,
  cell,
} from './types-program.js';

const { MODIFY } = Update_Type;

/* --- 8.3, 8.4: P4Data --------------------------------------------------------------------------- */

async function held(one: Controller, registerId: number): Promise<string> {
  const [read] = await reads(one, 'registerEntry', { registerId, index: { index: 1n } });
  const data = read?.data?.data;
  const value = data?.value;
  return value instanceof Uint8Array ? `${data?.case} ${Buffer.from(value).toString('hex')}` : '?';
}

const kept = (says: string, registerId: number, data: Data, as: string): Part => [
  says,
  async (bench) => {
    const one = await typed(bench, true);
    await writes('the MODIFY', one, MODIFY, cell(registerId, data));
    same('the cell', await held(one, registerId), as);
  },
];
const refused = (says: string, registerId: number, data: Data, code: Code): Part => [
  says,
  async (bench) =>
    writes('the MODIFY', await typed(bench, true), MODIFY, cell(registerId, data), code),
];

/** Each takes over from the one before. */
let learners = 0n;

/** What the dataplane learns of this request. */
async function learnt(bench: Bench, request: Request, more: Uint8Array = octets()) {
  learners += 1n;
  const one = await typed(bench, true, learners);
  const config = { maxListSize: 1 };
  await inserts(one, { case: 'digestEntry', value: { digestId: ID.learn, config } });
  sends(one, { ...request, what: WHAT.learn }, CPU, more);
  for (;;) {
    const heard = await one.hears(3000);
    if (typeof heard === 'string' || Array.isArray(heard))
      throw failure(`no digest: ${String(heard)}`);
    if (heard.case !== 'digest') continue;
    const struct = heard.value.data[0]?.data;
    same('the digest', struct?.case, 'struct');
    return struct?.case === 'struct' ? struct.value.members.map(({ data }) => data) : [];
  }
}

const LABEL = 0x1abe1;

export const DATA: readonly Clause[] = [
  ...section(
    '8.3',
    'Bytestrings',
    kept('int<8> -99 as \\x9d is read so', ID.levels, bits(0x9d), 'bitstring 9d'),
    kept('int<8> -99 as \\xff\\x9d is read as \\x9d', ID.levels, bits(0xff, 0x9d), 'bitstring 9d'),
    kept('int<12> -739 as \\xfd\\x1d is read so', ID.heights, bits(0xfd, 0x1d), 'bitstring fd1d'),
    kept('int<12> 0 as \\x00\\x00 is read as \\x00', ID.heights, bits(0, 0), 'bitstring 00'),
    kept(
      'a positive number keeps the bit of its sign',
      ID.heights,
      bits(0, 0x80),
      'bitstring 0080',
    ),
    refused('int<8> \\x00\\x9d is OUT_OF_RANGE', ID.levels, bits(0, 0x9d), 'OUT_OF_RANGE'),
    refused('int<12> \\x8d\\x1d is OUT_OF_RANGE', ID.heights, bits(0x8d, 0x1d), 'OUT_OF_RANGE'),
    refused('int<8> empty is OUT_OF_RANGE', ID.levels, bits(), 'OUT_OF_RANGE'),
  ),
  ...section(
    '8.4.3',
    'P4Data in p4runtime.proto',
    [
      'the members of a struct are in the order of their type',
      async (bench) => {
        const members = await learnt(bench, { what: 0, number: LABEL }, octets(0x71, 0x23));
        const [place, , kind, isZero] = members;
        same(
          'the kinds',
          members.map((data) => data?.case),
          ['struct', 'header', 'enumValue', 'bool', 'bitstring', 'headerUnion'],
        );
        const inner =
          place?.case === 'struct' ? place.value.members.map(({ data }) => data?.value) : [];
        same('the struct in it', inner, [octets(WHAT.learn), octets(0)]);
        same('the enum', kind?.value, octets(2));
        same('the bool', isZero?.value, true);
      },
    ],
    [
      'the bitstrings of a header are in the order of its fields',
      async (bench) => {
        const [, header] = await learnt(bench, { what: 0, number: LABEL }, octets(0x71, 0x23));
        const value = header?.case === 'header' ? header.value : undefined;
        same('is_valid', value?.isValid, true);
        same('the fields', value?.bitstrings, [octets(7), octets(0x01, 0x23)]);
      },
    ],
    [
      'a header that is not valid has is_valid false and no bitstrings',
      async (bench) => {
        const [, header] = await learnt(bench, { what: 0 });
        const value = header?.case === 'header' ? header.value : undefined;
        same('is_valid', value?.isValid, false);
        same('the bitstrings', value?.bitstrings.length, 0);
      },
    ],
  ),
  ...section('8.4.3', 'P4Data in p4runtime.proto', [
    'a header union names its valid header, or none',
    async (bench) => {
      const union = async (number: number, ...more: number[]) => {
        const data = (await learnt(bench, { what: 0, number }, octets(...more)))[5];
        const value = data?.case === 'headerUnion' ? data.value : undefined;
        return [value?.validHeaderName, value?.validHeader?.bitstrings];
      };
      same('none', await union(0), ['', undefined]);
      same('the one', await union(0x1abe2, 0x71, 0x23), ['narrow', [octets(7), b(0x123)]]);
      same('the other', await union(0x1abe3, 1, 2, 3, 4), ['wide', [b(0x0102_0304)]]);
    },
  ]),
  ...section(
    '8.4.5',
    'enum, serializable enum and error',
    kept(
      'a serializable enum has its number',
      ID.kinds,
      { case: 'enumValue', value: octets(2) },
      'enumValue 02',
    ),
    kept(
      'also one that has no name',
      ID.kinds,
      { case: 'enumValue', value: octets(77) },
      'enumValue 4d',
    ),
    refused(
      'its name is INVALID_ARGUMENT',
      ID.kinds,
      { case: 'enum', value: 'ANSWER' },
      'INVALID_ARGUMENT',
    ),
  ),
  ...section(
    '8.4.6',
    'User-defined types',
    kept(
      'a type without translation is as what it is made of',
      ID.plains,
      bits(0x12, 0x34),
      'bitstring 1234',
    ),
    kept(
      'a translated one is as the controller calls it',
      ID.ports,
      bits(...CPU),
      'bitstring fffffffd',
    ),
    [
      'strings are kept, and the same one is the same value',
      async (bench) => {
        const one = await typed(bench);
        await inserts(one, toName(1, 'blue'), toName(2, 'red'), byName('blue', 0x11));
        same('blue', (await asks(one, { what: WHAT.byName, port: 1 })).answer, 0x11);
        same('red', (await asks(one, { what: WHAT.byName, port: 2 })).answer, 0);
        const read = await reads(one, 'tableEntry', { tableId: ID.toName });
        const names = read.map(({ action: called }) =>
          called?.type.case === 'action'
            ? Buffer.from(called.type.value.params[0]?.value ?? octets()).toString()
            : '?',
        );
        same('the names', names.sort(), ['blue', 'red']);
      },
    ],
  ),
];
