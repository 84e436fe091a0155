/**
 * A network of clocks as data: one description for the simulator, for namespaces and for Mininet. Ports
 * are numbered from 1 in the order of a node's links.
 */
import { failure, success, type Result } from '#units/result';

export const ROLES = ['grandmaster', 'boundary', 'transparent', 'switch', 'client'] as const;
/** `switch`: forwards frames and knows nothing of PTP. `client`: an ordinary clock that only follows. */
export type Role = (typeof ROLES)[number];

export interface TopologyNode {
  readonly name: string;
  readonly role: Role;
}

export interface TopologyLink {
  readonly a: string;
  readonly b: string;
  /** Mean of both ways. */
  readonly delayNs: number;
  /** delayAsymmetry (7.4.2) from a to b: that way takes so much more than the mean, the other so much less. */
  readonly asymmetryNs: number;
  /** Null: frames take no time to be sent. */
  readonly bitsPerSecond: number | null;
}

export interface Topology {
  readonly name: string;
  readonly nodes: readonly TopologyNode[];
  readonly links: readonly TopologyLink[];
}

export type TopologyErrorCode =
  | 'no-nodes'
  | 'name-twice'
  | 'name-unfit'
  | 'unknown-node'
  | 'self-link'
  | 'negative-delay'
  | 'asymmetry-beyond-delay'
  | 'rate'
  | 'no-grandmaster'
  | 'unreached'
  | 'too-many-ports'
  | 'forwarding-loop';

/** v1model's ports are 9 bits, and the P4 program keeps records for so many. */
const MOST_PORTS = 127;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

export interface End {
  readonly node: string;
  readonly port: number;
}

export interface NumberedLink {
  readonly a: End;
  readonly b: End;
  readonly link: TopologyLink;
}

/** Links with the ports at their ends. */
export function numberedLinks({ links }: Topology): readonly NumberedLink[] {
  const used = new Map<string, number>();
  const next = (node: string): End => {
    const port = (used.get(node) ?? 0) + 1;
    used.set(node, port);
    return { node, port };
  };
  return links.map((link) => ({ a: next(link.a), b: next(link.b), link }));
}

export function portCount({ links }: Topology, node: string): number {
  return links.reduce((sum, { a, b }) => sum + Number(a === node) + Number(b === node), 0);
}

/** The shortest way to a grandmaster in links, by node; those that none reaches are not in it. */
export function hopsFromGrandmaster({ nodes, links }: Topology): ReadonlyMap<string, number> {
  const neighbours = new Map<string, string[]>(nodes.map(({ name }) => [name, []]));
  for (const { a, b } of links) {
    neighbours.get(a)?.push(b);
    neighbours.get(b)?.push(a);
  }
  const hops = new Map<string, number>();
  let reached = nodes.filter(({ role }) => role === 'grandmaster').map(({ name }) => name);
  for (let distance = 0; reached.length !== 0; distance += 1) {
    for (const name of reached) hops.set(name, distance);
    const beyond = reached.flatMap((name) => neighbours.get(name) ?? []);
    reached = [...new Set(beyond)].filter((name) => !hops.has(name));
  }
  return hops;
}

