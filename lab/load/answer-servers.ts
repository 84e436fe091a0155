/** Who answers the crowd's Delay_Req: our switch in boundary mode, or ptp4l. */
import type { ManagedProcess } from '../peers/managed-process.js';
import { startPtp4l, type Transport } from '../peers/ptp4l.js';
import type { Interface } from '../namespaces/links.js';
import { processorTimeNs } from './process-usage.js';
import { startSwitchUnderLoad } from './switch-under-load.js';

export const SERVERS = ['timeplane', 'ptp4l'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface AnswerServer {
  readonly processes: readonly ManagedProcess[];
  /** Processor time of all its processes so far. */
  processorTimeNs(): number;
  /** Messages that reached the agent so far; null where there is no agent. */
  packetIns(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly interface: Interface;
  readonly directory: string;
  readonly transport: Transport;
}

/** What clients are told, 2^-4 s: the rate of the experiment. It is told, not enforced. */
const LOG_DELAY_REQ_INTERVAL = -4;
const PTP4L_READY_MS = 15_000;

function withoutPrefix(address: string | undefined, none: string): string {
  return address?.split('/')[0] ?? none;
}

/** The configuration of the agent: one port, which answers. */
export function boundaryConfig(end: Interface) {
  return {
    ports: [
      {
        name: 'clients',
        ptp: 'boundary',
        address: {
          mac: end.mac,
          ipv4: withoutPrefix(end.ipv4, '0.0.0.0'),
          ipv6: withoutPrefix(end.ipv6, '::'),
        },
        delayResponder: { logMinDelayReqInterval: LOG_DELAY_REQ_INTERVAL },
      },
    ],
  };
}

async function startBoundary(options: ServerOptions): Promise<AnswerServer> {
  const running = await startSwitchUnderLoad({
    namespace: options.interface.namespace,
    interfaces: [options.interface],
    directory: options.directory,
    config: boundaryConfig(options.interface),
  });
  const { switchProcess, agent } = running;
  const processes = [switchProcess, agent];
  return {
    processes,
    processorTimeNs: () => processes.reduce((sum, { pid }) => sum + processorTimeNs(pid), 0),
    packetIns: async () => (await running.switchStatus()).packetIns,
    stop: () => running.stop(),
  };
}

async function startPtp4lServer(options: ServerOptions): Promise<AnswerServer> {
  const process = await startPtp4l({
    label: 'ptp4l',
    directory: options.directory,
    transport: options.transport,
    interfaces: [options.interface],
    settings: {
      masterOnly: 1,
      // Unicast Delay_Req is answered without a negotiation, as ours is.
      hybrid_e2e: 1,
      logSyncInterval: 0,
      logMinDelayReqInterval: LOG_DELAY_REQ_INTERVAL,
    },
  });
  try {
    await process.line(/assuming the grand master role|to (?:GRAND_)?MASTER/, PTP4L_READY_MS);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return {
    processes: [process],
    processorTimeNs: () => processorTimeNs(process.pid),
    packetIns: () => Promise.resolve(null),
    stop: () => process.stop(),
  };
}

export function startAnswerServer(name: ServerName, options: ServerOptions): Promise<AnswerServer> {
  return name === 'timeplane' ? startBoundary(options) : startPtp4lServer(options);
}
