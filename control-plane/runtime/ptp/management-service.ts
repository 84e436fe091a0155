/**
 * Management of the clock: requests from the ports and from the local socket, replies to where they
 * came from. As ptp4l does it: a group is answered at the group, by the same port and transport.
 */
import type { Logger } from 'pino';
import type { OwnAddress, PtpTransport, SwitchSettings } from '#dataplane/settings';
import {
  answerManagement,
  type ManagementAnswer,
  type ManagementOrigin,
  type ManagementSilence,
} from '#ptp/management';
import { passManagementOn, type ForwardingPort } from '#ptp/management-forwarding';
import { Subscriptions } from '#ptp/management-subscriptions';
import type { ManagedClock, ManagementEffect, NotifiedEvent } from '#ptp/management-types';
import { isGroupAddress, macBits, portValue } from '#units/identity';
import { seconds, type Instant } from '#units/time';
import type { LocatedFrame } from '#wire/frame';
import { MANAGEMENT_ID } from '#wire/management-tlv';
import { decodeHeader } from '#wire/ptp-header';
import { MESSAGE_OCTETS } from '#wire/ptp-message';
import type { LocalSocket, openLocalSocket } from './local-socket.js';
import { buildOwnFrame, octetsOf, sourceOf, type Destination } from './own-frames.js';
import type { PacketIo, ReceivedMessage } from './packet-io.js';
import type { Timers } from './timers.js';
import { TokenBucket } from './token-bucket.js';

export interface ManagementOptions {
  readonly settings: SwitchSettings;
  readonly packets: PacketIo;
  readonly timers: Timers;
  readonly now: () => Instant;
  readonly log: Logger;
  readonly snapshot: () => ManagedClock;
  /** Somebody asks for the snapshot's message counts: they are to be current soon. */
  readonly refresh: () => void;
  readonly onEffect: (effect: ManagementEffect) => void;
  /** Of a boundary clock, which passes management on itself; a transparent clock's dataplane does. */
  readonly boundary?: ManagementBoundary | null;
}

export interface ManagementBoundary {
  readonly ports: () => readonly ForwardingPort[];
  /** To the port's group, by its transport. False: not sent. */
  readonly send: (portNumber: number, message: Uint8Array) => boolean;
}

export interface ManagementStatus {
  /** The path while it is open; null: not asked for, or not possible (`socketError`). */
  readonly socket: string | null;
  readonly socketError: string;
  readonly requests: Readonly<Record<ManagementOrigin, number>>;
  readonly replies: number;
  /** Messages for other clocks, by each port that they left by. */
  readonly passedOn: number;
  /** Clients of the local socket that are told of events now. */
  readonly subscribers: number;
  readonly notifications: number;
  /** Requests that were not answered, or not with all replies, by reason. */
  readonly silent: Readonly<Partial<Record<Silence, number>>>;
}

/** Beside the protocol's own reasons. */
export type Silence =
  | ManagementSilence
  | 'rate-limited'
  /** By unicast to somebody else. */
  | 'other-address'
  /** Over IPv4 on a port without an IPv4 address. */
  | 'no-ipv4-address'
  /** The asker, or the switch, takes no more. */
  | 'reply-not-sent'
  /** Of events: it was answered, but will not be told of them. */
  | 'too-many-subscribers'
  | 'not-passed-on'
  | 'failed';

/** From all ports together; what the dataplane lets up is limited by port and type already. */
const NETWORK_RATE = { perSecond: 128, burst: 64 } as const;
const SOCKET_RETRY = seconds(5);
const LOCAL_RATE = { perSecond: 2_048, burst: 1_024 } as const;

type OpenLocalSocket = typeof openLocalSocket;
type Reply = (octets: Uint8Array) => boolean;

export class ManagementService {
  readonly #options: ManagementOptions;
  readonly #own: ReadonlyMap<number, OwnAddress>;
  readonly #network: TokenBucket;
  readonly #local: TokenBucket;
  readonly #requests = { local: 0, multicast: 0, unicast: 0 };
  readonly #silent = new Map<Silence, number>();
  #replies = 0;
  #passedOn = 0;
  #notifications = 0;
  readonly #subscriptions = new Subscriptions();
  readonly #subscribers = new Map<string, Reply>();
  #socket: LocalSocket | null = null;
  #socketError = '';
  #cancelRetry: (() => void) | null = null;
  #running = false;
  #saidNoAddress = false;

