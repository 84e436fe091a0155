import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/version';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const PROGRAMS = join(packageRoot(), 'test', 'stf', 'programs');
const CACHE = join(packageRoot(), 'build', 'test', 'pipelines');
const P4INFO = join(PROGRAMS, 'artefacts', 'state.p4info.txtpb');
const JSON_FILE = join(PROGRAMS, 'artefacts', 'state.json');
const GOOD = join(PROGRAMS, 'state.stf');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'timeplane-stf-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function stf(...args: string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const command = [CLI, 'stf', '--pipeline-cache', CACHE, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('timeplane stf', { timeout: 60_000 }, () => {
  it('passes, with what was read on the way', () => {
    const { status, stdout } = stf(P4INFO, JSON_FILE, GOOD);
    expect(stdout).toMatch(/state\.stf:\d+: cells\[1\]: 28\n.*state\.stf: passed: 10 frames in/s);
    expect(status).toBe(0);
  });

  it('fails with file and line, and runs the other tests all the same', () => {
    const bad = file('bad.stf', 'packet 0 00 01 00000005\nexpect 1 00 01 00000099\n');
    const { status, stdout } = stf(P4INFO, JSON_FILE, bad, GOOD);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `${bad}:2: port 1, frame 1: octet 5 differs\n  expected 000100000099\n`,
    );
    expect(stdout).toContain('state.stf: passed');
  });

  it('says all of it as JSON', () => {
    const bad = file('bad.stf', 'packet 0 00 01 00000005\ncheck_counter seen(0) packets > 0\n');
    const { status, stdout } = stf(P4INFO, JSON_FILE, bad, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      passed: false,
      tests: [
        {
          file: bad,
          passed: false,
          problems: [{ line: 2, message: 'seen(0) has 0 packets, expected > 0' }],
          readings: [],
          messages: [],
          messagesLeftOut: 0,
          framesIn: 1,
          framesOut: 0,
          framesElsewhere: 1,
        },
      ],
    });
  });

  it('shows what the program logs, as text that a terminal shows', () => {
    const [info, program] = ['p4info.txtpb', 'json'].map((ending) =>
      join(PROGRAMS, 'artefacts', `log_messages.${ending}`),
    ) as [string, string];
    const file = join(PROGRAMS, 'log_messages.stf');
    const { stdout } = stf(info, program, file, '--verbose');
    expect(stdout).toContain(`${file}:2: log: by port 3\n${file}:2: log: what=1\n`);
    expect(stdout).toContain(`${file}:8: log: not {this}: 3\\n127\n`);
    expect(stf(info, program, file).stdout).not.toContain('log:');
  });

  it('ends with 2 for files that are wrong, and says where', () => {
    const wrong = file('wrong.stf', 'wait\nexpect 1 0g\n');
    expect(stf(P4INFO, JSON_FILE, GOOD, wrong)).toMatchObject({ status: 2, stdout: '' });
    expect(stf(P4INFO, JSON_FILE, wrong).stderr).toContain(`${wrong}:2: what is expected is`);
    const info = file('x.txtpb', 'tables {\n  nonsense: 1\n}\n');
    const { status, stderr } = stf(info, JSON_FILE, GOOD);
    expect(status).toBe(2);
    expect(stderr).toContain(`${info}:2: no P4Info: Table has no field 'nonsense'`);
    expect(stf(P4INFO, JSON_FILE, join(folder, 'none.stf')).stderr).toContain('cannot read');
  });

  it('names what the compiler does not take', () => {
    const { status, stderr } = stf(P4INFO, file('x.json', '{}'), GOOD);
    expect(status).toBe(1);
    expect(stderr).toMatch(/x\.json: MALFORMED at \$/);
  });

  it('shows examples', () => {
    const { status, stdout } = stf('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples:.*p4c-bm2-ss.*Exit codes:/s);
  });
});
