/** linuxptp's ptp4l: as grandmaster, as client, and as its own end-to-end transparent clock. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryCommand } from '../namespaces/commands.js';
import type { Interface } from '../namespaces/links.js';
import { startProcess, type ManagedProcess } from './managed-process.js';
import { withOwnClock, type OwnClock } from './own-clock.js';

export const TRANSPORTS = ['L2', 'UDPv4', 'UDPv6'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export const MECHANISMS = ['E2E', 'P2P'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Sync and Delay_Req go at 2^-7 s (128/s) and 2^-6 s (64/s): some 760 samples in six seconds. */
export const LOG_SYNC_INTERVAL = -7;
export const LOG_DELAY_REQ_INTERVAL = -6;
export const LOG_ANNOUNCE_INTERVAL = -3;
/** Peer delay is measured 16 times a second. */
export const LOG_PDELAY_REQ_INTERVAL = -4;

/**
 * The kernel gives a transmit timestamp when the frame leaves the queue, so ptp4l has to wait for it
 * as long as a frame can wait there; its default of 10 ms is less than a full queue.
 */
const TRANSMIT_TIMESTAMP_TIMEOUT_MS = 200;

export type Settings = Readonly<Record<string, string | number>>;

export interface Ptp4lOptions {
  readonly label: string;
  /** For the configuration and the sockets; its path is short enough for a socket's address. */
  readonly directory: string;
  readonly transport: Transport;
  readonly interfaces: readonly Interface[];
  readonly mechanism?: Mechanism;
  /** Settings of [global] beside those that all of them share. */
  readonly settings: Settings;
  /** Further sections, by the name in their brackets. */
  readonly sections?: Readonly<Record<string, Settings>>;
  readonly onLine?: (line: string) => void;
  /** A clock of its own, which it may steer; without one no clock is ever touched. */
  readonly clock?: OwnClock;
}

/** "3.1.1" or "4.2-00003-g…" → 3 or 4; 0 where it is no version. */
export function majorVersion(text: string): number {
  return Number(/^\s*v?(\d+)\./.exec(text)?.[1] ?? 0);
}

/** Since version 4 there is a second socket, by default in a place that all ptp4l share. */
const READ_ONLY_SOCKET_SINCE = 4;

/** The text of a configuration file: what all clocks of the lab share, and what this one adds. */
export function ptp4lConfig(
  options: Omit<Ptp4lOptions, 'label'>,
  socketName: string,
  major: number,
): string {
  const settings: Settings = {
    time_stamping: 'software',
    network_transport: options.transport,
    delay_mechanism: options.mechanism ?? 'E2E',
    // No clock is ever touched that is everybody's.
    free_running: options.clock === undefined ? 1 : 0,
    logSyncInterval: LOG_SYNC_INTERVAL,
    logMinDelayReqInterval: LOG_DELAY_REQ_INTERVAL,
    logMinPdelayReqInterval: LOG_PDELAY_REQ_INTERVAL,
    logAnnounceInterval: LOG_ANNOUNCE_INTERVAL,
    announceReceiptTimeout: 4,
    // Several Sync intervals, and more than the longest wait in the queue.
    syncReceiptTimeout: 100,
    tx_timestamp_timeout: TRANSMIT_TIMESTAMP_TIMEOUT_MS,
    fault_reset_interval: -2,
    sanity_freq_limit: 0,
    freq_est_interval: 0,
    // One plain offset a second, and no sums over several.
    summary_interval: LOG_SYNC_INTERVAL,
    use_syslog: 0,
    verbose: 1,
    logging_level: 6,
    uds_address: join(options.directory, socketName),
    ...(major >= READ_ONLY_SOCKET_SINCE
      ? { uds_ro_address: join(options.directory, `${socketName}-ro`) }
      : {}),
    ...options.settings,
  };
  const sections = Object.entries({ global: settings, ...options.sections });
  const lines = sections.flatMap(([name, values]) => [
    `[${name}]`,
    ...Object.entries(values).map(([key, value]) => `${key} ${value}`),
  ]);
  return [...lines, ''].join('\n');
}

/** Starts a ptp4l in the namespace of its (first) interface. */
export async function startPtp4l(options: Ptp4lOptions): Promise<ManagedProcess> {
  const first = options.interfaces[0];
  if (first === undefined) throw new Error('ptp4l needs an interface');
  const name = options.label.replaceAll(/[^a-z0-9]+/gi, '-');
  const file = join(options.directory, `${name}.cfg`);
  const version = await tryCommand(['ptp4l', '-v']);
  const major = majorVersion(version.stdout || version.stderr);
  await writeFile(file, ptp4lConfig(options, `${name}.uds`, major));
  const ports = options.interfaces.flatMap((port) => ['-i', port.name]);
  return startProcess({
    label: options.label,
    argv: withOwnClock(options.clock, ['ptp4l', '-f', file, ...ports]),
    namespace: first.namespace,
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
}
