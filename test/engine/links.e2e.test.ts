/** Ports whose links go down, grow, go away and come back, under the sanitizers: fixtures/links.c. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '#binding/build';
import { packageRoot } from '#binding/paths';

const folder = join(packageRoot, 'build', 'test', 'sanitized');
const fixtures = join(packageRoot, 'test', 'engine', 'fixtures');
const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g', '-O1'];
const ROUNDS = 100;

const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const canUnshare = spawnSync('unshare', [...user, '--net', 'ip', 'link']).status === 0;

mkdirSync(folder, { recursive: true });
const probe = join(folder, `probe-${process.pid}`);
const compiled = spawnSync('cc', ['-xc', '-', ...SANITIZE, '-o', probe], {
  input: 'int main(void) { return 0; }',
});
const hasSanitizers = compiled.status === 0 && spawnSync(probe).status === 0;
rmSync(probe, { force: true });

describe.skipIf(!canUnshare || !hasSanitizers)('links that change under traffic', () => {
  const program = join(folder, `links-${process.pid}`);
  const pipeline = join(folder, `links-l2-${process.pid}.so`);

  beforeAll(async () => {
    const { sources, warnings, includeDirectory } = await readRecipe();
    const flags = ['-std=c17', '-D_GNU_SOURCE', '-pthread', '-Werror', ...warnings];
    const include = `-I${includeDirectory}`;
    const cc = (...args: string[]) => {
      const built = spawnSync('cc', [...flags, include, ...args], {
        cwd: packageRoot,
        encoding: 'utf8',
      });
      expect(built).toMatchObject({ status: 0, stderr: '' });
    };
    cc(...SANITIZE, join(fixtures, 'links.c'), ...sources, '-ldl', '-o', program);
    cc('-fPIC', '-shared', join(fixtures, 'l2.c'), '-o', pipeline);
  }, 120_000);
  afterAll(() => {
    for (const file of [program, pipeline]) rmSync(file, { force: true });
  });

  it.each([1, 2, Number(process.env['TIMEPLANE_SEED'] ?? 3)])(
    'bring frames in order, once and whole, and pass them again in the end (seed %i)',
    { timeout: 120_000 },
    (seed) => {
      const argv = [...user, '--net', program, pipeline, `${seed}`, `${ROUNDS}`];
      const run = spawnSync('unshare', argv, { encoding: 'utf8' });
      expect(run.stderr).not.toMatch(/links:|Sanitizer|runtime error/);
      expect(run.status).toBe(0);
      const [sent = 0, received = 0, reopened = 0] = [...run.stdout.matchAll(/\d+/g)].map(Number);
      expect(sent).toBeGreaterThan(ROUNDS * 50);
      expect(received).toBeGreaterThan(sent / 4);
      expect(reopened).toBeGreaterThan(ROUNDS / 20);
    },
  );
});
