import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/version';
import { ptp4lLog, testFolder } from '../lab/instrument/files.js';
import { at, ethernet, pcap, ptpMessage } from '../lab/measure/capture/build-captures.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const { path, write } = testFolder();

function measure(...args: string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'measure', ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('timeplane measure time', () => {
  it('shows tables and verdicts, and writes what is asked for', () => {
    const file = write('a.log', ptp4lLog(2_000));
    const [json, samples, html] = [path('a.json'), path('a.parquet'), path('a.html')];
    const args = ['--json', json, '--samples', samples, '--html', html, '--mask', 'g8273.2-a'];
    const { status, stdout, stderr } = measure('time', file, ...args);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const text of ['max|TE_L|', 'TDEV', 'class A', 'g8273.2-a: not all limits']) {
      expect(stdout).toContain(text);
    }
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      kind: 'timeplane-measure-time',
    });
    for (const made of [samples, html]) expect(existsSync(made)).toBe(true);
  });

  it('ends with 1 where a limit is broken, and where a line is', () => {
    const noisy = write('noisy.log', ptp4lLog(2_000, 100));
    expect(measure('time', noisy, '--mask', 'g8273.2-c').status).toBe(1);
    const cut = write('cut.log', `${ptp4lLog(200)}ptp4l[112.5]: master offset - s2`);
    const { status, stdout, stderr } = measure('time', cut);
    expect(status).toBe(1);
    expect(stderr).toContain(`${cut}:201: offset: '-' is no number`);
    expect(stdout).toContain('samples');
  });

  it.each([
    [['--mask', 'g8273.2-z'], 'there are g8273.2-a'],
    [['--metrics', 'adev,xdev'], 'expected some of adev,'],
    [['--confidence', '1'], 'expected a number'],
    [['--samples', 'x.txt'], 'has to end in .csv or .parquet'],
    [['--json', '/nowhere/x.json'], 'it cannot be written'],
    [['--format', 'ntpd'], 'ptp4l, phc2sys'],
    [['--interval', '-1'], 'expected a number'],
  ])('says before it begins what is wrong with %j', (args, message) => {
    const { status, stderr } = measure('time', 'none.log', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('ends with 2 where there is nothing to measure', () => {
    const { status, stderr } = measure('time', path('nowhere.log'));
    expect(status).toBe(2);
    expect(stderr).toContain('nowhere.log: no such file or directory');
  });
});

describe('timeplane measure residence', () => {
  it('tells what a switch does to packets', () => {
    const packets = (delayNs: number) =>
      Array.from({ length: 50 }, (_, sequenceId) => ({
        timeNs: at(sequenceId * 1_000_000 + delayNs),
        octets: ethernet(0x88f7, ptpMessage({ type: 0, sequenceId, correctionNs: delayNs })),
      }));
    const [before, behind] = [
      write('in.pcap', pcap(packets(0))),
      write('out.pcap', pcap(packets(700))),
    ];
    const { status, stdout, stderr } = measure('residence', before, behind);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Sync +│ 50 +│ 700 ns/);
    expect(stdout).toContain('correctionField less residence');
  });
});

describe('timeplane measure masks', () => {
  it('lists them, and the numbers of one', () => {
    expect(measure('masks').stdout).toContain('g8272-b');
    expect(measure('masks', 'g8271.1-c').stdout).toContain(
      '277 ns + 1.1 ns/s · τ, 2.4 s < τ ≤ 275 s',
    );
    expect(measure('masks', 'none').status).toBe(2);
  });
});
