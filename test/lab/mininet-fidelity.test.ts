/** The verdict on the machine in Mininet's Python module is that of the lab. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeFidelity, parseWakeReport, summarizeWakes } from '#lab/measure/fidelity';
import { hasProgram } from '#lab/namespaces/sandbox';
import { projectRoot } from '#lab/peers/helpers';

const FOLDER = join(projectRoot(), 'lab', 'mininet');

interface Machine {
  readonly reports: readonly string[];
  readonly steal: number;
}

/** Verdict and lines, as Python has them. */
function inPython({ reports, steal }: Machine): readonly [string, readonly string[]] {
  const script = [
    'import json, sys',
    'sys.path.insert(0, sys.argv[1])',
    'from timeplane_fidelity import judge',
    'reports, steal = json.load(sys.stdin)',
    'print(json.dumps(judge(reports, steal, 0.5)))',
  ].join('\n');
  const run = spawnSync('python3', ['-B', '-c', script, FOLDER], {
    encoding: 'utf8',
    input: JSON.stringify([reports, steal]),
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as [string, string[]];
}

function here({ reports, steal }: Machine) {
  const parsed = reports.flatMap((line) => parseWakeReport(line) ?? []);
  return judgeFidelity({
    ...{ seconds: 1, ...summarizeWakes(parsed), stealShare: steal, busyShare: 0.5 },
    ...{ framesSent: 0, framesLost: 0 },
  });
}

describe.skipIf(!hasProgram('python3'))('a machine in Mininet', () => {
  it.each<[string, Machine, string]>([
    ['quiet', { reports: ['ready', 'wake 1 70000 20:60', 'wake 2 90000 22:40'], steal: 0 }, 'good'],
    ['watched too shortly', { reports: ['wake 1 70000 20:40'], steal: 0 }, 'unfit'],
    ['not watched', { reports: [], steal: 0 }, 'unfit'],
    ['a little late', { reports: ['wake 1 1300000 20:96 41:4'], steal: 0 }, 'doubtful'],
    ['late', { reports: ['wake 1 90000000 20:90 65:10'], steal: 0 }, 'unfit'],
    ['late at times', { reports: ['wake 1 9000000 20:995 52:5'], steal: 0 }, 'doubtful'],
    ['shared', { reports: ['wake 1 70000 20:100'], steal: 0.01 }, 'doubtful'],
    ['taken away', { reports: ['wake 1 70000 20:100'], steal: 0.1 }, 'unfit'],
  ])('that is %s is judged as everywhere', (_, machine, verdict) => {
    const [said, lines] = inPython(machine);
    const own = here(machine);
    expect(own.verdict).toBe(verdict);
    expect(said).toBe(verdict);
    expect(lines[0]).toMatch(new RegExp(`^Fidelity: ${verdict}; timers late by .*; busy 50 %\\.$`));
    expect(lines.slice(1)).toHaveLength(own.reasons.length);
  });
});
