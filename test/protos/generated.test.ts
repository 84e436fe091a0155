/** The committed protos/gen against what the committed protos generate. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const BUF = join(ROOT, 'node_modules/.bin/buf');
const probe = spawnSync(BUF, ['--version'], { encoding: 'utf8' });
const why =
  probe.error?.message ?? (probe.status === 0 ? null : `exit ${probe.status}: ${probe.stderr}`);

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    files
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

describe('protos/gen', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'timeplane-protos-'));
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  it.skipIf(why !== null)(
    `is what buf generates from protos/${why === null ? '' : ` (buf does not run here: ${why})`}`,
    () => {
      const run = spawnSync(BUF, ['generate', '.', '-o', temporary], {
        cwd: join(ROOT, 'protos'),
        encoding: 'utf8',
      });
      expect(run.stderr + run.stdout).toBe('');
      const generated = contents(join(temporary, 'gen'));
      expect(Object.keys(generated)).toHaveLength(5);
      expect(contents(join(ROOT, 'protos/gen'))).toEqual(generated);
    },
  );
});
