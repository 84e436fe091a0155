/** The tables of `timeplane lab storm`, and what they come to. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { fidelityLines } from '../experiments/fidelity.js';
import { formatNs } from '#units/format';
import { median } from '../../control-plane/statistics/samples.js';
import { isExplained, type Account } from './storm-accounting.js';
import type { Memory, StormMeasurement, StormResult } from './storm-schema.js';

const HEAD = ['', 'Syncs', 'lost', 'error p50', 'p99', 'max', 'residence p50', 'p99', 'storm'];

function row(title: string, all: readonly StormMeasurement[]): string[] {
  const middle = (value: (one: StormMeasurement) => number): number => median(all.map(value));
  const total = (value: (one: StormMeasurement) => number): number =>
    all.reduce((sum, one) => sum + value(one), 0);
  const rate = middle((one) => one.stormRate);
  return [
    title,
    String(total((one) => one.sent)),
    String(total((one) => one.sent - one.received)),
    formatNs(middle((one) => one.errorNs.p50)),
    formatNs(middle((one) => one.errorNs.p99)),
    formatNs(Math.max(...all.map((one) => one.errorNs.max))),
    formatNs(middle((one) => one.residenceNs.p50)),
    formatNs(middle((one) => one.residenceNs.p99)),
    rate === 0 ? '–' : `${Math.round(rate)}/s`,
  ];
}

const megabytes = (octets: number): string => `${(octets / 2 ** 20).toFixed(1)} MiB`;

function memoryLine(whose: string, memory: Memory): string {
  const { beforeOctets, maxOctets, afterOctets, samples } = memory;
  return (
    `${whose}: ${megabytes(beforeOctets)} before, ${megabytes(maxOctets)} at most, ` +
    `${megabytes(afterOctets)} at the end (${samples} looks)`
  );
}

/** The same accounts of several storms as one. */
export function together(lists: readonly (readonly Account[])[]): Account[] {
  const totals = new Map<string, number>();
  for (const { what, frames } of lists.flat()) totals.set(what, (totals.get(what) ?? 0) + frames);
  return [...totals].map(([what, frames]) => ({ what, frames }));
}

function explanationTable({ explanations }: StormResult): string {
  const table = new Table({
    head: ['', 'frames', ''],
    colAligns: ['left', 'right', 'left'],
    style: { head: [], border: [] },
    // A line between all rows would make it twice as long; the sections' titles set them apart.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const sent = explanations.reduce((sum, one) => sum + one.sent, 0);
  const unexplained = (which: 'arrival' | 'kinds' | 'copies'): string => {
    const frames = explanations.reduce((sum, one) => sum + Math.abs(one.unexplained[which]), 0);
    return frames === 0 ? 'all explained' : pc.red(`${frames} not explained`);
  };
  const section = (title: string, accounts: readonly Account[], remark: string) => {
    table.push([pc.bold(title), '', remark]);
    for (const { what, frames } of accounts) table.push([`  ${what}`, frames, '']);
  };
  section(`${sent} sent`, together(explanations.map((one) => one.arrival)), unexplained('arrival'));
  section('came in as', together(explanations.map((one) => one.kinds)), unexplained('kinds'));
  section('were', together(explanations.map((one) => one.fate)), '');
  const generated = explanations.reduce((total, one) => total + one.generated, 0);
  section(
    `a copy for each other port${generated === 0 ? '' : `, ${generated} Follow_Ups made there`}`,
    together(explanations.map((one) => one.copies)),
    unexplained('copies'),
  );
  return table.toString();
}

/** What the storm did, in plain sentences. */
export function stormConclusions({ ratios, explanations }: StormResult): string[] {
  const figures = (value: number): string => String(Number(value.toPrecision(3)));
  const times = (what: string, ratio: StormResult['ratios']['errorP99']): string[] =>
    ratio === null
      ? []
      : [
          `${what} in the storm is ${figures(ratio.median)} times that of quiet ` +
            `(rounds from ${figures(ratio.least)} to ${figures(ratio.greatest)}).`,
        ];
  return [
    ...times('p99 error', ratios.errorP99),
    ...times('p99 residence', ratios.residenceP99),
    explanations.every(isExplained)
      ? 'The counters explain every frame of the storm.'
      : 'The counters do NOT explain every frame of the storm.',
  ];
}

export function renderStorm(result: StormResult): string {
  const { config, measurements, memory } = result;
  const table = new Table({
    head: HEAD,
    colAligns: HEAD.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const storm of [false, true]) {
    const all = measurements.filter((one) => one.storm === storm);
    if (all.length > 0) table.push(row(storm ? 'storm' : 'quiet', all));
  }
  return [
    `storm of ${config.kinds.join(', ')} from ${config.stations} stations, ${config.transport}, ` +
      `guard: ${config.guard}; ${config.step}-step; medians of ${config.rounds} rounds A-B-B-A`,
    `the switch’s packet loop: ${config.priority} priority, ` +
      (config.processor === null ? 'any processor' : `on processor ${config.processor} alone`),
    table.toString(),
    explanationTable(result),
    memoryLine('memory of the switch', memory.switch),
    memoryLine('memory of the agent', memory.agent),
    ...stormConclusions(result).map((text) => pc.bold(text)),
    ...fidelityLines(result.fidelity),
  ].join('\n');
}
