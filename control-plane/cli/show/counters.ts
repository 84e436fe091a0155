/** `timeplane show counters`: messages, malformed ones, drops and digests. Pure. */
import type { AgentStatus, PortStatus } from '#runtime/status';
import { messageName } from './messages.js';
import { portOf } from './ports.js';
import { NONE, rateCells, rateColumns, renderTable, type Column, type View } from './view.js';

type Counts = Readonly<Record<string, number>>;
type MessageCounts = PortStatus['messages']['sync'];

function left(title: string): Column {
  return { title, left: true };
}

const MESSAGE_COLUMNS = {
  received: 'received',
  sent: 'sent',
  corrected: 'corrected',
  answered: 'answered',
  puntMetered: 'metered',
} as const satisfies Record<keyof MessageCounts, string>;

const MESSAGE_COUNTS = Object.keys(MESSAGE_COLUMNS) as (keyof MessageCounts)[];
/** What has a rate beside it. */
const RATED = ['received', 'sent', 'corrected'] as const;

function messageRows(view: View, port: PortStatus): (string | number)[][] {
  const who = [port.number, port.name];
  const rows: (string | number)[][] = [];
  for (const [kind, counts] of Object.entries(port.messages)) {
    if (MESSAGE_COUNTS.every((name) => counts[name] === 0)) continue;
    const counted = (status: AgentStatus): MessageCounts | undefined =>
      (portOf(status, port)?.messages as Readonly<Record<string, MessageCounts>> | undefined)?.[
        kind
      ];
    rows.push([
      ...who,
      messageName(kind),
      ...MESSAGE_COUNTS.map((name) => counts[name]),
      ...rateCells(view, ...RATED.map((name) => (status: AgentStatus) => counted(status)?.[name])),
    ]);
  }
  if (port.version1 > 0) {
    const none = MESSAGE_COUNTS.slice(1).map(() => NONE);
    const rates = rateCells(
      view,
      (status) => portOf(status, port)?.version1,
      ...RATED.slice(1).map(() => () => undefined),
    );
    rows.push([...who, 'PTP version 1', port.version1, ...none, ...rates]);
  }
  return rows;
}

function renderMessages(view: View): string {
  const columns = [
    { title: 'port' },
    left('name'),
    left('message'),
    ...MESSAGE_COUNTS.map((name) => ({ title: MESSAGE_COLUMNS[name] })),
    ...rateColumns(view, ...RATED.map((name) => MESSAGE_COLUMNS[name])),
  ];
  const rows = view.now.status.ports.flatMap((port) => messageRows(view, port));
  return renderTable(view, 'messages', columns, rows);
}

/** As p4/README.md has them. */
const TWO_STEP_NAMES: Readonly<Record<keyof PortStatus['twoStep'], string>> = {
  recorded: 'residence recorded',
  applied: 'record added to what follows',
  generated: 'following message made here',
  waited: 'waited for its record',
  unmatched: 'without a record, dropped',
  overwritten: 'record gave way to another',
  unmatchedResponse: 'response without a record, dropped',
};

function renderTwoStep(view: View): string {
  const columns = [
    { title: 'port' },
    left('name'),
    left('two-step'),
    { title: 'messages' },
    ...rateColumns(view, 'messages'),
  ];
  const names = TWO_STEP_NAMES as Readonly<Record<string, string>>;
  const rows = view.now.status.ports.flatMap((port) =>
    nonZero(port.twoStep).map(([outcome, messages]) => [
      port.number,
      port.name,
      names[outcome] ?? outcome,
      messages,
      ...rateCells(
        view,
        (status) => (portOf(status, port)?.twoStep as Counts | undefined)?.[outcome],
      ),
    ]),
  );
  return renderTable(view, 'two-step', columns, rows);
}

function renderUntouched(view: View): string {
  const columns = [{ title: 'port' }, left('name'), left('reason'), { title: 'frames' }];
  const rows = view.now.status.ports.flatMap((port) =>
    nonZero(port.untouched).map(([reason, frames]) => [port.number, port.name, reason, frames]),
  );
  return renderTable(view, 'not looked into', columns, rows);
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
    byPort(view, (port) => (port.malformed as Counts)[reason] ?? 0),
  ]);
  return renderTable(view, 'malformed', columns, rows);
}

/** `gm 3, client 1`: the ports that have counted any. */
function byPort(view: View, frames: (port: PortStatus) => number): string {
  return view.now.status.ports
    .map((port) => ({ name: port.name, count: frames(port) }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${name} ${count}`)
    .join(', ');
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
    left('by port'),
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
    byPort(
      view,
      ({ drops }) =>
        ((drops.ingress as Counts)[reason] ?? 0) + ((drops.egress as Counts)[reason] ?? 0),
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
  const legend =
    'Received, answered and metered: in by the port; sent and corrected: out by it.\n' +
    'What was never counted is left out.';
  return [
    renderMessages(view),
    renderTwoStep(view),
    renderUntouched(view),
    renderMalformed(view),
    renderDrops(view),
    renderDigests(view),
    view.colours.dim(legend),
  ].join('\n');
}
