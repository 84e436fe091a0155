/** A grandmaster and a client, and what the client makes of every Sync. */
import { join } from 'node:path';
import { LabError } from '../lab-error.js';
import { OffsetEstimator, type OffsetSample } from '../measure/offset.js';
import { PeerOffsets } from '../measure/peer-offset.js';
import {
  parsePrintedDelay,
  parsePrintedOffset,
  type PrintedOffset,
} from '../measure/printed-offsets.js';
import { parseSlaveEventLine, type SlaveEvent } from '../measure/slave-events.js';
import type { Interface } from '../namespaces/links.js';
import { helperPath } from './helpers.js';
import { assertAllAlive, startProcess, type ManagedProcess } from './managed-process.js';
import type { OwnClock } from './own-clock.js';
import {
  LOG_ANNOUNCE_INTERVAL,
  LOG_DELAY_REQ_INTERVAL,
  LOG_SYNC_INTERVAL,
  startPtp4l,
  type Mechanism,
  type Ptp4lOptions,
  type Settings,
  type Transport,
} from './ptp4l.js';

export interface ClockPair {
  readonly processes: readonly ManagedProcess[];
  /** Every evaluated Sync since the start. */
  readonly samples: readonly OffsetSample[];
  /** The raw times of them, and of its Delay_Req, on the client's clock. */
  readonly events: readonly SlaveEvent[];
  /** What the client printed itself, once a second. */
  readonly printed: readonly PrintedOffset[];
  /** Lines of the reader that were no slave event; always empty unless ptp4l changed its format. */
  readonly unreadable: readonly string[];
  stop(): Promise<void>;
}

export interface ClockPairOptions {
  readonly grandmaster: Interface;
  readonly client: Interface;
  readonly directory: string;
  readonly transport: Transport;
  /** End-to-end where nothing is said. */
  readonly mechanism?: Mechanism;
  /** A time transmitter of the lab's own, whose Syncs are one-step: ptp4l's need hardware for that. */
  readonly oneStepMaster?: boolean;
  /** The client asks for unicast messages, at the grandmaster's address (needs UDPv4). */
  readonly unicast?: boolean;
  /** Of both ptp4l, beside what the lab's clocks share: other rates, for example. */
  readonly settings?: Settings;
  /** The client steers a clock of its own, as these settings say; without one it steers nothing. */
  readonly steering?: { readonly clock: OwnClock; readonly settings: Settings };
  /** What has to be so before there is a client: the grandmaster runs. */
  readonly beforeClient?: () => Promise<void>;
}

const READER_TIMEOUT_MS = 2000;

/** Offsets from the client's raw times, by either delay mechanism. */
interface Evaluation {
  readonly samples: readonly OffsetSample[];
  take(event: SlaveEvent): void;
  /** A line that the client printed. */
  takeLine(line: string): void;
}

function endToEnd(): Evaluation {
  const estimator = new OffsetEstimator();
  const samples: OffsetSample[] = [];
  const take = (event: SlaveEvent) => {
    const sample = estimator.push(event);
    if (sample !== undefined) samples.push(sample);
  };
  return { samples, take, takeLine: () => undefined };
}

function peerToPeer(): Evaluation {
  const offsets = new PeerOffsets();
  // ptp4l's log has the monotonic clock's time, which is process.hrtime's too.
  const bootMs = Date.now() - Number(process.hrtime.bigint()) / 1e6;
  return {
    samples: offsets.samples,
    take: (event) => {
      if (event.kind === 'sync') offsets.pushSync(event);
    },
    takeLine: (line) => {
      const delay = parsePrintedDelay(line);
      if (delay === null) return;
      const atMs = bootMs + delay.uptimeMs;
      offsets.pushDelay({ atNs: BigInt(Math.round(atMs * 1e6)), filteredNs: delay.filteredNs });
    },
  };
}

type PeerOptions = Pick<Ptp4lOptions, 'settings' | 'sections'>;

function grandmasterSettings(unicast: boolean): Settings {
  return { masterOnly: 1, priority1: 1, ...(unicast ? { unicast_listen: 1 } : {}) };
}

