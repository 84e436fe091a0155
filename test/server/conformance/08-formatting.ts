/** Chapters 6 and 8: ids, default values, read-write symmetry, bytestrings. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { EntityInit, TableEntryInit } from '../conversation.js';
import { action, b, exact, lpm, ternary } from '../entries.js';
import { answers, holds, same, section, type Clause } from './clause.js';
import { byPort, exactly, ID, say, tableEntry } from './program.js';

const { INSERT, MODIFY } = Update_Type;
const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

const keyed = (port: Uint8Array): TableEntryInit => ({
  tableId: ID.scoped,
  match: [exact(1, port)],
  action: say(1),
});

/** What the table holds after an entry with this key was inserted. */
const written = (what: string, port: Uint8Array, value: Uint8Array): [string, Clause['check']] => [
  what,
  async ({ ready }) => {
    const one = await ready();
    await answers('the INSERT', one.inserts(keyed(port)), 'OK');
    const { entities } = await one.reads([tableEntry({ tableId: ID.scoped })]);
    const entity = entities[0]?.entity;
    const match = entity?.case === 'tableEntry' ? entity.value.match[0]?.fieldMatchType : undefined;
    same('the key', match?.case === 'exact' ? match.value.value : null, value);
  },
];

const refused = (what: string, entry: TableEntryInit, code: string): [string, Clause['check']] => [
  what,
  async ({ ready }) => answers('the INSERT', (await ready()).inserts(entry), code),
];

const symmetric: readonly [string, TableEntryInit][] = [
  ['an exact entry', exactly(0x1234, 80)],
  ['an LPM entry', { tableId: ID.prefix, match: [lpm(1, b(0x0a00_0000), 8)], action: say(1) }],
  [
    'a ternary entry',
    { tableId: ID.masked, priority: 3, match: [ternary(1, b(0x10), b(0xf0))], action: say(1) },
  ],
  ['an entry with metadata', { ...exactly(1, 1), metadata: b(0x99), controllerMetadata: 7n }],
  [
    'an entry with a wide parameter',
    {
      tableId: ID.prefix,
      match: [lpm(1, b(0x0b00_0000), 8)],
      action: action(ID.sayWide, b(1), b(1n << 127n)),
    },
  ],
];

export const FORMATTING: readonly Clause[] = [
  ...section(
    '8.1.1',
    'Set / Unset Scalar Fields',
    refused('0 is the id of no table', { ...exactly(1, 1), tableId: 0 }, 'INVALID_ARGUMENT'),
    [
      '0 is the id of no counter, meter, register or digest in a write',
      async ({ ready }) => {
        const one = await ready();
        const kinds: readonly [Update_Type, EntityInit][] = [
          [MODIFY, { case: 'counterEntry', value: {} }],
          [MODIFY, { case: 'meterEntry', value: {} }],
          [INSERT, { case: 'digestEntry', value: {} }],
          [INSERT, { case: 'actionProfileMember', value: { memberId: 1 } }],
        ];
        for (const [type, entity] of kinds) {
          await answers(entity.case ?? '', one.writes(type, [entity]), 'INVALID_ARGUMENT');
        }
      },
    ],
  ),
  ...section('8.1.2', 'Set / Unset Message Fields', [
    'an index of 0 is one cell, an index that is not set is all of them',
    async ({ ready }) => {
      const one = await ready();
      const cells = async (value: object): Promise<number> =>
        (await one.reads([{ case: 'counterEntry', value: { counterId: ID.seen, ...value } }]))
          .entities.length;
      same('cells with index {}', await cells({ index: {} }), 1);
      same('cells without', await cells({}), 8);
    },
  ]),
  ...section(
    '8.2',
    'Read-Write Symmetry',
    ...symmetric.map(([name, entry]): [string, Clause['check']] => [
      `${name} is read as it was written`,
      async ({ ready }) => {
        const one = await ready();
        await answers('the INSERT', one.inserts(entry), 'OK');
        const { entities } = await one.reads([tableEntry({ tableId: entry.tableId ?? 0 })]);
        const entity = entities[0]?.entity;
        const found = entity?.case === 'tableEntry' ? entity.value : null;
        const match = (found?.match ?? []).map(({ fieldId, fieldMatchType }) => [
          fieldId,
          fieldMatchType.value,
        ]);
        const wanted = (entry.match ?? []).map((field) => [
          field.fieldId,
          field.fieldMatchType?.value,
        ]);
        const plain = (value: unknown): unknown =>
          JSON.parse(
            JSON.stringify(value, (key, part: unknown) => {
              if (key === '$typeName') return undefined;
              return part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part;
            }),
          );
        same('the match', plain(match), plain(wanted));
        same('the priority', found?.priority, entry.priority ?? 0);
        same('the metadata', found?.metadata, entry.metadata ?? octets());
        same('the cookie', found?.controllerMetadata, entry.controllerMetadata ?? 0n);
        const called = found?.action?.type;
        const params = called?.case === 'action' ? called.value.params : [];
        const given = entry.action?.type?.value as
          { params?: { value?: Uint8Array }[] } | undefined;
        same(
          'the parameters',
          params.map(({ value }) => value),
          (given?.params ?? []).map(({ value }) => value),
        );
      },
    ]),
  ),
  ...section(
    '8.3',
    'Bytestrings',
    written('bit<16> 99 as \\x63 is read so', octets(0x63), octets(0x63)),
    written('bit<16> 99 as \\x00\\x63 is read as \\x63', octets(0, 0x63), octets(0x63)),
    written('bit<16> 12388 as \\x30\\x64 is read so', octets(0x30, 0x64), octets(0x30, 0x64)),
    written('leading zeros may be many', octets(0, 0, 0, 0, 0x30, 0x64), octets(0x30, 0x64)),
    written('0 is one octet', octets(0, 0), octets(0)),
    refused('an empty bytestring is OUT_OF_RANGE', keyed(octets()), 'OUT_OF_RANGE'),
    refused('bit<16> \\x01\\x00\\x63 is OUT_OF_RANGE', keyed(octets(1, 0, 0x63)), 'OUT_OF_RANGE'),
    [
      'a parameter bit<8> \\x01\\x63 is refused',
      async ({ ready }) => {
        const entry = { ...byPort(ID.scoped, 1), action: action(ID.say, octets(1, 0x63)) };
        const answer = await (await ready()).inserts(entry);
        // The code of this section, or the one of 9.1.2.
        holds(`the INSERT: ${answer}`, ['OUT_OF_RANGE', 'INVALID_ARGUMENT'].includes(answer));
      },
    ],
  ),
];
