import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function isPackageRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return (
    typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'timeplane'
  );
}

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the timeplane package has no package.json above it');
    folder = parent;
  }
  return folder;
}

/** The package's folder, whether this runs from the sources or from `dist/`. */
export const packageRoot: string = findRoot();

/** Where C headers and sources of the engine are. */
export const engineFolder: string = join(packageRoot, 'dataplane-native', 'engine');

/** The engine's library, as `npm run build` makes it. */
export const defaultLibrary: string = join(packageRoot, 'build', 'libtimeplane.so');

/** Where compiled pipelines are kept for the next start: XDG_CACHE_HOME or
 * ~/.cache, and in it `timeplane`. */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const home = env['XDG_CACHE_HOME'];
  return join(home === undefined || home === '' ? join(homedir(), '.cache') : home, 'timeplane');
}
