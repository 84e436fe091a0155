/** Grandmasters, boundary clocks and clients on a graph: ptp4l or timeplane, all told the same. */
import { stringify } from 'yaml';
import { LabError } from '../../lab-error.js';
import {
  AGENT_STATUS_ADDRESS,
  P4RUNTIME_ADDRESS,
  SWITCH_STATUS_ADDRESS,
  startConfiguredAgent,
  timeplane,
  type TargetKind,
} from '../../peers/agent.js';
import { BMV2_PROGRAM } from '../../peers/bmv2.js';
import { hasProgram } from '../../namespaces/sandbox.js';
import { startProcess, type ManagedProcess } from '../../peers/managed-process.js';
import { oscillatorOption, type OwnClock } from '../../peers/own-clock.js';
import {
  LOG_PDELAY_REQ_INTERVAL,
  startPtp4l,
  type Mechanism,
  type Settings,
  type Transport,
} from '../../peers/ptp4l.js';
import { CLIENT_OSCILLATOR } from './plan.js';
import type { Graph, GraphNode, GraphPort } from '../../namespaces/graph.js';

/** Message rates, the same for everybody. */
export interface Rates {
  readonly logAnnounceInterval: number;
  readonly announceReceiptTimeout: number;
  readonly logSyncInterval: number;
  readonly logDelayReqInterval: number;
}

/** IEEE 1588-2019, J.3, which ptp4l has too. */
export const DEFAULT_RATES: Rates = {
  logAnnounceInterval: 1,
  announceReceiptTimeout: 3,
  logSyncInterval: 0,
  logDelayReqInterval: 0,
};

/** As in telecom: 8 Announce, 16 Sync and 16 Delay_Req a second. */
export const FAST_RATES: Rates = {
  logAnnounceInterval: -3,
  announceReceiptTimeout: 3,
  logSyncInterval: -4,
  logDelayReqInterval: -4,
};

export interface ClockContext {
  readonly graph: Graph;
  readonly directory: string;
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  readonly rates: Rates;
  /** Called with everything as it is started, so that it is stopped whatever comes after. */
  readonly onStart: (process: ManagedProcess) => void;
}

function ratesOf({ rates }: ClockContext): Settings {
  return {
    logAnnounceInterval: rates.logAnnounceInterval,
    announceReceiptTimeout: rates.announceReceiptTimeout,
    logSyncInterval: rates.logSyncInterval,
    logMinDelayReqInterval: rates.logDelayReqInterval,
    syncReceiptTimeout: 0,
  };
}

interface Ptp4lClock {
  readonly node: GraphNode;
  readonly settings: Settings;
  readonly sections?: Readonly<Record<string, Settings>>;
  readonly clock?: OwnClock;
  readonly onLine?: (line: string) => void;
}

async function startClock(context: ClockContext, own: Ptp4lClock): Promise<ManagedProcess> {
  const { directory, transport, mechanism, onStart } = context;
  const { node, settings, ...rest } = own;
  const process = await startPtp4l({
    ...rest,
    label: `ptp4l of ${node.name}`,
    ...{ directory, transport, mechanism },
    interfaces: node.ports,
    settings: { ...ratesOf(context), ...settings },
  });
  onStart(process);
  return process;
}

export interface GrandmasterOptions {
  /** The lower is the better. */
  readonly priority1: number;
  /** Also sends while it hears a better one, as a telecom grandmaster does. */
  readonly masterOnly: boolean;
  readonly unicast?: boolean;
}

/** ptp4l on the machine's own clock, which is the truth. */
export function startGrandmaster(
  context: ClockContext,
  name: string,
  { priority1, masterOnly, unicast = false }: GrandmasterOptions,
): Promise<ManagedProcess> {
  const settings = {
    priority1,
    clockClass: 6,
    ...(masterOnly ? { masterOnly: 1 } : {}),
    ...(unicast ? { unicast_listen: 1 } : {}),
  };
  return startClock(context, { node: context.graph.node(name), settings });
}

/** linuxptp's constants for hardware: with those for software stamps it needs most of a minute. */
export const EAGER_SERVO: Settings = { pi_proportional_const: 0.7, pi_integral_const: 0.3 };

/** What ptp4l's own defaults are where the lab's settings are for clients that steer nothing. */
const STEERING: Settings = { freq_est_interval: 1, sanity_freq_limit: 200_000_000 };

