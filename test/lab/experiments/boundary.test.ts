/** What `timeplane lab boundary` runs, and what it makes of what it measured; nothing is measured. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { boundaryConfig, FAST_RATES } from '#lab/experiments/boundary/clocks';
import { aimsOf, withPtp4l, type MeasuredFailover } from '#lab/experiments/boundary/evaluate';
import { accuracyPlot } from '#lab/experiments/boundary/plot';
import { renderBoundary } from '#lab/experiments/boundary/report';
import { FAILOVER, selectBoundary } from '#lab/experiments/boundary/rows';
import type { AccuracyRow, BoundaryResult } from '#lab/experiments/boundary/schema';
import { oscillatorOption, withOwnClock } from '#lab/peers/own-clock';
import { parseConfig } from '#runtime/config';
import { parseOscillator } from '#server/switch/switch-options';
import { judged } from '../support/fidelity.js';

describe('--only', () => {
  it('takes sections and rows of them', () => {
    expect(selectBoundary(['failover'])).toMatchObject({ scenarios: [], accuracy: [] });
    expect(selectBoundary(['failover'])?.failover).toEqual(FAILOVER);
    const some = selectBoundary(['scenarios/ring', 'accuracy/l2-ptp4l']);
    expect(some?.scenarios.map(({ name }) => name)).toEqual(['ring']);
    expect(some?.accuracy.map(({ name }) => name)).toEqual(['l2-ptp4l']);
    expect(some?.failover).toEqual([]);
  });

  it.each(['ring', 'scenarios/square', 'failovers', ''])('refuses %j', (name) => {
    expect(selectBoundary([name])).toBeNull();
  });

  it('has a name for each row once', () => {
    const all = selectBoundary([]);
    for (const rows of [all?.scenarios ?? [], all?.accuracy ?? [], all?.failover ?? []]) {
      expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    }
  });
});

const clock = { offsetNs: -37_000_000, ppm: 12, wanderPpb: 0.1, seed: 3 };

it('ptp4l and the switch have the same oscillator', () => {
  const parsed = parseOscillator(oscillatorOption(clock));
  if (!parsed.ok) throw new Error(parsed.message);
  const { offsetNs, rateOffset, wander, seed } = parsed.value;
  const numbers = withOwnClock(clock, ['ptp4l']).find((part) => part.startsWith('TIMEPLANE_OWN_'));
  expect(numbers).toBe(`TIMEPLANE_OWN_CLOCK=${offsetNs} ${rateOffset} ${wander} ${seed}`);
  expect(withOwnClock(undefined, ['ptp4l'])).toEqual(['ptp4l']);
});

describe('the configuration of a boundary clock', () => {
  const port = (number: number) => ({
    namespace: { label: 'x', pid: 1, inside: () => [], close: () => Promise.resolve() },
    name: `p${number}`,
    mac: `02:74:70:02:00:0${number}`,
    address: { ipv4: `192.0.2.${4 * number + 1}/30`, ipv6: `2001:db8:0:${number}::1/64` },
  });
  const ports = [port(1), port(2)];

  it.each([
    ['L2', 'E2E'],
    ['L2', 'P2P'],
    ['UDPv4', 'E2E'],
    ['UDPv6', 'P2P'],
  ] as const)('over %s, %s, is one that the agent takes', (transport, mechanism) => {
    const where = { transport, mechanism, rates: FAST_RATES };
    const text = boundaryConfig(where, { ports }, { syncReceiptTimeout: 3 });
    expect(parseConfig('bc.yaml', text)).toMatchObject({ ok: true });
    expect(parse(text)).toMatchObject({
      ports: [
        { number: 1, ptp: 'boundary', boundary: { logSyncInterval: -4, syncReceiptTimeout: 3 } },
        { number: 2, address: { ipv4: '192.0.2.9' } },
      ],
    });
  });
});

const failover = (kind: MeasuredFailover['kind'], followMs: number[]): MeasuredFailover => ({
  ...{ rates: 'fast', way: 'kill', kind, status: 'ok', reason: '', followMs },
  worstErrorNs: followMs.map(() => 1_000),
});

const accuracy = (beyondBound: number): AccuracyRow => ({
  ...{ name: 'l2-two-step', title: 'ours', kinds: ['timeplane'], transport: 'L2' },
  ...{ mechanism: 'E2E', step: 'two', status: 'ok', reason: '', settledMs: 900 },
  hops: [
    {
      syncs: 64,
      errorNs: { rms: 900, p50: 800, p99: 2_000, max: 2_100 },
      meanNs: -850,
      stepsRemoved: 1,
      truth: {
        samples: 20,
        errorNs: { rms: 90, p50: 80, p99: 200, max: 210 },
        meanNs: 3,
        beyondBound,
        // A step at the start, then an error that alternates.
        series: Array.from({ length: 20 }, (_, at) => ({
          seconds: at,
          errorNs: at === 0 ? 37_000_000 : at % 2 === 0 ? -80 : 120,
        })),
      },
    },
  ],
});

describe('the time to follow', () => {
  const rows = withPtp4l([
    failover('ptp4l', [400, 500, 440]),
    failover('timeplane', [420, 400, 390]),
    failover('timeplane-sync', [170, 300, 180]),
  ]);

  it('is told by its percentiles, and to ptp4l’s', () => {
    expect(rows.map(({ p50Ms, p99Ms }) => [p50Ms, p99Ms])).toEqual([
      [440, 500],
      [400, 420],
      [180, 300],
    ]);
    expect(rows[0]?.toPtp4l).toBeNull();
    expect(rows[2]?.toPtp4l).toEqual({ p50: 180 / 440, p99: 300 / 500 });
  });

  it('is to be ptp4l’s at most, and half of that where missing Syncs tell', () => {
    const aims = aimsOf([accuracy(0), accuracy(2)], rows);
    expect(aims.map(({ row, met }) => [row, met])).toEqual([
      ['fast-kill-timeplane', true],
      ['fast-kill-timeplane', true],
      ['fast-kill-timeplane-sync', true],
      ['fast-kill-timeplane-sync', false],
      ['l2-two-step', true],
      ['l2-two-step', false],
    ]);
  });

  it('of a row that failed has no ratio', () => {
    const failed = { ...failover('ptp4l', []), status: 'failed' as const, reason: 'it died' };
    const [none, own] = withPtp4l([failed, failover('timeplane', [400])]);
    expect([none?.p50Ms, own?.toPtp4l]).toEqual([null, null]);
  });
});

it('the report says what is wrong, and what is not met', () => {
  const result: BoundaryResult = {
    scenarios: [
      {
        ...{ name: 'ring', title: 'a ring', status: 'ok', reason: '' },
        checks: [
          { what: 'one port is passive', ok: false, saw: 'none' },
          { what: 'it is locked', ok: true, saw: 'LOCKED' },
        ],
      },
    ],
    accuracy: [accuracy(1)],
    failover: withPtp4l([failover('ptp4l', [400]), failover('timeplane', [500])]),
    aims: [],
    versions: {},
    fidelity: judged(),
    config: { kills: 1, durationSeconds: 1, warmUpSeconds: 1, legs: 1, seed: 5, only: [] },
  };
  const text = renderBoundary({ ...result, aims: aimsOf(result.accuracy, result.failover) });
  expect(text).toContain('one port is passive: none');
  expect(text).not.toContain('it is locked');
  expect(text).toContain('1/20');
  expect(text).toContain('Not met: fast-kill-timeplane: p50 of the time to follow');
  expect(text).toContain('1.25, not 1 at most');
});

describe('the drawing', () => {
  it('has a panel for each row, and errors beyond the range at its edge', () => {
    const svg = accuracyPlot([{ ...accuracy(0), title: 'ours < theirs' }]) ?? '';
    expect(svg).toContain('ours &lt; theirs');
    const points = /points="([^"]+)"/
      .exec(svg)?.[1]
      ?.split(' ')
      .map((point) => point.split(','));
    expect(points).toHaveLength(20);
    const [[left, edge] = [], [, high] = [], [right, low] = []] = points ?? [];
    expect(Number(left)).toBeLessThan(Number(right));
    // Downwards is below 0.
    expect(Number(edge)).toBeLessThanOrEqual(Number(high));
    expect(Number(high)).toBeLessThan(Number(low));
  });

  it('is none where nobody told the truth', () => {
    const [hop] = accuracy(0).hops;
    const row = { ...accuracy(0), hops: hop === undefined ? [] : [{ ...hop, truth: null }] };
    expect(accuracyPlot([row])).toBeNull();
  });
});
