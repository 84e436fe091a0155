/**
 * Neighbors of the switch's own addresses: who asks for one by ARP or Neighbor Discovery is answered,
 * and the stations that the switch talks to are asked for theirs. Frames come as copies that
 * punt_policy makes; nothing here waits, `tick` comes every second.
 *
 * Kept are the addresses that were asked for, at most MAX_NEIGHBORS: strangers cannot add to them.
 */
import type { Logger } from 'pino';
import type { OwnAddress } from '#dataplane/settings';
import { isGroupAddress, macBits, macFromBits, macText, type MacAddress } from '#units/identity';
import { elapsed, nsOf, type Instant } from '#units/time';
import { ARP_ETHERTYPE, decodeArp, encodeArp, type Arp } from '#wire/arp';
import { decodeFrame, encodeFrame, ETHERTYPE, type VlanTag } from '#wire/frame';
import {
  decodeNeighborMessage,
  encodeNeighborMessage,
  solicitedNodeGroup,
  type NeighborMessage,
} from '#wire/neighbor-discovery';
import { groupAt, sourceOf } from './own-frames.js';
import { TokenBucket } from './token-bucket.js';

export interface NeighborsOptions {
  /** What the ports that talk over UDP have now, by number. */
  readonly ports: () => ReadonlyMap<number, OwnAddress>;
  /** False: not sent. */
  readonly send: (port: number, frame: Uint8Array) => boolean;
  readonly now: () => Instant;
  readonly log: Logger;
}

export interface NeighborsStatus {
  readonly known: readonly {
    readonly port: number;
    readonly ip: Uint8Array;
    /** Null: asked for, and not answered yet. */
    readonly mac: string | null;
    /** Seconds since it was confirmed; null: never. */
    readonly age: number | null;
  }[];
  readonly counters: NeighborCounters;
}

export interface NeighborCounters {
  readonly received: number;
  /** No ARP of IPv4 and no neighbor message, or not a sound one. */
  readonly undecodable: number;
  /** Somebody asked for an address of ours. */
  readonly answered: number;
  readonly rateLimited: number;
  readonly asked: number;
  readonly resolved: number;
  /** A known address is at another MAC address now. */
  readonly moved: number;
  /** Nobody answered: forgotten until it is asked for again. */
  readonly unreachable: number;
  /** Somebody else says that our address is theirs. */
  readonly conflicts: number;
  /** Too many addresses were asked for. */
  readonly refused: number;
  readonly notSent: number;
}

