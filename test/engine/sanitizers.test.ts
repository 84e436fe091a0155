/** The engine under AddressSanitizer and UndefinedBehaviorSanitizer: fixtures/smoke.c. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '#binding/build';
import { packageRoot } from '#binding/paths';
import { updateSamples } from './update-samples.js';

const folder = join(packageRoot, 'build', 'test', 'sanitized');
const fixtures = join(packageRoot, 'test', 'engine', 'fixtures');
const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g', '-O1'];
const ROUNDS = 300_000;
const TABLE_STEPS = 12_000;

function cc(...args: string[]) {
  return spawnSync('cc', args, { cwd: packageRoot, encoding: 'utf8' });
}

mkdirSync(folder, { recursive: true });
const probe = join(folder, 'probe');
const compiled = spawnSync('cc', ['-xc', '-', ...SANITIZE, '-o', probe], {
  input: 'int main(void) { return 0; }',
});
const hasSanitizers = compiled.status === 0 && spawnSync(probe).status === 0;

describe.skipIf(!hasSanitizers)('under the sanitizers', () => {
  const engine = join(folder, `engine-${process.pid}.o`);
  const smoke = join(folder, `smoke-${process.pid}`);
  const latency = join(folder, `latency-${process.pid}`);
  const tables = join(folder, `tables-${process.pid}`);
  const growth = join(folder, `growth-${process.pid}`);
  const collisions = join(folder, `collisions-${process.pid}`);
  const rows = join(folder, `rows-${process.pid}`);
  const updates = join(folder, `updates-${process.pid}`);
  const pipeline = join(folder, `l2-${process.pid}.so`);

  beforeAll(async () => {
    const { sources, warnings, includeDirectory } = await readRecipe();
    const flags = ['-std=c17', '-D_GNU_SOURCE', '-pthread', '-Werror', ...SANITIZE, ...warnings];
    const include = `-I${includeDirectory}`;
    const whole = ['-r', '-nostdlib', ...sources, '-o', engine];
    expect(cc(...flags, include, ...whole)).toMatchObject({ status: 0, stderr: '' });
    const programs = { smoke, latency, tables, growth, collisions, rows };
    for (const [name, program] of Object.entries(programs)) {
      const source = join(fixtures, `${name}.c`);
      const args = [source, engine, '-ldl', '-o', program];
      expect(cc(...flags, include, ...args)).toMatchObject({ status: 0, stderr: '' });
    }
    const shared = ['-fPIC', '-shared', join(fixtures, 'l2.c'), '-o', pipeline];
    expect(cc(...flags, include, ...shared)).toMatchObject({ status: 0, stderr: '' });
  });

  afterAll(() => {
    for (const file of [
      engine,
      smoke,
      latency,
      tables,
      growth,
      collisions,
      rows,
      updates,
      pipeline,
    ])
      rmSync(file, { force: true });
  });

  it.each([
    { seed: 1, loops: 1 },
    { seed: 2, loops: 1 },
    { seed: 3, loops: 1 },
    { seed: 3, loops: 3 },
    { seed: Date.now() % 1_000_000, loops: 1 },
    { seed: Date.now() % 1_000_000, loops: 2 },
  ])(
    'random frames and calls do no harm and lose no buffer (seed $seed, packet loops $loops)',
    ({ seed, loops }) => {
      const args = [pipeline, `${seed}`, `${ROUNDS}`, `${loops}`];
      const run = spawnSync(smoke, args, { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      expect(run.status).toBe(0);
      const [sent = 0, messages = 0, events = 0, waits = 0] = [...run.stdout.matchAll(/\d+/g)].map(
        Number,
      );
      expect(sent).toBeGreaterThan(ROUNDS / 10);
      expect(messages).toBeGreaterThan(ROUNDS / 100);
      expect(events).toBeGreaterThan(ROUNDS / 100);
      expect(waits).toBeGreaterThan(ROUNDS / 1000);
    },
  );

  it.each([1, Date.now() % 1_000_000])(
    'the latency to expect follows how long the preparation took (seed %i)',
    (seed) => {
      const run = spawnSync(latency, [`${seed}`], { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      const [prepared = 0, unprepared = 0, samples, missedP99 = 0] = run.stdout
        .split(' ')
        .map(Number);
      expect(samples).toBe(5_000);
      // The widest gap among 256 of 1800 ns, times the slope of 3/2; the noise is 40 ns.
      expect(prepared).toBeLessThan(250);
      expect(unprepared).toBeLessThan(40);
      expect(missedP99).toBeLessThan(150);
    },
  );

  it.each([1, 2, Date.now() % 1_000_000])(
    'tables of every kind find what a look at each entry finds (seed %i)',
    (seed) => {
      const run = spawnSync(tables, [`${seed}`, `${TABLE_STEPS}`], { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      expect(run.stdout).toBe('ok\n');
    },
  );

  it.each([1, Date.now() % 1_000_000])(
    'the slots of a table grow with its entries, and lose none (seed %i)',
    (seed) => {
      const run = spawnSync(growth, [`${seed}`], { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      expect(run.stdout).toBe('ok\n');
    },
  );

  it.each([1, Date.now() % 1_000_000])(
    'keys that somebody has chosen share no slots in a table of another draw (seed %i)',
    (seed) => {
      const run = spawnSync(collisions, [`${seed}`], { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      const sets = run.stdout.trim().split('\n');
      const ways = sets.map((line) => line.split(' ').slice(1).map(Number));
      const [chosen = [], ...regular] = ways;
      // All 1,024 in a row where the draw is known; else as far as by chance.
      expect(chosen[0]).toBe(1023);
      for (const [known = 1e9, median = 1e9, greatest = 1e9] of [
        [0, ...chosen.slice(1)],
        ...regular,
      ]) {
        expect(known).toBeLessThan(100);
        expect(median).toBeLessThan(25);
        expect(greatest).toBeLessThan(100);
      }
      expect(regular).toHaveLength(8);
    },
  );

  it.each([1, 2, Date.now() % 1_000_000])(
    'updates become rows, or none, whatever has become of their octets (seed %i)',
    (seed) => {
      writeFileSync(updates, updateSamples());
      const run = spawnSync(rows, [updates, `${seed}`, `${ROUNDS}`], { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      // A quarter is whole.
      expect(Number(run.stdout)).toBeGreaterThan(ROUNDS / 8);
      expect(Number(run.stdout)).toBeLessThan((ROUNDS * 3) / 4);
    },
  );
});
