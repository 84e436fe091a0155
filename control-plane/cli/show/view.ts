/** What a table is made of: one reading of a status, the one before, and how to paint. Pure. */
import Table from 'cli-table3';
import type pc from 'picocolors';
import type { AgentStatus } from '#runtime/status';
import { formatPerSecond } from '#units/format';

export type Colours = ReturnType<typeof pc.createColors>;

export interface Reading {
  readonly status: AgentStatus;
  /** When it came, on a clock that never steps back. */
  readonly atMs: number;
}

export interface View {
  readonly now: Reading;
  /** For rates: null before the second reading, undefined where none are wanted. */
  readonly before?: Reading | null;
  readonly colours: Colours;
}

/** No number: nothing was counted, or it is not known yet. */
export const NONE = '–';

/** A table's column. */
export interface Column {
  readonly title: string;
  readonly left?: true;
}

/** The columns for rates; none where no rates are wanted. */
export function rateColumns(view: View, ...titles: string[]): Column[] {
  return view.before === undefined ? [] : titles.map((title) => ({ title: `${title}/s` }));
}

/**
 * The cells that belong to `rateColumns`: how fast each number grows. Without a rate where the
 * reading before is missing, or counted something else: another run of agent or pipeline.
 */
export function rateCells(
  view: View,
  ...numbers: ((status: AgentStatus) => number | undefined)[]
): string[] {
  if (view.before === undefined) return [];
  return numbers.map((number) => rateText(view, number));
}

function rateText(view: View, number: (status: AgentStatus) => number | undefined): string {
  const { now, before } = view;
  if (before === undefined || before === null) return NONE;
  const seconds = (now.atMs - before.atMs) / 1_000;
  const comparable =
    now.status.countersCurrent &&
    before.status.countersCurrent &&
    now.status.pipeline.pushes === before.status.pipeline.pushes;
  if (!comparable || seconds <= 0) return NONE;
  const [later, earlier] = [number(now.status), number(before.status)];
  if (later === undefined || earlier === undefined || later < earlier) return NONE;
  return formatPerSecond((later - earlier) / seconds);
}

/** The name comes from another process: what would move the cursor must not reach a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** A table with its title above. */
export function renderTable(
  view: Pick<View, 'colours'>,
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const { bold } = view.colours;
  if (rows.length === 0) return `${bold(title)}: none`;
  const table = new Table({
    head: columns.map((column) => bold(column.title)),
    // The table's own colours do not ask whether this is a terminal.
    style: { head: [], border: [], compact: true },
    colAligns: columns.map(({ left }) => (left === true ? 'left' : 'right')),
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell))));
  return `${bold(title)}\n${table.toString()}`;
}

/** What has to be known before a number is believed; empty where all is well. */
export function renderNotices({ now, colours }: View): string[] {
  const { ready, target, countersCurrent } = now.status;
  const notices: string[] = [];
  if (!ready) {
    const reason = target.reason === '' ? 'it does not say why' : printable(target.reason);
    notices.push(colours.yellow(`not ready (${printable(target.phase)}): ${reason}`));
  }
  if (!countersCurrent) {
    notices.push(colours.yellow("not the switch's counters of now: the last known ones, or zero"));
  }
  return notices;
}
