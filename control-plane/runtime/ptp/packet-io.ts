/**
 * Frames to and from the dataplane: packet-outs by the names of the P4Info, packet-ins as values, and
 * the transmit times that come back as packet-ins. A transmit time belongs to one message and is
 * claimed once; whatever does not fit is counted, never thrown.
 */
import { CPU_PORT, PUNT_REASON } from '#dataplane/program';
import { decodePacketIn } from '#p4rt/decode';
import { buildPacketMetadata, type PacketMetadata } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import type { PacketIn } from '#protos/p4/v1/p4runtime_pb';
import { macBits } from '#units/identity';
import { dataplaneTime, elapsed, nsOf, type DataplaneTime, type Instant } from '#units/time';
import { decodeFrame, type LocatedFrame } from '#wire/frame';
import { decodeHeader, type RawHeader } from '#wire/ptp-header';

/** Hands a packet-out to the switch; false: there is no stream, or it is full. */
export type SendPacket = (payload: Uint8Array, metadata: PacketMetadata[]) => boolean;

export interface PacketIoOptions {
  readonly index: P4InfoIndex;
  readonly send: SendPacket;
  readonly now: () => Instant;
}

/** What came up from the dataplane. */
export interface ReceivedPacket {
  /** Where it came in; of a transmit time: where it left. */
  readonly port: number;
  readonly reason: number;
  readonly receiveTime: DataplaneTime;
  /** The same with all its bits: a target with coarse ticks counts further than 48 bits of ns. */
  readonly receiveTimeNs: bigint;
  /** The frame as it was received, or as it was sent. */
  readonly octets: Uint8Array;
}

/** A PTP message within its frame, as far as its common header. */
export interface ReceivedMessage {
  readonly frame: LocatedFrame;
  readonly header: RawHeader;
  /** The PTP message and what is behind it in the payload. */
  readonly message: Uint8Array;
}

