/**
 * Transparent against boundary clocks as a user runs it, on two switches. How accurate they are differs from
 * machine to machine; that both are followed, that nothing stays behind, and that the machine is judged, does not.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareSchema } from '#lab/experiments/compare/schema';
import { exitCodeOf, labObstacle, labProcesses, startLab, until } from './support/lab-command.js';

const reason = labObstacle();
if (reason !== '') console.warn(`transparent against boundary clocks is skipped: ${reason}`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tp-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Of a client on a busy machine; without corrections it would be off by the switches' residence. */
const FOLLOWS_NS = 100_000;
/** An oscillator's wander alone is more. */
const NO_ERROR_NS = 1;

describe.skipIf(reason !== '')('two switches in a row', () => {
  it('are compared as transparent and as boundary clocks, and foretold', async () => {
    const [json, charts] = [join(directory, 'result.json'), join(directory, 'charts')];
    const { lab, output } = startLab(
      directory,
      ...['compare', '--quick', '--only', 'tc-two-2,bc-2', '--load', '0', '--seed', '7'],
      ...['--in', 'namespaces'],
      ...['--json', json, '--charts', charts],
    );
    expect(await exitCodeOf(lab), output()).toBe(0);
    console.log(output());
    const result = compareSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(result.measurements.map(({ row }) => row)).toEqual(['tc-two-1', 'tc-two-2', 'bc-2']);
    for (const own of result.measurements) {
      expect(own, own.row).toMatchObject({ status: 'ok', loaded: false });
      expect(own.samples, own.row).toBeGreaterThan(30);
      expect(own.error?.rmsNs, own.row).toBeLessThan(FOLLOWS_NS);
      // How close it is to what was measured says more about what else the machine had to do.
      expect(own.predicted?.rmsNs, own.row).toBeLessThan(FOLLOWS_NS);
      expect(own.predicted?.rmsNs, own.row).toBeGreaterThan(NO_ERROR_NS);
      expect(own.fidelity?.wakes, own.row).toBeGreaterThan(100);
    }
    expect(output()).toMatch(/Fidelity: (good|doubtful|unfit); timers late by/);
    expect(readdirSync(charts)).toEqual(['compare-idle.svg']);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory).toSorted()).toEqual(['charts', 'result.json']);
  }, 150_000);

  it('leave nothing behind when it is interrupted', async () => {
    const { lab, output } = startLab(
      directory,
      ...['compare', '--only', 'bc-2', '--in', 'namespaces', '--duration', '60'],
    );
    await until(() => labProcesses(directory).length >= 6, output);
    lab.kill('SIGINT');
    expect(await exitCodeOf(lab), output()).toBe(130);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  }, 60_000);

  it('refuse a row that is none, with the usage exit code', async () => {
    const { lab, output } = startLab(directory, 'compare', '--only', 'bc-3');
    expect(await exitCodeOf(lab)).toBe(2);
    expect(output()).toContain('or rows such as bc-4');
  });
});
