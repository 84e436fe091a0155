import { describe, expect, it } from 'vitest';
import { FAST_RATES } from '#lab/experiments/boundary/clocks';
import { withSources } from '#lab/experiments/compare';
import { isWithin, validationOf } from '#lab/experiments/compare/evaluate';
import { constantsOf } from '#lab/experiments/compare/following-clock';
import { CLIENT_GAINS } from '#lab/experiments/compare/leg';
import { AlignedPlayer } from '#lab/experiments/compare/recorded-noise';
import { Moments, recordedTimers } from '#lab/experiments/compare/recorded-moments';
import { errorAt } from '#lab/experiments/compare/clock-error';
import type { NoiseSample } from '#lab/experiments/compare/noise';
import type { PlayedNoise } from '#lab/experiments/compare/recorded-noise';
import { predict, predictionOf, type PredictionPlan } from '#lab/experiments/compare/predict';
import {
  compareChart,
  conclusions,
  misses,
  renderCompare,
  roundLines,
} from '#lab/experiments/compare/report';
import { COMPARE_ROWS, isQuick, selectRows } from '#lab/experiments/compare/rows';
import {
  compareSchema,
  type CompareMeasurement,
  type CompareResult,
} from '#lab/experiments/compare/schema';
import { randomStream } from '#lab/sim/random';
import { judged } from '../support/fidelity.js';

describe('what is asked for', () => {
  it('is everything, a kind or a row, in our own order', () => {
    expect(selectRows([])).toEqual(COMPARE_ROWS);
    expect(selectRows(['tc-two-4', 'bc'], ['namespaces'])?.map(({ name }) => name)).toEqual([
      ...['bc-1', 'bc-2', 'tc-two-4', 'bc-4', 'bc-8'],
    ]);
    expect(selectRows(['bc-3'])).toBeNull();
  });

  it('is in namespaces, in Mininet, or in both', () => {
    const names = (...asked: Parameters<typeof selectRows>) =>
      selectRows(...asked)?.map(({ name }) => name);
    expect(names(['tc-two-4'])).toEqual(['tc-two-4', 'mininet-tc-two-4']);
    expect(names(['tc-two-4', 'direct'], ['mininet'])).toEqual([
      ...['mininet-direct', 'mininet-tc-two-4'],
    ]);
    expect(names(['mininet-bc-2', 'bc-1'], ['namespaces'])).toEqual(['bc-1']);
    expect(names(['mininet-bc'])).toEqual([1, 2, 4, 8].map((length) => `mininet-bc-${length}`));
    expect(names(['mininet-bc-3'])).toBeUndefined();
  });

  it('is all namespaces and the shorter rows of Mininet in a quick look', () => {
    const quick = COMPARE_ROWS.filter(isQuick).map(({ name }) => name);
    expect(quick.filter((name) => name.startsWith('mininet-'))).toEqual([
      ...['mininet-tc-two-1', 'mininet-bc-1', 'mininet-tc-two-2', 'mininet-bc-2'],
    ]);
    expect(quick).toHaveLength(COMPARE_ROWS.length / 2 + 4);
  });

  it('comes with the one switch that rows are predicted from', () => {
    const names = (asked: readonly string[]) =>
      withSources(selectRows(asked, ['namespaces']) ?? []).map(({ name }) => name);
    expect(names(['bc-8'])).toEqual(['tc-two-1', 'bc-8']);
    expect(names(['tc-one-2'])).toEqual(['tc-one-1', 'tc-one-2']);
    expect(names(['bridge-2', 'direct'])).toEqual(['direct', 'bridge-2']);
    const inMininet = selectRows(['bc-8'], ['mininet']) ?? [];
    expect(withSources(inMininet)).toEqual(inMininet);
  });
});

