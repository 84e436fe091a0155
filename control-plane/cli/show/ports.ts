/** `timeplane show ports`: how each port is configured, and what it counted in all. Pure. */
import type { AgentStatus, PortStatus } from '#runtime/status';
import { renderBoundaryPorts } from './boundary.js';
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

type Way = keyof PortStatus['messages']['sync'];

function messages(port: PortStatus | undefined, way: Way) {
  if (port === undefined) return undefined;
  return Object.values(port.messages).reduce((total, counted) => total + counted[way], 0);
}

function dropped(port: PortStatus): number {
  return sum(port.drops.ingress) + sum(port.drops.egress);
}

export function renderPorts(view: View): string {
  const columns = [
    { title: 'port' },
    { title: 'name', left: true as const },
    { title: 'PTP', left: true as const },
    { title: 'step', left: true as const },
    { title: 'native VLAN' },
    { title: 'tagged VLANs', left: true as const },
    ...['received', 'sent', 'corrected', 'answered', 'malformed', 'dropped'].map((title) => ({
      title,
    })),
    ...rateColumns(view, 'received', 'sent', 'corrected'),
  ];
  const rows = view.now.status.ports.map((port) => [
    port.number,
    port.name,
    port.ptp,
    port.step,
    port.vlan.native ?? NONE,
    port.vlan.tagged.length === 0 ? NONE : vlanRanges(port.vlan.tagged),
    messages(port, 'received') ?? NONE,
    messages(port, 'sent') ?? NONE,
    messages(port, 'corrected') ?? NONE,
    messages(port, 'answered') ?? NONE,
    sum(port.malformed),
    dropped(port),
    ...rateCells(
      view,
      (status) => messages(portOf(status, port), 'received'),
      (status) => messages(portOf(status, port), 'sent'),
      (status) => messages(portOf(status, port), 'corrected'),
    ),
  ]);
  const legend =
    'PTP messages: received and answered on the port; sent and corrected when leaving by it.\n' +
    'Dropped: frames of any kind, by either direction; `show counters` says why.';
  const boundary = renderBoundaryPorts(view);
  return [
    ...(boundary === '' ? [] : [boundary]),
    renderTable(view, 'ports', columns, rows),
    view.colours.dim(legend),
  ].join('\n');
}
