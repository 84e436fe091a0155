/** The table, what the simulator foretold, and pictures. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { formatNs } from '#units/format';
import type { Chart, Series } from '../../study/study.js';
import { fidelityLines } from '../fidelity.js';
import { wrap } from '../first-light/report.js';
import { repeatedRows } from './rounds.js';
import {
  COMPARE_KINDS,
  COMPARE_TITLES,
  ENVIRONMENTS,
  type CompareKind,
  type Environment,
} from './rows.js';
import type { CompareMeasurement, CompareResult } from './schema.js';

const HEAD = [
  ...['', 'load', 'rms', 'mean', 'σ', 'p99', 'max'],
  ...['predicted', 'ratio', 'from one', 'single runs', 'ratio', 'machine'],
];
const REASON_COLUMNS = 100;

function ratioText(own: CompareMeasurement['predicted']): string {
  if (own === null) return '–';
  const text = own.ratio.toFixed(2);
  return own.within ? pc.green(`${text} right`) : pc.red(`${text} wrong`);
}

const COLOURS = { good: pc.green, doubtful: pc.yellow, unfit: pc.red } as const;

function cells(own: CompareMeasurement, load: number) {
  const title = own.round > 1 ? `${own.title}, round ${own.round}` : own.title;
  const first = [title, own.loaded ? `${Math.round(load * 100)} %` : 'idle'];
  const { error, predicted, predictedOwn, fidelity } = own;
  if (own.status !== 'ok' || error === null) {
    const colour = own.status === 'failed' ? pc.red : pc.yellow;
    const lines = wrap(`${own.status}: ${own.reason}`, REASON_COLUMNS).map(colour);
    const content = lines.join('\n');
    return [...first, { colSpan: HEAD.length - 2, hAlign: 'left' as const, content }];
  }
  const { rmsNs, meanNs, deviationNs, p99Ns, maxNs } = error;
  return [
    ...first,
    ...[rmsNs, meanNs, deviationNs, p99Ns, maxNs].map(formatNs),
    predictedOwn === null ? '–' : formatNs(predictedOwn.rmsNs),
    ratioText(predictedOwn),
    predicted === null ? '–' : formatNs(predicted.rmsNs),
    predicted === null ? '–' : predicted.runsNs.map(formatNs).join(' to '),
    ratioText(predicted),
    fidelity === null ? '–' : COLOURS[fidelity.verdict](fidelity.verdict),
  ];
}

const LEGEND = [
  'rms to max: of the client’s clock against the one that all share, whenever it was steered: ptp4l on an',
  'oscillator of its own, with linuxptp’s constants for good stamps. No stamp is in it. σ: about the mean.',
  'predicted: the same by the simulator, from the noise of all links of the row, played again when it was; a ratio',
  'is right from 0.80 to 1.25. from one: from the noise of the row’s two end links and of ONE switch in another row:',
  'what such rows are like; 80 % of simulated runs of this length are within single runs. machine: whether it was',
  'fit to be measured on meanwhile.',
];

const off = (ratio: number) => Math.abs(Math.log(ratio));

/** How many rows the simulator foretold from their own noise, and which one worst. */
export function validationText(
  measurements: readonly CompareMeasurement[],
  { rowsOwn, withinOwn, tolerance }: CompareResult['validation'],
): string {
  const worst = measurements.reduce<CompareMeasurement | null>((most, one) => {
    if (one.predictedOwn === null) return most;
    const ratio = most?.predictedOwn?.ratio;
    return ratio === undefined || off(one.predictedOwn.ratio) > off(ratio) ? one : most;
  }, null);
  const counted = `Prediction: ${withinOwn} of ${rowsOwn} rows within ${Math.round(100 * tolerance)} %`;
  const predictedOwn = worst?.predictedOwn ?? null;
  if (worst === null || predictedOwn === null) return `${counted}.`;
  const { title, loaded } = worst;
  const load = loaded ? 'loaded' : 'idle';
  return `${counted}, from the noise measured in each; the farthest is ${title}, ${load} (${predictedOwn.ratio.toFixed(2)}).`;
}

const BEGINNINGS = {
  namespaces: 'Boundary clocks’ rms to that of two-step transparent ones',
  mininet: 'The same in Mininet',
} as const satisfies Record<Environment, string>;

