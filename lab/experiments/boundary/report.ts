/** The boundary clock's tables, and how to read them. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { formatNs } from '#units/format';
import { percentileOf } from '../../../control-plane/statistics/samples.js';
import { fidelityLines } from '../fidelity.js';
import { wrap } from '../first-light/report.js';
import { BOUNDARY_TITLES } from './clocks.js';
import type { AccuracyRow, BoundaryResult, FailoverRow, ScenarioRow } from './schema.js';

const REASON_COLUMNS = 90;

function newTable(head: readonly string[]) {
  return new Table({
    head: head.map((title) => pc.bold(title)),
    // The table's own colours do not ask whether this is a terminal; picocolors does.
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
  });
}

/** The rest of a row that has no figures. */
function reasonCell(row: { status: string; reason: string }, columns: number) {
  const colour = row.status === 'failed' ? pc.red : pc.yellow;
  const lines = wrap(`${row.status}: ${row.reason}`, REASON_COLUMNS).map(colour);
  return { colSpan: columns, hAlign: 'left' as const, content: lines.join('\n') };
}

function scenarioLines(rows: readonly ScenarioRow[]): string[] {
  return rows.flatMap(({ title, status, reason, checks }) => {
    const isRight = status === 'ok' && checks.every(({ ok }) => ok);
    const word = isRight
      ? pc.green('right')
      : status === 'skipped'
        ? pc.yellow('skipped')
        : pc.red('wrong');
    const wrong = checks.filter(({ ok }) => !ok);
    return [
      `${word}  ${title}${status === 'ok' ? ` (${checks.length} checks)` : `: ${reason}`}`,
      ...wrong.map(({ what, saw }) => `       ${pc.red('not')} ${what}: ${saw}`),
    ];
  });
}

const ACCURACY_HEAD = [
  ...['', 'clock', 'settled', 'truth: mean', 'rms', 'p99', 'max', '> bound'],
  ...['served: mean', 'rms', 'p99', 'max', 'Syncs'],
];

const secondsText = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function accuracyTable(rows: readonly AccuracyRow[]): string {
  const table = newTable(ACCURACY_HEAD);
  for (const row of rows) {
    if (row.status !== 'ok') {
      table.push([row.title, reasonCell(row, ACCURACY_HEAD.length - 1)]);
      continue;
    }
    for (const [index, { errorNs, meanNs, syncs, truth }] of row.hops.entries()) {
      const isFirst = index === 0;
      table.push([
        isFirst ? row.title : '',
        String(index + 1),
        isFirst ? secondsText(row.settledMs) : '',
        ...(truth === null
          ? ['–', '–', '–', '–', '–']
          : [
              ...[truth.meanNs, truth.errorNs.rms, truth.errorNs.p99, truth.errorNs.max].map(
                formatNs,
              ),
              row.kinds[index] === 'ptp4l' ? '–' : `${truth.beyondBound}/${truth.samples}`,
            ]),
        ...[meanNs, errorNs.rms, errorNs.p99, errorNs.max].map(formatNs),
        String(syncs),
      ]);
    }
  }
  return table.toString();
}

const FAILOVER_HEAD = [
  '',
  'kills',
  'p50',
  'p99',
  'max',
  '× ptp4l p50',
  'p99',
  'worst error p50',
  'max',
];
const RATE_TITLES: Readonly<Record<string, string>> = {
  fast: '8 Announce, 16 Sync a second',
  default: 'an Announce every 2 s, a Sync a second',
};
const WAY_TITLES = { kill: 'the grandmaster is killed', link: 'its link is cut' } as const;

const milliseconds = (value: number | null) => (value === null ? '–' : `${value.toFixed(0)} ms`);

function failoverTable(rows: readonly FailoverRow[]): string {
  const table = newTable(FAILOVER_HEAD);
  let group = '';
  for (const row of rows) {
    const title = `${RATE_TITLES[row.rates] ?? row.rates}; ${WAY_TITLES[row.way]}`;
    if (title !== group) table.push([{ colSpan: FAILOVER_HEAD.length, content: pc.bold(title) }]);
    group = title;
    if (row.status !== 'ok') {
      table.push([BOUNDARY_TITLES[row.kind], reasonCell(row, FAILOVER_HEAD.length - 1)]);
      continue;
    }
    table.push([
      BOUNDARY_TITLES[row.kind],
      String(row.followMs.length),
      ...[row.p50Ms, row.p99Ms, Math.max(...row.followMs)].map(milliseconds),
      ...[row.toPtp4l?.p50, row.toPtp4l?.p99].map((ratio) => ratio?.toFixed(2) ?? '–'),
      ...[percentileOf(row.worstErrorNs, 0.5), Math.max(...row.worstErrorNs)].map(formatNs),
    ]);
  }
  return table.toString();
}

const ACCURACY_LEGEND = [
  'Each clock is on its own oscillator, of some ppm and wandering; ptp4l’s clocks too (own_clock.so).',
  'truth: PTP time less the clock that all share, with no stamp between. > bound: how often that was more',
  'than the clock itself said that it could be. served: what a Sync said on the client’s side of the link,',
  'less its stamp there, so the way over the link is in it. settled: until all clocks served it to 30 µs.',
];
const FAILOVER_LEGEND = [
  'From the kill of the better grandmaster to the first Announce of the other at the client. worst error: of',
  'the time served until it was settled again.',
];

/** Everything that is printed at the end. */
export function renderBoundary(result: BoundaryResult): string {
  const { scenarios, accuracy, failover, aims, config } = result;
  const missed = aims.filter(({ met }) => !met);
  const sentences = [
    ...(aims.length === 0
      ? []
      : [`${aims.length - missed.length} of ${aims.length} aims are met.`]),
    ...missed.map(
      ({ aim, row, value, limit }) =>
        `Not met: ${row}: ${aim} is ${value.toFixed(2)}, not ${limit} at most.`,
    ),
  ];
  const legend = [
    ...(accuracy.length === 0 ? [] : ACCURACY_LEGEND),
    ...(failover.length === 0 ? [] : FAILOVER_LEGEND),
    `Seed of the kills: ${config.seed}.`,
  ];
  return [
    ...scenarioLines(scenarios),
    ...(accuracy.length === 0 ? [] : [accuracyTable(accuracy)]),
    ...(failover.length === 0 ? [] : [failoverTable(failover)]),
    ...legend.map((line) => pc.dim(line)),
    ...(sentences.length === 0 ? [] : ['', ...sentences.map((line) => pc.bold(line))]),
    ...fidelityLines(result.fidelity),
  ].join('\n');
}
