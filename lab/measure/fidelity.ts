/**
 * Whether a machine was fit to be measured on while something was: how late it woke programs, what its
 * host took from it, what got lost. Values in, a verdict out.
 */

export const VERDICTS = ['good', 'doubtful', 'unfit'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface FidelityFigures {
  /** How long it was watched. */
  readonly seconds: number;
  /** A program that asked to be woken every 2 ms was, so often. */
  readonly wakes: number;
  /** How late, in ns. */
  readonly wakeP50Ns: number;
  readonly wakeP99Ns: number;
  readonly wakeMaxNs: number;
  /** Share of those that were late by more than LATE_NS. */
  readonly lateShare: number;
  /** Of all processors' time, what the host gave to others. */
  readonly stealShare: number;
  /** Of all processors' time, what was not idle. For information: a busy machine need not be late. */
  readonly busyShare: number;
  /** Frames that were sent to be measured, or to load the line. */
  readonly framesSent: number;
  readonly framesLost: number;
}

export interface Fidelity extends FidelityFigures {
  readonly verdict: Verdict;
  /** What made it so; empty where it is good. */
  readonly reasons: readonly string[];
}

/** Half of the shortest Sync interval of the lab. */
export const LATE_NS = 4_000_000;

interface Limit {
  readonly of: (figures: FidelityFigures) => number;
  /** From here on it is doubtful, and unfit. */
  readonly doubtful: number;
  readonly unfit: number;
  readonly says: (value: number) => string;
}

const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`;
const milliseconds = (ns: number) => `${Number((ns / 1e6).toPrecision(2))} ms`;

/**
 * Stamps are the kernel's, taken as a frame passes: it is not the delay of programs that spoils them but
 * being taken off the processor between two of them, which happens the more often the more programs wait.
 */
export const LIMITS = {
  wakeP99: {
    of: ({ wakeP99Ns }) => wakeP99Ns,
    doubtful: 1_000_000,
    unfit: 10_000_000,
    says: (value) => `one program in a hundred was woken ${milliseconds(value)} late or more`,
  },
  late: {
    of: ({ lateShare }) => lateShare,
    doubtful: 0.001,
    unfit: 0.02,
    says: (value) => `${percent(value)} of timers were more than ${milliseconds(LATE_NS)} late`,
  },
  steal: {
    of: ({ stealShare }) => stealShare,
    doubtful: 0.01,
    unfit: 0.1,
    says: (value) => `the host took ${percent(value)} of the processors' time`,
  },
  lost: {
    of: ({ framesLost, framesSent }) => (framesSent === 0 ? 0 : framesLost / framesSent),
    doubtful: 0.001,
    unfit: 0.02,
    says: (value) => `${percent(value)} of the frames got lost`,
  },
} as const satisfies Record<string, Limit>;

/** A probe that woke less often than that has not watched. */
const LEAST_WAKES = 50;

/** The worst of all limits, with all reasons that are as bad as that or less. */
export function judgeFidelity(figures: FidelityFigures): Fidelity {
  let verdict: Verdict = 'good';
  const reasons: string[] = [];
  const worsen = (to: Verdict, reason: string): void => {
    reasons.push(reason);
    if (VERDICTS.indexOf(to) > VERDICTS.indexOf(verdict)) verdict = to;
  };
  if (figures.wakes < LEAST_WAKES) worsen('unfit', 'the machine was not watched long enough');
  for (const { of, doubtful, unfit, says } of Object.values<Limit>(LIMITS)) {
    const value = of(figures);
    if (value >= doubtful) worsen(value >= unfit ? 'unfit' : 'doubtful', says(value));
  }
  return { ...figures, verdict, reasons };
}

/** What the probe says of a tenth of a second: classes of delays, and how many were in each. */
export interface WakeReport {
  readonly atNs: bigint;
  readonly maxNs: number;
  readonly counts: ReadonlyMap<number, number>;
}

const SMALLEST_NS = 1024;
const CLASSES_AN_OCTAVE = 4;

/** Where a class ends: lab/native/wake_probe.c has them. */
export function classEndNs(index: number): number {
  const octave = Math.floor(index / CLASSES_AN_OCTAVE);
  const within = (index % CLASSES_AN_OCTAVE) + 1;
  return SMALLEST_NS * 2 ** octave * (1 + within / CLASSES_AN_OCTAVE);
}

const LINE = /^wake (\d+) (\d+)((?: \d+:\d+)*)$/;

/** A line of the probe; null for any other. */
export function parseWakeReport(line: string): WakeReport | null {
  const found = LINE.exec(line);
  if (found === null) return null;
  const [, at = '0', max = '0', classes = ''] = found;
  const counts = new Map<number, number>();
  for (const [, index, count] of classes.matchAll(/ (\d+):(\d+)/g)) {
    counts.set(Number(index), Number(count));
  }
  return { atNs: BigInt(at), maxNs: Number(max), counts };
}

/** Each two that follow each other as one, from the earlier time: half as many. */
export function pairedReports(reports: readonly WakeReport[]): WakeReport[] {
  return reports.flatMap((first, at) => {
    if (at % 2 === 1) return [];
    const second = reports[at + 1];
    if (second === undefined) return [first];
    const counts = new Map(first.counts);
    for (const [index, count] of second.counts) counts.set(index, (counts.get(index) ?? 0) + count);
    return [{ atNs: first.atNs, maxNs: Math.max(first.maxNs, second.maxNs), counts }];
  });
}

export interface WakeSummary {
  readonly wakes: number;
  readonly wakeP50Ns: number;
  readonly wakeP99Ns: number;
  readonly wakeMaxNs: number;
  readonly lateShare: number;
}

/** Of many reports together; percentiles are the ends of their classes, but never beyond the longest delay. */
export function summarizeWakes(reports: readonly WakeReport[]): WakeSummary {
  const counts = new Map<number, number>();
  let wakes = 0;
  let late = 0;
  let wakeMaxNs = 0;
  for (const report of reports) {
    wakeMaxNs = Math.max(wakeMaxNs, report.maxNs);
    for (const [index, count] of report.counts) {
      counts.set(index, (counts.get(index) ?? 0) + count);
      wakes += count;
      if (classEndNs(index) > LATE_NS) late += count;
    }
  }
  const ascending = [...counts].sort(([a], [b]) => a - b);
  const at = (share: number): number => {
    let below = 0;
    for (const [index, count] of ascending) {
      below += count;
      if (below >= share * wakes) return Math.min(wakeMaxNs, classEndNs(index));
    }
    return 0;
  };
  const lateShare = wakes === 0 ? 0 : late / wakes;
  return { wakes, wakeP50Ns: at(0.5), wakeP99Ns: at(0.99), wakeMaxNs, lateShare };
}

/** Of the first line of /proc/stat, in ticks. */
export interface ProcessorTimes {
  readonly all: number;
  readonly idle: number;
  readonly steal: number;
}

/** Throws RangeError for a text without that line. */
export function parseProcessorTimes(text: string): ProcessorTimes {
  const ticks = /^cpu +([\d ]+)/.exec(text)?.[1]?.split(' ').map(Number);
  if (ticks === undefined) throw new RangeError('no line of all processors');
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  const counted = ticks.slice(0, 8);
  const all = counted.reduce((sum, one) => sum + one, 0);
  return { all, idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), steal: ticks[7] ?? 0 };
}
