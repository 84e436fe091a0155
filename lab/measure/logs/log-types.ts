/** What a log gives, whoever wrote it. */

/** One measured offset. */
export interface Reading {
  readonly line: number;
  /** Since whatever the log counts from. */
  readonly timeNs: bigint;
  /** Local clock less its reference: above 0, it is ahead. ns. */
  readonly offsetNs: number;
  /** Mean path delay, peer delay or read-out delay; null where the log has none. */
  readonly delayNs: number | null;
  readonly frequencyPpb: number | null;
  /** The clock or the server that it is of; empty where a log has but one. */
  readonly source: string;
}

export interface LogProblem {
  readonly code:
    'bad-field' | 'no-readings' | 'another-format' | 'summary' | 'backwards' | 'sparse';
  /** Null where it is of the file as a whole. */
  readonly line: number | null;
  /** The field that is wrong, or empty. */
  readonly field: string;
  readonly message: string;
}

/** What one line is. */
export type LineResult =
  | { readonly kind: 'reading'; readonly reading: Omit<Reading, 'line'> }
  /** Belongs to the log and is no measurement. */
  | { readonly kind: 'other' }
  /** Not of this format at all. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'summary' }
  | { readonly kind: 'bad'; readonly field: string; readonly message: string };

export interface LineFormat {
  readonly name: LogFormatName;
  readonly title: string;
  /** Fed line by line: a header may tell what the columns are. */
  readonly parser: () => (line: string) => LineResult;
}

export const LOG_FORMATS = [
  'ptp4l',
  'phc2sys',
  'ts2phc',
  'chrony-tracking',
  'chrony-measurements',
  'chrony-statistics',
  'chrony-refclocks',
  'csv',
] as const;
export type LogFormatName = (typeof LOG_FORMATS)[number];

export const bad = (field: string, message: string): LineResult => ({
  kind: 'bad',
  field,
  message,
});
export const OTHER: LineResult = { kind: 'other' };
export const FOREIGN: LineResult = { kind: 'foreign' };

/** A whole field that is a number; null for everything else, such as `12x`, or nothing. */
export function numberOf(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}
