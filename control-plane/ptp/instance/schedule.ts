/**
 * When the next of a stream of messages is due: the mean interval is kept whatever the single timer
 * was late by (7.7.2.1), and what was missed is not made up in a burst.
 */
import {
  bigintOf,
  numberOf,
  after,
  elapsed,
  isBefore,
  nanoseconds,
  nsOf,
  type Instant,
  type Nanoseconds,
} from '#units/time';

/** 9.5.9.2: within 30 % of the interval. */
const SPREAD = 0.3;

export class Schedule {
  #due: Instant | null = null;

  /** The first was sent now. Ports that began together drift apart by a random share. */
  begin(now: Instant, interval: Nanoseconds, random: () => number): Nanoseconds {
    const share = nanoseconds(share30(interval, random));
    this.#due = after(after(now, interval), nanoseconds(-nsOf(share)));
    return elapsed(now, this.#due);
  }

  /** One was sent now, because it was due: how long until the next. */
  next(now: Instant, interval: Nanoseconds): Nanoseconds {
    const planned = after(this.#due ?? now, interval);
    // More than one interval late: begin from here.
    this.#due = isBefore(now, planned) ? planned : after(now, interval);
    return elapsed(now, this.#due);
  }
}

function share30(interval: Nanoseconds, random: () => number): bigint {
  return bigintOf(Math.floor(numberOf(nsOf(interval)) * SPREAD * random()));
}
