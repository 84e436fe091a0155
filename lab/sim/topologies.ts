/** Networks that are used more than once, with their clocks at hand. */
import type { InstanceEffect } from '#ptp/instance/instance-types';
import type { Role, Topology, TopologyLink, TopologyNode } from '../topologies/topology.js';
import { PERFECT } from './oscillator.js';
import type { PtpNode } from './ptp-node.js';
import { simulatedNetwork, type Network, type NetworkOptions } from './simulated-network.js';
import { EXACT_STAMPS } from './timestamper.js';
import type { TransparentNodeOptions } from './transparent/node.js';
import type { World } from './world.js';

const LINK_NS = 500;
const GRANDMASTER: TopologyNode = { name: 'grandmaster', role: 'grandmaster' };

/** As a network's; what `oscillator` does not say is perfect, and the grandmaster's stamps are exact. */
export interface ChainOptions extends Pick<
  NetworkOptions,
  'port' | 'discipline' | 'oscillator' | 'timestamper' | 'overTheWire'
> {
  /** Clocks below the grandmaster; the last one only follows. */
  readonly hops: number;
  readonly linkNs?: number;
}

export interface Chain {
  readonly grandmaster: PtpNode;
  /** From the grandmaster down. */
  readonly clocks: readonly PtpNode[];
}

/** Grandmaster, then boundary clocks (port 1 up, port 2 down), then an ordinary clock; not yet started. */
export function boundaryChain(world: World, options: ChainOptions): Chain {
  const clocks = rowOf(options.hops, 'clock', 'boundary');
  const nodes = [GRANDMASTER, ...clocks];
  const network = networkOf(world, nodes, inARow(nodes), options);
  return chainOf(network, clocks);
}

/** Grandmaster, `hops - 1` transparent clocks, one clock that follows; not yet started. */
export function transparentChain(
  world: World,
  options: ChainOptions,
  transparent: TransparentNodeOptions = {},
): Chain {
  const row = rowOf(options.hops, 'transparent', 'transparent');
  const nodes = [GRANDMASTER, ...row];
  const perfect = { oscillator: PERFECT, timestamper: EXACT_STAMPS, ...transparent };
  const network = networkOf(world, nodes, inARow(nodes), options, {
    transparent: perfect,
  });
  return chainOf(network, row.slice(-1));
}

/** A boundary clock whose port 1 has the grandmaster, and each other port a client. */
export function boundaryWithClients(
  world: World,
  ports: number,
  options: Partial<ChainOptions> & { readonly onBoundaryEffect?: (effect: InstanceEffect) => void },
) {
  const { onBoundaryEffect, ...rest } = options;
  const [boundary, ...clients] = rowOf(ports, 'clock', 'client');
  if (boundary === undefined) throw new RangeError(`${ports} ports: a boundary clock has some`);
  const nodes = [GRANDMASTER, { ...boundary, role: 'boundary' as const }, ...clients];
  const links = [GRANDMASTER, ...clients].map(({ name }) => [name, boundary.name] as const);
  const onEffect = (name: string, effect: InstanceEffect): void => {
    if (name === boundary.name) onBoundaryEffect?.(effect);
  };
  const network = networkOf(world, nodes, links, rest, { onEffect });
  return {
    grandmaster: nodeOf(network, GRANDMASTER.name),
    boundary: nodeOf(network, boundary.name),
    clients: clients.map(({ name }) => nodeOf(network, name)),
  };
}

/** `prefix 1`, … and the last one a clock that follows. */
function rowOf(count: number, prefix: string, role: Role): TopologyNode[] {
  return Array.from({ length: count }, (_, index) =>
    index + 1 === count
      ? { name: `clock ${count}`, role: 'client' }
      : { name: `${prefix} ${index + 1}`, role },
  );
}

type Ends = readonly (readonly [above: string, below: string])[];

function inARow(nodes: readonly TopologyNode[]): Ends {
  return nodes.slice(1).map(({ name }, index) => [nodes[index]?.name ?? '', name] as const);
}

function networkOf(
  world: World,
  nodes: readonly TopologyNode[],
  ends: Ends,
  options: Partial<ChainOptions>,
  more: NetworkOptions = {},
): Network {
  const { hops: _, linkNs: delayNs = LINK_NS, oscillator, ...rest } = options;
  const links = ends.map(([a, b]): TopologyLink => {
    return { a, b, delayNs, asymmetryNs: 0, bitsPerSecond: null };
  });
  const topology: Topology = { name: 'clocks', nodes, links };
  return simulatedNetwork(world, topology, {
    ...rest,
    ...(oscillator === undefined ? {} : { oscillator: { ...PERFECT, ...oscillator } }),
    grandmasterTimestamper: EXACT_STAMPS,
    ...more,
  });
}

function chainOf(network: Network, clocks: readonly TopologyNode[]): Chain {
  const of = ({ name }: TopologyNode): PtpNode => nodeOf(network, name);
  return { grandmaster: of(GRANDMASTER), clocks: clocks.map(of) };
}

function nodeOf({ clocks }: Network, name: string): PtpNode {
  const found = clocks.get(name);
  if (found === undefined) throw new RangeError(`no clock ${name}`);
  return found;
}
