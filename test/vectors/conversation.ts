/**
 * Tests that read like conversations: talk.receives(sync({…})).on(1).sends(by(2, sync({…}))). Each
 * frame stays in the switch for a while that the test knows, so what leaves is known to the octet.
 */
import { expect } from 'vitest';
import { hex } from '#lab/bench/frames';
import { type Message, SHAPES, type Way, frameOf } from './messages.js';
import { Frame, Ptp } from './reference-clock/anatomy.js';
import type { Sent, VirtualSwitch } from './virtual-switch.js';

/** How long a frame stays where a test does not say: whole ticks of either clock. Nanoseconds. */
export const STAY_NS = 4_000n;
const PAUSE_NS = 1_000_000n;

export interface Expected {
  readonly port: number;
  readonly what: Message | Uint8Array;
  readonly way: Partial<Way> | undefined;
}

/** Something that leaves by a port. `way`: the conversation's, unless given. */
export function by(port: number, what: Message | Uint8Array, way?: Partial<Way>): Expected {
  return { port, what, way };
}

/** What a reader of a failure wants to see first, and all octets behind it. */
export function described(port: number, octets: Uint8Array): string {
  const frame = new Frame(octets);
  if (frame.ptp === null) return `${port}: no PTP ${hex(octets)}`;
  const ptp = new Ptp(frame);
  const kind = Object.entries(SHAPES).find(([, { type }]) => type === ptp.type)?.[0] ?? 'reserved';
  const field = `${ptp.correction >> 16n}+${BigInt.asUintN(16, ptp.correction)}/2^16 ns`;
  return `${port}: ${kind} ${ptp.sequenceId} flags ${ptp.flags.toString(16)} ${field} ${hex(octets)}`;
}

export class Outcome {
  readonly sent: readonly Sent[];
  readonly #way: Partial<Way>;

  constructor(sent: readonly Sent[], way: Partial<Way>) {
    this.sent = sent;
    this.#way = way;
  }

  /** Exactly these, in order for each port. */
  sends(...expected: readonly Expected[]): this {
    expect(this.sent.map(({ port, frame }) => described(port, frame))).toEqual(
      expected.map(({ port, what, way }) => {
        const octets = what instanceof Uint8Array ? what : frameOf(what, way ?? this.#way);
        return described(port, octets);
      }),
    );
    return this;
  }

  sendsNothing(): this {
    return this.sends();
  }
}

interface Arrival {
  /** Comes in by this port, and whatever leaves for it leaves after so long. Nanoseconds. */
  on(port: number, stayNs?: bigint): Outcome;
}

export class Conversation {
  readonly device: VirtualSwitch;
  readonly way: Partial<Way>;
  /** The instant of the next arrival. */
  nowNs: bigint;

  constructor(device: VirtualSwitch, way: Partial<Way> = {}, startNs = 1_000_000_000n) {
    this.device = device;
    this.way = way;
    this.nowNs = startNs;
  }

  receives(what: Message | Uint8Array, way: Partial<Way> = this.way): Arrival {
    const octets = what instanceof Uint8Array ? what : frameOf(what, way);
    return {
      on: (port, stayNs = STAY_NS) => {
        const sent = this.device.pass(port, octets, this.nowNs, this.nowNs + stayNs);
        this.nowNs += stayNs + PAUSE_NS;
        return new Outcome(sent, way);
      },
    };
  }

  /** Nothing arrives for so long; what the switch does of itself. Nanoseconds. */
  waits(durationNs: bigint): Outcome {
    const until = this.nowNs + durationNs;
    const sent = this.device.runUntil(until);
    this.nowNs = until;
    return new Outcome(sent, this.way);
  }

  /** How much a cell of a port's counters grows by. */
  counting(counter: string, port: number, cells: number, what: number): () => bigint {
    const index = this.device.slot(port) * cells + what;
    const before = this.device.counted(counter, index);
    return () => this.device.counted(counter, index) - before;
  }
}