it('a clock’s error between two steerings is on a straight line', () => {
  const errors = [
    { atNs: 100n, errorNs: 10 },
    { atNs: 200n, errorNs: 30 },
  ];
  expect(errorAt(errors, 150n)).toBe(20);
  expect(errorAt(errors, 100n)).toBe(10);
  expect(errorAt(errors, 99n)).toBeNull();
  expect(errorAt(errors, 200n)).toBeNull();
});

const EVERY_NS = 62_500_000;
const LENGTH = 256;

function series(ns: (index: number) => number): NoiseSample[] {
  return Array.from({ length: LENGTH }, (_, index) => ({ atNs: index * EVERY_NS, ns: ns(index) }));
}

const NONE = series(() => 0);

/** In seconds: until the client is measured, and for how long. */
function timelineOf(switches: number, before: number, seconds: number, isLoaded: boolean) {
  const idle = { from: before, until: before + seconds };
  const loaded = isLoaded ? { from: idle.until + 1, until: idle.until + 1 + seconds } : null;
  return {
    switches: Array.from({ length: switches }, (_, index) => index),
    client: before - 7,
    ...{ idle, loaded },
  };
}

interface Asked extends Partial<PredictionPlan> {
  readonly before?: number;
  readonly loaded?: PlayedNoise;
}

function played(noise: Partial<PlayedNoise>): PlayedNoise {
  const nothing = { down: NONE, up: NONE };
  return { ends: nothing, hop: nothing, steering: NONE, ...noise };
}

function plan({ before = 20, loaded, ...more }: Asked, noise: Partial<PlayedNoise>) {
  const { switches = 1 } = more;
  return {
    ...{ kind: 'tc-two', switches, rates: FAST_RATES, gains: CLIENT_GAINS, runs: 3, seed: 5 },
    noise: { how: 'drawn', idle: played(noise), loaded: loaded ?? null },
    timeline: timelineOf(switches, before, 12, loaded !== undefined),
    ...more,
  } as const satisfies PredictionPlan;
}

function idleOf(more: Asked, noise: Partial<PlayedNoise> = {}) {
  const prediction = predict(plan(more, noise));
  if (prediction === null) throw new Error('no clock followed');
  return prediction.idle;
}

function white(seed: number, sigmaNs: number): NoiseSample[] {
  const random = randomStream(seed, 'white');
  return series(() => sigmaNs * random.normal());
}

