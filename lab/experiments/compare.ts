/**
 * Transparent against boundary clocks in rows of one to eight of our switches, with real ptp4l at both
 * ends, idle and loaded; and whether the simulator, told of the noise, foretells what was measured.
 */
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNs } from '#units/format';
import { LabError } from '../lab-error.js';
import { lengthenDatagramQueues } from '../namespaces/sandbox.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { mininetObstacle, mininetVersion } from '../peers/mininet.js';
import { lineChart } from '../study/line-chart.js';
import {
  measurementsOf,
  noiseBook,
  predictOwn,
  predictRow,
  sourceOf,
  validationOf,
  type MeasuredRow,
} from './compare/evaluate.js';
import {
  runCompareLeg,
  skippedLeg,
  type CompareContext,
  type CompareOutcome,
} from './compare/leg.js';
import { compareChart, renderCompare } from './compare/report.js';
import { COMPARE_ROWS, ENVIRONMENTS, rowTitle, type CompareRow } from './compare/rows.js';
import {
  compareSchema,
  type CompareConfig,
  type CompareMeasurement,
  type CompareResult,
} from './compare/schema.js';
import { watched } from './fidelity.js';
import { Cleanup } from './first-light/cleanup.js';
import { createProgress } from './first-light/progress.js';
import { INTERRUPTED_EXIT_CODE, interruption, pause, requireHelpers, versions } from './run.js';
import { summarizeErrors } from '../measure/statistics.js';

export interface CompareOptions {
  readonly config: CompareConfig;
  readonly rows: readonly CompareRow[];
  readonly jsonFile?: string;
  /** For the pictures; made if it is not there. */
  readonly chartDirectory?: string;
  readonly productVersion: string;
}

/** Those that were asked for, and those whose noise these are predicted from. */
export function withSources(rows: readonly CompareRow[]): readonly CompareRow[] {
  const wanted = new Set(
    rows.flatMap(({ name, environment, kind }) => [
      name,
      ...(environment === 'namespaces' ? [sourceOf(kind) ?? name] : []),
    ]),
  );
  return COMPARE_ROWS.filter(({ name }) => wanted.has(name));
}

function announce({ progress }: CompareContext, title: string, outcome?: CompareOutcome): void {
  if (outcome === undefined) return;
  if (outcome.status !== 'ok') {
    progress.done(`${title}: ${outcome.status}: ${outcome.reason}`);
    return;
  }
  const { errors, fidelity } = outcome.figures;
  const rms = summarizeErrors(errors.map(({ errorNs }) => errorNs))?.rms ?? Number.NaN;
  progress.done(`${title}: rms ${formatNs(rms)}; the machine: ${fidelity.verdict}`);
}

async function measureRows(
  context: CompareContext,
  rows: readonly CompareRow[],
): Promise<MeasuredRow[]> {
  const measured: MeasuredRow[] = [];
  const isMininet = ({ environment }: CompareRow) => environment === 'mininet';
  const obstacle = rows.some(isMininet) ? await mininetObstacle() : '';
  if (obstacle !== '') context.progress.done(`Rows in Mininet are skipped: ${obstacle}.`);
  for (const row of rows) {
    if (isMininet(row) && obstacle !== '') {
      measured.push({ row, leg: skippedLeg(context, row, obstacle) });
      continue;
    }
    const cleanup = new Cleanup();
    try {
      const leg = await runCompareLeg(context, row, cleanup);
      announce(context, `${rowTitle(row)}, idle`, leg.idle);
      announce(context, `${rowTitle(row)}, loaded`, leg.loaded);
      measured.push({ row, leg });
    } finally {
      await cleanup.run();
    }
  }
  return measured;
}

/** Simulates each row, when nothing is measured. */
async function predictRows(
  context: CompareContext,
  measured: readonly MeasuredRow[],
  round: number,
): Promise<CompareMeasurement[]> {
  const { config, progress, signal } = context;
  const book = noiseBook(measured);
  const measurements: CompareMeasurement[] = [];
  for (const one of measured) {
    progress.update(`${rowTitle(one.row)}: simulating`);
    // For Ctrl-C to be heard.
    await pause(1, signal);
    const fromOne = predictRow(book, one, config);
    const fromOwn = predictOwn(one, config);
    measurements.push(...measurementsOf(one, book, { fromOne, fromOwn }, round));
  }
  return measurements;
}

async function writeCharts(result: CompareResult, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const environment of ENVIRONMENTS) {
    const where = environment === 'namespaces' ? '' : `${environment}-`;
    for (const loaded of [false, true]) {
      const chart = compareChart(result, loaded, environment);
      if (chart === null) continue;
      const file = join(directory, `compare-${where}${loaded ? 'loaded' : 'idle'}.svg`);
      await writeFile(file, lineChart(chart));
    }
  }
}

async function versionsOf(
  product: string,
  measurements: readonly CompareMeasurement[],
): Promise<Record<string, string>> {
  const isIn = measurements.some(({ environment, status }) => {
    return environment === 'mininet' && status === 'ok';
  });
  const mininet = isIn ? { mininet: await mininetVersion() } : {};
  return { ...(await versions(product)), ...mininet };
}

async function runAll(context: CompareContext, options: CompareOptions): Promise<number> {
  const { jsonFile, chartDirectory, productVersion } = options;
  const measurements: CompareMeasurement[] = [];
  for (let round = 1; round <= context.config.repeats; round += 1) {
    const measured = await measureRows(context, withSources(options.rows));
    measurements.push(...(await predictRows(context, measured, round)));
  }
  const result = compareSchema.parse({
    measurements,
    validation: validationOf(measurements),
    versions: await versionsOf(productVersion, measurements),
    fidelity: context.fidelity.judge(),
    config: context.config,
  });
  context.progress.clear();
  context.progress.done(`\n${renderCompare(result)}`);
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(result, null, 2)}\n`);
  if (chartDirectory !== undefined) await writeCharts(result, chartDirectory);
  return measurements.some(({ status }) => status === 'failed') ? 1 : 0;
}

/**
 * The whole run, inside the sandbox; resolves to the exit code. `directory` is removed at the end.
 * Throws LabError where nothing could be run at all.
 */
export function runCompare(options: CompareOptions, directory: string): Promise<number> {
  requireHelpers();
  lengthenDatagramQueues();
  return watched((fidelity) => runWatched(options, directory, fidelity));
}

async function runWatched(
  options: CompareOptions,
  directory: string,
  fidelity: FidelityWatch,
): Promise<number> {
  const { config } = options;
  const context: CompareContext = {
    ...{ config, directory, fidelity },
    checked: { printed: 0, found: 0 },
    progress: createProgress(process.stdout),
    signal: interruption(),
    legs: { begun: 0, planned: config.repeats * withSources(options.rows).length },
  };
  context.progress.done(`Seed of the cross traffic and the simulator: ${config.seed}`);
  try {
    return await runAll(context, options);
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'interrupted')) throw error;
    context.progress.done('Interrupted; nothing is left behind.');
    return INTERRUPTED_EXIT_CODE;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
