/** Readings at the times at which they came, put on a grid of equal intervals. */
import type { PhaseRecord } from '../stability/phase.js';
import type { LogProblem, Reading } from './log-types.js';

export interface RecordOptions {
  /** Of the grid; without it, the median interval of the readings. */
  readonly intervalSeconds?: number;
  /** Only readings of this source; without it, of the one with most of them. */
  readonly source?: string;
}

export interface GriddedRecord {
  readonly record: PhaseRecord;
  readonly source: string;
  /** Other sources in the same log. */
  readonly others: readonly string[];
  readonly firstNs: bigint;
  readonly used: number;
  /** Readings that came when there was one already. */
  readonly crowded: number;
  readonly problems: readonly LogProblem[];
}

export type RecordResult =
  | { readonly ok: true; readonly value: GriddedRecord }
  | { readonly ok: false; readonly problems: readonly LogProblem[] };

/** Two million seconds at 16 a second and more. */
const MOST_SLOTS = 50_000_000;

/** A grid of what comes before time runs backwards; that is a problem, with what came before kept. */
export function recordOf(readings: readonly Reading[], options: RecordOptions = {}): RecordResult {
  const bySource = new Map<string, number>();
  for (const { source } of readings) bySource.set(source, (bySource.get(source) ?? 0) + 1);
  const ranked = [...bySource].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const source = options.source ?? ranked[0] ?? '';
  const wanted = readings.filter((reading) => reading.source === source);
  if (wanted.length === 0) {
    const message = `no reading of '${source}'; there are ${ranked.join(', ')}`;
    return { ok: false, problems: [{ code: 'no-readings', line: null, field: 'source', message }] };
  }
  const problems: LogProblem[] = [];
  const forward = upToTheFirstStepBack(wanted, problems);
  const intervalNs = intervalOf(forward, options.intervalSeconds);
  const first = forward[0];
  if (first === undefined || intervalNs === null) {
    const message = 'one reading alone has no interval';
    const line = first?.line ?? null;
    return { ok: false, problems: [...problems, { code: 'sparse', line, field: 'time', message }] };
  }
  const slots = slotOf(forward.at(-1) ?? first, first, intervalNs) + 1;
  if (slots > MOST_SLOTS) {
    const message = `${slots} intervals of ${intervalNs / 1e9} s from the first to the last; where does time jump?`;
    return {
      ok: false,
      problems: [...problems, { code: 'sparse', line: null, field: 'time', message }],
    };
  }
  const xNs = new Float64Array(slots).fill(Number.NaN);
  let crowded = 0;
  for (const reading of forward) {
    const slot = slotOf(reading, first, intervalNs);
    if (Number.isNaN(xNs[slot])) xNs[slot] = reading.offsetNs;
    else crowded += 1;
  }
  return {
    ok: true,
    value: {
      record: { xNs, tau0Ns: intervalNs },
      ...{ source, others: ranked.filter((name) => name !== source), firstNs: first.timeNs },
      ...{ used: forward.length - crowded, crowded, problems },
    },
  };
}

const slotOf = (reading: Reading, first: Reading, intervalNs: number) =>
  Math.round(Number(reading.timeNs - first.timeNs) / intervalNs);

function upToTheFirstStepBack(
  readings: readonly Reading[],
  problems: LogProblem[],
): readonly Reading[] {
  for (const [index, reading] of readings.entries()) {
    const before = readings[index - 1];
    if (before === undefined || reading.timeNs >= before.timeNs) continue;
    const back = Number(before.timeNs - reading.timeNs) / 1e9;
    problems.push({
      code: 'backwards',
      line: reading.line,
      field: 'time',
      message: `it is ${back} s before that of line ${before.line}: time runs backwards; the ${readings.length - index} readings from here on are left out`,
    });
    return readings.slice(0, index);
  }
  return readings;
}

/**
 * The median interval, refined over the whole record: stamps of a log are good to a millisecond, and a
 * thousand intervals must not add that up.
 */
function intervalOf(readings: readonly Reading[], given: number | undefined): number | null {
  if (given !== undefined) return given * 1e9;
  const steps = readings
    .slice(1)
    .map(({ timeNs }, i) => Number(timeNs - (readings[i]?.timeNs ?? 0n)))
    .filter((step) => step > 0);
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1];
  if (median === undefined) return null;
  const intervals = steps.reduce((sum, step) => sum + Math.round(step / median), 0);
  const whole = steps.reduce((sum, step) => sum + step, 0);
  const refined = intervals === 0 ? median : whole / intervals;
  return Math.abs(refined / median - 1) < 0.1 ? refined : median;
}
