/** The status as Prometheus metrics. */
import { Counter, Gauge, Registry } from 'prom-client';
import { MALFORMED_REASONS } from '#dataplane/program';
import type { AgentStatus } from './status.js';

export interface Metrics {
  readonly contentType: string;
  readonly render: (status: AgentStatus) => Promise<string>;
}

/** Values are set at each scrape: the switch's own counters are the truth. */
export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [registry] = registers;
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `timeplane_agent_${name}`, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `timeplane_agent_${name}`, help, labelNames, registers });
  const port = ['port', 'name'];
  const ready = gauge('ready', 'Whether the switch is as configured');
  const entries = gauge('mac_entries', 'Learned addresses');
  const macEvents = counter('mac_events_total', 'What happened to addresses', ['event']);
  const received = counter('ptp_received_total', 'Sound PTP messages received', [...port, 'type']);
  const corrected = counter('ptp_corrected_total', 'Messages corrected at egress', [
    ...port,
    'type',
  ]);
  const malformed = counter('ptp_malformed_total', 'Malformed PTP messages', [...port, 'reason']);
  const residence = gauge('residence_seconds', 'Residence of corrected messages', [
    ...port,
    'quantile',
  ]);
  const dropped = counter('dropped_total', 'Frames that went no further', ['stage', 'reason']);
  const set = (metric: Counter, labels: Record<string, string>, value: number) =>
    metric.inc(labels, value);
  return {
    contentType: registry?.contentType ?? 'text/plain',
    render: async (status) => {
      registry?.resetMetrics();
      ready.set(status.ready ? 1 : 0);
      entries.set(status.macTable.entries);
      for (const event of ['learned', 'moved', 'aged', 'refusedFull', 'refusedInvalid'] as const) {
        set(macEvents, { event }, status.macTable[event]);
      }
      for (const one of status.ports) {
        const labels = { port: String(one.number), name: one.name };
        for (const [type, counts] of Object.entries(one.messages)) {
          set(received, { ...labels, type }, counts.received);
          set(corrected, { ...labels, type }, counts.corrected);
        }
        for (const reason of MALFORMED_REASONS) {
          set(malformed, { ...labels, reason }, one.malformed[reason]);
        }
        const { p50, p99, max } = one.residenceNs;
        for (const [quantile, ns] of [
          ['0.5', p50],
          ['0.99', p99],
          ['1', max],
        ] as const) {
          if (ns !== null) residence.set({ ...labels, quantile }, ns / 1e9);
        }
      }
      for (const stage of ['ingress', 'egress'] as const) {
        for (const [reason, count] of Object.entries(status.drops[stage])) {
          set(dropped, { stage, reason }, count);
        }
      }
      return (await registry?.metrics()) ?? '';
    },
  };
}
