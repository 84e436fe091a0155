/** Packet delay variation, with ITU-T G.8260's floor metrics. Delays may be of a path or of one switch. */
import { mean, percentile } from '../../control-plane/statistics/samples.js';

/** Packets in the order in which they came. */
export interface PacketDelays {
  /** Since any beginning, ascending. */
  readonly timeSeconds: Float64Array;
  readonly delayNs: Float64Array;
}

/** All in ns but for the count. */
export interface DelaySummary {
  readonly packets: number;
  /** The floor: the least delay of all. */
  readonly minNs: number;
  readonly maxNs: number;
  readonly meanNs: number;
  readonly deviationNs: number;
  /** PDV against the floor, peak to peak. */
  readonly peakToPeakNs: number;
  /** RFC 3393: mean of the absolute difference of neighbours. */
  readonly meanStepNs: number;
  readonly percentilesNs: readonly { readonly fraction: number; readonly delayNs: number }[];
}

export const DELAY_FRACTIONS: readonly number[] = [0.01, 0.5, 0.9, 0.99, 0.999, 0.9999];

/** Null where there is no packet. */
export function summarizeDelays({ delayNs }: PacketDelays): DelaySummary | null {
  const packets = delayNs.length;
  if (packets === 0) return null;
  const sorted = delayNs.slice().sort();
  const meanNs = mean(sorted);
  const squares = sorted.reduce((sum, value) => sum + (value - meanNs) ** 2, 0);
  let steps = 0;
  for (let i = 1; i < packets; i += 1) {
    steps += Math.abs((delayNs[i] as number) - (delayNs[i - 1] as number));
  }
  const minNs = sorted[0] as number;
  const maxNs = sorted[packets - 1] as number;
  return {
    ...{ packets, minNs, maxNs, meanNs, peakToPeakNs: maxNs - minNs },
    deviationNs: Math.sqrt(squares / Math.max(1, packets - 1)),
    meanStepNs: packets > 1 ? steps / (packets - 1) : 0,
    percentilesNs: DELAY_FRACTIONS.map((fraction) => ({
      fraction,
      delayNs: percentile(sorted, fraction),
    })),
  };
}

export interface FloorOptions {
  /** Packets within so much of the floor count, ns. */
  readonly clusterNs: number;
  readonly windowSeconds: number;
}

/** ITU-T G.8261.1 (02/2014), 8: at least 1 % in each 200 s within 150 µs of the floor. */
export const G8261_1_FLOOR = { clusterNs: 150_000, windowSeconds: 200, leastPercent: 1 } as const;

export interface FloorWindow {
  readonly fromSeconds: number;
  readonly packets: number;
  readonly percent: number;
}

export interface FloorPackets {
  readonly options: FloorOptions;
  readonly floorNs: number;
  /** Floor packet percentage of all. */
  readonly percent: number;
  /** Of the worst whole window; null where the packets do not fill one. */
  readonly worst: FloorWindow | null;
  readonly windows: readonly FloorWindow[];
}

/** FPP(n, W, δ) of G.8260: windows follow each other; the last one counts only where it is whole. */
export function floorPackets(delays: PacketDelays, options: FloorOptions): FloorPackets | null {
  const { timeSeconds, delayNs } = delays;
  if (delayNs.length === 0) return null;
  const floorNs = delayNs.reduce((least, value) => Math.min(least, value), Infinity);
  const begin = timeSeconds[0] as number;
  const end = timeSeconds[timeSeconds.length - 1] as number;
  const whole = Math.floor((end - begin) / options.windowSeconds);
  const packets = new Float64Array(whole);
  const inside = new Float64Array(whole);
  let all = 0;
  for (let i = 0; i < delayNs.length; i += 1) {
    const isFloor = (delayNs[i] as number) <= floorNs + options.clusterNs;
    if (isFloor) all += 1;
    const window = Math.floor(((timeSeconds[i] as number) - begin) / options.windowSeconds);
    if (window >= whole) continue;
    packets[window] = (packets[window] as number) + 1;
    if (isFloor) inside[window] = (inside[window] as number) + 1;
  }
  const windows = Array.from(packets, (count, window) => ({
    fromSeconds: window * options.windowSeconds,
    packets: count,
    percent: count === 0 ? 0 : (100 * (inside[window] as number)) / count,
  }));
  const worst = windows.reduce<FloorWindow | null>(
    (least, one) => (least === null || one.percent < least.percent ? one : least),
    null,
  );
  return { options, floorNs, percent: (100 * all) / delayNs.length, worst, windows };
}
