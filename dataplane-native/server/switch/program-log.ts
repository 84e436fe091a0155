/**
 * What programs log (`log_msg`) into the switch's log. The engine keeps it until it is read, as far
 * as it has room; of what is read, so much is written in a second, and the rest is counted. So
 * frames, whoever sends them, neither fill the log nor keep the switch from its other work.
 */
import type { LogRecord } from '#binding/log-records';
import type { PipelineLayout } from '#compiler/layout';
import { loggedText } from '../program/log-text.js';
import type { SwitchLog } from './switch.js';

/** Between two looks at the engine: long enough for a flood to be lost in the engine, where that
 * costs least. */
const LOOK_MS = 100;
const SECOND_MS = 1000;

export interface ProgramLogOptions {
  /** What the program has logged since the last time. */
  readonly read: () => readonly LogRecord[];
  /** Of the program that runs; null: none does. */
  readonly layout: () => PipelineLayout | null;
  readonly log: SwitchLog;
  /** Messages in a second; 0: none are written. */
  readonly perSecond: number;
  /** Steady, ms. */
  readonly nowMs: () => number;
}

export interface ProgramLogCounts {
  readonly written: number;
  /** Beyond what is written in a second. What the engine had no room for is not among them. */
  readonly leftOut: number;
}

export class ProgramLog {
  readonly #options: ProgramLogOptions;
  #sinceMs = 0;
  #thisSecond = 0;
  #leftOutThisSecond = 0;
  #written = 0;
  #leftOut = 0;

  constructor(options: ProgramLogOptions) {
    this.#options = options;
    this.#sinceMs = options.nowMs();
  }

  counts(): ProgramLogCounts {
    return { written: this.#written, leftOut: this.#leftOut };
  }

  /** Looks ten times a second, until the returned function is called, which looks once more. */
  start(): () => void {
    const timer = setInterval(() => this.look(), LOOK_MS);
    return () => {
      clearInterval(timer);
      this.look();
      this.#tellLeftOut();
    };
  }

  /** Writes what there is. */
  look(): void {
    const { nowMs, layout: current, read } = this.#options;
    if (nowMs() - this.#sinceMs >= SECOND_MS) this.#nextSecond();
    const layout = current();
    if (layout === null || layout.logMessages.length === 0) return;
    for (const record of read()) {
      if (this.#thisSecond < this.#options.perSecond) this.#write(layout, record);
      else this.#leaveOut();
    }
  }

  #write(layout: PipelineLayout, record: LogRecord): void {
    const { text, place } = loggedText(layout, record);
    this.#options.log.info({ place, port: record.port, timeNs: String(record.timeNs) }, text);
    this.#thisSecond += 1;
    this.#written += 1;
  }

  #leaveOut(): void {
    this.#leftOut += 1;
    this.#leftOutThisSecond += 1;
  }

  #nextSecond(): void {
    this.#tellLeftOut();
    this.#sinceMs = this.#options.nowMs();
    this.#thisSecond = 0;
  }

  #tellLeftOut(): void {
    const count = this.#leftOutThisSecond;
    if (count === 0) return;
    this.#leftOutThisSecond = 0;
    if (this.#options.perSecond === 0) return;
    const text = `${count} more messages of the program are left out: see --log-messages`;
    this.#options.log.warn({ leftOut: count }, text);
  }
}
