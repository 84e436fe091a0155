/** `timeplane show counters`: messages, malformed ones, drops and digests. Pure. */
import type { AgentStatus, PortStatus } from '#runtime/status';
import { portOf } from './ports.js';
import { NONE, rateCells, rateColumns, renderTable, type Column, type View } from './view.js';

type Counts = Readonly<Record<string, number>>;
type MessageCounts = Readonly<Record<string, { received: number; corrected: number }>>;

/** As the standard writes them (IEEE 1588-2019, table 36). */
const MESSAGE_NAMES: Readonly<Record<keyof PortStatus['messages'], string>> = {
  sync: 'Sync',
  delayReq: 'Delay_Req',
  pdelayReq: 'Pdelay_Req',
  pdelayResp: 'Pdelay_Resp',
  followUp: 'Follow_Up',
  delayResp: 'Delay_Resp',
  pdelayRespFollowUp: 'Pdelay_Resp_Follow_Up',
  announce: 'Announce',
  signaling: 'Signaling',
  management: 'Management',
};

/** An agent of another version may count what we have no name for. */
function messageName(kind: string): string {
  return (MESSAGE_NAMES as Readonly<Record<string, string>>)[kind] ?? kind;
}

function left(title: string): Column {
  return { title, left: true };
}

function messageRows(view: View, port: PortStatus): (string | number)[][] {
  const who = [port.number, port.name];
  const rows: (string | number)[][] = [];
  for (const [kind, { received, corrected }] of Object.entries(port.messages)) {
    if (received === 0 && corrected === 0) continue;
    const counted = (status: AgentStatus): { received?: number; corrected?: number } =>
      (portOf(status, port)?.messages as MessageCounts | undefined)?.[kind] ?? {};
    rows.push([
      ...who,
      messageName(kind),
      received,
      corrected,
      ...rateCells(
        view,
        (status) => counted(status).received,
        (status) => counted(status).corrected,
      ),
    ]);
  }
  if (port.version1 > 0) {
    const rates = rateCells(
      view,
      (status) => portOf(status, port)?.version1,
      () => undefined,
    );
    rows.push([...who, 'PTP version 1', port.version1, NONE, ...rates]);
  }
  return rows;
}

function renderMessages(view: View): string {
  const columns = [
    { title: 'port' },
    left('name'),
    left('message'),
    { title: 'received' },
    { title: 'corrected' },
    ...rateColumns(view, 'received', 'corrected'),
  ];
  const rows = view.now.status.ports.flatMap((port) => messageRows(view, port));
  return renderTable(view, 'messages', columns, rows);
}

function renderMalformed(view: View): string {
  const columns = [
    left('reason'),
    { title: 'frames' },
    ...rateColumns(view, 'frames'),
    left('by port'),
  ];
  const rows = nonZero(view.now.status.malformed).map(([reason, frames]) => [
    reason,
    frames,
    ...rateCells(view, (status) => (status.malformed as Counts)[reason]),
    view.now.status.ports
      .map((port) => ({ name: port.name, frames: (port.malformed as Counts)[reason] ?? 0 }))
      .filter((port) => port.frames > 0)
      .map((port) => `${port.name} ${port.frames}`)
      .join(', '),
  ]);
  return renderTable(view, 'malformed', columns, rows);
}

function nonZero(counts: Counts): [string, number][] {
  return Object.entries(counts).filter(([, count]) => count > 0);
}

function renderDrops(view: View): string {
  const { ingress, egress } = view.now.status.drops;
  const reasons = new Set([...nonZero(ingress), ...nonZero(egress)].map(([reason]) => reason));
  const columns = [
    left('reason'),
    { title: 'ingress' },
    { title: 'egress' },
    ...rateColumns(view, 'ingress', 'egress'),
  ];
  const rows = [...reasons].map((reason) => [
    reason,
    (ingress as Counts)[reason] ?? NONE,
    (egress as Counts)[reason] ?? NONE,
    ...rateCells(
      view,
      ({ drops }) => (drops.ingress as Counts)[reason],
      ({ drops }) => (drops.egress as Counts)[reason],
    ),
  ]);
  return renderTable(view, 'drops', columns, rows);
}

function renderDigests(view: View): string {
  const columns = [left('digest lists'), { title: 'count' }, ...rateColumns(view, 'count')];
  const rows = Object.entries(view.now.status.digests).map(([name, count]) => [
    name,
    count,
    ...rateCells(view, ({ digests }) => (digests as Counts)[name]),
  ]);
  return renderTable(view, 'digests', columns, rows);
}

export function renderCounters(view: View): string {
  const legend = 'Messages and reasons that were never counted are left out.';
  return [
    renderMessages(view),
    renderMalformed(view),
    renderDrops(view),
    renderDigests(view),
    view.colours.dim(legend),
  ].join('\n');
}
