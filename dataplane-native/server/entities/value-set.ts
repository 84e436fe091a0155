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
import type { Outcome } from '../errors.js';
import { DONE, done, fail, fromEngine, invalid, notFound } from '../errors.js';
import { decodeKey, encodeKey, keyText, type KeyWords } from '../match.js';
import type { ValueSetProgram } from '../program.js';
import type { ForwardingState, StoredValue } from '../state.js';
import { unimplemented } from '../unimplemented.js';
import type { WriteType } from '../write-type.js';

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
  if (set.fields.some(({ layout }) => layout.matchType === 'range')) {
    return unimplemented('rangeValueSets');
  }
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
  { id, layout }: ValueSetProgram,
  wanted: ReadonlyMap<string, KeyWords>,
): Outcome<void> {
  const table = layout.index;
  const kept = new Map<string, StoredValue>();
  for (const stored of state.valueSets.get(id) ?? []) {
    const key = keyText(stored.words);
    if (wanted.has(key)) kept.set(key, stored);
    else state.engine.tableRemove(table, stored.handle);
  }
  const members: StoredValue[] = [];
  for (const [key, words] of wanted) {
    const old = kept.get(key);
    if (old !== undefined) {
      members.push(old);
      continue;
    }
    const args = new BigUint64Array();
    const inserted = state.engine.tableInsert({ table, ...words, priority: 0, action: 0, args });
    if (!inserted.ok) {
      const rest = [...kept.values()].filter((stored) => !members.includes(stored));
      state.valueSets.set(id, [...members, ...rest]);
      return fromEngine(inserted.error);
    }
    members.push({ handle: inserted.value, words });
  }
  state.valueSets.set(id, members);
  return DONE;
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
