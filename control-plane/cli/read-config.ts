import { loadConfig, type AgentConfig } from '#runtime/config';
import { formatConfigError } from '#runtime/config-error';
import { OperatorError } from './operator-error.js';

/** An agent's configuration. @throws OperatorError with every mistake in the file, exit code 2. */
export async function readConfig(file: string): Promise<AgentConfig> {
  const loaded = await loadConfig(file);
  if (loaded.ok) return loaded.value;
  throw new OperatorError(loaded.errors.map(formatConfigError).join('\n       '), {
    exitCode: 2,
  });
}