describe('what the simulator foretells', () => {
  it('has linuxptp’s constants, with the exponents of the Sync interval', () => {
    const { kp, ki } = constantsOf(CLIENT_GAINS, 1 / 16);
    expect(kp).toBeCloseTo(0.7 * 16 ** 0.3, 9);
    expect(ki).toBeCloseTo(0.3 * 16 ** -0.4, 9);
    // At a Sync in 16 s the norm is the limit.
    expect(constantsOf(CLIENT_GAINS, 16).kp).toBeCloseTo(0.7 / 16, 9);
  });

  it.each(['direct', 'tc-one', 'tc-two', 'bc'] as const)(
    'is almost no error without noise: %s',
    (kind) => {
      const { rmsNs } = idleOf({ kind, switches: kind === 'direct' ? 0 : 2 });
      // The oscillators wander all the same.
      expect(rmsNs).toBeLessThan(10);
    },
  );

  it.each(['tc-two', 'bc'] as const)('adds up what all hops have in common: %s', (kind) => {
    const later = series(() => 200);
    const { meanNs } = idleOf({ kind, switches: 4 }, { hop: { down: later, up: NONE } });
    // Half of what the way down takes longer than the way up is taken for offset, at each of four.
    expect(meanNs).toBeGreaterThan(-420);
    expect(meanNs).toBeLessThan(-380);
  });

  it('grows with the root of the transparent clocks for noise that they do not share', () => {
    const ends = { down: NONE, up: NONE };
    const hop = { down: white(1, 300), up: white(2, 300) };
    const one = idleOf({ switches: 1, runs: 6 }, { ends, hop });
    const four = idleOf({ switches: 4, runs: 6 }, { ends, hop });
    expect(four.rmsNs / one.rmsNs).toBeGreaterThan(1.6);
    expect(four.rmsNs / one.rmsNs).toBeLessThan(2.4);
  });

  it('lets more of a grandmaster’s noise through a transparent clock than through a narrow boundary clock', () => {
    const ends = { down: white(3, 1000), up: NONE };
    const transparent = idleOf({ kind: 'tc-two' }, { ends });
    const boundary = idleOf({ kind: 'bc', before: 60 }, { ends });
    expect(boundary.rmsNs).toBeLessThan(0.75 * transparent.rmsNs);
  });

  it('goes from idle to loaded in the same worlds', () => {
    const loaded = played({ hop: { down: white(4, 2000), up: NONE } });
    const both = predict(plan({ loaded }, {}));
    expect(both?.idle.rmsNs).toBeLessThan(10);
    expect(both?.loaded?.rmsNs).toBeGreaterThan(200);
  });

  it('knows of a grandmaster that was not woken, and of a client that steered late', () => {
    const noisy = { ends: { down: white(6, 500), up: NONE } };
    const alone = idleOf({ runs: 6 }, noisy);
    const late = idleOf({ runs: 6 }, { ...noisy, steering: series(() => 200_000_000) });
    expect(late.rmsNs).toBeGreaterThan(alone.rmsNs);
    const isThere = ({ atNs }: NoiseSample) => atNs % 2e9 > 1e9;
    const gaps = { down: noisy.ends.down.filter(isThere), up: NONE };
    expect(idleOf({ runs: 6 }, { ends: gaps }).rmsNs).toBeGreaterThan(alone.rmsNs);
  });

  it('is the same for the same seed, and another one for another', () => {
    const noise = { hop: { down: white(1, 300), up: white(2, 300) } };
    expect(idleOf({ seed: 9 }, noise)).toEqual(idleOf({ seed: 9 }, noise));
    expect(idleOf({ seed: 9 }, noise)).not.toEqual(idleOf({ seed: 10 }, noise));
  });

  it('is nothing where no error was seen', () => {
    expect(predictionOf([[], []])).toBeNull();
    expect(predictionOf([[3], [-4]])).toMatchObject({ meanNs: -0.5, runsNs: [3, 4] });
  });
});

describe('a row’s own noise, played again', () => {
  const at = (seconds: number, ns: number): NoiseSample => ({ atNs: seconds * 1e9, ns });
  const down = [at(10, 1), at(11, 2), at(12, 3)];
  const link = { down, up: [at(10.5, 7)] };

  it('is what it was when it was, each once', () => {
    const player = new AlignedPlayer({ links: [link], steering: [at(10, 50), at(11, 60)] });
    // Sent a little beside what was measured, but one after the other.
    const played = [10.001, 11.1, 11.9].map((seconds) => player.link('down', 0, seconds * 1e9));
    expect(played).toEqual([1, 2, 3]);
    expect(player.link('up', 0, 10.5e9)).toBe(7);
    expect(player.steeringNs(10.9e9)).toBe(60);
  });

  it('is what came soon afterwards before anything was measured', () => {
    const player = new AlignedPlayer({ links: [link], steering: [] });
    expect(down.map(({ ns }) => ns)).toContain(player.link('down', 0, 2e9));
    expect(player.steeringNs(2e9)).toBe(0);
  });

  it('has Syncs missing where they were', () => {
    const player = new AlignedPlayer({ links: [link], steering: [] });
    const isSilent = (seconds: number) => player.isSilent(0, seconds * 1e9, 0.5e9);
    expect([5, 10.1, 10.45, 11].map(isSilent)).toEqual([false, false, true, false]);
  });

  it('has messages sent when they were, and at their own times where nobody knows', () => {
    const moments = new Moments(down);
    expect([9.5e9, 10e9, 12e9].map((nowNs) => moments.afterNs(nowNs))).toEqual([0.5e9, 1e9, null]);
    expect(new Moments(down).afterNs(1e9)).toBeNull();
    const master = recordedTimers(null, link);
    expect(master('1/sync', 5, 10.9e9)).toBe(0.1e9);
    expect(master('1/announce', 5, 10.9e9)).toBe(5);
    const boundary = recordedTimers(link, link);
    expect(boundary('1/delayReq', 5, 10e9)).toBe(0.5e9);
    expect(boundary('2/sync', 5, 10e9)).toBe(1e9);
  });
});

