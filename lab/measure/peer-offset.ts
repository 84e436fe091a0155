/**
 * The same offset where the client measures peer delay. ptp4l reports each Sync's raw times, but no
 * raw times of Pdelay: it prints its filtered peer delay each time that it changes. A Sync is
 * evaluated with the delay that was printed last before it came in.
 */
import { differenceNs, type OffsetSample } from './offset.js';
import type { SyncTiming } from './slave-events.js';

/** A peer delay as ptp4l's filter gave it. */
export interface PeerDelay {
  /** When it was printed, in ns of the clock that stamps Syncs; good to a millisecond. */
  readonly atNs: bigint;
  readonly filteredNs: number;
}

/** Syncs come through another pipe and in bundles, so the delay may have changed since. */
const KEPT_DELAYS = 64;

export class PeerOffsets {
  readonly #samples: OffsetSample[] = [];
  readonly #delays: PeerDelay[] = [];

  /** Every evaluated Sync; grows. */
  get samples(): readonly OffsetSample[] {
    return this.#samples;
  }

  pushDelay(delay: PeerDelay): void {
    this.#delays.push(delay);
    if (this.#delays.length > KEPT_DELAYS) this.#delays.shift();
  }

  pushSync(event: SyncTiming): void {
    const delayNs = this.#delays.findLast(({ atNs }) => atNs <= event.ingressNs)?.filteredNs;
    if (delayNs === undefined) return;
    const downNs = differenceNs(event.ingressNs, event.originNs, event.correctionScaledNs);
    this.#samples.push({
      sequenceId: event.sequenceId,
      ingressNs: event.ingressNs,
      offsetNs: downNs - delayNs,
      meanPathDelayNs: delayNs,
      residenceNs: Number(event.correctionScaledNs) / 65536,
    });
  }
}
