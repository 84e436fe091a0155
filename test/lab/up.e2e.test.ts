/** `timeplane lab up` as a user types it: a network that is there, and gone. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CLI,
  exitCodeOf,
  labObstacle,
  labProcesses,
  startLab,
  until,
} from './support/lab-command.js';

const reason = labObstacle();

describe.skipIf(reason !== '')(`lab up${reason === '' ? '' : ` (${reason})`}`, () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'up-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('holds a file’s network until Ctrl-C, can be entered, and leaves nothing behind', async () => {
    const file = join(directory, 'mine.yaml');
    writeFileSync(
      file,
      `name: mine
nodes:
  - { name: gm, role: grandmaster }
  - { name: tc, role: transparent }
  - { name: bc, role: boundary }
  - { name: c, role: client }
links:
  - { a: gm, b: tc }
  - { a: tc, b: bc, bitsPerSecond: 1e8 }
  - { a: bc, b: c }
`,
    );
    const { lab, output } = startLab(directory, 'up', file, '--transport', 'UDPv4');
    const ended = exitCodeOf(lab);
    await until(() => output().includes('Ctrl-C ends it') || lab.exitCode !== null, output);
    const enter = /^ +tc +transparent +(nsenter .*) sh$/m.exec(output())?.[1] ?? '';
    const links = spawnSync('sh', ['-c', `${enter} ip -brief link`], { encoding: 'utf8' });
    expect(links.stdout).toMatch(/^p1@/m);
    expect(links.stdout).toMatch(/^p2@/m);
    const socket = /-s (\S+\.uds)/.exec(output())?.[1] ?? '';
    expect(existsSync(socket)).toBe(true);
    // The client hears of the grandmaster through the boundary clock.
    const pmc = ['-u', '-b', '0', '-i', join(directory, 'pmc'), '-s', socket];
    await until(() => {
      const asked = spawnSync('pmc', [...pmc, 'GET CURRENT_DATA_SET'], { encoding: 'utf8' });
      return /stepsRemoved\s+2/.test(asked.stdout);
    }, output);
    lab.kill('SIGINT');
    expect(await ended, output()).toBe(0);
    expect(output()).toMatch(/│ c\s+│|No client followed/);
    expect(output()).toMatch(/^Fidelity: (good|doubtful|unfit); timers late by/m);
    expect(labProcesses(dirname(socket))).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(
      ['mine.yaml', 'pmc'].filter((name) => existsSync(join(directory, name))),
    );
  }, 90_000);

  it('ends by itself after --seconds, with what clients believed', async () => {
    const { lab, output } = startLab(
      directory,
      'up',
      'chain:1',
      '--mode',
      'transparent',
      '--seconds',
      '8',
    );
    expect(await exitCodeOf(lab), output()).toBe(0);
    expect(output()).toMatch(/│ client\s+│\s+\d+\s+│\s+-?\d+ ns/);
    expect(output()).toMatch(/^Fidelity: (good|doubtful|unfit); timers late by/m);
    // The whole time was watched: a wake every 2 ms where none is late.
    expect(output()).not.toContain('was not watched long enough');
    expect(readdirSync(directory)).toEqual([]);
  }, 90_000);

  it.each([
    [['switches:5000,3'], 'switches-5000-3 is too large for this machine: 5000 switches'],
    [['ring:3', '--mode', 'transparent'], 'ring has loops'],
    [['none.yaml'], 'none.yaml: no such file'],
  ])('%j is refused', (args, message) => {
    const run = spawnSync(process.execPath, [CLI, 'lab', 'up', ...args], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: directory, NO_COLOR: '1' },
    });
    expect(run.stderr).toContain(message);
    expect(run.status).not.toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });
});
