import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { aimsOf, evaluateRow, unmeasured, withRatios } from '#lab/experiments/transparent/evaluate';
import type { LegOutcome } from '#lab/experiments/transparent/leg';
import { aimSentences, isRight, renderReport } from '#lab/experiments/transparent/report';
import { COMPARISONS, legsOf, select, type Row } from '#lab/experiments/transparent/rows';
import {
  measurementSchema,
  transparentSchema,
  type Asymmetry,
  type Measurement,
  type TransparentResult,
} from '#lab/experiments/transparent/schema';
import { judged } from '../support/fidelity.js';

function comparisonOf(name: string) {
  const found = COMPARISONS.find((comparison) => comparison.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

function rowOf(comparison: string, name: string): Row {
  const found = comparisonOf(comparison).rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

/** A leg of Syncs with these offsets, whose correction was short by 500 ns. */
function leg(offsets: readonly number[], lost = 0): LegOutcome {
  const samples = offsets.map((offsetNs, i) => ({
    ...{ sequenceId: i, ingressNs: BigInt(i), offsetNs, meanPathDelayNs: 300, residenceNs: 7000 },
  }));
  const arrived = offsets.map((_, i) => ({
    ...{ sequenceId: i, leftNs: BigInt(i), transitNs: 7500, correctionNs: 7000 },
  }));
  const truth = { sent: offsets.length + lost, lost, arrived };
  return { status: 'ok', figures: { samples, truth, lostTrafficFrames: 0 } };
}

function measured(comparison: string, row: string, offsetNs: number, loaded = false): Measurement {
  return evaluateRow(comparisonOf(comparison), rowOf(comparison, row), loaded, [leg([offsetNs])]);
}

describe('what is compared', () => {
  it('has names that are unique, as --only needs them', () => {
    const names = COMPARISONS.flatMap(({ name, rows }) => [
      name,
      ...rows.map((row) => `${name}/${row.name}`),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has every mode, chain and transport', () => {
    const ours = COMPARISONS.flatMap((comparison) =>
      comparison.rows
        .filter(({ device }) => device === 'native')
        .map(({ step, switches }) => `${comparison.mechanism} ${step} ${switches}`),
    );
    for (const mechanism of ['E2E', 'P2P']) {
      for (const step of ['one', 'two']) {
        for (const switches of [1, 4, 10])
          expect(ours).toContain(`${mechanism} ${step} ${switches}`);
      }
    }
    expect(new Set(COMPARISONS.map(({ transport }) => transport))).toEqual(
      new Set(['L2', 'UDPv4', 'UDPv6']),
    );
    expect(COMPARISONS.some(({ vlan }) => vlan)).toBe(true);
    expect(COMPARISONS.some(({ unicast }) => unicast)).toBe(true);
  });

  it('can be chosen by comparison, by row, and not by mistake', () => {
    expect(select([])?.comparisons).toEqual(COMPARISONS);
    const some = select(['p2p/two-step', 'e2e', 'asymmetry']);
    expect(some?.comparisons.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['e2e', 4],
      ['p2p', 1],
    ]);
    expect(some?.asymmetry).toBe(true);
    expect(select(['e2e'])?.asymmetry).toBe(false);
    expect(select(['e2e/three-step'])).toBeNull();
  });

  it('is measured forth and back', () => {
    expect(legsOf(['A', 'B'], 2)).toEqual(['A', 'B', 'B', 'A']);
    expect(legsOf(['A', 'B'], 3)).toEqual(['A', 'B', 'B', 'A', 'A', 'B']);
  });
});

describe('a row', () => {
  const comparison = comparisonOf('e2e');
  const row = rowOf('e2e', 'two-step');

  it('is of all its legs together', () => {
    const legs = [leg([-10, 30], 1), leg([-50, 10])];
    expect(measurementSchema.parse(evaluateRow(comparison, row, false, legs))).toMatchObject({
      ...{ comparison: 'e2e', row: 'two-step', device: 'native', status: 'ok', legs: 2 },
      samples: 4,
      errorNs: { rms: 30, p50: 10, p99: 50, max: 50 },
      legP99Ns: [30, 50],
      offsetNs: -10,
      pathDelayNs: 300,
      syncs: { sent: 5, lost: 1 },
      truth: {
        samples: 4,
        transitNs: { p50: 7500 },
        correctionNs: { p50: 7000 },
        errorNs: { p50: 500, p99: 500 },
        spreadNs: 0,
      },
    });
  });

  it('has failed when one leg has, whatever the others say', () => {
    const legs = [leg([1]), { status: 'failed', reason: 'the switch ended' } as const];
    expect(measurementSchema.parse(evaluateRow(comparison, row, true, legs))).toMatchObject({
      ...{ status: 'failed', reason: 'the switch ended', samples: 0, loaded: true },
    });
  });

  it('without a sample has failed', () => {
    expect(evaluateRow(comparison, row, false, [leg([])]).status).toBe('failed');
  });
});

describe('ratios', () => {
  it('are taken within a comparison, to ptp4l of as many switches', () => {
    const [, one] = withRatios([
      measured('e2e', 'ptp4l', 1000),
      measured('e2e', 'one-step', 1400),
      measured('p2p', 'ptp4l', 10),
    ]);
    expect(one?.ratios).toEqual({ p99ToPtp4l: 1.4, rmsToPtp4l: 1.4, rmsToOne: null });
  });

  it('are taken at the same load', () => {
    const [, one] = withRatios([
      measured('e2e', 'ptp4l', 1000, true),
      measured('e2e', 'one-step', 1400),
    ]);
    expect(one?.ratios.p99ToPtp4l).toBeNull();
  });

  it('of a chain are to one switch', () => {
    const chain = 'chain-e2e-two';
    const ratios = withRatios([
      measured(chain, 'two-step', 100),
      measured(chain, 'two-step-10', 350),
      measured(chain, 'ptp4l-10', 700),
    ]).map((own) => own.ratios);
    expect(ratios[1]).toEqual({ p99ToPtp4l: 0.5, rmsToPtp4l: 0.5, rmsToOne: 3.5 });
  });

  it('are none where the other did not run', () => {
    const skipped = unmeasured(
      comparisonOf('e2e'),
      rowOf('e2e', 'ptp4l'),
      false,
      'skipped',
      'gone',
    );
    const [, one] = withRatios([skipped, measured('e2e', 'one-step', 5)]);
    expect(one?.ratios.p99ToPtp4l).toBeNull();
  });
});

describe('the aims', () => {
  it('are 1.0 for two-step, 1.5 for one-step, 4 for ten in a row', () => {
    const aims = aimsOf(
      withRatios([
        ...[measured('e2e', 'ptp4l', 1000), measured('e2e', 'one-step', 1500)],
        measured('e2e', 'two-step', 1010),
        ...[
          measured('chain-e2e-one', 'one-step', 100),
          measured('chain-e2e-one', 'one-step-10', 401),
        ],
        // A chain of four has no aim.
        measured('chain-e2e-one', 'one-step-4', 900),
      ]),
    );
    expect(aims.map(({ row, limit, met }) => [row, limit, met])).toEqual([
      ['one-step', 1.5, true],
      ['two-step', 1, false],
      ['one-step-10', 4, false],
    ]);
    expect(aimSentences(aims)).toEqual([
      '1 of 3 aims are met.',
      'Not met: e2e/two-step: p99 to ptp4l’s p99 is 1.01, not 1.0 at most.',
      'Not met: chain-e2e-one/one-step-10: rms of ten to rms of one is 4.01, not 4.0 at most.',
    ]);
  });

  it('say nothing of what did not run', () => {
    expect(aimSentences(aimsOf([measured('e2e', 'one-step', 5)]))).toEqual([]);
  });
});

describe('the report', () => {
  const asymmetry = (offsetShiftNs: number, pathDelayShiftNs: number): Asymmetry => ({
    ...{ device: 'ptp4l', step: 'two', mechanism: 'E2E', status: 'ok', reason: '', samples: 9 },
    ...{ configuredNs: 1000, expectedOffsetShiftNs: -1000, expectedPathDelayShiftNs: 0 },
    ...{ offsetShiftNs, pathDelayShiftNs },
  });

  it('calls half an asymmetry wrong', () => {
    expect(isRight(asymmetry(-1020, 30))).toBe(true);
    expect(isRight(asymmetry(-497, -503))).toBe(false);
    expect(isRight(asymmetry(1000, 0))).toBe(false);
  });

  it('has a table for each comparison that ran, the seed, and what was skipped', () => {
    const bmv2 = comparisonOf('bmv2-e2e');
    const measurements = withRatios([
      measured('e2e', 'ptp4l', 1000),
      measured('e2e', 'two-step', 500),
      unmeasured(
        bmv2,
        rowOf('bmv2-e2e', 'one-step'),
        false,
        'skipped',
        'simple_switch_grpc is gone',
      ),
    ]);
    const result: TransparentResult = transparentSchema.parse({
      ...{ measurements, asymmetry: [asymmetry(-497, -503)], aims: aimsOf(measurements) },
      versions: {},
      fidelity: judged(),
      config: {
        ...{ durationSeconds: 2, legs: 1, load: 0.9, rateBitsPerSecond: 1e8 },
        ...{ queueBoundBytes: 131072, syncsPerSecond: 128, seed: 42, only: [] },
      },
    });
    const text = stripVTControlCharacters(renderReport(result, { printed: 3, found: 2 }));
    expect(text).toMatch(/end-to-end/);
    expect(text).toMatch(/timeplane two-step │ idle .* 0\.50 │/);
    expect(text).toMatch(/bmv2 one-step .*skipped: simple_switch_grpc is gone/);
    expect(text).toMatch(/ptp4l E2E_TC .*-497 ns .*wrong/);
    expect(text).not.toContain('peer-to-peer  ');
    expect(text).toContain('Seed of the cross traffic: 42.');
    expect(text).toContain('1 of 1 aims are met.');
  });
});
