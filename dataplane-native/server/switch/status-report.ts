/** What the switch tells about itself: GET /status.json and GET /metrics. */
import { Gauge, Registry } from 'prom-client';
import { ENGINE_COUNTERS, type PortCounters } from '#binding/counters';
import type { Engine, QueueOptions, TxLatency } from '#binding/engine';
import type { LinkFacts } from '#binding/link';
import type { OscillatorLine } from '#binding/oscillator';
import { readInterfaceStatistics, type InterfaceStatistics } from './interface-statistics.js';
import type { ProgramLog, ProgramLogCounts } from './program-log.js';
import type { P4RuntimeService, ServiceCounts } from '../service.js';

export interface ReportedPort {
  readonly number: number;
  readonly interfaceName: string;
  readonly queue: QueueOptions | null;
}

export interface ReportSource {
  readonly version: string;
  readonly deviceId: bigint;
  readonly cpuPort: number;
  readonly listen: string;
  readonly engine: Engine;
  readonly service: P4RuntimeService;
  readonly programLog: ProgramLog;
  readonly ports: readonly ReportedPort[];
}

interface PortReport {
  readonly number: number;
  readonly interface: string;
  /** The packet loop that it belongs to. */
  readonly thread: number;
  /** What it uses; null: it is not on a Linux interface. */
  readonly io: LinkFacts | null;
  /** What the kernel counts there; null: the interface is gone. */
  readonly kernel: InterfaceStatistics | null;
  readonly linkUp: boolean;
  readonly counters: Readonly<Record<string, number>>;
  readonly drops: Readonly<Record<string, number>>;
  readonly queue: {
    readonly rateBps: number;
    readonly boundOctets: number;
    readonly priorities: number;
    readonly overheadOctets: number;
    readonly waitingOctets: number;
  };
  /** Compensated, and as seen in the last transmit stamps; spread is p99 less p50, missed how far
   * they were from what was compensated. */
  readonly txLatencyNs: {
    readonly applied: number;
    readonly samples: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly spread: number;
    readonly missedP50: number;
    readonly missedP99: number;
  };
}

/** A line of `OscillatorLine`, its whole numbers as text where they may be beyond 2^53. */
type ReportedLine = Readonly<Record<keyof OscillatorLine, string>>;

export interface SwitchReport {
  readonly ready: true;
  readonly version: string;
  readonly deviceId: number;
  readonly cpuPort: number;
  readonly listen: string;
  readonly pipeline: { readonly program: string } | null;
  /** Capabilities that the process holds. */
  readonly privileges: readonly string[];
  readonly ports: readonly PortReport[];
  /** What the dataplane's time is made of, over the last half minute; null: it is the system's. */
  readonly oscillator: { readonly lines: readonly ReportedLine[] } | null;
  /** Frames dropped between ports, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly packetIns: number;
  readonly digests: number;
  /** What programs logged: in the switch's log, and left out there. */
  readonly logMessages: ProgramLogCounts;
  readonly p4runtime: ServiceCounts;
}

/** Of a port's counters, those that count frames lost there. */
const PORT_DROPS = [
  'rxKernelDrops',
  'rxOversize',
  'txQueueFull',
  'txErrors',
  'txCorrectionLost',
  'txWaitsLost',
] as const satisfies readonly (keyof PortCounters)[];

/** What came through. */
const NO_DROPS: ReadonlySet<string> = new Set(['packetIns', 'digests', 'logMessages']);
/** Of the engine's: all others. */
const ENGINE_DROPS = ENGINE_COUNTERS.filter((name) => !NO_DROPS.has(name));

const NO_LATENCY: TxLatency = {
  appliedNs: 0n,
  samples: 0n,
  p50Ns: 0n,
  p99Ns: 0n,
  maxNs: 0n,
  missedP50Ns: 0n,
  missedP99Ns: 0n,
};
/** As the engine has it without being told. */
const DEFAULT_QUEUE: QueueOptions = {
  rateBps: 0n,
  overheadOctets: 0,
  boundOctets: 256 * 1024,
  priorityCount: 1,
};

function pick<K extends string>(
  names: readonly K[],
  values: Readonly<Record<K, bigint>>,
): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, Number(values[name])]));
}

