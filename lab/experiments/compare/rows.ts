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

export const ENVIRONMENTS = ['namespaces', 'mininet'] as const;
/** What the row is built of: the lab's own namespaces and links, or Mininet's hosts, links and switches. */
export type Environment = (typeof ENVIRONMENTS)[number];

export interface CompareRow {
  /** No two rows have the same. */
  readonly name: string;
  readonly environment: Environment;
  readonly kind: CompareKind;
  readonly switches: number;
}

const BETWEEN = COMPARE_KINDS.filter((kind) => kind !== 'direct');

function rowOf(environment: Environment, kind: CompareKind, switches: number): CompareRow {
  const name = kind === 'direct' ? kind : `${kind}-${switches}`;
  const prefix = environment === 'namespaces' ? '' : `${environment}-`;
  return { name: `${prefix}${name}`, environment, kind, switches };
}

function rowsOf(environment: Environment): readonly CompareRow[] {
  const between = CHAIN_LENGTHS.flatMap((switches) =>
    BETWEEN.map((kind) => rowOf(environment, kind, switches)),
  );
  return [rowOf(environment, 'direct', 0), ...between];
}

/** What is compared with each other is measured one after the other. */
export const COMPARE_ROWS: readonly CompareRow[] = ENVIRONMENTS.flatMap(rowsOf);

export function rowTitle({ environment, kind, switches }: CompareRow): string {
  const title = kind === 'direct' ? COMPARE_TITLES.direct : `${switches} × ${COMPARE_TITLES[kind]}`;
  return environment === 'mininet' ? `${title} (Mininet)` : title;
}

/**
 * What a list of kinds and rows (`bc`, `tc-two-4`, `mininet-bc-2`) asks for in these environments, in our own
 * order; a row without its environment is the one in each. An empty list asks for everything; null where a name
 * is unknown.
 */
export function selectRows(
  names: readonly string[],
  environments: readonly Environment[] = ENVIRONMENTS,
): readonly CompareRow[] | null {
  const namesOf = ({ name, environment, kind, switches }: CompareRow): readonly string[] => [
    ...[name, kind, rowOf('namespaces', kind, switches).name],
    ...(environment === 'namespaces' ? [] : [`${environment}-${kind}`]),
  ];
  const known = new Set(COMPARE_ROWS.flatMap(namesOf));
  if (names.some((name) => !known.has(name))) return null;
  return COMPARE_ROWS.filter(
    (row) =>
      environments.includes(row.environment) &&
      (names.length === 0 || namesOf(row).some((name) => names.includes(name))),
  );
}

/** Of a quick look: in Mininet the kinds that are compared, in the shorter rows. */
const QUICK_KINDS: readonly CompareKind[] = ['tc-two', 'bc'];
const QUICK_SWITCHES = 2;

export function isQuick({ environment, kind, switches }: CompareRow): boolean {
  return environment === 'namespaces' || (QUICK_KINDS.includes(kind) && switches <= QUICK_SWITCHES);
}
