/** What it costs that a transparent clock counts residence by a clock that is off (10.3). */
import { simulatedNetwork } from '../../sim/simulated-network.js';
import { World } from '../../sim/world.js';
import { clockErrors } from '../../study/clock-errors.js';
import { estimate } from '../../study/estimate.js';
import { grouped, seedsOf, type Check, type Study } from '../../study/study.js';
import { chain } from '../../topologies/shapes.js';

export interface Point {
  readonly seed: number;
  readonly mechanism: 'e2e' | 'p2p';
  readonly switches: number;
  readonly residenceNs: number;
  readonly syntonized: boolean;
}

export interface Outcome {
  readonly meanNs: number;
  readonly rmsNs: number;
}

const PPM = 20;
const EXTENT = {
  quick: { switches: [4], residencesNs: [1_000_000], seconds: 300 },
  full: { switches: [1, 4, 10], residencesNs: [10_000, 1_000_000, 10_000_000], seconds: 1_200 },
} as const;
const SETTLE_SECONDS = 300;
const STAMPS = { granularityNs: 1, jitter: { kind: 'normal', sigmaNs: 4 } } as const;
const TOLERANCE = 0.05;

/** Peer-to-peer: Syncs alone are wrong by it. End-to-end: Delay_Req is wrong by as much, and it falls out. */
export function expectedNs({ mechanism, switches, residenceNs, syntonized }: Point): number {
  return mechanism === 'p2p' && !syntonized ? (switches * residenceNs * PPM) / 1e6 : 0;
}

export const syntonization: Study<Point, Outcome> = {
  name: '007-syntonization',
  title: 'Residence by a clock that is off',
  question: `How far off is the client behind N transparent clocks that are ${PPM} ppm fast, syntonized and not?`,
  seeds: { quick: 2, full: 4 },
  points: (scale) => {
    const { switches, residencesNs } = EXTENT[scale.name];
    return (['p2p', 'e2e'] as const).flatMap((mechanism) =>
      residencesNs.flatMap((residenceNs) =>
        switches.flatMap((count) =>
          [false, true].flatMap((syntonized) =>
            seedsOf(scale).map((seed) => ({
              seed,
              mechanism,
              switches: count,
              residenceNs,
              syntonized,
            })),
          ),
        ),
      ),
    );
  },
  simulate(point) {
    const { seed, mechanism, switches, residenceNs, syntonized } = point;
    const world = new World({ seed });
    const network = simulatedNetwork(world, chain(switches, 'transparent'), {
      port: { delayMechanism: mechanism, logSyncInterval: -2 },
      timestamper: STAMPS,
      oscillator: { whitePpb: 0, flickerPpb: 0, walkPpb: 0, driftPpbPerDay: 0 },
      ppm: PPM,
      transparent: { residenceNs },
      syntonized,
    });
    network.start();
    const client = network.clocks.get('client');
    if (client === undefined) throw new RangeError('no client');
    world.run(SETTLE_SECONDS);
    const errors: number[] = [];
    for (let second = 0; second < EXTENT.full.seconds / 4; second += 1) {
      world.run(1);
      errors.push(client.errorNs);
    }
    const { meanNs, rmsNs } = clockErrors(errors);
    return { meanNs, rmsNs };
  },
  summarise(runs) {
    const key = ({ mechanism, switches, residenceNs, syntonized }: Point) =>
      [mechanism, residenceNs, switches, syntonized].join(' ');
    const rows = [...grouped(runs, key).values()].flatMap((group) => {
      const point = group[0]?.point;
      if (point === undefined) return [];
      const mean = estimate(group.map(({ outcome }) => Math.abs(outcome.meanNs)));
      return [{ point, mean, expected: expectedNs(point) }];
    });
    const checks = rows.flatMap(({ point, mean, expected }): Check[] =>
      expected < 10
        ? []
        : [
            {
              what: `P2P, ${point.switches} switches, residence ${point.residenceNs / 1_000} µs`,
              found: mean.mean,
              half: mean.half,
              expected,
              tolerance: TOLERANCE,
            },
          ],
    );
    const lines = [
      { mechanism: 'p2p', syntonized: false, name: 'P2P, not syntonized' },
      { mechanism: 'p2p', syntonized: true, name: 'P2P, syntonized' },
      { mechanism: 'e2e', syntonized: false, name: 'E2E, not syntonized' },
    ];
    const most = Math.max(...rows.map(({ point }) => point.switches));
    return {
      tables: [
        {
          title: `Mean of the client’s error, ns; transparent clocks ${PPM} ppm fast`,
          columns: ['mechanism', 'residence, µs', 'switches', 'syntonized', 'found', 'N r ppm'].map(
            (name) => ({ name, digits: 3 }),
          ),
          rows: rows.map(({ point, mean, expected }) => [
            point.mechanism,
            point.residenceNs / 1_000,
            point.switches,
            point.syntonized ? 'yes' : 'no',
            mean,
            expected,
          ]),
        },
      ],
      charts: [
        {
          title: `Mean error behind ${most} transparent clocks that are ${PPM} ppm fast`,
          x: { label: 'residence, µs', scale: 'log' },
          y: { label: '|mean|, ns', scale: 'log' },
          series: lines.map(({ mechanism, syntonized, name }) => ({
            name,
            points: rows
              .filter(
                ({ point }) =>
                  point.mechanism === mechanism &&
                  point.syntonized === syntonized &&
                  point.switches === most,
              )
              .map(({ point, mean }) => ({ x: point.residenceNs / 1_000, y: mean.mean })),
          })),
        },
      ],
      checks,
      notes: [
        'With end-to-end delay, Sync and Delay_Req are wrong by the same, and the offset is right, as long as both stay as long. Peer-to-peer has no second way: there syntonization is what a millisecond of queue asks for.',
      ],
    };
  },
};
