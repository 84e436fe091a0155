/** How many clocks of a class fit into a budget: drawn, not run. */
import { narrowGains } from '../../../control-plane/servo/gains.js';
import { randomStream } from '../../sim/random.js';
import { expectedRms } from '../../sim/stepped-chain.js';
import { estimate, type Estimate } from '../../study/estimate.js';
import { grouped, seedsOf, type Cell, type Check, type Study } from '../../study/study.js';

/** G.8273.2 (T-BC) and G.8273.3 (T-TC): constant error, and what is read as 3 σ of the dynamic one. */
const CLASSES = {
  A: { constantNs: 50, dynamicNs: 40 },
  B: { constantNs: 20, dynamicNs: 40 },
  C: { constantNs: 10, dynamicNs: 10 },
} as const;
type ClassName = keyof typeof CLASSES;

const KINDS = ['boundary', 'transparent'] as const;
type Kind = (typeof KINDS)[number];
const LIMITS_NS = [1_000, 100] as const;

export interface Point {
  readonly seed: number;
  readonly className: ClassName;
  readonly draws: number;
}

export interface Outcome {
  /** The most clocks with which 95 % of chains stay within each limit, by kind. */
  readonly mostClocks: Readonly<Record<Kind, readonly number[]>>;
}

const DRAWS = { quick: 1_000, full: 3_000 } as const;
const MOST_CLOCKS = 400;
const CLOSED_FORM_CLOCKS = 60;
const WITHIN = 0.95;
/** Of a chain that is looked at for an hour a second: how far its noise goes. */
const PEAK_SIGMAS = 3.6;
const NORMAL_95 = 1.959964;
const LEAST_NORMAL = 10;
const TOLERANCE = 0.1;

export const budgets: Study<Point, Outcome> = {
  name: '006-budgets',
  title: 'How many clocks fit into a microsecond, and into 100 ns',
  question: 'With constant errors anywhere within its class, how long may a chain be?',
  seeds: { quick: 2, full: 4 },
  points: (scale) =>
    (Object.keys(CLASSES) as ClassName[]).flatMap((className) =>
      seedsOf(scale).map((seed) => ({ seed, className, draws: DRAWS[scale.name] })),
    ),
  simulate({ seed, className, draws }) {
    const random = randomStream(seed, `class ${className}`);
    const { constantNs, dynamicNs } = CLASSES[className];
    const peaks = peaksNs(dynamicNs);
    // By kind and limit: how many chains are still within after so many clocks.
    const within = KINDS.map(() => LIMITS_NS.map(() => new Int32Array(MOST_CLOCKS + 1)));
    for (let draw = 0; draw < draws; draw += 1) {
      let sum = 0;
      for (let clocks = 1; clocks <= MOST_CLOCKS; clocks += 1) {
        sum += constantNs * (2 * random.uniform() - 1);
        for (const [kind, name] of KINDS.entries()) {
          for (const [at, limit] of LIMITS_NS.entries()) {
            const counts = within[kind]?.[at];
            const worst = Math.abs(sum) + (peaks[name][clocks] ?? 0);
            if (counts !== undefined && worst <= limit) counts[clocks] = (counts[clocks] ?? 0) + 1;
          }
        }
      }
    }
    const most = (kind: number): number[] =>
      LIMITS_NS.map((_, at) => {
        const counts = within[kind]?.[at] ?? new Int32Array();
        const first = counts.findIndex((count, clocks) => clocks > 0 && count < WITHIN * draws);
        return first === -1 ? MOST_CLOCKS : first - 1;
      });
    return { mostClocks: { boundary: most(0), transparent: most(1) } };
  },
  summarise(runs) {
    const rows = [...grouped(runs, ({ className }) => className).values()].flatMap((group) => {
      const { className = 'A' } = group[0]?.point ?? {};
      const { constantNs } = CLASSES[className];
      return LIMITS_NS.map((limitNs, at) => ({
        className,
        limitNs,
        certain: Math.floor(limitNs / constantNs),
        boundary: estimate(group.map(({ outcome }) => outcome.mostClocks.boundary[at] ?? 0)),
        transparent: estimate(group.map(({ outcome }) => outcome.mostClocks.transparent[at] ?? 0)),
      }));
    });
    return {
      tables: [
        {
          title: 'Clocks in a row',
          columns: [
            { name: 'class' },
            { name: 'budget, ns' },
            { name: 'BC, 95 % of chains', digits: 3 },
            { name: 'TC, 95 % of chains', digits: 3 },
            { name: 'certain, constant error alone' },
          ],
          rows: rows.map(({ className, limitNs, boundary, transparent, certain }) => [
            className,
            limitNs,
            atMost(boundary),
            atMost(transparent),
            certain,
          ]),
        },
      ],
      charts: [
        {
          title: 'Clocks in a row within a microsecond, in 95 % of chains',
          x: { label: 'constant error of the class, ns', scale: 'log' },
          y: { label: 'clocks', scale: 'log' },
          series: KINDS.map((kind) => ({
            name: `${kind} clocks`,
            points: rows
              .filter(({ limitNs }) => limitNs === LIMITS_NS[0])
              .map((row) => ({ x: CLASSES[row.className].constantNs, y: row[kind].mean })),
          })),
        },
      ],
      checks: rows.flatMap(({ className, limitNs, ...found }) =>
        KINDS.flatMap((kind): Check[] => {
          const expected = expectedMost(className, kind, limitNs);
          // Of few clocks the sum is not normal yet; of most nobody counted.
          if (expected < LEAST_NORMAL || found[kind].mean === MOST_CLOCKS) return [];
          const what = `class ${className}, ${kind} clocks within ${limitNs} ns`;
          const { mean, half } = found[kind];
          return [{ what, found: mean, half, expected, tolerance: TOLERANCE }];
        }),
      ),
      notes: [
        'Constant errors decide: they add up in both kinds alike, as a random walk where they are independent, and without end where they are all of one sign. A plan by the worst case gets as many as the last column says.',
      ],
    };
  },
};

