/** ActionProfileMember and ActionProfileGroup (specification 1.5, section of that name). */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Action, ActionProfileGroup, ActionProfileMember } from '#protos/p4/v1/p4runtime_pb';
import {
  ActionProfileGroup_MemberSchema,
  ActionProfileGroupSchema,
  ActionProfileMemberSchema,
  EntitySchema,
  Update_Type,
  type Entity,
} from '#protos/p4/v1/p4runtime_pb';
import type { ActionUse } from '../program/action-scope.js';
import { mayBeUsed, useText } from '../program/action-scope.js';
import type { Outcome } from '../errors.js';
import { DONE, denied, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import { decodeArgs, encodeArgs } from '../state/match.js';
import type { ActionProgram } from '../program/program.js';
import type {
  ForwardingState,
  GroupMember,
  ProfileState,
  StoredGroup,
  StoredMember,
} from '../state/state.js';
import type { WriteType } from '../write/write-type.js';
import { checkGroupSize, checkMaxSize, checkWeight, engineGroup, watchOf } from './group-size.js';

function findProfile(state: ForwardingState, id: number): Outcome<ProfileState> {
  if (id === 0) return invalid('action_profile_id is not set');
  const profile = state.profiles.get(id);
  return profile === undefined ? notFound(`no action profile has the id ${id}`) : done(profile);
}

const inUse = (what: string) => fail(status.FAILED_PRECONDITION, `${what} is still referred to`);
const exists = (what: string) => fail(status.ALREADY_EXISTS, `${what} is already there`);

/** Entries of one selector are written in one shot, or with members and groups, not both. */
function checkStyle({ actionSets, program }: ProfileState): Outcome<void> {
  return actionSets === 0
    ? DONE
    : invalid(`action profile '${program.layout.name}' is programmed in one shot`);
}

/** What a member of a profile, or a group before it, does. Errors: INVALID_ARGUMENT,
 * PERMISSION_DENIED. */
export function memberAction(
  { program }: ProfileState,
  call: Action | undefined,
  use: ActionUse = 'entry',
): Outcome<{ readonly action: ActionProgram; readonly args: BigUint64Array }> {
  if (call === undefined) return invalid('a member needs an action');
  const action = program.actionsById.get(call.actionId);
  if (action === undefined) {
    return invalid(`'${program.layout.name}' has no action with the id ${call.actionId}`);
  }
  if (!mayBeUsed(action.scope, use)) {
    const what = `${useText(use)} of '${program.layout.name}'`;
    return denied(`action '${action.name}' cannot be used ${what}`);
  }
  const args = encodeArgs(action, call);
  return args.ok ? done({ action, args: args.value }) : args;
}

export function writeProfileMember(
  state: ForwardingState,
  type: WriteType,
  entry: ActionProfileMember,
): Outcome<void> {
  const found = findProfile(state, entry.actionProfileId);
  if (!found.ok) return found;
  const profile = found.value;
  const id = entry.memberId;
  if (id === 0) return invalid('member_id is not set');
  const old = profile.members.get(id);
  const { index } = profile.program.layout;
  if (type !== Update_Type.INSERT && old === undefined) return notFound(`there is no member ${id}`);
  if (type === Update_Type.DELETE && old !== undefined) {
    if (old.users > 0) return inUse(`member ${id}`);
    const removed = state.engine.memberRemove(index, old.handle);
    if (!removed.ok) return fromEngine(removed.error);
    profile.members.delete(id);
    return DONE;
  }
  const called = memberAction(profile, entry.action);
  if (!called.ok) return called;
  const { action, args } = called.value;
  if (type === Update_Type.MODIFY && old !== undefined) {
    const modified = state.engine.memberModify(index, old.handle, action.layout.index, args);
    if (!modified.ok) return fromEngine(modified.error);
    Object.assign(old, { action, args });
    return DONE;
  }
  if (old !== undefined) return exists(`member ${id}`);
  const style = checkStyle(profile);
  if (!style.ok) return style;
  const added = state.engine.memberAdd(index, action.layout.index, args);
  if (!added.ok) return fromEngine(added.error);
  profile.members.set(id, { handle: added.value, id, action, args, users: 0 });
  return DONE;
}

export function writeProfileGroup(
  state: ForwardingState,
  type: WriteType,
  entry: ActionProfileGroup,
): Outcome<void> {
  const found = findProfile(state, entry.actionProfileId);
  if (!found.ok) return found;
  const profile = found.value;
  const { layout } = profile.program;
  if (!layout.hasSelector) return invalid(`action profile '${layout.name}' has no groups`);
  const id = entry.groupId;
  if (id === 0) return invalid('group_id is not set');
  const old = profile.groups.get(id);
  if (type !== Update_Type.INSERT && old === undefined) return notFound(`there is no group ${id}`);
  if (type === Update_Type.DELETE && old !== undefined) {
    return removeGroup(state, profile, old);
  }
  if (type === Update_Type.INSERT && old !== undefined) return exists(`group ${id}`);
  if (old !== undefined && old.maxSize !== entry.maxSize) {
    return invalid(`group ${id} was made with a max_size of ${old.maxSize}`);
  }
  const maxSize = checkMaxSize(profile.program, entry.maxSize);
  if (!maxSize.ok) return maxSize;
  const members = groupMembers(state, profile, entry);
  if (!members.ok) return members;
  return old === undefined
    ? addGroup(state, profile, entry, members.value)
    : changeGroup(state, profile, old, members.value);
}

function groupMembers(
  state: ForwardingState,
  profile: ProfileState,
  entry: ActionProfileGroup,
): Outcome<GroupMember[]> {
  const members: GroupMember[] = [];
  const seen = new Set<number>();
  for (const { memberId, weight, watchKind } of entry.members) {
    if (seen.has(memberId)) return invalid(`member ${memberId} is there twice`);
    seen.add(memberId);
    const member = profile.members.get(memberId);
    if (member === undefined) return notFound(`there is no member ${memberId}`);
    const times = checkWeight(profile.program, weight);
    if (!times.ok) return times;
    const watch = watchOf(state.program.translations, watchKind);
    if (!watch.ok) return watch;
    members.push({ member, weight: times.value, watch: watch.value });
  }
  const size = checkGroupSize(profile.program, members, entry.maxSize);
  return size.ok ? done(members) : size;
}

function countUsers(members: readonly GroupMember[], by: number): void {
  for (const { member } of members) member.users += by;
}

function addGroup(
  state: ForwardingState,
  profile: ProfileState,
  { groupId, maxSize }: ActionProfileGroup,
  members: readonly GroupMember[],
): Outcome<void> {
  const style = checkStyle(profile);
  if (!style.ok) return style;
  const added = state.engine.groupAdd(profile.program.layout.index, engineGroup(members));
  if (!added.ok) return fromEngine(added.error);
  profile.groups.set(groupId, { handle: added.value, id: groupId, maxSize, members, users: 0 });
  countUsers(members, 1);
  return DONE;
}

function changeGroup(
  state: ForwardingState,
  profile: ProfileState,
  group: StoredGroup,
  members: readonly GroupMember[],
): Outcome<void> {
  const { index } = profile.program.layout;
  const modified = state.engine.groupModify(index, group.handle, engineGroup(members));
  if (!modified.ok) return fromEngine(modified.error);
  countUsers(group.members, -1);
  countUsers(members, 1);
  group.members = members;
  return DONE;
}

function removeGroup(
  state: ForwardingState,
  profile: ProfileState,
  group: StoredGroup,
): Outcome<void> {
  if (group.users > 0) return inUse(`group ${group.id}`);
  const removed = state.engine.groupRemove(profile.program.layout.index, group.handle);
  if (!removed.ok) return fromEngine(removed.error);
  countUsers(group.members, -1);
  profile.groups.delete(group.id);
  return DONE;
}

/** The profiles that a read means: one, or all of them for id 0. */
function selectProfiles(state: ForwardingState, id: number): Outcome<ProfileState[]> {
  if (id === 0) return done([...state.profiles.values()]);
  const found = findProfile(state, id);
  return found.ok ? done([found.value]) : found;
}

export function readProfileMembers(
  state: ForwardingState,
  filter: ActionProfileMember,
): Outcome<Entity[]> {
  const profiles = selectProfiles(state, filter.actionProfileId);
  if (!profiles.ok) return profiles;
  const entities = profiles.value.flatMap(({ program, members }) =>
    [...members.values()]
      .filter(({ id }) => filter.memberId === 0 || id === filter.memberId)
      .map((member) => memberEntity(program.id, member)),
  );
  return filter.memberId !== 0 && entities.length === 0
    ? notFound(`there is no member ${filter.memberId}`)
    : done(entities);
}

function memberEntity(actionProfileId: number, { id, action, args }: StoredMember): Entity {
  const value = create(ActionProfileMemberSchema, {
    actionProfileId,
    memberId: id,
    action: decodeArgs(action, args),
  });
  return create(EntitySchema, { entity: { case: 'actionProfileMember', value } });
}

export function readProfileGroups(
  state: ForwardingState,
  filter: ActionProfileGroup,
): Outcome<Entity[]> {
  const profiles = selectProfiles(state, filter.actionProfileId);
  if (!profiles.ok) return profiles;
  const entities = profiles.value.flatMap(({ program, groups }) =>
    [...groups.values()]
      .filter(({ id }) => filter.groupId === 0 || id === filter.groupId)
      .map((group) => groupEntity(program.id, program.weightsDisallowed, group)),
  );
  return filter.groupId !== 0 && entities.length === 0
    ? notFound(`there is no group ${filter.groupId}`)
    : done(entities);
}

function groupEntity(
  actionProfileId: number,
  weightsDisallowed: boolean,
  { id, maxSize, members }: StoredGroup,
): Entity {
  const value = create(ActionProfileGroupSchema, {
    actionProfileId,
    groupId: id,
    maxSize,
    members: members.map(({ member, weight, watch }) =>
      create(ActionProfileGroup_MemberSchema, {
        memberId: member.id,
        weight: weightsDisallowed ? 0 : weight,
        watchKind: watch?.kind ?? { case: undefined },
      }),
    ),
  });
  return create(EntitySchema, { entity: { case: 'actionProfileGroup', value } });
}
