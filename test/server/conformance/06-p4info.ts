/** Chapter 6: the P4Info, of which a server sees whether it describes the program, and is one. */
import { create } from '@bufbuild/protobuf';
import {
  ControllerPacketMetadataSchema,
  MatchField_MatchType,
  MeterSpec_Unit,
} from '#protos/p4/config/v1/p4info_pb';
import { action, b, exact } from '../entries.js';
import type { Clause } from './clause.js';
import { answers, same, section } from './clause.js';
import type { Part } from './entities.js';
import { inserts, readyWith } from './entities.js';
import type { p4info } from './program.js';
import { configOf, ID, tableEntry, WHAT } from './program.js';

type Info = ReturnType<typeof p4info>;

/** A config that cannot be realized (chapter 14), and nothing changes. */
const isNone = (says: string, change: (info: Info) => void): Part => [
  `${says}: INVALID_ARGUMENT`,
  async ({ controller }) => {
    const one = await controller().becomesPrimary();
    const config = configOf();
    change(config.p4info);
    await answers('the config', one.commits(config), 'INVALID_ARGUMENT');
    same('a config', await one.gets(), undefined);
  },
];

const found = <T>(what: T | undefined): T => {
  if (what === undefined) throw new Error('it is not in the P4Info');
  return what;
};
const tableOf = (info: Info, id: number = ID.exactly) =>
  found(info.tables.find(({ preamble }) => preamble?.id === id));
const actionOf = (info: Info, id: number = ID.say) =>
  found(info.actions.find(({ preamble }) => preamble?.id === id));

export const P4INFO: readonly Clause[] = [
  ...section(
    '6.3',
    'ID Allocation for P4Info Objects',
    isNone('an id that two objects have', (info) => {
      found(tableOf(info, ID.prefix).preamble).id = ID.exactly;
    }),
    isNone('an object without an id', (info) => {
      found(tableOf(info).preamble).id = 0;
    }),
    isNone('an id with the prefix of another kind of object', (info) => {
      found(found(info.counters[0]).preamble).id = ID.unknown;
    }),
    [
      'the last 24 bits may be any',
      async (bench) => {
        const tableId = 0x02ab_cdef;
        const one = await readyWith(bench, (info) => {
          found(tableOf(info, ID.scoped).preamble).id = tableId;
        });
        const entry = { tableId, match: [exact(1, b(1))], action: action(ID.say, b(7)) };
        await inserts(one, tableEntry(entry));
        same('frames', await bench.asks(one, { what: WHAT.scoped, port: 1 }), [7]);
      },
    ],
  ),
  ...section(
    '6.4.1',
    'Table',
    isNone('a field’s id twice in a table', (info) => {
      for (const field of tableOf(info).matchFields) field.id = 1;
    }),
    [
      'the ids of fields may be any',
      async (bench) => {
        const one = await readyWith(bench, (info) => {
          found(tableOf(info, ID.scoped).matchFields[0]).id = 0x7777_7777;
        });
        const match = [exact(0x7777_7777, b(1))];
        await inserts(one, tableEntry({ tableId: ID.scoped, match, action: action(ID.say, b(7)) }));
        same('frames', await bench.asks(one, { what: WHAT.scoped, port: 1 }), [7]);
      },
    ],
    isNone('an action that is not there', (info) => {
      found(tableOf(info).actionRefs[0]).id = 0x0100_0fff;
    }),
    isNone('another kind of match than the program’s', (info) => {
      found(tableOf(info).matchFields[0]).match = {
        case: 'matchType',
        value: MatchField_MatchType.LPM,
      };
    }),
    isNone('a field of another width than the program’s', (info) => {
      found(tableOf(info).matchFields[0]).bitwidth = 7;
    }),
    isNone('an implementation that is not there', (info) => {
      tableOf(info, ID.indirect).implementationId = 0x1100_0fff;
    }),
  ),
  ...section(
    '6.4.2',
    'Action',
    isNone('a parameter’s id twice in an action', (info) => {
      for (const param of actionOf(info, ID.sayWide).params) param.id = 1;
    }),
    isNone('a parameter of another width than the program’s', (info) => {
      found(actionOf(info).params[0]).bitwidth = 99;
    }),
    isNone('a parameter more than the program has', (info) => {
      const { params } = actionOf(info);
      params.push({ ...found(params[0]), id: 2, name: 'more' });
    }),
  ),
  ...section(
    '6.4.3',
    'ActionProfile',
    isNone('a max_group_size above the size', (info) => {
      found(info.actionProfiles.find(({ withSelector }) => withSelector)).maxGroupSize = 1000;
    }),
    isNone('a selector that the program has not', (info) => {
      found(info.actionProfiles.find(({ withSelector }) => !withSelector)).withSelector = true;
    }),
  ),
  ...section('6.4.5', 'Meter & DirectMeter', [
    'another unit than the program’s: INVALID_ARGUMENT',
    async ({ controller }) => {
      const one = await controller().becomesPrimary();
      const config = configOf();
      found(found(config.p4info.meters[0]).spec).unit = MeterSpec_Unit.BYTES;
      await answers('the config', one.commits(config), 'INVALID_ARGUMENT');
    },
  ]),
  ...section(
    '6.4.6',
    'ControllerPacketMetadata',
    isNone('a field’s id twice in a header', (info) => {
      for (const { metadata } of info.controllerPacketMetadata) {
        for (const field of metadata) field.id = 1;
      }
    }),
    isNone('a third header', (info) => {
      const preamble = { id: 0x0400_0fff, name: 'packet_else', alias: 'packet_else' };
      info.controllerPacketMetadata.push(create(ControllerPacketMetadataSchema, { preamble }));
    }),
  ),
];
