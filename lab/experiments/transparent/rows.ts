/** What is compared with what: the rows of the table, as data. */
import type { Mechanism, Transport } from '../../peers/ptp4l.js';

export const DEVICES = ['direct', 'ptp4l', 'native', 'bmv2'] as const;
/** What stands between the clocks: nothing, ptp4l's own transparent clock, our switch, bmv2. */
export type Device = (typeof DEVICES)[number];

export type Step = 'one' | 'two';

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly device: Device;
  /** How residence is told. ptp4l's transparent clock is always two-step; null on a direct link. */
  readonly step: Step | null;
  /** In a row, one behind the other. */
  readonly switches: number;
}

/** Rows that are measured in turn, forth and back, on the same kind of network. */
export interface Comparison {
  readonly name: string;
  readonly title: string;
  readonly mechanism: Mechanism;
  readonly transport: Transport;
  readonly vlan: boolean;
  readonly unicast: boolean;
  /** The grandmaster's Syncs are one-step; the lab's own program sends them. */
  readonly oneStepMaster: boolean;
  /** Also under load. */
  readonly loaded: boolean;
  readonly rows: readonly Row[];
}

const direct: Row = {
  ...{ name: 'direct', title: 'direct link', device: 'direct', step: null, switches: 0 },
};

function ptp4l(mechanism: Mechanism, switches = 1): Row {
  const [name, title] = switches === 1 ? ['ptp4l', ''] : [`ptp4l-${switches}`, `${switches} × `];
  const step = 'two' as const;
  return { name, title: `${title}ptp4l ${mechanism}_TC`, device: 'ptp4l', step, switches };
}

function ours(step: Step, switches = 1): Row {
  const [name, title] =
    switches === 1 ? [`${step}-step`, ''] : [`${step}-step-${switches}`, `${switches} × `];
  return { name, title: `${title}timeplane ${step}-step`, device: 'native', step, switches };
}

function bmv2(step: Step): Row {
  return { name: `${step}-step`, title: `bmv2 ${step}-step`, device: 'bmv2', step, switches: 1 };
}

const PLAIN = {
  transport: 'L2',
  vlan: false,
  unicast: false,
  oneStepMaster: false,
  loaded: false,
} as const;

function single(mechanism: Mechanism, title: string): Comparison {
  return {
    ...PLAIN,
    ...{ name: mechanism.toLowerCase(), title, mechanism, loaded: true },
    rows: [direct, ptp4l(mechanism), ours('one'), ours('two')],
  };
}

function chain(mechanism: Mechanism, step: Step): Comparison {
  const kind = mechanism.toLowerCase();
  return {
    ...PLAIN,
    ...{ name: `chain-${kind}-${step}`, title: `${mechanism}, ${step}-step, in a row` },
    ...{ mechanism, loaded: true },
    rows: [ours(step), ours(step, 4), ours(step, 10), ptp4l(mechanism, 10)],
  };
}

const THREE = [ptp4l('E2E'), ours('one'), ours('two')];

export const COMPARISONS: readonly Comparison[] = [
  single('E2E', 'end-to-end'),
  single('P2P', 'peer-to-peer'),
  chain('E2E', 'one'),
  chain('E2E', 'two'),
  chain('P2P', 'one'),
  chain('P2P', 'two'),
  {
    ...PLAIN,
    name: 'udp4',
    title: 'UDP over IPv4',
    mechanism: 'E2E',
    rows: THREE,
    transport: 'UDPv4',
  },
  {
    ...PLAIN,
    name: 'udp6',
    title: 'UDP over IPv6',
    mechanism: 'E2E',
    rows: THREE,
    transport: 'UDPv6',
  },
  { ...PLAIN, name: 'vlan', title: 'one VLAN tag', mechanism: 'E2E', rows: THREE, vlan: true },
  {
    ...PLAIN,
    ...{ name: 'unicast', title: 'unicast, negotiated, over UDPv4', mechanism: 'E2E' },
    ...{ transport: 'UDPv4', unicast: true },
    // ptp4l's transparent clock does not forward unicast.
    rows: [direct, ours('one'), ours('two')],
  },
  {
    ...PLAIN,
    ...{ name: 'one-step-master', title: 'one-step grandmaster', mechanism: 'E2E' },
    ...{ oneStepMaster: true },
    rows: [direct, ...THREE],
  },
  {
    ...PLAIN,
    ...{ name: 'bmv2-e2e', title: 'on bmv2, end-to-end', mechanism: 'E2E' },
    rows: [bmv2('one'), bmv2('two')],
  },
  {
    ...PLAIN,
    ...{ name: 'bmv2-p2p', title: 'on bmv2, peer-to-peer', mechanism: 'P2P' },
    rows: [bmv2('one'), bmv2('two')],
  },
];

/** Asymmetry is no row of the table: it has a table of its own. */
export const ASYMMETRY = 'asymmetry';

/** Every name that `--only` takes beside `comparison/row`. */
export const SECTION_NAMES: readonly string[] = [...COMPARISONS.map(({ name }) => name), ASYMMETRY];

export interface Selection {
  readonly comparisons: readonly Comparison[];
  readonly asymmetry: boolean;
}

/**
 * What a list of `comparison`, `comparison/row` and `asymmetry` asks for, in our own order. An empty
 * list asks for everything; null where a name is unknown.
 */
export function select(names: readonly string[]): Selection | null {
  if (names.length === 0) return { comparisons: COMPARISONS, asymmetry: true };
  const known = new Set([
    ...SECTION_NAMES,
    ...COMPARISONS.flatMap(({ name, rows }) => rows.map((row) => `${name}/${row.name}`)),
  ]);
  if (names.some((name) => !known.has(name))) return null;
  const comparisons = COMPARISONS.map((comparison) => ({
    ...comparison,
    rows: comparison.rows.filter(
      (row) => names.includes(comparison.name) || names.includes(`${comparison.name}/${row.name}`),
    ),
  })).filter(({ rows }) => rows.length > 0);
  return { comparisons, asymmetry: names.includes(ASYMMETRY) };
}

/**
 * The order of the legs: forth and back, so that whatever drifts while we measure weighs on all rows
 * alike (A-B-B-A). With an odd number of legs the last one goes forth.
 */
export function legsOf<Item>(items: readonly Item[], legs: number): Item[] {
  return Array.from({ length: legs }, (_, leg) =>
    leg % 2 === 0 ? items : items.toReversed(),
  ).flat();
}
