/** Boundary clocks, transparent clocks and plain switches in a row: where they cross, and why. */
import { seedsOf, type Chart, type Check, type Study } from '../../study/study.js';
import { servoNamed, SERVOS } from '../servos.js';
import { CONDITIONS } from './conditions.js';
import { CONTENDERS, contenderNamed, contendersUnder, countsUnder, EXTENTS } from './contenders.js';
import { budgetTable, crossingTable } from './crossings.js';
import { rowErrors } from './row.js';
import { rowsOf, type Outcome, type Point, type Row } from './rows.js';

export const hops: Study<Point, Outcome> = {
  name: '004-hops',
  title: 'Boundary clocks, transparent clocks and plain switches in a row',
  question:
    'How far off is the client behind N of them, with noise, load, asymmetry and wander, and where do they cross?',
  seeds: { quick: 2, full: 5 },
  points(scale) {
    const { conditions, timing } = EXTENTS[scale.name];
    return conditions.flatMap((condition) => {
      const counts = countsUnder(condition, scale.name);
      return contendersUnder(condition, scale.name).flatMap(({ name: contender, between }) =>
        seedsOf(scale).flatMap((seed): Point[] => {
          const common = { seed, condition, contender, timing: timing[between] };
          return between === 'boundary'
            ? [{ ...common, switches: Math.max(...counts), wanted: counts }]
            : counts.map((count) => ({ ...common, switches: count, wanted: [count] }));
        }),
      );
    });
  },
  simulate({ seed, condition, contender, switches, wanted, timing }) {
    const { between, servo } = contenderNamed(contender);
    const gains = servo === 'ours' ? null : servoNamed(servo).gains;
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
    const names = conditions.map(({ name }) => name);
    return {
      tables: [
        crossingTable(names, rows),
        budgetTable(names, rows),
        ...conditions.map(({ name, what }) => tableOf(name, what, rows)),
      ],
      charts: conditions.map(({ name, what }) => chartOf(name, what, rows)),
      checks: loadChecks(rows),
      notes: NOTES,
    };
  },
};

const NOTES = [
  'A boundary clock filters what is above it, so its noise grows slowly, if its servo does not amplify; a transparent clock adds noise with the root of N and filters nothing. With gains of 3 dB of peaking boundary clocks in a row are useless.',
  'Queues of switches that know of PTP are seen by neither; those of switches that do not, by both, and by clients of plain switches in full.',
  'Where crystals wander together (one room, one draught), each boundary clock lags behind the one above it: a lag of as much as its bandwidth leaves, once for each. Transparent clocks have no servo to lag.',
];

/** Residence is what a queue adds, and it is corrected: behind transparent clocks load has to change nothing. */
const LOAD_TOLERANCE = 0.1;

function loadChecks(rows: readonly Row[]): Check[] {
  const under = (condition: string) =>
    rows.filter((row) => row.condition === condition && row.contender === 'TC, ours');
  return under('loaded').flatMap(({ switches, rmsNs }): Check[] => {
    const idle = under('white').find((row) => row.switches === switches);
    if (idle === undefined) return [];
    const what = `TC, ours, ${switches} in a row: rms under load as without`;
    const { mean: found, half } = rmsNs;
    return [{ what, found, half, expected: idle.rmsNs.mean, tolerance: LOAD_TOLERANCE }];
  });
}

const contendersOf = (rows: readonly Row[]) =>
  CONTENDERS.filter(({ name }) => rows.some(({ contender }) => contender === name));

function tableOf(condition: string, what: string, rows: readonly Row[]) {
  const own = rows.filter((row) => row.condition === condition);
  const counts = [...new Set(own.map(({ switches }) => switches))].sort((a, b) => a - b);
  return {
    title: `${condition}: ${what}; rms, ns`,
    columns: [{ name: '' }, ...counts.map((count) => ({ name: String(count), digits: 3 }))],
    rows: contendersOf(own).map(({ name }) => [
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
    x: { label: 'switches', scale: 'log', isTight: true },
    y: { label: 'rms of the client’s error, ns', scale: 'log' },
    series: contendersOf(own).map(({ name, between, servo }) => ({
      name,
      // Boundary and transparent clocks of one servo belong together.
      colour: between === 'switch' ? SERVOS.length : SERVOS.findIndex((one) => one.name === servo),
      style: between === 'transparent' ? 'dashed' : 'line',
      points: own
        .filter(({ contender }) => contender === name)
        .sort((a, b) => a.switches - b.switches)
        .map(({ switches, rmsNs }) => ({ x: switches, y: rmsNs.mean, half: rmsNs.half })),
    })),
  };
}
