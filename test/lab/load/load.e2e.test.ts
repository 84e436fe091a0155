/** The load experiments as a user runs them, with sizes that any machine can bear. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transparentSchema } from '#lab/experiments/transparent/schema';
import { clientsResultSchema } from '#lab/load/clients-schema';
import { stormResultSchema } from '#lab/load/storm-schema';
import { exitCodeOf, labObstacle, labProcesses, startLab, until } from '../support/lab-command.js';

const reason = labObstacle();
if (reason !== '') console.warn(`the load experiments are skipped: ${reason}`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tp-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Runs an experiment to its end and returns what it wrote. */
async function resultOf(...args: string[]): Promise<unknown> {
  const json = join(directory, 'result.json');
  const { lab, output } = startLab(directory, ...args, '--json', json);
  expect(await exitCodeOf(lab), output()).toBe(0);
  expect(labProcesses(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['result.json']);
  return JSON.parse(readFileSync(json, 'utf8'));
}

describe.skipIf(reason !== '')('a crowd of clients', () => {
  it.each([
    ['UDPv4', 'multicast'],
    ['UDPv6', 'multicast'],
    ['L2', 'unicast'],
  ])(
    'is answered by the dataplane, without the agent: %s, %s',
    async (transport, cast) => {
      const size = ['--clients', '100', '--rate', '10', '--duration', '0.5', '--rounds', '1'];
      const how = ['--transport', transport, '--cast', cast, '--no-search'];
      const result = clientsResultSchema.parse(await resultOf('clients', ...size, ...how));
      expect(result.measurements.map(({ server }) => server)).toEqual([
        ...['timeplane', 'ptp4l', 'ptp4l', 'timeplane'],
      ]);
      for (const one of result.measurements) {
        expect(one, one.server).toMatchObject({ sent: 500, answered: 500, notRight: 0 });
        expect(one.latencyP50Ns, one.server).toBeGreaterThan(0);
        expect(one.cpuNsPerAnswer, one.server).toBeGreaterThan(0);
        expect(one.packetIns).toBe(one.server === 'timeplane' ? 0 : null);
      }
      expect(result.ratios.zeroLossRate).toBeNull();
    },
    60_000,
  );
});

describe.skipIf(reason !== '')('a storm', () => {
  const size = ['--duration', '0.5', '--rounds', '1', '--rate', '20000'];

  it.each([
    ['none', 'one', 'forwarded'],
    ['none', 'two', 'forwarded'],
    ['masters', 'one', 'dropped: masterNotAccepted'],
    ['blocked', 'two', 'dropped: ptpBlocked'],
  ])(
    'is explained, and Sync crosses it: guard %s, %s-step',
    async (guard, step, fate) => {
      const how = ['--guard', guard, '--step', step];
      const result = stormResultSchema.parse(await resultOf('storm', ...size, ...how));
      expect(result.measurements.map(({ storm }) => storm)).toEqual([true, false, false, true]);
      for (const one of result.measurements) {
        expect(one).toMatchObject({ sent: 250, received: 250 });
        // The links, and what a busy machine adds to them: far below the residence.
        expect(Math.abs(one.errorNs.p50)).toBeLessThan(50_000);
        expect(one.residenceNs.p50).toBeGreaterThan(0);
      }
      expect(result.explanations).toHaveLength(2);
      for (const { sent, unexplained, ...explanation } of result.explanations) {
        expect(sent).toBeGreaterThan(10_000);
        expect(unexplained).toEqual({ arrival: 0, kinds: 0, copies: 0 });
        expect(explanation.kinds.map(({ what }) => what)).toContain('sync');
        expect(explanation.kinds.map(({ what }) => what)).toContain('malformed: lengthBeyondFrame');
        expect(explanation.fate.map(({ what }) => what)).toContain(fate);
        expect(explanation.generated > 0).toBe(step === 'two');
        const copies = explanation.copies.reduce((sum, { frames }) => sum + frames, 0);
        if (guard === 'none') expect(copies).toBeGreaterThan(sent);
      }
      expect(result.memory.agent.samples).toBeGreaterThan(5);
      expect(result.memory.switch.maxOctets).toBeGreaterThan(2 ** 20);
    },
    60_000,
  );

  it('of what is no PTP is explained, too', async () => {
    const how = ['--kinds', 'plain', '--stations', '8'];
    const result = stormResultSchema.parse(await resultOf('storm', ...size, ...how));
    expect(result.explanations).toHaveLength(2);
    for (const { kinds, unexplained } of result.explanations) {
      expect(kinds.map(({ what }) => what)).toEqual(['other']);
      expect(unexplained).toEqual({ arrival: 0, kinds: 0, copies: 0 });
    }
  }, 60_000);

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind on %s', async (signal) => {
    const { lab, output } = startLab(directory, 'storm', '--duration', '60', '--rate', '1000');
    await until(() => labProcesses(directory).length >= 7, output);
    lab.kill(signal);
    expect(await exitCodeOf(lab), output()).toBe(130);
    expect(labProcesses(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe.skipIf(reason !== '')('a one-step time transmitter', () => {
  it('is heard by ptp4l through a switch that sends one-step, and one that sends two-step', async () => {
    const rows = 'one-step-master/one-step,one-step-master/two-step';
    const how = ['--only', rows, '--legs', '1', '--duration', '2', '--seed', '3'];
    const result = transparentSchema.parse(await resultOf('transparent', ...how));
    expect(result.measurements.map(({ row }) => row)).toEqual(['one-step', 'two-step']);
    for (const one of result.measurements) {
      // Two-step: without the Follow_Up that the switch generates, the client knows no time.
      expect(one, one.row).toMatchObject({ status: 'ok' });
      expect(one.samples, one.row).toBeGreaterThanOrEqual(150);
      expect(one.truth.correctionNs.p50, one.row).toBeGreaterThan(0);
      expect(one.errorNs.p50, one.row).toBeLessThan(20_000);
    }
  }, 60_000);
});

describe.skipIf(reason !== '')('the load experiments', () => {
  it.each([
    [['storm', '--kinds', 'sync,breeze'], 'expected some of sync,delay-req'],
    [['storm', '--kinds', 'sync,sync'], 'each once'],
    [['clients', '--clients', '0'], 'expected a number from 1 to 100000'],
    [['clients', '--transport', 'pigeon'], 'Allowed choices are L2, UDPv4, UDPv6'],
  ])('refuse what makes no sense: %j', async (args, said) => {
    const { lab, output } = startLab(directory, ...args);
    expect(await exitCodeOf(lab)).toBe(2);
    expect(output()).toContain(said);
  });
});
