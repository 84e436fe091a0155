/** The status as Prometheus metrics. */
import { Counter, Gauge, Registry } from 'prom-client';
import { ownLoadRegistry } from './own-load.js';
import type { AgentStatus, PortStatus } from './status.js';

export interface Metrics {
  readonly contentType: string;
  readonly render: (status: AgentStatus) => Promise<string>;
  /** The process's own alone: costs the switch nothing, and itself next to nothing. */
  readonly renderOwn: () => Promise<string>;
}

type Labels = Readonly<Record<string, string>>;

interface Registered {
  readonly registry: Registry;
  readonly gauge: (name: string, help: string, labels?: string[]) => Gauge;
  readonly counter: (name: string, help: string, labels?: string[]) => Counter;
}

const PORT = ['port', 'name'];

/** Values are set at each scrape: the switch's own counters are the truth. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const registered: Registered = {
    registry,
    gauge: (name, help, labelNames = []) =>
      new Gauge({ name: `timeplane_agent_${name}`, help, labelNames, registers }),
    counter: (name, help, labelNames = []) =>
      new Counter({ name: `timeplane_agent_${name}`, help, labelNames, registers }),
  };
  const ownLoad = ownLoadRegistry();
  const setters = [
    switchMetrics(registered),
    portMetrics(registered),
    peerDelayMetrics(registered),
    ledgerMetrics(registered),
    serviceMetrics(registered),
  ];
  return {
    renderOwn: () => ownLoad.metrics(),
    contentType: registry.contentType,
    render: async (status) => {
      registry.resetMetrics();
      for (const set of setters) set(status);
      return (await Promise.all([registry.metrics(), ownLoad.metrics()])).join('\n');
    },
  };
}

function switchMetrics({ gauge, counter }: Registered): (status: AgentStatus) => void {
  const ready = gauge('ready', 'Whether the switch is as configured');
  const entries = gauge('mac_entries', 'Learned addresses');
  const macEvents = counter('mac_events_total', 'What happened to addresses', ['event']);
  const dropped = counter('dropped_total', 'Frames that went no further', ['stage', 'reason']);
  return (status) => {
    ready.set(status.ready ? 1 : 0);
    entries.set(status.macTable.entries);
    for (const event of ['learned', 'moved', 'aged', 'refusedFull', 'refusedInvalid'] as const) {
      macEvents.inc({ event }, status.macTable[event]);
    }
    for (const stage of ['ingress', 'egress'] as const) {
      countEach(dropped, { stage }, 'reason', status.drops[stage]);
    }
  };
}

/** The messages' counters by their keys in the status. */
const MESSAGE_METRICS = {
  received: ['ptp_received_total', 'Sound PTP messages received'],
  sent: ['ptp_sent_total', 'PTP messages sent'],
  corrected: ['ptp_corrected_total', 'Messages corrected at egress'],
  answered: ['ptp_answered_total', 'Messages answered by the dataplane'],
  puntMetered: ['ptp_punt_metered_total', 'Messages kept from the agent by their meter'],
} as const satisfies Record<keyof PortStatus['messages']['sync'], readonly [string, string]>;

function portMetrics({ gauge, counter }: Registered): (status: AgentStatus) => void {
  const messages = Object.entries(MESSAGE_METRICS).map(([key, [name, help]]) => ({
    key: key as keyof typeof MESSAGE_METRICS,
    metric: counter(name, help, [...PORT, 'type']),
  }));
  const malformed = counter('ptp_malformed_total', 'Malformed PTP messages', [...PORT, 'reason']);
  const version1 = counter('ptp_version_1_total', 'PTP version 1, passed as it came', PORT);
  const untouched = counter('ptp_untouched_total', 'Frames that were not looked into', [
    ...PORT,
    'reason',
  ]);
  const twoStep = counter('two_step_total', 'What became of messages of two-step ports', [
    ...PORT,
    'outcome',
  ]);
  const dropped = counter('port_dropped_total', 'Frames that went no further, by port', [
    ...PORT,
    'stage',
    'reason',
  ]);
  const count = gauge('residence_count', 'Corrected messages in the histogram', PORT);
  const residence = gauge('residence_seconds', 'Residence of corrected messages', [
    ...PORT,
    'quantile',
  ]);
  return ({ ports }) => {
    for (const port of ports) {
      const labels = { port: String(port.number), name: port.name };
      for (const [type, counts] of Object.entries(port.messages)) {
        for (const { key, metric } of messages) metric.inc({ ...labels, type }, counts[key]);
      }
      countEach(malformed, labels, 'reason', port.malformed);
      version1.inc(labels, port.version1);
      countEach(untouched, labels, 'reason', port.untouched);
      countEach(twoStep, labels, 'outcome', port.twoStep);
      for (const stage of ['ingress', 'egress'] as const) {
        countEach(dropped, { ...labels, stage }, 'reason', port.drops[stage]);
      }
      count.set(labels, port.residenceNs.count);
      const { min, p50, p99, max } = port.residenceNs;
      const quantiles = { 0: min, 0.5: p50, 0.99: p99, 1: max };
      for (const [quantile, ns] of Object.entries(quantiles)) {
        if (ns !== null) residence.set({ ...labels, quantile }, ns / 1e9);
      }
    }
  };
}

