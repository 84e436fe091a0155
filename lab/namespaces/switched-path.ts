/**
 * The lab's two networks.
 *
 *     direct                     grandmaster gm0 ───────────────── cl0 client
 *
 *     through a switch           grandmaster gm0 ── sw1 ┐       ┌ sw2 ── cl0 client
 *                                                       │ switch│          └ sink0 sink (own MAC)
 *                                     source src0 ── sw3┘       └ sw2 has the rate and the queue
 *
 * Cross traffic goes from the source to the sink and so shares port 2, and its queue, with what the
 * grandmaster sends to the client.
 */
import { addStation, linkNamespaces, type Interface } from './links.js';
import { openNamespace, type Namespace } from './namespaces.js';

export interface DirectPath {
  readonly grandmaster: Interface;
  readonly client: Interface;
  close(): Promise<void>;
}

/** Where a switch stands. */
export interface SwitchSite {
  readonly switchNamespace: Namespace;
  /** Ports 1 (towards the grandmaster), 2 (towards the client) and, with cross traffic, 3 (source). */
  readonly ports: readonly Interface[];
}

export interface SwitchedPath extends DirectPath, SwitchSite {
  readonly ports: readonly [Interface, Interface, Interface];
  readonly source: Interface;
  readonly sink: Interface;
}

/** Opens the namespaces, builds on them, and closes them again where building fails. */
export async function buildOnNamespaces<Path>(
  labels: readonly string[],
  connect: (namespaces: readonly Namespace[], close: () => Promise<void>) => Promise<Path>,
): Promise<Path> {
  const namespaces: Namespace[] = [];
  const close = async () => {
    await Promise.all(namespaces.map((namespace) => namespace.close()));
  };
  try {
    for (const label of labels) namespaces.push(await openNamespace(label));
    return await connect(namespaces, close);
  } catch (error) {
    await close();
    throw error;
  }
}

export function at(namespaces: readonly Namespace[], index: number): Namespace {
  const namespace = namespaces[index];
  if (namespace === undefined) throw new Error(`no namespace ${index}`);
  return namespace;
}

const grandmasterEnd = (namespace: Namespace): Interface => ({
  namespace,
  name: 'gm0',
  mac: '02:74:70:00:01:01',
  ipv4: '192.0.2.1/24',
});

const clientEnd = (namespace: Namespace): Interface => ({
  namespace,
  name: 'cl0',
  mac: '02:74:70:00:02:01',
  ipv4: '192.0.2.2/24',
});

export function buildDirectPath(): Promise<DirectPath> {
  return buildOnNamespaces(['grandmaster', 'client'], async (namespaces, close) => {
    const grandmaster = grandmasterEnd(at(namespaces, 0));
    const client = clientEnd(at(namespaces, 1));
    await linkNamespaces(grandmaster, client);
    return { grandmaster, client, close };
  });
}

export interface SwitchedPathOptions {
  /** Addresses on the ports towards the clocks: for a switch that speaks PTP over UDP itself. */
  readonly switchAddresses: boolean;
}

export function buildSwitchedPath(options: SwitchedPathOptions): Promise<SwitchedPath> {
  const labels = ['grandmaster', 'switch', 'client', 'source', 'sink'];
  return buildOnNamespaces(labels, async (namespaces, close) => {
    const grandmaster = grandmasterEnd(at(namespaces, 0));
    const switchNamespace = at(namespaces, 1);
    const client = clientEnd(at(namespaces, 2));
    const source = { namespace: at(namespaces, 3), name: 'src0', mac: '02:74:70:00:03:01' };
    const sink = { namespace: at(namespaces, 4), name: 'sink0', mac: '02:74:70:00:02:02' };
    const port = (number: number, ipv4?: string): Interface => ({
      namespace: switchNamespace,
      name: `sw${number}`,
      mac: `02:74:70:00:00:0${number}`,
      ...(options.switchAddresses && ipv4 !== undefined ? { ipv4 } : {}),
    });
    const ports = [port(1, '192.0.2.11/24'), port(2, '192.0.2.12/24'), port(3)] as const;
    await linkNamespaces(grandmaster, ports[0]);
    await linkNamespaces(client, ports[1]);
    await linkNamespaces(source, ports[2]);
    await addStation(client, sink);
    return { grandmaster, client, switchNamespace, ports, source, sink, close };
  });
}
