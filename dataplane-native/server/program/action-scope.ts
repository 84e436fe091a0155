/** Where an action of a table may be used (specification 1.5, "Table" of the P4Info). */
import type { ActionRef } from '#protos/p4/config/v1/p4info_pb';
import { ActionRef_Scope } from '#protos/p4/config/v1/p4info_pb';

const { TABLE_AND_DEFAULT, TABLE_ONLY, DEFAULT_ONLY, GROUP_ACTION } = ActionRef_Scope;

const SCOPES = {
  entry: { of: new Set([TABLE_AND_DEFAULT, TABLE_ONLY]), text: 'in entries' },
  default: { of: new Set([TABLE_AND_DEFAULT, DEFAULT_ONLY]), text: 'as default' },
  group: { of: new Set([GROUP_ACTION]), text: 'as the action of a group' },
} as const;

/** Members and the actions of a set are those of entries. */
export type ActionUse = keyof typeof SCOPES;

/** What a P4Info says; p4c leaves `@groupaction` among the annotations. */
export function scopeOf({ scope, annotations }: ActionRef): ActionRef_Scope {
  const isOfGroups = annotations.some((text) => text.trim() === '@groupaction');
  return scope === TABLE_AND_DEFAULT && isOfGroups ? GROUP_ACTION : scope;
}

export const mayBeUsed = (scope: ActionRef_Scope, use: ActionUse): boolean =>
  SCOPES[use].of.has(scope);

/** The use as part of a sentence. */
export const useText = (use: ActionUse): string => SCOPES[use].text;
