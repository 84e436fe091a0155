/** Chapter 18: ports that controller and dataplane call by other numbers; and value sets of structs. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { EntityInit, TableEntryInit } from '../conversation.js';
import { action, b, exact, ternary } from '../entries.js';
import type { Clause } from './clause.js';
import { holds, same, section, single } from './clause.js';
import { inserts, MISFIT, multicast, type Part, reads, replica, writes } from './entities.js';
import { MULTICAST_GROUP, tableEntry, WHAT as PLAIN } from './program.js';
import {
  octets,
  ID,
  WHAT,
  CPU,
  CPU_NUMBER,
  typed,
  asks,
  toName,
  bits,
  cell,
} from './types-program.js';

const { INSERT, MODIFY } = Update_Type;

/* --- 18.1: ports -------------------------------------------------------------------------------- */

const byPort = (port: Uint8Array, act: NonNullable<TableEntryInit['action']>): EntityInit =>
  tableEntry({ tableId: ID.byPort, match: [exact(1, port)], action: act });
const masked = (port: Uint8Array, mask: Uint8Array): EntityInit =>
  tableEntry({
    tableId: ID.byPorts,
    priority: 1,
    match: [ternary(1, port, mask)],
    action: action(ID.say, b(0x22)),
  });
const counter = (index: bigint, packetCount?: bigint): EntityInit => ({
  case: 'counterEntry',
  value: {
    counterId: ID.ofPort,
    index: { index },
    ...(packetCount === undefined ? {} : { data: { packetCount } }),
  },
});
const CPU_INDEX = 0xffff_fffdn;

const toReplica = (port: Uint8Array): EntityInit =>
  multicast({ multicastGroupId: MULTICAST_GROUP, replicas: [replica(port, 7)] });

/** No port of this number: where a program's types are the device's own, replicas have SDN numbers all
 * the same. */
const noReplica = (says: string, ...ports: readonly number[]): Part => [
  says,
  async ({ ready }) => {
    const one = await ready();
    for (const port of ports) {
      const what = `the INSERT of port 0x${port.toString(16)}`;
      await writes(what, one, INSERT, toReplica(b(port)), MISFIT);
    }
  },
];

const NUMBERS: readonly Clause[] = section(
  '18.1.1',
  'Translation of Port Numbers',
  [
    'a replica takes the port by its number, in a bytestring',
    async ({ ready, asks: asksMany }) => {
      const one = await ready();
      const replicas = [replica(b(CPU_NUMBER), 7), replica(b(CPU_NUMBER), 8)];
      await inserts(one, multicast({ multicastGroupId: MULTICAST_GROUP, replicas }));
      const heard = await asksMany(one, { what: PLAIN.multicast }, 2);
      same('the copies', heard.sort(), [7, 8]);
    },
  ],
  [
    '0xfffffffd is the CPU port',
    async ({ ready, asks: asksMany }) => {
      const one = await ready();
      await inserts(one, toReplica(CPU));
      same('the copies', await asksMany(one, { what: PLAIN.multicast }), [7]);
    },
  ],
  noReplica('0 is no port: refused in a replica', 0),
  [
    '0 is no port: refused in a match and as a parameter of a port’s type',
    async (bench) => {
      const one = await typed(bench);
      const match = byPort(b(0), action(ID.say, b(1)));
      await writes('the INSERT for port 0', one, INSERT, match, MISFIT);
      const parameter = byPort(b(1), action(ID.send, b(0)));
      await writes('the INSERT that sends there', one, INSERT, parameter, MISFIT);
      const good = byPort(b(1), action(ID.send, b(1)));
      await writes('an INSERT that says 1', one, INSERT, good);
    },
  ],
  noReplica('0xfffffffa, the recirculation port, is refused by a device without one', 0xffff_fffa),
  noReplica('other numbers above 0xfffffeff are reserved: refused', 0xffff_ff00, 0xffff_ffff),
);

