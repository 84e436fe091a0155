import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { OwnAddress } from '#dataplane/settings';
import { MAX_NEIGHBORS, Neighbors } from '#runtime/ptp/neighbors';
import { linkLocalOf, octetsOf } from '#runtime/ptp/own-frames';
import { macAddress, macFromBits, macText, type MacAddress } from '#units/identity';
import { after, instant, milliseconds } from '#units/time';
import { ARP_ETHERTYPE, decodeArp, encodeArp, type Arp } from '#wire/arp';
import { decodeFrame, encodeFrame, ETHERTYPE, type VlanTag } from '#wire/frame';
import {
  decodeNeighborMessage,
  encodeNeighborMessage,
  solicitedNodeGroup,
} from '#wire/neighbor-discovery';

const OWN: OwnAddress = {
  mac: macAddress('02:00:00:00:00:0a'),
  ipv4: 0xc000_020an,
  ipv6: 0n,
};
const OWN_IP = Uint8Array.of(192, 0, 2, 10);
const OWN_IPV6 = octetsOf(linkLocalOf(OWN.mac), 16);
const THEM = { mac: macAddress('02:00:00:00:00:01'), ip: Uint8Array.of(192, 0, 2, 1) };
const THEM_IPV6 = octetsOf(linkLocalOf(THEM.mac), 16);
const BROADCAST = macFromBits(0xffff_ffff_ffffn);
const PORT = 3;

/** A switch whose port 3 has addresses, on a link where the test is everybody else. */
class Link {
  now = instant(1_000_000_000n);
  takes = true;
  sent: { port: number; octets: Uint8Array }[] = [];
  readonly neighbors = new Neighbors({
    ports: () => new Map([[PORT, OWN]]),
    send: (port, octets) => {
      if (this.takes) this.sent.push({ port, octets });
      return this.takes;
    },
    now: () => this.now,
    log: pino({ level: 'silent' }),
  });

  /** What was sent since the last time. */
  #taken() {
    const sent = this.sent.map(({ octets }) => {
      const frame = decodeFrame(octets);
      if (!frame.ok || frame.value.encapsulation.kind !== 'ethernet') throw new Error('no frame');
      return { ...frame.value, etherType: frame.value.encapsulation.etherType };
    });
    this.sent = [];
    return sent;
  }

  arps() {
    return this.#taken().map(({ destination, source, tags, etherType, payload }) => {
      const arp = decodeArp(payload);
      if (etherType !== ARP_ETHERTYPE || !arp.ok) throw new Error('no ARP');
      return { destination, source, tags, ...arp.value };
    });
  }

  discoveries() {
    return this.#taken().map(({ destination: to, etherType, payload }) => {
      const message = decodeNeighborMessage(payload);
      if (etherType !== ETHERTYPE.ipv6 || !message.ok) throw new Error('no neighbor message');
      return { to: macText(to), ...message.value };
    });
  }

  hears(
    from: MacAddress,
    etherType: number,
    payload: Uint8Array,
    { port = PORT, tags = [] }: { port?: number; tags?: readonly VlanTag[] } = {},
  ): void {
    const octets = encodeFrame({
      destination: BROADCAST,
      source: from,
      tags,
      encapsulation: { kind: 'ethernet', etherType },
      payload,
      padding: new Uint8Array(18),
    });
    this.neighbors.receive(port, octets);
  }

  hearsArp(arp: Partial<Arp>, tags: readonly VlanTag[] = []): void {
    const whole: Arp = {
      operation: 'request',
      senderMac: THEM.mac,
      senderIp: THEM.ip,
      targetMac: macFromBits(0n),
      targetIp: OWN_IP,
      ...arp,
    };
    this.hears(whole.senderMac, ARP_ETHERTYPE, encodeArp(whole), { tags });
  }

  pass(duration: number): void {
    for (let passed = 0; passed < duration; passed += 0.5) {
      this.now = after(this.now, milliseconds(500));
      this.neighbors.tick();
    }
  }

  get counters() {
    return this.neighbors.status().counters;
  }
}

const reply: Partial<Arp> = { operation: 'reply', targetMac: OWN.mac };

