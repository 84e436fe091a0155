/** What a program logged, as the engine's rings have it: see log.h. */

export interface LogRecord {
  /** Which of the program's messages: an index into the layout's. */
  readonly message: number;
  /** By which the frame came. */
  readonly port: number;
  /** The dataplane's clock when the burst began in which the frame was handled. */
  readonly timeNs: bigint;
  /** The values, as the layout says. */
  readonly words: BigUint64Array;
}

/** As TP_LOG_WORDS: all that one packet loop can have. */
export const LOG_READ_WORDS = 32_768;
const HEAD_WORDS = 2;

/** The records in the first `count` words, in the order of their times. */
export function logRecords(words: BigUint64Array, count: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < count;) {
    const head = words[at] ?? 0n;
    const size = Number(head >> 48n);
    records.push({
      message: Number(head & 0xffff_ffffn),
      port: Number((head >> 32n) & 0xffffn),
      timeNs: words[at + 1] ?? 0n,
      words: words.slice(at + HEAD_WORDS, at + size),
    });
    at += Math.max(size, HEAD_WORDS);
  }
  // Each loop's are in order already, and stay so.
  return records.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
}
