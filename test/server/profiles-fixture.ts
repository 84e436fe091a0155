/** The program of test/compiler/fixtures/profiles.p4 as a controller sees it, and its frames. */
import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema, type P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { EntityInit, TableEntryInit } from './conversation.js';
import { action, b, exact, lpm } from './entries.js';

const file = (name: string): string =>
  readFileSync(new URL(`../compiler/fixtures/${name}`, import.meta.url), 'utf8');

export const PROFILES_INFO: P4Info = fromJsonString(P4InfoSchema, file('profiles.p4info.json'));
export const PROFILES_CONFIG = {
  p4info: PROFILES_INFO,
  p4DeviceConfig: Buffer.from(file('profiles.json')),
};

type Named = 'tables' | 'actions' | 'actionProfiles';
/** The id of what the P4Info calls so. */
export function idOf(kind: Named, alias: string): number {
  const found = PROFILES_INFO[kind].find(({ preamble }) => preamble?.alias === alias);
  if (found?.preamble === undefined) throw new Error(`no ${alias} among the ${kind}`);
  return found.preamble.id;
}

/** What a member does: marks the frame with an octet. */
export const mark = (trace: number) => action(idOf('actions', 'mark'), b(trace)).type.value;
export const forward = (port: number) => action(idOf('actions', 'forward'), b(port)).type.value;

/** Actions of groups, which come before a member's. */
export const steer = (port: number) => action(idOf('actions', 'steer'), b(port)).type.value;
export const paint = (trace: number) => action(idOf('actions', 'paint'), b(trace)).type.value;

type Call = ReturnType<typeof mark>;

export const member = (profile: string, memberId: number, call?: Call): EntityInit => ({
  case: 'actionProfileMember',
  value: {
    actionProfileId: idOf('actionProfiles', profile),
    memberId,
    ...(call === undefined ? {} : { action: call }),
  },
});

/** A group of members, each with its weight. */
export const group = (
  profile: string,
  groupId: number,
  members: readonly (readonly [memberId: number, weight: number])[] = [],
  maxSize = 0,
): EntityInit => ({
  case: 'actionProfileGroup',
  value: {
    actionProfileId: idOf('actionProfiles', profile),
    groupId,
    maxSize,
    members: members.map(([memberId, weight]) => ({ memberId, weight })),
  },
});

export type Reference = NonNullable<NonNullable<TableEntryInit['action']>['type']>;

export const toMember = (value: number): Reference => ({ case: 'actionProfileMemberId', value });
export const toGroup = (value: number): Reference => ({ case: 'actionProfileGroupId', value });
export const oneShot = (...calls: readonly (readonly [Call, number])[]): Reference => ({
  case: 'actionProfileActionSet',
  value: { actionProfileActions: calls.map(([call, weight]) => ({ action: call, weight })) },
});

const entry = (table: string, match: TableEntryInit['match'], type?: Reference): EntityInit => ({
  case: 'tableEntry',
  value: {
    tableId: idOf('tables', table),
    match: match ?? [],
    ...(type === undefined ? {} : { action: { type } }),
  },
});

/** An entry of the table with an action profile without a selector. */
export const indirect = (address: number, reference?: Reference): EntityInit =>
  entry('indirect', [exact(1, b(address))], reference);

/** An entry of a table with a selector. */
export const byPrefix = (address: number, reference?: Reference): EntityInit =>
  entry('by_prefix', [lpm(1, b(address), 16)], reference);

const TRACE = 7;

/** `which` is 1 for `indirect`, 2 for `by_prefix`. */
export function requestFrame(which: 1 | 2, address: number, flow = 0): Uint8Array {
  const frame = new Uint8Array(64);
  const view = new DataView(frame.buffer);
  view.setUint8(0, which);
  view.setUint16(1, address);
  view.setUint32(3, flow);
  return frame;
}

/** What the action left. */
export function traceIn(frame: Uint8Array): number {
  return frame[TRACE] ?? -1;
}
