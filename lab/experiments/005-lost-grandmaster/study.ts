/** A grandmaster that loses its power: how long until clients follow another one, and how far off they get. */
import type { OscillatorPreset } from '../../sim/oscillator.js';
import { OSCILLATOR_PRESETS } from '../../sim/oscillator.js';
import { simulatedNetwork } from '../../sim/simulated-network.js';
import { World } from '../../sim/world.js';
import { estimate, estimateRms } from '../../study/estimate.js';
import { grouped, seedsOf, type Check, type Run, type Study } from '../../study/study.js';
import { chain, PATCH } from '../../topologies/shapes.js';
import type { Topology } from '../../topologies/topology.js';

type Between = 'boundary' | 'transparent';

export interface Point {
  readonly seed: number;
  readonly between: Between;
  readonly switches: number;
  /** Whether there is another grandmaster, its time 200 ns later. */
  readonly hasOther: boolean;
  readonly oscillator: OscillatorPreset;
}

export interface Outcome {
  /** Seconds until the client's grandmaster is the other one; null: there is none. */
  readonly followsAfter: number | null;
  /** Of the client's error within a minute, and its change after a minute and after ten. Nanoseconds. */
  readonly worstNs: number;
  readonly afterMinuteNs: number;
  readonly afterTenNs: number;
}

const SWITCHES = { quick: [1, 4], full: [1, 4, 10, 20] } as const;
const OTHER_NS = 200;
const SETTLE_SECONDS = 900;
const STAMPS = { granularityNs: 8, jitter: { kind: 'normal', sigmaNs: 20 } } as const;
const STEP_SECONDS = 0.25;
const OTHER = 'grandmaster-2';

export const lostGrandmaster: Study<Point, Outcome> = {
  name: '005-lost-grandmaster',
  title: 'The grandmaster loses its power',
  question:
    'How long until the client behind N switches follows another one, and how far off does it get?',
  seeds: { quick: 2, full: 8 },
  points: (scale) =>
    (['boundary', 'transparent'] as const).flatMap((between) =>
      SWITCHES[scale.name].flatMap((switches) =>
        seedsOf(scale).flatMap((seed): Point[] => [
          { seed, between, switches, hasOther: true, oscillator: 'tcxo' },
          { seed, between, switches, hasOther: false, oscillator: 'tcxo' },
          { seed, between, switches, hasOther: false, oscillator: 'ocxo' },
        ]),
      ),
    ),
  simulate,
  summarise: (runs) => ({
    tables: [otherTable(runs), aloneTable(runs)],
    charts: [followChart(runs)],
    checks: followChecks(runs),
    notes: [
      'A client behind boundary clocks learns of the other grandmaster from the clock above it: the first one has to miss three Announce, the others are told at once. Behind transparent clocks the client misses them itself.',
      'Alone, every clock runs on by what it has learned: the client behind boundary clocks follows the last one that still has a say, which is in holdover itself.',
    ],
  }),
};

function topologyOf({ between, switches, hasOther }: Point): Topology {
  const row = chain(switches, between);
  if (!hasOther) return row;
  const link = { a: OTHER, b: 'switch-1', ...PATCH };
  return {
    ...row,
    nodes: [...row.nodes, { name: OTHER, role: 'grandmaster' }],
    links: [...row.links, link],
  };
}

export function simulate(point: Point): Outcome {
  const world = new World({ seed: point.seed });
  const network = simulatedNetwork(world, topologyOf(point), {
    oscillator: OSCILLATOR_PRESETS[point.oscillator],
    timestamper: STAMPS,
  });
  network.start();
  network.clocks.get(OTHER)?.setTime(OTHER_NS, 'its own time');
  const client = network.clocks.get('client');
  const other = network.clocks.get(OTHER);
  if (client === undefined) throw new RangeError('no client');
  world.run(SETTLE_SECONDS + world.stream('moment').uniform());
  network.clocks.get('grandmaster')?.die();
  const beforeNs = client.errorNs;
  const otherIdentity = other?.instance.status(world.now).defaultDS.clockIdentity;
  let followsAfter: number | null = null;
  let worstNs = 0;
  let afterMinuteNs = 0;
  for (let step = 1; step * STEP_SECONDS <= 600; step += 1) {
    world.run(STEP_SECONDS);
    const seconds = step * STEP_SECONDS;
    const { parentDS } = client.status;
    if (followsAfter === null && parentDS.grandmasterIdentity === otherIdentity) {
      followsAfter = seconds;
    }
    if (seconds <= 60) worstNs = Math.max(worstNs, Math.abs(client.errorNs));
    if (seconds === 60) afterMinuteNs = client.errorNs - beforeNs;
  }
  return { followsAfter, worstNs, afterMinuteNs, afterTenNs: client.errorNs - beforeNs };
}

