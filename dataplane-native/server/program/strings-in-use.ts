/** Which numbers of translated strings the forwarding state refers to, so that others can be had. */
import type { Slot } from '#compiler/layout';
import { membersOf } from '../entities/action-reference.js';
import type { ActionProgram } from './program.js';
import type { ForwardingState, Reference, TableState } from '../state/state.js';
import type { Translation } from './translation.js';
import { readSlot } from '../state/words.js';

type Translated = readonly (readonly [Translation, Slot])[];
type Note = (translated: Translated, words: BigUint64Array) => void;

/** Takes back the numbers that nothing refers to, where there are no others left. */
export function reclaimStrings(state: ForwardingState): void {
  const full = state.program.translations.spaces.filter(({ isFull }) => isFull);
  if (full.length === 0) return;
  const used = new Map<Translation, Set<bigint>>(full.map((space) => [space, new Set<bigint>()]));
  const note: Note = (translated, words) => {
    for (const [translation, slot] of translated) {
      used.get(translation)?.add(readSlot(words, slot));
    }
  };
  for (const table of state.tables.values()) noteTable(table, note);
  for (const { members } of state.profiles.values()) {
    for (const { action, args } of members.values()) note(paramsOf(action), args);
  }
  for (const [id, members] of state.valueSets) {
    const fields = fieldsOf(state.program.valueSets.get(id)?.fields ?? []);
    for (const { words } of members) note(fields, words.key);
  }
  for (const space of full) space.retain(used.get(space) ?? new Set());
}

function noteTable({ program, entries, defaultEntry }: TableState, note: Note): void {
  const fields = fieldsOf(program.fields);
  const params = new Map(
    [...program.actionsByIndex].map(([index, action]) => [index, paramsOf(action)]),
  );
  for (const { words, action, reference } of joined(defaultEntry, entries)) {
    note(fields, words.key);
    if (reference !== null) noteReference(reference, note);
    else if (action !== null) note(params.get(action.action) ?? [], action.args);
  }
}

function* joined<T>(first: T, others: Iterable<T>): Generator<T> {
  yield first;
  yield* others;
}

/** Members of a profile are noted there. */
function noteReference(reference: Reference, note: Note): void {
  if (reference.kind !== 'actionSet') return;
  for (const { action, args } of membersOf(reference.set)) note(paramsOf(action), args);
}

function fieldsOf(
  fields: readonly { readonly translation: Translation | null; readonly layout: Slot }[],
): Translated {
  return fields.flatMap(({ translation, layout }) =>
    translation === null ? [] : [[translation, layout] as const],
  );
}

function paramsOf({ params }: ActionProgram): Translated {
  return params.flatMap(({ translation, slot }) =>
    translation === null ? [] : [[translation, slot] as const],
  );
}
