/** Runs a measurement, shows it and writes it. The commands call this. */
import pc from 'picocolors';
import { createProgress } from '../experiments/first-light/progress.js';
import type { Progress } from '../experiments/first-light/progress.js';
import type { Measured } from './measure-time.js';
import {
  printProblems,
  printTable,
  printVerdicts,
  writeOutputs,
  type OutputFiles,
} from './outputs.js';

/** Also in the commands' help. */
export const EXIT = { ok: 0, flawed: 1, nothing: 2 } as const;

/**
 * Resolves to the exit code: 0 all read and no limit broken, 1 a limit is broken or an input is broken
 * in part (what could be read is shown), 2 there is nothing to show or a file cannot be written.
 */
export async function runMeasurement(
  measure: (progress: Progress) => Promise<Measured>,
  files: OutputFiles,
): Promise<number> {
  // Standard output is for results: someone may read it.
  const progress = createProgress(process.stderr);
  const { problems, found } = await measure(progress);
  if (found === null) {
    printProblems(problems);
    return EXIT.nothing;
  }
  const { outputs, tables, isBroken } = found;
  for (const table of tables) printTable(table);
  if (outputs.page.verdicts.length > 0) console.log('');
  printVerdicts(outputs.page);
  const trouble = await writeOutputs(files, outputs);
  if (trouble !== null) {
    process.stderr.write(`${pc.red('error:')} ${trouble}\n`);
    return EXIT.nothing;
  }
  const told = new Set(outputs.page.warnings);
  printProblems(problems);
  if (problems.length > 0) {
    process.stderr.write(`${pc.dim('note:')} what could be read is shown above\n`);
  } else {
    for (const text of told) process.stderr.write(`${pc.dim('note:')} ${text}\n`);
  }
  return isBroken || problems.length > 0 ? EXIT.flawed : EXIT.ok;
}