const TRANSLATION: readonly Clause[] = [
  ...section(
    '18.1.2',
    'Translation of Packet-IO Header Fields',
    [
      'a packet-out has the controller’s number of a port, the dataplane its own',
      async (bench) => {
        const one = await typed(bench);
        same('the answer', (await asks(one, { what: WHAT.tag }, CPU)).answer, CPU_NUMBER & 0xff);
        same('of another port', (await asks(one, { what: WHAT.tag }, b(7))).answer, 7);
      },
    ],
    [
      'a packet-in has the controller’s number of a port',
      async (bench) => {
        const { metadata } = await asks(await typed(bench), { what: WHAT.tag });
        same('the port', metadata.find(({ metadataId }) => metadataId === 1)?.value, CPU);
      },
    ],
  ),
  ...section(
    '18.1.3',
    'Translation of Match Fields',
    [
      'frames meet an entry for the port that the controller means',
      async (bench) => {
        const one = await typed(bench);
        await inserts(one, byPort(CPU, action(ID.say, b(0x11))));
        same('frames', (await asks(one, { what: WHAT.byPort, port: CPU_NUMBER })).answer, 0x11);
      },
    ],
    [
      'it is read as it was written',
      async (bench) => {
        const one = await typed(bench);
        await inserts(one, byPort(CPU, action(ID.say, b(0x11))));
        const [read] = await reads(one, 'tableEntry', { tableId: ID.byPort });
        const type = read?.match[0]?.fieldMatchType;
        same('the key', type?.case === 'exact' ? type.value.value : null, CPU);
      },
    ],
    [
      'a number that the controller’s type has, and no port of the device, is refused',
      async (bench) => {
        const one = await typed(bench);
        const entity = byPort(b(0x1_0000), action(ID.say, b(1)));
        await writes('the INSERT', one, INSERT, entity, MISFIT);
      },
    ],
    [
      'a ternary match of all bits of the controller’s type is exact',
      async (bench) => {
        const one = await typed(bench);
        await inserts(one, masked(CPU, b(0xffff_ffff)));
        same('frames', (await asks(one, { what: WHAT.byPorts, port: CPU_NUMBER })).answer, 0x22);
        const [read] = await reads(one, 'tableEntry', { tableId: ID.byPorts });
        const type = read?.match[0]?.fieldMatchType;
        const ones = octets(0xff, 0xff, 0xff, 0xff);
        same('the mask', type?.case === 'ternary' ? type.value.mask : null, ones);
      },
    ],
    [
      'a ternary match of a translated type may be left out',
      async (bench) => {
        const one = await typed(bench);
        const say = action(ID.say, b(0x22));
        await inserts(
          one,
          tableEntry({ tableId: ID.byPorts, priority: 1, match: [], action: say }),
        );
        await inserts(one, toName(1, 'blue'));
        const names = { tableId: ID.byNames, priority: 1, match: [], action: say };
        await inserts(one, tableEntry(names));
        same('frames', (await asks(one, { what: WHAT.byPorts, port: 3 })).answer, 0x22);
        same('names', (await asks(one, { what: WHAT.byName, port: 1 })).answer, 0x22);
      },
    ],
  ),
  ...section('18.1.4', 'Translation of Action Parameters', [
    'an action gets the device’s number of the port',
    async (bench) => {
      const one = await typed(bench);
      await inserts(one, byPort(b(1), action(ID.send, CPU)));
      await asks(one, { what: WHAT.byPort, port: 1 });
      const [read] = await reads(one, 'tableEntry', { tableId: ID.byPort });
      const type = read?.action?.type;
      same('the parameter', type?.case === 'action' ? type.value.params[0]?.value : null, CPU);
    },
  ]),
  ...section(
    '18.1.5',
    'Port Translation for PSA Extern APIs',
    [
      'a replica’s port is the controller’s, and read so',
      async (bench) => {
        const one = await typed(bench);
        await inserts(one, multicast({ multicastGroupId: 5, replicas: [replica(CPU, 3)] }));
        await asks(one, { what: WHAT.copies });
        const type = { case: 'multicastGroupEntry' as const, value: { multicastGroupId: 5 } };
        const [read] = await reads(one, 'packetReplicationEngineEntry', { type });
        const group = read?.type.case === 'multicastGroupEntry' ? read.type.value : undefined;
        same('the port', group?.replicas[0]?.portKind.value, CPU);
      },
    ],
    [
      'a watched port is the controller’s, and read so; or UNIMPLEMENTED',
      async (bench) => {
        const one = await typed(bench);
        const watchKind = { case: 'watchPort' as const, value: CPU };
        const actions = [{ action: action(ID.say, b(1)).type.value, weight: 1, watchKind }];
        const value = { actionProfileActions: actions };
        const entity = tableEntry({
          tableId: ID.grouped,
          match: [exact(1, b(1))],
          action: { type: { case: 'actionProfileActionSet', value } },
        });
        const answer = single(await one.writes(INSERT, [entity]));
        holds(`the INSERT: ${answer}`, ['OK', 'UNIMPLEMENTED'].includes(answer));
        if (answer !== 'OK') return;
        const [read] = await reads(one, 'tableEntry', { tableId: ID.grouped });
        const type = read?.action?.type;
        const set = type?.case === 'actionProfileActionSet' ? type.value : undefined;
        same('the port', set?.actionProfileActions[0]?.watchKind.value, CPU);
      },
    ],
  ),
  ...section(
    '18.1.6',
    'Using Port as an Index to a Register, Indirect Counter or Indirect Meter',
    [
      'a counter’s cell is that of the controller’s port',
      async (bench) => {
        const one = await typed(bench);
        await asks(one, { what: WHAT.cells, port: CPU_NUMBER });
        const value = { counterId: ID.ofPort, index: { index: CPU_INDEX } };
        const [read] = await reads(one, 'counterEntry', value);
        same('the packets', read?.data?.packetCount, 1n);
        same('the index', read?.index?.index, CPU_INDEX);
        await writes('the MODIFY', one, MODIFY, counter(CPU_INDEX, 9n));
        const all = await reads(one, 'counterEntry', { counterId: ID.ofPort });
        const written = all.filter(({ data }) => data?.packetCount === 9n);
        same(
          'the cells with it',
          written.map(({ index }) => index?.index),
          [CPU_INDEX],
        );
      },
    ],
    [
      'a meter’s cell is, too',
      async (bench) => {
        const one = await typed(bench);
        const config = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n };
        const value = { meterId: ID.limitOfPort, index: { index: CPU_INDEX }, config };
        await writes('the MODIFY', one, MODIFY, { case: 'meterEntry', value });
        same('the colour', (await asks(one, { what: WHAT.cells, port: CPU_NUMBER })).answer, 2);
      },
    ],
    [
      'and a register’s',
      async (bench) => {
        const one = await typed(bench, true);
        await writes('the MODIFY', one, MODIFY, cell(ID.ports, bits(1), CPU_INDEX));
        same('frames', (await asks(one, { what: WHAT.registers, port: CPU_NUMBER })).answer, 0x55);
      },
    ],
  ),
];

