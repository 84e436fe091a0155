/**
 * The master's rate against the local clock, from its last Syncs alone: what the servo does to PTP
 * time is not in it, so it is right from the second Sync on.
 */
import { numberOf, elapsedDataplane, elapsedPreciseNs, nsOf } from '#units/time';
import type { SyncSample } from './sync-receiver.js';

const WINDOW = 8;
/** More is no oscillator: the master's time was set in between. */
const IMPOSSIBLE = 1e-3;

export class MasterRate {
  #window: SyncSample[] = [];

  sample(sample: SyncSample): void {
    this.#window.push(sample);
    if (this.#window.length > WINDOW) this.#window.shift();
    if (this.#raw() === null) this.#window = [sample];
  }

  reset(): void {
    this.#window = [];
  }

  /** Ratio minus 1; null while there is one Sync. */
  get offset(): number | null {
    return this.#window.length < 2 ? null : this.#raw();
  }

  /** 0 for one sample; null if the window does not hold one rate. */
  #raw(): number | null {
    const first = this.#window[0];
    const last = this.#window.at(-1);
    if (first === undefined || last === undefined || first === last) return 0;
    const localNs = numberOf(nsOf(elapsedDataplane(first.receiveTime, last.receiveTime)));
    if (localNs <= 0) return null;
    const offset = elapsedPreciseNs(first.origin, last.origin) / localNs - 1;
    return Math.abs(offset) > IMPOSSIBLE ? null : offset;
  }
}
