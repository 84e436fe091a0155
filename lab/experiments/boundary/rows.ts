/** What `timeplane lab boundary` runs: the rows of its tables, as data, and how --only names them. */
import type { Mechanism, Transport } from '../../peers/ptp4l.js';
import { DEFAULT_RATES, FAST_RATES, type BoundaryKind, type Rates } from './clocks.js';
import type { FailoverWay } from './failover.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

export interface AccuracyPlanRow {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly BoundaryKind[];
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  readonly step: 'one' | 'two';
}

export interface FailoverPlanRow {
  readonly name: string;
  readonly rates: keyof typeof RATES;
  readonly way: FailoverWay;
  readonly kind: BoundaryKind;
}

export const RATES = { fast: FAST_RATES, default: DEFAULT_RATES } as const satisfies Record<
  string,
  Rates
>;

type Where = Pick<AccuracyPlanRow, 'transport' | 'mechanism'>;

const L2: Where = { transport: 'L2', mechanism: 'E2E' };
const THREE = 3;

function theirs(name: string, where: Where, clocks = 1): AccuracyPlanRow {
  const kinds = Array.from({ length: clocks }, () => 'ptp4l' as const);
  return {
    name: `${name}-ptp4l`,
    title: titleOf('ptp4l', where, clocks),
    kinds,
    step: 'two',
    ...where,
  };
}

function ours(
  name: string,
  where: Where,
  clocks = 1,
  step: 'one' | 'two' = 'two',
): AccuracyPlanRow {
  const kinds = Array.from({ length: clocks }, () => 'timeplane' as const);
  const title = titleOf(`timeplane ${step}-step`, where, clocks);
  return { name: `${name}-${step}-step`, title, kinds, step, ...where };
}

function titleOf(what: string, { transport, mechanism }: Where, clocks: number): string {
  return `${clocks === 1 ? '' : `${clocks} × `}${what}, ${transport}, ${mechanism}`;
}

const P2P: Where = { transport: 'L2', mechanism: 'P2P' };
const UDP4: Where = { transport: 'UDPv4', mechanism: 'E2E' };
const UDP6: Where = { transport: 'UDPv6', mechanism: 'E2E' };

export const ACCURACY: readonly AccuracyPlanRow[] = [
  ...[theirs('l2', L2), ours('l2', L2), ours('l2', L2, 1, 'one')],
  ...[theirs('p2p', P2P), ours('p2p', P2P)],
  ...[theirs('udp4', UDP4), ours('udp4', UDP4)],
  ...[theirs('udp6', UDP6), ours('udp6', UDP6)],
  ...[theirs('three', L2, THREE), ours('three', L2, THREE)],
  { name: 'bmv2', title: titleOf('timeplane on bmv2', L2, 1), kinds: ['bmv2'], step: 'two', ...L2 },
];

const FAILOVER_KINDS: readonly BoundaryKind[] = ['ptp4l', 'timeplane', 'timeplane-sync'];

export const FAILOVER: readonly FailoverPlanRow[] = (
  [
    ['fast', 'kill'],
    ['fast', 'link'],
    ['default', 'kill'],
  ] as const
).flatMap(([rates, way]) =>
  FAILOVER_KINDS.map((kind) => ({ name: `${rates}-${way}-${kind}`, rates, way, kind })),
);

export interface BoundarySelection {
  readonly scenarios: readonly Scenario[];
  readonly accuracy: readonly AccuracyPlanRow[];
  readonly failover: readonly FailoverPlanRow[];
}

/** Every name of a section; `section/row` names a row of it. */
export const BOUNDARY_SECTIONS = ['scenarios', 'accuracy', 'failover'] as const;

/** What a list of `section` and `section/row` asks for; an empty one: everything. Null: an unknown
 * name. */
export function selectBoundary(names: readonly string[]): BoundarySelection | null {
  if (names.length === 0) return { scenarios: SCENARIOS, accuracy: ACCURACY, failover: FAILOVER };
  const unknown = new Set(names);
  const chosen = <Row extends { readonly name: string }>(
    section: (typeof BOUNDARY_SECTIONS)[number],
    rows: readonly Row[],
  ): readonly Row[] => {
    const all = unknown.has(section) || names.includes(section);
    unknown.delete(section);
    return rows.filter(({ name }) => {
      const isNamed = names.includes(`${section}/${name}`);
      unknown.delete(`${section}/${name}`);
      return all || isNamed;
    });
  };
  const selection = {
    scenarios: chosen('scenarios', SCENARIOS),
    accuracy: chosen('accuracy', ACCURACY),
    failover: chosen('failover', FAILOVER),
  };
  return unknown.size === 0 ? selection : null;
}