  constructor(options: ManagementOptions) {
    const { settings, now } = options;
    this.#options = options;
    this.#own = new Map(settings.ports.map(({ number, address }) => [portValue(number), address]));
    this.#network = new TokenBucket(NETWORK_RATE.perSecond, NETWORK_RATE.burst, now());
    this.#local = new TokenBucket(LOCAL_RATE.perSecond, LOCAL_RATE.burst, now());
  }

  /** Opens the local socket. A clock whose socket cannot be made still does everything else. */
  async start(): Promise<void> {
    const path = this.#options.settings.management.socket;
    if (this.#running) return;
    // So that there is something to tell from the beginning.
    this.#options.refresh();
    if (path === null) return;
    this.#running = true;
    // The C library is called for the socket alone: without one nothing of it is loaded.
    const { openLocalSocket } = await import('./local-socket.js');
    this.#open(path, openLocalSocket);
  }

  /** Tries until there is a place: an agent before may still have it, or the folder is to come. */
  #open(path: string, openLocalSocket: OpenLocalSocket): void {
    if (!this.#running) return;
    const { log, timers } = this.#options;
    const again = (): void => {
      this.#cancelRetry = timers.after(SOCKET_RETRY, () => this.#open(path, openLocalSocket));
    };
    const opened = openLocalSocket({
      path,
      onDatagram: (octets, reply, peer) => this.#fromSocket(octets, reply, peer),
      onFailure: (message) => {
        this.#socket = null;
        this.#socketError = message;
        log.error(`management: the local socket failed: ${message}`);
        again();
      },
    });
    if (opened.ok) {
      this.#socket = opened.value;
      this.#socketError = '';
      return;
    }
    const { message } = opened.error;
    if (message !== this.#socketError) log.error(`management: ${message}; trying again`);
    this.#socketError = message;
    again();
  }

  stop(): void {
    this.#running = false;
    this.#cancelRetry?.();
    this.#socket?.close();
    this.#socket = null;
  }

  status(): ManagementStatus {
    return {
      socket: this.#socket === null ? null : this.#options.settings.management.socket,
      socketError: this.#socketError,
      requests: { ...this.#requests },
      replies: this.#replies,
      passedOn: this.#passedOn,
      subscribers: this.#subscriptions.size,
      notifications: this.#notifications,
      silent: Object.fromEntries(this.#silent),
    };
  }

  #fromSocket(octets: Uint8Array, reply: Reply, peer: string): void {
    this.#requests.local += 1;
    if (!this.#local.take(this.#options.now())) {
      this.#count('rate-limited');
      return;
    }
    const { effects } = this.#answer(octets, 'local', null, reply);
    for (const effect of effects) {
      if (effect.kind === 'subscribe') this.#subscribe(peer, octets, effect, reply);
    }
  }

  #subscribe(
    peer: string,
    octets: Uint8Array,
    asked: ManagementEffect & { readonly kind: 'subscribe' },
    reply: Reply,
  ): void {
    const header = decodeHeader(octets);
    if (!header.ok) return;
    const { sourcePortIdentity } = header.value;
    if (this.#subscriptions.subscribe(peer, sourcePortIdentity, asked, this.#options.now())) {
      this.#subscribers.set(peer, reply);
    } else {
      this.#count('too-many-subscribers');
    }
    for (const key of this.#subscribers.keys()) {
      if (!this.#subscriptions.has(key)) this.#subscribers.delete(key);
    }
  }

  /** Tells who has subscribed to it; `portNumber`: whose state, else 0. */
  notify(event: NotifiedEvent, portNumber = 0): void {
    const { now, snapshot } = this.#options;
    for (const { subscriber, octets } of this.#subscriptions.notify(
      event,
      portNumber,
      snapshot,
      now(),
    )) {
      if (this.#subscribers.get(subscriber)?.(octets) === true) this.#notifications += 1;
      else this.#subscriptions.end(subscriber);
    }
  }

  /** A management message that came up from a port, whoever it is for. */
  receive(port: number, { frame, message }: ReceivedMessage): void {
    const own = this.#own.get(port);
    const isGroup = isGroupAddress(frame.destination);
    const origin = isGroup ? 'multicast' : 'unicast';
    this.#requests[origin] += 1;
    if (own === undefined || (!isGroup && !isFor(own, frame))) {
      this.#count('other-address');
      return;
    }
    if (!this.#network.take(this.#options.now())) {
      this.#count('rate-limited');
      return;
    }
    const answer = this.#answer(message, origin, port, (octets) =>
      this.#send(port, own, frame, octets),
    );
    // What all ports answer costs as much as they send.
    this.#network.charge(Math.max(0, answer.replies.length - 1));
    if (isGroup) this.#passOn(port, message);
  }

  #passOn(port: number, message: Uint8Array): void {
    const { boundary } = this.#options;
    if (boundary === undefined || boundary === null) return;
    const { clockIdentity } = this.#options.snapshot();
    const passed = passManagementOn(message, port, clockIdentity, boundary.ports());
    for (const portNumber of passed?.portNumbers ?? []) {
      if (boundary.send(portNumber, passed?.octets ?? message)) this.#passedOn += 1;
      else this.#count('not-passed-on');
    }
  }

  #answer(
    octets: Uint8Array,
    origin: ManagementOrigin,
    ingressPort: number | null,
    reply: Reply,
  ): ManagementAnswer {
    // At once: pmc takes a tenth of a second of silence for the end of all replies.
    const clock = this.#options.snapshot();
    const answer = answerManagement({ octets, origin, ingressPort }, clock);
    this.#carryOut(answer, reply);
    if (asksForCounts(octets)) this.#options.refresh();
    return answer;
  }

