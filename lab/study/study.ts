/**
 * An experiment as data and pure functions: points to simulate, what is found at each, and what it means.
 * Points and outcomes are JSON, so that worker threads can share the work; their number changes nothing.
 */
import type { Estimate } from './estimate.js';

export interface Scale {
  readonly name: 'quick' | 'full';
  readonly firstSeed: number;
  readonly seeds: number;
}

export interface Study<Point = unknown, Outcome = unknown> {
  /** Its folder in lab/experiments. */
  readonly name: string;
  readonly title: string;
  /** What is asked, in a sentence. */
  readonly question: string;
  readonly seeds: Readonly<Record<Scale['name'], number>>;
  /** Every point names its seed: `simulate` has nothing else to draw from. */
  readonly points: (scale: Scale) => readonly Point[];
  readonly simulate: (point: Point) => Outcome;
  readonly summarise: (runs: readonly Run<Point, Outcome>[], scale: Scale) => Findings;
}

export interface Run<Point, Outcome> {
  readonly point: Point;
  readonly outcome: Outcome;
}

export type Cell = string | number | Estimate;

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  readonly name: string;
  /** Significant digits of numbers; 4 where nothing is said. */
  readonly digits?: number;
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
  /** It begins and ends with the data: a linear one not with zero, a logarithmic one not with a decade. */
  readonly isTight?: boolean;
}

export interface Series {
  readonly name: string;
  /** `plain` is a line without dots. */
  readonly style?: 'line' | 'dashed' | 'points' | 'plain';
  /** Series of one number have one colour; not given: its own. */
  readonly colour?: number;
  readonly points: readonly ChartPoint[];
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Half of a confidence interval. */
  readonly half?: number;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** A figure that is expected, from a closed form or a publication. */
export interface Check {
  readonly what: string;
  readonly found: number;
  /** Half of the 95 % interval over seeds; 0: none. */
  readonly half: number;
  readonly expected: number;
  /** Relative. */
  readonly tolerance: number;
}

export interface Findings {
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly checks: readonly Check[];
  /** What the figures say, in sentences. */
  readonly notes: readonly string[];
}

/** How far off, relative to what was expected. */
export function deviation({ found, expected }: Check): number {
  return expected === 0 ? Math.abs(found) : Math.abs(found - expected) / Math.abs(expected);
}

export function holds(check: Check): boolean {
  return deviation(check) <= check.tolerance;
}

/** Runs by a key of their points, in the order in which keys first come. */
export function grouped<Point, Outcome>(
  runs: readonly Run<Point, Outcome>[],
  key: (point: Point) => string,
): ReadonlyMap<string, readonly Run<Point, Outcome>[]> {
  const groups = new Map<string, Run<Point, Outcome>[]>();
  for (const run of runs) {
    const name = key(run.point);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [run]);
    else group.push(run);
  }
  return groups;
}

/** `scale`'s seeds. */
export function seedsOf({ firstSeed, seeds }: Scale): readonly number[] {
  return Array.from({ length: seeds }, (_, index) => firstSeed + index);
}

/** What runs the same points again, wherever it is typed. */
export function replayCommand({ name }: Study, { name: scale, firstSeed, seeds }: Scale): string {
  const quick = scale === 'quick' ? ' --quick' : '';
  return `timeplane lab study ${name}${quick} --seed ${firstSeed} --seeds ${seeds}`;
}
