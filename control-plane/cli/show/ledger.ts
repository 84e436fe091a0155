/** `timeplane show ledger`: sampled messages, and how right their corrections were. Pure. */
import type { AgentStatus } from '#runtime/status';
import { parsePortIdentity, portIdentityText } from '#units/clock-identity';
import { formatNs } from '#units/format';
import { messageTypeName } from './messages.js';
import { NONE, rateCells, rateColumns, renderTable, type View } from './view.js';

type LedgerStatus = AgentStatus['ptp']['ledger'];
type LedgerRecord = LedgerStatus['records'][number];

/** As many as fit a terminal below the summary; `--json` has all that the agent keeps. */
const SHOWN = 16;

function time(ns: number | null): string {
  return ns === null ? NONE : formatNs(ns);
}

function renderErrors(view: View): string {
  const { received, overwritten, undecodable, errors } = view.now.status.ptp.ledger;
  const columns = [
    ...['records', 'gone', 'unreadable', 'mean', 'rms', 'p50', 'p99', 'max'].map((title) => ({
      title,
    })),
    ...rateColumns(view, 'records'),
  ];
  const row = [
    received,
    overwritten,
    undecodable,
    time(errors.meanNs),
    time(errors.rmsNs),
    time(errors.p50AbsNs),
    time(errors.p99AbsNs),
    time(errors.maxAbsNs),
    ...rateCells(view, ({ ptp }) => ptp.ledger.received),
  ];
  return renderTable(view, 'error of corrections', columns, [row]);
}

/** As every other table has it; what is no port identity was sent by somebody all the same. */
function sourceText(text: string): string {
  const identity = parsePortIdentity(text);
  return identity.ok ? portIdentityText(identity.value) : text;
}

function recordRow(view: View, record: LedgerRecord): (string | number)[] {
  const name = (number: number): string =>
    view.now.status.ports.find((port) => port.number === number)?.name ?? String(number);
  return [
    name(record.ingressPort),
    name(record.egressPort),
    messageTypeName(record.messageType),
    sourceText(record.sourcePortIdentity),
    record.sequenceId,
    `${record.domainNumber}/${record.sdoId}`,
    record.receiveTimeNs,
    formatNs(record.residenceNs),
    formatNs(record.termsNs),
    formatNs(record.correctionBeforeNs),
    formatNs(record.correctionAfterNs),
    formatNs(record.errorNs),
  ];
}

function renderRecords(view: View): string {
  const left = (title: string) => ({ title, left: true as const });
  const columns = [
    left('in'),
    left('out'),
    left('message'),
    left('source'),
    ...[
      'sequence',
      'domain/sdo',
      'received at (ns)',
      'residence',
      'terms',
      'before',
      'after',
      'error',
    ].map((title) => ({ title })),
  ];
  const { records } = view.now.status.ptp.ledger;
  const rows = records.slice(0, SHOWN).map((record) => recordRow(view, record));
  return renderTable(view, 'newest records', columns, rows);
}

export function renderLedger(view: View): string {
  const { received } = view.now.status.ptp.ledger;
  const legend =
    received === 0
      ? 'Nothing was sampled: no event message came by, or `ledger.sampleEvery` asks for none.'
      : "Terms: latencies, asymmetry, link delay and the grandmaster's rate. Error: residence and terms\n" +
        'less what was added to the correction. Quantiles are of the records that are kept.';
  return [renderErrors(view), renderRecords(view), view.colours.dim(legend)].join('\n');
}
