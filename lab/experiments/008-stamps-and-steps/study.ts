/** One-step and two-step transparent clocks, by stamps of bmv2, of NICs, and of a nanosecond. */
import type { Distribution } from '../../sim/random.js';
import { simulatedNetwork } from '../../sim/simulated-network.js';
import { World } from '../../sim/world.js';
import { clockErrors } from '../../study/clock-errors.js';
import { estimateRms, type Estimate } from '../../study/estimate.js';
import { grouped, seedsOf, type Check, type Study } from '../../study/study.js';
import { chain } from '../../topologies/shapes.js';

type Kind = 'one-step at the MAC' | 'one-step, predicted' | 'two-step';

export interface Point {
  readonly seed: number;
  readonly kind: Kind;
  readonly granularityNs: number;
  readonly switches: number;
  readonly seconds: number;
}

export interface Outcome {
  readonly rmsNs: number;
  readonly p99Ns: number;
}

const KINDS: readonly Kind[] = ['one-step at the MAC', 'one-step, predicted', 'two-step'];
/**
 * A one-step frame of a software switch is corrected before it leaves, by what the way to the stamp takes
 * as a rule. What it takes beyond: nothing in the median, now and then a wakeup.
 */
const PREDICTION: Distribution = {
  kind: 'quantiles',
  points: [
    { share: 0, ns: -150 },
    { share: 0.5, ns: 0 },
    { share: 0.9, ns: 150 },
    { share: 0.99, ns: 700 },
    { share: 1, ns: 3_000 },
  ],
};
const EXTENT = {
  quick: { granularitiesNs: [1_000, 8], switches: [1, 4], seconds: 300 },
  full: { granularitiesNs: [1_000, 8, 1], switches: [1, 2, 4, 10], seconds: 1_200 },
} as const;
const STYLES = {
  'one-step at the MAC': 'points',
  'one-step, predicted': 'dashed',
  'two-step': 'line',
} as const satisfies Record<Kind, string>;
const SETTLE_SECONDS = 300;
const TOLERANCE = 0.01;

export const stampsAndSteps: Study<Point, Outcome> = {
  name: '008-stamps-and-steps',
  title: 'One-step, two-step, and what stamps resolve',
  question:
    'What do stamps of 1 µs (bmv2), 8 ns and 1 ns cost behind N transparent clocks, one-step and two-step?',
  seeds: { quick: 2, full: 6 },
  points: (scale) => {
    const { granularitiesNs, switches, seconds } = EXTENT[scale.name];
    return KINDS.flatMap((kind) =>
      granularitiesNs.flatMap((granularityNs) =>
        switches.flatMap((count) =>
          seedsOf(scale).map((seed) => ({ seed, kind, granularityNs, switches: count, seconds })),
        ),
      ),
    );
  },
  simulate({ seed, kind, granularityNs, switches, seconds }) {
    const world = new World({ seed });
    const network = simulatedNetwork(world, chain(switches, 'transparent'), {
      port: { logSyncInterval: -3 },
      // The clients' own stamps are those of the transparent clocks, too: one kind of hardware.
      timestamper: { granularityNs, jitter: { kind: 'none' } },
      // No whole number of steps: where in its step a stamp falls is chance.
      transparent: {
        residenceNs: 10_437,
        port: { twoStep: kind === 'two-step' },
        ...(kind === 'one-step, predicted' ? { prediction: PREDICTION } : {}),
      },
    });
    network.start();
    const client = network.clocks.get('client');
    if (client === undefined) throw new RangeError('no client');
    world.run(SETTLE_SECONDS);
    const errors: number[] = [];
    for (let sample = 0; sample < seconds * 4; sample += 1) {
      world.run(0.25);
      errors.push(client.errorNs);
    }
    const { rmsNs, p99Ns } = clockErrors(errors);
    return { rmsNs, p99Ns };
  },
  summarise(runs) {
    const key = ({ kind, granularityNs, switches }: Point) =>
      [kind, granularityNs, switches].join('/');
    const rows = [...grouped(runs, key).values()].flatMap((group) => {
      const point = group[0]?.point;
      if (point === undefined) return [];
      const rms = estimateRms(group.map(({ outcome }) => outcome.rmsNs));
      const p99 = estimateRms(group.map(({ outcome }) => outcome.p99Ns));
      return [{ point, rms, p99 }];
    });
    const granularities = [...new Set(rows.map(({ point }) => point.granularityNs))];
    const lines = [
      ...grouped(
        rows.map((row) => ({ point: row.point, outcome: row })),
        ({ kind, granularityNs }) => `${kind}, ${granularityNs} ns`,
      ),
    ];
    return {
      tables: [
        {
          title: 'Error of the client, ns; 8 Syncs a second',
          columns: ['', 'stamps, ns', 'switches', 'rms', 'p99'].map((name) => ({
            name,
            digits: 3,
          })),
          rows: rows.map(({ point, rms, p99 }) => [
            point.kind,
            point.granularityNs,
            point.switches,
            rms,
            p99,
          ]),
        },
      ],
      charts: [
        {
          title: 'One-step, two-step, and what stamps resolve',
          x: { label: 'switches', scale: 'log', isTight: true },
          y: { label: 'rms of the client’s error, ns', scale: 'log' },
          series: lines.map(([name, group]) => ({
            name,
            colour: granularities.indexOf(group[0]?.point.granularityNs ?? 0),
            style: STYLES[group[0]?.point.kind ?? 'two-step'],
            points: group.map(({ outcome }) => ({
              x: outcome.point.switches,
              y: outcome.rms.mean,
              half: outcome.rms.half,
            })),
          })),
        },
      ],
      checks: stepChecks(rows),
      notes: [
        'Steps cost nothing by themselves: one-step at the MAC and two-step are the same to the figure. What costs is a one-step switch that has to predict when a frame leaves.',
      ],
    };
  },
};

interface Row {
  readonly point: Point;
  readonly rms: Estimate;
}

/** Where the stamp is, is where the correction is: how it is told has to make no difference. */
function stepChecks(rows: readonly Row[]): Check[] {
  return rows.flatMap(({ point, rms }): Check[] => {
    if (point.kind !== 'two-step') return [];
    const { granularityNs, switches } = point;
    const other = rows.find(
      (row) =>
        row.point.kind === 'one-step at the MAC' &&
        row.point.granularityNs === granularityNs &&
        row.point.switches === switches,
    );
    if (other === undefined) return [];
    const what = `two-step as one-step at the MAC: rms, ${switches} switches, ${granularityNs} ns`;
    const { mean: found, half } = rms;
    return [{ what, found, half, expected: other.rms.mean, tolerance: TOLERANCE }];
  });
}
