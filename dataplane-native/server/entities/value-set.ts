/** ValueSetEntry (specification 1.5, section of that name): what a parser's select looks up. */
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Entity, ValueSetEntry } from '#protos/p4/v1/p4runtime_pb';
import {
  EntitySchema,
  Update_Type,
  ValueSetEntrySchema,
  ValueSetMemberSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { EntryHandle } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import { decodeKey, encodeKey, keyText, type KeyWords } from '../state/match.js';
import type { ValueSetProgram } from '../program/program.js';
import type { ForwardingState, StoredValue } from '../state/state.js';
import { withoutRanges } from './value-ranges.js';
import type { WriteType } from '../write/write-type.js';

function findValueSet(state: ForwardingState, id: number): Outcome<ValueSetProgram> {
  if (id === 0) return invalid('value_set_id is not set');
  const set = state.program.valueSets.get(id);
  return set === undefined ? notFound(`no value set has the id ${id}`) : done(set);
}

/** Replaces all members; those that stay are matched meanwhile. */
export function writeValueSetEntry(
  state: ForwardingState,
  type: WriteType,
  entry: ValueSetEntry,
): Outcome<void> {
  if (type !== Update_Type.MODIFY) return invalid('a value set can only be modified');
  const found = findValueSet(state, entry.valueSetId);
  if (!found.ok) return found;
  const set = found.value;
  const size = Math.min(set.size, set.layout.size);
  if (entry.members.length > size) {
    const message = `value set '${set.name}' has room for ${size} members`;
    return fail(status.RESOURCE_EXHAUSTED, message);
  }
  const wanted = new Map<string, KeyWords>();
  for (const { match } of entry.members) {
    const words = encodeKey(set, match);
    if (!words.ok) return words;
    const key = keyText(words.value);
    if (wanted.has(key)) {
      return fail(status.ALREADY_EXISTS, `value set '${set.name}': a member is there twice`);
    }
    wanted.set(key, words.value);
  }
  return replace(state, set, wanted);
}

function replace(
  state: ForwardingState,
  set: ValueSetProgram,
  wanted: ReadonlyMap<string, KeyWords>,
): Outcome<void> {
  const table = set.layout.index;
  const kept = new Map<string, StoredValue>();
  let number = 0;
  for (const stored of state.valueSets.get(set.id) ?? []) {
    const key = keyText(stored.words);
    number = Math.max(number, stored.number);
    if (wanted.has(key)) kept.set(key, stored);
    else removeValues(state, table, stored.handles);
  }
  const members: StoredValue[] = [];
  for (const [key, words] of wanted) {
    const old = kept.get(key);
    if (old !== undefined) {
      members.push(old);
      continue;
    }
    number += 1;
    const inserted = insertValues(state, set, words, number);
    if (!inserted.ok) {
      const rest = [...kept.values()].filter((stored) => !members.includes(stored));
      state.valueSets.set(set.id, [...members, ...rest]);
      return inserted;
    }
    members.push({ handles: inserted.value, words, number });
  }
  state.valueSets.set(set.id, members);
  return DONE;
}

function removeValues(
  state: ForwardingState,
  table: number,
  handles: readonly EntryHandle[],
): void {
  for (const handle of handles) state.engine.tableRemove(table, handle);
}

/** A member as the engine's entries: all of them or none. Its number, as their priority, keeps them
 * apart from those of members that overlap it. */
function insertValues(
  state: ForwardingState,
  { fields, layout, name }: ValueSetProgram,
  words: KeyWords,
  number: number,
): Outcome<EntryHandle[]> {
  const table = layout.index;
  const handles: EntryHandle[] = [];
  const args = new BigUint64Array();
  const entries = withoutRanges(fields, words, layout.maxEntries);
  if (entries === null) {
    const message = `value set '${name}': the ranges of a member are too many values under masks`;
    return fail(status.RESOURCE_EXHAUSTED, message);
  }
  for (const masked of entries) {
    const entry = { table, ...masked, priority: number, action: 0, args };
    const inserted = state.engine.tableInsert(entry);
    if (!inserted.ok) {
      removeValues(state, table, handles);
      return fromEngine(inserted.error);
    }
    handles.push(inserted.value);
  }
  return done(handles);
}

export function readValueSetEntries(
  state: ForwardingState,
  filter: ValueSetEntry,
): Outcome<Entity[]> {
  if (filter.valueSetId === 0) {
    return done([...state.program.valueSets.values()].map((set) => entity(state, set)));
  }
  const found = findValueSet(state, filter.valueSetId);
  return found.ok ? done([entity(state, found.value)]) : found;
}

function entity(state: ForwardingState, set: ValueSetProgram): Entity {
  const members = (state.valueSets.get(set.id) ?? []).map(({ words }) =>
    create(ValueSetMemberSchema, { match: decodeKey(set, words) }),
  );
  const value = create(ValueSetEntrySchema, { valueSetId: set.id, members });
  return create(EntitySchema, { entity: { case: 'valueSetEntry', value } });
}