/** Empty where there is nothing to hold against each other. */
function boundaryToTransparent(
  all: readonly CompareMeasurement[],
  environment: Environment,
): string[] {
  const measurements = all.filter((own) => own.environment === environment);
  const rows = repeatedRows(measurements);
  const rms = (kind: CompareKind, switches: number, loaded: boolean) =>
    rows.find(
      ({ first }) => first.kind === kind && first.switches === switches && first.loaded === loaded,
    )?.rms?.mean;
  const lengths = [...new Set(measurements.map(({ switches }) => switches))];
  const against = [false, true].flatMap((loaded) =>
    lengths.flatMap((switches) => {
      const [transparent, boundary] = [
        rms('tc-two', switches, loaded),
        rms('bc', switches, loaded),
      ];
      if (transparent === undefined || boundary === undefined) return [];
      return [`${switches}: ${(boundary / transparent).toFixed(2)}${loaded ? ' loaded' : ''}`];
    }),
  );
  return against.length === 0
    ? []
    : [`${BEGINNINGS[environment]}, by switches: ${against.join(', ')}.`];
}

/** Over all rounds, where there are several; ± is the 95 % interval. */
export function roundLines({ measurements, config }: CompareResult): string[] {
  if (config.repeats < 2) return [];
  const lines = repeatedRows(measurements).flatMap(({ first, rms, ownRatios }) => {
    if (rms === null) return [];
    const load = first.loaded ? `${Math.round(config.load * 100)} %` : 'idle';
    const interval = Number.isNaN(rms.half) ? '' : ` ± ${formatNs(rms.half)}`;
    const ratios =
      ownRatios.length === 0
        ? ''
        : `, predicted ÷ measured ${Math.min(...ownRatios).toFixed(2)} to ${Math.max(...ownRatios).toFixed(2)}`;
    return [`  ${first.title}, ${load}: ${formatNs(rms.mean)}${interval}${ratios}`];
  });
  return [`rms over ${config.repeats} rounds, with its 95 % interval:`, ...lines];
}

/** What the run says, in plain sentences. */
export function conclusions({ measurements, validation }: CompareResult): string[] {
  const { rows, within, rowsOwn } = validation;
  return [
    ...ENVIRONMENTS.flatMap((environment) => boundaryToTransparent(measurements, environment)),
    ...(rowsOwn === 0 ? [] : [validationText(measurements, validation)]),
    ...(rows === 0
      ? []
      : [
          `From the noise of one switch, which is another row’s: ${within} of ${rows}. That is what rows are like that were not measured.`,
        ]),
  ];
}

/** The switches' own part, where it was measured: how unlike the one that they are predicted from they are. */
function switchesText(own: CompareMeasurement, all: readonly CompareMeasurement[]): string[] {
  const one = all.find(
    ({ environment, kind, switches, loaded }) =>
      environment === own.environment &&
      kind === own.kind &&
      switches === 1 &&
      loaded === own.loaded,
  );
  const [here, there] = [own.noise?.switchesDown, one?.noise?.switchesDown];
  if (own.switches < 2 || !here || !there) return [];
  const expected = there.deviationNs * Math.sqrt(own.switches);
  return [
    `on the way down its switches added ${formatNs(here.meanNs)} ± ${formatNs(here.deviationNs)}, ` +
      `not ${formatNs(there.meanNs * own.switches)} ± ${formatNs(expected)} as so many like the one would`,
  ];
}

function machineText({ fidelity }: CompareMeasurement): string[] {
  if (fidelity === null || fidelity.verdict === 'good') return [];
  return [`the machine was ${fidelity.verdict}: ${fidelity.reasons.join(', ')}`];
}

