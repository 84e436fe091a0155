/**
 * How good predictions are where the machine has no part in it: rows that are simulated with known noise take
 * the place of measured ones, and all that follows is as the lab has it, from taps to the table's figures.
 */
import { describe, expect, it } from 'vitest';
import { summarizeErrors } from '#lab/measure/statistics';
import {
  isWithin,
  measurementsOf,
  noiseBook,
  predictOwn,
  predictRow,
} from '#lab/experiments/compare/evaluate';
import { selectRows, type CompareKind } from '#lab/experiments/compare/rows';
import type { CompareConfig, CompareMeasurement } from '#lab/experiments/compare/schema';
import { syntheticRow, type KnownNoise, type SyntheticNoise } from '../support/synthetic-row.js';

const SEED = 1588;
const CONFIG: CompareConfig = {
  ...{ durationSeconds: 60, warmUpSeconds: 20, load: 0, rateBitsPerSecond: 1e8 },
  ...{
    queueBoundBytes: 131_072,
    logSyncInterval: -4,
    in: ['namespaces'],
    ...{ repeats: 1, simulatedRuns: 2 },
    seed: SEED,
    only: [],
  },
};
/** Long enough for boundary clocks to have forgotten how they began. */
const SECONDS_BEFORE = 120;
/** A minute of a slow clock is few independent values: what is true is taken from so many. */
const WORLDS = 3;

/** What is played again as it was leaves only what the oscillators do. */
const OWN_TOLERANCE = 0.05;

const noise = (meanNs: number, sigmaNs: number, slowSigmaNs: number): KnownNoise => ({
  ...{ meanNs, sigmaNs, slowSigmaNs },
});

/*
 * Little of the noise is slow: a minute's mean of slow noise is not the true one, and its error adds up along a
 * row in which all switches are taken to be like the one.
 */

/** Both directions take as long: all error is scatter. */
const EVEN: SyntheticNoise = {
  ends: { down: noise(0, 150, 20), up: noise(0, 200, 20) },
  hop: { down: noise(0, 300, 20), up: noise(0, 250, 20) },
};
/** Down takes longer than up, which adds up along a row. */
const UNEVEN: SyntheticNoise = {
  ends: { down: noise(120, 150, 20), up: noise(60, 200, 20) },
  hop: { down: noise(250, 300, 20), up: noise(90, 250, 20) },
};

interface Line {
  readonly row: string;
  readonly kind: CompareKind;
  /** In all worlds with this row. */
  readonly trueRmsNs: number;
  /** The first world's line of the lab's table. */
  readonly line: CompareMeasurement;
}

/** `noiseOf` a row: what it is made of. Only its first world is listened to. */
function compared(
  names: readonly string[],
  noiseOf: (name: string) => SyntheticNoise,
): readonly Line[] {
  const rows = (selectRows(names) ?? []).map((row, index) =>
    Array.from({ length: WORLDS }, (_, world) => {
      // Neither one of the worlds in which it is foretold, nor that of another row.
      const config = { ...CONFIG, seed: SEED + 1_000 * (index + 1) + 100 * world };
      return syntheticRow(row, noiseOf(row.name), config, SECONDS_BEFORE);
    }),
  );
  const book = noiseBook(rows.flatMap(([first]) => first ?? []));
  return rows.map((worlds) => {
    const [first] = worlds;
    if (first === undefined) throw new Error('no world');
    const fromOne = predictRow(book, first, CONFIG);
    const fromOwn = predictOwn(first, CONFIG);
    const [line] = measurementsOf(first, book, { fromOne, fromOwn });
    const errors = worlds.flatMap(({ leg }) =>
      leg.idle.status === 'ok' ? leg.idle.figures.errors.map(({ errorNs }) => errorNs) : [],
    );
    const trueRmsNs = summarizeErrors(errors)?.rms;
    if (line === undefined || trueRmsNs === undefined)
      throw new Error(`nothing of ${first.row.name}`);
    return { row: first.row.name, kind: first.row.kind, trueRmsNs, line };
  });
}

/** To the true rms from one switch; from all that is in the row, to that of the very world that it is of. */
function ratiosOf({ trueRmsNs, line }: Line) {
  const { predicted, predictedOwn } = line;
  const fromOne = predicted === null ? null : predicted.rmsNs / trueRmsNs;
  return { fromOne, fromOwn: predictedOwn?.ratio ?? null };
}

/** For busy machines. */
const TIMEOUT_MS = 120_000;

describe.each([
  {
    title: 'scatter alone',
    known: EVEN,
    rows: ['tc-two-1', 'bc-1', 'tc-two-2', 'bc-2', 'tc-two-4', 'bc-4'],
  },
  {
    title: 'scatter, and more time down than up',
    known: UNEVEN,
    rows: ['tc-two-1', 'bc-1', 'tc-two-4', 'bc-4'],
  },
])('rows whose switches are all like the one: $title', ({ known, rows }) => {
  let lines: readonly Line[] = [];
  const lineOf = (name: string): Line => {
    if (lines.length === 0) lines = compared(rows, () => known);
    const found = lines.find(({ row }) => row === name);
    if (found === undefined) throw new Error(`${name} was not simulated`);
    return found;
  };

  it.each(rows)(
    '%s is foretold within 25 %',
    (name) => {
      const own = lineOf(name);
      const { fromOne, fromOwn } = ratiosOf(own);
      const said = `seed ${SEED}: ${own.trueRmsNs} ns, ratios ${fromOne}, ${fromOwn}`;
      expect(isWithin(fromOne ?? Number.NaN), said).toBe(true);
      expect(isWithin(fromOwn ?? Number.NaN, OWN_TOLERANCE), said).toBe(true);
    },
    TIMEOUT_MS,
  );

  it.each(['tc-two', 'bc'])(
    'are the worse the longer they are: %s',
    (kind) => {
      const rms = (switches: number) => lineOf(`${kind}-${switches}`).trueRmsNs;
      expect(rms(4)).toBeGreaterThan(1.15 * rms(1));
    },
    TIMEOUT_MS,
  );
});

it(
  'rows whose switches are noisier than the one are foretold from their own noise alone, slow as it may be',
  () => {
    const louder = (one: KnownNoise) => noise(0, 2.5 * one.sigmaNs, 10 * one.slowSigmaNs);
    const hop = { down: louder(EVEN.hop.down), up: louder(EVEN.hop.up) };
    const rows = ['tc-two-4', 'bc-2'];
    const lines = compared(['tc-two-1', ...rows], (name) =>
      rows.includes(name) ? { ...EVEN, hop } : EVEN,
    );
    for (const line of lines.filter(({ row }) => rows.includes(row))) {
      const { fromOne, fromOwn } = ratiosOf(line);
      const said = `seed ${SEED}: ${line.row}, ratios ${fromOne}, ${fromOwn}`;
      expect(fromOne, said).toBeLessThan(0.75);
      expect(isWithin(fromOwn ?? Number.NaN, OWN_TOLERANCE), said).toBe(true);
    }
  },
  TIMEOUT_MS,
);