describe('who asks for an address of ours by ARP', () => {
  it('is answered, in the VLAN that it asked in', () => {
    const link = new Link();
    const tags = [{ tpid: 0x8100, priority: 5, dropEligible: false, vlan: 7 }];
    link.hearsArp({}, tags);
    expect(link.arps()).toEqual([
      {
        destination: THEM.mac,
        source: OWN.mac,
        tags,
        operation: 'reply',
        senderMac: OWN.mac,
        senderIp: OWN_IP,
        targetMac: THEM.mac,
        targetIp: THEM.ip,
      },
    ]);
    expect(link.counters.answered).toBe(1);
  });

  it('at another port, or for another address, is not', () => {
    const link = new Link();
    link.hearsArp({ targetIp: Uint8Array.of(192, 0, 2, 11) });
    link.hearsArp({ senderMac: macAddress('03:00:00:00:00:01') });
    link.hears(THEM.mac, ARP_ETHERTYPE, encodeArp({ ...arpOf(), targetIp: OWN_IP }), { port: 4 });
    expect(link.sent).toEqual([]);
  });

  it('too often is not answered each time, and leaves nothing behind', () => {
    const link = new Link();
    for (let n = 0; n < 1_000; n++) {
      link.hearsArp({ senderIp: Uint8Array.of(10, 0, n >> 8, n & 0xff) });
    }
    expect(link.arps()).toHaveLength(64);
    expect(link.counters).toMatchObject({ answered: 64, rateLimited: 936 });
    expect(link.neighbors.status().known).toEqual([]);
  });

  it('with our own address is a conflict, told once', () => {
    const link = new Link();
    link.hearsArp({ senderIp: OWN_IP });
    link.hearsArp({ senderIp: OWN_IP });
    // Our own gratuitous ARP that came back is none.
    link.hearsArp({ senderIp: OWN_IP, senderMac: OWN.mac });
    expect(link.counters.conflicts).toBe(2);
    expect(link.sent).toEqual([]);
  });
});

describe('who asks by Neighbor Discovery', () => {
  const solicitation = {
    kind: 'solicitation',
    source: THEM_IPV6,
    destination: solicitedNodeGroup(OWN_IPV6),
    target: OWN_IPV6,
    linkAddress: THEM.mac,
    solicited: false,
    override: false,
  } as const;

  it('is answered alone', () => {
    const link = new Link();
    link.hears(THEM.mac, ETHERTYPE.ipv6, encodeNeighborMessage(solicitation));
    expect(link.discoveries()).toEqual([
      {
        to: macText(THEM.mac),
        kind: 'advertisement',
        source: OWN_IPV6,
        destination: THEM_IPV6,
        target: OWN_IPV6,
        linkAddress: OWN.mac,
        solicited: true,
        override: true,
      },
    ]);
  });

  it('without an address yet is answered so that all hear it', () => {
    const link = new Link();
    const probe = { ...solicitation, source: new Uint8Array(16), linkAddress: null };
    link.hears(THEM.mac, ETHERTYPE.ipv6, encodeNeighborMessage(probe));
    expect(link.discoveries()).toMatchObject([
      { to: '33:33:00:00:00:01', kind: 'advertisement', solicited: false },
    ]);
  });

  it('for another address is not', () => {
    const link = new Link();
    const other = { ...solicitation, target: THEM_IPV6 };
    link.hears(THEM.mac, ETHERTYPE.ipv6, encodeNeighborMessage(other));
    expect(link.sent).toEqual([]);
  });
});

