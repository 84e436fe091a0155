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
/** A message with more counts as several: text of a number takes time that grows with its length squared. */
const WORDS_OF_A_MESSAGE = 16;

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
  /** What a program had logged that runs no more. */
  #kept: { readonly layout: PipelineLayout; readonly records: readonly LogRecord[] } | null = null;

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

  /**
   * Takes what there is, to be written at the next look: for the moment before another program is
   * loaded, when frames wait. Of what comes before that look there is no more than one such; the rest is counted.
   */
  keep(): void {
    const layout = this.#loggingLayout();
    if (layout === null) return;
    const records = this.#options.read();
    if (this.#kept === null) this.#kept = { layout, records };
    else this.#leaveOut(records.length);
  }

  /** Writes what there is. */
  look(): void {
    const { nowMs, read } = this.#options;
    if (nowMs() - this.#sinceMs >= SECOND_MS) this.#nextSecond();
    if (this.#kept !== null) this.#writeAll(this.#kept.layout, this.#kept.records);
    this.#kept = null;
    const layout = this.#loggingLayout();
    if (layout !== null) this.#writeAll(layout, read());
  }

  /** Of the program that runs; null: it logs nothing. */
  #loggingLayout(): PipelineLayout | null {
    const layout = this.#options.layout();
    return layout === null || layout.logMessages.length === 0 ? null : layout;
  }

  #writeAll(layout: PipelineLayout, records: readonly LogRecord[]): void {
    for (const [index, record] of records.entries()) {
      if (this.#thisSecond >= this.#options.perSecond) {
        this.#leaveOut(records.length - index);
        return;
      }
      this.#write(layout, record);
    }
  }

  #write(layout: PipelineLayout, record: LogRecord): void {
    const { text, place } = loggedText(layout, record);
    this.#options.log.info({ place, port: record.port, timeNs: String(record.timeNs) }, text);
    this.#thisSecond += Math.max(1, Math.ceil(record.words.length / WORDS_OF_A_MESSAGE));
    this.#written += 1;
  }

  #leaveOut(count: number): void {
    this.#leftOut += count;
    this.#leftOutThisSecond += count;
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