const MASTER_TIMEOUT_MS = 2000;

/** ptp4l, or with one-step Syncs the lab's own. */
async function startGrandmaster(options: ClockPairOptions): Promise<ManagedProcess> {
  const { directory, transport, grandmaster, mechanism = 'E2E', unicast = false } = options;
  if (options.oneStepMaster === true) {
    const { namespace, name } = grandmaster;
    const intervals = Object.entries({
      '--log-sync': LOG_SYNC_INTERVAL,
      '--log-announce': LOG_ANNOUNCE_INTERVAL,
      '--log-delay-req': LOG_DELAY_REQ_INTERVAL,
    }).flatMap(([option, value]) => [option, String(value)]);
    const argv = [helperPath('ptp_master'), name, '--transport', transport, ...intervals];
    const process = startProcess({ label: 'the one-step grandmaster', argv, namespace });
    try {
      await process.line(/^ready$/, MASTER_TIMEOUT_MS);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return process;
  }
  return startPtp4l({
    ...{ directory, transport, mechanism, interfaces: [grandmaster] },
    label: 'the grandmaster’s ptp4l',
    settings: { ...grandmasterSettings(unicast), ...options.settings },
  });
}

function clientOptions(options: ClockPairOptions, monitorPath: string): PeerOptions {
  const settings = {
    slaveOnly: 1,
    slave_event_monitor: monitorPath,
    // Peer delay is told at debug level only.
    ...(options.mechanism === 'P2P' ? { logging_level: 7 } : {}),
    ...options.settings,
    ...options.steering?.settings,
  };
  if (options.unicast !== true) return { settings };
  const address = options.grandmaster.ipv4?.replace(/\/.*/, '');
  if (address === undefined) throw new Error('unicast needs an address of the grandmaster');
  return {
    settings,
    sections: {
      unicast_master_table: { table_id: 1, logQueryInterval: 0, UDPv4: address },
      [options.client.name]: { unicast_master_table: 1 },
    },
  };
}

/** Starts the reader first: ptp4l does not repeat what nobody heard. */
export async function startClockPair(options: ClockPairOptions): Promise<ClockPair> {
  const evaluation = options.mechanism === 'P2P' ? peerToPeer() : endToEnd();
  const printed: PrintedOffset[] = [];
  const unreadable: string[] = [];
  const events: SlaveEvent[] = [];
  const monitorPath = join(options.directory, `events-${options.client.namespace.pid}`);
  const take = (line: string) => {
    if (line === 'ready') return;
    const result = parseSlaveEventLine(line);
    if (!result.ok) {
      unreadable.push(`${result.code}: ${line}`);
      return;
    }
    for (const event of result.events) evaluation.take(event);
    events.push(...result.events);
  };
  const reader = startProcess({
    label: 'the slave event reader',
    argv: [helperPath('tlv_reader'), monitorPath],
    onLine: take,
    dataOutput: true,
  });
  const processes: ManagedProcess[] = [reader];
  const stop = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  try {
    await reader.line(/^ready$/, READER_TIMEOUT_MS);
    const { directory, transport, mechanism = 'E2E' } = options;
    processes.push(await startGrandmaster(options));
    await options.beforeClient?.();
    processes.push(
      await startPtp4l({
        ...{ directory, transport, mechanism },
        label: 'the client’s ptp4l',
        interfaces: [options.client],
        ...clientOptions(options, monitorPath),
        ...(options.steering === undefined ? {} : { clock: options.steering.clock }),
        onLine: (line) => {
          const offset = parsePrintedOffset(line);
          if (offset !== null) printed.push(offset);
          evaluation.takeLine(line);
        },
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { processes, samples: evaluation.samples, events, printed, unreadable, stop };
}

/** Throws `no-samples` with the client's last words. */
export function reportNoSamples(pair: ClockPair, seconds: number): never {
  assertAllAlive(pair.processes);
  const client = pair.processes.at(-1);
  const said = client?.tail().slice(-2).join(' | ') ?? '';
  throw new LabError(
    'no-samples',
    `the client saw no time from the grandmaster within ${seconds} s; it last said: ${said}`,
  );
}
