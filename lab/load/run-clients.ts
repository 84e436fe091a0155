/** `timeplane lab clients`, inside the sandbox. */
import { watched } from '../experiments/fidelity.js';
import { createProgress } from '../experiments/first-light/progress.js';
import { interruption, versions } from '../experiments/run.js';
import { requireGenerators } from './generators.js';
import { writeResult } from './result-file.js';
import { measureClients, ratiosOf, type ClientsConfig } from './clients.js';
import { renderClients } from './clients-report.js';
import { clientsResultSchema } from './clients-schema.js';

export interface ClientsOptions {
  readonly config: ClientsConfig;
  readonly jsonFile?: string;
  readonly productVersion: string;
}

/**
 * Resolves to the exit code: 1 where one of our answers was wrong, or one reached the agent. Throws
 * LabError where nothing could be measured.
 */
export async function runClients(options: ClientsOptions, directory: string): Promise<number> {
  requireGenerators();
  const { config } = options;
  const progress = createProgress(process.stdout);
  const signal = interruption();
  const [measurements, fidelity] = await watched(async (watch) => {
    const context = { config, directory, progress, signal, fidelity: watch };
    return [await measureClients(context), watch.judge()] as const;
  });
  const { clients, requestsPerSecond, seconds, rounds, transport, cast } = config;
  const result = clientsResultSchema.parse({
    config: { clients, requestsPerSecond, seconds, rounds, transport, cast },
    measurements,
    ratios: ratiosOf(measurements),
    versions: await versions(options.productVersion),
    fidelity,
  });
  progress.clear();
  progress.done(`\n${renderClients(result)}`);
  if (options.jsonFile !== undefined) await writeResult(options.jsonFile, result);
  const ours = measurements.filter(({ server }) => server === 'timeplane');
  return ours.some((one) => one.notRight > 0 || one.packetIns !== 0) ? 1 : 0;
}
