/** Any topology as a simulated world: the clocks of each role, linked, not yet started. */
import type { PortChoices } from '#ptp/profiles/profile-choices';
import type { ProfileName } from '#ptp/profiles/profile';
import type { DisciplineConfig, InstanceEffect } from '#ptp/instance/instance-types';
import { numberedLinks, type Topology, type TopologyNode } from '../topologies/topology.js';
import { wires } from './channels.js';
import { clockConfig, grandmasterConfig } from './clocks.js';
import type { EgressSpec } from './egress-queue.js';
import type { Channel, Station } from './link-types.js';
import { OSCILLATOR_PRESETS, type OscillatorSpec } from './oscillator.js';
import { PtpNode } from './ptp-node.js';
import type { TimestamperSpec } from './timestamper.js';
import { TransparentNode, type TransparentNodeOptions } from './transparent/node.js';
import type { Link, World } from './world.js';

export interface NetworkOptions {
  readonly profile?: ProfileName;
  /** Of every port of every clock. */
  readonly port?: Omit<PortChoices, 'number'>;
  readonly discipline?: Partial<DisciplineConfig>;
  /** Of all but grandmasters; each has a frequency of its own within ± mostPpm. */
  readonly oscillator?: Partial<OscillatorSpec>;
  readonly mostPpm?: number;
  readonly timestamper?: Partial<TimestamperSpec>;
  /** Lines of transparent clocks and plain switches. */
  readonly egress?: EgressSpec;
  /** Transparent clocks know their rate against the grandmaster's: syntonized (10.3). */
  readonly syntonized?: boolean;
  /** What else transparent clocks and plain switches have; it comes before all that is said above. */
  readonly transparent?: TransparentNodeOptions;
  /** Of grandmasters, where theirs are not as everybody's. */
  readonly grandmasterTimestamper?: Partial<TimestamperSpec>;
  readonly overTheWire?: boolean;
  /** All that a clock does, by its name. */
  readonly onEffect?: (name: string, effect: InstanceEffect) => void;
  /** Puts faults around one direction of a link. */
  readonly channel?: (wire: Channel, way: Way) => Channel;
  /** Of each clock, instead of one drawn from ± mostPpm. */
  readonly ppm?: number;
}

/** One direction of a link. */
export interface Way {
  /** In the topology's order. */
  readonly link: number;
  readonly from: string;
  readonly to: string;
}

export interface Network {
  readonly topology: Topology;
  /** Grandmasters, boundary clocks and clients. */
  readonly clocks: ReadonlyMap<string, PtpNode>;
  readonly transparent: ReadonlyMap<string, TransparentNode>;
  /** In the topology's order. */
  readonly links: readonly Link[];
  readonly start: () => void;
}

const MOST_PPM = 20;
const IDENTITIES = 0x001b_19ff_fe00_0000n;
const MASTER_PRIORITY = 1;

export function simulatedNetwork(
  world: World,
  topology: Topology,
  options: NetworkOptions = {},
): Network {
  const ports = new Map<string, number>();
  const numbered = numberedLinks(topology);
  for (const { a, b } of numbered) {
    for (const { node, port } of [a, b]) ports.set(node, port);
  }
  const clocks = new Map<string, PtpNode>();
  const transparent = new Map<string, TransparentNode>();
  for (const [index, node] of topology.nodes.entries()) {
    const place = { index, ports: ports.get(node.name) ?? 0 };
    const made = stationOf(world, node, place, options);
    if (made instanceof PtpNode) clocks.set(node.name, made);
    else transparent.set(node.name, made);
  }
  const station = (name: string): Station => {
    const found = clocks.get(name) ?? transparent.get(name);
    if (found === undefined) throw new RangeError(`no node ${name}`);
    return found;
  };
  const around = options.channel ?? ((wire: Channel) => wire);
  const links = numbered.map(({ a, b, link }, index) => {
    const [there, back] = wires(link.delayNs, link.asymmetryNs, link.bitsPerSecond);
    const ends = [a, b].map(({ node, port }) => ({ station: station(node), port })) as [End, End];
    return world.link(
      ...ends,
      around(there, { link: index, from: a.node, to: b.node }),
      around(back, { link: index, from: b.node, to: a.node }),
    );
  });
  const start = (): void => {
    for (const node of transparent.values()) node.start();
    for (const node of clocks.values()) node.start();
  };
  return { topology, clocks, transparent, links, start };
}

interface End {
  readonly station: Station;
  readonly port: number;
}

interface Place {
  readonly index: number;
  readonly ports: number;
}

function stationOf(
  world: World,
  { name, role }: TopologyNode,
  { index, ports }: Place,
  options: NetworkOptions,
): PtpNode | TransparentNode {
  const identity = IDENTITIES + BigInt(index + 1);
  const { port = {}, discipline = {}, timestamper = {}, overTheWire = false, onEffect } = options;
  const choices = { identity, ports, port, profile: options.profile ?? 'default-e2e' };
  const common = {
    overTheWire,
    ...(onEffect === undefined
      ? {}
      : { onEffect: (effect: InstanceEffect) => onEffect(name, effect) }),
  };
  if (role === 'grandmaster') {
    // The first of several is the best: the others wait for it to fail.
    const instance = { priority1: MASTER_PRIORITY, priority2: 100 + index };
    const config = grandmasterConfig({ ...choices, instance });
    const stamps = options.grandmasterTimestamper ?? timestamper;
    return new PtpNode(world, name, { ...common, config, timestamper: stamps });
  }
  const drawn = world.stream(`${name}: frequency`).uniform();
  const ppm = options.ppm ?? (options.mostPpm ?? MOST_PPM) * (2 * drawn - 1);
  const oscillator = { ...OSCILLATOR_PRESETS.tcxo, ppm, ...options.oscillator };
  if (role === 'transparent' || role === 'switch') {
    return new TransparentNode(world, name, {
      oscillator,
      timestamper,
      isPlain: role === 'switch',
      clockIdentity: identity,
      ...(options.egress === undefined ? {} : { egress: options.egress }),
      ...(options.syntonized === true ? { knownPpb: ppm * 1_000 } : {}),
      ...options.transparent,
      port: {
        mechanism: port.delayMechanism === 'p2p' ? 'p2p' : 'e2e',
        ...options.transparent?.port,
      },
    });
  }
  const instance = { discipline, ...(role === 'client' ? { slaveOnly: true } : {}) };
  const config = clockConfig({ ...choices, instance });
  return new PtpNode(world, name, { ...common, config, oscillator, timestamper });
}
