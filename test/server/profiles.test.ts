/** Action profiles and selectors over P4Runtime on the native engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone } from '@bufbuild/protobuf';
import { Engine } from '#binding/engine';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import {
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  Update_Type,
} from '#protos/p4/v1/p4runtime_pb';
import { nativeBuilder } from '#server/config/native-builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLibrary, must } from '../engine/harness.js';
import type { Controller, EntityInit, TestSwitch } from './conversation.js';
import { serve } from './conversation.js';
import { b } from './entries.js';
import {
  groupConversation,
  memberConversation,
  oneShotConversation,
} from './profiles-conversation.js';
import {
  PROFILES_CONFIG,
  PROFILES_INFO,
  byPrefix,
  forward,
  group,
  idOf,
  indirect,
  mark,
  member,
  oneShot,
  requestFrame,
  toGroup,
  toMember,
  traceIn,
  type Reference,
} from './profiles-fixture.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const cache = mkdtempSync(join(tmpdir(), 'timeplane-profiles-'));
let device: TestSwitch<Engine>;
let controller: Controller;

function through(frame: Uint8Array): Uint8Array {
  must(device.engine.inject(1, frame));
  while (must(device.engine.step()) > 0);
  return must(device.engine.take(1)).frame;
}

const writes = (type: Update_Type, ...entities: EntityInit[]) => controller.writes(type, entities);

beforeAll(async () => {
  const engine = must(Engine.open({ library: await engineLibrary(), clock: 'virtual' }));
  must(engine.addMemoryPort(1));
  const ports = [1, 2, 3].map((port) => [port, `eth${port}`] as const);
  for (const port of [2, 3]) must(engine.addMemoryPort(port));
  device = await serve(engine, nativeBuilder(cache), new Map(ports));
  controller = await device.controller().becomesPrimary();
  expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
}, 60_000);

afterAll(async () => {
  await device.close();
  device.engine.close();
  rmSync(cache, { recursive: true, force: true });
});

const profiled = {
  controller: () => controller,
  through: (frame: Uint8Array) => Promise.resolve(through(frame)),
};

describe('members (9.2.1)', () => {
  memberConversation(profiled, 'NOT_FOUND');
});

describe('groups (9.2.2)', () => {
  groupConversation(profiled);
});

describe('one-shot action sets (9.2.3)', () => {
  oneShotConversation(profiled);
});

describe('what is wrong', () => {
  beforeEach(async () => {
    expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
    const members = [1, 2].map((id) => member('shared', id, mark(id)));
    expect(await writes(INSERT, ...members, member('plain', 1, mark(1)))).toBe('OK');
    expect(await writes(INSERT, group('shared', 1, [[1, 1]], 4))).toBe('OK');
  });

  const id = (profile: string) => idOf('actionProfiles', profile);
  const watched = (watchPort: Uint8Array): EntityInit => ({
    case: 'actionProfileGroup',
    value: {
      actionProfileId: id('shared'),
      groupId: 9,
      members: [
        { memberId: 1, weight: 1, watchKind: { case: 'watchPort' as const, value: watchPort } },
      ],
    },
  });
  const drop = { actionId: 1, params: [] };
  const wrong: [string, Update_Type, EntityInit, string][] = [
    ['a member twice', INSERT, member('shared', 1, mark(1)), 'ALREADY_EXISTS'],
    ['a member without an id', INSERT, member('shared', 0, mark(1)), 'INVALID_ARGUMENT'],
    ['a member without an action', INSERT, member('shared', 5), 'INVALID_ARGUMENT'],
    ['a member of another action', INSERT, member('shared', 5, drop), 'INVALID_ARGUMENT'],
    ['no such member', MODIFY, member('shared', 5, mark(1)), 'NOT_FOUND'],
    [
      'no profile',
      INSERT,
      { case: 'actionProfileMember', value: { memberId: 1, action: mark(1) } },
      'INVALID_ARGUMENT',
    ],
    [
      'no such profile',
      INSERT,
      { case: 'actionProfileMember', value: { actionProfileId: 5, memberId: 1, action: mark(1) } },
      'NOT_FOUND',
    ],
    ['a member of a group', DELETE, member('shared', 1), 'FAILED_PRECONDITION'],
    ['a group twice', INSERT, group('shared', 1), 'ALREADY_EXISTS'],
    ['a group without an id', INSERT, group('shared', 0), 'INVALID_ARGUMENT'],
    ['a group of no selector', INSERT, group('plain', 1, [[1, 1]]), 'INVALID_ARGUMENT'],
    ['a group of no such member', INSERT, group('shared', 2, [[7, 1]]), 'NOT_FOUND'],
    [
      'a member twice in a group',
      INSERT,
      group('shared', 2, [
        [1, 1],
        [1, 2],
      ]),
      'INVALID_ARGUMENT',
    ],
    ['a weight of 0', INSERT, group('shared', 2, [[1, 0]]), 'INVALID_ARGUMENT'],
    ['weights beyond max_size', INSERT, group('shared', 2, [[1, 5]], 4), 'INVALID_ARGUMENT'],
    ['another max_size', MODIFY, group('shared', 1, [[1, 1]], 5), 'INVALID_ARGUMENT'],
    ['a weight without end', INSERT, group('shared', 2, [[1, 2 ** 31 - 1]]), 'RESOURCE_EXHAUSTED'],
    ['no such group', DELETE, group('shared', 2), 'NOT_FOUND'],
    ['a watch port that is not there', INSERT, watched(b(9)), 'INVALID_ARGUMENT'],
    ['a watch port that no switch has', INSERT, watched(b(512)), 'INVALID_ARGUMENT'],
    ['a max_size of no target', INSERT, group('shared', 2, [], 65_537), 'RESOURCE_EXHAUSTED'],
    ['an entry of no such group', INSERT, byPrefix(1, toGroup(7)), 'NOT_FOUND'],
    ['an entry with an action of its own', INSERT, directEntry(), 'INVALID_ARGUMENT'],
    ['a one-shot beside members', INSERT, byPrefix(1, oneShot([mark(1), 1])), 'INVALID_ARGUMENT'],
    ['a one-shot of no selector', INSERT, indirect(1, oneShot([mark(1), 1])), 'INVALID_ARGUMENT'],
    ['a default action', MODIFY, defaultEntry(), 'PERMISSION_DENIED'],
  ];

  function directEntry(): EntityInit {
    return indirect(1, { case: 'action', value: mark(1) });
  }

  function defaultEntry(): EntityInit {
    const tableId = idOf('tables', 'indirect');
    return { case: 'tableEntry', value: { tableId, isDefaultAction: true } };
  }

  it.each(wrong)('%s', async (_what, type, entity, code) => {
    expect(await writes(type, entity)).toEqual([code]);
    // Nothing has changed.
    const { entities } = await controller.reads([member('shared', 0), group('shared', 0)]);
    expect(entities).toHaveLength(3);
    expect(await writes(MODIFY, group('shared', 1, [[2, 4]], 4))).toBe('OK');
  });

  it('members beyond the size of the profile', async () => {
    const more = Array.from({ length: 4 }, (_, i) => member('plain', 10 + i, mark(i)));
    expect(await writes(INSERT, ...more)).toEqual(['OK', 'OK', 'OK', 'RESOURCE_EXHAUSTED']);
  });

  it('an entry that is refused leaves no reference behind', async () => {
    expect(await writes(INSERT, indirect(1, toMember(1)))).toBe('OK');
    expect(await writes(INSERT, indirect(1, toMember(1)))).toEqual(['ALREADY_EXISTS']);
    expect(await writes(DELETE, indirect(1))).toBe('OK');
    expect(await writes(DELETE, member('plain', 1))).toBe('OK');
  });

  it('reads of one that is not there', async () => {
    const asked = [member('shared', 9), group('shared', 9), group('plain', 0)];
    const { answer } = await controller.reads(asked);
    expect(answer).toEqual(['NOT_FOUND', 'NOT_FOUND', 'OK']);
  });

  it('members and groups beside a one-shot', async () => {
    expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
    const set = oneShot([mark(1), 1]);
    expect(await writes(INSERT, byPrefix(1, set))).toBe('OK');
    expect(await writes(INSERT, member('shared', 1, mark(1)), group('shared', 1))).toEqual([
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
    ]);
    // More actions than the selector has members; what was made for it is given back.
    const many = oneShot(...Array.from({ length: 8 }, (_, i) => [mark(i), 1] as const));
    expect(await writes(INSERT, byPrefix(2, many))).toEqual(['RESOURCE_EXHAUSTED']);
    expect(await writes(DELETE, byPrefix(1))).toBe('OK');
    expect(await writes(INSERT, byPrefix(2, many))).toBe('OK');
  });
});

describe('reads of entries', () => {
  it('are filtered by what they refer to', async () => {
    expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
    const members = [1, 2].map((id) => member('shared', id, mark(id)));
    await writes(INSERT, ...members, group('shared', 1, [[1, 1]]));
    await writes(
      INSERT,
      byPrefix(1, toMember(1)),
      byPrefix(2, toMember(2)),
      byPrefix(3, toGroup(1)),
    );
    const read = async (type: Reference) => {
      const tableId = idOf('tables', 'by_prefix');
      const { entities } = await controller.reads([
        { case: 'tableEntry', value: { tableId, action: { type } } },
      ]);
      return entities;
    };
    expect(await read(toMember(2))).toMatchObject([{ entity: byPrefix(2, toMember(2)) }]);
    expect(await read(toGroup(1))).toMatchObject([{ entity: byPrefix(3, toGroup(1)) }]);
  });
});

describe('limits of the P4Info', () => {
  const commits = async (
    change: (profile: (typeof PROFILES_INFO)['actionProfiles'][0]) => void,
  ) => {
    const p4info = clone(P4InfoSchema, PROFILES_INFO);
    const shared = p4info.actionProfiles.find(({ preamble }) => preamble?.alias === 'shared');
    if (shared !== undefined) change(shared);
    return controller.sets(ConfigAction.VERIFY_AND_COMMIT, { ...PROFILES_CONFIG, p4info });
  };

  it('hold for groups: members, weights, and none at all', async () => {
    expect(
      await commits((profile) => {
        profile.maxGroupSize = 2;
        profile.selectorSizeSemantics = {
          case: 'sumOfMembers',
          value: { $typeName: 'p4.config.v1.ActionProfile.SumOfMembers', maxMemberWeight: 3 },
        };
      }),
    ).toBe('OK');
    const set = (...weights: number[]) => oneShot(...weights.map((w) => [forward(w), w] as const));
    expect(
      await writes(INSERT, byPrefix(1, set(3, 3)), byPrefix(2, set(1, 1, 1)), byPrefix(3, set(4))),
    ).toEqual(['OK', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
    expect(await commits((profile) => (profile.weightsDisallowed = true))).toBe('OK');
    expect(await writes(INSERT, byPrefix(1, set(0, 0)), byPrefix(2, set(1)))).toEqual([
      'OK',
      'INVALID_ARGUMENT',
    ]);
    const { entities } = await controller.reads([byPrefix(1)]);
    expect(entities).toMatchObject([{ entity: byPrefix(1, set(0, 0)) }]);
  });

  it('hold for max_size: it must be given, and be in bounds', async () => {
    expect(await commits((profile) => (profile.maxGroupSize = 4))).toBe('OK');
    expect(await writes(INSERT, member('shared', 1, mark(1)))).toBe('OK');
    const sized = (id: number, maxSize: number) => group('shared', id, [[1, 2]], maxSize);
    expect(await writes(INSERT, sized(1, 0), sized(2, 5), sized(3, 4), sized(4, 1))).toEqual([
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'OK',
      'INVALID_ARGUMENT',
    ]);
  });

  it('that say there is no selector are refused', async () => {
    expect(await commits((profile) => (profile.withSelector = false))).toBe('INVALID_ARGUMENT');
  });
});

describe('a saved pipeline', () => {
  it('takes members and groups, which come into force with the commit', async () => {
    expect(await controller.commits(PROFILES_CONFIG)).toBe('OK');
    expect(await controller.sets(ConfigAction.VERIFY_AND_SAVE, PROFILES_CONFIG)).toBe('OK');
    expect(await writes(INSERT, member('plain', 3, mark(3)), indirect(4, toMember(3)))).toBe('OK');
    expect(await writes(INSERT, byPrefix(4, oneShot([mark(5), 1])))).toBe('OK');
    expect(traceIn(through(requestFrame(1, 4)))).toBe(0xee);
    expect(await controller.sets(ConfigAction.COMMIT, null)).toBe('OK');
    expect(traceIn(through(requestFrame(1, 4)))).toBe(3);
    expect(traceIn(through(requestFrame(2, 4)))).toBe(5);
  });
});