  #carryOut({ effects, replies, silence }: ManagementAnswer, reply: Reply): void {
    if (silence !== null) this.#count(silence);
    for (const effect of effects) this.#options.onEffect(effect);
    for (const octets of replies) {
      if (reply(octets)) this.#replies += 1;
      else this.#count('reply-not-sent');
    }
  }

  #send(port: number, own: OwnAddress, request: LocatedFrame, message: Uint8Array): boolean {
    const transport = transportOf(request);
    if (transport === 'udp4' && sourceOf(own, transport) === null) {
      this.#noAddress(port);
      return true;
    }
    const frame = buildOwnFrame({
      own,
      transport,
      destination: whereTo(request),
      messageClass: 'general',
      message,
      tags: request.tags,
    });
    return this.#options.packets.send(port, frame);
  }

  #noAddress(port: number): void {
    this.#count('no-ipv4-address');
    if (this.#saidNoAddress) return;
    this.#saidNoAddress = true;
    const text = 'management over IPv4 is not answered: give the port an "address: { ipv4: … }"';
    this.#options.log.warn({ port }, text);
  }

  #count(silence: Silence): void {
    this.#silent.set(silence, (this.#silent.get(silence) ?? 0) + 1);
  }
}

function transportOf({ encapsulation }: LocatedFrame): PtpTransport {
  return encapsulation.kind;
}

/** A group is answered at the group that was asked; a station at its own address. */
function whereTo({ destination, source, encapsulation }: LocatedFrame): Destination {
  if (isGroupAddress(destination)) {
    return {
      mac: destination,
      ip: encapsulation.kind === 'ethernet' ? null : encapsulation.destination,
    };
  }
  return { mac: source, ip: encapsulation.kind === 'ethernet' ? null : encapsulation.source };
}

/** Whether a unicast frame is for the port itself. */
function isFor(own: OwnAddress, { destination, encapsulation }: LocatedFrame): boolean {
  switch (encapsulation.kind) {
    case 'ethernet':
      return macBits(destination) === macBits(own.mac);
    case 'udp4':
      return own.ipv4 !== 0n && isSame(encapsulation.destination, octetsOf(own.ipv4, 4));
    case 'udp6': {
      const address = sourceOf(own, 'udp6');
      return address !== null && isSame(encapsulation.destination, address);
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

/** Behind tlvType and lengthField. */
const MANAGEMENT_ID_OFFSET = MESSAGE_OCTETS.management + 4;

/** Counters are read from the switch while somebody asks for them, and not for anything else. */
function asksForCounts(octets: Uint8Array): boolean {
  const high = octets[MANAGEMENT_ID_OFFSET] ?? 0;
  const low = octets[MANAGEMENT_ID_OFFSET + 1] ?? 0;
  return ((high << 8) | low) === MANAGEMENT_ID.portStatsNp;
}
