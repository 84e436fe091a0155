/**
 * Between entries as the settings mean them and a program that does not have all of it: what says
 * nothing there is left out, what says something is an error with what to do. Pure.
 */
import type { EntityErrorCode, EntrySpec } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { failure, success, type Result } from '#units/result';

export type FitErrorCode = EntityErrorCode | 'program-lacks';

/** Null: the program has no such table, and need not have it. */
export function fitEntry(
  index: P4InfoIndex,
  spec: EntrySpec,
): Result<EntrySpec | null, FitErrorCode> {
  if (!index.tables.byName(spec.table).ok) {
    return OPTIONAL_TABLES.has(spec.table)
      ? success(null)
      : failure('program-lacks', `the pipeline has no table '${spec.table}' yet`);
  }
  const action = index.actions.byName(spec.action.name);
  if (!action.ok) return action;
  const known = new Set(action.value.params.map(({ name }) => name));
  const params: Record<string, bigint> = {};
  for (const [name, value] of Object.entries(spec.action.params)) {
    if (known.has(name)) params[name] = value;
    else if (value !== 0n) {
      const what = `'${name}' in ${spec.table}`;
      return failure('program-lacks', `the pipeline has no ${what} yet`);
    }
  }
  return success({ ...spec, action: { ...spec.action, params } });
}

/** They say what holds by itself where a program has no such thing. */
const OPTIONAL_TABLES = new Set(['own_clock']);
