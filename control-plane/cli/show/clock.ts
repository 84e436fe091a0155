/** `timeplane show clock`: who we are, whose rate and which time we have, who asked. Pure. */
import type { AgentStatus } from '#runtime/status';
import { formatNs } from '#units/format';
import { boundaryRows, type Boundary } from './boundary.js';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

type PtpStatus = AgentStatus['ptp'];

function renderState(view: View): string {
  const { clock, ptp, ports } = view.now.status;
  const rows = [
    ['clockIdentity', clock.identity],
    ['primaryDomain', clock.domainNumber],
    ['ports', ports.length],
    ...boundaryRows(ptp.boundary),
    ['residence by', rateText(ptp.syntonization)],
    ['PTP time', ptp.boundary?.running === true ? servoText(ptp.boundary) : timeText(ptp.clock)],
    ['management socket', ptp.management.socket ?? (ptp.management.socketError || NONE)],
  ];
  const columns = [
    { title: 'clock', left: true as const },
    { title: 'value', left: true as const },
  ];
  return renderTable(
    view,
    ptp.boundary === null ? 'transparent clock' : 'boundary clock',
    columns,
    rows,
  );
}

function rateText(syntonization: PtpStatus['syntonization']): string {
  if (syntonization === null) return 'our own oscillator';
  const { condition, master, rateOffsetPpb } = syntonization;
  const whose = master === null ? 'no master yet' : `the rate of ${master}`;
  return `${whose} (${condition})${rateOffsetPpb === null ? '' : `, ${rateOffsetPpb.toFixed(1)} ppb`}`;
}

function servoText({ servo, parentDS }: Boundary): string {
  const whose = parentDS.isOwn ? 'our own' : `that of ${parentDS.grandmasterIdentity}`;
  return `${whose} (${servo.state})`;
}

function timeText(clock: PtpStatus['clock']): string {
  if (clock === null) return 'not needed: no boundary port';
  if (clock.source === 'unset') return 'not set yet';
  const from = clock.source === 'system' ? 'from the system clock' : 'as an earlier agent set it';
  const bound = clock.errorBoundNs;
  if (bound === 0) return 'the system clock of the switch';
  return `${from}, running freely${bound === null ? '' : `; set to ${formatNs(bound)}`}`;
}

/** Numbers that are never missed when they are zero are left out. */
function renderEvents(view: View): string {
  const rows = eventsOf(view.now.status)
    .filter(([, , count]) => count > 0)
    .map(([about, event, count]) => [
      about,
      event,
      count,
      ...rateCells(
        view,
        (status) => eventsOf(status).find(([a, e]) => a === about && e === event)?.[2],
      ),
    ]);
  const columns = [
    { title: 'about', left: true as const },
    { title: 'event', left: true as const },
    { title: 'count' },
    ...rateColumns(view, 'count'),
  ];
  return renderTable(view, 'events', columns, rows);
}

function eventsOf({ ptp }: AgentStatus): [about: string, event: string, count: number][] {
  const { packets, management, syntonization } = ptp;
  const { transmitTimes, ...frames } = packets;
  const groups: [string, Readonly<Record<string, number | undefined>>][] = [
    ['packets', { ...frames }],
    ['transmit times', { ...transmitTimes }],
    ['management requests', { ...management.requests }],
    ['management', { replies: management.replies }],
    ['management, silent', { ...management.silent }],
    ['syntonization', { ...syntonization?.counters }],
  ];
  return groups.flatMap(([about, counts]) =>
    Object.entries(counts).map(([event, count]): [string, string, number] => [
      about,
      event,
      count ?? 0,
    ]),
  );
}

export function renderClock(view: View): string {
  return [renderState(view), renderEvents(view)].join('\n');
}
