/** All stability metrics of a record over its τ, with the noise that dominates and what it leaves open. */
import { deviationInterval, type Interval } from './confidence.js';
import { adev, hdev, oadev, ohdev } from './differences.js';
import { equivalentFreedom, totalFreedom, type Alpha } from './edf.js';
import { mdevOf, slidingRecord, tdevOf, type SlidingRecord } from './modified.js';
import { coveredShare, mtieAt, mtieOctaves } from './mtie.js';
import { noiseType } from './noise-type.js';
import { countMissing, octaves, type Deviation, type PhaseRecord } from './phase.js';
import { totdev } from './total.js';

export const METRICS = [
  'adev',
  'oadev',
  'mdev',
  'tdev',
  'hdev',
  'ohdev',
  'totdev',
  'mtie',
] as const;
export type Metric = (typeof METRICS)[number];

/** These are times in ns; the others have no unit. */
export const TIME_METRICS: ReadonlySet<Metric> = new Set(['tdev', 'mtie']);

/** One metric at one τ. */
export interface StabilityPoint {
  readonly m: number;
  readonly tauSeconds: number;
  /** ns for TDEV and MTIE, else without unit. */
  readonly value: number;
  /** Differences that it is the mean of; of MTIE, windows. */
  readonly terms: number;
  /** Power law found at this τ, or at the longest τ before that had enough samples; null: none had. */
  readonly alpha: Alpha | null;
  /** Equivalent degrees of freedom; null where not known. Of MTIE, which is no mean, always. */
  readonly freedom: number | null;
  readonly interval: Interval | null;
  /** Of MTIE, instead of an interval: see `coveredShare`. */
  readonly coveredShare: number | null;
}

export type StabilityTable = Readonly<Partial<Record<Metric, readonly StabilityPoint[]>>>;

export interface TableOptions {
  readonly metrics: readonly Metric[];
  /** τ / τ0, ascending; without them all octaves. */
  readonly factors?: readonly number[];
  /** Two-sided, 0.95 for instance. */
  readonly confidence: number;
}

interface Shape {
  readonly order: 2 | 3;
  readonly isOverlapping: boolean;
  readonly isModified: boolean;
}

const SHAPES: Readonly<Record<Exclude<Metric, 'mtie' | 'totdev'>, Shape>> = {
  adev: { order: 2, isOverlapping: false, isModified: false },
  oadev: { order: 2, isOverlapping: true, isModified: false },
  mdev: { order: 2, isOverlapping: true, isModified: true },
  tdev: { order: 2, isOverlapping: true, isModified: true },
  hdev: { order: 3, isOverlapping: false, isModified: false },
  ohdev: { order: 3, isOverlapping: true, isModified: false },
};

/** Computes what is asked; a τ that the record is too short for is left out. */
export function stabilityTable(record: PhaseRecord, options: TableOptions): StabilityTable {
  const factors = options.factors ?? octaves(record.xNs.length - 1);
  const work: Work = {
    record,
    sliding: slidingRecord(record),
    samples: record.xNs.length - countMissing(record.xNs),
    noise: { 2: noiseByFactor(record, factors, 2), 3: noiseByFactor(record, factors, 3) },
    confidence: options.confidence,
  };
  return Object.fromEntries(
    options.metrics.map((metric) => [
      metric,
      metric === 'mtie' ? mtiePoints(record, options) : deviationPoints(work, metric, factors),
    ]),
  );
}

interface Work {
  readonly record: PhaseRecord;
  readonly sliding: SlidingRecord;
  /** That are there. */
  readonly samples: number;
  readonly noise: Readonly<Record<2 | 3, ReadonlyMap<number, Alpha | null>>>;
  readonly confidence: number;
}

function noiseByFactor(
  { xNs }: PhaseRecord,
  factors: readonly number[],
  order: 2 | 3,
): ReadonlyMap<number, Alpha | null> {
  // A step over a gap would look like noise of its own.
  const x = countMissing(xNs) === 0 ? xNs : xNs.filter((value) => !Number.isNaN(value));
  let alpha: Alpha | null = null;
  return new Map(
    factors.map((m) => {
      alpha = noiseType(x, m, order) ?? alpha;
      return [m, alpha];
    }),
  );
}

function deviationOf(work: Work, metric: Exclude<Metric, 'mtie'>, m: number): Deviation | null {
  switch (metric) {
    case 'adev':
      return adev(work.record, m);
    case 'oadev':
      return oadev(work.record, m);
    case 'hdev':
      return hdev(work.record, m);
    case 'ohdev':
      return ohdev(work.record, m);
    case 'mdev':
      return mdevOf(work.sliding, m);
    case 'tdev':
      return tdevOf(work.sliding, m);
    case 'totdev':
      return totdev(work.record, m);
  }
}

function deviationPoints(
  work: Work,
  metric: Exclude<Metric, 'mtie'>,
  factors: readonly number[],
): StabilityPoint[] {
  return factors.flatMap((m) => {
    const deviation = deviationOf(work, metric, m);
    if (deviation === null) return [];
    const order = metric === 'totdev' ? 2 : SHAPES[metric].order;
    const alpha = work.noise[order].get(m) ?? null;
    const freedom = alpha === null ? null : freedomOf(metric, alpha, m, work.samples);
    const interval =
      freedom === null ? null : deviationInterval(deviation.value, freedom, work.confidence);
    const tauSeconds = (m * work.record.tau0Ns) / 1e9;
    return [{ m, tauSeconds, ...deviation, alpha, freedom, interval, coveredShare: null }];
  });
}

function freedomOf(
  metric: Exclude<Metric, 'mtie'>,
  alpha: Alpha,
  m: number,
  samples: number,
): number | null {
  if (metric !== 'totdev') return equivalentFreedom({ ...SHAPES[metric], alpha, m, samples });
  // Of phase noise the total variance's is not known; the overlapping one has no more.
  return (
    totalFreedom(alpha, m, samples) ?? equivalentFreedom({ ...SHAPES.oadev, alpha, m, samples })
  );
}

function mtiePoints(record: PhaseRecord, { factors, confidence }: TableOptions): StabilityPoint[] {
  const points =
    factors === undefined ? mtieOctaves(record) : factors.flatMap((m) => mtieAt(record, m) ?? []);
  return points.map(({ m, valueNs, terms }) => ({
    ...{ m, terms, value: valueNs, tauSeconds: (m * record.tau0Ns) / 1e9 },
    ...{ alpha: null, freedom: null, interval: null },
    coveredShare: coveredShare(record.xNs.length, m, confidence),
  }));
}
