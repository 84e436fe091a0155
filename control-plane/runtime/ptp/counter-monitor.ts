/**
 * Whether the dataplane's counter still is the one that we count by: once a second it is read beside
 * a clock that is never set, and what neither an oscillator nor the reading explains is told.
 */
import { CounterWatch, type CounterFinding } from '#ptp/counter-watch';
import { milliseconds } from '#units/time';
import { ClockReader, type ClockReading, type ClockReaderOptions } from './clock-reader.js';
import type { ReceivedPacket } from './packet-io.js';
import type { Timers } from './timers.js';

/** What two readings in a row say. */
export interface CounterBreak {
  /** The last reading before and the first after it. */
  readonly before: ClockReading;
  readonly after: ClockReading;
  readonly why: string;
}

export interface CounterMonitorOptions extends Omit<ClockReaderOptions, 'name'> {
  readonly timers: Timers;
  /** Every reading that came back. */
  readonly onReading: (reading: ClockReading) => void;
  readonly onBreak: (found: CounterBreak) => void;
}

/** How often it was read, with which success. */
export interface CounterReadings {
  readonly readings: number;
  readonly lost: number;
  /** Readings that began a new epoch. */
  readonly breaks: number;
}

const PERIOD = milliseconds(1_000);
const READER_NAME = 1;

export class CounterMonitor {
  readonly #options: CounterMonitorOptions;
  readonly #reader: ClockReader;
  readonly #watch = new CounterWatch();
  #last: ClockReading | null = null;
  #isSuspect = false;
  #cancel: (() => void) | null = null;
  #counters = { readings: 0, lost: 0, breaks: 0 };

  constructor(options: CounterMonitorOptions) {
    this.#options = options;
    this.#reader = new ClockReader({ ...options, name: READER_NAME });
  }

  get counters(): CounterReadings {
    return { ...this.#counters };
  }

  /** Reads now, and from then on. */
  start(): void {
    this.stop();
    this.#read();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#reader.stop();
  }

  /** Whatever the next reading says, the switch began anew before it. */
  suspect(): void {
    this.#isSuspect = true;
  }

  receive(packet: ReceivedPacket): boolean {
    return this.#reader.receive(packet);
  }

  #read(): void {
    this.#reader.read((reading) => {
      if (reading === null) this.#counters.lost += 1;
      else this.#take(reading);
      this.#cancel = this.#options.timers.after(PERIOD, () => this.#read());
    });
  }

  #take(reading: ClockReading): void {
    this.#counters.readings += 1;
    const found = this.#watch.take(reading);
    if (found.kind === 'unclear') {
      this.#counters.lost += 1;
      return;
    }
    const before = this.#last;
    this.#last = reading;
    const why = this.#isSuspect ? 'the switch was started anew' : whyOf(found);
    this.#isSuspect = false;
    if (before === null || why === null) {
      this.#options.onReading(reading);
      return;
    }
    this.#counters.breaks += 1;
    this.#options.onBreak({ before, after: reading, why });
  }
}

/** Null: the counter is where it should be. */
function whyOf(found: CounterFinding): string | null {
  return found.kind === 'restarted' || found.kind === 'jumped' ? found.why : null;
}

export function middle({ beforeNs, afterNs }: ClockReading): bigint {
  return (beforeNs + afterNs) / 2n;
}
