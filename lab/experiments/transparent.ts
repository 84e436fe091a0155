/**
 * The transparent clock side by side with ptp4l's own: end-to-end and peer-to-peer, one-step and
 * two-step, alone and in a row, idle and loaded, over every transport.
 */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { formatNs } from '#units/format';
import { LabError } from '../lab-error.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { LOG_SYNC_INTERVAL } from '../peers/ptp4l.js';
import { lengthenDatagramQueues } from '../namespaces/sandbox.js';
import { Cleanup } from './first-light/cleanup.js';
import { watched } from './fidelity.js';
import { createProgress } from './first-light/progress.js';
import { INTERRUPTED_EXIT_CODE, interruption, requireHelpers, versions } from './run.js';
import { asymmetrySubjects, measureAsymmetry } from './transparent/asymmetry.js';
import { aimsOf, evaluateRow, withRatios } from './transparent/evaluate.js';
import { runLeg, type LabContext, type LegOutcome } from './transparent/leg.js';
import { renderReport } from './transparent/report.js';
import { legsOf, type Comparison, type Row, type Selection } from './transparent/rows.js';
import {
  transparentSchema,
  type Measurement,
  type TransparentConfig,
  type TransparentResult,
} from './transparent/schema.js';

export interface TransparentOptions {
  readonly config: Omit<TransparentConfig, 'syncsPerSecond'>;
  readonly selection: Selection;
  readonly jsonFile?: string;
  readonly productVersion: string;
}

interface RowLegs {
  readonly row: Row;
  readonly idle: LegOutcome[];
  readonly loaded: LegOutcome[];
}

function announce(context: LabContext, title: string, outcome: LegOutcome | undefined): void {
  if (outcome === undefined) return;
  if (outcome.status !== 'ok') {
    context.progress.done(`${title}: ${outcome.status}: ${outcome.reason}`);
    return;
  }
  const { samples, truth } = outcome.figures;
  const errors = samples.map(({ offsetNs }) => Math.abs(offsetNs)).sort((a, b) => a - b);
  const p99 = errors[Math.ceil(errors.length * 0.99) - 1] ?? 0;
  const lost = truth.lost === 0 ? '' : `, ${truth.lost} lost`;
  context.progress.done(`${title}: ${samples.length} Syncs${lost}, error p99 ${formatNs(p99)}`);
}

/** All rows of a comparison in turn, forth and back. */
async function compare(context: LabContext, comparison: Comparison): Promise<Measurement[]> {
  const rows = comparison.rows.map((row): RowLegs => ({ row, idle: [], loaded: [] }));
  for (const { row, idle, loaded } of legsOf(rows, context.config.legs)) {
    // What this machine lacks, or what does not start, is not tried again.
    if (idle.some(({ status }) => status !== 'ok')) continue;
    const cleanup = new Cleanup();
    try {
      const result = await runLeg(context, comparison, row, cleanup);
      const title = `${comparison.title}: ${row.title}`;
      idle.push(result.idle);
      announce(context, `${title}, idle`, result.idle);
      if (result.loaded !== undefined) {
        loaded.push(result.loaded);
        announce(context, `${title}, loaded`, result.loaded);
      }
    } finally {
      await cleanup.run();
    }
  }
  return withRatios(
    rows.flatMap(({ row, idle, loaded }) => [
      evaluateRow(comparison, row, false, idle),
      ...(loaded.length === 0 ? [] : [evaluateRow(comparison, row, true, loaded)]),
    ]),
  );
}

async function runAll(context: LabContext, options: TransparentOptions): Promise<number> {
  const { selection, jsonFile, productVersion } = options;
  const measurements: Measurement[] = [];
  for (const comparison of selection.comparisons) {
    measurements.push(...(await compare(context, comparison)));
  }
  const asymmetry = selection.asymmetry ? await measureAsymmetry(context) : [];
  const result: TransparentResult = transparentSchema.parse({
    measurements,
    asymmetry,
    aims: aimsOf(measurements),
    versions: await versions(productVersion),
    config: context.config,
    fidelity: context.fidelity.judge(),
  });
  context.progress.clear();
  context.progress.done(`\n${renderReport(result, context.checked)}`);
  if (jsonFile !== undefined) {
    await writeFile(jsonFile, `${JSON.stringify(result, null, 2)}\n`);
  }
  const failed = [...measurements, ...asymmetry].some(({ status }) => status === 'failed');
  return failed ? 1 : 0;
}

function plannedLegs({ selection, config }: TransparentOptions): number {
  const rows = selection.comparisons.reduce((total, { rows }) => total + rows.length, 0);
  return rows * config.legs + (selection.asymmetry ? asymmetrySubjects().length : 0);
}

/**
 * The whole run, inside the sandbox; resolves to the exit code. `directory` is removed at the end.
 * Throws LabError where nothing could be run at all.
 */
export function runTransparent(options: TransparentOptions, directory: string): Promise<number> {
  requireHelpers();
  lengthenDatagramQueues();
  return watched((fidelity) => runWatched(options, directory, fidelity));
}

async function runWatched(
  options: TransparentOptions,
  directory: string,
  fidelity: FidelityWatch,
): Promise<number> {
  const context: LabContext = {
    config: { ...options.config, syncsPerSecond: 2 ** -LOG_SYNC_INTERVAL },
    directory,
    checked: { printed: 0, found: 0 },
    progress: createProgress(process.stdout),
    signal: interruption(),
    fidelity,
    legs: { begun: 0, planned: plannedLegs(options) },
  };
  context.progress.done(`Seed of the cross traffic: ${options.config.seed}`);
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
