/** Columns as CSV or Parquet, by the file's name: what notebooks read. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';

/** All columns have as many values. */
export interface Column {
  readonly name: string;
  readonly values: Float64Array | readonly (number | string | null)[];
}

export type ColumnsFormat = 'csv' | 'parquet';

/** By the ending of the file's name; null for any other. */
export function columnsFormat(file: string): ColumnsFormat | null {
  if (file.endsWith('.csv')) return 'csv';
  return file.endsWith('.parquet') ? 'parquet' : null;
}

/** @throws the system's error where it cannot be written. */
export async function writeColumns(
  file: string,
  columns: readonly Column[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  if (columnsFormat(file) === 'parquet') writeParquet(file, columns, metadata);
  else await writeCsv(file, columns);
}

/** A missing number is an empty cell in CSV, and null in Parquet. */
function cell(value: number | string | null | undefined): string {
  if (typeof value === 'string')
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  return value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
}

const ROWS_AT_ONCE = 4_096;

async function writeCsv(file: string, columns: readonly Column[]): Promise<void> {
  const out = createWriteStream(file);
  const failed = once(out, 'error').then(([error]) => {
    throw error as Error;
  });
  failed.catch(() => {});
  const rows = columns[0]?.values.length ?? 0;
  const write = async (text: string): Promise<void> => {
    if (!out.write(text)) await Promise.race([once(out, 'drain'), failed]);
  };
  await write(`${columns.map(({ name }) => name).join(',')}\n`);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const lines: string[] = [];
    for (let row = from; row < Math.min(rows, from + ROWS_AT_ONCE); row += 1) {
      lines.push(columns.map(({ values }) => cell(values[row])).join(','));
    }
    await write(`${lines.join('\n')}\n`);
  }
  out.end();
  await Promise.race([finished(out), failed]);
}

/** A row group at a time: what is encoded at once does not grow with the record. */
const ROW_GROUP = 65_536;

function writeParquet(
  filename: string,
  columns: readonly Column[],
  metadata: Readonly<Record<string, string>>,
): void {
  const rows = columns[0]?.values.length ?? 0;
  const source = (from: number) =>
    columns.map(({ name, values }) => ({ name, data: plainSlice(values, from), nullable: true }));
  const typed = columns.map(({ name, values }) => {
    const isText = values.some((value) => typeof value === 'string');
    const type: 'STRING' | 'DOUBLE' = isText ? 'STRING' : 'DOUBLE';
    return { name, data: [], type, nullable: true };
  });
  const writer = new ParquetWriter({
    writer: fileWriter(filename),
    schema: schemaFromColumnData({ columnData: typed }),
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: `timeplane ${metadata['timeplane'] ?? ''}`.trim(),
  });
  for (let from = 0; from < Math.max(1, rows); from += ROW_GROUP) {
    void writer.write({ columnData: source(from), rowGroupSize: ROW_GROUP });
  }
  void writer.finish();
}

function plainSlice(values: Column['values'], from: number): (number | string | null)[] {
  return Array.from(values.slice(from, from + ROW_GROUP), (value) =>
    typeof value === 'number' && Number.isNaN(value) ? null : value,
  );
}
