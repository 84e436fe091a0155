/** T1: what stamps of a coarse clock do to correctionField along a chain of transparent clocks. */
import { scaledToNumber } from '#units/time';
import type { PtpMessage } from '#wire/ptp-message';
import { wires } from '../../sim/channels.js';
import { grandmasterConfig } from '../../sim/clocks.js';
import type { Station } from '../../sim/link-types.js';
import { PtpNode } from '../../sim/ptp-node.js';
import { TransparentNode } from '../../sim/transparent/node.js';
import { World } from '../../sim/world.js';
import { estimateRms } from '../../study/estimate.js';
import { grouped, seedsOf, type Study } from '../../study/study.js';

export interface Point {
  readonly seed: number;
  readonly hops: number;
  readonly granularityNs: number;
  readonly syncs: number;
}

export interface Outcome {
  /** Deviation of correctionField from the truth over the Syncs of a run. */
  readonly sigmaNs: number;
}

const HOPS = { quick: [1, 3, 10], full: [1, 3, 10, 30, 100] } as const;
const GRANULARITIES_NS = { quick: [8], full: [8, 125, 1_000] } as const;
const SYNCS = { quick: 12_000, full: 20_000 } as const;
const SYNCS_A_SECOND = 128;
const TOLERANCE = 0.02;

/** σ(N) = q √(N/6): two stamps a hop, each wrong by a uniform share of the step. */
export function expectedSigmaNs(hops: number, granularityNs: number): number {
  return granularityNs * Math.sqrt(hops / 6);
}

export const quantisedStamps: Study<Point, Outcome> = {
  name: '001-quantised-stamps',
  title: 'Quantised stamps in a chain of transparent clocks',
  question:
    'How far off is correctionField after N transparent clocks whose stamps count in steps of q?',
  seeds: { quick: 2, full: 4 },
  points: (scale) =>
    HOPS[scale.name].flatMap((hops) =>
      GRANULARITIES_NS[scale.name].flatMap((granularityNs) =>
        seedsOf(scale).map((seed) => ({ seed, hops, granularityNs, syncs: SYNCS[scale.name] })),
      ),
    ),
  simulate,
  summarise(runs) {
    const rows = [
      ...grouped(runs, ({ hops, granularityNs }) => `${hops} ${granularityNs}`).values(),
    ].map((group) => {
      const { hops = 0, granularityNs = 0 } = group[0]?.point ?? {};
      const found = estimateRms(group.map(({ outcome }) => outcome.sigmaNs));
      return { hops, granularityNs, found, expected: expectedSigmaNs(hops, granularityNs) };
    });
    const steps = [...new Set(rows.map(({ granularityNs }) => granularityNs))];
    return {
      tables: [
        {
          title: 'σ of correctionField, ns',
          columns: [{ name: 'q, ns' }, { name: 'hops' }, { name: 'found' }, { name: 'q √(N/6)' }],
          rows: rows.map((row) => [row.granularityNs, row.hops, row.found, row.expected]),
        },
      ],
      charts: [
        {
          title: 'Error of correctionField behind transparent clocks with quantised stamps',
          x: { label: 'transparent clocks', scale: 'log', isTight: true },
          y: { label: 'σ, ns', scale: 'log' },
          series: steps.flatMap((step, colour) => {
            const own = rows.filter(({ granularityNs }) => granularityNs === step);
            return [
              {
                name: `steps of ${step} ns`,
                colour,
                style: 'points' as const,
                points: own.map(({ hops, found }) => ({
                  x: hops,
                  y: found.mean,
                  half: found.half,
                })),
              },
              {
                name: `closed form, ${step} ns`,
                colour,
                style: 'dashed' as const,
                points: own.map(({ hops, expected }) => ({ x: hops, y: expected })),
              },
            ];
          }),
        },
      ],
      checks: rows.map(({ hops, granularityNs, found, expected }) => ({
        what: `σ after ${hops} hops, q = ${granularityNs} ns`,
        found: found.mean,
        half: found.half,
        expected,
        tolerance: TOLERANCE,
      })),
      notes: [
        'Errors of stamps add up as noise does, with the root of the number of clocks: a hundred clocks of 8 ns cost 33 ns, one of a microsecond costs 408 ns.',
      ],
    };
  },
};

export function simulate({ seed, hops, granularityNs, syncs }: Point): Outcome {
  const sent = new Map<number, number>();
  let count = 0;
  let sum = 0;
  let squares = 0;
  const world = new World({
    seed,
    onFrame: ({ message }, from, _port, atNs) => {
      if (from.name === 'master' && message.kind === 'sync') {
        sent.set(message.header.sequenceId, atNs);
      }
    },
  });
  const port = { logSyncInterval: -Math.log2(SYNCS_A_SECOND), step: 'two' } as const;
  const config = grandmasterConfig({ identity: 1n, ports: 1, port });
  const master = new PtpNode(world, 'master', { config });
  let above: Station = master;
  const connect = (station: Station): void => {
    const [there, back] = wires(0);
    const from = above === master ? 1 : 2;
    world.link({ station: above, port: from }, { station, port: 1 }, there, back);
    above = station;
  };
  for (let hop = 1; hop <= hops; hop += 1) {
    // Frequencies apart: where in its step each counter is, is another place at each Sync.
    const draw = world.stream(`transparent ${hop}: frequency`);
    const ppm = 50 * (2 * draw.uniform() - 1);
    const queueing = { kind: 'exponential', meanNs: 10 * granularityNs } as const;
    connect(
      new TransparentNode(world, `transparent ${hop}`, {
        timestamper: { granularityNs },
        oscillator: { ppm, offsetNs: granularityNs * draw.uniform() },
        queueing,
        knownPpb: ppm * 1_000,
      }),
    );
  }
  const receive = (_port: number, { message }: { readonly message: PtpMessage }): void => {
    const at = sent.get(message.header.sequenceId);
    if (message.kind !== 'sync' || at === undefined) return;
    sent.delete(message.header.sequenceId);
    const error = scaledToNumber(message.header.correctionField) - (world.nowNs - at);
    count += 1;
    sum += error;
    squares += error ** 2;
  };
  connect({ name: 'end', attach: () => undefined, linkChanged: () => undefined, receive });
  master.start();
  while (count < syncs) world.run(10);
  const mean = sum / count;
  return { sigmaNs: Math.sqrt(squares / count - mean ** 2) };
}
