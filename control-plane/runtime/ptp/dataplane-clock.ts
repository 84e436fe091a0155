/**
 * PTP time of the dataplane, for what it answers and stamps itself on boundary ports. It starts from
 * the system's clock and runs freely on the dataplane's oscillator. The dataplane reckons from a
 * reference that must not be too old, so a new one on the same line is written now and then: for
 * those who read the clock nothing changes.
 */
import type { Logger } from 'pino';
import { seconds, nsOf, type Nanoseconds } from '#units/time';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { ptpClock, type ClockReference } from './entries.js';
import { CLOCK_READING, type PacketIo, type ReceivedPacket } from './packet-io.js';
import type { Timers } from './timers.js';

export interface DataplaneClockOptions {
  readonly index: P4InfoIndex;
  readonly packets: PacketIo;
  readonly timers: Timers;
  /** Nanoseconds since 1970, as the system has them. */
  readonly systemTimeNs: () => bigint;
  /** A tick of the target's clock. */
  readonly tick: Nanoseconds;
  readonly onEntry: (entity: Entity) => void;
  readonly log: Logger;
}

export interface DataplaneClockStatus {
  /** `system`: set from the system's clock; `adopted`: an earlier agent had set it. */
  readonly source: 'unset' | 'system' | 'adopted';
  readonly readings: number;
  /** Readings that did not come back. */
  readonly lost: number;
  /** From the packet-out to the packet-in of the last reading: twice the error of the start. */
  readonly roundTripNs: number | null;
  readonly referencePtpNs: string | null;
}

const READING_LIMIT = seconds(1);
/** Far less than the 78 hours after which 48 bits of nanoseconds come round. */
const RENEWAL = seconds(600);
const TICK_BITS = 48;
/** IEEE 802, local experimental: nothing that a parser looks into. */
const ETHERTYPE_EXPERIMENTAL = 0x88b5;
const ETHERTYPE_OFFSET = 12;
const NONCE_OFFSET = 14;
const FRAME_OCTETS = 60;
const RATE_BITS = 41n;

export class DataplaneClock {
  readonly #options: DataplaneClockOptions;
  #reference: ClockReference | null = null;
  #source: DataplaneClockStatus['source'] = 'unset';
  #pending: { readonly nonce: number; readonly sentAtNs: bigint } | null = null;
  #nonce = 0;
  #readings = 0;
  #lost = 0;
  #roundTripNs: number | null = null;
  #cancel: (() => void) | null = null;

  constructor(options: DataplaneClockOptions) {
    this.#options = options;
  }

  /** Reads the clock until it is set, and renews the reference from then on. */
  start(): void {
    this.#read();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#pending = null;
  }

  /** Goes on with the time that the dataplane has already: clients must not see a step. */
  adopt(reference: ClockReference): void {
    this.#reference = reference;
    this.#source = 'adopted';
  }

  /** The switch counts from somewhere else now: its time has to be set again. */
  forget(): void {
    this.#reference = null;
    this.#source = 'unset';
  }

  entities(): Entity[] {
    return this.#reference === null ? [] : [ptpClock(this.#options.index, this.#reference)];
  }

  status(): DataplaneClockStatus {
    return {
      source: this.#source,
      readings: this.#readings,
      lost: this.#lost,
      roundTripNs: this.#roundTripNs,
      referencePtpNs: this.#reference === null ? null : String(this.#reference.ptpNs),
    };
  }

  #read(): void {
    this.stop();
    this.#nonce = (this.#nonce + 1) >>> 0;
    const frame = new Uint8Array(FRAME_OCTETS);
    const view = new DataView(frame.buffer);
    view.setUint16(ETHERTYPE_OFFSET, ETHERTYPE_EXPERIMENTAL);
    view.setUint32(NONCE_OFFSET, this.#nonce);
    this.#pending = { nonce: this.#nonce, sentAtNs: this.#options.systemTimeNs() };
    this.#options.packets.send(CLOCK_READING.port, frame);
    this.#cancel = this.#options.timers.after(READING_LIMIT, () => {
      this.#lost += 1;
      this.#read();
    });
  }

  /** Takes the packet-in of a reading. False: it is none of the clock's. */
  receive({ reason, octets, receiveTimeNs }: ReceivedPacket): boolean {
    if (reason !== CLOCK_READING.reason) return false;
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    const nonce = octets.length >= NONCE_OFFSET + 4 ? view.getUint32(NONCE_OFFSET) : null;
    if (this.#pending === null || nonce !== this.#pending.nonce) return true;
    const now = this.#options.systemTimeNs();
    const { sentAtNs } = this.#pending;
    this.stop();
    this.#readings += 1;
    this.#roundTripNs = Number(now - sentAtNs);
    this.#refer(receiveTimeNs / nsOf(this.#options.tick), (sentAtNs + now) / 2n);
    this.#cancel = this.#options.timers.after(RENEWAL, () => this.#read());
    return true;
  }

  #refer(ticks: bigint, systemNs: bigint): void {
    const { onEntry, index, tick, log } = this.#options;
    if (this.#reference === null) {
      this.#reference = { ticks, ptpNs: systemNs, rateOffset: 0n };
      this.#source = 'system';
      log.info('PTP time of the dataplane set from the system clock; it runs freely from now on');
    } else {
      this.#reference = later(this.#reference, ticks, nsOf(tick));
    }
    onEntry(ptpClock(index, this.#reference));
  }
}

/** The point of the same line at `ticks`. */
export function later(reference: ClockReference, ticks: bigint, tickNs: bigint): ClockReference {
  const { rateOffset } = reference;
  const elapsedNs = BigInt.asIntN(TICK_BITS, ticks - reference.ticks) * tickNs;
  const drift = (elapsedNs * rateOffset) >> RATE_BITS;
  return { ticks, ptpNs: reference.ptpNs + elapsedNs + drift, rateOffset };
}
