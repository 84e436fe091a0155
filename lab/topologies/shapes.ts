/** Topologies by their shape. The role is that of all switches in between. */
import type { Role, Topology, TopologyLink, TopologyNode } from './topology.js';

export type Between = Extract<Role, 'boundary' | 'transparent' | 'switch'>;

export interface LinkTerms {
  readonly delayNs: number;
  readonly asymmetryNs: number;
  readonly bitsPerSecond: number | null;
}

/** A hundred metres of fibre or cable at 10 Gbit/s. */
export const PATCH: LinkTerms = { delayNs: 500, asymmetryNs: 0, bitsPerSecond: 10e9 };

function node(name: string, role: Role): TopologyNode {
  return { name, role };
}

function many(prefix: string, count: number, role: Role): TopologyNode[] {
  return Array.from({ length: count }, (_, index) => node(`${prefix}-${index + 1}`, role));
}

/** A link's terms with its ends. */
function link(a: TopologyNode, b: TopologyNode, terms: LinkTerms): TopologyLink {
  return { a: a.name, b: b.name, ...terms };
}

/** @throws RangeError for what is no count. */
function atLeast(what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`${what}: ${value}; a whole number of at least ${least}`);
  }
}

/** Grandmaster, `switches` in a row, a client. */
export function chain(switches: number, role: Between, terms: LinkTerms = PATCH): Topology {
  atLeast('switches', switches, 0);
  const row = [
    node('grandmaster', 'grandmaster'),
    ...many('switch', switches, role),
    node('client', 'client'),
  ];
  const links = row.slice(1).map((below, index) => link(row[index] ?? below, below, terms));
  return { name: `chain-${switches}`, nodes: row, links };
}

/** One switch with the grandmaster and all clients around it. */
export function star(clients: number, role: Between, terms: LinkTerms = PATCH): Topology {
  atLeast('clients', clients, 1);
  const hub = node('hub', role);
  const around = [node('grandmaster', 'grandmaster'), ...many('client', clients, 'client')];
  const links = around.map((one) => link(one, hub, terms));
  return { name: `star-${clients}`, nodes: [hub, ...around], links };
}

/** Switches in a circle, a client at each, the grandmaster at the first. Transparent clocks would go round. */
export function ring(switches: number, terms: LinkTerms = PATCH): Topology {
  atLeast('switches', switches, 3);
  const circle = many('switch', switches, 'boundary');
  const clients = many('client', switches, 'client');
  const master = node('grandmaster', 'grandmaster');
  const links = circle.flatMap((one, index) => {
    const next = circle[(index + 1) % switches] ?? one;
    const client = clients[index] ?? one;
    return [link(one, next, terms), link(one, client, terms)];
  });
  const [first = master] = circle;
  return {
    name: `ring-${switches}`,
    nodes: [master, ...circle, ...clients],
    links: [link(master, first, terms), ...links],
  };
}

/** `depth` levels of switches below the grandmaster, each with `fanout` below it, clients at the ends. */
export function tree(
  depth: number,
  fanout: number,
  role: Between,
  terms: LinkTerms = PATCH,
): Topology {
  atLeast('depth', depth, 1);
  atLeast('fanout', fanout, 1);
  const master = node('grandmaster', 'grandmaster');
  const nodes: TopologyNode[] = [master];
  const links: TopologyLink[] = [];
  let level: TopologyNode[] = [master];
  for (let at = 1; at <= depth + 1; at += 1) {
    const isLast = at === depth + 1;
    const below = many(
      isLast ? 'client' : `level-${at}`,
      at === 1 ? 1 : level.length * fanout,
      isLast ? 'client' : role,
    );
    for (const [index, one] of below.entries()) {
      links.push(link(level[Math.floor(index / fanout)] ?? master, one, terms));
    }
    nodes.push(...below);
    level = below;
  }
  return { name: `tree-${depth}-${fanout}`, nodes, links };
}

/** `switches` of them, each with up to `fanout` below it; the grandmaster above the first, nobody else. */
export function switches(
  count: number,
  fanout: number,
  role: Between,
  terms: LinkTerms = PATCH,
): Topology {
  atLeast('switches', count, 1);
  atLeast('fanout', fanout, 1);
  const master = node('grandmaster', 'grandmaster');
  const all = many('switch', count, role);
  const links = all.map((one, index) => {
    const above = index === 0 ? master : all[Math.floor((index - 1) / fanout)];
    return link(above ?? master, one, terms);
  });
  return { name: `switches-${count}-${fanout}`, nodes: [master, ...all], links };
}

export interface ClosShape {
  readonly grandmasters: number;
  /** 0: leaves and spines only. */
  readonly superSpines: number;
  readonly spines: number;
  readonly leaves: number;
  readonly serversPerLeaf: number;
}

/**
 * Every leaf to every spine, every spine to every super-spine; servers at the leaves. Grandmasters are at
 * the top: one beside each of the first spines or super-spines. Boundary clocks, as redundant ways need.
 */
export function clos(shape: ClosShape, terms: LinkTerms = PATCH): Topology {
  atLeast('grandmasters', shape.grandmasters, 1);
  atLeast('superSpines', shape.superSpines, 0);
  atLeast('spines', shape.spines, 1);
  atLeast('leaves', shape.leaves, 1);
  atLeast('serversPerLeaf', shape.serversPerLeaf, 0);
  const masters = many('grandmaster', shape.grandmasters, 'grandmaster');
  const supers = many('super-spine', shape.superSpines, 'boundary');
  const spines = many('spine', shape.spines, 'boundary');
  const leaves = many('leaf', shape.leaves, 'boundary');
  const servers = leaves.flatMap(({ name }) =>
    many(name.replace('leaf', 'server'), shape.serversPerLeaf, 'client'),
  );
  const top = supers.length === 0 ? spines : supers;
  const links = [
    ...masters.map((master, index) => link(master, top[index % top.length] ?? master, terms)),
    ...supers.flatMap((one) => spines.map((spine) => link(one, spine, terms))),
    ...spines.flatMap((spine) => leaves.map((leaf) => link(spine, leaf, terms))),
    ...servers.map((server, index) => {
      const leaf = leaves[Math.floor(index / shape.serversPerLeaf)] ?? server;
      return link(leaf, server, terms);
    }),
  ];
  const name = `clos-${shape.superSpines}-${shape.spines}-${shape.leaves}-${shape.serversPerLeaf}`;
  return { name, nodes: [...masters, ...supers, ...spines, ...leaves, ...servers], links };
}

/** Two grandmasters, four spines, sixteen leaves, 208 servers. */
export function dataCentre(terms: LinkTerms = PATCH): Topology {
  const shape = { grandmasters: 2, superSpines: 0, spines: 4, leaves: 16, serversPerLeaf: 13 };
  return { ...clos(shape, terms), name: 'data-centre' };
}
