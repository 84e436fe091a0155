/** Chapter 5: client arbitration. */
import { anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Arbitration, Controller } from '../conversation.js';
import { answers, same, section, type Bench, type Clause } from './clause.js';
import { byPort, configOf, exactly, ID, tableEntry } from './program.js';

const { INSERT, MODIFY } = Update_Type;

/** Our scheme of role configs. */
export const roleConfig = (config: JsonObject) =>
  anyPack(StructSchema, create(StructSchema, fromJson(StructSchema, config)));

/** How a stream ends that says this first, or the status of the answer. */
async function first(controller: Controller, what: Arbitration): Promise<string> {
  controller.arbitrates(what);
  return (await controller.hearsArbitration()).replace('ended: ', '');
}

async function isTold(
  who: string,
  controller: Controller,
  expected: string,
  electionId: bigint | null,
): Promise<void> {
  const update = await controller.hearsUpdate();
  same(`the status that ${who} hears`, status[update.status?.code ?? -1], expected);
  same(`the election id that ${who} hears`, update.electionId?.low ?? null, electionId);
}

/** Nothing more is said to it: a packet-in or an arbitration would come before the end. */
async function hearsNothing(who: string, controller: Controller): Promise<void> {
  same(`what ${who} hears`, await controller.hears(150), 'nothing');
}

/** A client with this id, and what it is told. */
async function joins({ controller }: Bench, id: bigint, role?: string): Promise<Controller> {
  const one = controller(id);
  one.arbitrates(role === undefined ? {} : { role });
  await one.hearsUpdate();
  return one;
}

/** Changes of one entry, in one batch: so many that another client can become primary meanwhile. */
const MANY = 4001;

async function answerOfExactly(one: Controller): Promise<number> {
  const { entities } = await one.reads([tableEntry({ tableId: ID.exactly })]);
  const [found] = entities.map(({ entity }) => entity);
  const type = found?.case === 'tableEntry' ? found.value.action?.type : undefined;
  return type?.case === 'action' ? (type.value.params[0]?.value[0] ?? -1) : -1;
}

/** A new primary, told so, which came while the old one's batch was being written. */
async function overtaken(bench: Bench) {
  const old = await bench.ready(1n);
  await answers('the INSERT', old.inserts(exactly(1, 1, 0xff)), 'OK');
  const next = bench.controller(2n);
  same('the entry', await answerOfExactly(next), 0xff);
  // With metadata: such entries go one by one.
  const changes = Array.from({ length: MANY }, (_, i) =>
    tableEntry({ ...exactly(1, 1, (i + 1) & 0xff), metadata: Uint8Array.of(i & 0xff) }),
  );
  const written = old.writes(MODIFY, changes).then((answer) =>
    // A batch of which all was done has one status.
    Array.isArray(answer) ? (answer.find((item) => item !== 'OK') ?? 'OK') : answer,
  );
  while ((await answerOfExactly(next)) === 0xff);
  same('the answer to the new primary', await first(next, {}), 'OK');
  return { next, written };
}

