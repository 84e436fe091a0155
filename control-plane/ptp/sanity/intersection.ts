/**
 * Marzullo's intersection: of intervals that each claim to hold the true time, the part that most of
 * them have in common. Those that do not touch it are false, if a majority agrees.
 */
export interface TimeInterval {
  readonly lowNs: number;
  readonly highNs: number;
}

export interface Intersection {
  readonly interval: TimeInterval;
  /** How many intervals hold all of it. */
  readonly agreeing: number;
}

/** The part that the most intervals have in common, the first of several; null: no intervals. */
export function intersect(intervals: readonly TimeInterval[]): Intersection | null {
  const edges = intervals.flatMap(({ lowNs, highNs }) => [
    { atNs: lowNs, step: 1 },
    { atNs: highNs, step: -1 },
  ]);
  // Intervals are closed: what ends where another begins still touches it.
  edges.sort((a, b) => a.atNs - b.atNs || b.step - a.step);
  let depth = 0;
  let best: Intersection | null = null;
  for (const [index, { atNs, step }] of edges.entries()) {
    depth += step;
    const next = edges[index + 1];
    if (step > 0 && next !== undefined && depth > (best?.agreeing ?? 0)) {
      best = { interval: { lowNs: atNs, highNs: next.atNs }, agreeing: depth };
    }
  }
  return best;
}

export function touches(a: TimeInterval, b: TimeInterval): boolean {
  return a.lowNs <= b.highNs && b.lowNs <= a.highNs;
}