/** Rows that were not foretold, each with what is known of why: from their own noise first, then from one switch. */
export function misses({ measurements, config }: CompareResult): string[] {
  const named = ({ title, loaded, round }: CompareMeasurement) =>
    `${title}${round > 1 ? `, round ${round}` : ''}, ${loaded ? `${Math.round(config.load * 100)} %` : 'idle'}`;
  const meansText = (measuredNs: number, foretoldNs: number) =>
    `its mean was ${formatNs(measuredNs)}, foretold ${formatNs(foretoldNs)}`;
  const own = measurements.flatMap((one) => {
    const { predictedOwn, error, status, kind } = one;
    if (status !== 'ok' || error === null || predictedOwn?.within === true) return [];
    if (predictedOwn === null) {
      const why =
        kind === 'bc' ? 'a boundary clock did not tell of its stamps' : 'no noise is known';
      return [`Not foretold: ${named(one)}: ${why}.`];
    }
    const why = [meansText(error.meanNs, predictedOwn.meanNs), ...machineText(one)];
    return [`Not foretold: ${named(one)} (${predictedOwn.ratio.toFixed(2)}): ${why.join('; ')}.`];
  });
  const fromOne = measurements.flatMap((one) => {
    const { predicted, error } = one;
    if (predicted === null || predicted.within || error === null) return [];
    const why = [
      meansText(error.meanNs, predicted.meanNs),
      ...switchesText(one, measurements),
      ...machineText(one),
    ];
    const ratio = predicted.ratio.toFixed(2);
    return [`Unlike one switch: ${named(one)} (${ratio}): ${why.join('; ')}.`];
  });
  return [...own, ...fromOne];
}

/** An environment that there is not here, in a line of its own instead of one for each of its rows. */
function wholeSkips(all: readonly CompareMeasurement[]) {
  const skipped = ENVIRONMENTS.flatMap((environment) => {
    const own = all.filter((one) => one.environment === environment);
    const [first] = own;
    const isWhole = own.every(({ status, reason }) => {
      return status === 'skipped' && reason === first?.reason;
    });
    return first !== undefined && own.length > 1 && isWhole ? [first] : [];
  });
  const isWhole = (own: CompareMeasurement) =>
    skipped.some(({ environment }) => environment === own.environment);
  const lines = skipped.map(
    ({ environment, reason }) => `Rows in ${environment} are skipped: ${reason}.`,
  );
  return { rest: all.filter((own) => !isWhole(own)), skipped: lines };
}

/** Everything that is printed at the end. */
export function renderCompare(result: CompareResult): string {
  const table = new Table({
    head: HEAD.map((title) => pc.bold(title)),
    // The table's own colours do not ask whether this is a terminal; picocolors does.
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...HEAD.slice(1).map(() => 'right' as const)],
  });
  const { rest, skipped } = wholeSkips(result.measurements);
  for (const loaded of [false, true]) {
    for (const own of rest.filter((one) => one.loaded === loaded)) {
      table.push(cells(own, result.config.load));
    }
  }
  return [
    table.toString(),
    ...skipped.map(pc.yellow),
    ...[...LEGEND, `Seed: ${result.config.seed}.`].map((line) => pc.dim(line)),
    '',
    ...roundLines(result),
    ...conclusions(result).map((line) => pc.bold(line)),
    ...misses(result),
    ...fidelityLines(result.fidelity),
  ].join('\n');
}

/** A plain bridge's errors are so large that beside them all others would be a line at the bottom. */
const DRAWN = COMPARE_KINDS.filter((kind) => kind !== 'bridge');

/** rms over the number of switches, measured and predicted; null where there is nothing to draw. */
export function compareChart(
  result: CompareResult,
  loaded: boolean,
  environment: Environment = 'namespaces',
): Chart | null {
  const measurements = result.measurements.filter(
    (one) => one.loaded === loaded && one.environment === environment,
  );
  const series = DRAWN.flatMap((kind): Series[] => {
    const own = measurements.filter((one) => one.kind === kind);
    const rows = repeatedRows(own);
    const points = rows.flatMap(({ first: { switches }, rms }) =>
      rms === null ? [] : [{ x: switches, y: rms.mean }],
    );
    const predicted = rows.flatMap(({ first: { switches }, foretold }) =>
      foretold === null ? [] : [{ x: switches, y: foretold.mean }],
    );
    return [
      ...(points.length === 0 ? [] : [{ name: `${COMPARE_TITLES[kind]}, measured`, points }]),
      ...(predicted.length < 2
        ? []
        : [
            {
              name: `${COMPARE_TITLES[kind]}, predicted`,
              style: 'dashed' as const,
              points: predicted,
            },
          ]),
    ];
  });
  if (series.length === 0) return null;
  const load = loaded ? `${Math.round(result.config.load * 100)} % of cross traffic` : 'idle';
  const where = environment === 'mininet' ? ' in Mininet' : '';
  return {
    title: `The client’s error behind a row of switches${where}, ${load}`,
    x: { label: 'switches in the row', scale: 'linear' },
    y: { label: 'rms error, ns', scale: 'log' },
    series,
  };
}
