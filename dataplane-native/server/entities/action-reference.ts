/** What entries of tables with an action profile refer to: members, groups, and sets of actions that
 * are written in one shot (specification 1.5, "One Shot Action Selector Programming"). */
import { create } from '@bufbuild/protobuf';
import type {
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
import { REFERS_TO_GROUP, REFERS_TO_MEMBER } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { done, fromEngine, invalid, notFound } from '../errors.js';
import { decodeArgs } from '../match.js';
import type {
  ForwardingState,
  GroupMember,
  ProfileState,
  Reference,
  StoredAction,
  StoredMember,
} from '../state.js';
import { unimplemented } from '../unimplemented.js';
import { memberAction } from './action-profile.js';
import { checkGroupSize, checkWeight, handlesOf } from './group-size.js';

/** Finds, or makes, what an entry refers to, and counts it as used. Errors: NOT_FOUND,
 * INVALID_ARGUMENT, UNIMPLEMENTED, RESOURCE_EXHAUSTED. */
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
      removeMembers(state, index, reference.set.members);
      profile.actionSets -= 1;
    }
  }
}

function removeMembers(
  state: ForwardingState,
  profile: number,
  members: readonly GroupMember[],
): void {
  for (const { member } of members) state.engine.memberRemove(profile, member.handle);
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

function checkModes({ program }: ProfileState, set: ActionProfileActionSet): Outcome<void> {
  if (set.groupAction !== undefined) return unimplemented('actionSetOptions');
  const ownSize = program.isSumOfMembers
    ? SizeSemantics.SUM_OF_MEMBERS
    : SizeSemantics.SUM_OF_WEIGHTS;
  const modes: readonly Mode[] = [
    SelectionMode.DEFAULT_MODE_DETERMINED_BY_ACTION_SELECTOR,
    SelectionMode.HASH,
  ];
  const sizes = [SizeSemantics.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR, ownSize];
  return modes.includes(set.actionSelectionMode) && sizes.includes(set.sizeSemantics)
    ? done(undefined)
    : unimplemented('actionSetOptions');
}

function makeActionSet(
  state: ForwardingState,
  profile: ProfileState,
  set: ActionProfileActionSet,
): Outcome<Reference> {
  const { layout } = profile.program;
  if (!layout.hasSelector) return invalid(`action profile '${layout.name}' has no selector`);
  if (profile.members.size > 0 || profile.groups.size > 0) {
    return invalid(`action profile '${layout.name}' is programmed with members and groups`);
  }
  const modes = checkModes(profile, set);
  if (!modes.ok) return modes;
  const wanted = decodeSet(profile, set);
  if (!wanted.ok) return wanted;
  const members: GroupMember[] = [];
  for (const { member, weight } of wanted.value) {
    const { action, args } = member;
    const added = state.engine.memberAdd(layout.index, action.layout.index, args);
    if (!added.ok) {
      removeMembers(state, layout.index, members);
      return fromEngine(added.error);
    }
    members.push({ member: { ...member, handle: added.value }, weight });
  }
  const group = state.engine.groupAdd(layout.index, handlesOf(members));
  if (!group.ok) {
    removeMembers(state, layout.index, members);
    return fromEngine(group.error);
  }
  profile.actionSets += 1;
  const { actionSelectionMode: selectionMode, sizeSemantics } = set;
  const hasWeights = !profile.program.weightsDisallowed;
  return done({
    kind: 'actionSet',
    set: { group: group.value, members, hasWeights, selectionMode, sizeSemantics },
  });
}

/** Members without a place in the engine. */
function decodeSet(profile: ProfileState, set: ActionProfileActionSet): Outcome<GroupMember[]> {
  const members: GroupMember[] = [];
  for (const { action, weight, watchKind } of set.actionProfileActions) {
    const called = memberAction(profile, action);
    if (!called.ok) return called;
    const times = checkWeight(profile.program, weight, watchKind);
    if (!times.ok) return times;
    const member: StoredMember = { handle: -1, id: 0, users: 1, ...called.value };
    members.push({ member, weight: times.value });
  }
  const size = checkGroupSize(profile.program, members, 0);
  return size.ok ? done(members) : size;
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
      const { members, hasWeights, selectionMode, sizeSemantics } = reference.set;
      const value = create(ActionProfileActionSetSchema, {
        actionProfileActions: members.map(({ member, weight }) =>
          create(ActionProfileActionSchema, {
            action: decodeArgs(member.action, member.args),
            weight: hasWeights ? weight : 0,
          }),
        ),
        actionSelectionMode: selectionMode,
        sizeSemantics,
      });
      return create(TableActionSchema, { type: { case: 'actionProfileActionSet', value } });
    }
  }
}
