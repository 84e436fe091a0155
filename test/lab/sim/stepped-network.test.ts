/** The network in steps against the one of events, with whole instances, and against the closed form. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '#lab/sim/random';
import { simulatedNetwork } from '#lab/sim/simulated-network';
import { expectedRms } from '#lab/sim/stepped-chain';
import { SteppedNetwork } from '#lab/sim/stepped-network';
import { World } from '#lab/sim/world';
import { chain, clos, ring, star, tree, type LinkTerms } from '#lab/topologies/shapes';
import { hopsFromGrandmaster, numberedLinks, type Topology } from '#lab/topologies/topology';
import type { LoopGains } from '../../../control-plane/servo/gains.js';

const SIGMA_NS = 50;
const STEPS = 100_000;
/** Delays that are not there need not be measured. */
const NO_DELAY: LinkTerms = { delayNs: 0, asymmetryNs: 0, bitsPerSecond: null };
const LINUXPTP = { kp: 0.7, ki: 0.3 };
const FLAT = { kp: 0.7, ki: 0.00613 };
const SLOW = { kp: 0.3, ki: 0.02 };

/** Boundary and transparent clocks one behind the other, and clients at both. */
const MIXED: Topology = {
  name: 'mixed',
  nodes: [
    { name: 'grandmaster', role: 'grandmaster' },
    { name: 'first', role: 'transparent' },
    { name: 'boundary', role: 'boundary' },
    { name: 'second', role: 'transparent' },
    { name: 'near', role: 'client' },
    { name: 'far-1', role: 'client' },
    { name: 'far-2', role: 'client' },
  ],
  links: [
    { a: 'grandmaster', b: 'first', ...NO_DELAY },
    { a: 'first', b: 'boundary', ...NO_DELAY },
    { a: 'first', b: 'near', ...NO_DELAY },
    { a: 'boundary', b: 'second', ...NO_DELAY },
    { a: 'second', b: 'far-1', ...NO_DELAY },
    { a: 'second', b: 'far-2', ...NO_DELAY },
  ],
};

/** Deviations by clock, and when within a second each master sends to each neighbour. */
function inEvents(topology: Topology, gains: LoopGains, seed: number, seconds: number) {
  const neighbours = new Map(
    numberedLinks(topology).flatMap(({ a, b }) => [
      [`${a.node} ${a.port}`, b.node],
      [`${b.node} ${b.port}`, a.node],
    ]),
  );
  const phases = new Map<string, number>();
  const world = new World({
    seed,
    onFrame: ({ message }, { name }, port, atNs) => {
      if (message.kind !== 'sync') return;
      phases.set(`${name} ${neighbours.get(`${name} ${port}`) ?? ''}`, (atNs % 1e9) / 1e9);
    },
  });
  const { clocks, start } = simulatedNetwork(world, topology, {
    port: { delayMechanism: 'none', logAnnounceInterval: 3 },
    // What is never LOCKED leaves out no outliers.
    discipline: { servo: 'pi', gains, lockThresholdNs: 1e-3 },
    timestamper: { jitter: { kind: 'normal', sigmaNs: SIGMA_NS } },
    oscillator: { whitePpb: 0, flickerPpb: 0, walkPpb: 0, driftPpbPerDay: 0 },
    ppm: 0,
  });
  start();
  world.run(300);
  const squares = new Map<string, number>();
  for (let second = 0; second < seconds; second += 1) {
    world.run(1);
    for (const { name, errorNs } of clocks.values()) {
      squares.set(name, (squares.get(name) ?? 0) + errorNs ** 2 / seconds);
    }
  }
  const phaseOf = (master: string, neighbour: string): number => {
    const phase = phases.get(`${master} ${neighbour}`);
    if (phase === undefined) throw new Error(`${master} sent nothing to ${neighbour}`);
    return phase;
  };
  return { squares, phaseOf };
}

