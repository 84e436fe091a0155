/**
 * First light: two real PTP clocks that share one clock without knowing it, what is put between
 * them, and how far they then think they are apart.
 */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { LabError } from '../lab-error.js';
import type { FidelityWatch } from '../peers/fidelity-watch.js';
import { LOG_SYNC_INTERVAL } from '../peers/ptp4l.js';
import { TRAFFIC_SEED } from '../peers/traffic.js';
import { lengthenDatagramQueues } from '../namespaces/sandbox.js';
import { Cleanup } from './first-light/cleanup.js';
import { watched } from './fidelity.js';
import { runPhase, type PhaseContext } from './first-light/phases.js';
import { createProgress } from './first-light/progress.js';
import { renderReport } from './first-light/report.js';
import {
  firstLightSchema,
  type FirstLightConfig,
  type FirstLightResult,
  type PhaseName,
  type PhaseResult,
} from './first-light/schema.js';
import { INTERRUPTED_EXIT_CODE, interruption, pause, requireHelpers, versions } from './run.js';

/** What the operator chose; see FirstLightConfig for the units. */
export interface FirstLightOptions {
  readonly durationSeconds: number;
  readonly load: number;
  readonly rateBitsPerSecond: number;
  readonly queueBoundBytes: number;
  readonly transport: FirstLightConfig['transport'];
  readonly phases: readonly PhaseName[];
  readonly keep: boolean;
  readonly jsonFile?: string;
  readonly productVersion: string;
}

/** Without these the run has proved nothing. The others are for comparison. */
const MAIN_PHASES: readonly PhaseName[] = ['direct', 'bridge', 'transparent'];

function configOf(options: FirstLightOptions): FirstLightConfig {
  return {
    durationSeconds: options.durationSeconds,
    load: options.load,
    rateBitsPerSecond: options.rateBitsPerSecond,
    queueBoundBytes: options.queueBoundBytes,
    transport: options.transport,
    syncsPerSecond: 2 ** -LOG_SYNC_INTERVAL,
    trafficSeed: TRAFFIC_SEED,
    phases: [...options.phases],
  };
}

async function lookAround(context: PhaseContext, notes: readonly string[]): Promise<void> {
  const lines = notes.map((note) => `  ${note}`);
  context.progress.done(
    ['', 'Still running, without cross traffic. To look around:', ...lines].join('\n'),
  );
  context.progress.done('Ctrl-C ends it.');
  await pause(2 ** 31 - 1, context.signal);
}

/** Runs the phases in order; with --keep the last one stays until Ctrl-C. */
async function runPhases(context: PhaseContext, options: FirstLightOptions): Promise<number> {
  const results: PhaseResult[] = [];
  let last = new Cleanup();
  let notes: readonly string[] = [];
  try {
    for (const name of options.phases) {
      await last.run();
      last = new Cleanup();
      const run = await runPhase(context, name, last);
      results.push(...run.results);
      notes = run.notes;
    }
    if (!options.keep) await last.run();
    const result: FirstLightResult = firstLightSchema.parse({
      phases: results,
      versions: await versions(options.productVersion),
      fidelity: context.fidelity.judge(),
      config: context.config,
    });
    context.progress.clear();
    context.progress.done(`\n${renderReport(result, context.checked)}`);
    if (options.jsonFile !== undefined) {
      await writeFile(options.jsonFile, `${JSON.stringify(result, null, 2)}\n`);
    }
    if (options.keep) await lookAround(context, notes);
  } finally {
    await last.run();
  }
  const broken = results.some((phase) => MAIN_PHASES.includes(phase.name) && phase.status !== 'ok');
  return broken ? 1 : 0;
}

/**
 * The whole run, inside the sandbox; resolves to the exit code. `directory` is removed at the end.
 * Throws LabError where nothing could be run at all.
 */
export function runFirstLight(options: FirstLightOptions, directory: string): Promise<number> {
  requireHelpers();
  lengthenDatagramQueues();
  return watched((fidelity) => runWatched(options, directory, fidelity));
}

async function runWatched(
  options: FirstLightOptions,
  directory: string,
  fidelity: FidelityWatch,
): Promise<number> {
  const context: PhaseContext = {
    config: configOf(options),
    directory,
    checked: { printed: 0, found: 0 },
    progress: createProgress(process.stdout),
    signal: interruption(),
    fidelity,
  };
  try {
    return await runPhases(context, options);
  } catch (error) {
    if (!(error instanceof LabError && error.code === 'interrupted')) throw error;
    context.progress.done(options.keep ? 'Ended.' : 'Interrupted; nothing is left behind.');
    return options.keep ? 0 : INTERRUPTED_EXIT_CODE;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
