/** Entities of programs/conformance.p4 and programs/types.p4 in short, and clauses that are one update. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Entity } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, EntityInit, TableEntryInit } from '../conversation.js';
import { action, b, exact } from '../entries.js';
import type { Bench, Clause } from './clause.js';
import { answers, holds, same, single } from './clause.js';
import type { p4info } from './program.js';
import { call, configOf, ID } from './program.js';

const { INSERT } = Update_Type;

export type Part = [says: string, check: Clause['check']];
type Case = EntityInit['case'];
type Value<C extends Case> = Extract<Entity['entity'], { readonly case: C }>['value'];
type Init<C extends Case> = Extract<EntityInit, { readonly case: C }>['value'];

/** A status, or those of which each is right. */
export type Code = string | readonly string[];
/** A value that is none: 8.3 and the section of what has it say different codes. */
export const MISFIT: Code = ['OUT_OF_RANGE', 'INVALID_ARGUMENT'];

export const writes = (
  what: string,
  one: Controller,
  type: Update_Type,
  entity: EntityInit,
  code: Code = 'OK',
): Promise<void> =>
  typeof code === 'string'
    ? answers(what, one.writes(type, [entity]), code)
    : one.writes(type, [entity]).then((answer) => {
        const given = single(answer);
        holds(`${what}: "${given}", not one of ${code.join(', ')}`, code.includes(given));
      });

/** Inserts these one after the other, each in a batch of its own. */
export async function inserts(one: Controller, ...entities: readonly EntityInit[]): Promise<void> {
  for (const entity of entities) {
    await writes(`the INSERT of ${String(entity.case)}`, one, INSERT, entity);
  }
}

/** Once `given` is inserted, this update is answered so. */
export const after = (
  says: string,
  given: readonly EntityInit[],
  type: Update_Type,
  entity: EntityInit,
  code: Code,
): Part => [
  says,
  async ({ ready }) => {
    const one = await ready();
    await inserts(one, ...given);
    await writes('the write', one, type, entity, code);
  },
];

/** What a read of one request gives, all of that kind. */
export async function reads<C extends NonNullable<Case>>(
  one: Controller,
  kind: C,
  value: Init<C>,
): Promise<Value<C>[]> {
  const { entities, answer } = await one.reads([{ case: kind, value } as EntityInit]);
  same('the read', answer, 'OK');
  return entities.flatMap(({ entity }) => (entity.case === kind ? [entity.value as Value<C>] : []));
}

/** The status of a read of one thing. */
export async function readAnswers(
  what: string,
  one: Controller,
  entity: EntityInit,
  code: string,
): Promise<void> {
  await answers(
    what,
    one.reads([entity]).then(({ answer }) => answer),
    code,
  );
}

/** The primary, with a P4Info that was changed like this. */
export async function readyWith(
  bench: Bench,
  change: (info: ReturnType<typeof p4info>) => void,
  electionId = 1n,
): Promise<Controller> {
  const one = await bench.controller(electionId).becomesPrimary();
  const config = configOf();
  change(config.p4info);
  await answers('the changed P4Info', one.commits(config), 'OK');
  return one;
}

/* --- action profiles ---------------------------------------------------------------------------- */

type Call = ReturnType<typeof call>;

export const member = (memberId: number, of?: Call, actionProfileId: number = ID.shared) =>
  ({
    case: 'actionProfileMember',
    value: { actionProfileId, memberId, ...(of === undefined ? {} : { action: of }) },
  }) satisfies EntityInit;

export const answering = (memberId: number, answer: number) => member(memberId, call(answer));

/** Of members with the weight 1, or as given. */
export const group = (
  groupId: number,
  members: readonly (number | readonly [memberId: number, weight: number])[],
  maxSize = 4,
) =>
  ({
    case: 'actionProfileGroup',
    value: {
      actionProfileId: ID.shared,
      groupId,
      maxSize,
      members: members.map((of) =>
        typeof of === 'number' ? { memberId: of, weight: 1 } : { memberId: of[0], weight: of[1] },
      ),
    },
  }) satisfies EntityInit;

type Action = NonNullable<NonNullable<TableEntryInit['action']>['type']>;

const entryOf = (tableId: number, port: number, type: Action): EntityInit => ({
  case: 'tableEntry',
  value: { tableId, match: [exact(1, b(port))], action: { type } },
});

export const toMember = (port: number, value: number, tableId: number = ID.grouped): EntityInit =>
  entryOf(tableId, port, { case: 'actionProfileMemberId', value });
export const toGroup = (port: number, value: number): EntityInit =>
  entryOf(ID.grouped, port, { case: 'actionProfileGroupId', value });

export type ActionSet = Extract<Action, { readonly case: 'actionProfileActionSet' }>['value'];

/** An entry with its group. */
export const oneShot = (port: number, value: ActionSet): EntityInit =>
  entryOf(ID.grouped, port, { case: 'actionProfileActionSet', value });

/** Actions of a set, each with its weight. */
export const set = (...actions: readonly (readonly [answer: number, weight: number])[]) => ({
  actionProfileActions: actions.map(([answer, weight]) => ({ action: call(answer), weight })),
});

/* --- arrays, registers, replication -------------------------------------------------------------- */

const at = (index: bigint | null) => (index === null ? {} : { index: { index } });

export const counter = (index: bigint | null, packetCount?: bigint): EntityInit => ({
  case: 'counterEntry',
  value: {
    counterId: ID.seen,
    ...at(index),
    ...(packetCount === undefined ? {} : { data: { packetCount, byteCount: packetCount * 10n } }),
  },
});

export interface Rates {
  readonly cir: bigint;
  readonly cburst: bigint;
  readonly pir: bigint;
  readonly pburst: bigint;
  readonly eburst?: bigint;
}

/** No rates, so that colours do not depend on how fast frames come: two green, two yellow, then red. */
export const TWO_OF_FOUR: Rates = { cir: 0n, cburst: 2n, pir: 0n, pburst: 4n };

export const meter = (index: bigint | null, config?: Rates): EntityInit => ({
  case: 'meterEntry',
  value: { meterId: ID.limits, ...at(index), ...(config === undefined ? {} : { config }) },
});

export const replica = (port: Uint8Array, instance: number) => ({
  portKind: { case: 'port' as const, value: port },
  instance,
});

type Replication = NonNullable<Init<'packetReplicationEngineEntry'>['type']>;
type Multicast = Extract<Replication, { readonly case: 'multicastGroupEntry' }>['value'];
type Clone = Extract<Replication, { readonly case: 'cloneSessionEntry' }>['value'];

export const multicast = (value: Multicast): EntityInit => ({
  case: 'packetReplicationEngineEntry',
  value: { type: { case: 'multicastGroupEntry', value } },
});
export const clone = (value: Clone): EntityInit => ({
  case: 'packetReplicationEngineEntry',
  value: { type: { case: 'cloneSessionEntry', value } },
});

/** A member of known_ports. */
export const known = (port: number) => ({ match: [exact(1, b(port))] });
export const valueSet = (...ports: readonly number[]): EntityInit => ({
  case: 'valueSetEntry',
  value: { valueSetId: ID.knownPorts, members: ports.map(known) },
});

export const base = (answer: number) => action(ID.base, b(answer)).type.value;
export const plus = (more: number) => action(ID.plus, b(more)).type.value;
