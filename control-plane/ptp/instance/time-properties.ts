/**
 * timePropertiesDS as it holds at each moment: what the parent or our own configuration says, with a
 * leap second carried out at its second, before the next Announce tells of it (8.2.4, 9.4).
 */
import { splitPrecise, type PreciseInstant } from '#units/time';
import type { TimePropertiesDS } from '../data-sets.js';
import { LeapWatch, withScheduledLeap, type LeapSecond } from '../leap.js';

export class TimeProperties {
  #told: TimePropertiesDS;
  #watch: LeapWatch;
  #source = '';

  constructor(own: TimePropertiesDS) {
    this.#told = own;
    this.#watch = new LeapWatch(own);
  }

  /** `source` names who says so: another one's leap second is not this one's. */
  heard(properties: TimePropertiesDS, source: string, ptpTime: PreciseInstant | null): void {
    if (source !== this.#source) this.#watch.reset(properties);
    this.#source = source;
    this.#told = properties;
    if (ptpTime !== null) this.#watch.heard(properties, splitPrecise(ptpTime).whole);
  }

  /** PTP time was stepped, or begins anew. */
  reset(): void {
    this.#watch.reset(this.#told);
  }

  /** Without PTP time: as it was told. `ptpTime` is asked only where a leap second is announced. */
  at(ptpTime: () => PreciseInstant | null): TimePropertiesDS {
    if (this.#watch.leap === null && this.#watch.properties === this.#told) return this.#told;
    const now = ptpTime();
    return now === null ? this.#told : this.#watch.timeProperties(splitPrecise(now).whole);
  }

  faults(): Record<string, number> {
    return {
      leapContradictory: this.#watch.faults('contradictory'),
      leapTooEarly: this.#watch.faults('too-early'),
      leapNotCarriedOut: this.#watch.faults('not-carried-out'),
    };
  }
}

/** Our own as grandmaster, with the leap second that we were told of beforehand. */
export function ownAt(
  own: TimePropertiesDS,
  leapSecond: LeapSecond | null,
  ptpTime: () => PreciseInstant | null,
): TimePropertiesDS {
  const now = leapSecond === null ? null : ptpTime();
  if (leapSecond === null || now === null) return own;
  return withScheduledLeap(own, leapSecond, splitPrecise(now).whole);
}
