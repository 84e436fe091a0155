import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macAddress, macFromBits } from '#units/identity';
import { internetChecksum, onesComplementSum } from '#wire/checksum';
import { decodeFrame, encodeFrame, ETHERTYPE, type Encapsulation, type Frame } from '#wire/frame';

const SEED = 0x7117;

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const udp = fc.record({
  sourcePort: fc.nat(0xffff),
  destinationPort: fc.nat(0xffff),
  checksum: fc.constantFrom('valid' as const, 'none' as const),
});

const encapsulation: fc.Arbitrary<Encapsulation> = fc.oneof(
  fc.record({ kind: fc.constant('ethernet' as const), etherType: fc.constant(ETHERTYPE.ptp) }),
  fc.record({
    kind: fc.constant('udp4' as const),
    source: octets(4),
    destination: octets(4),
    trafficClass: fc.nat(255),
    ttl: fc.nat(255),
    identification: fc.nat(0xffff),
    options: fc.constantFrom(0, 4, 40).map((length) => new Uint8Array(length).fill(1)),
    udp,
  }),
  fc.record({
    kind: fc.constant('udp6' as const),
    source: octets(16),
    destination: octets(16),
    trafficClass: fc.nat(255),
    flowLabel: fc.nat(0xf_ffff),
    hopLimit: fc.nat(255),
    udp,
  }),
);

const frame: fc.Arbitrary<Frame> = fc.record({
  destination: fc.bigInt(0n, (1n << 48n) - 1n).map(macFromBits),
  source: fc.bigInt(0n, (1n << 48n) - 1n).map(macFromBits),
  tags: fc.array(
    fc.record({
      tpid: fc.constantFrom(ETHERTYPE.vlan, ETHERTYPE.provider),
      priority: fc.nat(7),
      dropEligible: fc.boolean(),
      vlan: fc.nat(4095),
    }),
    { maxLength: 2 },
  ),
  encapsulation,
  payload: fc.uint8Array({ maxLength: 100 }),
  padding: fc.constant(new Uint8Array(0)),
});

describe('frames', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(frame, (original) => {
        const decoded = decodeFrame(encodeFrame(original));
        expect(decoded).toMatchObject({ ok: true, value: original });
      }),
      { seed: SEED },
    );
  });

  it('of random octets give a frame or a named error, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (random) => {
        const decoded = decodeFrame(random);
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^(frame|tag|ip|udp)-/);
      }),
      { seed: SEED },
    );
  });

  it('cut anywhere give a frame or a named error', () => {
    fc.assert(
      fc.property(frame, fc.nat(200), (original, length) => {
        const decoded = decodeFrame(encodeFrame(original).slice(0, length));
        if (!decoded.ok) expect(decoded.error.message).not.toBe('');
      }),
      { seed: SEED },
    );
  });

  it('keep Ethernet padding apart from a UDP payload', () => {
    const short = encodeFrame({
      destination: macAddress('01:00:5e:00:01:81'),
      source: macAddress('02:00:00:00:00:01'),
      tags: [],
      encapsulation: {
        kind: 'udp4',
        source: Uint8Array.of(10, 0, 0, 1),
        destination: Uint8Array.of(224, 0, 1, 129),
        trafficClass: 0,
        ttl: 1,
        identification: 7,
        options: new Uint8Array(0),
        udp: { sourcePort: 319, destinationPort: 319, checksum: 'valid' },
      },
      payload: Uint8Array.of(1, 2, 3),
      padding: new Uint8Array(15),
    });
    expect(short).toHaveLength(60);
    expect(decodeFrame(short)).toMatchObject({
      ok: true,
      value: { payload: Uint8Array.of(1, 2, 3), padding: new Uint8Array(15), payloadOffset: 42 },
    });
  });

  it('with a wrong UDP checksum say which', () => {
    const frameWithWrong = fc
      .sample(frame, { seed: SEED, numRuns: 50 })
      .find((candidate) => candidate.encapsulation.kind === 'udp6');
    if (frameWithWrong?.encapsulation.kind !== 'udp6') throw new Error('no sample');
    const wrong: Frame = {
      ...frameWithWrong,
      encapsulation: {
        ...frameWithWrong.encapsulation,
        udp: { sourcePort: 1, destinationPort: 2, checksum: { wrong: 0x1234 } },
      },
    };
    expect(decodeFrame(encodeFrame(wrong))).toMatchObject({
      ok: true,
      value: { encapsulation: { udp: { checksum: { wrong: 0x1234 } } } },
    });
  });
});

describe('the Internet checksum', () => {
  it('of the example of RFC 1071 section 3', () => {
    const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(onesComplementSum(example)).toBe(0xddf2);
    expect(internetChecksum(example)).toBe(0x220d);
  });
});