function measurement(more: Partial<CompareMeasurement>): CompareMeasurement {
  return {
    ...{ row: 'tc-two-1', title: '1 × transparent, two-step', environment: 'namespaces' },
    ...{ kind: 'tc-two', switches: 1 },
    ...{ loaded: false, status: 'ok', round: 1, reason: '', samples: 100, noise: null },
    error: { rmsNs: 200, meanNs: 20, deviationNs: 199, p99Ns: 400, maxNs: 500 },
    predicted: { rmsNs: 210, meanNs: 0, runsNs: [180, 240], ratio: 1.05, within: true },
    predictedOwn: { rmsNs: 204, meanNs: 0, runsNs: [200, 208], ratio: 1.02, within: true },
    fidelity: judged(),
    ...more,
  };
}

function result(measurements: CompareMeasurement[]): CompareResult {
  return compareSchema.parse({
    measurements,
    validation: validationOf(measurements),
    versions: {},
    fidelity: judged({ stealShare: 0.2 }),
    config: {
      ...{ durationSeconds: 12, warmUpSeconds: 20, load: 0.9, rateBitsPerSecond: 1e8 },
      ...{
        queueBoundBytes: 131_072,
        logSyncInterval: -4,
        ...{ repeats: Math.max(1, ...measurements.map(({ round }) => round)), simulatedRuns: 8 },
        seed: 7,
        in: ['namespaces'],
        only: [],
      },
    },
  });
}

