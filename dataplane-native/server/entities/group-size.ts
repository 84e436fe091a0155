/** Weights of members and sizes of groups (specification 1.5, "Group Programming"). */
import { status } from '@grpc/grpc-js';
import type { ActionProfileAction } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid } from '../errors.js';
import type { ProfileProgram } from '../program.js';
import type { GroupMember } from '../state.js';
import { unimplemented } from '../unimplemented.js';

/** As TP_GROUP_LIMIT in profile.h. */
const GROUP_LIMIT = 65536;

/** How often a member is in its group. Errors: INVALID_ARGUMENT, UNIMPLEMENTED for a watch port. */
export function checkWeight(
  { weightsDisallowed, maxMemberWeight, layout }: ProfileProgram,
  weight: number,
  watch: ActionProfileAction['watchKind'],
): Outcome<number> {
  const watches = watch.case === 'watchPort' ? watch.value.length > 0 : watch.case === 'watch';
  if (watches) return unimplemented('watchPorts');
  if (weightsDisallowed) {
    return weight === 0 ? done(1) : invalid(`'${layout.name}' has members without weights`);
  }
  if (weight <= 0) return invalid(`a weight of ${weight}: it must be greater than 0`);
  return maxMemberWeight > 0 && weight > maxMemberWeight
    ? invalid(`a weight of ${weight}: at most ${maxMemberWeight} is allowed`)
    : done(weight);
}

/** `maxSize` is the group's own, 0 for none. */
export function checkGroupSize(
  { isSumOfMembers, maxGroupSize, layout }: ProfileProgram,
  members: readonly GroupMember[],
  maxSize: number,
): Outcome<void> {
  if (maxSize < 0) return invalid('max_size cannot be negative');
  if (maxGroupSize > 0 && maxSize > maxGroupSize) {
    return invalid(`'${layout.name}': max_size can be ${maxGroupSize} at most`);
  }
  const weights = members.reduce((sum, { weight }) => sum + weight, 0);
  const size = isSumOfMembers ? members.length : weights;
  const limit = maxSize > 0 ? maxSize : maxGroupSize;
  if (limit > 0 && size > limit) return invalid(`a group of size ${size}, at most ${limit}`);
  return weights > GROUP_LIMIT
    ? fail(status.RESOURCE_EXHAUSTED, `weights of ${weights} together, at most ${GROUP_LIMIT}`)
    : DONE;
}

/** The engine's list: each member as often as its weight says. */
export function handlesOf(members: readonly GroupMember[]): number[] {
  return members.flatMap(({ member, weight }) => Array<number>(weight).fill(member.handle));
}
