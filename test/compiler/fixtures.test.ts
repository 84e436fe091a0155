import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { artefact } from '../support/program.js';
import { fixture } from './harness.js';

describe('the committed fixtures', () => {
  const { stdout, stderr } = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
  // Each version of p4c numbers its temporaries in its own way.
  const version = `p4c-bm2-ss ${/Version (.*)/.exec(`${stdout}${stderr}`)?.[1] ?? ''}`;
  const { compiler } = JSON.parse(artefact('manifest.json')) as { readonly compiler: string };

  it
    .skipIf(version !== compiler)
    .each([
      ...'headers tables externs meters profiles value-sets wide unions'.split(' '),
      'controller-types',
    ])('%s is what p4c makes of it', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'timeplane-p4-'));
    const output = join(folder, `${name}.json`);
    const cwd = fileURLToPath(new URL('fixtures', import.meta.url));
    const include = process.env['P4INCLUDE'];
    const infoOutput = join(folder, `${name}.p4info.json`);
    const args = [
      ...(include === undefined ? [] : ['-I', include]),
      ...[`${name}.p4`, '-o', output, '--p4runtime-files', infoOutput],
    ];
    const { status, stderr } = spawnSync('p4c-bm2-ss', args, { cwd });
    expect([status, status === 0 ? '' : stderr.toString()]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual(JSON.parse(fixture(name)));
    // Of those that the server's tests use, the P4Info is committed too.
    const committed = join(cwd, `${name}.p4info.json`);
    if (existsSync(committed)) {
      // As JSON: maps come in any order.
      const [made, wanted] = [infoOutput, committed].map(
        (path) => JSON.parse(readFileSync(path, 'utf8')) as unknown,
      );
      expect(made).toEqual(wanted);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
