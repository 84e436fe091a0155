/** What entries of tables with an action profile refer to: members, groups, and sets of actions that
 * are written in one shot (specification 1.5, "One Shot Action Selector Programming"). */
import { create } from '@bufbuild/protobuf';
import type {
  Action,
  ActionProfileActionSet,
  TableAction,
  ActionProfileActionSet_ActionSelectionMode as Mode,
} from '#protos/p4/v1/p4runtime_pb';
import {
  ActionProfileActionSchema,
  ActionProfileActionSet_ActionSelectionMode as SelectionMode,
  ActionProfileActionSet_SizeSemantics as SizeSemantics,
  ActionProfileActionSetSchema,
  TableActionSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { ActionUse } from '../program/action-scope.js';
import { REFERS_TO_GROUP, REFERS_TO_MEMBER } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { done, fromEngine, invalid, notFound } from '../errors.js';
import { decodeArgs } from '../state/match.js';
import type { ProfileProgram } from '../program/program.js';
import type {
  ForwardingState,
  GroupMember,
  ProfileState,
  Reference,
  StoredAction,
  StoredActionSet,
  StoredMember,
} from '../state/state.js';
import { memberAction } from './action-profile.js';
import type { SizeRules } from './group-size.js';
import { checkGroupSize, checkWeight, engineGroup, watchOf } from './group-size.js';

/** Finds, or makes, what an entry refers to, and counts it as used. Errors: NOT_FOUND,
 * INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
export function acquireReference(
  state: ForwardingState,
  profile: ProfileState,
  { type }: TableAction,
): Outcome<Reference> {
  switch (type.case) {
    case 'actionProfileMemberId': {
      const member = profile.members.get(type.value);
      if (member === undefined) return notFound(`there is no member ${type.value}`);
      member.users += 1;
      return done({ kind: 'member', member });
    }
    case 'actionProfileGroupId': {
      const { layout } = profile.program;
      if (!layout.hasSelector) return invalid(`action profile '${layout.name}' has no groups`);
      const group = profile.groups.get(type.value);
      if (group === undefined) return notFound(`there is no group ${type.value}`);
      group.users += 1;
      return done({ kind: 'group', group });
    }
    case 'actionProfileActionSet':
      return makeActionSet(state, profile, type.value);
    case 'action':
    case undefined:
      return invalid('the table has an action profile: its entries refer to members or groups');
  }
}

/** The entry refers to it no more. */
export function releaseReference(
  state: ForwardingState,
  profile: ProfileState,
  reference: Reference,
): void {
  switch (reference.kind) {
    case 'member':
      reference.member.users -= 1;
      return;
    case 'group':
      reference.group.users -= 1;
      return;
    case 'actionSet': {
      const { index } = profile.program.layout;
      state.engine.groupRemove(index, reference.set.group);
      removeMembers(state, index, membersOf(reference.set));
      profile.actionSets -= 1;
    }
  }
}

function removeMembers(
  state: ForwardingState,
  profile: number,
  members: readonly StoredMember[],
): void {
  for (const { handle } of members) state.engine.memberRemove(profile, handle);
}

/** All that an action set has in the engine. */
export function membersOf({ members, base }: StoredActionSet): readonly StoredMember[] {
  const chosen = members.map(({ member }) => member);
  return base === null ? chosen : [...chosen, base];
}

/** The engine's action and argument for a reference. */
export function referenceAction(reference: Reference): StoredAction {
  const refer = (action: number, handle: number): StoredAction => ({
    action,
    args: BigUint64Array.of(BigInt(handle)),
  });
  switch (reference.kind) {
    case 'member':
      return refer(REFERS_TO_MEMBER, reference.member.handle);
    case 'group':
      return refer(REFERS_TO_GROUP, reference.group.handle);
    case 'actionSet':
      return refer(REFERS_TO_GROUP, reference.set.group);
  }
}

/** The set's own semantics of sizes in place of its selector's. */
function sizeRules(program: ProfileProgram, semantics: SizeSemantics): Outcome<SizeRules> {
  switch (semantics) {
    case SizeSemantics.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR:
      return done(program);
    case SizeSemantics.SUM_OF_WEIGHTS:
      return done({ ...program, isSumOfMembers: false, maxMemberWeight: 0 });
    case SizeSemantics.SUM_OF_MEMBERS:
      return done({ ...program, isSumOfMembers: true });
    default:
      return invalid('the size semantics of the action set is not known');
  }
}

const MODES: ReadonlySet<Mode> = new Set([
  SelectionMode.DEFAULT_MODE_DETERMINED_BY_ACTION_SELECTOR,
  SelectionMode.HASH,
  SelectionMode.RANDOM,
]);

function makeActionSet(
  state: ForwardingState,
  profile: ProfileState,
  set: ActionProfileActionSet,
): Outcome<Reference> {
  const { layout, weightsDisallowed } = profile.program;
  if (!layout.hasSelector) return invalid(`action profile '${layout.name}' has no selector`);
  if (profile.members.size > 0 || profile.groups.size > 0) {
    return invalid(`action profile '${layout.name}' is programmed with members and groups`);
  }
  const { actionSelectionMode: selectionMode, sizeSemantics } = set;
  if (!MODES.has(selectionMode)) return invalid('the action selection mode is not known');
  const rules = sizeRules(profile.program, sizeSemantics);
  if (!rules.ok) return rules;
  const wanted = decodeSet(state, profile, set, rules.value);
  if (!wanted.ok) return wanted;
  const made = addMembers(state, layout.index, wanted.value);
  if (!made.ok) return made;
  const { members, base } = made.value;
  const isRandom = selectionMode === SelectionMode.RANDOM;
  const group = state.engine.groupAdd(layout.index, engineGroup(members, base, isRandom));
  const actionSet = { members, base, hasWeights: !weightsDisallowed, selectionMode, sizeSemantics };
  if (!group.ok) {
    removeMembers(state, layout.index, membersOf({ ...actionSet, group: -1 }));
    return fromEngine(group.error);
  }
  profile.actionSets += 1;
  return done({ kind: 'actionSet', set: { ...actionSet, group: group.value } });
}

type Wanted = Pick<StoredActionSet, 'members' | 'base'>;

/** Gives them their places in the engine, all or none. */
function addMembers(
  state: ForwardingState,
  profile: number,
  { members, base }: Wanted,
): Outcome<Wanted> {
  const added: StoredMember[] = [];
  const add = (member: StoredMember): Outcome<StoredMember> => {
    const { action, args } = member;
    const handle = state.engine.memberAdd(profile, action.layout.index, args);
    if (!handle.ok) {
      removeMembers(state, profile, added);
      return fromEngine(handle.error);
    }
    const placed = { ...member, handle: handle.value };
    added.push(placed);
    return done(placed);
  };
  const placed: GroupMember[] = [];
  for (const item of members) {
    const member = add(item.member);
    if (!member.ok) return member;
    placed.push({ ...item, member: member.value });
  }
  const placedBase = base === null ? done(null) : add(base);
  return placedBase.ok ? done({ members: placed, base: placedBase.value }) : placedBase;
}

/** Members without a place in the engine. */
function decodeSet(
  state: ForwardingState,
  profile: ProfileState,
  set: ActionProfileActionSet,
  rules: SizeRules,
): Outcome<Wanted> {
  const decode = (call: Action | undefined, use: ActionUse): Outcome<StoredMember> => {
    const called = memberAction(profile, call, use);
    return called.ok ? done({ handle: -1, id: 0, users: 1, ...called.value }) : called;
  };
  const members: GroupMember[] = [];
  for (const { action, weight, watchKind } of set.actionProfileActions) {
    const member = decode(action, 'entry');
    if (!member.ok) return member;
    const times = checkWeight(rules, weight);
    if (!times.ok) return times;
    const watch = watchOf(state.program.translations, watchKind);
    if (!watch.ok) return watch;
    members.push({ member: member.value, weight: times.value, watch: watch.value });
  }
  const base = set.groupAction === undefined ? done(null) : decode(set.groupAction, 'group');
  if (!base.ok) return base;
  const size = checkGroupSize(rules, members, 0);
  return size.ok ? done({ members, base: base.value }) : size;
}

/** As the client wrote it. */
export function referenceMessage(reference: Reference): TableAction {
  switch (reference.kind) {
    case 'member': {
      const { id } = reference.member;
      return create(TableActionSchema, { type: { case: 'actionProfileMemberId', value: id } });
    }
    case 'group': {
      const { id } = reference.group;
      return create(TableActionSchema, { type: { case: 'actionProfileGroupId', value: id } });
    }
    case 'actionSet': {
      const { members, base, hasWeights, selectionMode, sizeSemantics } = reference.set;
      const value = create(ActionProfileActionSetSchema, {
        actionProfileActions: members.map(({ member, weight, watch }) =>
          create(ActionProfileActionSchema, {
            action: decodeArgs(member.action, member.args),
            weight: hasWeights ? weight : 0,
            watchKind: watch?.kind ?? { case: undefined },
          }),
        ),
        ...(base === null ? {} : { groupAction: decodeArgs(base.action, base.args) }),
        actionSelectionMode: selectionMode,
        sizeSemantics,
      });
      return create(TableActionSchema, { type: { case: 'actionProfileActionSet', value } });
    }
  }
}
