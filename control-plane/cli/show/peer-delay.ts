/** `timeplane show peer-delay`: what each port knows of its link and its neighbor. Pure. */
import type { AgentStatus } from '#runtime/status';
import { formatNs } from '#units/format';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

type Report = AgentStatus['ptp']['peerDelay']['ports'][number];

/** What is no trouble by itself. */
const ORDINARY: readonly string[] = [
  'requestsSent',
  'responsesReceived',
  'followUpsReceived',
  'exchangesCompleted',
];

function reportOf(status: AgentStatus, { port }: Report): Report | undefined {
  return status.ptp.peerDelay.ports.find((report) => report.port === port);
}

function time(ns: number | null): string {
  return ns === null ? NONE : formatNs(ns);
}

function parts(ppb: number | null): string {
  return ppb === null ? NONE : `${ppb.toFixed(1)} ppb`;
}

function yesOrNo(value: boolean | null): string {
  if (value === null) return NONE;
  return value ? 'yes' : 'no';
}

function renderLinks(view: View): string {
  const columns = [
    { title: 'port' },
    { title: 'name', left: true as const },
    { title: 'state', left: true as const },
    { title: 'neighbor', left: true as const },
    ...['steps', 'link delay', 'last', 'deviation', 'added to Sync', 'rate', 'asCapable'].map(
      (title) => ({ title }),
    ),
    { title: 'measured' },
    { title: 'lost' },
    ...rateColumns(view, 'measured'),
  ];
  const rows = view.now.status.ptp.peerDelay.ports.map((report) => [
    report.port,
    report.name,
    report.condition,
    report.neighbor ?? NONE,
    report.responderSteps ?? NONE,
    `${time(report.meanLinkDelayNs)}${report.meanLinkDelayNs === null || report.current ? '' : ' (old)'}`,
    time(report.lastLinkDelayNs),
    time(report.deviationNs),
    time(report.writtenMeanLinkDelayNs),
    parts(report.neighborRateOffsetPpb),
    yesOrNo(report.asCapable),
    report.counters.exchangesCompleted,
    report.counters.responsesLost + report.counters.followUpsLost,
    ...rateCells(view, (status) => reportOf(status, report)?.counters.exchangesCompleted),
  ]);
  return renderTable(view, 'peer delay', columns, rows);
}

function renderTroubles(view: View): string {
  const columns = [
    { title: 'port' },
    { title: 'name', left: true as const },
    { title: 'trouble', left: true as const },
    { title: 'count' },
    ...rateColumns(view, 'count'),
  ];
  const counters = (report: Report | undefined): Readonly<Record<string, number>> => ({
    ...report?.counters,
  });
  const rows = view.now.status.ptp.peerDelay.ports.flatMap((report) =>
    Object.entries(counters(report))
      .filter(([name, count]) => count > 0 && !ORDINARY.includes(name))
      .map(([name, count]) => [
        report.port,
        report.name,
        name,
        count,
        ...rateCells(view, (status) => counters(reportOf(status, report))[name]),
      ]),
  );
  return renderTable(view, 'troubles', columns, rows);
}

export function renderPeerDelay(view: View): string {
  const legend =
    "Rate: of the neighbor's clock against the switch's. Old: kept, but not measured now.\n" +
    'Pdelay_Req that were answered: `show counters`.';
  return [renderLinks(view), renderTroubles(view), view.colours.dim(legend)].join('\n');
}