function inSteps(
  topology: Topology,
  gains: LoopGains,
  phaseOf: (master: string, neighbour: string) => number,
): Map<string, number> {
  const random = randomStream(1, 'stepped');
  const network = new SteppedNetwork(topology, { gains, stampSigmaNs: SIGMA_NS, random, phaseOf });
  network.run(1_000);
  const squares = new Map<string, number>();
  network.run(STEPS, () => {
    for (const [name, place] of network.places) {
      const errorNs = network.errorsNs[place] ?? 0;
      squares.set(name, (squares.get(name) ?? 0) + errorNs ** 2 / STEPS);
    }
  });
  return squares;
}

describe('the network in steps', () => {
  it.each([
    { topology: chain(3, 'boundary', NO_DELAY), gains: LINUXPTP },
    { topology: tree(2, 2, 'boundary', NO_DELAY), gains: FLAT },
    { topology: star(4, 'transparent', NO_DELAY), gains: LINUXPTP },
    { topology: MIXED, gains: SLOW },
  ])(
    'has the errors of events within 2 %: $topology.name, $gains',
    ({ topology, gains }) => {
      const ratios: number[] = [];
      for (const seed of [1, 2, 3]) {
        const { squares, phaseOf } = inEvents(topology, gains, seed, 8_000);
        for (const [name, square] of inSteps(topology, gains, phaseOf)) {
          ratios.push((squares.get(name) ?? Number.NaN) / square);
        }
      }
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      expect(Math.abs(Math.sqrt(mean) - 1)).toBeLessThan(0.02);
      // Each by itself has the scatter of its own seed.
      for (const ratio of ratios) expect(Math.abs(Math.sqrt(ratio) - 1)).toBeLessThan(0.06);
    },
    180_000,
  );

  it('is the closed form where all send at the same time', () => {
    const hops = 5;
    const squares = inSteps(chain(hops - 1, 'boundary'), LINUXPTP, () => 0);
    const found = Math.sqrt(squares.get('client') ?? Number.NaN);
    // A hop has two stamps.
    const expected = Math.SQRT2 * SIGMA_NS * expectedRms(LINUXPTP, hops).boundary;
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.02);
  });

  it('follows the nearest grandmaster by boundary clocks, past transparent ones', () => {
    const random = randomStream(1, 'stepped');
    const options = { gains: FLAT, stampSigmaNs: 0, random };
    const { places } = new SteppedNetwork(MIXED, options);
    expect([...places.keys()]).toEqual(['boundary', 'near', 'far-1', 'far-2']);
  });

  const allTransparent = (topology: Topology): Topology => ({
    ...topology,
    nodes: topology.nodes.map((node) =>
      node.role === 'boundary' ? { ...node, role: 'transparent' } : node,
    ),
  });

  it.each([
    ring(7, NO_DELAY),
    clos({ grandmasters: 1, superSpines: 2, spines: 2, leaves: 3, serversPerLeaf: 1 }, NO_DELAY),
  ])('takes the shortest way through transparent clocks, where there are loops: $name', (shape) => {
    const topology = allTransparent(shape);
    const links = hopsFromGrandmaster(topology);
    const squares = [...inSteps(topology, LINUXPTP, () => 0)];
    const clients = topology.nodes.filter(({ role }) => role === 'client');
    expect(squares.map(([name]) => name).toSorted()).toEqual(
      clients.map(({ name }) => name).toSorted(),
    );
    // The error's variance is that of two stamps at each link.
    const one = 2 * (SIGMA_NS * expectedRms(LINUXPTP, 1).boundary) ** 2;
    for (const [name, square] of squares) {
      expect(square / one / (links.get(name) ?? Number.NaN), name).toBeCloseTo(1, 1);
    }
  });

  it('says what it cannot model', () => {
    const random = randomStream(1, 'stepped');
    const options = { gains: FLAT, stampSigmaNs: 10, random };
    const of = (topology: Topology, more = {}) =>
      new SteppedNetwork(topology, { ...options, ...more });
    expect(() => of(chain(2, 'switch'))).toThrow('nodes[1]: switch-1 is a plain switch');
    expect(() => of(MIXED, { stampSigmaNs: -1 })).toThrow('stampSigmaNs: -1');
    expect(() => of(MIXED, { intervalSeconds: 0 })).toThrow('intervalSeconds: 0');
    expect(() => of({ ...MIXED, nodes: MIXED.nodes.slice(1) })).toThrow('grandmaster');
  });
});
