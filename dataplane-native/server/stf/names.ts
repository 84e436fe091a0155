/** What a test calls by name, found in the P4Info. Names may lack their first parts. Pure. */
import type { Action, P4Info, Preamble, Table } from '#protos/p4/config/v1/p4info_pb';

/** The thing, or what to tell whoever wrote the name. */
export type Found<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** `name` is `full`, or all of its last parts. */
function isCalled(full: string, name: string): boolean {
  return full === name || full.endsWith(`.${name}`);
}

const SHOWN = 8;

function list(names: readonly string[]): string {
  const more = names.length > SHOWN ? ', …' : '';
  return names.length === 0 ? 'none' : `${names.slice(0, SHOWN).join(', ')}${more}`;
}

/** The one of `items` whose name is meant. A whole name goes before a part of one. */
export function findNamed<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  name: string,
  what: string,
): Found<T> {
  const exact = items.find((item) => nameOf(item) === name);
  if (exact !== undefined) return { ok: true, value: exact };
  const [first, ...others] = items.filter((item) => isCalled(nameOf(item), name));
  if (first === undefined) {
    return { ok: false, message: `there is no ${what} '${name}': ${list(items.map(nameOf))}` };
  }
  return others.length === 0
    ? { ok: true, value: first }
    : {
        ok: false,
        message: `'${name}' may be any of ${list([first, ...others].map(nameOf))}`,
      };
}

interface Named {
  readonly preamble?: Preamble | undefined;
}

export function findByPreamble<T extends Named>(
  items: readonly T[],
  name: string,
  what: string,
): Found<T> {
  return findNamed(items, ({ preamble }) => preamble?.name ?? '', name, what);
}

/** An action that `table` may call. p4c's own NoAction is also written `_NoAction`. */
export function findAction(info: P4Info, table: Table, name: string): Found<Action> {
  const ids = new Set(table.actionRefs.map(({ id }) => id));
  const actions = info.actions.filter(({ preamble }) => ids.has(preamble?.id ?? 0));
  const what = `action of table '${table.preamble?.name ?? ''}' called`;
  return findByPreamble(actions, name === '_NoAction' ? 'NoAction' : name, what);
}

/** Keys are written as tests for other targets do: `a$0` is `a[0]`, `valid` is the validity. */
export function findMatchField(table: Table, name: string): Found<Table['matchFields'][number]> {
  const written = name.replace(/\$(\d+)/g, '[$1]');
  const candidates = [written, written.replace(/(^|\.)\$?valid\$?$/, '$1$$valid$$')];
  const what = `key of table '${table.preamble?.name ?? ''}' called`;
  let found: Found<Table['matchFields'][number]> | null = null;
  for (const candidate of candidates) {
    found = findNamed(table.matchFields, (field) => field.name, candidate, what);
    if (found.ok) return found;
  }
  return found ?? { ok: false, message: `there is no ${what} '${name}'` };
}
