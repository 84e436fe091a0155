/**
 * Any network of clocks: a namespace for each, a link between two of them, ports numbered in the
 * order of a clock's links. Each link is a subnet of its own.
 */
import { clockIdentityOfMac } from '#units/clock-identity';
import { macAddress } from '#units/identity';
import { runCommand } from './commands.js';
import { linkNamespaces, type Interface } from './links.js';
import type { Namespace } from './namespaces.js';
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
}

const octet = (value: number) => value.toString(16).padStart(2, '0');

function portOf(
  speaker: Speaker,
  namespace: Namespace,
  place: { readonly node: number; readonly port: number; readonly link: number; end: 1 | 2 },
): GraphPort {
  const { node, port, link, end } = place;
  const address = {
    ipv4: `192.0.2.${4 * link + end}/30`,
    ipv6: `2001:db8:0:${link.toString(16)}::${end}/64`,
  };
  return {
    namespace,
    name: `p${port}`,
    mac: `02:74:70:02:${octet(node)}:${octet(port)}`,
    address,
    ...(speaker === 'kernel' ? address : {}),
  };
}

/** Opens the namespaces and links them. Throws LabError where the machine cannot. */
export function buildGraph({ nodes, links }: GraphPlan): Promise<Graph> {
  const names = Object.keys(nodes);
  return buildOnNamespaces(names, async (namespaces, close) => {
    const ports = new Map<string, GraphPort[]>(names.map((name) => [name, []]));
    const add = (name: string, link: number, end: 1 | 2): GraphPort => {
      const node = names.indexOf(name);
      const own = ports.get(name);
      const speaker = nodes[name];
      if (own === undefined || speaker === undefined) throw new Error(`no clock ${name}`);
      const place = { node, port: own.length + 1, link, end };
      const port = portOf(speaker, at(namespaces, node), place);
      own.push(port);
      return port;
    };
    for (const [link, [a, b]] of links.entries()) {
      await linkNamespaces(add(a, link, 1), add(b, link, 2));
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