/**
 * The same by the normal distribution, which a sum of many uniform errors has: |sum| is within 1.96
 * deviations, c √(N/3) each, in 95 % of chains.
 */
export function expectedMost(className: ClassName, kind: Kind, limitNs: number): number {
  const { constantNs, dynamicNs } = CLASSES[className];
  const peaks = peaksNs(dynamicNs)[kind];
  for (let clocks = 1; clocks <= MOST_CLOCKS; clocks += 1) {
    const constant = NORMAL_95 * constantNs * Math.sqrt(clocks / 3);
    if (constant + (peaks[clocks] ?? 0) > limitNs) return clocks - 1;
  }
  return MOST_CLOCKS;
}

/** Nobody looked further. */
function atMost(clocks: Estimate): Cell {
  return clocks.mean === MOST_CLOCKS ? `${MOST_CLOCKS} or more` : clocks;
}

/** How far noise goes behind so many clocks: boundary clocks by our servo's loop, transparent ones by √N. */
function peaksNs(dynamicNs: number): Readonly<Record<Kind, Float64Array>> {
  const gains = narrowGains(1);
  const boundary = new Float64Array(MOST_CLOCKS + 1);
  const transparent = new Float64Array(MOST_CLOCKS + 1);
  const single = expectedRms(gains, 1).boundary;
  const ofChain = new Float64Array(CLOSED_FORM_CLOCKS + 1);
  for (let clocks = 1; clocks <= CLOSED_FORM_CLOCKS; clocks += 1) {
    ofChain[clocks] = expectedRms(gains, clocks).boundary / single;
  }
  for (let clocks = 1; clocks <= MOST_CLOCKS; clocks += 1) {
    const peak = (PEAK_SIGMAS * dynamicNs) / 3;
    // Beyond that many they grow by no more than independent ones would.
    const beyond = Math.sqrt(Math.max(1, clocks / CLOSED_FORM_CLOCKS));
    boundary[clocks] = peak * (ofChain[Math.min(clocks, CLOSED_FORM_CLOCKS)] ?? 0) * beyond;
    transparent[clocks] = peak * Math.sqrt(clocks);
  }
  return { boundary, transparent };
}
