import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macAddress, macFromBits } from '#units/identity';
import { decodeArp, encodeArp, type Arp } from '#wire/arp';
import {
  decodeNeighborMessage,
  encodeNeighborMessage,
  solicitedNodeGroup,
  type NeighborMessage,
} from '#wire/neighbor-discovery';

const SEED = 0x1588;
const macs = fc.bigInt(0n, (1n << 48n) - 1n).map(macFromBits);
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 });

const arps: fc.Arbitrary<Arp> = fc.record({
  operation: fc.constantFrom('request' as const, 'reply' as const),
  senderMac: macs,
  senderIp: ipv4,
  targetMac: macs,
  targetIp: ipv4,
});

const neighborMessages: fc.Arbitrary<NeighborMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('solicitation' as const),
    source: ipv6,
    destination: ipv6,
    target: ipv6,
    linkAddress: fc.option(macs),
    solicited: fc.constant(false),
    override: fc.constant(false),
  }),
  fc.record({
    kind: fc.constant('advertisement' as const),
    source: ipv6,
    destination: ipv6,
    target: ipv6,
    linkAddress: fc.option(macs),
    solicited: fc.boolean(),
    override: fc.boolean(),
  }),
);

const fromHex = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'));

describe('ARP', () => {
  it('decodes to what was encoded, whatever padding follows', () => {
    fc.assert(
      fc.property(arps, fc.uint8Array({ maxLength: 18 }), (arp, padding) => {
        const octets = Uint8Array.from([...encodeArp(arp), ...padding]);
        expect(decodeArp(octets)).toEqual({ ok: true, value: arp });
      }),
      { seed: SEED },
    );
  });

  it('a request on the wire is read field by field', () => {
    const octets = fromHex('0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202');
    const arp = {
      operation: 'request',
      senderMac: macAddress('02:00:00:00:00:01'),
      senderIp: Uint8Array.of(192, 0, 2, 1),
      targetMac: macFromBits(0n),
      targetIp: Uint8Array.of(192, 0, 2, 2),
    } as const;
    expect(decodeArp(octets)).toEqual({ ok: true, value: arp });
    expect(encodeArp(arp)).toEqual(octets);
  });

  it.each([
    ['too short', '0001 0800 06 04 0001', 'arp-too-short'],
    ['of another protocol', `0001 86dd 06 10 0001 ${'00'.repeat(20)}`, 'arp-not-ipv4'],
    ['of another operation', `0001 0800 06 04 0003 ${'00'.repeat(20)}`, 'arp-unknown-operation'],
  ])('%s is an error with a name', (_what, digits, code) => {
    expect(decodeArp(fromHex(digits))).toMatchObject({ ok: false, error: { code } });
  });
});

describe('Neighbor Discovery', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(neighborMessages, (message) => {
        const packet = encodeNeighborMessage(message);
        expect(decodeNeighborMessage(packet)).toEqual({ ok: true, value: message });
      }),
      { seed: SEED },
    );
  });

  it('of any octets is a message or a named error; with one changed it is not taken', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        const decoded = decodeNeighborMessage(octets);
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^nd-/);
      }),
      { seed: SEED },
    );
    fc.assert(
      fc.property(
        neighborMessages,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (message, at, by) => {
          const packet = encodeNeighborMessage(message);
          // Traffic class and flow label are no part of the checksum, a zero of it has two patterns.
          const index = 4 + (at % (packet.length - 4));
          packet[index] = (packet[index] ?? 0) ^ by;
          expect(decodeNeighborMessage(packet).ok).toBe(false);
        },
      ),
      { seed: SEED },
    );
  });

  it('comes from the link: whoever is further away has a lower hop limit', () => {
    const packet = encodeNeighborMessage({
      kind: 'solicitation',
      source: new Uint8Array(16),
      destination: new Uint8Array(16),
      target: new Uint8Array(16),
      linkAddress: null,
      solicited: false,
      override: false,
    });
    packet[7] = 254;
    expect(decodeNeighborMessage(packet)).toMatchObject({
      ok: false,
      error: { code: 'nd-invalid' },
    });
  });

  it('with an option of no length is not read for ever', () => {
    const packet = encodeNeighborMessage({
      kind: 'solicitation',
      source: new Uint8Array(16),
      destination: new Uint8Array(16),
      target: new Uint8Array(16),
      linkAddress: macFromBits(0n),
      solicited: false,
      override: false,
    });
    // The option's length goes, and comes back in the target: the checksum stays right.
    packet[65] = 0;
    packet[49] = 1;
    expect(decodeNeighborMessage(packet)).toMatchObject({
      ok: false,
      error: { code: 'nd-invalid' },
    });
  });

  it('asks at the group of the address’s last 24 bits', () => {
    const address = fromHex('20010db8000000000000000000 123456');
    expect(Buffer.from(solicitedNodeGroup(address)).toString('hex')).toBe(
      'ff0200000000000000000001ff123456',
    );
  });
});
