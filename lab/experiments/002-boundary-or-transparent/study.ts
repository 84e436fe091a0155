/** T2: boundary clocks in a row against transparent clocks, white noise alone. */
import type { LoopGains } from '../../../control-plane/servo/gains.js';
import { randomStream } from '../../sim/random.js';
import { expectedRms, steppedChain } from '../../sim/stepped-chain.js';
import { estimateRms, type Estimate } from '../../study/estimate.js';
import { grouped, seedsOf, type Run, type Scale, type Study } from '../../study/study.js';
import { SERVOS } from '../servos.js';
import { peakingChart, peakingRows, peakingTable } from './peaking.js';
import { boundaryErrors, STAMP_SIGMA_NS, transparentError, type ChainScale } from './chains.js';

export type Point =
  /** All hops at once, in steps. */
  | {
      readonly kind: 'stepped';
      readonly seed: number;
      readonly servo: string;
      readonly samples: number;
    }
  /** Whole instances in events: a chain of boundary clocks has all hops, transparent clocks one. */
  | {
      readonly kind: 'boundary' | 'transparent';
      readonly seed: number;
      readonly hops: number;
      readonly chain: ChainScale;
    };

export interface Outcome {
  /** By hop from 1; of a chain of transparent clocks the last hop only. */
  readonly boundary: readonly number[];
  readonly transparent: readonly number[];
}

export const HOPS: readonly number[] = [1, 2, 4, 8, 10, 20, 30];
const MOST_HOPS = 30;
const SETTLE_SAMPLES = 4_000;
const SAMPLES = { quick: 120_000, full: 400_000 } as const;
const CHAINS = {
  quick: { settleSeconds: 300, seconds: 300 },
  full: { settleSeconds: 1_500, seconds: 2_400 },
} as const satisfies Record<Scale['name'], ChainScale>;
const TOLERANCE = 0.02;

interface Row {
  readonly servo: string;
  readonly gains: LoopGains;
  readonly hop: number;
  readonly boundary: Estimate;
  readonly transparent: Estimate;
  readonly expected: { readonly boundary: number; readonly transparent: number };
}

type Runs = readonly Run<Point, Outcome>[];

export const boundaryOrTransparent: Study<Point, Outcome> = {
  name: '002-boundary-or-transparent',
  title: 'Boundary clocks in a row, or transparent clocks',
  question:
    'What does white noise on every hop become behind N boundary clocks, and behind N transparent clocks?',
  seeds: { quick: 3, full: 5 },
  points: (scale) => {
    const seeds = seedsOf(scale);
    const chain = CHAINS[scale.name];
    return [
      ...SERVOS.flatMap(({ name: servo }) =>
        seeds.map((seed): Point => ({
          kind: 'stepped',
          seed,
          servo,
          samples: SAMPLES[scale.name],
        })),
      ),
      ...seeds.flatMap((seed): Point[] => [
        { kind: 'boundary', seed, hops: MOST_HOPS, chain },
        ...HOPS.map((hops): Point => ({ kind: 'transparent', seed, hops, chain })),
      ]),
    ];
  },
  simulate,
  summarise(runs) {
    const peaks = peakingRows();
    const rows = steppedRows(runs);
    const instances = instanceRows(runs);
    return {
      tables: [
        {
          title: 'In steps: rms of the error, in units of one hop’s noise',
          columns: ['servo', 'kp, ki', 'hop', 'BC', 'closed form', 'TC', 'closed form'].map(
            (name) => ({ name }),
          ),
          rows: rows.map(({ servo, gains, hop, boundary, transparent, expected }) => [
            servo,
            `${gains.kp.toPrecision(3)}, ${gains.ki.toPrecision(3)}`,
            hop,
            boundary,
            expected.boundary,
            transparent,
            expected.transparent,
          ]),
        },
        {
          title: `Whole instances in events, every stamp with ${STAMP_SIGMA_NS} ns of noise: rms, ns`,
          columns: ['hop', 'BC', 'TC'].map((name) => ({ name })),
          rows: instances.map(({ hop, boundary, transparent }) => [hop, boundary, transparent]),
        },
        peakingTable(peaks),
      ],
      charts: [steppedChart(rows), peakingChart(peaks), instanceChart(instances)],
      checks: rows.flatMap(({ servo, hop, boundary, transparent, expected }) =>
        (['boundary', 'transparent'] as const).map((kind) => ({
          what: `${kind === 'boundary' ? 'BC' : 'TC'}, ${servo}, hop ${hop}`,
          found: kind === 'boundary' ? boundary.mean : transparent.mean,
          half: kind === 'boundary' ? boundary.half : transparent.half,
          expected: expected[kind],
          tolerance: TOLERANCE,
        })),
      ),
      notes: [
        'With 3.2 dB of gain peaking twenty boundary clocks are 130 times as bad as twenty transparent ones; with 0.1 dB they are 1.8 times as good.',
        'What decides is the peak of |H|, hardly the bandwidth: 0.1 dB bear about 190 boundary clocks in a row, 0.5 dB about 25, 1 dB 8, 2 dB none.',
      ],
    };
  },
};

