/**
 * What the messages of a table's entries mean, as `tp_rows_decode` wants to be told: for entries that are
 * a match, a priority and an action whose values are the dataplane's own.
 */
import type { MatchType, Slot } from '#compiler/layout';
import { mayBeUsed } from '../program/action-scope.js';
import type { ActionProgram, TableProgram } from '../program/program.js';

/** As rows.c numbers them. */
const KINDS: Readonly<Record<MatchType, number>> = {
  exact: 0,
  lpm: 1,
  ternary: 2,
  range: 3,
  optional: 4,
};

/** TP_PLAN_MOST_BITS of engine.h. */
const MOST_BITS = 1024;
const MOST_FIELDS = 31;

/** Null: entries of this table are more than rows say. */
export function rowPlan({ id, fields, ...table }: TableProgram): Uint32Array | null {
  const { layout, profileId, isConst, needsPriority } = table;
  const isPossible =
    layout.kind !== 'keyless' &&
    !isConst &&
    profileId === null &&
    fields.length <= MOST_FIELDS &&
    fields.every(
      ({ translation, bitwidth, layout: { bitwidth: bits, matchType } }) =>
        translation === null &&
        bitwidth === bits &&
        bits <= (matchType === 'range' ? 64 : MOST_BITS),
    );
  if (!isPossible) return null;
  const { keyWords, argWords } = layout;
  const actions = [...table.actionsById.values()].filter(isPlain);
  return Uint32Array.from([
    ...[id, needsPriority ? 1 : 0, keyWords, argWords, fields.length, actions.length],
    ...fields.flatMap((field) => [field.id, KINDS[field.layout.matchType], ...slot(field.layout)]),
    ...actions.flatMap((action) => [action.id, action.layout.index, ...params(action)]),
  ]);
}

function isPlain({ scope, params }: ActionProgram): boolean {
  const isPlainParam = ({ translation, bitwidth, slot }: ActionProgram['params'][number]) =>
    translation === null && bitwidth > 0 && slot.bitwidth > 0 && slot.bitwidth <= MOST_BITS;
  return mayBeUsed(scope, 'entry') && params.every(isPlainParam);
}

function params({ params: all }: ActionProgram): number[] {
  const words = all.flatMap(({ id, bitwidth, slot: { word, shift, bitwidth: bits } }) => [
    ...[id, Math.min(bitwidth, bits), word, shift],
  ]);
  return [all.length, ...words];
}

function slot({ bitwidth, word, shift }: Slot): number[] {
  return [bitwidth, word, shift];
}
