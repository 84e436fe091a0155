/** The table, the sentence, and why both can be believed. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { formatNs, formatSeries } from '#units/format';
import { fidelityLines } from '../fidelity.js';
import type { FirstLightResult, PhaseName, PhaseResult } from './schema.js';

const TITLES: Readonly<Record<PhaseName, string>> = {
  direct: 'direct link',
  bridge: 'plain bridge',
  transparent: 'transparent',
  'ptp4l-tc': 'ptp4l E2E_TC',
  bmv2: 'bmv2',
};

export function phaseTitle(name: PhaseName): string {
  return TITLES[name];
}

/** The p99 error of a phase that is ok. */
export function p99Of(
  phases: readonly PhaseResult[],
  name: PhaseName,
  loaded: boolean,
): number | undefined {
  const phase = phases.find((other) => other.name === name && other.loaded === loaded);
  return phase?.status === 'ok' ? phase.errorNs.p99 : undefined;
}

/** Three figures, never with an exponent. */
function figures(ratio: number): string {
  return String(Number(ratio.toPrecision(3)));
}

/** What the run showed, in plain sentences; empty where the phases for them did not run. */
export function conclusions(phases: readonly PhaseResult[]): string[] {
  const bridge = p99Of(phases, 'bridge', true);
  const transparent = p99Of(phases, 'transparent', true);
  const reference = p99Of(phases, 'ptp4l-tc', true);
  const sentences: string[] = [];
  if (bridge !== undefined && transparent !== undefined) {
    const [from, to] = [formatNs(bridge), formatNs(transparent)];
    sentences.push(
      transparent < bridge
        ? `The transparent clock cut the p99 error under load from ${from} to ${to}, ` +
            `to 1/${figures(bridge / transparent)}.`
        : `The transparent clock did NOT cut the p99 error under load: from ${from} to ${to}.`,
    );
  }
  if (transparent !== undefined && reference !== undefined) {
    sentences.push(
      `ptp4l's own transparent clock in the same place: ${formatNs(reference)}; ours is ` +
        `${figures(transparent / reference)} times that.`,
    );
  }
  return sentences;
}

const HEAD = ['', 'load', 'Syncs', 'rms', 'p50', 'p99', 'max', 'path delay', 'corrected', 'lost'];

const REASON_COLUMNS = 80;

/** Lines of at most so many characters, but for words that are longer. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function row(phase: PhaseResult, load: number) {
  const first = [TITLES[phase.name], phase.loaded ? `${Math.round(load * 100)} %` : 'idle'];
  const { errorNs, residenceNs, meanPathDelayNs } = phase;
  if (phase.status !== 'ok') {
    const text = `${phase.status}: ${phase.reason}`;
    const colour = phase.status === 'failed' ? pc.red : pc.yellow;
    const content = wrap(text, REASON_COLUMNS).map(colour).join('\n');
    return [...first, { colSpan: HEAD.length - 2, hAlign: 'left' as const, content }];
  }
  const highlight = phase.name === 'transparent' && phase.loaded ? pc.green : String;
  const errors = [errorNs.rms, errorNs.p50, errorNs.p99, errorNs.max];
  const { p50, p99, max } = residenceNs;
  return [
    ...first,
    String(phase.samples),
    ...errors.map((ns) => highlight(formatNs(ns))),
    formatNs(meanPathDelayNs),
    max === 0 ? '–' : formatSeries([p50, p99, max]),
    String(phase.lostFrames),
  ];
}

const LEGEND = [
  'rms to max: absolute offset from the grandmaster as the client computes it, for every Sync:',
  '(ingress − origin − correctionField) − mean path delay (moving median of ten, as in ptp4l).',
  'All namespaces share one clock, so the true offset is zero, and whatever the client computes is',
  'its error. A correction that is wrong one way shows as error, one that is wrong both ways as path',
  'delay: compare it with the direct link.',
  'corrected: p50/p99/max of the residence that arrived in the correctionField.',
  'lost: Syncs without an evaluation, and frames of cross traffic that did not arrive.',
];

/** Offsets that the clients printed themselves, and how many of them are among ours. */
export interface CheckedOffsets {
  readonly printed: number;
  readonly found: number;
}

/** Everything that is printed at the end. */
export function renderReport(result: FirstLightResult, checked: CheckedOffsets): string {
  const table = new Table({
    head: HEAD.map((title) => pc.bold(title)),
    // The table's own colours do not ask whether this is a terminal; picocolors does.
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', ...HEAD.slice(2).map(() => 'right' as const)],
  });
  for (const phase of result.phases) table.push(row(phase, result.config.load));
  const sentences = conclusions(result.phases).map((sentence) => pc.bold(sentence));
  const legend = [
    ...LEGEND,
    `Of ${checked.printed} offsets that the clients' ptp4l printed themselves, ${checked.found} ` +
      'are among those computed here.',
  ].map((line) => pc.dim(line));
  const fidelity = fidelityLines(result.fidelity);
  return [table.toString(), ...legend, '', ...sentences, ...fidelity].join('\n');
}
