/** Weights, watch ports of members and sizes of groups (specification 1.5, "Group Programming"). */
import { status } from '@grpc/grpc-js';
import type { ActionProfileAction } from '#protos/p4/v1/p4runtime_pb';
import type { EngineGroup } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid } from '../errors.js';
import type { ProfileProgram } from '../program/program.js';
import type { GroupMember, StoredMember, Watch } from '../state/state.js';
import type { Translations } from '../program/translation.js';

/** As TP_GROUP_LIMIT in profile.h. */
const GROUP_LIMIT = 65536;

/** What limits a group: a one-shot may say another semantics than its selector. */
export type SizeRules = Pick<
  ProfileProgram,
  'isSumOfMembers' | 'maxGroupSize' | 'maxMemberWeight' | 'weightsDisallowed' | 'layout'
>;

/** How often a member is in its group. Errors: INVALID_ARGUMENT. */
export function checkWeight(
  { weightsDisallowed, maxMemberWeight, layout }: SizeRules,
  weight: number,
): Outcome<number> {
  if (weightsDisallowed) {
    return weight === 0 ? done(1) : invalid(`'${layout.name}' has members without weights`);
  }
  if (weight <= 0) return invalid(`a weight of ${weight}: it must be greater than 0`);
  return maxMemberWeight > 0 && weight > maxMemberWeight
    ? invalid(`a weight of ${weight}: at most ${maxMemberWeight} is allowed`)
    : done(weight);
}

/** Null for an empty one. Errors: OUT_OF_RANGE; INVALID_ARGUMENT for a port that is not there. */
export function watchOf(
  translations: Translations,
  kind: ActionProfileAction['watchKind'],
): Outcome<Watch | null> {
  const found = ((): Outcome<Watch | null> => {
    switch (kind.case) {
      case 'watchPort': {
        if (kind.value.length === 0) return done(null);
        const port = translations.portOf(kind.value, 'watch_port');
        if (!port.ok) return port;
        const value = translations.canonicalPort(kind.value);
        return done({ port: port.value, kind: { case: 'watchPort', value } });
      }
      case 'watch':
        return kind.value === 0 ? done(null) : done({ port: kind.value, kind });
      case undefined:
      default:
        return done(null);
    }
  })();
  if (!found.ok || found.value === null) return found;
  const { port } = found.value;
  return translations.ports.has(port) ? found : invalid(`the device has no port ${port} to watch`);
}

/** Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED for more than the engine takes. */
export function checkMaxSize({ maxGroupSize, layout }: SizeRules, maxSize: number): Outcome<void> {
  if (maxSize < 0) return invalid('max_size cannot be negative');
  if (maxGroupSize === 0) {
    return maxSize > GROUP_LIMIT
      ? fail(status.RESOURCE_EXHAUSTED, `a max_size of ${maxSize}, at most ${GROUP_LIMIT}`)
      : DONE;
  }
  return maxSize > 0 && maxSize <= maxGroupSize
    ? DONE
    : invalid(`'${layout.name}': max_size ${maxSize} is not in 1..${maxGroupSize}`);
}

/** `maxSize` is the group's own, 0 for none. */
export function checkGroupSize(
  { isSumOfMembers, maxGroupSize }: SizeRules,
  members: readonly GroupMember[],
  maxSize: number,
): Outcome<void> {
  const weights = members.reduce((sum, { weight }) => sum + weight, 0);
  const size = isSumOfMembers ? members.length : weights;
  const limit = maxSize > 0 ? maxSize : maxGroupSize;
  if (limit > 0 && size > limit) return invalid(`a group of size ${size}, at most ${limit}`);
  return weights > GROUP_LIMIT
    ? fail(status.RESOURCE_EXHAUSTED, `weights of ${weights} together, at most ${GROUP_LIMIT}`)
    : DONE;
}

/** As the engine takes it: each member as often as its weight says. */
export function engineGroup(
  members: readonly GroupMember[],
  base: StoredMember | null = null,
  isRandom = false,
): EngineGroup {
  return {
    members: members.flatMap(({ member, weight, watch }) =>
      Array<EngineGroup['members'][number]>(weight).fill({
        member: member.handle,
        watchPort: watch?.port ?? null,
      }),
    ),
    base: base?.handle ?? null,
    isRandom,
  };
}
