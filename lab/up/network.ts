/** A described network, alive: a namespace for each node, our switches with agents, ptp4l as the others. */
import {
  DEFAULT_RATES,
  FAST_RATES,
  startTimeplaneBoundary,
  type ClockContext,
} from '../experiments/boundary/clocks.js';
import { otherOscillator } from '../experiments/boundary/plan.js';
import type { GraphNode } from '../namespaces/graph.js';
import { limitEgress, WIRE_OVERHEAD_BYTES } from '../namespaces/links.js';
import {
  P4RUNTIME_ADDRESS,
  startAgent,
  SWITCH_STATUS_ADDRESS,
  timeplane,
  type AgentSettings,
} from '../peers/agent.js';
import { startProcess } from '../peers/managed-process.js';
import { startPtp4l, type Settings } from '../peers/ptp4l.js';
import { numberedLinks, type Topology, type TopologyNode } from '../topologies/topology.js';

export interface NetworkHooks {
  /** Each line of a client's ptp4l. */
  readonly onClientLine: (client: string, line: string) => void;
  /** A node is there: so many of all. */
  readonly progress: (done: number, all: number) => void;
}

/** Faster lines than a switch in user space has are not slowed down. */
export const FASTEST_LIMIT_BITS_PER_SECOND = 1e9;
const QUEUE_BOUND_BYTES = 128 * 1024;
const READY_TIMEOUT_MS = 30_000;

/** Of each port of a node; null: it is not limited. */
function ratesOf(topology: Topology, name: string): readonly (number | null)[] {
  const rates: (number | null)[] = [];
  for (const { a, b, link } of numberedLinks(topology)) {
    const rate = link.bitsPerSecond;
    const limit = rate !== null && rate <= FASTEST_LIMIT_BITS_PER_SECOND ? rate : null;
    for (const { node, port } of [a, b]) if (node === name) rates[port - 1] = limit;
  }
  return rates;
}

async function startDataplane(
  context: ClockContext,
  node: GraphNode,
  rates: readonly (number | null)[],
): Promise<void> {
  const queues = rates.flatMap((rate, index) => {
    if (rate === null) return [];
    const limits = `rate=${rate},bound=${QUEUE_BOUND_BYTES},overhead=${WIRE_OVERHEAD_BYTES}`;
    return ['--queue', `${index + 1}:${limits}`];
  });
  const dataplane = startProcess({
    label: `timeplane switch of ${node.name}`,
    argv: timeplane(
      ...['switch', '--listen', P4RUNTIME_ADDRESS, '--device-id', '1', '--cpu-port', '510'],
      ...node.ports.flatMap((port, index) => ['--port', `${index + 1}=${port.name}`]),
      ...queues,
      ...['--status', SWITCH_STATUS_ADDRESS],
    ),
    namespace: node.namespace,
  });
  context.onStart(dataplane);
  await dataplane.line(/^ready\b/, READY_TIMEOUT_MS);
}

async function startForwarding(
  context: ClockContext,
  node: GraphNode,
  role: 'transparent' | 'switch',
  rates: readonly (number | null)[],
): Promise<void> {
  await startDataplane(context, node, rates);
  const transparent = context.mechanism === 'P2P' ? 'transparentP2P' : 'transparent';
  const ptp = role === 'switch' ? 'off' : transparent;
  const settings: AgentSettings = { ptp, sourcePtp: ptp, step: 'one', delayAsymmetryNs: 0 };
  await startAgent({
    path: { switchNamespace: node.namespace, ports: node.ports },
    directory: context.directory,
    kind: 'native',
    settings,
    onStart: context.onStart,
  });
}

/** It steers nothing: its clock is everybody's, so what it believes to be its offset is its error. */
async function startClock(
  context: ClockContext,
  node: GraphNode,
  settings: Settings,
  onLine: (line: string) => void,
): Promise<void> {
  const { directory, transport, mechanism, rates, onStart } = context;
  const process = await startPtp4l({
    label: `ptp4l of ${node.name}`,
    ...{ directory, transport, mechanism, onLine },
    interfaces: node.ports,
    settings: {
      logAnnounceInterval: rates.logAnnounceInterval,
      announceReceiptTimeout: rates.announceReceiptTimeout,
      logSyncInterval: rates.logSyncInterval,
      logMinDelayReqInterval: rates.logDelayReqInterval,
      summary_interval: rates.logSyncInterval,
      ...settings,
    },
  });
  onStart(process);
}

const GRANDMASTER: Settings = { clockClass: 6, priority1: 1 };
const CLIENT: Settings = { slaveOnly: 1 };
const FIRST_PRIORITY2 = 100;
/** More at a time would only wait for one another. */
const AT_A_TIME = 2;

/** As in telecom, 16 Sync a second; the default profile's, one: for networks that are too large for more. */
export const LAB_RATES = { fast: FAST_RATES, slow: DEFAULT_RATES } as const;
export type LabRates = keyof typeof LAB_RATES;
export const RATE_NAMES = ['fast', 'slow'] as const satisfies readonly LabRates[];

/** Starts everybody: grandmasters, then switches, then clients. @throws LabError where one does not come up. */
export async function startNetwork(
  topology: Topology,
  context: ClockContext,
  hooks: NetworkHooks,
): Promise<void> {
  let done = 0;
  const { nodes } = topology;
  const start = async (node: TopologyNode, index: number): Promise<void> => {
    await startNode(topology, context, hooks, node, index);
    done += 1;
    hooks.progress(done, nodes.length);
  };
  const indexed = nodes.map((node, index) => ({ node, index }));
  // Boundary clocks that have agreed on a time of their own slew to a grandmaster's that comes later.
  const turn = ({ node: { role } }: { readonly node: TopologyNode }) =>
    role === 'grandmaster' ? 0 : role === 'client' ? 2 : 1;
  const order = indexed.toSorted((a, b) => turn(a) - turn(b));
  const waiting = order[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const { node, index } of waiting) await start(node, index);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

async function startNode(
  topology: Topology,
  context: ClockContext,
  { onClientLine }: NetworkHooks,
  { name, role }: TopologyNode,
  index: number,
): Promise<void> {
  const node = context.graph.node(name);
  if (role === 'boundary') {
    await startTimeplaneBoundary(context, name, { clock: otherOscillator(index) });
    return;
  }
  const rates = ratesOf(topology, name);
  if (role === 'transparent' || role === 'switch') {
    await startForwarding(context, node, role, rates);
    return;
  }
  for (const [at, rateBitsPerSecond] of rates.entries()) {
    const port = node.ports[at];
    if (rateBitsPerSecond === null || port === undefined) continue;
    await limitEgress(port, { rateBitsPerSecond, boundBytes: QUEUE_BOUND_BYTES });
  }
  if (role === 'client') {
    await startClock(context, node, CLIENT, (line) => onClientLine(name, line));
    return;
  }
  const priorities = { ...GRANDMASTER, priority2: FIRST_PRIORITY2 + (index % 100) };
  await startClock(context, node, priorities, () => undefined);
}
