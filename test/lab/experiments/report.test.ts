import { describe, expect, it } from 'vitest';
import { evaluate, unmeasured } from '#lab/experiments/first-light/phases';
import { parseRate, parseSize } from '#lab/experiments/first-light/quantities';
import { conclusions, renderReport, wrap } from '#lab/experiments/first-light/report';
import {
  phaseResultSchema,
  type FirstLightResult,
  type PhaseName,
  type PhaseResult,
} from '#lab/experiments/first-light/schema';
import { judged } from '../support/fidelity.js';

function phase(name: PhaseName, loaded: boolean, p99: number): PhaseResult {
  return {
    ...{ name, loaded, status: 'ok', reason: '', samples: 640 },
    errorNs: { rms: p99 / 2, p50: p99 / 3, p99, max: p99 * 2 },
    meanPathDelayNs: 300,
    residenceNs: { p50: 1000, p99: 2000, max: 3000 },
    lostFrames: 0,
  };
}

const sample = (sequenceId: number, offsetNs: number) => ({
  sequenceId,
  ingressNs: 0n,
  offsetNs,
  meanPathDelayNs: 300.4,
  residenceNs: 1000.6,
});

describe('a phase', () => {
  it('is evaluated in whole nanoseconds, with Syncs and traffic that were lost', () => {
    const result = evaluate('bridge', true, [sample(1, -10.4), sample(3, 20.2)], 7);
    expect(phaseResultSchema.parse(result)).toEqual({
      ...{ name: 'bridge', loaded: true, status: 'ok', reason: '', samples: 2 },
      errorNs: { rms: 16, p50: 10, p99: 20, max: 20 },
      meanPathDelayNs: 300,
      residenceNs: { p50: 1001, p99: 1001, max: 1001 },
      lostFrames: 8,
    });
  });

  it('without a sample has failed', () => {
    expect(phaseResultSchema.parse(evaluate('direct', false, [], 0))).toMatchObject({
      status: 'failed',
      samples: 0,
      errorNs: { rms: 0, p50: 0, p99: 0, max: 0 },
    });
  });
});

describe('the conclusions', () => {
  it('compare the transparent clock with the bridge and with ptp4l’s own', () => {
    const phases = [
      phase('bridge', true, 7_812_000),
      phase('transparent', true, 9000),
      phase('ptp4l-tc', true, 6000),
    ];
    expect(conclusions(phases)).toEqual([
      'The transparent clock cut the p99 error under load from 7.81 ms to 9.00 µs, to 1/868.',
      "ptp4l's own transparent clock in the same place: 6.00 µs; ours is 1.5 times that.",
    ]);
  });

  it('do not praise a clock that made it worse', () => {
    const phases = [phase('bridge', true, 1000), phase('transparent', true, 2000)];
    expect(conclusions(phases)[0]).toContain('did NOT cut');
  });

  it('are silent about what did not run', () => {
    expect(conclusions([phase('bridge', true, 1), phase('transparent', false, 1)])).toEqual([]);
  });
});

describe('the report', () => {
  const checked = { printed: 45, found: 44 };
  const result: FirstLightResult = {
    phases: [
      phase('direct', false, 900),
      unmeasured('bmv2', true, 'skipped', 'simple_switch_grpc is not installed'),
    ],
    versions: {},
    fidelity: judged(),
    config: {
      ...{ durationSeconds: 5, load: 0.9, rateBitsPerSecond: 1e8, queueBoundBytes: 131072 },
      ...{ transport: 'L2', syncsPerSecond: 128, trafficSeed: 1, phases: ['direct', 'bmv2'] },
    },
  };

  it('has a row for each phase, and says why one did not run', () => {
    const text = renderReport(result, checked);
    expect(text).toMatch(/direct link.*idle.*640.*900 ns/);
    expect(text).toMatch(/bmv2.*90 %.*skipped: simple_switch_grpc is not installed/);
  });

  it('breaks a long reason into lines', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(wrap('unbreakable', 3)).toEqual(['unbreakable']);
  });

  it('says why it can be believed', () => {
    expect(renderReport(result, checked)).toContain('All namespaces share one clock');
    expect(renderReport(result, checked)).toMatch(
      /Of 45 offsets .* 44 are among those computed here/,
    );
  });
});

describe('quantities', () => {
  it.each([
    ['100Mbit', 1e8],
    ['2.5 Gbit/s', 2.5e9],
    ['1000', 1000],
    ['0', null],
    ['-5M', null],
    ['fast', null],
  ])('the rate %s is %s', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  it.each([
    ['128KiB', 131072],
    ['64k', 64000],
    ['1MiB', 1048576],
    ['1500', 1500],
    ['12Mbit', null],
  ])('the size %s is %s', (text, size) => {
    expect(parseSize(text)).toBe(size);
  });
});
