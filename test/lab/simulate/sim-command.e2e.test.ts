/** `timeplane sim` and `timeplane topology` as a user types them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI } from '../support/lab-command.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sim-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function timeplane(...args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: '1' };
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', env, cwd: directory });
}

interface Written {
  readonly replay: string;
  readonly isWhole: boolean;
  readonly seconds: number;
  readonly groups: readonly { readonly role: string; readonly rmsNs: number }[];
}

const written = (file: string): Written =>
  JSON.parse(readFileSync(join(directory, file), 'utf8')) as Written;

describe('timeplane sim', () => {
  it('says how the same is done again, and the same is the same', () => {
    const args = [
      'chain',
      '--hops',
      '3',
      '--mode',
      'transparent',
      '--seconds',
      '40',
      '--seed',
      '5',
    ];
    const run = timeplane('sim', ...args, '--json', 'one.json', '--csv', 'one.csv');
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toContain('│ client │    3 │      1 │      1 │');
    const { replay, groups } = written('one.json');
    expect(run.stdout).toContain(`Seed 5; again: ${replay}`);
    const again = timeplane(...replay.replaceAll('one.', 'two.').split(' ').slice(1));
    expect(again.status, again.stderr).toBe(0);
    expect(written('two.json').groups).toEqual(groups);
    const csv = (file: string) => readFileSync(join(directory, file), 'utf8');
    expect(csv('two.csv')).toBe(csv('one.csv'));
    expect(csv('one.csv').trim().split('\n')).toHaveLength(41);
  });

  it('takes what `topology print` writes, and `measure` takes what it writes', () => {
    const print = timeplane('topology', 'print', 'chain:2', '--mode', 'transparent');
    writeFileSync(join(directory, 'mine.yaml'), print.stdout);
    const terms = ['--seconds', '40', '--json', 'shape.json'];
    timeplane('sim', 'chain:2', '--mode', 'transparent', ...terms);
    const run = timeplane(
      ...['sim', 'mine.yaml', '--seconds', '40', '--json', 'file.json'],
      ...['--csv', 'errors.csv', '--chart', 'errors.svg'],
    );
    expect(run.status, run.stderr).toBe(0);
    expect(written('file.json').groups).toEqual(written('shape.json').groups);
    expect(readFileSync(join(directory, 'errors.svg'), 'utf8')).toContain(
      'client (client, 3 hops)',
    );
    const measured = timeplane('measure', 'time', 'errors.csv', '--value-column', 'client_ns');
    expect(measured.stdout).toMatch(/samples\s+│ 40/);
  });

  it('shows what there is when it is interrupted', async () => {
    const args = ['sim', 'chain:5', '--seconds', '1000000', '--json', 'part.json'];
    const child = spawn(process.execPath, [CLI, ...args], { cwd: directory });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(130);
    expect(said).toContain('what follows is a part');
    expect(written('part.json')).toMatchObject({ isWhole: false });
    expect(written('part.json').seconds).toBeGreaterThan(0);
  });

  it('has the same figures of a large network, which has a thread of its own', () => {
    const run = timeplane('sim', 'switches:520,10', '--seconds', '20', '--json', 'large.json');
    expect(run.status, run.stderr).toBe(0);
    const modules = join(CLI, '../../../lab/simulate');
    const script = `
      const { readFileSync } = await import('node:fs');
      const { runSimulation } = await import(${JSON.stringify(join(modules, 'run.js'))});
      const { summarize } = await import(${JSON.stringify(join(modules, 'summary.js'))});
      const { plan } = JSON.parse(readFileSync('large.json', 'utf8'));
      const hooks = { progress: () => {}, signal: new AbortController().signal };
      console.log(JSON.stringify(summarize(plan, await runSimulation(plan, hooks)).groups));`;
    const here = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: directory,
    });
    expect(here.status, here.stderr).toBe(0);
    expect(written('large.json').groups).toEqual(JSON.parse(here.stdout));
  }, 60_000);

  it('shows what there is of a large network when it is interrupted', async () => {
    const args = ['sim', 'switches:520,10', '--seconds', '100000', '--json', 'cut.json'];
    const child = spawn(process.execPath, [CLI, ...args], { cwd: directory });
    setTimeout(() => child.kill('SIGINT'), 4_000);
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(130);
    expect(written('cut.json')).toMatchObject({ isWhole: false });
    expect(written('cut.json').seconds).toBeGreaterThan(0);
  }, 60_000);

  it('names every mistake in a file, with its line', () => {
    writeFileSync(
      join(directory, 'bad.yaml'),
      'nodes:\n  - { name: gm, role: grandmaster }\n  - { name: c, role: slave }\nlinks:\n  - { a: gm, b: c, delay: 5 }\n',
    );
    for (const command of [['sim'], ['topology', 'check'], ['lab', 'up']]) {
      const run = timeplane(...command, 'bad.yaml');
      expect(run.status).toBe(2);
      expect(run.stderr).toContain('bad.yaml:3: nodes[1].role: expected one of grandmaster');
      expect(run.stderr).toContain('bad.yaml:5: links[0].delay: no such field; there are a, b');
    }
  });

  it.each([
    [['cube'], 'no shape "cube"'],
    [['chain', '--hops', '3', '--switches', '2'], '--hops and --switches say the same'],
    [['tree', '--hops', '3'], '--hops is of a chain'],
    [['chain:2', '--kill', 'nobody@3'], '--kill: chain-2 has no node nobody'],
    [['chain:2', '--settle', '9999'], '--settle 9999: the run ends at 1800 s'],
    [['chain:2', '--loss', '2'], 'expected a number from 0 to 1'],
    [['chain:2', '--csv', 'none/here.csv'], 'it cannot be written'],
    [['chain:2', '--seeds', '3', '--csv', 'x.csv'], '--csv and --chart are of one run'],
    [['chain:2', '--rate', 'fast'], 'expected something like 10Gbit'],
    [[], "missing required argument 'topology'"],
  ])('%j is refused', (args, message) => {
    const run = timeplane('sim', ...args);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(message);
    expect(run.stdout).toBe('');
  });
});

describe('timeplane topology', () => {
  it('lists shapes, and says what one is', () => {
    expect(timeplane('topology', 'list').stdout).toContain(
      'clos:superSpines,spines,leaves,servers',
    );
    expect(timeplane('topology', 'check', 'data-center').stdout).toContain(
      '230 nodes (2 grandmaster, 20 boundary, 208 client), 274 links',
    );
  });

  it('writes JSON for programs, and to a file', () => {
    const text = timeplane('topology', 'print', 'star:2', '--json').stdout;
    expect(JSON.parse(text)).toMatchObject({ name: 'star-2', nodes: { length: 4 } });
    timeplane('topology', 'print', 'star:2', '--json', '--output', 'star.json');
    expect(readFileSync(join(directory, 'star.json'), 'utf8')).toBe(text);
    expect(timeplane('topology', 'check', 'star.json').status).toBe(0);
  });
});
