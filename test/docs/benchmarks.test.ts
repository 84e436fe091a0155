/**
 * The table of targets in docs/benchmarks.md is what the committed run says, and has every target that
 * there is. After a new run,
 *
 *   npm run bench -- --targets --json docs/benchmarks/targets.json
 *   npx vitest run test/docs/benchmarks.test.ts -u
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allBenchmarks } from '#lab/bench/benchmarks';
import { readTargets, targetsTable } from '#lab/bench/targets';

const docs = join(import.meta.dirname, '../../docs');
const page = readFileSync(join(docs, 'benchmarks.md'), 'utf8');
const targets = readTargets(join(docs, 'benchmarks', 'targets.json'));
const contests = allBenchmarks({
  quick: false,
  directory: '',
  noNetwork: null,
  progress: () => undefined,
}).map(({ contest }) => contest);

describe('docs/benchmarks.md', () => {
  it('has the table of targets that was measured', async () => {
    const [head, , tail] = page.split(/(?<=<!-- targets -->\n)|(?=<!-- end of targets -->)/);
    expect(tail).toBeDefined();
    const own = `${head}\n${targetsTable(targets)}\n\n${tail}`;
    await expect(own).toMatchFileSnapshot('../../docs/benchmarks.md');
  });

  it('has every target, with the bound that it has, measured', () => {
    const bounds = contests.flatMap(({ name, targets: own = [] }) =>
      own.map(({ what, most = null, least = null }) => ({ contest: name, what, most, least })),
    );
    expect(
      targets.map(({ contest, what, most, least }) => ({ contest, what, most, least })),
    ).toEqual(bounds);
    expect(targets.filter(({ verdict }) => ['skipped', 'failed'].includes(verdict))).toEqual([]);
  });

  it('has each contest once, so that --only names one', () => {
    const names = contests.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