function peerDelayMetrics({ gauge, counter }: Registered): (status: AgentStatus) => void {
  const valid = gauge('peer_delay_valid', 'Whether the link delay is measured and recent', PORT);
  const capable = gauge('as_capable', 'asCapable of IEEE 802.1AS, where that is asked for', PORT);
  const delay = gauge('mean_link_delay_seconds', 'Filtered delay of the link', PORT);
  const rate = gauge('neighbor_rate_offset_ppb', "The neighbor's rate against the switch's", PORT);
  const events = counter('peer_delay_events_total', 'What happened to exchanges', [
    ...PORT,
    'event',
  ]);
  return ({ ptp }) => {
    for (const report of ptp.peerDelay.ports) {
      const labels = { port: String(report.port), name: report.name };
      valid.set(labels, report.condition === 'valid' ? 1 : 0);
      if (report.asCapable !== null) capable.set(labels, report.asCapable ? 1 : 0);
      if (report.meanLinkDelayNs !== null) delay.set(labels, report.meanLinkDelayNs / 1e9);
      if (report.neighborRateOffsetPpb !== null) rate.set(labels, report.neighborRateOffsetPpb);
      countEach(events, labels, 'event', { ...report.counters });
    }
  };
}

function ledgerMetrics({ gauge, counter }: Registered): (status: AgentStatus) => void {
  const records = counter('ledger_records_total', 'Sampled messages');
  const error = gauge('ledger_error_seconds', 'Residence less correction, without its sign', [
    'quantile',
  ]);
  return ({ ptp: { ledger } }) => {
    records.inc(ledger.received);
    const { p50AbsNs, p99AbsNs, maxAbsNs } = ledger.errors;
    for (const [quantile, ns] of Object.entries({ 0.5: p50AbsNs, 0.99: p99AbsNs, 1: maxAbsNs })) {
      if (ns !== null) error.set({ quantile }, ns / 1e9);
    }
  };
}

function serviceMetrics({ gauge, counter }: Registered): (status: AgentStatus) => void {
  const packets = counter('packets_total', 'Frames from and to the dataplane', ['event']);
  const times = counter('transmit_times_total', 'Transmit times of our own messages', ['event']);
  const requests = counter('management_requests_total', 'Management requests', ['origin']);
  const replies = counter('management_replies_total', 'Management replies');
  const followed = gauge('syntonized', 'Whether residence is by the grandmaster’s rate');
  const rate = gauge('syntonization_rate_offset_ppb', 'The rate that the dataplane was told');
  return ({ ptp }) => {
    const { transmitTimes, ...events } = ptp.packets;
    countEach(packets, {}, 'event', events);
    countEach(times, {}, 'event', { ...transmitTimes });
    countEach(requests, {}, 'origin', ptp.management.requests);
    replies.inc(ptp.management.replies);
    followed.set(ptp.syntonization?.condition === 'locked' ? 1 : 0);
    const ppb = ptp.syntonization?.rateOffsetPpb ?? null;
    if (ppb !== null) rate.set(ppb);
  };
}

function countEach(
  metric: Counter,
  labels: Labels,
  name: string,
  counts: Readonly<Record<string, number>>,
): void {
  for (const [value, count] of Object.entries(counts))
    metric.inc({ ...labels, [name]: value }, count);
}
