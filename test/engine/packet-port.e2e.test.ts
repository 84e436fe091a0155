/** Ports on real interfaces: the suites of in-namespace/ run in a namespace that ends with them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';

const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const canUnshare = spawnSync('unshare', [...user, '--net', 'ip', 'link']).status === 0;

describe.skipIf(!canUnshare)('ports on Linux interfaces', () => {
  it('pass their suite in a network namespace', { timeout: 120_000 }, () => {
    const vitest = join(packageRoot, 'node_modules', 'vitest', 'vitest.mjs');
    const config = join(packageRoot, 'test', 'engine', 'in-namespace', 'vitest.config.ts');
    const run = spawnSync(
      'unshare',
      [...user, '--net', process.execPath, vitest, 'run', '--config', config],
      { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
    );
    expect(run.status, run.stdout + run.stderr).toBe(0);
  });
});
