/**
 * chrony's logs. Signs differ between them: tracking.log and statistics.log say how far the local clock
 * is ahead, measurements.log and refclocks.log how far it is behind (chrony.conf, "log").
 */
import { isoNs } from './exact-time.js';
import {
  bad,
  FOREIGN,
  numberOf,
  OTHER,
  type LineFormat,
  type LineResult,
  type LogFormatName,
} from './log-types.js';

interface Columns {
  readonly name: LogFormatName;
  readonly title: string;
  /** Words of the header that no other log has. */
  readonly header: RegExp;
  /** Fewest columns of a line. */
  readonly least: number;
  /** Places of the columns, from 0. */
  readonly source: number;
  readonly offset: number;
  readonly sign: 1 | -1;
  readonly delay: number | null;
  readonly frequency: number | null;
}

const FREQUENCY_NS = 1e3;

const LOGS: readonly Columns[] = [
  {
    ...{ name: 'chrony-tracking', title: 'chrony’s tracking.log' },
    header: /\bFreq ppm\s+Skew ppm\b/,
    ...{ least: 7, source: 2, offset: 6, sign: 1, delay: null, frequency: 4 },
  },
  {
    ...{ name: 'chrony-measurements', title: 'chrony’s measurements.log' },
    header: /\bLP RP\s+Score\s+Offset\b/i,
    ...{ least: 13, source: 2, offset: 11, sign: -1, delay: 12, frequency: null },
  },
  {
    ...{ name: 'chrony-statistics', title: 'chrony’s statistics.log' },
    header: /\bStd dev'n\s+Est offset\b/i,
    ...{ least: 9, source: 2, offset: 4, sign: 1, delay: null, frequency: null },
  },
  {
    ...{ name: 'chrony-refclocks', title: 'chrony’s refclocks.log' },
    header: /\bRaw offset\s+Cooked offset\b/i,
    ...{ least: 8, source: 2, offset: 7, sign: -1, delay: null, frequency: null },
  },
];

function parser(columns: Columns): (line: string) => LineResult {
  let isMine = false;
  return (line) => {
    const text = line.trim();
    if (text === '' || /^=+$/.test(text)) return OTHER;
    if (text.startsWith('Date (UTC)')) {
      isMine = columns.header.test(text);
      return isMine ? OTHER : FOREIGN;
    }
    return isMine ? parseLine(columns, text.split(/\s+/)) : FOREIGN;
  };
}

function parseLine(columns: Columns, words: readonly string[]): LineResult {
  const timeNs = isoNs(`${words[0] ?? ''} ${words[1] ?? ''}`);
  if (timeNs === null) return bad('date and time', `'${words.slice(0, 2).join(' ')}' is no time`);
  if (words.length < columns.least) {
    return bad('columns', `there are ${words.length}, not ${columns.least} or more`);
  }
  const text = words[columns.offset] ?? '';
  // A reference clock's single sample has no cooked offset yet.
  if (text === '-') return OTHER;
  const offset = numberOf(text);
  if (offset === null) return bad('offset', `'${text}' is no number`);
  const seconds = columns.delay === null ? null : numberOf(words[columns.delay] ?? '');
  const ppm = columns.frequency === null ? null : numberOf(words[columns.frequency] ?? '');
  return {
    kind: 'reading',
    reading: {
      timeNs,
      offsetNs: columns.sign * offset * 1e9,
      delayNs: seconds === null ? null : seconds * 1e9,
      frequencyPpb: ppm === null ? null : ppm * FREQUENCY_NS,
      source: words[columns.source] ?? '',
    },
  };
}

export const CHRONY_FORMATS: readonly LineFormat[] = LOGS.map((columns) => ({
  name: columns.name,
  title: columns.title,
  parser: () => parser(columns),
}));
