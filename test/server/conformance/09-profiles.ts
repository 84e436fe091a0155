/** Chapters 9.2.1 and 9.2.2: members and groups. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { EntityInit } from '../conversation.js';
import { action, b, exact } from '../entries.js';
import type { Clause } from './clause.js';
import { holds, same, section, single } from './clause.js';
import {
  after,
  answering,
  group,
  inserts,
  member,
  reads,
  toGroup,
  toMember,
  writes,
} from './entities.js';
import {
  asksGroup,
  flows,
  withoutWeights,
  ofAnySize,
  under,
  asWritten,
  M1,
  M2,
  GROUP,
} from './profiles.js';
import { call, ID } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

const MEMBERS: readonly Clause[] = section(
  '9.2.1',
  'Member Programming',
  [
    'an entry does what the member does that it refers to',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, M1, toMember(1, 1), toMember(2, 1));
      same('the one', await asksGroup(bench, one, 1), [0x11]);
      same('the other', await asksGroup(bench, one, 2), [0x11]);
    },
  ],
  after('INSERT of a member that is there is ALREADY_EXISTS', [M1], INSERT, M1, 'ALREADY_EXISTS'),
  after('each profile has ids of its own', [M1], INSERT, member(1, call(1), ID.plain), 'OK'),
  after('INSERT without an action is INVALID_ARGUMENT', [], INSERT, member(1), 'INVALID_ARGUMENT'),
  after(
    'an action that the tables have not is INVALID_ARGUMENT',
    [],
    INSERT,
    member(1, action(ID.sayWide, b(1), b(1)).type.value),
    'INVALID_ARGUMENT',
  ),
  after(
    'a member has an id: 0 is INVALID_ARGUMENT',
    [],
    INSERT,
    member(0, call(1)),
    'INVALID_ARGUMENT',
  ),
  after(
    'one more than the profile’s size is RESOURCE_EXHAUSTED',
    [1, 2, 3, 4].map((id) => member(id, call(id), ID.plain)),
    INSERT,
    member(5, call(5), ID.plain),
    'RESOURCE_EXHAUSTED',
  ),
  after('MODIFY of none is NOT_FOUND', [], MODIFY, M1, 'NOT_FOUND'),
  after(
    'MODIFY without an action is INVALID_ARGUMENT',
    [M1],
    MODIFY,
    member(1),
    'INVALID_ARGUMENT',
  ),
  [
    'MODIFY changes what each entry does that refers to it, by itself or in a group',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, M1, group(1, [1]), group(2, [1]));
      await inserts(one, toMember(1, 1), toGroup(2, 1), toGroup(3, 2));
      await writes('the MODIFY', one, MODIFY, answering(1, 0x19));
      for (const port of [1, 2, 3]) {
        same(`entry ${port}`, await asksGroup(bench, one, port), [0x19]);
      }
    },
  ],
  after('DELETE of none is NOT_FOUND', [], DELETE, member(1), 'NOT_FOUND'),
  after(
    'DELETE of a group’s member is FAILED_PRECONDITION',
    [M1, M2, GROUP],
    DELETE,
    member(1),
    'FAILED_PRECONDITION',
  ),
  after(
    'DELETE of an entry’s member is FAILED_PRECONDITION',
    [M1, toMember(1, 1)],
    DELETE,
    member(1),
    'FAILED_PRECONDITION',
  ),
  after(
    'DELETE takes the ids alone, whatever else is given',
    [M1],
    DELETE,
    member(1, action(ID.unknown, b(1)).type.value),
    'OK',
  ),
  [
    'a read gives one, those of a profile, or those of all',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1, M2, member(1, call(9), ID.plain));
      const ids = async (actionProfileId: number, memberId: number) =>
        (await reads(one, 'actionProfileMember', { actionProfileId, memberId }))
          .map((of) => `${of.actionProfileId === ID.plain ? 'plain' : 'shared'} ${of.memberId}`)
          .sort();
      same('one', await ids(ID.shared, 2), ['shared 2']);
      same('those of a profile', await ids(ID.shared, 0), ['shared 1', 'shared 2']);
      same('all', await ids(0, 0), ['plain 1', 'shared 1', 'shared 2']);
    },
  ],
  [
    'a member is read as it was written',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1);
      const [read] = await reads(one, 'actionProfileMember', { actionProfileId: ID.shared });
      same('the action', read?.action?.actionId, ID.say);
      same('its argument', read?.action?.params[0]?.value, b(0x11));
    },
  ],
);

const GROUPS: readonly Clause[] = section(
  '9.2.2',
  'Group Programming',
  [
    'each flow has one member of the group, and each member flows',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, M1, M2, GROUP, toGroup(1, 1));
      same('the answers', await flows(bench, one, 1), [0x11, 0x22]);
      const again = new Set([...Array(5).keys()].map(() => asksGroup(bench, one, 1, 77)));
      const first = await asksGroup(bench, one, 1, 77);
      for (const answer of again) same('the same flow', await answer, first);
    },
  ],
  after('a member and a group may have one id', [M1], INSERT, group(1, [1]), 'OK'),
  after(
    'INSERT of a group that is there is ALREADY_EXISTS',
    [M1, group(1, [1])],
    INSERT,
    group(1, [1]),
    'ALREADY_EXISTS',
  ),
  after(
    'INSERT with a member that is not there is NOT_FOUND',
    [M1],
    INSERT,
    group(1, [1, 7]),
    'NOT_FOUND',
  ),
  after(
    'a group has an id: 0 is INVALID_ARGUMENT',
    [M1],
    INSERT,
    group(0, [1]),
    'INVALID_ARGUMENT',
  ),
  after('a member twice is INVALID_ARGUMENT', [M1], INSERT, group(1, [1, 1]), 'INVALID_ARGUMENT'),
  after('a weight of 0 is INVALID_ARGUMENT', [M1], INSERT, group(1, [[1, 0]]), 'INVALID_ARGUMENT'),
  under(
    'where weights are disallowed, any but 0 is INVALID_ARGUMENT',
    withoutWeights,
    [M1, 'OK'],
    [group(1, [[1, 1]]), 'INVALID_ARGUMENT'],
    [group(1, [[1, 0]]), 'OK'],
  ),
  [
    'a port to watch that the device has not is INVALID_ARGUMENT',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1);
      const watched = group(1, []);
      const watchKind = { case: 'watchPort' as const, value: b(0xffff_0000) };
      const entity: EntityInit = {
        case: 'actionProfileGroup',
        value: { ...watched.value, members: [{ memberId: 1, weight: 1, watchKind }] },
      };
      await writes('the write', one, INSERT, entity, 'INVALID_ARGUMENT');
    },
  ],
  after('MODIFY of none is NOT_FOUND', [M1], MODIFY, group(1, [1]), 'NOT_FOUND'),
  after(
    'MODIFY with a member that is not there is NOT_FOUND',
    [M1, group(1, [1])],
    MODIFY,
    group(1, [7]),
    'NOT_FOUND',
  ),
  after(
    'MODIFY cannot change max_size: INVALID_ARGUMENT',
    [M1, group(1, [1], 3)],
    MODIFY,
    group(1, [1], 4),
    'INVALID_ARGUMENT',
  ),
  [
    'MODIFY changes the members',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, M1, M2, GROUP, toGroup(1, 1));
      await writes('the MODIFY', one, MODIFY, group(1, [2]));
      same('the answers', await flows(bench, one, 1, 10), [0x22]);
      await writes('the DELETE of the other member', one, DELETE, member(1));
    },
  ],
  after('a member may be in several groups', [M1, group(1, [1])], INSERT, group(2, [1]), 'OK'),
  after('DELETE of none is NOT_FOUND', [], DELETE, group(1, []), 'NOT_FOUND'),
  after(
    'DELETE of an entry’s group is FAILED_PRECONDITION',
    [M1, group(1, [1]), toGroup(1, 1)],
    DELETE,
    group(1, []),
    'FAILED_PRECONDITION',
  ),
  after(
    'DELETE takes the ids alone, whatever else is given',
    [M1, group(1, [1])],
    DELETE,
    group(1, [7, 7], -1),
    'OK',
  ),
  after(
    'a group for a table without a selector is INVALID_ARGUMENT',
    [member(1, call(1), ID.plain)],
    INSERT,
    {
      case: 'tableEntry',
      value: {
        tableId: ID.indirect,
        match: [exact(1, b(1))],
        action: { type: { case: 'actionProfileGroupId', value: 1 } },
      },
    },
    'INVALID_ARGUMENT',
  ),
  [
    'a read gives one, those of a selector, or those of all',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1, M2, group(1, [1, [2, 2]]), group(2, [2]));
      const read = (actionProfileId: number, groupId: number) =>
        reads(one, 'actionProfileGroup', { actionProfileId, groupId });
      same('all', (await read(0, 0)).length, 2);
      same('those of a selector', (await read(ID.shared, 0)).length, 2);
      const [found, ...others] = await read(ID.shared, 1);
      same('others', others.length, 0);
      same('max_size', found?.maxSize, 4);
      const members = found?.members.map(({ memberId, weight }) => [memberId, weight]);
      same('the members', members?.sort(), [
        [1, 1],
        [2, 2],
      ]);
    },
  ],
);

const SIZES: readonly Clause[] = section(
  '9.2.2.1',
  'Rules on Setting max_size',
  under('more than max_group_size is INVALID_ARGUMENT', asWritten, [
    group(1, [], 5),
    'INVALID_ARGUMENT',
  ]),
  under('it cannot be left out where there is a max_group_size', asWritten, [
    group(1, [], 0),
    'INVALID_ARGUMENT',
  ]),
  under(
    'up to max_group_size any is allowed',
    asWritten,
    [group(1, [], 1), 'OK'],
    [group(2, [], 4), 'OK'],
  ),
  [
    'the weights together are no more',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1, M2);
      await writes('as many', one, INSERT, group(1, [1, 2], 2));
      const answer = single(await one.writes(INSERT, [group(2, [1, [2, 2]], 2)]));
      holds(`one more is answered ${answer}`, answer !== 'OK');
    },
  ],
  under(
    'without a max_group_size it is left out, or any that the target can',
    ofAnySize,
    [group(1, [], 0), 'OK'],
    [group(2, [], 9), 'OK'],
  ),
  under('and one that the target cannot is RESOURCE_EXHAUSTED', ofAnySize, [
    group(1, [], 2 ** 31 - 1),
    'RESOURCE_EXHAUSTED',
  ]),
);

export const PROFILES: readonly Clause[] = [...MEMBERS, ...GROUPS, ...SIZES];
