/** `timeplane show residence`: how long event messages stayed in the switch. Pure. */
import { LONGEST_RESIDENCE_NS } from '#runtime/status';
import { formatNs } from '#units/format';
import { portOf } from './ports.js';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

function time(ns: number | null): string {
  if (ns === null) return NONE;
  return ns >= LONGEST_RESIDENCE_NS ? `≥ ${formatNs(ns)}` : formatNs(ns);
}

export function renderResidence(view: View): string {
  const columns = [
    { title: 'port' },
    { title: 'name', left: true as const },
    ...['count', 'min', 'p50', 'p99', 'max'].map((title) => ({ title })),
    ...rateColumns(view, 'count'),
  ];
  const rows = view.now.status.ports.map((port) => {
    const { count, min, p50, p99, max } = port.residenceNs;
    return [
      port.number,
      port.name,
      count,
      time(min),
      time(p50),
      time(p99),
      time(max),
      ...rateCells(view, (status) => portOf(status, port)?.residenceNs.count),
    ];
  });
  const legend =
    'Event messages that left by the port since the pipeline was pushed; exact to a sixteenth.';
  return `${renderTable(view, 'residence', columns, rows)}\n${view.colours.dim(legend)}`;
}
