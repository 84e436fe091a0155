/** Boundary clocks, transparent clocks and plain switches in a row: where they cross, and why. */
import type { LoopGains } from '../../../control-plane/servo/gains.js';
import type { ClockErrors } from '../../study/clock-errors.js';
import { estimateRms, type Estimate } from '../../study/estimate.js';
import {
  grouped,
  seedsOf,
  type Chart,
  type Run,
  type Scale,
  type Study,
} from '../../study/study.js';
import type { Between } from '../../topologies/shapes.js';
import { CONDITIONS } from './conditions.js';
import { rowErrors, type Timing } from './row.js';

/** What is compared: what stands between grandmaster and client, and the gains of all servos. */
const CONTENDERS: readonly {
  readonly name: string;
  readonly between: Between;
  readonly gains: LoopGains | null;
}[] = [
  { name: 'BC, our servo', between: 'boundary', gains: null },
  { name: 'TC, our servo', between: 'transparent', gains: null },
  { name: 'BC, kp 0.7, ki 0.3', between: 'boundary', gains: { kp: 0.7, ki: 0.3 } },
  { name: 'TC, kp 0.7, ki 0.3', between: 'transparent', gains: { kp: 0.7, ki: 0.3 } },
  { name: 'switches, our servo', between: 'switch', gains: null },
];

interface Extent {
  readonly conditions: readonly string[];
  readonly switches: readonly number[];
  readonly timing: Timing;
}

const EXTENTS: Readonly<Record<Scale['name'], Extent>> = {
  quick: {
    conditions: ['white', 'loaded', 'wander'],
    switches: [1, 4, 10],
    timing: { settleSeconds: 200, seconds: 200 },
  },
  full: {
    conditions: CONDITIONS.map(({ name }) => name),
    switches: [1, 2, 4, 8, 16, 30],
    timing: { settleSeconds: 600, seconds: 1_200 },
  },
};

export interface Point {
  readonly seed: number;
  readonly condition: string;
  readonly contender: string;
  /** Of a row of boundary clocks the longest: the shorter ones are in it. */
  readonly switches: number;
  readonly wanted: readonly number[];
  readonly timing: Timing;
}

export interface Outcome {
  /** By how many switches are before the clock. */
  readonly behind: readonly (ClockErrors & { readonly switches: number })[];
}

interface Row {
  readonly condition: string;
  readonly contender: string;
  readonly switches: number;
  readonly rmsNs: Estimate;
  readonly maxNs: number;
}

export const hops: Study<Point, Outcome> = {
  name: '004-hops',
  title: 'Boundary clocks, transparent clocks and plain switches in a row',
  question: 'How far off is the client behind N of them, with noise, load, asymmetry and wander?',
  seeds: { quick: 2, full: 6 },
  points(scale) {
    const { conditions, switches, timing } = EXTENTS[scale.name];
    const most = Math.max(...switches);
    return conditions.flatMap((condition) =>
      CONTENDERS.flatMap(({ name: contender, between }) =>
        seedsOf(scale).flatMap((seed): Point[] => {
          const common = { seed, condition, contender, timing };
          return between === 'boundary'
            ? [{ ...common, switches: most, wanted: switches }]
            : switches.map((count) => ({ ...common, switches: count, wanted: [count] }));
        }),
      ),
    );
  },
  simulate({ seed, condition, contender, switches, wanted, timing }) {
    const found = CONTENDERS.find(({ name }) => name === contender);
    if (found === undefined) throw new RangeError(`no contender ${contender}`);
    const { between, gains } = found;
    const errors = rowErrors({ seed, condition, between, switches, gains, timing });
    const behind = wanted.flatMap((count) => {
      const clock = errors.get(count);
      return clock === undefined ? [] : [{ switches: count, ...clock }];
    });
    return { behind };
  },
  summarise(runs) {
    const rows = rowsOf(runs);
    const conditions = CONDITIONS.filter(({ name }) => rows.some((row) => row.condition === name));
    return {
      tables: conditions.map(({ name, what }) => tableOf(name, what, rows)),
      charts: conditions.map(({ name, what }) => chartOf(name, what, rows)),
      checks: [],
      notes: NOTES,
    };
  },
};

const NOTES = [
  'A boundary clock filters what is above it, so its noise grows slowly, if its servo does not amplify; a transparent clock adds noise with the root of N and filters nothing. With gains of 3 dB of peaking boundary clocks in a row are useless.',
  'Queues are seen by neither, and by clients of plain switches in full.',
  'Where crystals wander together (one room, one draught), each boundary clock lags behind the one above it: a lag of as much as its bandwidth leaves, once for each. Transparent clocks have no servo to lag.',
];

function rowsOf(runs: readonly Run<Point, Outcome>[]): Row[] {
  const each = runs.flatMap(({ point: { condition, contender, seed }, outcome }) =>
    outcome.behind.map((clock) => ({ point: { condition, contender, seed }, outcome: clock })),
  );
  const groups = grouped(
    each.map((run) => ({ ...run, point: { ...run.point, switches: run.outcome.switches } })),
    ({ condition, contender, switches }) => `${condition}/${contender}/${switches}`,
  );
  return [...groups.values()].flatMap((group) => {
    const point = group[0]?.point;
    if (point === undefined) return [];
    const { condition, contender, switches } = point;
    const rmsNs = estimateRms(group.map(({ outcome }) => outcome.rmsNs));
    const maxNs = Math.max(...group.map(({ outcome }) => outcome.maxNs));
    return [{ condition, contender, switches, rmsNs, maxNs }];
  });
}

function tableOf(condition: string, what: string, rows: readonly Row[]) {
  const own = rows.filter((row) => row.condition === condition);
  const counts = [...new Set(own.map(({ switches }) => switches))].sort((a, b) => a - b);
  return {
    title: `${condition}: ${what}; rms, ns`,
    columns: [{ name: '' }, ...counts.map((count) => ({ name: String(count), digits: 3 }))],
    rows: CONTENDERS.map(({ name }) => [
      name,
      ...counts.map((count) => {
        const row = own.find(({ contender, switches }) => contender === name && switches === count);
        return row?.rmsNs ?? '–';
      }),
    ]),
  };
}

function chartOf(condition: string, what: string, rows: readonly Row[]): Chart {
  const own = rows.filter((row) => row.condition === condition);
  return {
    title: `${condition}: ${what}`,
    x: { label: 'switches', scale: 'log' },
    y: { label: 'rms of the client’s error, ns', scale: 'log' },
    series: CONTENDERS.map(({ name }) => ({
      name,
      points: own
        .filter(({ contender }) => contender === name)
        .sort((a, b) => a.switches - b.switches)
        .map(({ switches, rmsNs }) => ({ x: switches, y: rmsNs.mean, half: rmsNs.half })),
    })),
  };
}
