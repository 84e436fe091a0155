/**
 * Readings of the dataplane's counter: packet-outs to the CPU's own port, which come straight back
 * with the time. One is under way at a time.
 */
import { seconds } from '#units/time';
import { CLOCK_READING, type PacketIo, type ReceivedPacket } from './packet-io.js';
import type { Timers } from './timers.js';

/** The counter, and another clock just before and just after it was read. */
export interface ClockReading {
  /** With all its bits: a target with coarse ticks counts further than 48 bits of nanoseconds. */
  readonly counterNs: bigint;
  readonly beforeNs: bigint;
  readonly afterNs: bigint;
}

export interface ClockReaderOptions {
  readonly packets: PacketIo;
  readonly timers: Timers;
  /** The other clock. */
  readonly clockNs: () => bigint;
  /** Tells the readings of several readers apart, 0 to 255. */
  readonly name: number;
}

const READING_LIMIT = seconds(1);
/** IEEE 802, local experimental: nothing that a parser looks into. */
const ETHERTYPE_EXPERIMENTAL = 0x88b5;
const ETHERTYPE_OFFSET = 12;
const NONCE_OFFSET = 14;
const FRAME_OCTETS = 60;
const NAME_BITS = 24;
const COUNT_MASK = (1 << NAME_BITS) - 1;

interface Pending {
  readonly nonce: number;
  readonly beforeNs: bigint;
  readonly onReading: (reading: ClockReading | null) => void;
}

export class ClockReader {
  readonly #options: ClockReaderOptions;
  #count = 0;
  #pending: Pending | null = null;
  #cancel: (() => void) | null = null;

  constructor(options: ClockReaderOptions) {
    this.#options = options;
  }

  /** Reads once; null: it did not come back. One that is under way is forgotten. */
  read(onReading: Pending['onReading']): void {
    this.stop();
    const { packets, timers, clockNs, name } = this.#options;
    this.#count = (this.#count + 1) & COUNT_MASK;
    const nonce = ((name << NAME_BITS) | this.#count) >>> 0;
    const frame = new Uint8Array(FRAME_OCTETS);
    const view = new DataView(frame.buffer);
    view.setUint16(ETHERTYPE_OFFSET, ETHERTYPE_EXPERIMENTAL);
    view.setUint32(NONCE_OFFSET, nonce);
    this.#pending = { nonce, beforeNs: clockNs(), onReading };
    this.#cancel = timers.after(READING_LIMIT, () => {
      this.#cancel = null;
      this.#pending = null;
      onReading(null);
    });
    packets.send(CLOCK_READING.port, frame);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#pending = null;
  }

  /** Takes the packet-in of a reading. False: it is not of this reader, or of an older reading. */
  receive({ reason, octets, receiveTimeNs }: ReceivedPacket): boolean {
    if (reason !== CLOCK_READING.reason || octets.length < NONCE_OFFSET + 4) return false;
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    const pending = this.#pending;
    if (pending === null || view.getUint32(NONCE_OFFSET) !== pending.nonce) return false;
    this.stop();
    const { beforeNs } = pending;
    pending.onReading({ counterNs: receiveTimeNs, beforeNs, afterNs: this.#options.clockNs() });
    return true;
  }
}
