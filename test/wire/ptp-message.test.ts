import { portIdentityText } from '#units/clock-identity';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, logInterval, scaledNs } from '#units/time';
import { decodeHeader, FLAG } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, MESSAGE_OCTETS, type PtpMessage } from '#wire/ptp-message';
import { messages } from './arbitraries.js';

const SEED = 0x1588;
/** A two-step Sync as linuxptp sends it: clock 02:00:00:ff:fe:00:00:01, port 1, sequence 0x1234. */
const SYNC = Uint8Array.from([
  0x00, 0x02, 0x00, 0x2c, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x80, 0x00,
  0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0xff, 0xfe, 0x00, 0x00, 0x01, 0x00, 0x01, 0x12, 0x34,
  0x00, 0xfa, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x07,
]);

/** Octets that mean nothing: sent as zero (13.5, 13.9 and 15.4.1). */
const RESERVED: Readonly<Partial<Record<PtpMessage['kind'], readonly number[]>>> = {
  announce: [46],
  pdelayReq: [44, 45, 46, 47, 48, 49, 50, 51, 52, 53],
  management: [47],
};

describe('PTP messages', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(messages, (original) => {
        expect(decodeMessage(encodeMessage(original))).toEqual({ ok: true, value: original });
      }),
      { seed: SEED },
    );
  });

  it('encode to what was decoded', () => {
    fc.assert(
      fc.property(messages, (original) => {
        const octets = encodeMessage(original);
        const decoded = decodeMessage(octets);
        if (!decoded.ok) throw new Error(decoded.error.message);
        expect(encodeMessage(decoded.value)).toEqual(octets);
      }),
      { seed: SEED },
    );
  });

  it('of whatever octets encode to the same but for what is reserved', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.tuple(fc.nat(150), fc.nat(255))), (original, changes) => {
        const octets = encodeMessage(original);
        for (const [at, value] of changes) octets[at % octets.length] = value;
        const decoded = decodeMessage(octets);
        if (!decoded.ok) return;
        const { kind } = decoded.value;
        const length = ((octets[2] ?? 0) << 8) | (octets[3] ?? 0);
        const kept = octets.slice(0, length);
        for (const at of RESERVED[kind] ?? []) kept[at] = 0;
        if (kind === 'management') kept[46] = (kept[46] ?? 0) & 0xf;
        expect(encodeMessage(decoded.value)).toEqual(kept);
      }),
      { seed: SEED, numRuns: 1_000 },
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

describe('every message', () => {
  it('is cut anywhere without harm: an error, never an exception', () => {
    fc.assert(
      fc.property(messages, fc.nat(200), (original, cut) => {
        const whole = encodeMessage(original);
        const length = Math.min(cut, whole.length - 1);
        expect(decodeMessage(whole.slice(0, length)).ok).toBe(false);
      }),
      { seed: SEED },
    );
  });

  it('is not read beyond messageLength, whatever stands behind it', () => {
    fc.assert(
      fc.property(messages, fc.uint8Array({ maxLength: 40 }), (original, padding) => {
        const octets = Uint8Array.from([...encodeMessage(original), ...padding]);
        expect(decodeMessage(octets)).toEqual({ ok: true, value: original });
      }),
      { seed: SEED },
    );
  });

  it('that claims less than its type needs is refused', () => {
    fc.assert(
      fc.property(messages, (original) => {
        const octets = encodeMessage({ ...original, tlvs: [] });
        const length = MESSAGE_OCTETS[original.kind] - 1;
        octets.set([length >> 8, length & 0xff], 2);
        expect(decodeMessage(octets)).toMatchObject({
          ok: false,
          error: { code: 'ptp-length-too-short' },
        });
      }),
      { seed: SEED },
    );
  });

  it('whose octets are changed anywhere is decoded or refused', () => {
    fc.assert(
      fc.property(messages, fc.nat(150), fc.nat(255), (original, at, value) => {
        const octets = encodeMessage(original);
        octets[at % octets.length] = value;
        const decoded = decodeMessage(octets);
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^ptp-/);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe('a port identity', () => {
  it('is written as pmc writes it', () => {
    const port = { clockIdentity: 0x0011_22ff_fe33_4455n, portNumber: 12 };
    expect(portIdentityText(port)).toBe('001122.fffe.334455-12');
    expect(portIdentityText({ clockIdentity: 1n, portNumber: 0 })).toBe('000000.0000.000001-0');
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
