/** What the two switches treat differently, and why that is right: exactly that, and nothing else. */
import type { Divergence } from './compare.js';

export interface Explanation {
  readonly why: string;
  /** Of a program that simple_switch_grpc does not take: what it says. */
  readonly obstacle?: RegExp;
  /** Of a program that it runs: whether a divergence is of this reason. */
  readonly covers?: (divergence: Divergence) => boolean;
}

export const EXPLAINED: Readonly<Record<string, Explanation>> = {
  digests: {
    why: 'simple_switch_grpc takes no program that has a digest with a header in it',
    obstacle: /^simple_switch_grpc: it refuses the program: /,
  },
  random_hash: {
    why: 'simple_switch_grpc knows no hash algorithm "random": it says so, and has no program',
    obstacle: /^simple_switch_grpc: it refuses a INSERT of a tableEntry: UNKNOWN $/,
  },
};

/** Programs that simple_switch does not survive: it hangs, and nothing is left to compare. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'forloop-bmv2': 'a loop up to 255 in bit<8> has no end there; here it is left after 65536 turns',
};

/** Packets that simple_switch does not survive; they are left out. */
export const ENDING: Readonly<Record<string, (packet: Uint8Array) => boolean>> = {
  // An index beyond a header stack, which P4 leaves open, ends the process.
  'runtime-index-bmv2': (packet) => (packet[14] ?? 0) > 2,
  'runtime-index-2-bmv2': (packet) => (((packet[14] ?? 0) - ((packet[15] ?? 0) >> 1)) & 0xff) > 7,
  // As does a varbit of more bits than it has, or of no whole octets, or one copied that was never set.
  'issue447-5-bmv2': (packet) => {
    const bits = Buffer.from([...packet.slice(0, 4), 0, 0, 0, 0]).readUInt32BE(0);
    return bits > 32 || bits % 8 !== 0 || packet.length < 4 + bits / 4;
  },
};