const STRUCTS: readonly Clause[] = section(
  '9.6',
  'ValueSetEntry',
  [
    'a member of a struct has a match for each field, and all of them have to hold',
    async (bench) => {
      const one = await typed(bench);
      const members = [{ match: [exact(1, b(20)), ternary(2, b(0x10), b(0xf0))] }];
      const entity: EntityInit = {
        case: 'valueSetEntry',
        value: { valueSetId: ID.places, members },
      };
      await writes('the MODIFY', one, MODIFY, entity);
      same('both', (await asks(one, { what: 20, port: 0x1f })).answer, 1);
      same('one', (await asks(one, { what: 20, port: 0x2f })).answer, 0);
      same('the other', (await asks(one, { what: 21, port: 0x1f })).answer, 0);
    },
  ],
  [
    'a ternary field of it may be left out',
    async (bench) => {
      const one = await typed(bench);
      const members = [{ match: [exact(1, b(20))] }];
      const entity: EntityInit = {
        case: 'valueSetEntry',
        value: { valueSetId: ID.places, members },
      };
      await writes('the MODIFY', one, MODIFY, entity);
      same('frames', (await asks(one, { what: 20, port: 0x1f })).answer, 1);
    },
  ],
);

export const TYPES: readonly Clause[] = [...STRUCTS, ...NUMBERS, ...TRANSLATION];
