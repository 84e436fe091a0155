/** `timeplane show mac-table`: how full it is, and what became of stations. Pure. */
import type { AgentStatus } from '#runtime/status';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

const ROWS: Readonly<
  Record<Exclude<keyof AgentStatus['macTable'], 'entries' | 'maxEntries'>, string>
> = {
  learned: 'learned',
  moved: 'moved to another port',
  aged: 'aged out',
  refusedFull: 'refused, table full',
  refusedInvalid: 'refused, not a station of ours',
  writeFailed: 'not taken by the switch',
};

export function renderMacTable(view: View): string {
  const { macTable } = view.now.status;
  const columns = [
    { title: 'stations', left: true as const },
    { title: 'count' },
    ...rateColumns(view, 'count'),
  ];
  const number = (status: AgentStatus, key: string): number | undefined =>
    new Map<string, number>(Object.entries(status.macTable)).get(key);
  const rows = Object.entries(ROWS).map(([key, title]) => [
    title,
    number(view.now.status, key) ?? NONE,
    ...rateCells(view, (status) => number(status, key)),
  ]);
  const title = `MAC table: ${macTable.entries} of ${macTable.maxEntries} entries`;
  return renderTable(view, title, columns, rows);
}
