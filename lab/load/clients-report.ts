/** The table of `timeplane lab clients`, and what it comes to. */
import Table from 'cli-table3';
import pc from 'picocolors';
import { fidelityLines } from '../experiments/fidelity.js';
import { formatNs } from '#units/format';
import { median } from '../../control-plane/statistics/samples.js';
import { SERVERS, type ServerName } from './answer-servers.js';
import type { ClientsResult, Measurement, Ratio } from './clients-schema.js';

const HEAD = [
  'server',
  'answered',
  'not right',
  'latency p50',
  'p99',
  'processor/answer',
  'busy',
  'all answered up to',
  'to the agent',
];

function share(value: number): string {
  return `${(100 * value).toFixed(value > 0.9999 && value < 1 ? 4 : 2)} %`;
}

function row(server: ServerName, all: readonly Measurement[]): string[] {
  const middle = (value: (one: Measurement) => number): number => median(all.map(value));
  const isLimited = all.some((one) => one.limitedByClients);
  const searched = all.every((one) => one.zeroLossRate > 0);
  const packetIns = all.reduce((sum, one) => sum + (one.packetIns ?? 0), 0);
  return [
    server === 'timeplane' ? 'timeplane, boundary' : server,
    share(middle((one) => one.answeredShare)),
    String(all.reduce((sum, one) => sum + one.notRight, 0)),
    formatNs(middle((one) => one.latencyP50Ns)),
    formatNs(middle((one) => one.latencyP99Ns)),
    formatNs(middle((one) => one.cpuNsPerAnswer)),
    searched ? formatNs(middle((one) => one.cpuNsPerAnswerBusy)) : '–',
    searched
      ? `${Math.round(middle((one) => one.zeroLossRate))}/s${isLimited ? ' or more' : ''}`
      : '–',
    server === 'timeplane' ? String(packetIns) : '–',
  ];
}

function sentence(what: string, ratio: Ratio | null): string[] {
  if (ratio === null) return [];
  const figures = (value: number): string => String(Number(value.toPrecision(3)));
  return [
    `${what}: ${figures(ratio.median)} times as good as ptp4l ` +
      `(rounds from ${figures(ratio.least)} to ${figures(ratio.greatest)}).`,
  ];
}

/** What the rounds showed, in plain sentences. */
export function clientsConclusions({ measurements, ratios, config }: ClientsResult): string[] {
  const ours = measurements.filter(({ server }) => server === 'timeplane');
  const packetIns = ours.reduce((sum, one) => sum + (one.packetIns ?? 0), 0);
  const answered = ours.reduce((sum, one) => sum + one.answered, 0);
  return [
    ...sentence('Rate with every request answered', ratios.zeroLossRate),
    ...sentence('Processor time an answer, at this rate', ratios.cpuPerAnswer),
    ...sentence('Processor time an answer, at the highest rate', ratios.cpuPerAnswerBusy),
    ...sentence('p99 latency of an answer', ratios.latencyP99),
    `The agent got ${packetIns} messages while the dataplane answered ${answered} requests of ` +
      `${config.clients} clients.`,
  ];
}

export function renderClients(result: ClientsResult): string {
  const { config, measurements } = result;
  const table = new Table({
    head: HEAD,
    colAligns: HEAD.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const server of SERVERS) {
    const all = measurements.filter((one) => one.server === server);
    if (all.length > 0) table.push(row(server, all));
  }
  const rate = config.clients * config.requestsPerSecond;
  return [
    `${config.clients} clients at ${config.requestsPerSecond} Delay_Req a second, ${rate}/s, ` +
      `${config.transport}, ${config.cast}; medians of ${config.rounds} rounds A-B-B-A`,
    table.toString(),
    ...clientsConclusions(result).map((text) => pc.bold(text)),
    ...fidelityLines(result.fidelity),
  ].join('\n');
}
