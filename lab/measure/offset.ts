/**
 * The client's offset from its time transmitter for every Sync, computed from the raw times as
 * ptp4l computes it (default `tsproc_mode filter`, `delay_filter moving_median`): IEEE 1588-2019,
 * 11.2 and 11.3, with the mean path delay filtered by a moving median.
 */
import type { DelayTiming, SlaveEvent, SyncTiming } from './slave-events.js';

/** ptp4l's default `delay_filter_length`. */
export const DELAY_FILTER_LENGTH = 10;

/** One Sync, evaluated. All in ns. */
export interface OffsetSample {
  readonly sequenceId: number;
  /** When the Sync came in at the client, on the clock that all namespaces share. */
  readonly ingressNs: bigint;
  /** (ingress − origin − correction) − mean path delay: zero if the network were perfect. */
  readonly offsetNs: number;
  readonly meanPathDelayNs: number;
  /** What all transparent clocks on the way put into the correctionField. */
  readonly residenceNs: number;
}

/** The median of the last `length` values; the mean of the middle two where their number is even. */
export class MovingMedian {
  readonly #length: number;
  readonly #recent: number[] = [];

  constructor(length: number) {
    this.#length = length;
  }

  push(value: number): number {
    this.#recent.push(value);
    if (this.#recent.length > this.#length) this.#recent.shift();
    const ascending = this.#recent.toSorted((a, b) => a - b);
    const middle = ascending.length >> 1;
    const upper = ascending[middle] ?? Number.NaN;
    return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? Number.NaN) + upper) / 2;
  }
}

/** later − earlier − correction, exact before it becomes a number. */
export function differenceNs(
  laterNs: bigint,
  earlierNs: bigint,
  correctionScaledNs: bigint,
): number {
  return Number(((laterNs - earlierNs) << 16n) - correctionScaledNs) / 65536;
}

/** Takes the events in the order in which ptp4l reports them, which is that of its own steps. */
export class OffsetEstimator {
  readonly #filter = new MovingMedian(DELAY_FILTER_LENGTH);
  /** t2 − t1 − correction of the latest Sync. */
  #downNs: number | undefined;
  #meanPathDelayNs: number | undefined;

  /** An offset for each Sync after the first Delay_Resp; undefined for everything else. */
  push(event: SlaveEvent): OffsetSample | undefined {
    return event.kind === 'sync' ? this.#sync(event) : this.#delay(event);
  }

  #sync(event: SyncTiming): OffsetSample | undefined {
    this.#downNs = differenceNs(event.ingressNs, event.originNs, event.correctionScaledNs);
    if (this.#meanPathDelayNs === undefined) return undefined;
    return {
      sequenceId: event.sequenceId,
      ingressNs: event.ingressNs,
      offsetNs: this.#downNs - this.#meanPathDelayNs,
      meanPathDelayNs: this.#meanPathDelayNs,
      residenceNs: Number(event.correctionScaledNs) / 65536,
    };
  }

  /** ((t2 − t1 − cSync) + (t4 − t3 − cDelay)) / 2, through the median. */
  #delay(event: DelayTiming): undefined {
    if (this.#downNs === undefined) return;
    const upNs = differenceNs(event.responseNs, event.requestNs, event.correctionScaledNs);
    this.#meanPathDelayNs = this.#filter.push((this.#downNs + upNs) / 2);
  }
}

/** How many of the Syncs between the first and the last sample never came to be a sample. */
export function missingSyncs(samples: readonly OffsetSample[]): number {
  let missing = 0;
  for (let i = 1; i < samples.length; i++) {
    const step = ((samples[i]?.sequenceId ?? 0) - (samples[i - 1]?.sequenceId ?? 0)) & 0xffff;
    if (step > 1) missing += step - 1;
  }
  return missing;
}
