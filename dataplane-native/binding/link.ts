/** Ports on Linux interfaces: how they are asked for, and what they found. */

/** By `enum tp_port_io`. */
export const PORT_IO = ['auto', 'packet', 'xdp'] as const;

/**
 * `auto`: frames come through an AF_PACKET ring and go through an AF_XDP socket where one is to be
 * had. `packet`: AF_PACKET both ways. `xdp`: AF_XDP both ways.
 */
export type PortIo = (typeof PORT_IO)[number];

export interface LinkOptions {
  /** Default `auto`. */
  readonly io?: PortIo;
}

/** By `enum tp_link_fact`. */
const LINK_FACTS = ['sendsByXdp', 'receivesByXdp', 'zeroCopy'] as const;

/** What a port uses. */
export type LinkFacts = Readonly<Record<(typeof LINK_FACTS)[number], boolean>>;

export function linkFacts(values: BigUint64Array): LinkFacts {
  return Object.fromEntries(LINK_FACTS.map((name, i) => [name, values[i] === 1n])) as LinkFacts;
}
