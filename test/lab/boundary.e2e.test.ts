/**
 * The boundary clock with real peers, as a user runs it. How accurate it is differs from machine to
 * machine; that all peers follow, that nothing steps, and who is whose parent, does not.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundarySchema, type BoundaryResult } from '#lab/experiments/boundary/schema';
import { exitCodeOf, labObstacle, labProcesses, startLab, until } from './support/lab-command.js';

const reason = labObstacle();
if (reason !== '') console.warn(`the boundary clock with real peers is skipped: ${reason}`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tp-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function run(...rows: string[]): Promise<BoundaryResult> {
  const json = join(directory, 'result.json');
  const { lab, output } = startLab(
    directory,
    ...['boundary', '--quick', '--only', rows.join(','), '--seed', '7', '--kills', '3'],
    ...['--json', json],
  );
  const code = await exitCodeOf(lab);
  console.log(output());
  expect(code, output()).toBe(0);
  expect(labProcesses(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['result.json']);
  return boundarySchema.parse(JSON.parse(readFileSync(json, 'utf8')));
}

const GROUPS: readonly (readonly [what: string, ...scenarios: string[]])[] = [
  ['over every transport, end-to-end and one-step', 'l2', 'one-step', 'udp4', 'udp6'],
  ['with peer delay', 'l2-p2p', 'udp4-p2p'],
  ['in a row, and between ptp4l’s boundary clocks', 'three', 'sandwich'],
  ['in a ring, and on a link that flaps', 'ring', 'flap'],
  ['by unicast negotiation', 'unicast'],
];

describe.skipIf(reason !== '')('a boundary clock between ptp4l', () => {
  it.each(GROUPS)('does the right thing %s', { timeout: 150_000 }, async (_, ...names) => {
    const { scenarios } = await run(...names.map((name) => `scenarios/${name}`));
    expect(scenarios.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
    for (const { name, checks } of scenarios) {
      expect(checks.length, name).toBeGreaterThanOrEqual(5);
      for (const { what, ok, saw } of checks) expect(ok, `${name}: ${what}: ${saw}`).toBe(true);
    }
  });

  it('serves the time that the grandmaster has, on an oscillator of its own', async () => {
    const { accuracy } = await run('accuracy/l2-two-step', 'accuracy/three-two-step');
    expect(accuracy.map(({ name }) => name)).toEqual(['l2-two-step', 'three-two-step']);
    for (const { name, hops } of accuracy) {
      expect(hops.length, name).toBeGreaterThan(0);
      for (const [index, hop] of hops.entries()) {
        expect(hop.stepsRemoved, name).toBe(index + 1);
        // 64 are sent in four seconds.
        expect(hop.syncs, name).toBeGreaterThan(40);
        expect(hop.errorNs.p50, name).toBeLessThan(20_000);
        expect(hop.truth?.samples, name).toBeGreaterThan(5);
        expect(hop.truth?.errorNs.p50, name).toBeLessThan(20_000);
      }
    }
  }, 90_000);

  it('runs on bmv2 as well, to what microseconds taken in user space allow', async () => {
    const { accuracy } = await run('accuracy/bmv2');
    const [row] = accuracy;
    if (row?.status === 'skipped') expect(row.reason).toContain('not installed');
    else {
      const [hop] = row?.hops ?? [];
      expect(hop?.stepsRemoved).toBe(1);
      expect(hop?.syncs).toBeGreaterThan(40);
      expect(hop?.errorNs.p50).toBeLessThan(1_000_000);
      console.log(
        `bmv2 serves the true time to ${Math.round((hop?.errorNs.p50 ?? 0) / 1000)} µs (p50)`,
      );
    }
  }, 60_000);

  it('follows another grandmaster in the time that its timeouts allow, and goes back', async () => {
    const { failover } = await run(
      'failover/fast-kill-timeplane',
      'failover/fast-kill-timeplane-sync',
    );
    const [byAnnounce, bySync] = failover;
    expect(failover.map(({ status }) => status)).toEqual(['ok', 'ok']);
    // Three Announce of 125 ms, or three Sync of 62.5 ms; the interval after, and a busy machine.
    expect(byAnnounce?.followMs).toHaveLength(3);
    for (const followMs of byAnnounce?.followMs ?? []) expect(followMs).toBeLessThan(1_000);
    expect(bySync?.followMs).toHaveLength(3);
    expect(bySync?.p50Ms).toBeLessThan(350);
    for (const { worstErrorNs } of failover)
      expect(Math.max(...worstErrorNs)).toBeLessThan(200_000);
  }, 120_000);

  it('leaves nothing behind when it is interrupted', async () => {
    const { lab, output } = startLab(directory, 'boundary', '--only', 'scenarios/three');
    await until(() => labProcesses(directory).length >= 9, output);
    lab.kill('SIGINT');
    expect(await exitCodeOf(lab), output()).toBe(130);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  }, 60_000);

  it('refuses a row that is none, with the usage exit code', async () => {
    const { lab, output } = startLab(directory, 'boundary', '--only', 'scenarios/square');
    expect(await exitCodeOf(lab)).toBe(2);
    expect(output()).toContain('or section/row such as scenarios/ring');
  });
});
