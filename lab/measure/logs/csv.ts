/** Columns of numbers, with or without a header, separated by commas, semicolons, tabs or blanks. */
import { decimalNs, isoNs, type TimeUnit } from './exact-time.js';
import { bad, FOREIGN, numberOf, OTHER, type LineFormat, type LineResult } from './log-types.js';

export interface CsvOptions {
  /** A name in the header, or a place from 1. Without it: by its name, or the first. */
  readonly timeColumn?: string;
  readonly valueColumn?: string;
  /** Without them: by the column's name, such as `offset_ns` or `t (ms)`; else s and ns. */
  readonly timeUnit?: TimeUnit;
  readonly valueUnit?: TimeUnit;
  /** Between two lines, where there is no column of times. */
  readonly intervalSeconds?: number;
}

const TIME_NAMES = /^(t|time|timestamp|epoch|seconds|date|datetime|mjd|elapsed|uptime)\b|time/i;
const VALUE_NAMES = /^(te|x|error|offset|phase|tie|residence|value)\b|offset|error/i;
const UNIT_NS: Readonly<Record<TimeUnit, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

interface Layout {
  readonly columns: number;
  /** Null: there is none, lines come at the interval. */
  readonly time: number | null;
  readonly value: number;
  readonly timeUnit: TimeUnit;
  readonly valueUnit: TimeUnit;
}

type LayoutResult = Layout | { readonly field: string; readonly message: string };

export function csvFormat(options: CsvOptions): LineFormat {
  return { name: 'csv', title: 'columns of numbers', parser: () => csvParser(options) };
}

function csvParser(options: CsvOptions): (line: string) => LineResult {
  let split: ((line: string) => string[]) | null = null;
  let layout: Layout | null = null;
  let rows = 0n;
  return (line) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return OTHER;
    split ??= splitterOf(text);
    const cells = split(text);
    if (layout === null) {
      const isHeader = cells.every((cell) => numberOf(cell) === null && isoNs(cell) === null);
      const found = layoutOf(isHeader ? cells : null, cells.length, options);
      if ('message' in found) return bad(found.field, found.message);
      if (!isHeader && numberOf(cells[found.value] ?? '') === null) return FOREIGN;
      layout = found;
      if (isHeader) return OTHER;
    }
    const result = rowOf(cells, layout, rows, options);
    if (result.kind === 'reading') rows += 1n;
    return result;
  };
}

function splitterOf(first: string): (line: string) => string[] {
  const separator = [';', '\t', ','].find((one) => first.includes(one));
  if (separator === undefined) return (line) => line.split(/\s+/);
  return (line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function layoutOf(
  names: readonly string[] | null,
  columns: number,
  options: CsvOptions,
): LayoutResult {
  const place = (wanted: string | undefined, pattern: RegExp): number | string | null => {
    if (wanted === undefined) {
      const found = names?.findIndex((name) => pattern.test(name)) ?? -1;
      return found < 0 ? null : found;
    }
    const named = names?.findIndex((name) => name.toLowerCase() === wanted.toLowerCase()) ?? -1;
    if (named >= 0) return named;
    const number = Number(wanted);
    if (Number.isInteger(number) && number >= 1 && number <= columns) return number - 1;
    return `there is no column '${wanted}'${names === null ? '' : `; there are ${names.join(', ')}`}`;
  };
  const hasInterval = options.intervalSeconds !== undefined;
  const timeFound = place(options.timeColumn, TIME_NAMES);
  if (typeof timeFound === 'string') return { field: 'time', message: timeFound };
  const time = timeFound ?? (hasInterval ? null : 0);
  const valueFound = place(options.valueColumn, VALUE_NAMES);
  if (typeof valueFound === 'string') return { field: 'value', message: valueFound };
  const value = valueFound ?? (time === 0 ? 1 : 0);
  if (value >= columns) {
    const message = 'there is one column only; --interval says what is between two lines';
    return { field: 'value', message };
  }
  return {
    ...{ columns, time, value },
    timeUnit: options.timeUnit ?? unitIn(names?.[time ?? -1]) ?? 's',
    valueUnit: options.valueUnit ?? unitIn(names?.[value]) ?? 'ns',
  };
}

/** `offset_ns`, `t (ms)`, `x[us]`. */
function unitIn(name: string | undefined): TimeUnit | undefined {
  const found = /(?:_|\(|\[|\s)(ns|us|µs|ms|s)[)\]]?$/i.exec(name ?? '');
  const unit = found?.[1]?.toLowerCase().replace('µ', 'u');
  return unit as TimeUnit | undefined;
}

function rowOf(
  cells: readonly string[],
  layout: Layout,
  rows: bigint,
  { intervalSeconds = 1 }: CsvOptions,
): LineResult {
  if (cells.length !== layout.columns) {
    return bad('columns', `there are ${cells.length}, not ${layout.columns}`);
  }
  const timeText = layout.time === null ? null : (cells[layout.time] ?? '');
  const timeNs =
    timeText === null
      ? rows * BigInt(Math.round(intervalSeconds * 1e9))
      : (decimalNs(timeText, layout.timeUnit) ?? isoNs(timeText));
  if (timeNs === null) return bad('time', `'${timeText ?? ''}' is no time`);
  const valueText = cells[layout.value] ?? '';
  const value = numberOf(valueText);
  if (value === null) return bad('value', `'${valueText}' is no number`);
  const offsetNs = value * UNIT_NS[layout.valueUnit];
  const rest = { delayNs: null, frequencyPpb: null, source: '' };
  return { kind: 'reading', reading: { timeNs, offsetNs, ...rest } };
}