/** ptp4l, which steers a clock of its own and settles fast. */
export function startClient(
  context: ClockContext,
  name: string,
  onLine: (line: string) => void = () => undefined,
  extra: Pick<Ptp4lClock, 'sections'> = {},
): Promise<ManagedProcess> {
  // A boundary clock that starts later may step before it follows anybody.
  const settings = { slaveOnly: 1, step_threshold: 0.00002, ...STEERING, ...EAGER_SERVO };
  const node = context.graph.node(name);
  return startClock(context, { node, settings, clock: CLIENT_OSCILLATOR, onLine, ...extra });
}

export interface BoundaryOptions {
  readonly clock: OwnClock;
  readonly priority1?: number;
  readonly onLine?: (line: string) => void;
  /** Syncs that may be missing before the master is given up; 0: only Announce count. */
  readonly syncReceiptTimeout?: number;
  readonly step?: 'one' | 'two';
  /** Of ours: further keys of each port's `boundary`, the first one's first. */
  readonly boundaryOf?: readonly Readonly<Record<string, unknown>>[];
  /** Of ours: what it drives. */
  readonly target?: TargetKind;
  /** Of ours: all ports forward what is not PTP, and so many further ones do nothing else. */
  readonly trafficPorts?: number;
  /** Of ptp4l: further settings. */
  readonly settings?: Settings;
  /** Of ours: its slave port tells of every Sync and Delay_Req, in messages that taps take whole. */
  readonly monitored?: boolean;
}

/** So many events that the Signaling is no longer than what a tap keeps of a frame. */
const MONITORING = { rxSyncTiming: { eventsPerTlv: 2 }, txEvents: { eventsPerTlv: 4 } };

/** linuxptp's, steering its own clock. */
export function startPtp4lBoundary(
  context: ClockContext,
  name: string,
  { clock, priority1 = 128, settings, onLine }: BoundaryOptions,
): Promise<ManagedProcess> {
  return startClock(context, {
    node: context.graph.node(name),
    settings: { priority1, ...STEERING, ...settings },
    clock,
    ...(onLine === undefined ? {} : { onLine }),
  });
}

const TRANSPORT_KEY = { L2: 'ethernet', UDPv4: 'udp4', UDPv6: 'udp6' } as const;
const withoutLength = (address: string) => address.replace(/\/.*/, '');

/** Where a boundary clock speaks; without addresses it does so over Ethernet alone. */
export type SpeakingPort = Pick<GraphPort, 'mac'> & Partial<Pick<GraphPort, 'address'>>;

function addressOf({ mac, address }: SpeakingPort) {
  if (address === undefined) return { mac };
  return { mac, ipv4: withoutLength(address.ipv4), ipv6: withoutLength(address.ipv6) };
}

/** The configuration of a boundary clock's agent, as text. */
export function boundaryConfig(
  { transport, mechanism, rates }: Pick<ClockContext, 'transport' | 'mechanism' | 'rates'>,
  node: { readonly ports: readonly SpeakingPort[] },
  options: Omit<BoundaryOptions, 'clock' | 'onLine'>,
): string {
  const {
    priority1 = 128,
    syncReceiptTimeout = 0,
    step = 'two',
    boundaryOf = [],
    target = 'native',
    trafficPorts,
    monitored = false,
  } = options;
  const ports = node.ports.map((port, index) => ({
    number: index + 1,
    name: `p${index + 1}`,
    ptp: 'boundary',
    step,
    address: addressOf(port),
    ...(mechanism === 'P2P'
      ? {
          peerDelay: {
            enabled: true,
            logInterval: LOG_PDELAY_REQ_INTERVAL,
            transport: TRANSPORT_KEY[transport],
          },
        }
      : {}),
    boundary: {
      transport: TRANSPORT_KEY[transport],
      delayMechanism: mechanism === 'P2P' ? 'p2p' : 'e2e',
      step,
      logAnnounceInterval: rates.logAnnounceInterval,
      announceReceiptTimeout: rates.announceReceiptTimeout,
      logSyncInterval: rates.logSyncInterval,
      logMinDelayReqInterval: rates.logDelayReqInterval,
      syncReceiptTimeout,
      ...boundaryOf[index],
    },
    // Without cross traffic each port is a link of its own: nothing but PTP is on it.
    vlan: { native: trafficPorts === undefined ? index + 1 : 1 },
  }));
  const others = Array.from({ length: trafficPorts ?? 0 }, (_, index) => ({
    number: ports.length + index + 1,
    name: `t${index + 1}`,
    ptp: 'blocked',
    vlan: { native: 1 },
  }));
  return stringify({
    target: { kind: target, address: P4RUNTIME_ADDRESS, deviceId: 1, electionId: 1 },
    status: AGENT_STATUS_ADDRESS,
    instance: {
      profile: mechanism === 'P2P' ? 'default-p2p' : 'default-e2e',
      priority1,
      outsideProfile: true,
      ptp4lLog: true,
      ...(monitored ? { slaveMonitoring: MONITORING } : {}),
    },
    ports: [...ports, ...others],
  });
}

