import { describe, expect, it } from 'vitest';
import { readTopology, writeTopology } from '../../../lab/topologies/document.js';
import { readShape, SHAPE_USAGE } from '../../../lab/topologies/read.js';
import {
  checkTopology,
  hopsFromGrandmaster,
  numberedLinks,
  portCount,
  type Topology,
} from '../../../lab/topologies/topology.js';

function shape(text: string, role: 'boundary' | 'transparent' | 'switch' = 'boundary'): Topology {
  const read = readShape(text, role);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const count = ({ nodes }: Topology, role: string) =>
  nodes.filter((one) => one.role === role).length;

describe('a shape', () => {
  it('chain:3 is a row', () => {
    const { nodes, links } = shape('chain:3', 'transparent');
    expect(nodes.map(({ name }) => name).join(' ')).toBe(
      'grandmaster switch-1 switch-2 switch-3 client',
    );
    expect(links.map(({ a, b }) => `${a}–${b}`).join(' ')).toBe(
      'grandmaster–switch-1 switch-1–switch-2 switch-2–switch-3 switch-3–client',
    );
  });

  it('data-centre is two grandmasters, four spines, sixteen leaves and 208 servers', () => {
    const topology = shape('data-centre');
    expect(count(topology, 'grandmaster')).toBe(2);
    expect(count(topology, 'boundary')).toBe(20);
    expect(count(topology, 'client')).toBe(208);
    // Uplinks of 16 leaves to 4 spines, servers, grandmasters.
    expect(topology.links).toHaveLength(16 * 4 + 208 + 2);
    expect(portCount(topology, 'leaf-7')).toBe(4 + 13);
    expect(portCount(topology, 'spine-1')).toBe(16 + 1);
    expect(hopsFromGrandmaster(topology).get('server-16-13')).toBe(3);
  });

  it.each([
    ['star:5', 7, 6],
    ['ring:4', 9, 9],
    ['tree:2,3', 1 + 1 + 3 + 9, 13],
    ['switches:12,3', 1 + 12, 12],
    ['clos:2,4,8,3', 1 + 2 + 4 + 8 + 24, 1 + 8 + 32 + 24],
  ])('%s has %i nodes and %i links', (text, nodes, links) => {
    const topology = shape(text);
    expect(topology.nodes).toHaveLength(nodes);
    expect(topology.links).toHaveLength(links);
    const named = topology.links.map(({ a, b }) => [a, b].sort().join(' '));
    expect(new Set(named).size).toBe(links);
  });

  it('numbers ports in the order of links', () => {
    const ends = numberedLinks(shape('ring:3')).map(
      ({ a, b }) => `${a.node}.${a.port}–${b.node}.${b.port}`,
    );
    expect(ends).toEqual([
      'grandmaster.1–switch-1.1',
      'switch-1.2–switch-2.1',
      'switch-1.3–client-1.1',
      'switch-2.2–switch-3.1',
      'switch-2.3–client-2.1',
      'switch-3.2–switch-1.4',
      'switch-3.3–client-3.1',
    ]);
  });

  it.each([
    ['cube:3', `no shape "cube"; there are ${SHAPE_USAGE.join(' ')}`],
    ['chain', '"chain" has 0 numbers; write chain:switches'],
    ['tree:2', '"tree:2" has 1 numbers; write tree:depth,fanout'],
    ['ring:2', '"ring:2": switches: 2; a whole number of at least 3'],
    ['chain:1.5', 'switches: 1.5'],
    ['star:200', 'nodes[0]: hub has 201 links, of at most 127'],
    ['toString:1', 'no shape "toString"'],
  ])('%s is refused: %s', (text, message) => {
    const read = readShape(text);
    expect(read.ok ? '' : read.error.message).toContain(message);
  });
});

describe('a document', () => {
  const nodes = [
    { name: 'gm', role: 'grandmaster' },
    { name: 'sw', role: 'transparent' },
    { name: 'c', role: 'client' },
  ];
  const links = [
    { a: 'gm', b: 'sw' },
    { a: 'sw', b: 'c', delayNs: 40 },
  ];
  const read = (document: unknown) => {
    const result = readTopology(document);
    return result.ok ? result.value : result.error.message;
  };

  it('may leave a link as a patch cable', () => {
    expect(read({ nodes, links })).toMatchObject({
      name: 'custom',
      links: [
        { delayNs: 500, asymmetryNs: 0, bitsPerSecond: 10e9 },
        { delayNs: 40, asymmetryNs: 0, bitsPerSecond: 10e9 },
      ],
    });
  });

  it('that was written is read as it was', () => {
    const topology = shape('tree:2,2', 'transparent');
    expect(readTopology(JSON.parse(writeTopology(topology)))).toEqual({
      ok: true,
      value: topology,
    });
  });

  it.each([
    [{ nodes, links: [{ a: 'gm', b: 'sw', delayNs: -5 }] }, 'links[0].delayNs: -5 ns'],
    [{ nodes, links: [{ a: 'gm', b: 'sw', asymmetryNs: 501 }] }, 'links[0].asymmetryNs: 501 ns'],
    [{ nodes, links: [{ a: 'gm', b: 'xx' }] }, 'links[0].b: there is no node xx'],
    [{ nodes, links: [{ a: 'gm', b: 'gm' }] }, 'links[0]: gm cannot be linked to itself'],
    [{ nodes, links: [{ a: 'gm', b: 'sw', bitsPerSecond: 0 }] }, 'links[0].bitsPerSecond: 0'],
    [{ nodes, links: [links[0]] }, 'nodes[2]: no link leads from a grandmaster to c'],
    [{ nodes: nodes.slice(1), links: [links[1]] }, 'none of them has the role grandmaster'],
    [{ nodes: [...nodes, nodes[1]], links }, 'nodes[3].name: sw is nodes[1] already'],
    [{ nodes: [{ name: '../x', role: 'client' }], links: [] }, 'nodes[0].name: "../x"'],
    [{ nodes: [{ name: 'x', role: 'tc' }], links: [] }, 'nodes[0].role'],
    [{ nodes, links, speed: 3 }, 'speed'],
    [{ nodes: [], links: [] }, 'nodes: there is none'],
    ['chain:3', 'expected object'],
  ])('%j is refused: %s', (document, message) => {
    expect(read(document)).toContain(message);
  });

  it('may not make frames go round for ever', () => {
    const { nodes: circle, links: round } = shape('ring:3');
    const forwarding = circle.map((node) =>
      node.role === 'boundary' ? { ...node, role: 'switch' } : node,
    );
    expect(read({ nodes: forwarding, links: round })).toContain(
      'links[5]: switch-3 and switch-1 close a loop of nodes that forward',
    );
    expect(checkTopology(shape('ring:3')).ok).toBe(true);
  });
});
