/** A log file, read to its end or to where it is broken, as a record. */
import { fileErrorText } from '#units/file-error';
import type { Progress } from '../experiments/first-light/progress.js';
import { LogReader, type LogOptions } from '../measure/logs/log-reader.js';
import type { LogFormatName, Reading } from '../measure/logs/log-types.js';
import { recordOf, type RecordOptions } from '../measure/logs/record-of.js';
import type { PhaseRecord } from '../measure/stability/phase.js';
import { Bar, linesOf } from './files.js';
import { fileProblem, logProblem, type InputProblem } from './problem.js';

export interface ReadLog {
  readonly file: string;
  readonly format: LogFormatName | null;
  readonly lines: number;
  readonly readings: number;
  /** Null where there is too little for one. */
  readonly record: PhaseRecord | null;
  /** Of the first reading. */
  readonly firstNs: bigint | null;
  readonly source: string;
  readonly otherSources: readonly string[];
  readonly crowded: number;
  readonly problems: readonly InputProblem[];
}

export async function readLog(
  file: string,
  options: LogOptions & { readonly grid: RecordOptions },
  progress: Progress,
): Promise<ReadLog> {
  const reader = new LogReader(options);
  const bar = new Bar(progress, `reading ${file}`);
  const problems: InputProblem[] = [];
  try {
    for await (const line of linesOf(file, bar)) reader.line(line);
  } catch (error) {
    problems.push(fileProblem(file, fileErrorText(error)));
  }
  bar.end();
  const { format, lines, readings, problems: found } = reader.result();
  // What cannot be opened has no line one.
  if (problems.length === 0 || lines > 0)
    problems.push(...found.map((one) => logProblem(file, one)));
  return { ...gridded(file, readings, options.grid, problems), file, format, lines };
}

function gridded(
  file: string,
  readings: readonly Reading[],
  options: RecordOptions,
  before: readonly InputProblem[],
): Omit<ReadLog, 'file' | 'format' | 'lines'> {
  const none = { record: null, firstNs: null, source: '', otherSources: [], crowded: 0 };
  if (readings.length === 0) return { ...none, readings: 0, problems: before };
  const result = recordOf(readings, options);
  const found = result.ok ? result.value.problems : result.problems;
  const problems = [...before, ...found.map((one) => logProblem(file, one))];
  if (!result.ok) return { ...none, readings: readings.length, problems };
  const { record, firstNs, source, others, used, crowded } = result.value;
  return { record, firstNs, source, otherSources: others, readings: used, crowded, problems };
}
