/** Comments with the P4 that a statement came from. */
import type { Place } from '../failure.js';
import type { Program } from '../model.js';

/** A comment of one line, or nothing where the JSON does not say. */
export function comment(program: Program, { path }: Place): string[] {
  const line = program.sources.get(path);
  return line === undefined ? [] : [`/* ${line} */`];
}

export function isComment(line: string): boolean {
  return line.startsWith('/*');
}