/** A thing that is wrong, and where: `['links', 3, 'delayNs']`. */
export interface TopologyProblem {
  readonly code: TopologyErrorCode;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `links[3].delayNs`; empty for the whole. */
export function placeText(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  return parts.join('').replace(/^\./, '');
}

/** The topology if clocks can run in it; else the first thing that is wrong, with its place. */
export function checkTopology(topology: Topology): Result<Topology, TopologyErrorCode> {
  const [wrong] = topologyProblems(topology);
  if (wrong === undefined) return success(topology);
  return failure(wrong.code, `${placeText(wrong.path)}: ${wrong.message}`);
}

/** All that is wrong with nodes and links; what is wrong with the whole only where those are right. */
export function topologyProblems(topology: Topology): readonly TopologyProblem[] {
  const parts = [...wrongNodes(topology), ...wrongLinks(topology)];
  if (parts.length > 0) return parts;
  const whole = wrongWhole(topology);
  return whole === null ? [] : [whole];
}

function wrongNodes({ nodes }: Topology): TopologyProblem[] {
  if (nodes.length === 0) return [{ code: 'no-nodes', path: ['nodes'], message: 'there is none' }];
  const seen = new Map<string, number>();
  const wrong: TopologyProblem[] = [];
  for (const [index, { name }] of nodes.entries()) {
    const path = ['nodes', index, 'name'];
    if (!NAME.test(name)) {
      const message = `"${name}" is not a name; a small letter first, then small letters, digits, -`;
      wrong.push({ code: 'name-unfit', path, message });
    }
    const before = seen.get(name);
    if (before !== undefined) {
      wrong.push({ code: 'name-twice', path, message: `${name} is nodes[${before}] already` });
    }
    seen.set(name, before ?? index);
  }
  return wrong;
}

function wrongLinks({ nodes, links }: Topology): TopologyProblem[] {
  const names = new Set(nodes.map(({ name }) => name));
  return links.flatMap((link, index) => {
    const unknown = (['a', 'b'] as const).filter((end) => !names.has(link[end]));
    const wrong = unknown.map((end): TopologyProblem => {
      const message = `there is no node ${link[end]}`;
      return { code: 'unknown-node', path: ['links', index, end], message };
    });
    if (link.a === link.b) {
      const message = `${link.a} cannot be linked to itself`;
      wrong.push({ code: 'self-link', path: ['links', index], message });
    }
    return [...wrong, ...wrongTerms(index, link)];
  });
}

function wrongTerms(
  index: number,
  { delayNs, asymmetryNs, bitsPerSecond }: TopologyLink,
): TopologyProblem[] {
  const wrong: TopologyProblem[] = [];
  const isDelay = delayNs >= 0 && Number.isFinite(delayNs);
  if (!isDelay) {
    const message = `${delayNs} ns; a link takes no time or some`;
    wrong.push({ code: 'negative-delay', path: ['links', index, 'delayNs'], message });
  } else if (!(Math.abs(asymmetryNs) <= delayNs)) {
    const message = `${asymmetryNs} ns is beyond the delay of ${delayNs} ns; one way would take less than no time`;
    wrong.push({ code: 'asymmetry-beyond-delay', path: ['links', index, 'asymmetryNs'], message });
  }
  if (bitsPerSecond !== null && !(bitsPerSecond > 0)) {
    const message = `${bitsPerSecond}; more than 0, or null for a line without a rate`;
    wrong.push({ code: 'rate', path: ['links', index, 'bitsPerSecond'], message });
  }
  return wrong;
}

function wrongWhole(topology: Topology): TopologyProblem | null {
  const { nodes } = topology;
  if (!nodes.some(({ role }) => role === 'grandmaster')) {
    const message = 'none of them has the role grandmaster';
    return { code: 'no-grandmaster', path: ['nodes'], message };
  }
  const hops = hopsFromGrandmaster(topology);
  const lost = nodes.findIndex(({ name }) => !hops.has(name));
  if (lost !== -1) {
    const message = `no link leads from a grandmaster to ${nodes[lost]?.name ?? ''}`;
    return { code: 'unreached', path: ['nodes', lost], message };
  }
  const loop = forwardingLoop(topology);
  if (loop !== -1) {
    const { a = '', b = '' } = topology.links[loop] ?? {};
    const message = `${a} and ${b} close a loop of nodes that forward; frames would go round for ever`;
    return { code: 'forwarding-loop', path: ['links', loop], message };
  }
  const counts = new Map<string, number>();
  for (const { a, b } of numberedLinks(topology)) {
    for (const { node, port } of [a, b]) counts.set(node, port);
  }
  const crowded = nodes.findIndex(({ name }) => (counts.get(name) ?? 0) > MOST_PORTS);
  if (crowded === -1) return null;
  const { name } = nodes[crowded] ?? { name: '' };
  const message = `${name} has ${counts.get(name) ?? 0} links, of at most ${MOST_PORTS}`;
  return { code: 'too-many-ports', path: ['nodes', crowded], message };
}

/** The first link that closes a loop of transparent clocks and switches; -1: none does. */
function forwardingLoop({ nodes, links }: Topology): number {
  const forwards = new Set(
    nodes.filter(({ role }) => role === 'transparent' || role === 'switch').map(({ name }) => name),
  );
  const groups = new Map<string, string>();
  const groupOf = (name: string): string => {
    let at = name;
    for (let above = groups.get(at); above !== undefined; above = groups.get(at)) at = above;
    return at;
  };
  return links.findIndex(({ a, b }) => {
    if (!forwards.has(a) || !forwards.has(b)) return false;
    const [one, other] = [groupOf(a), groupOf(b)];
    if (one === other) return true;
    groups.set(one, other);
    return false;
  });
}
