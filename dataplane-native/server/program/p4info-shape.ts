/**
 * What of a P4Info a client's writes refer to, so that two programs can be compared: an id that means
 * something else in the new one would make nonsense of what was written for the old one.
 */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { toJsonString } from '@bufbuild/protobuf';
import type { MatchField, P4Info, Preamble } from '#protos/p4/config/v1/p4info_pb';
import {
  CounterSpecSchema,
  MatchField_MatchType,
  MeterSpecSchema,
} from '#protos/p4/config/v1/p4info_pb';
import { P4DataTypeSpecSchema } from '#protos/p4/config/v1/p4types_pb';
import type { Action, Entity, TableAction, Update } from '#protos/p4/v1/p4runtime_pb';

/** An object's name, and what each of its parts is: fields, parameters, its type. */
interface Definition {
  readonly name: string;
  readonly parts: ReadonlyMap<string, string>;
}

export type Definitions = ReadonlyMap<number, Definition>;

type Parts = readonly (readonly [string, string])[];

const fields = (of: readonly MatchField[]): Parts =>
  of.map(({ id, name, match }) => {
    const type =
      match.case === 'matchType'
        ? (MatchField_MatchType[match.value] ?? '?')
        : (match.value ?? '?');
    return [`field ${id}`, `${name}, ${type}`];
  });

function spec<D extends DescMessage>(schema: D, value: MessageShape<D> | undefined): Parts {
  return [['its type', value === undefined ? 'none' : toJsonString(schema, value)]];
}

/** All objects of a P4Info that have an id. */
export function definitionsOf(info: P4Info): Definitions {
  const found = new Map<number, Definition>();
  const add = (preamble: Preamble | undefined, parts: Parts): void => {
    if (preamble === undefined) return;
    found.set(preamble.id, { name: preamble.name, parts: new Map(parts) });
  };
  for (const { preamble, matchFields, implementationId } of info.tables) {
    const profile = ['its implementation', String(implementationId)] as const;
    add(preamble, [...fields(matchFields), profile]);
  }
  for (const { preamble, params } of info.actions) {
    add(
      preamble,
      params.map(({ id, name }) => [`parameter ${id}`, name] as const),
    );
  }
  for (const { preamble, withSelector } of info.actionProfiles) {
    add(preamble, [['a selector', String(withSelector)]]);
  }
  for (const { preamble, match } of info.valueSets) add(preamble, fields(match));
  for (const { preamble, spec: type } of info.counters)
    add(preamble, spec(CounterSpecSchema, type));
  for (const { preamble, spec: type } of info.meters) add(preamble, spec(MeterSpecSchema, type));
  for (const { preamble, typeSpec } of info.registers) {
    add(preamble, spec(P4DataTypeSpecSchema, typeSpec));
  }
  for (const { preamble, typeSpec } of info.digests) {
    add(preamble, spec(P4DataTypeSpecSchema, typeSpec));
  }
  return found;
}

/** How the new program's object differs from the one that was written to; null: it means the same.
 * The new one may have parts more. */
export function differenceOf(id: number, before: Definitions, now: Definitions): string | null {
  const [old, other] = [before.get(id), now.get(id)];
  if (old === undefined) return null;
  if (other === undefined) return `'${old.name}' is not in the new program`;
  if (other.name !== old.name) return `'${old.name}' is '${other.name}' in the new program`;
  for (const [part, text] of old.parts) {
    const changed = other.parts.get(part);
    if (changed === undefined) return `'${old.name}' has no ${part} in the new program`;
    if (changed !== text) {
      return `'${old.name}': ${part} was ${text}, and is ${changed} in the new program`;
    }
  }
  return null;
}

/** The ids that an update names. */
export function namedBy(update: Update): number[] {
  const entity = update.entity?.entity;
  return entity === undefined ? [] : idsOf(entity);
}

function idsOf(entity: Entity['entity']): number[] {
  switch (entity.case) {
    case 'tableEntry':
      return [entity.value.tableId, ...actionsOf(entity.value.action)];
    case 'actionProfileMember':
      return [entity.value.actionProfileId, ...called(entity.value.action)];
    case 'actionProfileGroup':
      return [entity.value.actionProfileId];
    case 'directCounterEntry':
    case 'directMeterEntry':
      return [entity.value.tableEntry?.tableId ?? 0];
    case 'counterEntry':
      return [entity.value.counterId];
    case 'meterEntry':
      return [entity.value.meterId];
    case 'registerEntry':
      return [entity.value.registerId];
    case 'valueSetEntry':
      return [entity.value.valueSetId];
    case 'digestEntry':
      return [entity.value.digestId];
    case 'externEntry':
      return [entity.value.externId];
    case 'packetReplicationEngineEntry':
    case undefined:
      return [];
  }
}

function called(action: Action | undefined): number[] {
  return action === undefined ? [] : [action.actionId];
}

function actionsOf(action: TableAction | undefined): number[] {
  switch (action?.type.case) {
    case 'action':
      return called(action.type.value);
    case 'actionProfileActionSet':
      return action.type.value.actionProfileActions.flatMap((one) => called(one.action));
    case 'actionProfileMemberId':
    case 'actionProfileGroupId':
    case undefined:
      return [];
  }
}
