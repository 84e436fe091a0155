/** From what was heard to the table's figures, and to the simulator's. Pure. */
import { summarizeErrors } from '../../measure/statistics.js';
import {
  CLIENT_GAINS,
  ratesOf,
  type CompareFigures,
  type CompareLeg,
  type CompareOutcome,
} from './leg.js';
import { rowNoise, type NoiseSample, type RowNoise, type WayNoise } from './noise.js';
import { predict, type Prediction, type RowPrediction } from './predict.js';
import type { PlayedNoise } from './recorded-noise.js';
import { rowTitle, type CompareKind, type CompareRow } from './rows.js';
import type { CompareConfig, CompareMeasurement } from './schema.js';

export const TOLERANCE = 0.25;
/** Of what is played again as it was: only the oscillators are others each time. */
const OWN_RUNS = 3;

export interface MeasuredRow {
  readonly row: CompareRow;
  readonly leg: CompareLeg;
}

type Load = 'idle' | 'loaded';

const mean = (values: readonly number[]) =>
  values.reduce((total, value) => total + value, 0) / values.length;

const tenth = (value: number) => Math.round(10 * value) / 10;

function noiseFigures(samples: readonly NoiseSample[]) {
  const values = samples.map(({ ns }) => ns);
  const middle = values.length === 0 ? 0 : mean(values);
  const about = summarizeErrors(values.map((value) => value - middle));
  return {
    samples: values.length,
    meanNs: tenth(middle),
    deviationNs: tenth(about?.rms ?? 0),
  };
}

function describeNoise({ firstDown, lastUp, switches }: RowNoise): CompareMeasurement['noise'] {
  return {
    firstDown: noiseFigures(firstDown),
    lastUp: noiseFigures(lastUp),
    switchesDown: switches === null ? null : noiseFigures(switches.down),
    switchesUp: switches === null ? null : noiseFigures(switches.up),
  };
}

function errorOf({ errors }: CompareFigures): CompareMeasurement['error'] {
  const values = errors.map(({ errorNs }) => errorNs);
  const summary = summarizeErrors(values);
  if (summary === null) return null;
  const meanNs = mean(values);
  const about = summarizeErrors(values.map((value) => value - meanNs));
  return {
    rmsNs: tenth(summary.rms),
    meanNs: tenth(meanNs),
    deviationNs: tenth(about?.rms ?? 0),
    p99Ns: summary.p99,
    maxNs: summary.max,
  };
}

/** Measured noise by row and load; nothing for plain bridges, where queues are in it. */
export type NoiseBook = ReadonlyMap<string, RowNoise>;

const pageOf = (name: string, load: Load) => `${name} ${load}`;

export function noiseBook(measured: readonly MeasuredRow[]): NoiseBook {
  const book = new Map<string, RowNoise>();
  for (const { row, leg } of measured) {
    if (row.kind === 'bridge') continue;
    for (const load of ['idle', 'loaded'] as const) {
      const outcome = leg[load];
      if (outcome?.status !== 'ok') continue;
      book.set(pageOf(row.name, load), rowNoise(row, outcome.figures));
    }
  }
  return book;
}

/** The row whose one switch tells what each switch of a row adds: boundary clocks stamp as two-step ones do. */
export function sourceOf(kind: CompareKind): string | null {
  if (kind === 'bridge' || kind === 'direct') return null;
  return kind === 'tc-one' ? 'tc-one-1' : 'tc-two-1';
}

const NOTHING: WayNoise = { down: [], up: [] };

function drawn(book: NoiseBook, { name, kind }: CompareRow, load: Load): PlayedNoise | null {
  const noise = book.get(pageOf(name, load));
  if (noise === undefined) return null;
  const { firstDown, lastUp, steering } = noise;
  const source = sourceOf(kind);
  const hop = source === null ? NOTHING : book.get(pageOf(source, load))?.switches;
  if (hop === null || hop === undefined) return null;
  return { ends: { down: firstDown, up: lastUp }, hop, steering };
}

const shared = (config: CompareConfig) => ({
  ...{ rates: ratesOf(config), gains: CLIENT_GAINS },
  ...{ runs: config.simulatedRuns, seed: config.seed },
});

