/** The side-by-side tables, and how to read them. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { formatNs, formatSeries } from '#units/format';
import { fidelityLines } from '../fidelity.js';
import { wrap, type CheckedOffsets } from '../first-light/report.js';
import { COMPARISONS } from './rows.js';
import type { Aim, Asymmetry, Measurement, TransparentResult } from './schema.js';

const HEAD = [
  ...['', 'load', 'rms', 'p50', 'p99', 'max', '× ptp4l', '× one', 'path delay'],
  ...['corrected', 'truth p50/p99', 'lost'],
];
const REASON_COLUMNS = 90;

/** "1.23" or "–". */
function ratioText(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** p99 to ptp4l's p99, marked where it is an aim. */
function referenceText(own: Measurement, aims: readonly Aim[]): string {
  const aim = aims.find(
    ({ comparison, row, loaded }) =>
      comparison === own.comparison && row === own.row && loaded === own.loaded,
  );
  const text = ratioText(own.ratios.p99ToPtp4l);
  return aim === undefined || own.switches !== 1 ? text : (aim.met ? pc.green : pc.red)(text);
}

function oneText(own: Measurement, aims: readonly Aim[]): string {
  const aim = aims.find(
    ({ comparison, row, loaded }) =>
      comparison === own.comparison && row === own.row && loaded === own.loaded,
  );
  const text = ratioText(own.ratios.rmsToOne);
  return aim === undefined || own.switches === 1 ? text : (aim.met ? pc.green : pc.red)(text);
}

function rowOf(own: Measurement, load: number, aims: readonly Aim[]) {
  const first = [own.title, own.loaded ? `${Math.round(load * 100)} %` : 'idle'];
  if (own.status !== 'ok') {
    const colour = own.status === 'failed' ? pc.red : pc.yellow;
    const lines = wrap(`${own.status}: ${own.reason}`, REASON_COLUMNS).map(colour);
    return [
      ...first,
      { colSpan: HEAD.length - 2, hAlign: 'left' as const, content: lines.join('\n') },
    ];
  }
  const { errorNs, truth, syncs } = own;
  return [
    ...first,
    ...[errorNs.rms, errorNs.p50, errorNs.p99, errorNs.max].map(formatNs),
    referenceText(own, aims),
    oneText(own, aims),
    formatNs(own.pathDelayNs),
    truth.correctionNs.max === 0 ? '–' : formatNs(truth.correctionNs.p50),
    truth.samples === 0 ? '–' : formatSeries([truth.errorNs.p50, truth.errorNs.p99]),
    `${syncs.lost}/${syncs.sent}` +
      (own.lostTrafficFrames === 0 ? '' : ` +${own.lostTrafficFrames}`),
  ];
}

function newTable(head: readonly string[]) {
  return new Table({
    head: head.map((title) => pc.bold(title)),
    // The table's own colours do not ask whether this is a terminal; picocolors does.
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
  });
}

function measurementTable(result: TransparentResult): string {
  const table = newTable(HEAD);
  for (const { name, title } of COMPARISONS) {
    const rows = result.measurements.filter(({ comparison }) => comparison === name);
    if (rows.length === 0) continue;
    table.push([{ colSpan: HEAD.length, content: pc.bold(title) }]);
    for (const loaded of [false, true]) {
      for (const row of rows.filter((own) => own.loaded === loaded)) {
        table.push(rowOf(row, result.config.load, result.aims));
      }
    }
  }
  return table.toString();
}

const ASYMMETRY_HEAD = [
  'asymmetry',
  'offset moved by',
  'right is',
  'path delay by',
  'right is',
  '',
];
/** Medians of the same network measured twice differ by less. */
export const ASYMMETRY_TOLERANCE_NS = 150;

export function isRight(own: Asymmetry): boolean {
  return (
    Math.abs(own.offsetShiftNs - own.expectedOffsetShiftNs) <= ASYMMETRY_TOLERANCE_NS &&
    Math.abs(own.pathDelayShiftNs - own.expectedPathDelayShiftNs) <= ASYMMETRY_TOLERANCE_NS
  );
}

function asymmetryTitle({ device, step, mechanism }: Asymmetry): string {
  return device === 'ptp4l' ? `ptp4l ${mechanism}_TC` : `timeplane ${step}-step ${mechanism}`;
}

function asymmetryTable(rows: readonly Asymmetry[]): string {
  const table = newTable(ASYMMETRY_HEAD);
  for (const own of rows) {
    const title = asymmetryTitle(own);
    if (own.status !== 'ok') {
      const content = wrap(`${own.status}: ${own.reason}`, REASON_COLUMNS).join('\n');
      table.push([title, { colSpan: ASYMMETRY_HEAD.length - 1, hAlign: 'left', content }]);
      continue;
    }
    const ns = (value: number) => `${value} ns`;
    table.push([
      title,
      ...[own.offsetShiftNs, own.expectedOffsetShiftNs].map(ns),
      ...[own.pathDelayShiftNs, own.expectedPathDelayShiftNs].map(ns),
      isRight(own) ? pc.green('right') : pc.red('wrong'),
    ]);
  }
  return table.toString();
}

const LEGEND = [
  'rms to max: absolute offset from the grandmaster as the client computes it, for every Sync. All',
  'namespaces share one clock: the true offset is zero, and whatever the client computes is its error.',
  '× ptp4l: p99 to that of ptp4l’s transparent clocks in the same place. × one: rms to that of one switch.',
  'truth: what the kernel’s stamps at the two clocks’ interfaces say that a Sync took, less the correction',
  'that arrived: the links (end-to-end: all of them, peer-to-peer: the last), and what was not corrected.',
  'lost: Syncs that did not arrive, of those sent; + frames of cross traffic that did not arrive.',
];

/** "5 of 6 aims are met", and those that are not. */
export function aimSentences(aims: readonly Aim[]): string[] {
  if (aims.length === 0) return [];
  const missed = aims.filter(({ met }) => !met);
  return [
    `${aims.length - missed.length} of ${aims.length} aims are met.`,
    ...missed.map(
      ({ aim, comparison, row, loaded, value, limit }) =>
        `Not met: ${comparison}/${row}${loaded ? ' under load' : ''}: ${aim} is ` +
        `${value.toFixed(2)}, not ${limit.toFixed(1)} at most.`,
    ),
  ];
}

/** Everything that is printed at the end. */
export function renderReport(result: TransparentResult, checked: CheckedOffsets): string {
  const tables = [
    ...(result.measurements.length === 0 ? [] : [measurementTable(result)]),
    ...(result.asymmetry.length === 0 ? [] : [asymmetryTable(result.asymmetry)]),
  ];
  const legend = [
    ...(result.measurements.length === 0 ? [] : LEGEND),
    `Of ${checked.printed} offsets that the clients' ptp4l printed themselves, ${checked.found} ` +
      'are among those computed here.',
    `Seed of the cross traffic: ${result.config.seed}.`,
  ].map((line) => pc.dim(line));
  const fidelity = fidelityLines(result.fidelity);
  const sentences = aimSentences(result.aims).map((line) => pc.bold(line));
  const said = [...(sentences.length > 0 ? ['', ...sentences] : []), ...fidelity];
  return [...tables, ...legend, ...said].join('\n');
}
