/** Everything that is said of a record, or of packets: one call each, pure. */
import type { ResidenceCounts, ResidenceResult } from './capture/residence.js';
import { NO_PTP } from './capture/residence.js';
import { histogram, type Histogram } from './histogram.js';
import { MaskJudge, type MaskVerdict } from './masks/evaluate.js';
import type { Mask } from './masks/mask.js';
import {
  floorPackets,
  summarizeDelays,
  type DelaySummary,
  type FloorOptions,
  type FloorPackets,
} from './packet-delay.js';
import type { PhaseRecord } from './stability/phase.js';
import {
  stabilityTable,
  TIME_METRICS,
  type Metric,
  type StabilityTable,
} from './stability/table.js';
import {
  constantError,
  dynamicError,
  summarizeTimeError,
  type ConstantError,
  type TimeErrorSummary,
} from './time-error.js';

export interface TimeAnalysisOptions {
  readonly metrics: readonly Metric[];
  readonly confidence: number;
  readonly masks: readonly Mask[];
}

export interface TimeAnalysis {
  readonly intervalSeconds: number;
  readonly summary: TimeErrorSummary | null;
  readonly constant: ConstantError | null;
  /** Behind the filters of 0.1 Hz; or why there is none. */
  readonly dynamic:
    | {
        readonly lowMaxAbsNs: number;
        readonly lowPeakToPeakNs: number;
        readonly highPeakToPeakNs: number;
      }
    | { readonly missing: string };
  readonly stability: StabilityTable;
  /** TDEV and MTIE of what is below 0.1 Hz; empty where there is no filter. */
  readonly lowStability: StabilityTable;
  readonly histogram: Histogram | null;
  readonly masks: readonly MaskVerdict[];
}

export function analyseTime(record: PhaseRecord, options: TimeAnalysisOptions): TimeAnalysis {
  const bands = dynamicError(record);
  const judge = new MaskJudge(record);
  return {
    intervalSeconds: record.tau0Ns / 1e9,
    summary: summarizeTimeError(record),
    constant: constantError(record),
    dynamic: bands.ok
      ? {
          lowMaxAbsNs: bands.value.lowMaxAbsNs,
          lowPeakToPeakNs: bands.value.lowPeakToPeakNs,
          highPeakToPeakNs: bands.value.highPeakToPeakNs,
        }
      : { missing: bands.message },
    stability: stabilityTable(record, options),
    lowStability: bands.ok
      ? stabilityTable(bands.value.low, {
          metrics: options.metrics.filter((metric) => TIME_METRICS.has(metric)),
          confidence: options.confidence,
        })
      : {},
    histogram: histogram(record.xNs),
    masks: options.masks.map((mask) => judge.judge(mask)),
  };
}

/** One kind of packet through a device. */
export interface ResidenceGroup {
  /** PTP's messageType; −1 for all that is no PTP. */
  readonly messageType: number;
  readonly residence: DelaySummary;
  readonly floor: FloorPackets | null;
  readonly histogram: Histogram | null;
  /**
   * What went into the correctionField less the residence; above 0: too much was added. Null where
   * nothing was ever added.
   */
  readonly correctionError: TimeErrorSummary | null;
}

export interface ResidenceAnalysis {
  readonly counts: ResidenceCounts;
  readonly groups: readonly ResidenceGroup[];
}

/** Packets by kind, PTP's first. */
export function analyseResidence(result: ResidenceResult, floor: FloorOptions): ResidenceAnalysis {
  const kinds = [...new Set(result.messageType)].sort((a, b) => rank(a) - rank(b));
  return {
    counts: result.counts,
    groups: kinds.flatMap((messageType) => groupOf(result, messageType, floor) ?? []),
  };
}

const rank = (messageType: number) => (messageType === NO_PTP ? Infinity : messageType);

function groupOf(
  result: ResidenceResult,
  messageType: number,
  floor: FloorOptions,
): ResidenceGroup | null {
  const ours = indicesOf(result.messageType, messageType);
  const chosen = (values: Float64Array): Float64Array =>
    ours === null ? values : Float64Array.from(ours, (index) => values[index] as number);
  const delays = { timeSeconds: chosen(result.timeSeconds), delayNs: chosen(result.residenceNs) };
  const residence = summarizeDelays(delays);
  if (residence === null) return null;
  const added = chosen(result.correctionNs);
  const errors = added.map((correction, i) => correction - (delays.delayNs[i] as number));
  const isCorrected = added.some((correction) => correction !== 0 && correction === correction);
  return {
    ...{ messageType, residence },
    floor: floorPackets(delays, floor),
    histogram: histogram(delays.delayNs),
    correctionError: isCorrected ? summarizeTimeError({ xNs: errors, tau0Ns: 1e9 }) : null,
  };
}

/** Where a kind is; null where all are of it, as in most captures. Millions of packets, so no lists. */
export function indicesOf(messageTypes: Int8Array, wanted: number): Int32Array | null {
  let count = 0;
  for (const one of messageTypes) if (one === wanted) count += 1;
  if (count === messageTypes.length) return null;
  const indices = new Int32Array(count);
  let at = 0;
  for (const [index, one] of messageTypes.entries()) {
    if (one !== wanted) continue;
    indices[at] = index;
    at += 1;
  }
  return indices;
}
