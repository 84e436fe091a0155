/**
 * A world that is only a number that grows: true time in whole nanoseconds, and what happens at which.
 * Nothing here knows a real clock; the same seed gives the same run, octet for octet.
 */
import { bigintOf, instant, type Instant } from '#units/time';
import { EventQueue, ScheduledEvent } from './event-queue.js';
import type { Channel, Frame, Station } from './link-types.js';
import { randomStream, type RandomStream } from './random.js';

/** PTP time at the beginning of the world, 2023-11-14. */
export const EPOCH_NS = 1_700_000_000_000_000_000n;

export interface WorldOptions {
  readonly seed: number;
  /** Every frame that leaves a station, before any channel has it: for traces. */
  readonly onFrame?: (frame: Frame, from: Station, port: number, atNs: number) => void;
}

export interface LinkEnd {
  readonly station: Station;
  readonly port: number;
}

/** Both directions, as they are now. */
export interface Link {
  readonly isUp: boolean;
  /** Both stations are told at once; frames on their way still arrive. */
  set(isUp: boolean): void;
}

export class World {
  readonly seed: number;
  readonly #queue = new EventQueue();
  readonly #onFrame: WorldOptions['onFrame'];
  #nowNs = 0;
  /** Null: nobody has asked for it since. */
  #now: Instant | null = null;
  #events = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#onFrame = options.onFrame;
  }

  /** True time since the beginning: whole nanoseconds, exact for a hundred days. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** The same, as hosts' own monotonic clocks have it. */
  get now(): Instant {
    return (this.#now ??= instant(bigintOf(this.#nowNs)));
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** How many are to come, those among them that were cancelled. */
  get pending(): number {
    return this.#queue.length;
  }

  stream(name: string): RandomStream {
    return randomStream(this.seed, name);
  }

  after(delayNs: number, run: () => void): ScheduledEvent {
    return this.again(new ScheduledEvent(run), delayNs);
  }

  /** One that was there before, which costs nothing new: it waits for this time alone. */
  again(event: ScheduledEvent, delayNs: number): ScheduledEvent {
    this.#queue.add(this.#nowNs + Math.max(0, Math.round(delayNs)), event);
    return event;
  }

  /** At its end the time is `seconds` later, whatever there was to do. */
  run(seconds: number): void {
    const untilNs = this.#nowNs + Math.round(seconds * 1e9);
    for (;;) {
      const event = this.#queue.take(untilNs);
      if (event === null) break;
      this.#moveTo(this.#queue.takenAtNs);
      this.#events += 1;
      event.run();
    }
    this.#moveTo(untilNs);
  }

  /** Runs until `condition` holds, looking every `stepSeconds`: the seconds it took; null: it did not within `limitSeconds`. */
  runUntil(condition: () => boolean, limitSeconds: number, stepSeconds = 0.01): number | null {
    const beginNs = this.#nowNs;
    for (let passed = 0; passed < limitSeconds; passed += stepSeconds) {
      if (condition()) return (this.#nowNs - beginNs) / 1e9;
      this.run(stepSeconds);
    }
    return null;
  }

  /** `there`: from `a` to `b`. */
  link(a: LinkEnd, b: LinkEnd, there: Channel, back: Channel): Link {
    const link = new WorldLink(a, b);
    a.station.attach(a.port, this.#direction(link, a, b, there));
    b.station.attach(b.port, this.#direction(link, b, a, back));
    return link;
  }

  /** A link that flaps: down for so long, up for so long, again and again; both its stations are told. */
  flap(link: Link, { upSeconds, downSeconds }: Record<'upSeconds' | 'downSeconds', number>): void {
    if (!(upSeconds > 0 && downSeconds > 0)) {
      throw new RangeError(`a link cannot be up for ${upSeconds} s and down for ${downSeconds} s`);
    }
    const event = new ScheduledEvent(() => {
      link.set(!link.isUp);
      this.again(event, (link.isUp ? upSeconds : downSeconds) * 1e9);
    });
    this.again(event, upSeconds * 1e9);
  }

  #direction(link: Link, from: LinkEnd, to: LinkEnd, channel: Channel): (frame: Frame) => void {
    const { station, port } = to;
    const arrive = (frame: Frame, delayNs: number): void => {
      this.after(delayNs, () => station.receive(port, frame));
    };
    return (frame) => {
      this.#onFrame?.(frame, from.station, from.port, this.#nowNs);
      if (link.isUp) channel(frame, this.#nowNs, arrive);
    };
  }

  #moveTo(ns: number): void {
    if (ns === this.#nowNs) return;
    this.#nowNs = ns;
    this.#now = null;
  }
}

class WorldLink implements Link {
  readonly #a: LinkEnd;
  readonly #b: LinkEnd;
  isUp = true;

  constructor(a: LinkEnd, b: LinkEnd) {
    this.#a = a;
    this.#b = b;
  }

  set(isUp: boolean): void {
    if (isUp === this.isUp) return;
    this.isUp = isUp;
    for (const { station, port } of [this.#a, this.#b]) station.linkChanged(port, isUp);
  }
}