function reportPort(
  engine: Engine,
  port: ReportedPort,
  statistics: ReadonlyMap<string, InterfaceStatistics>,
): PortReport {
  const { number, interfaceName } = port;
  const read = engine.portCounters(number);
  const facts = engine.linkFacts(number);
  const thread = engine.threadOf(number);
  const queue = port.queue ?? DEFAULT_QUEUE;
  const measured = engine.txLatency(number);
  const latency = measured.ok ? measured.value : NO_LATENCY;
  const { linkUp = 0n, queueOctets = 0n, ...counters } = read.ok ? read.value : {};
  return {
    number,
    interface: interfaceName,
    thread: thread.ok ? thread.value : 0,
    io: facts.ok ? facts.value : null,
    kernel: statistics.get(interfaceName) ?? null,
    linkUp: linkUp === 1n,
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, value]) => [name, Number(value)]),
    ),
    drops: read.ok ? pick(PORT_DROPS, read.value) : {},
    queue: {
      rateBps: Number(queue.rateBps),
      boundOctets: queue.boundOctets,
      priorities: queue.priorityCount,
      overheadOctets: queue.overheadOctets,
      waitingOctets: Number(queueOctets),
    },
    txLatencyNs: {
      applied: Number(latency.appliedNs),
      samples: Number(latency.samples),
      p50: Number(latency.p50Ns),
      p99: Number(latency.p99Ns),
      max: Number(latency.maxNs),
      spread: Number(latency.p99Ns - latency.p50Ns),
      missedP50: Number(latency.missedP50Ns),
      missedP99: Number(latency.missedP99Ns),
    },
  };
}

function reportLine(line: OscillatorLine): ReportedLine {
  const { index, systemNs, ticksNs, fraction, rateOffset } = line;
  return {
    index: String(index),
    systemNs: String(systemNs),
    ticksNs: String(ticksNs),
    fraction: String(fraction),
    rateOffset: String(rateOffset),
  };
}

function reportOscillator(engine: Engine): SwitchReport['oscillator'] {
  const lines = engine.oscillatorLines(0n);
  return lines.ok ? { lines: lines.value.map(reportLine) } : null;
}

/** The state of the switch at this instant. */
export function switchReport(source: ReportSource): SwitchReport {
  const { engine, service } = source;
  const counters = engine.counters();
  const { program } = service;
  const statistics = readInterfaceStatistics();
  return {
    ready: true,
    version: source.version,
    deviceId: Number(source.deviceId),
    cpuPort: source.cpuPort,
    listen: source.listen,
    pipeline: program === null ? null : { program },
    privileges: engine.privileges(),
    ports: source.ports.map((port) => reportPort(engine, port, statistics)),
    oscillator: reportOscillator(engine),
    drops: pick(ENGINE_DROPS, counters),
    packetIns: Number(counters.packetIns),
    digests: Number(counters.digests),
    logMessages: source.programLog.counts(),
    p4runtime: service.counts(),
  };
}

const snake = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The same for Prometheus, in its text format. */
export function switchMetrics(report: SwitchReport): Promise<string> {
  const registry = new Registry();
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `timeplane_switch_${name}`, help, labelNames, registers: [registry] });
  gauge('info', 'Version of the switch', ['version']).set({ version: report.version }, 1);
  gauge('pipeline_loaded', '1 when a pipeline is committed', []).set(
    report.pipeline === null ? 0 : 1,
  );
  const dropped = gauge('dropped', 'Frames and messages dropped between ports', ['reason']);
  for (const [reason, value] of Object.entries(report.drops)) dropped.set({ reason }, value);
  const logged = gauge('log_messages', 'Messages of the program: written to the log, left out', [
    'what',
  ]);
  for (const [what, value] of Object.entries(report.logMessages)) {
    logged.set({ what: snake(what) }, Number(value));
  }
  const p4runtime = gauge('p4runtime', 'Counts of the P4Runtime server', ['what']);
  for (const [what, value] of Object.entries(report.p4runtime)) {
    p4runtime.set({ what: snake(what) }, Number(value));
  }
  const counter = gauge('port', 'Counters of a port', ['port', 'interface', 'counter']);
  const kernel = gauge('interface', 'Counters of a port’s interface, as the kernel has them', [
    'port',
    'interface',
    'counter',
  ]);
  const link = gauge('port_link_up', '1 when the link is up', ['port', 'interface']);
  const waiting = gauge('port_queue_octets', 'Octets that wait to be sent', ['port', 'interface']);
  const latency = gauge(
    'port_tx_latency_ns',
    "From the engine's transmit instant to the kernel's stamp, ns",
    ['port', 'interface', 'statistic'],
  );
  for (const port of report.ports) {
    const labels = { port: String(port.number), interface: port.interface };
    for (const [name, value] of Object.entries(port.kernel ?? {})) {
      kernel.set({ ...labels, counter: snake(name) }, value);
    }
    link.set(labels, port.linkUp ? 1 : 0);
    waiting.set(labels, port.queue.waitingOctets);
    for (const [name, value] of Object.entries(port.counters)) {
      counter.set({ ...labels, counter: snake(name) }, value);
    }
    for (const [statistic, value] of Object.entries(port.txLatencyNs)) {
      latency.set({ ...labels, statistic }, value);
    }
  }
  return registry.metrics();
}