/** What such a row is like, from the noise of its ends and of one switch. Null where it cannot be told. */
export function predictRow(
  book: NoiseBook,
  { row, leg }: MeasuredRow,
  config: CompareConfig,
): RowPrediction | null {
  const { environment, kind, switches } = row;
  const { recording } = leg;
  if (environment !== 'namespaces') return null;
  const idle = drawn(book, row, 'idle');
  if (kind === 'bridge' || idle === null || recording === null) return null;
  const noise = { how: 'drawn', idle, loaded: drawn(book, row, 'loaded') } as const;
  return predict({ ...shared(config), kind, switches, noise, timeline: recording.timeline });
}

/** What this very row did, from the noise of all its links when it was. Null where it cannot be told. */
export function predictOwn({ row, leg }: MeasuredRow, config: CompareConfig): RowPrediction | null {
  const { recording } = leg;
  if (recording === null) return null;
  const { timeline } = recording;
  const { links, steering } = recording.noise;
  if (links.length === 0) return null;
  // What plain bridges and all transparent clocks of a row add is one link's.
  const kind = row.kind === 'bridge' ? 'direct' : row.kind;
  const noise = { how: 'aligned', noise: { links, steering } } as const;
  const runs = Math.min(OWN_RUNS, config.simulatedRuns);
  return predict({ ...shared(config), kind, switches: links.length - 1, noise, timeline, runs });
}

function compared(
  prediction: Prediction | null | undefined,
  rmsNs: number | undefined,
): CompareMeasurement['predicted'] {
  if (prediction === null || prediction === undefined || rmsNs === undefined) return null;
  const [least, greatest] = prediction.runsNs;
  const ratio = prediction.rmsNs / rmsNs;
  return {
    rmsNs: tenth(prediction.rmsNs),
    meanNs: tenth(prediction.meanNs),
    runsNs: [tenth(least), tenth(greatest)],
    ratio: Number(ratio.toPrecision(3)),
    within: isWithin(ratio),
  };
}

export interface Predictions {
  readonly fromOne: RowPrediction | null;
  readonly fromOwn: RowPrediction | null;
}

/** One line of the table for each load. */
export function measurementsOf(
  { row, leg }: MeasuredRow,
  book: NoiseBook,
  { fromOne, fromOwn }: Predictions,
  round = 1,
): CompareMeasurement[] {
  const line = (load: Load, outcome: CompareOutcome): CompareMeasurement => {
    const { name, environment, kind, switches } = row;
    const place = { row: name, title: rowTitle(row), environment };
    const what = { ...place, kind, switches, round, loaded: load === 'loaded' };
    if (outcome.status !== 'ok') {
      const nothing = { samples: 0, error: null, noise: null, fidelity: null };
      return { ...what, ...outcome, ...nothing, predicted: null, predictedOwn: null };
    }
    const error = errorOf(outcome.figures);
    const noise = book.get(pageOf(name, load));
    const { fidelity } = outcome.figures;
    return {
      ...what,
      status: error === null ? 'failed' : 'ok',
      reason: error === null ? 'the client never steered its clock' : '',
      samples: outcome.figures.errors.length,
      error,
      noise: noise === undefined ? null : describeNoise(noise),
      predicted: compared(fromOne?.[load], error?.rmsNs),
      predictedOwn: compared(fromOwn?.[load], error?.rmsNs),
      fidelity: { ...fidelity, reasons: [...fidelity.reasons] },
    };
  };
  const { idle, loaded } = leg;
  return [line('idle', idle), ...(loaded === undefined ? [] : [line('loaded', loaded)])];
}

/** Too much and too little count alike. */
export function isWithin(ratio: number, tolerance = TOLERANCE): boolean {
  return ratio <= 1 + tolerance && ratio >= 1 / (1 + tolerance);
}

export function validationOf(measurements: readonly CompareMeasurement[]) {
  const predictions = (of: 'predicted' | 'predictedOwn') =>
    measurements.flatMap((own) => own[of] ?? []);
  const [fromOne, fromOwn] = [predictions('predicted'), predictions('predictedOwn')];
  const within = (all: typeof fromOne) => all.filter((one) => one.within).length;
  return {
    tolerance: TOLERANCE,
    rows: fromOne.length,
    within: within(fromOne),
    rowsOwn: fromOwn.length,
    withinOwn: within(fromOwn),
  };
}
