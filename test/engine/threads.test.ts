/**
 * Several packet loops at work on one pipeline: fixtures/threads.c, as it is and under
 * ThreadSanitizer, with the STF suite's shared_state.p4, in which every frame changes what all
 * threads share.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '#binding/build';
import { packageRoot } from '#binding/paths';
import { compilePipeline } from '#compiler/compile';
import type { PipelineLayout } from '#compiler/layout';

const folder = join(packageRoot, 'build', 'test', 'threads');
const fixtures = join(packageRoot, 'test', 'engine', 'fixtures');
const artefact = join(packageRoot, 'test', 'stf', 'programs', 'artefacts', 'shared_state.json');
const THREAD_SANITIZER = ['-fsanitize=thread', '-g', '-O1'];

function cc(args: readonly string[], input = '') {
  return spawnSync('cc', args, { cwd: packageRoot, encoding: 'utf8', input });
}

mkdirSync(folder, { recursive: true });
const probe = join(folder, 'probe');
const hasSanitizer =
  cc(['-xc', '-', ...THREAD_SANITIZER, '-o', probe], 'int main(void) { return 0; }').status === 0 &&
  spawnSync(probe).status === 0;

function program(): { c: string; layout: PipelineLayout } {
  const compiled = compilePipeline(readFileSync(artefact, 'utf8'));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  return compiled.value;
}

/** The numbers of what shared_state.p4 declares, as fixtures/threads.c wants them. */
function numbers({ tables, counters, registers }: PipelineLayout): string[] {
  const find = (list: readonly { name: string; index: number }[], name: string): string => {
    const found = list.find((one) => one.name.endsWith(`.${name}`));
    if (found === undefined) throw new Error(`shared_state.p4 has no ${name}`);
    return String(found.index);
  };
  return [
    find(tables, 'flows'),
    ...['seen', 'colours', 'left'].map((name) => find(counters, name)),
    ...['tickets', 'again'].map((name) => find(registers, name)),
  ];
}

describe.each([
  { how: 'as they are', flags: ['-O2', '-g'], frames: 200_000, can: true },
  { how: 'under the thread sanitizer', flags: THREAD_SANITIZER, frames: 40_000, can: hasSanitizer },
])('packet loops that share a pipeline, $how', ({ flags, frames, can }) => {
  const name = (file: string) => join(folder, `${file}-${frames}-${process.pid}`);
  const { c, layout } = program();

  beforeAll(async () => {
    if (!can) return;
    const { sources, warnings, includeDirectory } = await readRecipe();
    const common = ['-std=c17', '-D_GNU_SOURCE', '-pthread', `-I${includeDirectory}`, ...flags];
    const main = [join(fixtures, 'threads.c'), ...sources, '-ldl', '-o', name('threads')];
    expect(cc([...common, '-Werror', ...warnings, ...main])).toMatchObject({ status: 0 });
    writeFileSync(name('pipeline.c'), c);
    const pipeline = ['-fPIC', '-shared', '-xc', name('pipeline.c'), '-o', name('pipeline')];
    expect(cc([...common, ...pipeline])).toMatchObject({ status: 0 });
  });

  afterAll(() => {
    for (const file of ['threads', 'pipeline', 'pipeline.c']) rmSync(name(file), { force: true });
  });

  it.runIf(can).each([
    { threads: 1, seed: 1 },
    { threads: 2, seed: Date.now() % 1_000_000 },
    { threads: 3, seed: Date.now() % 1_000_000 },
  ])(
    'count, meter and number every frame once, and keep order ($threads threads, seed $seed)',
    { timeout: 120_000 },
    ({ threads, seed }) => {
      const args = [name('pipeline'), threads, frames, seed, ...numbers(layout)].map(String);
      const run = spawnSync(name('threads'), args, { encoding: 'utf8' });
      expect(run.stderr).toBe('');
      expect(run.stdout).toMatch(new RegExp(`^${frames} frames, \\d{4,} digests`));
      expect(run.status).toBe(0);
    },
  );
});
