/** `timeplane show ports`: how each port is configured, and what it counted in all. Pure. */
import type { AgentStatus, PortStatus } from '#runtime/status';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

const MAX_RANGES = 6;

/** `[10, 11, 12, 30]` as "10-12, 30". */
export function vlanRanges(vlans: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const vlan of [...vlans].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range?.last === vlan - 1) range.last = vlan;
    else ranges.push({ first: vlan, last: vlan });
  }
  const texts = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const more = texts.length - MAX_RANGES;
  return [...texts.slice(0, MAX_RANGES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** The same port in a status. */
export function portOf(status: AgentStatus, { number }: PortStatus): PortStatus | undefined {
  return status.ports.find((port) => port.number === number);
}

export function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((total, number) => total + number, 0);
}

function messages(port: PortStatus | undefined, way: 'received' | 'corrected') {
  if (port === undefined) return undefined;
  return Object.values(port.messages).reduce((total, counted) => total + counted[way], 0);
}

export function renderPorts(view: View): string {
  const columns = [
    { title: 'port' },
    { title: 'name', left: true as const },
    { title: 'PTP', left: true as const },
    { title: 'native VLAN' },
    { title: 'tagged VLANs', left: true as const },
    { title: 'received' },
    { title: 'corrected' },
    { title: 'malformed' },
    ...rateColumns(view, 'received', 'corrected'),
  ];
  const rows = view.now.status.ports.map((port) => [
    port.number,
    port.name,
    port.ptp,
    port.vlan.native ?? NONE,
    port.vlan.tagged.length === 0 ? NONE : vlanRanges(port.vlan.tagged),
    messages(port, 'received') ?? NONE,
    messages(port, 'corrected') ?? NONE,
    sum(port.malformed),
    ...rateCells(
      view,
      (status) => messages(portOf(status, port), 'received'),
      (status) => messages(portOf(status, port), 'corrected'),
    ),
  ]);
  const legend = 'PTP messages: received on the port; corrected when leaving by it.';
  return `${renderTable(view, 'ports', columns, rows)}\n${view.colours.dim(legend)}`;
}
