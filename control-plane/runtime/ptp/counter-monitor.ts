/**
 * Whether the dataplane's counter still is the one that we count by: once a second it is read beside
 * a clock that is never set, and what neither an oscillator nor the reading explains is told.
 */
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
const COUNTER_BITS = 48;
/** No oscillator is so far off: 1000 ppm. */
const MOST_DRIFT = 1_000n;
/** What a busy process adds to the two ends of a reading, beyond what it sees of it. */
const TOLERANCE_NS = 1_000_000n;
const READER_NAME = 1;

export class CounterMonitor {
  readonly #options: CounterMonitorOptions;
  readonly #reader: ClockReader;
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
    const before = this.#last;
    this.#last = reading;
    const why = before === null ? null : this.#judge(before, reading);
    this.#isSuspect = false;
    if (before === null || why === null) {
      this.#options.onReading(reading);
      return;
    }
    this.#counters.breaks += 1;
    this.#options.onBreak({ before, after: reading, why });
  }

  #judge(before: ClockReading, reading: ClockReading): string | null {
    if (this.#isSuspect) return 'the switch was started anew';
    const jumpNs = jumpOf(before, reading);
    if (jumpNs === 0n) return null;
    const milliseconds = Number(jumpNs) / 1e6;
    return `the counter of the switch jumped by ${milliseconds.toFixed(3)} ms`;
  }
}

/** How far the counter is from where it should be, beyond all that may explain it; 0: nowhere. */
function jumpOf(before: ClockReading, reading: ClockReading): bigint {
  const passedNs = middle(reading) - middle(before);
  const countedNs = BigInt.asIntN(COUNTER_BITS, reading.counterNs - before.counterNs - passedNs);
  const explained = (width(before) + width(reading)) / 2n + passedNs / MOST_DRIFT + TOLERANCE_NS;
  return countedNs > explained || countedNs < -explained ? countedNs : 0n;
}

export function middle({ beforeNs, afterNs }: ClockReading): bigint {
  return (beforeNs + afterNs) / 2n;
}

function width({ beforeNs, afterNs }: ClockReading): bigint {
  return afterNs - beforeNs;
}
