/** What `timeplane lab study --all --json` wrote: the results that docs/tc-or-bc.md is made of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Estimate } from '#lab/study/estimate';
import { cellText } from '#lab/study/report';
import type { Cell, Chart, Check, Table } from '#lab/study/study';

export const RESULTS = join(import.meta.dirname, '../../docs/tc-or-bc');

export interface StudyDocument {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly replay: string;
  readonly scale: { readonly name: string; readonly firstSeed: number; readonly seeds: number };
  readonly versions: Readonly<Record<string, string>>;
  readonly points: number;
  readonly done: number;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
}

export function readStudies(): readonly StudyDocument[] {
  return JSON.parse(readFileSync(join(RESULTS, 'studies.json'), 'utf8')) as StudyDocument[];
}

export class Results {
  readonly #studies: readonly StudyDocument[];

  constructor(studies: readonly StudyDocument[]) {
    this.#studies = studies;
  }

  study(number: string): StudyDocument {
    const found = this.#studies.find(({ name }) => name.startsWith(number));
    if (found === undefined) throw new Error(`studies.json has no study ${number}`);
    return found;
  }

  /** By the beginning of its title. */
  table(number: string, title: string): Table {
    const found = this.study(number).tables.find((one) => one.title.startsWith(title));
    if (found === undefined) throw new Error(`study ${number} has no table "${title}…"`);
    return found;
  }

  /** The cell of the row that begins with `row`, in the column named so (the first of that name). */
  cell(number: string, title: string, row: readonly Cell[], column: string): Cell {
    const table = this.table(number, title);
    const at = table.columns.findIndex(({ name }) => name === column);
    const found = table.rows.find((cells) => row.every((cell, index) => cells[index] === cell));
    const cell = found?.[at];
    if (cell === undefined) {
      throw new Error(`study ${number}, "${title}…": no ${JSON.stringify(row)} under ${column}`);
    }
    return cell;
  }

  /** rms of study 004: "20.2 ± 0.5". */
  rms(condition: string, contender: string, switches: number): string {
    return withUnit(this.cell('004', `${condition}:`, [contender], String(switches)));
  }
}

export const mean = (cell: Cell): number =>
  typeof cell === 'object' ? cell.mean : typeof cell === 'number' ? cell : Number.NaN;

/** Nanoseconds in the unit that reads best, with the half of the interval. */
export function withUnit(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  const of: Estimate = typeof cell === 'number' ? { mean: cell, half: Number.NaN } : cell;
  const [scale, unit] = Math.abs(of.mean) >= 1_000 ? [1_000, 'µs'] : [1, 'ns'];
  return `${cellText({ mean: of.mean / scale, half: of.half / scale }, 3)} ${unit}`;
}

/** As prettier sets them. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((cell, at) =>
    Math.max(3, cell.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function resultTable({ columns, rows }: Table): string {
  return markdownTable(
    columns.map(({ name }) => name),
    rows.map((row) =>
      row.map((cell, at) => cellText(cell, columns[at]?.digits).replaceAll('|', '\\|')),
    ),
  );
}