type Runs = readonly Run<Point, Outcome>[];

const NAMES = { boundary: 'boundary clocks', transparent: 'transparent clocks' } as const;

function otherTable(runs: Runs) {
  const own = runs.filter(({ point }) => point.hasOther);
  const groups = [...grouped(own, ({ between, switches }) => `${between} ${switches}`).values()];
  return {
    title: `Another grandmaster ${OTHER_NS} ns later takes over`,
    columns: [
      { name: 'behind' },
      { name: 'switches' },
      { name: 'follows after, s', digits: 3 },
      { name: 'furthest off, ns', digits: 3 },
    ],
    rows: groups.map((group) => {
      const { between = 'boundary', switches = 0 } = group[0]?.point ?? {};
      const after = group.map(({ outcome }) => outcome.followsAfter ?? Number.NaN);
      const worst = group.map(({ outcome }) => outcome.worstNs);
      return [NAMES[between], switches, estimate(after), estimate(worst)];
    }),
  };
}

/**
 * Three intervals of 2 s after the last Announce, which was up to one ago, and a random share of one
 * (9.2.6.12): 6 s in the mean; then the second Announce of the other, 2 s after its first (9.3.2.4.4).
 */
const EXPECTED_SECONDS = 8;
const TOLERANCE = 0.35;

function followChecks(runs: Runs): Check[] {
  const own = runs.filter(({ point }) => point.hasOther);
  const groups = grouped(own, ({ between, switches }) => `${NAMES[between]}, ${switches} switches`);
  return [...groups].map(([name, group]) => {
    const after = group.map(({ outcome }) => outcome.followsAfter ?? Number.NaN);
    const { mean: found, half } = estimate(after);
    const what = `seconds until the client follows, ${name}`;
    return { what, found, half, expected: EXPECTED_SECONDS, tolerance: TOLERANCE };
  });
}

function aloneTable(runs: Runs) {
  const own = runs.filter(({ point }) => !point.hasOther);
  const key = ({ between, switches, oscillator }: Point) => `${oscillator} ${between} ${switches}`;
  return {
    title: 'Nobody takes over: how far the client’s time has moved, rms over seeds, ns',
    columns: [
      { name: 'oscillators' },
      { name: 'behind' },
      { name: 'switches' },
      { name: 'after a minute', digits: 3 },
      { name: 'after ten', digits: 3 },
    ],
    rows: [...grouped(own, key).values()].map((group) => {
      const { between = 'boundary', switches = 0, oscillator = '' } = group[0]?.point ?? {};
      const of = (what: 'afterMinuteNs' | 'afterTenNs') =>
        estimateRms(group.map(({ outcome }) => outcome[what]));
      return [oscillator, NAMES[between], switches, of('afterMinuteNs'), of('afterTenNs')];
    }),
  };
}

function followChart(runs: Runs) {
  const own = runs.filter(({ point }) => point.hasOther);
  return {
    title: 'Until the client follows the other grandmaster',
    x: { label: 'switches', scale: 'linear' as const },
    y: { label: 'seconds', scale: 'linear' as const },
    series: (['boundary', 'transparent'] as const).map((between) => {
      const mine = own.filter(({ point }) => point.between === between);
      const points = [...grouped(mine, ({ switches }) => String(switches)).values()].map(
        (group) => {
          const { mean, half } = estimate(
            group.map(({ outcome }) => outcome.followsAfter ?? Number.NaN),
          );
          return { x: group[0]?.point.switches ?? 0, y: mean, half };
        },
      );
      return { name: NAMES[between], points };
    }),
  };
}
