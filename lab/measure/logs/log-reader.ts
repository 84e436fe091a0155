/** Reads a log line by line, of a format that is given or found out. Keeps what was good before a fault. */
import { CHRONY_FORMATS } from './chrony.js';
import { csvFormat, type CsvOptions } from './csv.js';
import { LINUXPTP_FORMATS } from './linuxptp.js';
import type { LineFormat, LineResult, LogFormatName, LogProblem, Reading } from './log-types.js';

export interface LogOptions {
  /** Without it, what fits first. */
  readonly format?: LogFormatName;
  readonly csv?: CsvOptions;
}

export interface LogResult {
  /** Null where nothing fitted. */
  readonly format: LogFormatName | null;
  readonly readings: readonly Reading[];
  readonly problems: readonly LogProblem[];
  readonly lines: number;
}

/** Of problems of the same kind, so many are told one by one. */
const MOST_PROBLEMS = 20;

interface Candidate {
  readonly format: LineFormat;
  readonly parse: (line: string) => LineResult;
}

export class LogReader {
  readonly #formats: readonly LineFormat[];
  #candidates: readonly Candidate[];
  #chosen: LineFormat | null = null;
  readonly #readings: Reading[] = [];
  /** Until a format is chosen, each candidate's own. */
  #problems: { readonly format: LineFormat; readonly problem: LogProblem }[] = [];
  #untold = 0;
  #lines = 0;
  #firstForeign: { readonly line: number; readonly text: string } | null = null;
  #firstSummary: number | null = null;

  constructor({ format, csv = {} }: LogOptions = {}) {
    const all = [...LINUXPTP_FORMATS, ...CHRONY_FORMATS, csvFormat(csv)];
    this.#formats = format === undefined ? all : all.filter(({ name }) => name === format);
    this.#candidates = this.#formats.map((one) => ({ format: one, parse: one.parser() }));
  }

  line(text: string): void {
    this.#lines += 1;
    // All see every line until one has a reading: columns of numbers would fit a cut line of anything.
    for (const candidate of this.#candidates) {
      const result = candidate.parse(text);
      if (result.kind === 'reading' && this.#chosen === null) {
        this.#chosen = candidate.format;
        this.#candidates = [candidate];
        this.#problems = this.#problems.filter(({ format }) => format === candidate.format);
      }
      if (this.#take(result, text, candidate.format)) break;
    }
  }

  /** True where nobody else needs to look at the line. */
  #take(result: LineResult, text: string, format: LineFormat): boolean {
    const line = this.#lines;
    switch (result.kind) {
      case 'reading':
        this.#readings.push({ line, ...result.reading });
        return true;
      case 'bad':
        // What only might be of this format has no say yet, unless it is the one that was asked for.
        if (this.#chosen === null && this.#formats.length > 1 && format.name === 'csv')
          return false;
        this.#problem(format, {
          code: 'bad-field',
          line,
          field: result.field,
          message: result.message,
        });
        return true;
      case 'summary':
        this.#firstSummary ??= line;
        return true;
      case 'other':
        return false;
      case 'foreign':
        if (text.trim() !== '') this.#firstForeign ??= { line, text: text.trim() };
        return false;
    }
  }

  #problem(format: LineFormat, problem: LogProblem): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ format, problem });
    else this.#untold += 1;
  }

  /** No more lines come. */
  result(): LogResult {
    const problems = this.#problems.map(({ problem }) => problem);
    if (this.#untold > 0) {
      const message = `${this.#untold} more lines have faults`;
      problems.push({ code: 'bad-field', line: null, field: '', message });
    }
    if (this.#readings.length === 0) problems.push(this.#nothing());
    const format = this.#chosen?.name ?? null;
    return { format, readings: this.#readings, problems, lines: this.#lines };
  }

  /** Why there is no reading, as far as can be told. */
  #nothing(): LogProblem {
    if (this.#lines === 0) {
      return { code: 'no-readings', line: null, field: '', message: 'the file is empty' };
    }
    if (this.#firstSummary !== null) {
      const message =
        'only summaries (rms … max …), no single offsets; a summary_interval as short as the Sync interval prints each';
      return { code: 'summary', line: this.#firstSummary, field: 'offset', message };
    }
    const wanted = this.#formats.map(({ title }) => title).join(', ');
    const first = this.#firstForeign;
    const seen = first === null ? '' : `; line ${first.line} is '${first.text.slice(0, 60)}'`;
    return {
      code: 'another-format',
      line: first?.line ?? null,
      field: '',
      message: `no measurement found; it is none of: ${wanted}${seen}`,
    };
  }
}
