/** T3: a chain of 802.1AS relays with drifting clocks, as in the IEC/IEEE 60802 contributions. */
import { INDUSTRIAL, relayErrors } from '../../sim/relay-chain.js';
import { randomStream } from '../../sim/random.js';
import { estimateRms } from '../../study/estimate.js';
import { grouped, seedsOf, type Study } from '../../study/study.js';

export interface Point {
  readonly seed: number;
  readonly residenceMs: number;
  readonly runs: number;
}

export interface Outcome {
  /** By hop from 1. */
  readonly sigmaNs: readonly number[];
}

/** One reproduction of the published model, by hop. */
const PUBLISHED: Readonly<Record<number, readonly (readonly [hop: number, sigmaNs: number])[]>> = {
  10: [
    [1, 4.7],
    [10, 15.1],
    [50, 50.3],
    [100, 119],
  ],
  1: [
    [1, 4.6],
    [10, 14.6],
    [50, 32.8],
    [100, 47],
  ],
};
const RESIDENCES_MS = { quick: [10, 1], full: [10, 1, 0.1] } as const;
const RUNS = { quick: 4_000, full: 40_000 } as const;
const TOLERANCE = 0.1;
const SHOWN = [1, 2, 5, 10, 20, 50, 100];

export const relays: Study<Point, Outcome> = {
  name: '003-relays',
  title: 'A chain of 802.1AS relays with drifting clocks',
  question:
    'How far off is the time behind N relays that sum up measured rates of their neighbours?',
  seeds: { quick: 3, full: 8 },
  points: (scale) =>
    RESIDENCES_MS[scale.name].flatMap((residenceMs) =>
      seedsOf(scale).map((seed) => ({ seed, residenceMs, runs: RUNS[scale.name] })),
    ),
  simulate({ seed, residenceMs, runs }) {
    const random = randomStream(seed, `relays ${residenceMs} ms`);
    const spec = { ...INDUSTRIAL, residenceSeconds: residenceMs / 1_000 };
    const squares = new Float64Array(spec.hops);
    for (let run = 0; run < runs; run += 1) {
      for (const [hop, error] of relayErrors(spec, random).entries()) {
        squares[hop] = (squares[hop] ?? 0) + error ** 2;
      }
    }
    return { sigmaNs: Array.from(squares, (sum) => Math.sqrt(sum / runs)) };
  },
  summarise(runs) {
    const rows = [...grouped(runs, ({ residenceMs }) => String(residenceMs)).values()].flatMap(
      (group) => {
        const residenceMs = group[0]?.point.residenceMs ?? 0;
        return SHOWN.map((hop) => {
          const sigmaNs = estimateRms(
            group.map(({ outcome }) => outcome.sigmaNs[hop - 1] ?? Number.NaN),
          );
          const published = PUBLISHED[residenceMs]?.find(([at]) => at === hop)?.[1] ?? null;
          return { residenceMs, hop, sigmaNs, published };
        });
      },
    );
    const residences = [...new Set(rows.map(({ residenceMs }) => residenceMs))];
    return {
      tables: [
        {
          title: 'σ of the time behind relays, ns',
          columns: [
            { name: 'residence, ms' },
            { name: 'hop' },
            { name: 'found' },
            { name: 'published' },
          ],
          rows: rows.map((row) => [row.residenceMs, row.hop, row.sigmaNs, row.published ?? '–']),
        },
      ],
      charts: [
        {
          title: 'Error behind 802.1AS relays',
          x: { label: 'relays', scale: 'log', isTight: true },
          y: { label: 'σ, ns', scale: 'log' },
          series: residences.map((residenceMs) => ({
            name: `residence and turnaround ${residenceMs} ms and 10 ms`,
            points: rows
              .filter((row) => row.residenceMs === residenceMs)
              .map(({ hop, sigmaNs }) => ({ x: hop, y: sigmaNs.mean, half: sigmaNs.half })),
          })),
        },
      ],
      checks: rows.flatMap(({ residenceMs, hop, sigmaNs, published }) =>
        published === null
          ? []
          : [
              {
                what: `σ after ${hop} relays, residence ${residenceMs} ms`,
                found: sigmaNs.mean,
                half: sigmaNs.half,
                expected: published,
                tolerance: TOLERANCE,
              },
            ],
      ),
      notes: [
        'Stamps add up with √N; errors of the summed rate, which every residence is counted by, with N^1.5. Residence decides where the second overtakes the first: beyond 50 relays at 10 ms, not within 100 at 1 ms.',
      ],
    };
  },
};
