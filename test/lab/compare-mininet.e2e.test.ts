/** A row in Mininet as a user measures it: with Mininet’s hosts, links and switches, and as the lab measures its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareSchema } from '#lab/experiments/compare/schema';
import { mininetObstacle } from '#lab/peers/mininet';
import { exitCodeOf, labObstacle, labProcesses, startLab, until } from './support/lab-command.js';

const lab = labObstacle();
const reason = lab === '' ? await mininetObstacle() : lab;
if (reason !== '') console.warn(`the row in Mininet is skipped: ${reason}`);

/** Of a client on a busy machine. */
const FOLLOWS_NS = 100_000;

describe.skipIf(reason !== '')('a row in Mininet', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tm-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** What Mininet's nodes are called in the list of processes. */
  const nodes = (): string =>
    spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => /mininet:|timeplane_row\.py/.test(line))
      .filter((line) => labProcesses(directory).includes(/^\s*(\d+)/.exec(line)?.[1] ?? ''))
      .join('\n');

  it('has its client followed by the clock that all share, and leaves nothing behind', async () => {
    const json = join(directory, 'result.json');
    const run = startLab(
      directory,
      ...['compare', '--in', 'mininet', '--only', 'bc-1', '--load', '0', '--quick'],
      ...['--duration', '2', '--seed', '7', '--json', json],
    );
    expect(await exitCodeOf(run.lab), run.output()).toBe(0);
    const { measurements, versions } = compareSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(measurements).toMatchObject([
      { row: 'mininet-bc-1', environment: 'mininet', status: 'ok', predicted: null },
    ]);
    const [own] = measurements;
    expect(own?.samples).toBeGreaterThan(10);
    expect(own?.error?.rmsNs).toBeGreaterThan(1);
    expect(own?.error?.rmsNs).toBeLessThan(FOLLOWS_NS);
    expect(own?.noise?.firstDown.samples).toBeGreaterThan(10);
    expect(own?.fidelity?.wakes).toBeGreaterThan(100);
    expect(versions['mininet']).toMatch(/^\d/);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual(['result.json']);
  }, 120_000);

  it('is gone after Ctrl-C', async () => {
    const run = startLab(
      directory,
      ...['compare', '--in', 'mininet', '--only', 'tc-two-1', '--duration', '60'],
    );
    await until(() => nodes().includes('mininet:switch-1'), run.output);
    run.lab.kill('SIGINT');
    expect(await exitCodeOf(run.lab), run.output()).toBe(130);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  }, 60_000);
});