export const MAX_NEIGHBORS = 512;
/** Confirmed as long ago, it is asked for again; it is used meanwhile. */
const STALE_SECONDS = 30;
/** So often in a row, a second apart. */
const MAX_ATTEMPTS = 3;
/** Not answered: what is used all the same goes, after so many seconds without an answer. */
const FORGET_SECONDS = 90;
/** Answers, over all ports. */
const ANSWERS = { perSecond: 256, burst: 64 } as const;
const BROADCAST = macFromBits(0xffff_ffff_ffffn);
/** Of a station whose address is to be found out. */
export const UNKNOWN_MAC = macFromBits(0n);
const ALL_NODES = groupAt(
  'udp6',
  Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Neighbor {
  readonly port: number;
  readonly ip: Uint8Array;
  mac: MacAddress | null;
  confirmedAt: Instant | null;
  /** Requests since it was confirmed. */
  attempts: number;
  askedAt: Instant;
}

export class Neighbors {
  readonly #options: NeighborsOptions;
  readonly #neighbors = new Map<string, Neighbor>();
  readonly #answers: TokenBucket;
  readonly #conflicting = new Set<number>();
  readonly #counters: Mutable<NeighborCounters> = {
    received: 0,
    undecodable: 0,
    answered: 0,
    rateLimited: 0,
    asked: 0,
    resolved: 0,
    moved: 0,
    unreachable: 0,
    conflicts: 0,
    refused: 0,
    notSent: 0,
  };

  constructor(options: NeighborsOptions) {
    this.#options = options;
    this.#answers = new TokenBucket(ANSWERS.perSecond, ANSWERS.burst, options.now());
  }

  /** Tells everybody on each port's link where its addresses are: an agent before may have had others. */
  announce(): void {
    for (const [port, own] of this.#options.ports()) {
      const ipv4 = sourceOf(own, 'udp4');
      if (ipv4 !== null) {
        this.#sendArp(port, [], BROADCAST, {
          operation: 'request',
          senderMac: own.mac,
          senderIp: ipv4,
          targetMac: UNKNOWN_MAC,
          targetIp: ipv4,
        });
      }
      const ipv6 = sourceOf(own, 'udp6');
      if (ipv6 !== null) this.#advertise(port, [], own, ipv6, null);
    }
  }

  /**
   * The MAC address of a station on the port's link. Null: not known yet, and asked for now; nothing is
   * kept for it, so the message is to be given up or sent again.
   */
  macOf(port: number, ip: Uint8Array): MacAddress | null {
    const now = this.#options.now();
    const key = keyOf(port, ip);
    const known = this.#neighbors.get(key);
    if (known !== undefined) {
      if (this.#isStale(known, now)) this.#askAgain(known, now);
      return known.mac;
    }
    if (this.#neighbors.size >= MAX_NEIGHBORS) {
      this.#counters.refused += 1;
      return null;
    }
    const fresh = {
      port,
      ip: ip.slice(),
      mac: null,
      confirmedAt: null,
      attempts: 0,
      askedAt: now,
    };
    this.#neighbors.set(key, fresh);
    this.#ask(fresh, now);
    return null;
  }

  /** A copy of an ARP or Neighbor Discovery frame that came in by a port. */
  receive(port: number, octets: Uint8Array): void {
    this.#counters.received += 1;
    const own = this.#options.ports().get(port);
    const frame = decodeFrame(octets);
    if (own === undefined || !frame.ok || frame.value.encapsulation.kind !== 'ethernet') {
      this.#counters.undecodable += 1;
      return;
    }
    const { encapsulation, payload, tags } = frame.value;
    if (encapsulation.etherType === ARP_ETHERTYPE) this.#receiveArp(port, own, payload, tags);
    else if (encapsulation.etherType === ETHERTYPE.ipv6) {
      this.#receiveNeighborMessage(port, own, payload, tags);
    } else this.#counters.undecodable += 1;
  }

  /** Asks again for what was not answered, and forgets who is gone. Every second. */
  tick(): void {
    const now = this.#options.now();
    for (const [key, neighbor] of this.#neighbors) {
      const { confirmedAt, attempts, askedAt } = neighbor;
      const since = secondsBetween(confirmedAt ?? askedAt, now);
      const isGone =
        confirmedAt === null
          ? attempts >= MAX_ATTEMPTS && secondsBetween(askedAt, now) >= 1
          : since >= FORGET_SECONDS;
      if (isGone) {
        this.#neighbors.delete(key);
        if (attempts > 0) this.#counters.unreachable += 1;
      } else if (attempts > 0) this.#askAgain(neighbor, now);
    }
  }

  status(): NeighborsStatus {
    const now = this.#options.now();
    return {
      known: [...this.#neighbors.values()].map(({ port, ip, mac, confirmedAt }) => ({
        port,
        ip,
        mac: mac === null ? null : macText(mac),
        age: confirmedAt === null ? null : secondsBetween(confirmedAt, now),
      })),
      counters: { ...this.#counters },
    };
  }

  #isStale({ confirmedAt }: Neighbor, now: Instant): boolean {
    return confirmedAt === null || secondsBetween(confirmedAt, now) >= STALE_SECONDS;
  }

  /** At most once a second, and three times in a row. */
  #askAgain(neighbor: Neighbor, now: Instant): void {
    const isDue = neighbor.attempts === 0 || secondsBetween(neighbor.askedAt, now) >= 1;
    if (isDue && neighbor.attempts < MAX_ATTEMPTS) this.#ask(neighbor, now);
  }

  #ask(neighbor: Neighbor, now: Instant): void {
    const { port, ip } = neighbor;
    const own = this.#options.ports().get(port);
    neighbor.attempts += 1;
    neighbor.askedAt = now;
    const source = own === undefined ? null : sourceOf(own, ip.length === 4 ? 'udp4' : 'udp6');
    if (own === undefined || source === null) {
      this.#counters.notSent += 1;
      return;
    }
    this.#counters.asked += 1;
    if (ip.length === 4) {
      this.#sendArp(port, [], BROADCAST, {
        operation: 'request',
        senderMac: own.mac,
        senderIp: source,
        targetMac: UNKNOWN_MAC,
        targetIp: ip,
      });
      return;
    }
    const group = groupAt('udp6', solicitedNodeGroup(ip));
    this.#sendNeighborMessage(port, [], own, group.mac, {
      kind: 'solicitation',
      source,
      destination: group.ip ?? ip,
      target: ip,
      linkAddress: own.mac,
      solicited: false,
      override: false,
    });
  }

  #receiveArp(port: number, own: OwnAddress, payload: Uint8Array, tags: readonly VlanTag[]): void {
    const decoded = decodeArp(payload);
    if (!decoded.ok) {
      this.#counters.undecodable += 1;
      return;
    }
    const { operation, senderMac, senderIp, targetIp } = decoded.value;
    const ours = sourceOf(own, 'udp4');
    if (ours === null || isGroupAddress(senderMac)) return;
    if (isEqual(senderIp, ours)) {
      this.#conflict(port, own, senderMac);
      return;
    }
    this.#heard(port, senderIp, senderMac);
    if (operation !== 'request' || !isEqual(targetIp, ours) || !this.#mayAnswer()) return;
    this.#sendArp(port, tags, senderMac, {
      operation: 'reply',
      senderMac: own.mac,
      senderIp: ours,
      targetMac: senderMac,
      targetIp: senderIp,
    });
  }

  #receiveNeighborMessage(
    port: number,
    own: OwnAddress,
    payload: Uint8Array,
    tags: readonly VlanTag[],
  ): void {
    const decoded = decodeNeighborMessage(payload);
    if (!decoded.ok) {
      // Other packets to our address come by the same copies.
      if (decoded.error.code !== 'nd-other') this.#counters.undecodable += 1;
      return;
    }
    const { kind, source, target, linkAddress } = decoded.value;
    const ours = sourceOf(own, 'udp6');
    if (ours === null || (linkAddress !== null && isGroupAddress(linkAddress))) return;
    if (kind === 'advertisement') {
      if (linkAddress === null) return;
      if (isEqual(target, ours)) this.#conflict(port, own, linkAddress);
      else this.#heard(port, target, linkAddress);
      return;
    }
    if (linkAddress !== null) this.#heard(port, source, linkAddress);
    if (!isEqual(target, ours) || !this.#mayAnswer()) return;
    const isUnspecified = source.every((octet) => octet === 0);
    // Who is about to take our address, and has none yet, hears it with all others (RFC 4861 7.2.4).
    const to = isUnspecified || linkAddress === null ? null : { ip: source, mac: linkAddress };
    this.#advertise(port, tags, own, ours, to);
  }

  /** Null: to all nodes of the link. */
  #advertise(
    port: number,
    tags: readonly VlanTag[],
    own: OwnAddress,
    target: Uint8Array,
    to: { readonly ip: Uint8Array; readonly mac: MacAddress } | null,
  ): void {
    this.#sendNeighborMessage(port, tags, own, to?.mac ?? ALL_NODES.mac, {
      kind: 'advertisement',
      source: target,
      destination: to?.ip ?? ALL_NODES.ip ?? target,
      target,
      linkAddress: own.mac,
      solicited: to !== null,
      override: true,
    });
  }

  /** Only what was asked for is kept. */
  #heard(port: number, ip: Uint8Array, mac: MacAddress): void {
    const known = this.#neighbors.get(keyOf(port, ip));
    if (known === undefined) return;
    if (known.mac === null) this.#counters.resolved += 1;
    else if (macBits(known.mac) !== macBits(mac)) this.#counters.moved += 1;
    known.mac = mac;
    known.confirmedAt = this.#options.now();
    known.attempts = 0;
  }

  #conflict(port: number, own: OwnAddress, mac: MacAddress): void {
    if (macBits(mac) === macBits(own.mac)) return;
    this.#counters.conflicts += 1;
    if (this.#conflicting.has(port)) return;
    this.#conflicting.add(port);
    this.#options.log.warn(
      { port, mac: macText(mac) },
      'another station has the address of a port',
    );
  }

  #mayAnswer(): boolean {
    const may = this.#answers.take(this.#options.now());
    if (may) this.#counters.answered += 1;
    else this.#counters.rateLimited += 1;
    return may;
  }

  #sendArp(port: number, tags: readonly VlanTag[], destination: MacAddress, arp: Arp): void {
    this.#send(port, tags, arp.senderMac, destination, ARP_ETHERTYPE, encodeArp(arp));
  }

  #sendNeighborMessage(
    port: number,
    tags: readonly VlanTag[],
    own: OwnAddress,
    destination: MacAddress,
    message: NeighborMessage,
  ): void {
    const packet = encodeNeighborMessage(message);
    this.#send(port, tags, own.mac, destination, ETHERTYPE.ipv6, packet);
  }

  #send(
    port: number,
    tags: readonly VlanTag[],
    source: MacAddress,
    destination: MacAddress,
    etherType: number,
    payload: Uint8Array,
  ): void {
    const frame = encodeFrame({
      destination,
      source,
      tags,
      encapsulation: { kind: 'ethernet', etherType },
      payload,
      padding: new Uint8Array(0),
    });
    if (!this.#options.send(port, frame)) this.#counters.notSent += 1;
  }
}

function keyOf(port: number, ip: Uint8Array): string {
  return `${port}/${ip.join('.')}`;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

function secondsBetween(from: Instant, to: Instant): number {
  return Number(nsOf(elapsed(from, to))) / 1e9;
}
