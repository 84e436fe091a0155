import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, logInterval, scaledNs } from '#units/time';
import { decodeHeader, FLAG, type PtpHeader } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';

const SEED = 0x1588;
const MAX_SECONDS = (1n << 48n) - 1n;

const portIdentity = fc.record({
  clockIdentity: fc.bigInt(0n, (1n << 64n) - 1n),
  portNumber: fc.nat(0xffff),
});
const timestamp = fc
  .tuple(fc.bigInt(0n, MAX_SECONDS), fc.bigInt(0n, 999_999_999n))
  .map(([s, ns]) => instant(s * 1_000_000_000n + ns));

const header: fc.Arbitrary<PtpHeader> = fc.record({
  majorSdoId: fc.nat(15),
  minorVersionPtp: fc.nat(15),
  domainNumber: fc.nat(255),
  minorSdoId: fc.nat(255),
  flags: fc.nat(0xffff),
  correctionField: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n).map(scaledNs),
  messageTypeSpecific: fc.nat(0xffff_ffff),
  sourcePortIdentity: portIdentity,
  sequenceId: fc.nat(0xffff),
  controlField: fc.nat(255),
  logMessageInterval: fc.integer({ min: -128, max: 127 }).map(logInterval),
});

const tlvs = fc.array(
  fc.record({
    type: fc.nat(0xffff),
    value: fc.uint8Array({ maxLength: 10 }).filter((value) => value.length % 2 === 0),
  }),
  { maxLength: 3 },
);

const message: fc.Arbitrary<PtpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('sync' as const, 'delayReq' as const, 'pdelayReq' as const),
    header,
    tlvs,
    originTimestamp: timestamp,
  }),
  fc.record({
    kind: fc.constant('followUp' as const),
    header,
    tlvs,
    preciseOriginTimestamp: timestamp,
  }),
  fc.record({
    kind: fc.constantFrom(
      'delayResp' as const,
      'pdelayResp' as const,
      'pdelayRespFollowUp' as const,
    ),
    header,
    tlvs,
    timestamp,
    requestingPortIdentity: portIdentity,
  }),
  fc.record({
    kind: fc.constant('announce' as const),
    header,
    tlvs,
    originTimestamp: timestamp,
    currentUtcOffsetSeconds: fc.integer({ min: -0x8000, max: 0x7fff }),
    grandmasterPriority1: fc.nat(255),
    grandmasterClockClass: fc.nat(255),
    grandmasterClockAccuracy: fc.nat(255),
    grandmasterOffsetScaledLogVariance: fc.nat(0xffff),
    grandmasterPriority2: fc.nat(255),
    grandmasterIdentity: fc.bigInt(0n, (1n << 64n) - 1n),
    stepsRemoved: fc.nat(0xffff),
    timeSource: fc.nat(255),
  }),
);

/** A two-step Sync as linuxptp sends it: clock 02:00:00:ff:fe:00:00:01, port 1, sequence 0x1234. */
const SYNC = Uint8Array.from([
  0x00, 0x02, 0x00, 0x2c, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x80, 0x00,
  0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0xff, 0xfe, 0x00, 0x00, 0x01, 0x00, 0x01, 0x12, 0x34,
  0x00, 0xfa, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x07,
]);

describe('PTP messages', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decodeMessage(encodeMessage(original))).toEqual({ ok: true, value: original });
      }),
      { seed: SEED },
    );
  });

  it('of random octets give a message or a named error, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90 }), (random) => {
        const decoded = decodeMessage(random);
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^ptp-/);
      }),
      { seed: SEED },
    );
  });

  it('a Sync on the wire is read field by field', () => {
    expect(decodeMessage(SYNC)).toEqual({
      ok: true,
      value: {
        kind: 'sync',
        header: {
          majorSdoId: 0,
          minorVersionPtp: 0,
          domainNumber: 0,
          minorSdoId: 0,
          flags: FLAG.twoStep,
          correctionField: scaledNs(0x1_8000n),
          messageTypeSpecific: 0,
          sourcePortIdentity: { clockIdentity: 0x0200_00ff_fe00_0001n, portNumber: 1 },
          sequenceId: 0x1234,
          controlField: 0,
          logMessageInterval: logInterval(-6),
        },
        tlvs: [],
        originTimestamp: instant(5_000_000_007n),
      },
    });
  });

  it('behind which padding stands are read up to messageLength', () => {
    const padded = new Uint8Array(60);
    padded.set(SYNC);
    expect(decodeMessage(padded)).toEqual(decodeMessage(SYNC));
  });
});

describe('a message that is wrong', () => {
  const changed = (offset: number, value: number) => {
    const copy = SYNC.slice();
    copy[offset] = value;
    return copy;
  };

  it.each([
    ['is version 1', changed(1, 0x01), 'ptp-unknown-version'],
    ['ends in the header', SYNC.slice(0, 33), 'ptp-truncated'],
    ['claims more than the frame has', changed(3, 0x2d), 'ptp-length-beyond-frame'],
    ['claims less than a header', changed(3, 0x21), 'ptp-length-too-short'],
    ['claims less than its type needs', changed(3, 0x2b), 'ptp-length-too-short'],
    ['has a reserved type', changed(0, 0x07), 'ptp-unknown-message'],
    ['has 2^32 - 1 nanoseconds', changed(40, 0xff), 'ptp-bad-timestamp'],
  ])('%s', (_what, octets, code) => {
    expect(decodeMessage(octets)).toMatchObject({ ok: false, error: { code } });
  });

  it('has a TLV that goes beyond it', () => {
    const octets = Uint8Array.from([...SYNC, 0x00, 0x03, 0x00, 0x02]);
    octets[3] = octets.length;
    expect(decodeMessage(octets)).toMatchObject({ ok: false, error: { code: 'ptp-bad-tlv' } });
  });

  it('of a later minor version is still version 2', () => {
    expect(decodeHeader(changed(1, 0x12))).toMatchObject({
      ok: true,
      value: { minorVersionPtp: 1 },
    });
  });
});
