/**
 * A row's hosts, links and switches, in each environment: the lab's own namespaces, or Mininet. All else of
 * a row, from the taps to the clients, is the same in both.
 */
import { LabError } from '../../lab-error.js';
import { addStation, type Interface } from '../../namespaces/links.js';
import { buildChain, type ChainPath, type SwitchPlace } from '../../namespaces/chain.js';
import type { Namespace } from '../../namespaces/namespaces.js';
import {
  startMininetRow,
  type MininetMode,
  type MininetNode,
  type MininetNodes,
} from '../../peers/mininet.js';
import type { ManagedProcess } from '../../peers/managed-process.js';
import { startCompareDevices, switchStarts, type CompareDevicesOptions } from './devices.js';
import type { CompareKind, CompareRow } from './rows.js';

export interface CompareSite {
  readonly path: ChainPath;
  /** Starts the row's switches, and waits until each is configured. Throws LabError. */
  readonly startSwitches: () => Promise<void>;
}

export interface SiteOptions extends Omit<CompareDevicesOptions, 'path'> {
  readonly signal: AbortSignal;
}

/** Builds the row; its switches are not started. Whoever has it closes its path. Throws LabError. */
export function buildSite(options: SiteOptions): Promise<CompareSite> {
  return options.row.environment === 'mininet' ? inMininet(options) : inNamespaces(options);
}

async function inNamespaces(options: SiteOptions): Promise<CompareSite> {
  const { switches } = options.row;
  const path = await buildChain({
    ...{ switches, vlan: false, addresses: 'none', switchesSpeak: false },
  });
  return { path, startSwitches: () => startCompareDevices({ ...options, path }) };
}

/** Topologies say what switches are; ours are told by their agents' configuration. */
const MODES: Readonly<Record<CompareKind, MininetMode>> = {
  direct: 'switch',
  'tc-one': 'transparent',
  'tc-two': 'transparent',
  bc: 'boundary',
  bridge: 'switch',
};

async function inMininet(options: SiteOptions): Promise<CompareSite> {
  const { row, onStart, signal } = options;
  const processes: ManagedProcess[] = [];
  const mininet = await startMininetRow(row.switches, MODES[row.kind], (process) => {
    processes.push(process);
    onStart(process);
  });
  const close = async () => {
    await Promise.all(processes.map((process) => process.stop()));
  };
  const path = mininetPath(row, mininet.nodes, close);
  if (path.crossTraffic !== undefined) await addStation(path.client, path.crossTraffic.sink);
  const startSwitches = async () => {
    if (row.switches === 0) return;
    const starts = switchStarts({ ...options, path });
    await unlessInterrupted(mininet.start(starts, row.kind === 'bc'), signal);
  };
  return { path, startSwitches };
}

async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let end: () => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    end = () => reject(new LabError('interrupted', 'interrupted'));
  });
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', end);
    // Who is not waited for any more fails unheard.
    work.catch(() => undefined);
    interrupted.catch(() => undefined);
  }
}

function namespaceOf(label: string, { pid }: MininetNode): Namespace {
  return {
    ...{ label, pid },
    inside: (argv) => ['nsenter', '--target', String(pid), '--net', '--', ...argv],
    // Mininet closes it.
    close: () => Promise.resolve(),
  };
}

const SINK_MAC = '02:74:70:00:02:02';

/** The row as timeplane_row.py described it. @throws LabError where a node or a port is missing. */
export function mininetPath(
  { switches }: Pick<CompareRow, 'switches'>,
  nodes: MininetNodes,
  close: () => Promise<void>,
): ChainPath {
  const nodeOf = (name: string): MininetNode => {
    const node = nodes[name];
    if (node !== undefined) return node;
    throw new LabError('command-failed', `Mininet's row has no ${name}`);
  };
  const portsOf = (name: string): readonly Interface[] => {
    const namespace = namespaceOf(name, nodeOf(name));
    return nodeOf(name).ports.map((port) => ({ namespace, ...port }));
  };
  const portOf = (name: string, number: number): Interface => {
    const port = portsOf(name)[number - 1];
    if (port !== undefined) return port;
    throw new LabError('command-failed', `${name} of Mininet's row has no port ${number}`);
  };
  const place = (name: string): SwitchPlace => {
    const clockPorts = [portOf(name, 1), portOf(name, 2)] as const;
    const { namespace } = clockPorts[0];
    return { switchNamespace: namespace, ports: portsOf(name), clockPorts };
  };
  const [grandmaster, client] = [portOf('grandmaster', 1), portOf('client', 1)];
  const path = {
    ...{ grandmaster, client, grandmasterLink: grandmaster, clientLink: client, close },
    switches: Array.from({ length: switches }, (_, index) => place(`switch-${index + 1}`)),
  };
  if (switches === 0) return path;
  const sinkNamespace = namespaceOf('sink', nodeOf('sink'));
  const sink = { namespace: sinkNamespace, name: 'sink0', mac: SINK_MAC };
  return { ...path, crossTraffic: { source: portOf('source', 1), sink } };
}
