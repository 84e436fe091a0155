/** Ports on Linux interfaces: how they are asked for, and what they found. */

/** By `enum tp_port_io`. */
export const PORT_IO = ['auto', 'packet', 'xdp'] as const;

/**
 * `auto`: frames come through an AF_PACKET ring and go through an AF_XDP socket where one is to be
 * had. `packet`: AF_PACKET both ways. `xdp`: AF_XDP both ways.
 */
export type PortIo = (typeof PORT_IO)[number];

/** By `enum tp_link_stamps`. */
export const PORT_STAMPS = ['auto', 'software', 'hardware'] as const;

/** Whose stamps a port is to have: `auto` is the card's where it stamps all that PTP needs. */
export type PortStamps = (typeof PORT_STAMPS)[number];

export interface LinkOptions {
  /** Default `auto`. */
  readonly io?: PortIo;
  /** Whether the card stamps frames: see `Engine.settleLink`. Default false. */
  readonly hasHardwareStamps?: boolean;
}

/** By `enum tp_link_fact`. */
const LINK_FACTS = ['sendsByXdp', 'receivesByXdp', 'zeroCopy', 'hardwareStamps'] as const;

/** What a port uses. */
export type LinkFacts = Readonly<Record<(typeof LINK_FACTS)[number], boolean>>;

export function linkFacts(values: BigUint64Array): LinkFacts {
  return Object.fromEntries(LINK_FACTS.map((name, i) => [name, values[i] === 1n])) as LinkFacts;
}

/** By `enum tp_link_setting`. */
const LINK_SETTINGS = [
  'index',
  'offloads',
  'stampingChanged',
  'stampingFlags',
  'stampingTransmit',
  'stampingReceive',
] as const;
export const LINK_SETTING_COUNT = LINK_SETTINGS.length;

/** What an interface was like before: `index` is its own, the rest as the engine noted it. */
export type LinkSettings = Readonly<Record<(typeof LINK_SETTINGS)[number], bigint>>;

export function linkSettings(values: BigUint64Array): LinkSettings {
  return Object.fromEntries(
    LINK_SETTINGS.map((name, i) => [name, values[i] ?? 0n]),
  ) as LinkSettings;
}

export function linkSettingWords(settings: LinkSettings): BigUint64Array {
  return BigUint64Array.from(LINK_SETTINGS, (name) => settings[name]);
}

/** An interface that is ready to become a port. */
export interface SettledLink {
  readonly hasHardwareStamps: boolean;
  readonly before: LinkSettings;
  /** What went otherwise than it should; empty: nothing. */
  readonly remark: string;
}
