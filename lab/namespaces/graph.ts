/**
 * Any network of clocks: a namespace for each, a link between two of them, ports numbered in the
 * order of a clock's links. Each link is a subnet of its own, unless somebody in between forwards.
 */
import { clockIdentityOfMac } from '#units/clock-identity';
import { macAddress } from '#units/identity';
import { runCommand } from './commands.js';
import { linkNamespaces, type Interface } from './links.js';
import type { Role, Topology } from '../topologies/topology.js';
import type { Namespace } from './namespaces.js';
import { subnetPlaces, type SubnetPlace } from './subnets.js';
import { at, buildOnNamespaces } from './switched-path.js';

/** Who speaks PTP on a clock's interfaces: the kernel's sockets, or a switch that takes raw frames
 * and answers for its addresses itself. */
export type Speaker = 'kernel' | 'switch';

export interface GraphPort extends Interface {
  /** With prefix length; the kernel has it where it speaks. */
  readonly address: { readonly ipv4: string; readonly ipv6: string };
}

export interface GraphNode {
  readonly name: string;
  readonly namespace: Namespace;
  /** Port 1 first. */
  readonly ports: readonly GraphPort[];
  /** As a clock makes it of its first port's MAC address. */
  readonly clockIdentity: bigint;
}

export interface Graph {
  node(name: string): GraphNode;
  close(): Promise<void>;
}

export interface GraphPlan<Name extends string = string> {
  readonly nodes: Readonly<Record<Name, Speaker>>;
  readonly links: readonly (readonly [Name, Name])[];
  /** Who passes frames on: the links there are one subnet. */
  readonly forwards?: ReadonlySet<string>;
}

/** The plan of a description: ports are numbered alike. */
export function graphPlanOf({ nodes, links }: Topology): GraphPlan {
  const speaks = (role: Role): Speaker =>
    role === 'grandmaster' || role === 'client' ? 'kernel' : 'switch';
  const forwards = nodes.filter(({ role }) => role === 'transparent' || role === 'switch');
  return {
    nodes: Object.fromEntries(nodes.map(({ name, role }) => [name, speaks(role)])),
    links: links.map(({ a, b }) => [a, b] as const),
    forwards: new Set(forwards.map(({ name }) => name)),
  };
}

const octet = (value: number) => value.toString(16).padStart(2, '0');

function portOf(
  speaker: Speaker,
  namespace: Namespace,
  place: { readonly node: number; readonly port: number; readonly address: SubnetPlace },
): GraphPort {
  const { node, port, address } = place;
  return {
    namespace,
    name: `p${port}`,
    mac: `02:74:70:${octet(2 + (node >> 8))}:${octet(node & 255)}:${octet(port)}`,
    address,
    ...(speaker === 'kernel' ? address : {}),
  };
}

/** Opens the namespaces and links them. Throws LabError where the machine cannot. */
export function buildGraph(plan: GraphPlan): Promise<Graph> {
  const { nodes, links, forwards = new Set<string>() } = plan;
  const names = Object.keys(nodes);
  const indices = new Map(names.map((name, index) => [name, index]));
  const places = subnetPlaces(links, forwards);
  return buildOnNamespaces(names, async (namespaces, close) => {
    const ports = new Map<string, GraphPort[]>(names.map((name) => [name, []]));
    const add = (name: string, address: SubnetPlace | undefined): GraphPort => {
      const node = indices.get(name);
      const own = ports.get(name);
      const speaker = nodes[name];
      if (node === undefined || own === undefined || speaker === undefined || !address) {
        throw new Error(`no clock ${name}`);
      }
      const port = portOf(speaker, at(namespaces, node), { node, port: own.length + 1, address });
      own.push(port);
      return port;
    };
    for (const [link, [a, b]] of links.entries()) {
      await linkNamespaces(add(a, places[link]?.[0]), add(b, places[link]?.[1]));
    }
    const node = (name: string): GraphNode => {
      const own = ports.get(name) ?? [];
      const [first] = own;
      if (first === undefined) throw new Error(`no clock ${name}, or it has no link`);
      const clockIdentity = clockIdentityOfMac(macAddress(first.mac));
      return { name, namespace: first.namespace, ports: own, clockIdentity };
    };
    return { node, close };
  });
}

/** Takes a link down, or up again, at one of its ends. */
export async function setLink(end: Interface, state: 'up' | 'down'): Promise<void> {
  await runCommand(end.namespace.inside(['ip', 'link', 'set', 'dev', end.name, state]));
}
