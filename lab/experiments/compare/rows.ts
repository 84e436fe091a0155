/** What is compared: the rows of the table, as data, and how --only names them. */
export const COMPARE_KINDS = ['direct', 'tc-one', 'tc-two', 'bc', 'bridge'] as const;
/** What stands between the clocks: nothing, or our switches in the row: as transparent clocks, one-step or
 * two-step, as boundary clocks, or as switches that know nothing of PTP. */
export type CompareKind = (typeof COMPARE_KINDS)[number];

export const COMPARE_TITLES: Readonly<Record<CompareKind, string>> = {
  direct: 'direct link',
  'tc-one': 'transparent, one-step',
  'tc-two': 'transparent, two-step',
  bc: 'boundary',
  bridge: 'plain bridge',
};

export const CHAIN_LENGTHS: readonly number[] = [1, 2, 4, 8];

export interface CompareRow {
  readonly name: string;
  readonly kind: CompareKind;
  readonly switches: number;
}

const BETWEEN = COMPARE_KINDS.filter((kind) => kind !== 'direct');

/** What is compared with each other is measured one after the other. */
export const COMPARE_ROWS: readonly CompareRow[] = [
  { name: 'direct', kind: 'direct', switches: 0 },
  ...CHAIN_LENGTHS.flatMap((switches) =>
    BETWEEN.map((kind) => ({ name: `${kind}-${switches}`, kind, switches })),
  ),
];

export function rowTitle({ kind, switches }: CompareRow): string {
  return kind === 'direct' ? COMPARE_TITLES.direct : `${switches} × ${COMPARE_TITLES[kind]}`;
}

/**
 * What a list of kinds and rows (`bc`, `tc-two-4`) asks for, in our own order. An empty list asks for
 * everything; null where a name is unknown.
 */
export function selectRows(names: readonly string[]): readonly CompareRow[] | null {
  if (names.length === 0) return COMPARE_ROWS;
  const known = new Set(COMPARE_ROWS.flatMap(({ name, kind }) => [name, kind]));
  if (names.some((name) => !known.has(name))) return null;
  return COMPARE_ROWS.filter(({ name, kind }) => names.includes(name) || names.includes(kind));
}