const READY_TIMEOUT_MS = 20_000;

/** Ours: switch and agent, on the same oscillator as ptp4l would have. */
export async function startTimeplaneBoundary(
  context: ClockContext,
  name: string,
  options: BoundaryOptions,
): Promise<void> {
  const { graph, onStart } = context;
  const node = graph.node(name);
  const { namespace, ports } = node;
  const dataplane = startProcess({
    label: `timeplane switch of ${name}`,
    argv: timeplane(
      ...['switch', '--listen', P4RUNTIME_ADDRESS, '--device-id', '1', '--cpu-port', '510'],
      ...ports.flatMap((port, index) => ['--port', `${index + 1}=${port.name}`]),
      ...['--oscillator', oscillatorOption(options.clock), '--status', SWITCH_STATUS_ADDRESS],
    ),
    namespace,
  });
  onStart(dataplane);
  await dataplane.line(/^ready\b/, READY_TIMEOUT_MS);
  await startBoundaryAgent(context, node, options);
}

/** The same agent on simple_switch_grpc. */
export async function startBmv2Boundary(
  context: ClockContext,
  name: string,
  options: BoundaryOptions,
): Promise<void> {
  if (!hasProgram(BMV2_PROGRAM)) {
    throw new LabError('precondition', `${BMV2_PROGRAM} is not installed`);
  }
  const node = context.graph.node(name);
  const dataplane = startProcess({
    label: `${BMV2_PROGRAM} of ${name}`,
    argv: [
      ...[BMV2_PROGRAM, '--device-id', '1', '--no-p4'],
      ...node.ports.flatMap((port, index) => ['-i', `${index + 1}@${port.name}`]),
      ...['--', '--grpc-server-addr', P4RUNTIME_ADDRESS, '--cpu-port', '510'],
    ],
    namespace: node.namespace,
  });
  context.onStart(dataplane);
  // Its own word of readiness stays in its output buffer; the agent tries until it is there.
  await startBoundaryAgent(context, node, { ...options, target: 'bmv2' });
}

async function startBoundaryAgent(
  context: ClockContext,
  node: GraphNode,
  options: BoundaryOptions,
): Promise<void> {
  const { directory, onStart } = context;
  const { onLine } = options;
  await startConfiguredAgent({
    ...{ namespace: node.namespace, directory, onStart },
    config: boundaryConfig(context, node, options),
    ...(onLine === undefined ? {} : { onLine }),
  });
}

export const BOUNDARY_KINDS = ['ptp4l', 'timeplane', 'timeplane-sync', 'bmv2'] as const;
/** ptp4l's; ours with the same defaults; ours that gives up a master whose Syncs are missing; our agent
 * on bmv2, which has a clock of its own. */
export type BoundaryKind = (typeof BOUNDARY_KINDS)[number];

export const BOUNDARY_TITLES: Readonly<Record<BoundaryKind, string>> = {
  ptp4l: 'ptp4l',
  timeplane: 'timeplane',
  'timeplane-sync': 'timeplane, watching Sync',
  bmv2: 'timeplane on bmv2',
};

/** Three Syncs in a row are missing. */
const SYNC_RECEIPT_TIMEOUT = 3;

/** Any of them, in the place of a boundary clock. */
export async function startBoundary(
  context: ClockContext,
  name: string,
  kind: BoundaryKind,
  options: BoundaryOptions,
): Promise<void> {
  if (kind === 'ptp4l') {
    await startPtp4lBoundary(context, name, options);
    return;
  }
  if (kind === 'bmv2') {
    await startBmv2Boundary(context, name, options);
    return;
  }
  const syncReceiptTimeout = kind === 'timeplane-sync' ? SYNC_RECEIPT_TIMEOUT : 0;
  await startTimeplaneBoundary(context, name, { ...options, syncReceiptTimeout });
}

export function speakerOf(kind: BoundaryKind): 'kernel' | 'switch' {
  return kind === 'ptp4l' ? 'kernel' : 'switch';
}
