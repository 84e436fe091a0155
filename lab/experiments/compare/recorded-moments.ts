/**
 * When messages were sent: a simulated clock sends its own at these moments. Which Sync a Delay_Req is held against,
 * and so a clock's error, depends on it.
 */
import type { NoiseSample, WayNoise } from './noise.js';

/** After a longer pause nobody was sending. */
const PAUSE_NS = 2e9;

/** Asked for one moment after the other, of a time that goes on. */
export class Moments {
  readonly #timesNs: readonly number[];
  #next = 0;

  constructor(samples: readonly NoiseSample[]) {
    this.#timesNs = samples.map(({ atNs }) => Math.round(atNs));
  }

  /** How long until the next one; null: it is not known when that was. */
  afterNs(nowNs: number): number | null {
    while ((this.#timesNs[this.#next] ?? Infinity) <= nowNs) this.#next += 1;
    const atNs = this.#timesNs[this.#next];
    return atNs === undefined || atNs - nowNs > PAUSE_NS ? null : atNs - nowNs;
  }
}

/** For `PtpNode`: port 1 is a slave's, towards `above`, and port 2 a master's; the grandmaster has port 1 alone. */
export function recordedTimers(above: WayNoise | null, below: WayNoise) {
  const syncs = new Moments(below.down);
  const timers = new Map([[above === null ? '1/sync' : '2/sync', syncs]]);
  if (above !== null) timers.set('1/delayReq', new Moments(above.up));
  return (timer: string, afterNs: number, nowNs: number): number =>
    timers.get(timer)?.afterNs(nowNs) ?? afterNs;
}
