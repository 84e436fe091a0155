/** Batches that are all or nothing, over members, groups and one-shots (specification 1.5, "Batch
 * Atomicity", "Group Programming"): what refers to what is as before, too. */
import { create, toJsonString } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { compilePipeline } from '#compiler/compile';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import { EntitySchema, UpdateSchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { buildProgram } from '#server/program/program';
import { readEntities } from '#server/read';
import { ShadowEngine } from '#server/state/shadow-engine';
import { initialState, type ForwardingState } from '#server/state/state';
import { unnamedPorts } from '#server/program/translation';
import { writeUpdates } from '#server/write/write';
import { describe, expect, it } from 'vitest';
import { CPU_PORT, type EntityInit } from './conversation.js';
import { b } from './entries.js';
import {
  PROFILES_CONFIG,
  PROFILES_INFO,
  byPrefix,
  group,
  idOf,
  indirect,
  mark,
  member,
  oneShot,
  toGroup,
  toMember,
} from './profiles-fixture.js';
import { writeAllOrNone } from './writes.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const compiled = compilePipeline(PROFILES_CONFIG.p4DeviceConfig);
if (!compiled.ok) throw new Error('the fixture does not compile');
const { layout } = compiled.value;

function emptyState(): ForwardingState {
  const program = buildProgram(PROFILES_INFO, layout, unnamedPorts(CPU_PORT));
  if (!program.ok) throw new Error(program.error.message);
  const state = initialState(program.value, new ShadowEngine(layout), CPU_PORT);
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
}

const EVERYTHING: EntityInit[] = [
  { case: 'actionProfileMember', value: {} },
  { case: 'actionProfileGroup', value: {} },
  { case: 'tableEntry', value: {} },
];

interface Contents {
  readonly entities: string[];
  /** Of each member and group: how many refer to it. */
  readonly users: string[];
}

function contents(state: ForwardingState): Contents {
  const requests = EVERYTHING.map((entity) => create(EntitySchema, { entity }));
  const entities = [...readEntities(state, requests).entities];
  const users = [...state.profiles].flatMap(([id, { members, groups, actionSets }]) => [
    ...[...members.values()].map((it) => `${id} member ${it.id}: ${it.users}`),
    ...[...groups.values()].map((it) => `${id} group ${it.id}: ${it.users}`),
    `${id} one-shots: ${actionSets}`,
  ]);
  return {
    entities: entities.map((entity) => toJsonString(EntitySchema, entity)).sort(),
    users: users.sort(),
  };
}

const small = fc.integer({ min: 1, max: 4 });
const profile = fc.constantFrom('plain', 'shared');

const watchedGroup = (id: number, watch: number): EntityInit => ({
  case: 'actionProfileGroup',
  value: {
    actionProfileId: idOf('actionProfiles', 'shared'),
    groupId: id,
    members: [
      { memberId: id, weight: 1, watchKind: { case: 'watchPort' as const, value: b(watch) } },
    ],
  },
});

const anEntity: fc.Arbitrary<EntityInit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(profile, small, small)
      .map(([name, id, trace]) => member(name, id, mark(trace))),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(small, fc.uniqueArray(small, { maxLength: 3 })).map(([id, members]) =>
      group(
        'shared',
        id,
        members.map((it) => [it, it] as const),
      ),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(small, small).map(([id, port]) => watchedGroup(id, port)) },
  {
    weight: 2,
    arbitrary: fc.tuple(small, small).map(([address, id]) => indirect(address, toMember(id))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(small, small).map(([address, id]) => byPrefix(address, toGroup(id))),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(small, small).map(([address, id]) => byPrefix(address, toMember(id))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(small, small, small)
      .map(([address, first, second]) =>
        byPrefix(address, oneShot([mark(first), first], [mark(second), second])),
      ),
  },
);

const anUpdate: fc.Arbitrary<Update> = fc
  .tuple(fc.constantFrom(INSERT, INSERT, INSERT, MODIFY, DELETE), anEntity)
  .map(([type, entity]) => create(UpdateSchema, { type, entity: { entity } }));

describe('a batch over action profiles that fails (seed 20261122)', () => {
  const settings = { seed: 20_261_122, numRuns: 600 };

  it('leaves members, groups, entries and what they refer to as they were', () => {
    let rolledBack = 0;
    fc.assert(
      fc.property(
        fc.array(anUpdate, { maxLength: 20 }),
        fc.array(anUpdate, { minLength: 1, maxLength: 12 }),
        (first, batch) => {
          const state = emptyState();
          writeUpdates(state, first);
          const before = contents(state);
          // Only what succeeds, and then something that cannot.
          const trial = emptyState();
          writeUpdates(trial, first);
          const good = batch.filter((update) => writeUpdates(trial, [update])[0] === null);
          const wrong = create(UpdateSchema, {
            type: DELETE,
            entity: { entity: member('plain', 99) },
          });
          const statuses = writeAllOrNone(state, [...good, wrong]);
          expect(statuses.at(-1)?.message).toBe('there is no member 99');
          expect(contents(state)).toEqual(before);
          rolledBack += good.length;
          // And everything can be done again.
          expect(writeAllOrNone(state, good).every((item) => item === null)).toBe(true);
          expect(contents(state)).toEqual(contents(trial));
        },
      ),
      settings,
    );
    expect(rolledBack).toBeGreaterThan(500);
  });
});
