/** Chapters 9.2.3 and 9.2.4: one-shots, and what a target need not do. */
import {
  ActionProfileActionSet_ActionSelectionMode as Mode,
  ActionProfileActionSet_SizeSemantics as Semantics,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { action } from '../entries.js';
import type { Clause } from './clause.js';
import { holds, same, section, single } from './clause.js';
import {
  after,
  answering,
  base,
  group,
  inserts,
  member,
  oneShot,
  plus,
  readAnswers,
  reads,
  set,
  toGroup,
  toMember,
  writes,
} from './entities.js';
import type { Weighted, Info } from './profiles.js';
import {
  asksGroup,
  flows,
  sumOfMembers,
  withoutWeights,
  under,
  asWritten,
  M1,
  GROUP,
} from './profiles.js';
import { byPort, call, ID, tableEntry, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

const refusedSet = (says: string, change: (info: Info) => void, actions: Weighted) =>
  under(says, change, [oneShot(1, set(...actions)), 'INVALID_ARGUMENT']);

const ONE_SHOTS: readonly Clause[] = section(
  '9.2.3',
  'One Shot Action Selector Programming',
  [
    'an entry brings its own group and members',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, oneShot(1, set([0x11, 1], [0x22, 1])));
      same('the answers', await flows(bench, one, 1), [0x11, 0x22]);
    },
  ],
  [
    'it is read as it was written, actions that are the same one by one',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, oneShot(1, set([0x11, 2], [0x11, 1], [0x22, 1])));
      const [entry] = await reads(one, 'tableEntry', { tableId: ID.grouped });
      const type = entry?.action?.type;
      same('the action', type?.case, 'actionProfileActionSet');
      const actions =
        type?.case === 'actionProfileActionSet' ? type.value.actionProfileActions : [];
      same('the set', actions.map((of) => [of.action?.params[0]?.value[0], of.weight]).sort(), [
        [0x11, 1],
        [0x11, 2],
        [0x22, 1],
      ]);
    },
  ],
  [
    'its members and group are no entities of their own',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, oneShot(1, set([0x11, 1])));
      same('members', (await reads(one, 'actionProfileMember', {})).length, 0);
      same('groups', (await reads(one, 'actionProfileGroup', {})).length, 0);
    },
  ],
  [
    'MODIFY replaces the set, DELETE gives all of it back',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, oneShot(1, set([0x11, 4])));
      // As often as the selector would be full, if anything stayed.
      for (let i = 0; i < 20; i += 1) {
        await writes('the MODIFY', one, MODIFY, oneShot(1, set([i, 2], [i, 2])));
      }
      same('the answers', await asksGroup(bench, one, 1), [19]);
      await writes('the DELETE', one, DELETE, oneShot(1, set()));
      await inserts(one, M1);
    },
  ],
  refusedSet('weights above max_group_size together are INVALID_ARGUMENT', asWritten, [
    [1, 3],
    [2, 2],
  ]),
  refusedSet(
    'with sum_of_members more actions than max_group_size are INVALID_ARGUMENT',
    sumOfMembers(0),
    [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
    ],
  ),
  under('with sum_of_members weights may be more than that together', sumOfMembers(0), [
    oneShot(1, set([1, 30], [2, 40])),
    'OK',
  ]),
  refusedSet(
    'with sum_of_members a weight above max_member_weight is INVALID_ARGUMENT',
    sumOfMembers(3),
    [[1, 4]],
  ),
  refusedSet('a weight of 0 is INVALID_ARGUMENT', asWritten, [[1, 0]]),
  refusedSet('where weights are disallowed, any but 0 is INVALID_ARGUMENT', withoutWeights, [
    [1, 1],
  ]),
  under('the default mode and size may be said, too', asWritten, [
    oneShot(1, {
      ...set([1, 1]),
      actionSelectionMode: Mode.HASH,
      sizeSemantics: Semantics.SUM_OF_WEIGHTS,
    }),
    'OK',
  ]),
  [
    'another mode or size is obeyed, UNIMPLEMENTED or INVALID_ARGUMENT',
    async ({ ready }) => {
      const one = await ready();
      const other = { actionSelectionMode: Mode.RANDOM, sizeSemantics: Semantics.SUM_OF_MEMBERS };
      const answer = single(await one.writes(INSERT, [oneShot(1, { ...set([1, 9]), ...other })]));
      holds(`the write: ${answer}`, ['OK', 'UNIMPLEMENTED', 'INVALID_ARGUMENT'].includes(answer));
    },
  ],
  [
    'the group’s action comes before the member’s',
    async (bench) => {
      const one = await bench.ready();
      const value = { groupAction: base(0x20), ...set() };
      const actions = [{ action: plus(3), weight: 1 }];
      await inserts(one, oneShot(1, { ...value, actionProfileActions: actions }));
      same('the answer', await asksGroup(bench, one, 1), [0x23]);
    },
  ],
  under('an action for entries is PERMISSION_DENIED as a group’s', asWritten, [
    oneShot(1, { ...set([1, 1]), groupAction: call(1) }),
    'PERMISSION_DENIED',
  ]),
  under('an action for groups alone is PERMISSION_DENIED as a member’s', asWritten, [
    oneShot(1, { actionProfileActions: [{ action: base(1), weight: 1 }] }),
    'PERMISSION_DENIED',
  ]),
  after(
    'beside members and groups it is INVALID_ARGUMENT',
    [M1, toMember(1, 1)],
    INSERT,
    oneShot(2, set([1, 1])),
    'INVALID_ARGUMENT',
  ),
  [
    'and so are members and groups beside it',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, oneShot(1, set([1, 1])));
      const member1 = single(await one.writes(INSERT, [M1]));
      const entry = single(await one.writes(INSERT, [toMember(2, 1)]));
      same(
        'the member and the entry that refers to it',
        [member1, entry].includes('INVALID_ARGUMENT'),
        true,
      );
    },
  ],
  after(
    'a table without a selector takes none: INVALID_ARGUMENT',
    [],
    INSERT,
    tableEntry({
      ...byPort(ID.indirect, 1),
      action: { type: { case: 'actionProfileActionSet', value: set([1, 1]) } },
    }),
    'INVALID_ARGUMENT',
  ),
);

const CONSTRAINTS: readonly Clause[] = section(
  '9.2.4',
  'Constraints on action selector programming',
  [
    'members with different actions in one group are obeyed, or UNIMPLEMENTED',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, M1, member(2, action(ID.nothing).type.value));
      const answer = single(await one.writes(INSERT, [GROUP]));
      holds(`the write: ${answer}`, ['OK', 'UNIMPLEMENTED'].includes(answer));
    },
  ],
  after(
    'the arguments of a member in a group may be changed',
    [M1, group(1, [1])],
    MODIFY,
    answering(1, 9),
    'OK',
  ),
  after('a group may be empty', [], INSERT, group(1, []), 'OK'),
  [
    'a group that entries refer to may become empty, and frames pass',
    async (bench) => {
      const one = await bench.ready();
      await inserts(one, M1, group(1, [1]), toGroup(1, 1));
      await writes('the MODIFY', one, MODIFY, group(1, []));
      // What an empty group does is the target's; the next frame is not to suffer of it.
      const payload = { what: WHAT.tag };
      same('the next frame', (await bench.asks(one, payload)).length, 1);
      await readAnswers('the read', one, group(1, []), 'OK');
    },
  ],
);

export const ONE_SHOT: readonly Clause[] = [...ONE_SHOTS, ...CONSTRAINTS];
