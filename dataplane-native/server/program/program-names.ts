/** How the things of a P4Info are found in the compiled layout: by their names. Pure. */
import type { TableLayout } from '#compiler/layout';
import type { MatchField, Preamble } from '#protos/p4/config/v1/p4info_pb';
import { MatchField_MatchType } from '#protos/p4/config/v1/p4info_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';

export const label = (preamble: Preamble | undefined): string => preamble?.name ?? '';

export interface Named {
  readonly preamble?: Preamble | undefined;
}

/**
 * p4c describes what a program declares, and compiles what it uses. Something that is not compiled was
 * taken out, unless something else is that the P4Info does not have: they are of two programs then.
 */
export function isRemoved(
  name: string,
  infos: readonly Named[],
  layouts: readonly { readonly name: string }[],
): boolean {
  const described = new Set(infos.map(({ preamble }) => label(preamble)));
  return layouts.every((layout) => layout.name !== name && described.has(layout.name));
}

/** Tables that p4c makes of statements have no control in their names. */
export function isWritten({ name }: TableLayout): boolean {
  return name.includes('.');
}

/** Without those that p4c took out. */
export function joinNamed<I extends Named, L extends { readonly name: string }>(
  infos: readonly I[],
  layouts: readonly L[],
  what: string,
): Outcome<[number, I, L][]> {
  const joined: [number, I, L][] = [];
  for (const info of infos) {
    const name = label(info.preamble);
    const layout = layouts.find((candidate) => candidate.name === name);
    if (layout === undefined) {
      if (isRemoved(name, infos, layouts)) continue;
      return missing(what, name);
    }
    joined.push([info.preamble?.id ?? 0, info, layout]);
  }
  return done(joined);
}

/** What `make` makes of each pair, by id; its first error otherwise. */
export function joinEach<I extends Named, L extends { readonly name: string }, T>(
  infos: readonly I[],
  layouts: readonly L[],
  what: string,
  make: (id: number, info: I, layout: L) => Outcome<T>,
): Outcome<ReadonlyMap<number, T>> {
  const joined = joinNamed(infos, layouts, what);
  if (!joined.ok) return joined;
  const made = new Map<number, T>();
  for (const [id, info, layout] of joined.value) {
    const one = make(id, info, layout);
    if (!one.ok) return one;
    made.set(id, one.value);
  }
  return done(made);
}

export function missing(what: string, name: string) {
  return invalid(`the P4Info's ${what} '${name}' is not in p4_device_config`);
}

export function isOptional({ match }: MatchField): boolean {
  return match.case === 'matchType' && match.value === MatchField_MatchType.OPTIONAL;
}

/** The P4Info has no width of values of type `error`; the compiled ones have. */
export function widthOf(
  info: { readonly bitwidth: number; readonly typeName?: unknown },
  compiledBits: number,
): number {
  return info.bitwidth === 0 && info.typeName === undefined ? compiledBits : info.bitwidth;
}