export function simulate(point: Point): Outcome {
  const { seed } = point;
  switch (point.kind) {
    case 'stepped': {
      const gains = SERVOS.find(({ name }) => name === point.servo)?.gains;
      if (gains === undefined) throw new RangeError(`no servo ${point.servo}`);
      const random = randomStream(seed, point.servo);
      const { samples } = point;
      return steppedChain({ hops: MOST_HOPS, gains, samples, settle: SETTLE_SAMPLES, random });
    }
    case 'boundary':
      return { boundary: boundaryErrors(point.hops, seed, point.chain), transparent: [] };
    case 'transparent':
      return { boundary: [], transparent: [transparentError(point.hops, seed, point.chain)] };
  }
}

function steppedRows(runs: Runs): Row[] {
  const stepped = runs.filter(({ point }) => point.kind === 'stepped');
  const groups = grouped(stepped, (point) => (point.kind === 'stepped' ? point.servo : ''));
  return SERVOS.flatMap(({ name: servo, gains }) => {
    const outcomes = (groups.get(servo) ?? []).map(({ outcome }) => outcome);
    if (outcomes.length === 0) return [];
    return HOPS.map((hop) => {
      const of = (kind: 'boundary' | 'transparent') =>
        estimateRms(outcomes.map((one) => one[kind][hop - 1] ?? Number.NaN));
      const expected = expectedRms(gains, hop);
      return {
        servo,
        gains,
        hop,
        boundary: of('boundary'),
        transparent: of('transparent'),
        expected,
      };
    });
  });
}

interface InstanceRow {
  readonly hop: number;
  readonly boundary: Estimate;
  readonly transparent: Estimate;
}

function instanceRows(runs: Runs): InstanceRow[] {
  return HOPS.map((hop) => {
    const boundary = runs.flatMap(({ point, outcome }) =>
      point.kind === 'boundary' ? [outcome.boundary[hop - 1] ?? Number.NaN] : [],
    );
    const transparent = runs.flatMap(({ point, outcome }) =>
      point.kind === 'transparent' && point.hops === hop ? [...outcome.transparent] : [],
    );
    return { hop, boundary: estimateRms(boundary), transparent: estimateRms(transparent) };
  });
}

function steppedChart(rows: readonly Row[]) {
  return {
    title:
      'White noise behind boundary clocks (BC) and transparent clocks (TC), in units of one hop’s',
    x: { label: 'hops', scale: 'log' as const, isTight: true },
    y: { label: 'rms / σ', scale: 'log' as const },
    series: SERVOS.flatMap(({ name }, colour) => {
      const own = rows.filter(({ servo }) => servo === name);
      const series = (kind: 'boundary' | 'transparent') =>
        own.map((row) => ({ x: row.hop, y: row[kind].mean, half: row[kind].half }));
      return [
        { name: `BC, ${name}`, colour, points: series('boundary') },
        { name: `TC, ${name}`, colour, style: 'dashed' as const, points: series('transparent') },
      ];
    }),
  };
}

function instanceChart(rows: readonly InstanceRow[]) {
  const series = (kind: 'boundary' | 'transparent') =>
    rows.map((row) => ({ x: row.hop, y: row[kind].mean, half: row[kind].half }));
  return {
    title: `Whole clocks, ${STAMP_SIGMA_NS} ns of noise on every stamp`,
    x: { label: 'hops', scale: 'linear' as const },
    y: { label: 'rms, ns', scale: 'linear' as const },
    series: [
      { name: 'boundary clocks', points: series('boundary') },
      { name: 'transparent clocks', points: series('transparent') },
    ],
  };
}