export interface PacketIoCounters {
  readonly received: number;
  /** Packet-ins that do not fit the P4Info, and frames that are no PTP of version 2. */
  readonly undecodable: number;
  readonly sent: number;
  /** There was no stream, or it was full. */
  readonly notSent: number;
  readonly transmitTimes: {
    readonly asked: number;
    readonly claimed: number;
    /** Nobody had asked for it, or it was claimed before. */
    readonly unknown: number;
    /** It was asked for, but too long ago. */
    readonly late: number;
    /** None came in time. */
    readonly missing: number;
    /** Too many were outstanding: the message was not sent. */
    readonly refused: number;
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

/** Who asked for a transmit time hears of it once. */
export interface TransmitTimeHandler {
  readonly onTime: (time: DataplaneTime) => void;
  readonly onMissing: () => void;
}

interface Outstanding extends TransmitTimeHandler {
  readonly askedAt: Instant;
}

/** A packet-out to the CPU's own port comes straight back: a reading of the dataplane's clock. */
export const CLOCK_READING = { port: CPU_PORT, reason: 0 } as const;

/** The switch gives a late stamp up after one second. */
const TRANSMIT_TIME_LIMIT_NS = 2_000_000_000n;
const MAX_OUTSTANDING = 1_024;
/** Keys that are remembered to tell late ones from unknown ones. */
const MAX_REMEMBERED = 1_024;

export class PacketIo {
  readonly #options: PacketIoOptions;
  /** In the order in which they were asked for. */
  readonly #outstanding = new Map<string, Outstanding>();
  readonly #expired = new Set<string>();
  readonly #counters: Mutable<PacketIoCounters> = {
    received: 0,
    undecodable: 0,
    sent: 0,
    notSent: 0,
    transmitTimes: { asked: 0, claimed: 0, unknown: 0, late: 0, missing: 0, refused: 0 },
  };

  constructor(options: PacketIoOptions) {
    this.#options = options;
  }

  get counters(): PacketIoCounters {
    return { ...this.#counters, transmitTimes: { ...this.#counters.transmitTimes } };
  }

  /** Sends a frame by one port as it is. */
  send(port: number, frame: Uint8Array): boolean {
    return this.#send(frame, { egress_port: BigInt(port) });
  }

  /** Sends a Sync to a multicast group; the dataplane writes its time into each copy as it leaves. */
  sendStamped(group: number, frame: Uint8Array): boolean {
    return this.#send(frame, { group: BigInt(group), stamp: 1n });
  }

  /** The same by one port. */
  sendStampedBy(port: number, frame: Uint8Array): boolean {
    return this.#send(frame, { egress_port: BigInt(port), stamp: 1n });
  }

  /** Sends a PTP message by a port and asks for its transmit time. False: it was not sent. */
  sendForTime(port: number, frame: Uint8Array, handler: TransmitTimeHandler): boolean {
    const key = keyOf(port, this.#message(frame));
    const times = this.#counters.transmitTimes;
    if (this.#outstanding.size >= MAX_OUTSTANDING || this.#outstanding.has(key)) {
      times.refused += 1;
      return false;
    }
    this.#outstanding.set(key, { ...handler, askedAt: this.#options.now() });
    if (!this.#send(frame, { egress_port: BigInt(port), tx_event: 1n })) {
      this.#outstanding.delete(key);
      return false;
    }
    times.asked += 1;
    this.#expired.delete(key);
    return true;
  }

  #send(frame: Uint8Array, fields: Readonly<Record<string, bigint>>): boolean {
    const values = { egress_port: 0n, group: 0n, tx_event: 0n, stamp: 0n, _padding: 0n, ...fields };
    const metadata = buildPacketMetadata(this.#options.index, values);
    // Ports and groups are configured ones: what does not fit is another program's P4Info.
    if (!metadata.ok) throw new Error(`packet-out: ${metadata.error.message}`);
    const sent = this.#options.send(frame, metadata.value);
    if (sent) this.#counters.sent += 1;
    else this.#counters.notSent += 1;
    return sent;
  }

  /** Null: it does not fit the P4Info (counted). */
  receive(packet: PacketIn): ReceivedPacket | null {
    this.#counters.received += 1;
    const decoded = decodePacketIn(this.#options.index, packet);
    const { ingress_port: port, reason, receive_time_ns: time } = decoded.ok ? decoded.value : {};
    if (port === undefined || reason === undefined || time === undefined) {
      this.#counters.undecodable += 1;
      return null;
    }
    return {
      port: Number(port),
      reason: Number(reason),
      receiveTime: dataplaneTime(time),
      receiveTimeNs: time,
      octets: packet.payload,
    };
  }

  /** Finds the PTP message in a frame. Null: there is none of version 2 (counted). */
  message(octets: Uint8Array): ReceivedMessage | null {
    const frame = decodeFrame(octets);
    const header = frame.ok ? decodeHeader(frame.value.payload) : null;
    if (!frame.ok || header === null || !header.ok) {
      this.#counters.undecodable += 1;
      return null;
    }
    return { frame: frame.value, header: header.value, message: frame.value.payload };
  }

  /** Takes a packet-in for a transmit time. False: it is none. */
  claim(packet: ReceivedPacket): boolean {
    if (packet.reason !== PUNT_REASON.txEvent) return false;
    const found = this.message(packet.octets);
    if (found === null) return true;
    const key = keyOf(packet.port, found);
    const outstanding = this.#outstanding.get(key);
    const times = this.#counters.transmitTimes;
    if (outstanding === undefined) {
      if (this.#expired.delete(key)) times.late += 1;
      else times.unknown += 1;
      return true;
    }
    this.#outstanding.delete(key);
    times.claimed += 1;
    outstanding.onTime(packet.receiveTime);
    return true;
  }

  /** Gives up those that are overdue; to be called every second or so. */
  expire(): void {
    const now = this.#options.now();
    for (const [key, { askedAt, onMissing }] of this.#outstanding) {
      if (nsOf(elapsed(askedAt, now)) < TRANSMIT_TIME_LIMIT_NS) return;
      this.#outstanding.delete(key);
      this.#counters.transmitTimes.missing += 1;
      this.#remember(key);
      onMissing();
    }
  }

  #remember(key: string): void {
    this.#expired.add(key);
    const [oldest] = this.#expired;
    if (this.#expired.size > MAX_REMEMBERED && oldest !== undefined) this.#expired.delete(oldest);
  }

  #message(frame: Uint8Array): Pick<ReceivedMessage, 'frame' | 'header'> {
    const decoded = decodeFrame(frame);
    const header = decoded.ok ? decodeHeader(decoded.value.payload) : null;
    if (!decoded.ok || header?.ok !== true) {
      throw new Error('a transmit time was asked for what is no PTP');
    }
    return { frame: decoded.value, header: header.value };
  }
}

/**
 * What a message keeps on its way out: a one-step correction changes correctionField alone. To several
 * stations messages of the same numbers may go.
 */
function keyOf(port: number, { frame, header }: Pick<ReceivedMessage, 'frame' | 'header'>): string {
  const { clockIdentity, portNumber } = header.sourcePortIdentity;
  const instance = `${header.majorSdoId}.${header.minorSdoId}.${header.domainNumber}`;
  const source = `${clockIdentity.toString(16)}-${portNumber}`;
  const { destination, encapsulation } = frame;
  const ip = encapsulation.kind === 'ethernet' ? '' : encapsulation.destination.join('.');
  const to = `${macBits(destination).toString(16)}/${ip}`;
  return `${port}/${header.messageType}/${instance}/${source}/${header.sequenceId}/${to}`;
}
