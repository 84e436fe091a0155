/**
 * What a run of the fuzzers is told by its environment; tools/fuzz.mjs sets it. Without, as in `npm test`,
 * each target gets some seconds.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#binding/paths';

/** Length of a long run, shared by all that a target goes through; null: the short one. */
const MINUTES = process.env['TIMEPLANE_FUZZ_MINUTES'];

export const SEED = Number(process.env['TIMEPLANE_SEED'] ?? 20_261_122);

/** Only what has this in its name. */
export const ONLY = process.env['TIMEPLANE_FUZZ_ONLY'] ?? '';

/** An input to run instead of looking for some. */
export const INPUT_FILE = process.env['TIMEPLANE_FUZZ_FILE'] ?? null;

/** Whether what a long run finds goes into the committed corpus. */
export const KEEPS = process.env['TIMEPLANE_FUZZ_KEEP'] === '1';

export const IS_LONG = MINUTES !== undefined;

/** Seconds for one of `parts` that share the time; `brief` where the run is not a long one. */
export function secondsFor(parts: number, brief: number): number {
  return MINUTES === undefined ? brief : Math.max(1, Math.ceil((Number(MINUTES) * 60) / parts));
}

/** A folder of the fuzzers' own, below build/. */
export function workFolder(...names: readonly string[]): string {
  const folder = join(packageRoot, 'build', 'fuzz', ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** How to run one input again. */
export function replayCommand(target: string, only: string, file: string): string {
  const program = only === '' ? '' : ` --only ${only}`;
  return `npm run fuzz -- --target ${target}${program} --file ${file}`;
}
