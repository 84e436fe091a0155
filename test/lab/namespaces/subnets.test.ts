/** Addresses of a network of namespaces: who can reach whom. */
import { describe, expect, it } from 'vitest';
import { graphPlanOf } from '#lab/namespaces/graph';
import { subnetPlaces } from '#lab/namespaces/subnets';
import { readShape } from '../../../lab/topologies/read.js';
import type { Topology } from '../../../lab/topologies/topology.js';

function shape(text: string, role: 'boundary' | 'transparent'): Topology {
  const read = readShape(text, role);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

function places(text: string, role: 'boundary' | 'transparent') {
  const { links, forwards = new Set<string>() } = graphPlanOf(shape(text, role));
  return subnetPlaces(links, forwards);
}

/** The network of an address, as number and length. */
function network(address: string): string {
  const [ip = '', length = ''] = address.split('/');
  const bits = ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(length));
  return `${Math.floor(bits / size)}/${length}`;
}

describe('a network of boundary clocks', () => {
  it('has a subnet for each link, with both ends in it', () => {
    const all = places('tree:3,3', 'boundary');
    for (const [a, b] of all) expect(network(a.ipv4)).toBe(network(b.ipv4));
    expect(new Set(all.map(([a]) => network(a.ipv4))).size).toBe(all.length);
    expect(new Set(all.flat().map(({ ipv6 }) => ipv6)).size).toBe(2 * all.length);
  });

  it('has no address twice, nor a network’s or its broadcast', () => {
    const addresses = places('data-centre', 'boundary')
      .flat()
      .map(({ ipv4 }) => ipv4);
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const address of addresses) {
      expect([1, 2]).toContain(Number(address.split('/')[0]?.split('.')[3]) % 4);
    }
  });
});

describe('a network of transparent clocks', () => {
  it('is one subnet', () => {
    const all = places('tree:2,2', 'transparent').flat();
    expect(new Set(all.map(({ ipv4 }) => network(ipv4))).size).toBe(1);
    expect(new Set(all.map(({ ipv4 }) => ipv4)).size).toBe(all.length);
    expect(new Set(all.map(({ ipv6 }) => ipv6.replace(/::.*/, ''))).size).toBe(1);
  });

  it('ends at a boundary clock', () => {
    const links = [
      ['gm', 'tc-1'],
      ['tc-1', 'bc'],
      ['bc', 'tc-2'],
      ['tc-2', 'tc-3'],
      ['tc-3', 'c'],
    ] as const;
    const networks = subnetPlaces(links, new Set(['tc-1', 'tc-2', 'tc-3'])).map(([a, b]) => {
      expect(network(a.ipv4)).toBe(network(b.ipv4));
      return network(a.ipv4);
    });
    expect(networks[0]).toBe(networks[1]);
    expect(networks[2]).toBe(networks[4]);
    expect(networks[0]).not.toBe(networks[2]);
  });

  it('has as many ports as there are addresses', () => {
    const star = Array.from({ length: 600 }, (_, index) => ['hub', `c-${index}`] as const);
    expect(() => subnetPlaces(star, new Set(['hub']))).toThrow('1022 ports');
  });
});

it('speaks where the kernel does, on hosts alone', () => {
  const { nodes, forwards } = graphPlanOf(shape('chain:1', 'transparent'));
  expect(nodes).toEqual({ grandmaster: 'kernel', 'switch-1': 'switch', client: 'kernel' });
  expect([...(forwards ?? [])]).toEqual(['switch-1']);
});
