/** Where results go: the terminal always, files where they are asked for. */
import { writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import pc from 'picocolors';
import { fileErrorText } from '#units/file-error';
import { writeColumns, type Column } from './columns.js';
import { reportHtml, type ReportPage } from '../study/report-page.js';
import { problemText, type InputProblem } from './problem.js';
import type { TextTable } from './tables.js';

export interface OutputFiles {
  /** Everything that was computed. */
  readonly json?: string;
  /** .csv or .parquet: the samples. */
  readonly samples?: string;
  /** .csv or .parquet: metric by metric, τ by τ. */
  readonly table?: string;
  readonly html?: string;
}

/** What a measurement has for each of them. */
export interface Outputs {
  readonly document: unknown;
  readonly samples: readonly Column[];
  readonly table: readonly Column[];
  readonly page: ReportPage;
  readonly metadata: Readonly<Record<string, string>>;
}

const style = { head: [], border: [] };

export function printTable(table: TextTable): void {
  const out = new Table({ head: [...table.head], style });
  for (const row of table.rows) out.push([...row]);
  console.log(`\n${pc.bold(table.title)}\n${out.toString()}`);
}

export function printProblems(problems: readonly InputProblem[]): void {
  for (const problem of problems)
    process.stderr.write(`${pc.red('error:')} ${problemText(problem)}\n`);
}

export function printVerdicts({ verdicts }: ReportPage): void {
  for (const { text, isGood } of verdicts) console.log(isGood ? pc.green(text) : pc.red(text));
}

/** A bigint as text, not-a-number and infinity as null: JSON has none of them. */
export function jsonText(value: unknown): string {
  const plain = (_: string, one: unknown): unknown => {
    if (typeof one === 'bigint') return one.toString();
    if (typeof one === 'number' && !Number.isFinite(one)) return null;
    return one;
  };
  return `${JSON.stringify(value, plain, 2)}\n`;
}

/** The first that cannot be written, for people; null where all are. */
export async function writeOutputs(files: OutputFiles, outputs: Outputs): Promise<string | null> {
  const works: readonly (readonly [string | undefined, (file: string) => Promise<void>])[] = [
    [files.json, (file) => writeFile(file, jsonText(outputs.document))],
    [files.samples, (file) => writeColumns(file, outputs.samples, outputs.metadata)],
    [files.table, (file) => writeColumns(file, outputs.table, outputs.metadata)],
    [files.html, (file) => writeFile(file, reportHtml(outputs.page))],
  ];
  for (const [file, write] of works) {
    if (file === undefined) continue;
    try {
      await write(file);
    } catch (error) {
      return `cannot write ${file}: ${fileErrorText(error)}`;
    }
  }
  return null;
}
