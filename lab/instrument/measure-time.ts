/** `timeplane measure time`: a clock's error from a log. */
import { basename } from 'node:path';
import type { Progress } from '../experiments/first-light/progress.js';
import { analyseTime, type TimeAnalysis } from '../measure/analyse.js';
import type { LogOptions } from '../measure/logs/log-reader.js';
import type { RecordOptions } from '../measure/logs/record-of.js';
import type { MaskVerdict } from '../measure/masks/evaluate.js';
import type { Mask } from '../measure/masks/mask.js';
import {
  METRICS,
  TIME_METRICS,
  type Metric,
  type StabilityTable,
} from '../measure/stability/table.js';
import { histogramChart, stabilityCharts, timeErrorChart } from './charts.js';
import type { Column } from './columns.js';
import type { Outputs } from './outputs.js';
import { problemText, type InputProblem } from './problem.js';
import { readLog, type ReadLog } from './read-log.js';
import {
  maskTable,
  partsTable,
  secondsText,
  stabilityText,
  summaryTable,
  type TextTable,
} from './tables.js';

export interface MeasureTimeOptions {
  readonly file: string;
  readonly log: LogOptions;
  readonly grid: RecordOptions;
  readonly metrics: readonly Metric[];
  readonly confidence: number;
  readonly masks: readonly Mask[];
  readonly versions: Readonly<Record<string, string>>;
  /** As it was typed. */
  readonly command: string;
}

export interface Measured {
  readonly problems: readonly InputProblem[];
  /** Null where there was nothing to measure. */
  readonly found: {
    readonly outputs: Outputs;
    readonly tables: readonly TextTable[];
    /** A limit is broken. */
    readonly isBroken: boolean;
  } | null;
}

export async function measureTime(
  options: MeasureTimeOptions,
  progress: Progress,
): Promise<Measured> {
  const log = await readLog(options.file, { ...options.log, grid: options.grid }, progress);
  if (log.record === null) return { problems: log.problems, found: null };
  progress.update(`computing ${options.metrics.length} metrics`);
  const analysis = analyseTime(log.record, options);
  progress.clear();
  const tables = tablesOf(log, analysis, options);
  const outputs: Outputs = {
    document: documentOf(log, analysis, options),
    samples: samplesOf(log),
    table: stabilityColumns(analysis.stability),
    metadata: { ...options.versions, source: basename(options.file) },
    page: {
      title: `Time error: ${basename(options.file)}`,
      warnings: log.problems.map(problemText),
      verdicts: analysis.masks.map(verdictOf),
      tables,
      charts: [
        timeErrorChart(log.record),
        ...(analysis.histogram === null
          ? []
          : [histogramChart('Distribution of time error', 'ns', analysis.histogram)]),
        ...stabilityCharts(analysis.stability, analysis.lowStability, options.masks),
      ],
      configuration: configurationOf(log, options),
      command: options.command,
    },
  };
  const isBroken = analysis.masks.some(({ status }) => status === 'fail');
  return { problems: log.problems, found: { outputs, tables, isBroken } };
}

function verdictOf({ mask, status }: MaskVerdict): { text: string; isGood: boolean } {
  const told = {
    pass: 'within all limits',
    fail: 'limit broken',
    incomplete: 'not all limits could be looked at',
  };
  const text = `${mask.id}: ${told[status]} (method of ${mask.recommendation}, ${mask.edition})`;
  return { text, isGood: status === 'pass' };
}

function tablesOf(log: ReadLog, analysis: TimeAnalysis, options: MeasureTimeOptions): TextTable[] {
  const of = log.source === '' ? '' : ` of ${log.source}`;
  return [
    ...(analysis.summary === null ? [] : [summaryTable(`Time error${of}`, analysis.summary)]),
    partsTable(analysis),
    stabilityText(analysis.stability, options.confidence),
    ...analysis.masks.map(maskTable),
  ];
}

function configurationOf(log: ReadLog, options: MeasureTimeOptions): (readonly [string, string])[] {
  const interval = log.record === null ? '–' : secondsText(log.record.tau0Ns / 1e9);
  return [
    ['input', basename(log.file)],
    ['format', log.format ?? '–'],
    ['lines, readings', `${log.lines}, ${log.readings}`],
    ['source', log.source === '' ? 'the only one' : log.source],
    ...(log.otherSources.length === 0
      ? []
      : [['other sources', log.otherSources.join(', ')] as const]),
    ['interval', interval],
    ['readings beyond one in each interval', String(log.crowded)],
    ['metrics', options.metrics.join(', ')],
    ['confidence', String(options.confidence)],
    ['masks', options.masks.map(({ id, edition }) => `${id} (${edition})`).join(', ') || 'none'],
    ['seeds', 'none: everything here is measured'],
    ...Object.entries(options.versions),
  ];
}

/** Version 1; docs/measure.md describes it. */
function documentOf(log: ReadLog, analysis: TimeAnalysis, options: MeasureTimeOptions): unknown {
  const { file, format, lines, readings, firstNs, source, otherSources, crowded, problems } = log;
  return {
    kind: 'timeplane-measure-time',
    version: 1,
    versions: options.versions,
    command: options.command,
    input: { file, format, lines, readings, firstNs, source, otherSources, crowded },
    problems,
    configuration: { metrics: options.metrics, confidence: options.confidence },
    ...{ ...analysis, masks: analysis.masks.map(plainVerdict) },
  };
}

function plainVerdict({ mask, status, limits }: MaskVerdict): unknown {
  const { id, title, recommendation, edition, remark } = mask;
  const told = limits.map(({ limit, ...rest }) => ({
    ...{ kind: limit.kind, band: 'band' in limit ? limit.band : null, source: limit.source },
    ...rest,
  }));
  return { id, title, recommendation, edition, remark, status, limits: told };
}

function samplesOf({ record, firstNs }: ReadLog): Column[] {
  const xNs = record?.xNs ?? new Float64Array(0);
  const tau0Ns = record?.tau0Ns ?? 0;
  const begin = Number(firstNs ?? 0n) / 1e9;
  return [
    { name: 'time_s', values: xNs.map((_, i) => begin + (i * tau0Ns) / 1e9) },
    { name: 'time_error_ns', values: xNs },
  ];
}

function stabilityColumns(table: StabilityTable): Column[] {
  const rows = METRICS.flatMap((metric) =>
    (table[metric] ?? []).map((point) => ({ metric, ...point })),
  );
  return [
    { name: 'metric', values: rows.map(({ metric }) => metric) },
    { name: 'm', values: rows.map(({ m }) => m) },
    { name: 'tau_s', values: rows.map(({ tauSeconds }) => tauSeconds) },
    { name: 'value', values: rows.map(({ value }) => value) },
    { name: 'unit', values: rows.map(({ metric }) => (TIME_METRICS.has(metric) ? 'ns' : '1')) },
    { name: 'terms', values: rows.map(({ terms }) => terms) },
    { name: 'alpha', values: rows.map(({ alpha }) => alpha) },
    { name: 'degrees_of_freedom', values: rows.map(({ freedom }) => freedom) },
    { name: 'low', values: rows.map(({ interval }) => interval?.low ?? null) },
    { name: 'high', values: rows.map(({ interval }) => interval?.high ?? null) },
    { name: 'covered_share', values: rows.map(({ coveredShare }) => coveredShare) },
  ];
}
