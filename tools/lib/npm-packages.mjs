/** The npm packages: installed from the lockfile when they are not what it says. */
import { existsSync, readFileSync } from 'node:fs';
import { SetupError, runQuietly, step, tail } from './console.mjs';
import { inRoot, root, which } from './files.mjs';

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * True if node_modules holds the lockfile's packages at its versions. npm writes its own record at
 * the end of an installation, so an interrupted one has none. Packages for other platforms are
 * optional and absent.
 */
export function npmPackagesAreCurrent() {
  const record = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  try {
    const installed = readJson(record).packages;
    return Object.entries(readJson(inRoot('package-lock.json')).packages).every(
      ([path, { version, optional }]) =>
        path === '' ||
        (installed[path] === undefined
          ? optional === true
          : installed[path].version === version && existsSync(inRoot(path, 'package.json'))),
    );
  } catch {
    return false;
  }
}

export async function installNpmPackages() {
  if (npmPackagesAreCurrent()) return;
  const script = process.env.npm_execpath;
  const [command, before] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  if (command === 'npm' && which('npm') === null) {
    throw new SetupError('npm is not on PATH', { fix: 'install npm (it comes with Node)' });
  }
  await step('installing the npm packages of package-lock.json', async () => {
    const args = [
      ...before,
      'ci',
      '--include=dev',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-progress',
    ];
    const { code, output } = await runQuietly(command, args, { cwd: root });
    if (code === 0) return;
    throw new SetupError(`npm ci ended with code ${code}`, {
      where: root,
      detail: tail(output),
      fix: 'see npm’s message above: is the network there, and a proxy set if one is needed?',
    });
  });
}
