/** Worlds that are used more than once. */
import type { PortChoices } from '#ptp/profiles/profile-choices';
import type { DisciplineConfig, InstanceEffect } from '#ptp/instance/instance-types';
import { wires } from './channels.js';
import { clockConfig, grandmasterConfig } from './clocks.js';
import type { Station } from './link-types.js';
import { OSCILLATOR_PRESETS, type OscillatorSpec } from './oscillator.js';
import { PtpNode } from './ptp-node.js';
import type { TimestamperSpec } from './timestamper.js';
import { TransparentNode, type TransparentNodeOptions } from './transparent/node.js';
import type { World } from './world.js';

const GRANDMASTER = 0x001b19fffe000001n;
const OTHERS = 0x001b19fffe000100n;
const LINK_NS = 500;
/** Frequencies of clocks that nobody chose: within ± so much. */
const MOST_PPM = 20;

export interface ChainOptions {
  /** Clocks below the grandmaster; the last one only follows. */
  readonly hops: number;
  readonly port?: Omit<PortChoices, 'number'>;
  readonly discipline?: Partial<DisciplineConfig>;
  /** Of the boundary and the last clock. Not given: crystals, each with a frequency of its own. */
  readonly oscillator?: Partial<OscillatorSpec>;
  readonly timestamper?: Partial<TimestamperSpec>;
  readonly linkNs?: number;
  readonly overTheWire?: boolean;
}

export interface Chain {
  readonly grandmaster: PtpNode;
  /** From the grandmaster down. */
  readonly clocks: readonly PtpNode[];
}

/** Grandmaster, then boundary clocks (port 1 up, port 2 down), then an ordinary clock; not yet started. */
export function boundaryChain(world: World, options: ChainOptions): Chain {
  const grandmaster = masterOf(world, options);
  const clocks: PtpNode[] = [];
  let above: Station = grandmaster;
  for (let hop = 1; hop <= options.hops; hop += 1) {
    const ports = hop === options.hops ? 1 : 2;
    const clock = followerOf(world, options, hop, ports);
    const port = above === grandmaster ? 1 : 2;
    const [there, back] = wires(options.linkNs ?? LINK_NS);
    world.link({ station: above, port }, { station: clock, port: 1 }, there, back);
    clocks.push(clock);
    above = clock;
  }
  return { grandmaster, clocks };
}

/** Grandmaster, `hops - 1` transparent clocks, one clock that follows; not yet started. */
export function transparentChain(
  world: World,
  options: ChainOptions,
  transparent: TransparentNodeOptions = {},
): Chain {
  const grandmaster = masterOf(world, options);
  const last = followerOf(world, options, options.hops, 1);
  let above: Station = grandmaster;
  for (let hop = 1; hop <= options.hops; hop += 1) {
    const isLast = hop === options.hops;
    const name = `transparent ${hop}`;
    const station = isLast ? last : new TransparentNode(world, name, transparent);
    const port = above === grandmaster ? 1 : 2;
    const [there, back] = wires(options.linkNs ?? LINK_NS);
    world.link({ station: above, port }, { station, port: 1 }, there, back);
    above = station;
  }
  return { grandmaster, clocks: [last] };
}

/** A boundary clock whose port 1 has the grandmaster, and each other port a client. */
export function boundaryWithClients(
  world: World,
  ports: number,
  options: Partial<ChainOptions> & { readonly onBoundaryEffect?: (effect: InstanceEffect) => void },
) {
  const { onBoundaryEffect, ...rest } = options;
  const chain = { hops: 2, ...rest };
  const grandmaster = masterOf(world, chain);
  const boundary = followerOf(world, chain, 1, ports, onBoundaryEffect);
  const connect = (above: PtpNode, port: number, below: PtpNode) => {
    const [there, back] = wires(chain.linkNs ?? LINK_NS);
    world.link({ station: above, port }, { station: below, port: 1 }, there, back);
  };
  connect(grandmaster, 1, boundary);
  const clients = Array.from({ length: ports - 1 }, (_, index) => {
    const client = followerOf(world, chain, index + 2, 1);
    connect(boundary, index + 2, client);
    return client;
  });
  return { grandmaster, boundary, clients };
}

function masterOf(world: World, { port = {}, overTheWire = false }: ChainOptions): PtpNode {
  const config = grandmasterConfig({ identity: GRANDMASTER, ports: 1, port });
  return new PtpNode(world, 'grandmaster', { config, overTheWire });
}

function followerOf(
  world: World,
  options: ChainOptions,
  number: number,
  ports: number,
  onEffect?: (effect: InstanceEffect) => void,
): PtpNode {
  const { port = {}, discipline = {}, timestamper = {}, overTheWire = false } = options;
  const name = `clock ${number}`;
  const identity = OTHERS + BigInt(number);
  const instance = { discipline, ...(ports === 1 ? { slaveOnly: true } : {}) };
  const ppm = MOST_PPM * (2 * world.stream(`${name}: frequency`).uniform() - 1);
  return new PtpNode(world, name, {
    config: clockConfig({ identity, ports, port, instance }),
    oscillator: options.oscillator ?? { ...OSCILLATOR_PRESETS.tcxo, ppm },
    timestamper,
    overTheWire,
    ...(onEffect === undefined ? {} : { onEffect }),
  });
}
