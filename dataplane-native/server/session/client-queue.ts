/**
 * What waits for one client of the stream. A client that reads slowly must hold up neither the
 * server nor others: its packet-ins, digests and errors are dropped and counted beyond a bound;
 * arbitration and notices never are.
 */
import type { StreamMessageResponse } from '#protos/p4/v1/p4runtime_pb';

/** The stream, as far as it is needed here: Node's Writable has both. */
export interface MessageSink {
  /** False: no more until `drain`. */
  write(message: StreamMessageResponse): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

export interface QueueLimits {
  readonly messages: number;
  readonly octets: number;
  /** Messages that may not be dropped and wait before the client counts as dead. */
  readonly arbitrations: number;
}

export const QUEUE_LIMITS: QueueLimits = {
  messages: 1024,
  octets: 4 * 1024 * 1024,
  arbitrations: 256,
};

export interface QueueCounts {
  sent: number;
  droppedPacketIns: number;
  droppedDigests: number;
  droppedErrors: number;
}

/** The kind of message, which says whether it may be dropped: arbitration and notices may not. */
export type MessageKind = 'arbitration' | 'notice' | 'packetIn' | 'digest' | 'error';

function isKept(kind: MessageKind): kind is 'arbitration' | 'notice' {
  return kind === 'arbitration' || kind === 'notice';
}

interface Waiting {
  readonly message: StreamMessageResponse;
  readonly kind: MessageKind;
  readonly octets: number;
}

const DROP_COUNTS: Readonly<
  Record<Exclude<MessageKind, 'arbitration' | 'notice'>, keyof QueueCounts>
> = {
  packetIn: 'droppedPacketIns',
  digest: 'droppedDigests',
  error: 'droppedErrors',
};

/** See the file's comment. */
export class ClientQueue {
  readonly counts: QueueCounts = {
    sent: 0,
    droppedPacketIns: 0,
    droppedDigests: 0,
    droppedErrors: 0,
  };
  readonly #sink: MessageSink;
  readonly #limits: QueueLimits;
  #waiting: Waiting[] = [];
  #droppable = 0;
  #octets = 0;
  #blocked = false;
  #closed = false;

  constructor(sink: MessageSink, limits: QueueLimits = QUEUE_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Sends or keeps a message of about `octets`. False: the client must be cut off, since it does
   * not even take arbitration messages. */
  send(message: StreamMessageResponse, kind: MessageKind, octets: number): boolean {
    if (this.#closed) return true;
    if (!this.#blocked) {
      this.#write(message);
      return true;
    }
    if (isKept(kind)) {
      this.#waiting.push({ message, kind, octets: 0 });
      return this.#waiting.length - this.#droppable <= this.#limits.arbitrations;
    }
    const full =
      this.#droppable >= this.#limits.messages || this.#octets + octets > this.#limits.octets;
    if (full) {
      this.counts[DROP_COUNTS[kind]] += 1;
      return true;
    }
    this.#waiting.push({ message, kind, octets });
    this.#droppable += 1;
    this.#octets += octets;
    return true;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #write(message: StreamMessageResponse): void {
    if (this.#closed) return;
    this.counts.sent += 1;
    if (this.#sink.write(message)) return;
    this.#blocked = true;
    this.#sink.once('drain', () => this.#drained());
  }

  #drained(): void {
    this.#blocked = false;
    let taken = 0;
    for (const { message, kind, octets } of this.#waiting) {
      if (this.#isBlocked()) break;
      taken += 1;
      if (!isKept(kind)) this.#droppable -= 1;
      this.#octets -= octets;
      this.#write(message);
    }
    this.#waiting.splice(0, taken);
  }

  /** A method, since #write changes it within the loop. */
  #isBlocked(): boolean {
    return this.#blocked;
  }
}
