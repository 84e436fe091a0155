import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const TOOL = fileURLToPath(new URL('../../tools/summary.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'timeplane-summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Status = 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
const file = (status: 'passed' | 'failed', ...tests: Status[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

function summaryOf(...testResults: ReturnType<typeof file>[]) {
  const report = join(folder, 'report.json');
  writeFileSync(report, JSON.stringify({ testResults }));
  const { stdout, status } = spawnSync(process.execPath, [TOOL, report], { encoding: 'utf8' });
  return { line: stdout.trim(), status };
}

describe('the closing line of a test run', () => {
  it('counts tests over all files', () => {
    const files = [file('passed', 'passed', 'passed', 'skipped'), file('passed', 'passed', 'todo')];
    expect(summaryOf(...files)).toEqual({ line: '3 passed, 0 failed, 2 skipped', status: 0 });
  });

  it('ends with 1 when a test failed', () => {
    const files = [file('failed', 'passed', 'failed'), file('passed', 'passed')];
    expect(summaryOf(...files)).toEqual({ line: '2 passed, 1 failed, 0 skipped', status: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    expect(summaryOf(file('failed'), file('passed', 'passed'))).toEqual({
      line: '1 passed, 1 failed, 0 skipped',
      status: 1,
    });
  });

  it('ends with 1 when nothing ran', () => {
    expect(summaryOf(file('passed', 'skipped')).status).toBe(1);
    expect(summaryOf().status).toBe(1);
  });

  it('ends with 1 when there is no report', () => {
    const missing = join(folder, 'missing.json');
    const { status, stderr } = spawnSync(process.execPath, [TOOL, missing], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('no test report');
  });
});
