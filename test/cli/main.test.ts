import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot, productVersion } from '#runtime/version';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const EXAMPLE = join(packageRoot(), 'docs', 'examples', 'agent.yaml');

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'timeplane-cli-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function timeplane(...args: string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('timeplane', () => {
  it('says its version', () => {
    expect(timeplane('--version')).toEqual({
      status: 0,
      stdout: `${productVersion()}\n`,
      stderr: '',
    });
  });

  it.each([[[]], [['--help']]])('shows its commands and examples: %j', (args) => {
    const { status, stdout } = timeplane(...args);
    expect(status).toBe(0);
    for (const word of ['switch', 'agent', 'lab', 'Examples:', 'Exit codes:']) {
      expect(stdout).toContain(word);
    }
  });

  it('does not mind that nobody reads its output', () => {
    const script = '("$0" "$1" --help; echo "code $?" >&2) | true';
    const run = spawnSync('sh', ['-c', script, process.execPath, CLI], { encoding: 'utf8' });
    expect(run.stderr).toBe('code 0\n');
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['agent'], "required option '--config <file>' not specified"],
    [['agent', '--config', 'x', '--nonsense'], "unknown option '--nonsense'"],
  ])('ends with 2 for wrong usage: %j', (args, message) => {
    const { status, stderr } = timeplane(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('timeplane agent --check', () => {
  it('says what the target does only partly', () => {
    const example = EXAMPLE.replace('agent.yaml', 'e2e.yaml');
    const { status, stdout } = timeplane('agent', '--config', example, '--check');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^note: ports\[1\]\.ptpPriority: .+ can only partly do/m);
  });

  it('finds the example good', () => {
    const { status, stdout } = timeplane('agent', '--config', EXAMPLE, '--check');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /agent\.yaml: good: 3 ports \(3 transparent\), clock [0-9a-f.]+, \d+ entities for/,
    );
  });

  it('tells each error with its place, without a stack trace, and ends with 2', () => {
    const file = join(directory, 'bad.yaml');
    writeFileSync(file, 'target: { kind: native, adress: "x" }\nports: []\n');
    const { status, stdout, stderr } = timeplane('agent', '--config', file, '--check');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`${file}:1:25: target.adress: found the unknown key "adress"`);
    expect(stderr).toContain('did you mean "address"?');
    expect(stderr).toContain(`${file}:1:9: target.address: found nothing`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('of a file that is not there says so', () => {
    const { status, stderr } = timeplane('agent', '--config', join(directory, 'none.yaml'));
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /none\.yaml.+: found no such file or directory, expected a readable file\n$/,
    );
  });
});

describe('timeplane lab', () => {
  it('knows what is no experiment', () => {
    const { status, stdout, stderr } = timeplane('lab', 'fist-light');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain("unknown experiment 'fist-light'");
  });

  it.each([
    ['first-light', 'none/out.json', 'no such file or directory'],
    ['transparent', '.', 'a directory'],
    ['clients', 'file/out.json', 'no directory on the way to it'],
    ['storm', 'none/out.json', 'no such file or directory'],
  ])('%s measures nothing that it cannot write to %s', (experiment, name, why) => {
    writeFileSync(join(directory, 'file'), '');
    const { status, stdout, stderr } = timeplane(
      'lab',
      experiment,
      '--json',
      `${directory}/${name}`,
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`it cannot be written: ${why}`);
  });
});

describe('the help', () => {
  it.each([
    ...['', 'switch', 'agent', 'show', 'replay', 'lab'],
    ...['lab first-light', 'lab transparent', 'lab boundary', 'lab clients', 'lab storm'],
  ])('of timeplane %s has no words alone within a paragraph', (command) => {
    const { status, stdout } = timeplane(...command.split(' ').filter(Boolean), '--help');
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    const stub = /^[a-z]+( [a-z]+)?$/;
    const stubs = lines.filter((line, i) => stub.test(line) && (lines[i + 1] ?? '') !== '');
    expect(stubs).toEqual([]);
  });
});

describe('timeplane import', () => {
  let files = 0;
  const conf = (text: string): string => {
    const file = join(directory, `ptp4l-${(files += 1)}.conf`);
    writeFileSync(file, text);
    return file;
  };

  it('makes a configuration that the agent takes', () => {
    const output = join(directory, 'imported.yaml');
    const file = conf('[global]\nnetwork_transport L2\n');
    expect(timeplane('import', file, '-i', 'eth0', '-i', 'eth1', '-o', output).status).toBe(0);
    expect(timeplane('agent', '--config', output, '--check')).toMatchObject({ status: 0 });
  });

  it('names what it does not know, and does not write over a file', () => {
    const file = conf('[global]\nwarpFactor 9\n');
    const named = timeplane('import', file, '-i', 'eth0', '--strict');
    expect(named.status).toBe(1);
    expect(named.stderr).toContain(`${file}:2: not known: warpFactor`);
    const output = join(directory, 'by-hand.yaml');
    writeFileSync(output, 'mine');
    const refused = timeplane('import', file, '-o', output);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(`cannot write ${output}`);
  });
});
