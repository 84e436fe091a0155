/**
 * Brings a clone to where a job can run: Node, npm packages, system packages, everything built.
 * Each step first looks whether it is needed; a second run does nothing.
 *
 *   node tools/setup.mjs [build|start|test|bench]
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildAll, buildTypeScript } from './lib/build-steps.mjs';
import { SetupError, handleInterrupts, report, warn } from './lib/console.mjs';
import { extendPath } from './lib/files.mjs';
import { installNpmPackages } from './lib/npm-packages.mjs';
import { checkNamespaces, installSystemPackages } from './lib/system-packages.mjs';

/** @typedef {'build' | 'start' | 'test' | 'bench'} Job */

/** Everything that `job` needs. @param {Job} job */
export async function setUp(job) {
  checkPlatform();
  extendPath();
  await installSystemPackages(job);
  await installNpmPackages();
  await buildAll();
  if (job !== 'build') await checkRights(job);
}

/** Enough to print a command's help: no C compiler, no system packages. */
export async function setUpForHelp() {
  await installNpmPackages();
  await buildTypeScript();
}

function checkPlatform() {
  if (process.platform === 'linux') return;
  throw new SetupError(`timeplane's switch and lab need Linux; this is ${process.platform}`, {
    fix: 'use a Linux machine, virtual machine or privileged container',
  });
}

async function checkRights(job) {
  const rights = await checkNamespaces(job);
  if (rights.ok) return;
  const what = `this user cannot make network namespaces (${rights.reason})`;
  if (job === 'test') {
    warn(
      `${what}: tests that need them are skipped. To have them run: ${rights.advice.join('; or ')}`,
    );
    return;
  }
  throw new SetupError(what, {
    fix: rights.advice.map((line, i) => (i === 0 ? line : `or ${line}`)),
  });
}

/** Runs a tool's main function: errors are told, exit codes pass through. */
export async function main(run) {
  handleInterrupts();
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}

/** True if the module at `url` is what Node was started with. */
export const isMain = (url) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);

if (isMain(import.meta.url)) {
  await main(async ([job = 'build']) => {
    if (!['build', 'start', 'test', 'bench'].includes(job)) {
      throw new SetupError(`no job is called “${job}”`, {
        fix: 'name one of: build start test bench',
      });
    }
    await setUp(job);
    return 0;
  });
}