describe('what the run says', () => {
  it('is right from 0.8 to 1.25: too much and too little count alike', () => {
    expect([0.79, 0.8, 1, 1.25, 1.26].map((ratio) => isWithin(ratio))).toEqual([
      ...[false, true, true, true, false],
    ]);
  });

  const boundary: Partial<CompareMeasurement> = {
    ...{ row: 'bc-1', kind: 'bc' as const, title: '1 × boundary' },
    error: { rmsNs: 100, meanNs: 20, deviationNs: 98, p99Ns: 200, maxNs: 300 },
    predicted: { rmsNs: 160, meanNs: 0, runsNs: [100, 200], ratio: 1.6, within: false },
    predictedOwn: { rmsNs: 50, meanNs: 0, runsNs: [49, 51], ratio: 0.5, within: false },
  };

  it('counts the rows that were foretold, and those that were not', () => {
    const said = conclusions(result([measurement({}), measurement(boundary)]));
    expect(said).toEqual([
      'Boundary clocks’ rms to that of two-step transparent ones, by switches: 1: 0.50.',
      'Prediction: 1 of 2 rows within 25 %, from the noise measured in each; the farthest is 1 × boundary, idle (0.50).',
      'From the noise of one switch, which is another row’s: 1 of 2. That is what rows are like that were not measured.',
    ]);
  });

  it('ends with the verdict on the machine, and hides no row that failed', () => {
    const failed = {
      status: 'failed',
      reason: 'no time came',
      error: null,
      predicted: null,
    } as const;
    const text = renderCompare(result([measurement({}), measurement({ ...boundary, ...failed })]));
    expect(text).toContain('failed: no time came');
    expect(text).toMatch(/Fidelity: .*unfit/);
    expect(text).toContain('the host took 20 % of the processors');
    expect(text).toContain('Seed: 7.');
  });

  it('says of each row that was not foretold what is known of why', () => {
    const noise = (meanNs: number, deviationNs: number) => ({ samples: 9, meanNs, deviationNs });
    const ends = { firstDown: noise(1, 1), lastUp: noise(1, 1), switchesUp: null };
    const one = measurement({ noise: { ...ends, switchesDown: noise(100, 10) } });
    const four = measurement({
      ...{ title: '4 × transparent, two-step', switches: 4 },
      noise: { ...ends, switchesDown: noise(150, 30) },
      predicted: { rmsNs: 400, meanNs: -90, runsNs: [300, 500], ratio: 2, within: false },
      predictedOwn: { rmsNs: 210, meanNs: 0, runsNs: [180, 240], ratio: 1.05, within: true },
      fidelity: judged({ stealShare: 0.05 }),
    });
    const doubtful = "the machine was doubtful: the host took 5 % of the processors' time";
    expect(misses(result([one, four]))).toEqual([
      'Unlike one switch: 4 × transparent, two-step, idle (2.00): its mean was 20 ns, foretold -90 ns; ' +
        'on the way down its switches added 150 ns ± 30 ns, not 400 ns ± 20 ns as so many like the one would; ' +
        `${doubtful}.`,
    ]);
    const silent = measurement({ ...boundary, predicted: null, predictedOwn: null });
    expect(misses(result([measurement(boundary), silent])).slice(0, 2)).toEqual([
      'Not foretold: 1 × boundary, idle (0.50): its mean was 20 ns, foretold 0 ns.',
      'Not foretold: 1 × boundary, idle: a boundary clock did not tell of its stamps.',
    ]);
  });

  it('has rows in Mininet beside those in namespaces, and says in a line that there are none', () => {
    const mininet = { environment: 'mininet', predicted: null } as const;
    const [one, two] = [
      measurement({ ...mininet, row: 'mininet-tc-two-1', title: '1 × transparent (Mininet)' }),
      measurement({ ...boundary, ...mininet, row: 'mininet-bc-1' }),
    ];
    expect(conclusions(result([measurement({}), one, two]))).toEqual([
      'The same in Mininet, by switches: 1: 0.50.',
      'Prediction: 2 of 3 rows within 25 %, from the noise measured in each; the farthest is 1 × boundary, idle (0.50).',
      'From the noise of one switch, which is another row’s: 1 of 1. That is what rows are like that were not measured.',
    ]);
    expect(compareChart(result([one]), false)).toBeNull();
    expect(compareChart(result([one]), false, 'mininet')?.title).toContain('in Mininet');
    const skipped = { status: 'skipped', reason: 'mn not installed', error: null } as const;
    const rows = [one, two].map((own) => ({ ...own, ...skipped }));
    const text = renderCompare(result([measurement({}), ...rows]));
    expect(text).toContain('Rows in mininet are skipped: mn not installed.');
    expect(text).not.toContain('1 × transparent (Mininet)');
  });

  it('has a mean with its interval where rows were measured several times', () => {
    const rounds = [200, 220, 240].map((rmsNs, index) => {
      const error = { rmsNs, meanNs: 0, deviationNs: rmsNs, p99Ns: 500, maxNs: 600 };
      return measurement({ round: index + 1, error });
    });
    const said = result(rounds);
    expect(roundLines(said)).toEqual([
      'rms over 3 rounds, with its 95 % interval:',
      '  1 × transparent, two-step, idle: 221 ns ± 50 ns, predicted ÷ measured 1.02 to 1.02',
    ]);
    expect(roundLines(result([measurement({})]))).toEqual([]);
    expect(renderCompare(said)).toContain('1 × transparent, two-step, round 3');
  });

  it('is drawn, measured and predicted', () => {
    const two = measurement({ row: 'tc-two-2', switches: 2 });
    const chart = compareChart(result([measurement({}), two]), false);
    expect(chart?.series.map(({ name }) => name)).toEqual([
      'transparent, two-step, measured',
      'transparent, two-step, predicted',
    ]);
    expect(compareChart(result([measurement({})]), true)).toBeNull();
  });
});