export const ARBITRATION: readonly Clause[] = [
  ...section(
    '5',
    'Client Arbitration and Controller Replication',
    [
      'the primary is the client with the highest election id',
      async (bench) => {
        const low = await joins(bench, 1n);
        const high = bench.controller(2n);
        same('the answer to the higher id', await first(high, {}), 'OK');
        await isTold('the lower one', low, 'ALREADY_EXISTS', 2n);
      },
    ],
    [
      'each role has a primary of its own',
      async (bench) => {
        const one = bench.controller(5n);
        const two = bench.controller(4n);
        same('the answer in role a', await first(one, { role: 'a' }), 'OK');
        same('the answer in role b', await first(two, { role: 'b' }), 'OK');
      },
    ],
    [
      'the same election id may be used under different roles',
      async (bench) => {
        same('the answer in a', await first(bench.controller(5n), { role: 'a' }), 'OK');
        same('the answer in b', await first(bench.controller(5n), { role: 'b' }), 'OK');
      },
    ],
    [
      'a write is checked against role and election id, not the id alone',
      async (bench) => {
        const one = await bench.ready(5n);
        await joins(bench, 6n, 'a');
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { electionId: 6n });
        await answers('the default role with the id of role a', write, 'PERMISSION_DENIED');
      },
    ],
    [
      'when the primary’s stream breaks, the others hear so, and there is no primary',
      async (bench) => {
        const primary = await bench.ready(2n);
        const backup = await joins(bench, 1n);
        primary.leaves();
        await isTold('the backup', backup, 'NOT_FOUND', 2n);
        const write = backup.writes(INSERT, [tableEntry(exactly(1, 1))], { electionId: 2n });
        await answers('a write with the old id', write, 'PERMISSION_DENIED');
      },
    ],
    [
      'a backup does not become primary by itself: its id is below the highest ever',
      async (bench) => {
        const primary = await bench.ready(2n);
        const backup = await joins(bench, 1n);
        primary.leaves();
        await isTold('the backup', backup, 'NOT_FOUND', 2n);
        same('the answer to the same id again', await first(backup, {}), 'NOT_FOUND');
      },
    ],
    [
      'reading needs no session',
      async (bench) => {
        await bench.ready();
        const reader = bench.controller(9n);
        same(
          'the answer',
          (await reader.reads([tableEntry({ tableId: ID.exactly })])).answer,
          'OK',
        );
      },
    ],
  ),
  ...section(
    '5.1',
    'Default Role and Default Device ID',
    [
      'a client without a role has the whole pipeline',
      async ({ ready }) => {
        const primary = await ready();
        await answers('a write', primary.inserts(exactly(1, 1)), 'OK');
        await answers('another', primary.inserts(byPort(ID.scoped, 1)), 'OK');
      },
    ],
    [
      'the answer to a client without a role has none either',
      async ({ controller }) => {
        const one = controller();
        one.arbitrates();
        same('the role', (await one.hearsUpdate()).role?.name ?? '', '');
      },
    ],
    [
      'device id 0 is nobody’s',
      async ({ controller }) => {
        same('the end', await first(controller(), { deviceId: 0n }), 'NOT_FOUND');
      },
    ],
  ),
  ...section(
    '5.2',
    'Role Config',
    [
      'a role without a config has the whole pipeline',
      async (bench) => {
        await bench.ready();
        const one = await joins(bench, 3n, 'whole');
        const write = one.writes(INSERT, [tableEntry(exactly(1, 1))], { role: 'whole' });
        await answers('a write', write, 'OK');
      },
    ],
    [
      'a write outside the role is PERMISSION_DENIED, for that update alone',
      async (bench) => {
        await bench.ready();
        const one = bench.controller(3n);
        const config = roleConfig({ exclusive: [ID.exactly] });
        same('the answer', await first(one, { role: 'part', roleConfig: config }), 'OK');
        const entries = [exactly(1, 1), byPort(ID.scoped, 1), exactly(2, 2)];
        const write = await one.writes(INSERT, entries.map(tableEntry), { role: 'part' });
        same('the updates', write, ['OK', 'PERMISSION_DENIED', 'OK']);
      },
    ],
    [
      'every client of the role is told the config, when a primary changes it',
      async (bench) => {
        const primary = bench.controller(3n);
        const backup = bench.controller(2n);
        const config = roleConfig({ exclusive: [ID.exactly] });
        await first(primary, { role: 'part', roleConfig: config });
        await first(backup, { role: 'part' });
        const changed = roleConfig({ exclusive: [ID.prefix] });
        primary.arbitrates({ role: 'part', roleConfig: changed });
        const told = await backup.hearsUpdate();
        same('the config that the backup hears', told.role?.config, changed);
        same('and the primary', (await primary.hearsUpdate()).role?.config, changed);
      },
    ],
  ),
  ...section(
    '5.3',
    'Rules for Handling MasterArbitrationUpdate Messages Received from Controllers',
    [
      '1.1: the stream of an unknown device ends with NOT_FOUND',
      async ({ controller }) => {
        same('the end', await first(controller(), { deviceId: 77n }), 'NOT_FOUND');
      },
    ],
    [
      '1.2: an election id that a live client of the role has ends the stream: INVALID_ARGUMENT',
      async (bench) => {
        await joins(bench, 1n);
        same('the end', await first(bench.controller(1n), {}), 'INVALID_ARGUMENT');
      },
    ],
    [
      '1.3: a role config that is not of the agreed scheme is INVALID_ARGUMENT',
      async ({ controller }) => {
        const strange = {
          $typeName: 'google.protobuf.Any',
          typeUrl: 'a/b.c',
          value: new Uint8Array(),
        } as const;
        const end = await first(controller(), { role: 'a', roleConfig: strange });
        same('the end', end, 'INVALID_ARGUMENT');
      },
    ],
    [
      '1.4: one stream too many for a role ends with RESOURCE_EXHAUSTED',
      async (bench) => {
        for (let id = 1n; id <= 200n; id += 1n) {
          const end = await first(bench.controller(id), {});
          if (end === 'OK') continue;
          same('the end of the first that is refused', end, 'RESOURCE_EXHAUSTED');
          return;
        }
        same('a limit', 'none below 200', 'a limit');
      },
    ],
    [
      '2.1: a stream cannot change its device: FAILED_PRECONDITION',
      async (bench) => {
        const one = await joins(bench, 1n);
        same('the end', await first(one, { deviceId: 77n }), 'FAILED_PRECONDITION');
      },
    ],
    [
      '2.2: a stream cannot change its role: FAILED_PRECONDITION',
      async (bench) => {
        const one = await joins(bench, 1n);
        same('the end', await first(one, { role: 'other' }), 'FAILED_PRECONDITION');
      },
    ],
    [
      '2.3: a live client’s bad role config is INVALID_ARGUMENT too',
      async (bench) => {
        const one = await joins(bench, 1n, 'a');
        const strange = {
          $typeName: 'google.protobuf.Any',
          typeUrl: 'a/b.c',
          value: new Uint8Array(),
        } as const;
        same('the end', await first(one, { role: 'a', roleConfig: strange }), 'INVALID_ARGUMENT');
      },
    ],
    [
      '2.4: a live client cannot take another live client’s id: INVALID_ARGUMENT',
      async (bench) => {
        await joins(bench, 2n);
        const one = await joins(bench, 1n);
        same('the end', await first(one, { electionId: 2n }), 'INVALID_ARGUMENT');
      },
    ],
    [
      '2.5: a live client may raise its id, and become primary',
      async (bench) => {
        const one = await joins(bench, 2n);
        const two = await joins(bench, 1n);
        same('the answer', await first(two, { electionId: 3n }), 'OK');
        await isTold('the other', one, 'ALREADY_EXISTS', 3n);
      },
    ],
    [
      'a client that repeats the highest id after its stream broke is primary again',
      async (bench) => {
        const one = await joins(bench, 2n);
        const backup = await joins(bench, 1n);
        one.leaves();
        await isTold('the backup', backup, 'NOT_FOUND', 2n);
        same('the answer', await first(bench.controller(2n), {}), 'OK');
      },
    ],
    [
      'the old primary’s writes are PERMISSION_DENIED once there is a new one',
      async (bench) => {
        const old = await bench.ready(1n);
        await joins(bench, 2n);
        await answers('its write', old.inserts(exactly(1, 1)), 'PERMISSION_DENIED');
      },
    ],
    [
      'the old primary’s Write that has begun is finished, and its answer is the usual one',
      async (bench) => {
        const { written } = await overtaken(bench);
        await answers('the answer', written, 'OK');
      },
    ],
    [
      'the new primary is told once such Writes have ended',
      async (bench) => {
        const { next } = await overtaken(bench);
        same('the answer by then', await answerOfExactly(next), MANY & 0xff);
      },
    ],
    [
      'what the new primary writes comes after them',
      async (bench) => {
        const { next, written } = await overtaken(bench);
        await answers('its Write', next.modifies(exactly(1, 1, 0xfe)), 'OK');
        await written;
        same('the answer in the end', await answerOfExactly(next), 0xfe);
      },
    ],
    [
      'a primary that lowers its id is a backup, and all are told',
      async (bench) => {
        const primary = await joins(bench, 3n);
        const backup = await joins(bench, 1n);
        primary.arbitrates({ electionId: 2n });
        await isTold('the one that stepped down', primary, 'NOT_FOUND', 3n);
        await isTold('the backup', backup, 'NOT_FOUND', 3n);
      },
    ],
    [
      'a backup that joins is told alone',
      async (bench) => {
        const primary = await joins(bench, 3n);
        const backup = bench.controller(1n);
        backup.arbitrates();
        await isTold('the backup', backup, 'ALREADY_EXISTS', 3n);
        await hearsNothing('the primary', primary);
      },
    ],
    [
      'a client may tell the server its id twice',
      async (bench) => {
        const one = await joins(bench, 3n);
        same('the answer', await first(one, {}), 'OK');
      },
    ],
  ),
  ...section(
    '5.4',
    'Client Arbitration Notifications',
    [
      'without any primary so far the election id is unset',
      async ({ controller }) => {
        const one = controller();
        one.arbitrates({ electionId: null });
        await isTold('the client', one, 'NOT_FOUND', null);
      },
    ],
    [
      'device and role are as given',
      async ({ controller }) => {
        const one = controller();
        one.arbitrates({ role: 'a' });
        const update = await one.hearsUpdate();
        same('the device', update.deviceId, 1n);
        same('the role', update.role?.name, 'a');
      },
    ],
    [
      'clients of other roles are not told',
      async (bench) => {
        const other = await joins(bench, 1n, 'other');
        await joins(bench, 2n, 'a');
        await joins(bench, 3n, 'a');
        await hearsNothing('the client of another role', other);
      },
    ],
    [
      'the highest id ever is told, though its client has gone',
      async (bench) => {
        const gone = await joins(bench, 9n);
        const stays = await joins(bench, 1n);
        gone.leaves();
        await isTold('the client that stays', stays, 'NOT_FOUND', 9n);
        const late = bench.controller(2n);
        late.arbitrates();
        await isTold('a late one', late, 'NOT_FOUND', 9n);
      },
    ],
    [
      'a new pipeline changes nothing of it',
      async (bench) => {
        const one = await bench.ready(4n);
        await one.commits(configOf());
        same('the answer to the same id', await first(one, {}), 'OK');
      },
    ],
  ),
];
