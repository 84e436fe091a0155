/** `timeplane lab storm`, inside the sandbox. */
import { watched } from '../experiments/fidelity.js';
import { createProgress } from '../experiments/first-light/progress.js';
import { interruption, versions } from '../experiments/run.js';
import { requireGenerators } from './generators.js';
import type { Placement } from './placement.js';
import { writeResult } from './result-file.js';
import { ratioOf, type Measured } from './rounds.js';
import { measureStorm, type StormConfig } from './storm.js';
import { isExplained } from './storm-accounting.js';
import { renderStorm } from './storm-report.js';
import { stormResultSchema, type StormMeasurement, type StormResult } from './storm-schema.js';

export interface StormOptions {
  readonly config: StormConfig;
  readonly placement: Placement;
  readonly jsonFile?: string;
  readonly productVersion: string;
}

/** Storm over quiet, round by round: 1 is what a storm should do. */
export function stormRatios(measurements: readonly StormMeasurement[]): StormResult['ratios'] {
  const of = (value: (one: StormMeasurement) => number): Measured[] =>
    measurements.map((one) => ({
      side: one.storm ? 'ours' : 'theirs',
      round: one.round,
      value: value(one),
    }));
  return {
    errorP99: ratioOf(
      of((one) => one.errorNs.p99),
      'rate',
    ),
    residenceP99: ratioOf(
      of((one) => one.residenceNs.p99),
      'rate',
    ),
  };
}

/**
 * Resolves to the exit code: 1 where the counters do not explain the storm. Throws LabError where
 * nothing could be measured.
 */
export async function runStorm(options: StormOptions, directory: string): Promise<number> {
  requireGenerators();
  const { config, placement } = options;
  const progress = createProgress(process.stdout);
  const signal = interruption();
  const [outcome, fidelity] = await watched(async (watch) => {
    const context = { config, placement, directory, progress, signal, fidelity: watch };
    return [await measureStorm(context), watch.judge()] as const;
  });
  const result = stormResultSchema.parse({
    config: {
      ...config,
      kinds: [...config.kinds],
      priority: placement.priority,
      processor: placement.loop,
    },
    ...outcome,
    ratios: stormRatios(outcome.measurements),
    versions: await versions(options.productVersion),
    fidelity,
  });
  progress.clear();
  progress.done(`\n${renderStorm(result)}`);
  if (options.jsonFile !== undefined) await writeResult(options.jsonFile, result);
  return outcome.explanations.every(isExplained) ? 0 : 1;
}
