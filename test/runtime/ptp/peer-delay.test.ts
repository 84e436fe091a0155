/** The agent's own Pdelay_Req: what is sent, what comes back, and what the switch is told. */
import { describe, expect, it } from 'vitest';
import { macText } from '#units/identity';
import { Conversation, frameOf, Neighbour, pdelayReqOf } from './conversation.js';

const CLOCK = 'clock: { identity: "00:11:22:ff:fe:33:44:55", domainNumber: 3 }';

const port = (number: number, peerDelay = '{ enabled: true }', more = '') =>
  `  - { number: ${number}, name: p${number}, ptp: transparentP2P, peerDelay: ${peerDelay},
      address: { mac: "02:00:00:00:00:0${number}", ipv4: "192.0.2.${number}" }${more} }`;

function talk(...ports: string[]): Conversation {
  return new Conversation([CLOCK, 'ports:', ...ports].join('\n'));
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

/** Of all requests those whose time was asked for. */
const measured = (t: Conversation) => t.sent.filter(({ fields }) => fields['tx_event'] === 1n);

describe('a request', () => {
  it('goes out by each port that asks, as often as its interval says, one ahead of each', () => {
    const t = talk(
      port(1),
      port(2, '{ enabled: true, logInterval: -1 }'),
      port(3, '{ enabled: false }'),
    );
    t.service.start();
    t.time.pass(4_100);
    const ports = t.sent.map(({ fields }) => Number(fields['egress_port']));
    expect(ports.filter((p) => p === 1)).toHaveLength(6);
    expect(ports.filter((p) => p === 2)).toHaveLength(10);
    expect(ports).not.toContain(3);
    const [ahead, second] = t.sent;
    expect(ahead?.fields).toMatchObject({ egress_port: 1n, tx_event: 0n, group: 0n, stamp: 0n });
    expect(second?.fields).toMatchObject({ egress_port: 1n, tx_event: 1n, group: 0n, stamp: 0n });
    expect(pdelayReqOf(second).header.sequenceId).toBe(1);
    const { header } = pdelayReqOf(ahead);
    expect(header).toMatchObject({
      domainNumber: 3,
      majorSdoId: 0,
      sequenceId: 0,
      sourcePortIdentity: { clockIdentity: 0x0011_22ff_fe33_4455n, portNumber: 1 },
    });
    const last = t.sent.findLast(({ fields }) => fields['egress_port'] === 1n);
    expect(pdelayReqOf(last).header.sequenceId).toBe(5);
  });

  it('over Ethernet goes to 01-80-C2-00-00-0E', () => {
    const t = talk(port(1));
    t.service.start();
    const frame = frameOf(t.sent[0]?.octets ?? new Uint8Array(0));
    expect(macText(frame.destination)).toBe('01:80:c2:00:00:0e');
    expect(macText(frame.source)).toBe('02:00:00:00:00:01');
    expect(frame.encapsulation).toEqual({ kind: 'ethernet', etherType: 0x88f7 });
    expect(frame.payload).toHaveLength(54);
  });

  it('over UDP/IPv4 goes to 224.0.0.107, port 319, with checksums', () => {
    const t = talk(port(1, '{ enabled: true, transport: udp4 }'));
    t.service.start();
    const frame = frameOf(t.sent[0]?.octets ?? new Uint8Array(0));
    expect(macText(frame.destination)).toBe('01:00:5e:00:00:6b');
    expect(frame.encapsulation).toMatchObject({
      kind: 'udp4',
      source: Uint8Array.of(192, 0, 2, 1),
      destination: Uint8Array.of(224, 0, 0, 107),
      ttl: 1,
      udp: { sourcePort: 319, destinationPort: 319, checksum: 'valid' },
    });
  });

  it('over UDP/IPv6 goes to FF02::6B from the link-local address, and is two octets longer', () => {
    const t = talk(port(1, '{ enabled: true, transport: udp6 }'));
    t.service.start();
    const frame = frameOf(t.sent[0]?.octets ?? new Uint8Array(0));
    expect(macText(frame.destination)).toBe('33:33:00:00:00:6b');
    expect(frame.encapsulation).toMatchObject({
      kind: 'udp6',
      hopLimit: 1,
      udp: { sourcePort: 319, destinationPort: 319, checksum: 'valid' },
    });
    if (frame.encapsulation.kind !== 'udp6') throw new Error('not IPv6');
    expect(hex(frame.encapsulation.source)).toBe('fe80000000000000000000fffe000001');
    expect(hex(frame.encapsulation.destination)).toBe('ff02000000000000000000000000006b');
    expect(frame.payload).toHaveLength(56);
    expect(pdelayReqOf(t.sent[0]).header.sequenceId).toBe(0);
  });

  it('by 802.1AS has majorSdoId 1 and domain 0', () => {
    const t = talk(port(1, '{ enabled: true, convention: ieee8021as }'));
    t.service.start();
    expect(pdelayReqOf(t.sent[0]).header).toMatchObject({ majorSdoId: 1, domainNumber: 0 });
  });

  it('by 802.1AS comes alone, at every interval', () => {
    const t = talk(port(1, '{ enabled: true, convention: ieee8021as }'));
    t.service.start();
    t.time.pass(2_100);
    expect(t.sent).toHaveLength(3);
    expect(measured(t)).toHaveLength(3);
  });

  it('comes at an interval that jitters by a tenth', () => {
    const t = talk(port(1));
    t.service.start();
    t.time.pass(1_799);
    expect(t.sent).toHaveLength(2);
    t.time.pass(402);
    expect(t.sent).toHaveLength(4);
  });
});

describe('an answer', () => {
  it.each(['one', 'two'] as const)('of a %s-step responder becomes the meanLinkDelay', (steps) => {
    const t = talk(port(1));
    const neighbour = new Neighbour(t, { delayNs: 740n, steps });
    t.onSent = (sent) => neighbour.answer(sent);
    t.service.start();
    t.time.pass(5_000);
    const [report] = t.service.status().peerDelay.ports;
    expect(report).toMatchObject({
      condition: 'valid',
      meanLinkDelayNs: 740,
      writtenMeanLinkDelayNs: 740,
      neighbor: '112233.fffe.445566-1',
      responderSteps: steps,
    });
    expect(t.written).toEqual([
      {
        table: expect.stringContaining('ingress_timing') as string,
        match: { ingress_port: 1n },
        action: {
          name: expect.stringContaining('set_ingress_timing') as string,
          params: { latency: 0n, asymmetry: 0n, mean_link_delay: 740n << 16n, two_step: 0n },
        },
      },
    ]);
    expect(t.service.entities().map((entity) => t.entry(entity))).toEqual(t.written);
  });

  it('keeps what else the entry says', () => {
    const more =
      ', step: two, timing: { ingressLatencyNs: 10, egressLatencyNs: 20, delayAsymmetryNs: -5 }';
    const t = talk(port(1, '{ enabled: true }', more));
    const neighbour = new Neighbour(t, { delayNs: 1_000n });
    t.onSent = (sent) => neighbour.answer(sent);
    t.service.start();
    t.time.pass(1_000);
    const params = t.written[0]?.action.params;
    expect(params).toMatchObject({
      latency: 10n << 16n,
      asymmetry: BigInt.asUintN(64, -5n << 16n),
      two_step: 1n,
    });
    // The latencies are the port's own, not the link's; 2 × 1000 - 10 - 20, halved, of one way.
    expect(params?.['mean_link_delay']).toBe(985n << 16n);
  });

  it('that changes by a few nanoseconds is not written again; one that changes by more is', () => {
    const t = talk(port(1, '{ enabled: true, filterLength: 1 }'));
    let delayNs = 500n;
    t.onSent = (sent) => new Neighbour(t, { delayNs }).answer(sent);
    t.service.start();
    t.time.pass(1_500);
    expect(t.written).toHaveLength(1);
    delayNs = 503n;
    t.time.pass(5_000);
    expect(t.written).toHaveLength(1);
    delayNs = 506n;
    t.time.pass(5_000);
    expect(t.written.length).toBeGreaterThanOrEqual(2);
    const written = Number(t.written.at(-1)?.action.params['mean_link_delay']) / 2 ** 16;
    expect(written).toBeCloseTo(506, 2);
  });

  it('of two responders marks the port, and leaves the other one alone', () => {
    const t = talk(port(1), port(2));
    const good = new Neighbour(t, { delayNs: 300n });
    const stray = new Neighbour(t, { delayNs: 900n, identity: 0x99n });
    t.onSent = (sent) => {
      good.answer(sent);
      if (sent.fields['egress_port'] === 1n && t.time.nowNs < 8_000_000_000n) stray.respond(sent);
    };
    t.service.start();
    t.time.pass(5_000);
    expect(t.service.status().peerDelay.ports.map(({ condition }) => condition)).toEqual([
      'multiple-responders',
      'valid',
    ]);
    t.time.pass(10_000);
    expect(t.service.status().peerDelay.ports).toMatchObject([
      { condition: 'valid', meanLinkDelayNs: 300 },
      { condition: 'valid', meanLinkDelayNs: 300 },
    ]);
  });

  it('that nobody asked for is counted', () => {
    const t = talk(port(1), port(2, '{ enabled: false }'));
    const neighbour = new Neighbour(t, { delayNs: 300n });
    t.service.start();
    const [first] = t.sent;
    if (first === undefined) throw new Error('nothing sent');
    neighbour.respond({ ...first, fields: { egress_port: 2n } });
    expect(t.service.status().peerDelay.counters).toEqual({ unexpected: 2, undecodable: 0 });
  });
});

describe('a transmit time', () => {
  it('is claimed once', () => {
    const t = talk(port(1));
    t.service.start();
    const [first] = measured(t);
    if (first === undefined) throw new Error('nothing sent');
    t.transmitted(first, 5n);
    t.transmitted(first, 6n);
    t.packetIn(2, 64, 7n, first.octets);
    expect(t.service.status().packets.transmitTimes).toEqual({
      asked: 1,
      claimed: 1,
      unknown: 2,
      late: 0,
      missing: 0,
      refused: 0,
    });
  });

  it('that does not come is missing, and late when it comes after all', () => {
    const t = talk(port(1));
    t.service.start();
    t.time.pass(8_500);
    const [first] = measured(t);
    if (first === undefined) throw new Error('nothing sent');
    t.transmitted(first, 5n);
    const { transmitTimes } = t.service.status().packets;
    expect(transmitTimes).toMatchObject({ asked: 5, claimed: 0, late: 1, unknown: 0 });
    expect(transmitTimes.missing).toBeGreaterThanOrEqual(2);
  });

  it('a link without any is marked', () => {
    const t = talk(port(1, '{ enabled: true, allowedLostResponses: 2 }'));
    const neighbour = new Neighbour(t, { delayNs: 300n });
    t.onSent = (sent) => neighbour.respond(sent);
    t.service.start();
    t.time.pass(10_000);
    expect(t.service.status().peerDelay.ports[0]?.condition).toBe('no-transmit-time');
  });
});

describe('a switch that is away', () => {
  it('costs exchanges, and the measurement goes on when it is back', () => {
    const t = talk(port(1, '{ enabled: true, allowedLostResponses: 2 }'));
    const neighbour = new Neighbour(t, { delayNs: 300n });
    t.onSent = (sent) => neighbour.answer(sent);
    t.connected = false;
    t.service.start();
    t.time.pass(10_000);
    expect(t.service.status()).toMatchObject({
      packets: { sent: 0, notSent: 12 },
      peerDelay: { ports: [{ condition: 'no-transmit-time', meanLinkDelayNs: null }] },
    });
    t.connected = true;
    t.time.pass(5_000);
    expect(t.service.status().peerDelay.ports[0]).toMatchObject({
      condition: 'valid',
      meanLinkDelayNs: 300,
    });
  });

  it('may count from somewhere else when it is back', () => {
    const t = talk(port(1));
    const neighbour = new Neighbour(t, { delayNs: 300n });
    t.onSent = (sent) => neighbour.answer(sent);
    t.ahead = 1n << 40n;
    t.service.start();
    t.time.pass(60_000);
    t.ahead = -500_000_000n;
    t.service.onPrepared({ pushed: true, actual: [] });
    for (let second = 0; second < 60; second += 1) {
      t.time.pass(1_000);
      expect(t.service.status().peerDelay.ports[0]?.writtenMeanLinkDelayNs).toBeCloseTo(300, 0);
    }
    expect(t.service.status().peerDelay.ports[0]).toMatchObject({ condition: 'valid' });
  });

  it('keeps what an earlier agent measured until there is better', () => {
    const t = talk(port(1), port(2));
    const earlier = talk(port(1));
    const neighbour = new Neighbour(earlier, { delayNs: 4_321n });
    earlier.onSent = (sent) => neighbour.answer(sent);
    earlier.service.start();
    earlier.time.pass(2_000);
    t.service.onPrepared({ pushed: false, actual: earlier.service.entities() });
    const delays = t.service.entities().map((e) => t.entry(e).action.params['mean_link_delay']);
    expect(delays).toEqual([4_321n << 16n, 0n]);
  });
});

describe('stopping', () => {
  it('leaves no timer behind and takes nothing back', async () => {
    const t = talk(port(1), port(2));
    const neighbour = new Neighbour(t, { delayNs: 300n });
    t.onSent = (sent) => neighbour.answer(sent);
    t.service.start();
    t.time.pass(3_000);
    const { length } = t.written;
    await t.service.stop();
    expect(t.time.waiting).toBe(0);
    t.time.pass(10_000);
    expect(t.written).toHaveLength(length);
  });
});
