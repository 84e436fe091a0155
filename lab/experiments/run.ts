/** What every experiment needs around it: programs, versions, an end on Ctrl-C. */
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { LabError } from '../lab-error.js';
import { BMV2_PROGRAM } from '../peers/bmv2.js';
import { HELPERS, helperPath } from '../peers/helpers.js';
import { tryCommand } from '../namespaces/commands.js';
import { hasProgram } from '../namespaces/sandbox.js';

export const INTERRUPTED_EXIT_CODE = 130;

/** Throws `precondition` where the lab's own C programs are missing. */
export function requireHelpers(): void {
  const missing = HELPERS.filter((helper) => !existsSync(helperPath(helper)));
  if (missing.length === 0) return;
  throw new LabError(
    'precondition',
    `the lab's programs are not built: ${missing.join(', ')}`,
    'npm run build',
  );
}

/** Of everything that has a say in the figures. */
export async function versions(product: string): Promise<Record<string, string>> {
  const ptp4l = await tryCommand(['ptp4l', '-v']);
  const found: Record<string, string> = {
    timeplane: product,
    node: process.versions.node,
    kernel: release(),
    ptp4l: (ptp4l.stdout || ptp4l.stderr).trim(),
  };
  if (hasProgram(BMV2_PROGRAM)) {
    const bmv2 = await tryCommand([BMV2_PROGRAM, '--version']);
    found[BMV2_PROGRAM] = (bmv2.stdout || bmv2.stderr).trim().split('\n')[0] ?? '';
  }
  return found;
}

/** Aborted by a signal, or when whoever read our output has gone. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt.abort());
  }
  process.stdout.on('error', () => interrupt.abort());
  return interrupt.signal;
}

/** Waits; throws `interrupted` at once when the run is to end. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
  if (signal.aborted) throw new LabError('interrupted', 'interrupted');
}
