/** Holds our offsets against those that ptp4l prints itself, once a second. */
import type { OffsetSample } from './offset.js';

export interface PrintedOffset {
  readonly offsetNs: number;
  readonly pathDelayNs: number;
}

/**
 * ptp4l cuts each of at most three corrections to whole nanoseconds, and the path delay's median is
 * cut once more; we keep the fractions.
 */
const TOLERANCE_NS = 4;

/** "master offset 12 s0 freq +0 path delay 345", wherever it stands in a line of the log. */
export function parsePrintedOffset(line: string): PrintedOffset | null {
  const found = /master offset\s+(-?\d+) s\d freq\s+\S+ path delay\s+(-?\d+)/.exec(line);
  return found === null ? null : { offsetNs: Number(found[1]), pathDelayNs: Number(found[2]) };
}

/** A filtered delay that ptp4l has worked with since then. */
export interface PrintedDelay {
  /** Of the monotonic clock. */
  readonly uptimeMs: number;
  readonly filteredNs: number;
}

/** "ptp4l[12.345]: delay   filtered         60   raw         61", which it says at debug level. */
export function parsePrintedDelay(line: string): PrintedDelay | null {
  const found = /\[(\d+)\.(\d{3})\]:.* delay\s+filtered\s+(-?\d+)\s+raw/.exec(line);
  if (found === null) return null;
  return { uptimeMs: Number(`${found[1]}${found[2]}`), filteredNs: Number(found[3]) };
}

/** Those that are none of our samples. */
export function unexplained(
  printed: readonly PrintedOffset[],
  samples: readonly OffsetSample[],
): PrintedOffset[] {
  return printed.filter(
    ({ offsetNs, pathDelayNs }) =>
      !samples.some(
        (sample) =>
          Math.abs(sample.offsetNs - offsetNs) <= TOLERANCE_NS &&
          Math.abs(sample.meanPathDelayNs - pathDelayNs) <= TOLERANCE_NS,
      ),
  );
}
