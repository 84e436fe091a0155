import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is not the repository's: made, installed, or git's own. */
const NOT_OURS = new Set(['node_modules', 'dist', 'build', 'coverage', '.git']);

/** All files of the repository below `folder`, relative to its root, sorted. */
export function repositoryFiles(folder = '.'): string[] {
  const walk = (at: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
      const path = join(at, entry.name);
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
      return entry.isFile() ? [relative(ROOT, path)] : [];
    });
  return walk(join(ROOT, folder)).sort();
}

export const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