describe('a station that the switch talks to', () => {
  it('is asked for, and known when it has answered', () => {
    const link = new Link();
    expect(link.neighbors.macOf(PORT, THEM.ip)).toBeNull();
    expect(link.arps()).toMatchObject([
      { destination: BROADCAST, operation: 'request', senderIp: OWN_IP, targetIp: THEM.ip },
    ]);
    link.hearsArp(reply);
    expect(link.neighbors.macOf(PORT, THEM.ip)).toBe(THEM.mac);
    expect(link.sent).toEqual([]);
    expect(link.neighbors.status().known).toMatchObject([{ mac: macText(THEM.mac), age: 0 }]);
  });

  it('is asked for by IPv6 at its solicited-node group', () => {
    const link = new Link();
    expect(link.neighbors.macOf(PORT, THEM_IPV6)).toBeNull();
    expect(link.discoveries()).toMatchObject([
      { to: '33:33:ff:00:00:01', kind: 'solicitation', target: THEM_IPV6, linkAddress: OWN.mac },
    ]);
    const answer = {
      kind: 'advertisement',
      source: THEM_IPV6,
      destination: OWN_IPV6,
      target: THEM_IPV6,
      linkAddress: THEM.mac,
      solicited: true,
      override: true,
    } as const;
    link.hears(THEM.mac, ETHERTYPE.ipv6, encodeNeighborMessage(answer));
    expect(link.neighbors.macOf(PORT, THEM_IPV6)).toBe(THEM.mac);
  });

  it('is asked for three times, a second apart, and then when it is needed again', () => {
    const link = new Link();
    link.neighbors.macOf(PORT, THEM.ip);
    link.neighbors.macOf(PORT, THEM.ip);
    link.pass(10);
    expect(link.arps()).toHaveLength(3);
    expect(link.counters.unreachable).toBe(1);
    expect(link.neighbors.status().known).toEqual([]);
    link.neighbors.macOf(PORT, THEM.ip);
    expect(link.arps()).toHaveLength(1);
  });

  it('is asked for again after a while, and used meanwhile', () => {
    const link = new Link();
    link.neighbors.macOf(PORT, THEM.ip);
    link.hearsArp(reply);
    link.arps();
    link.pass(29);
    expect(link.neighbors.macOf(PORT, THEM.ip)).toBe(THEM.mac);
    expect(link.sent).toEqual([]);
    link.pass(2);
    expect(link.neighbors.macOf(PORT, THEM.ip)).toBe(THEM.mac);
    expect(link.arps()).toHaveLength(1);
    link.pass(60);
    expect(link.neighbors.status().known).toEqual([]);
  });

  it('that moved is known by its new address', () => {
    const link = new Link();
    link.neighbors.macOf(PORT, THEM.ip);
    link.hearsArp(reply);
    const moved = macAddress('02:00:00:00:00:99');
    link.hearsArp({ ...reply, senderMac: moved });
    expect(link.neighbors.macOf(PORT, THEM.ip)).toBe(moved);
    expect(link.counters).toMatchObject({ resolved: 1, moved: 1 });
  });

  it('is one of a bounded number', () => {
    const link = new Link();
    for (let n = 0; n < MAX_NEIGHBORS + 10; n++) {
      link.neighbors.macOf(PORT, Uint8Array.of(10, 1, n >> 8, n & 0xff));
    }
    expect(link.neighbors.status().known).toHaveLength(MAX_NEIGHBORS);
    expect(link.counters.refused).toBe(10);
  });

  it('of a port without an address cannot be asked for', () => {
    const link = new Link();
    expect(link.neighbors.macOf(9, THEM.ip)).toBeNull();
    expect(link.counters).toMatchObject({ asked: 0, notSent: 1 });
  });
});

describe('a switch that starts', () => {
  it('tells the link where its addresses are', () => {
    const link = new Link();
    link.neighbors.announce();
    expect(link.sent).toHaveLength(2);
    const [arp] = link.sent.splice(0, 1);
    const [discovery] = link.discoveries();
    const frame = arp && decodeFrame(arp.octets);
    expect(frame?.ok && decodeArp(frame.value.payload)).toMatchObject({
      ok: true,
      value: { operation: 'request', senderIp: OWN_IP, targetIp: OWN_IP },
    });
    expect(discovery).toMatchObject({ kind: 'advertisement', target: OWN_IPV6, solicited: false });
  });

  it('counts what the dataplane does not take', () => {
    const link = new Link();
    link.takes = false;
    link.neighbors.announce();
    expect(link.counters.notSent).toBe(2);
  });
});

function arpOf(): Arp {
  return {
    operation: 'request',
    senderMac: THEM.mac,
    senderIp: THEM.ip,
    targetMac: macFromBits(0n),
    targetIp: THEM.ip,
  };
}
