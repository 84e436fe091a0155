import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logInterval } from '#units/time';
import type { Tlv } from '#wire/ptp-message';
import { decodeTlv, encodeTlv, findTlv, type KnownTlv } from '#wire/tlv/known-tlv';
import { isPropagated, TLV_TYPE } from '#wire/tlv/tlv-type';
import { knownTlvs, tlvKinds } from './arbitraries.js';

const SEED = 0x1588;

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const fromHex = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'));

/** Any even number of octets, as messages have them, behind a type that is known as often as not. */
const anyTlv: fc.Arbitrary<Tlv> = fc.record({
  type: fc.oneof(fc.constantFrom(...Object.values(TLV_TYPE)), fc.nat(0xffff)),
  value: fc.uint8Array({ maxLength: 120 }).filter(({ length }) => length % 2 === 0),
});

describe.each(tlvKinds)('a TLV of kind %s', (_kind, arbitrary) => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(arbitrary, (tlv) => {
        expect(decodeTlv(encodeTlv(tlv))).toEqual({ ok: true, value: tlv });
      }),
      { seed: SEED },
    );
  });

  it('encodes to what was decoded, an even number of octets', () => {
    fc.assert(
      fc.property(arbitrary, (tlv) => {
        const encoded = encodeTlv(tlv);
        expect(encoded.value.length % 2).toBe(0);
        const decoded = decodeTlv(encoded);
        if (!decoded.ok) throw new Error(decoded.error.message);
        expect(encodeTlv(decoded.value)).toEqual(encoded);
      }),
      { seed: SEED },
    );
  });
});

describe('any TLV', () => {
  it('decodes to a value or a named error, and what it encodes to then is fixed', () => {
    fc.assert(
      fc.property(anyTlv, (tlv) => {
        const decoded = decodeTlv(tlv);
        if (!decoded.ok) {
          expect(decoded.error.code).toMatch(/^tlv-(too-short|bad-value)$/);
          return;
        }
        const encoded = encodeTlv(decoded.value);
        expect(encoded.type).toBe(tlv.type);
        expect(decodeTlv(encoded)).toEqual(decoded);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  it('is cut anywhere without harm', () => {
    fc.assert(
      fc.property(knownTlvs, fc.nat(120), (tlv, cut) => {
        const whole = encodeTlv(tlv);
        const decoded = decodeTlv({ ...whole, value: whole.value.subarray(0, cut) });
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^tlv-/);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('is found by its kind, the first one that can be read', () => {
    const path: KnownTlv = { kind: 'pathTrace', path: [7n] };
    const broken: Tlv = { type: TLV_TYPE.pathTrace, value: Uint8Array.of(1, 2) };
    const tlvs = [broken, encodeTlv({ kind: 'pad', octets: 4 }), encodeTlv(path)];
    expect(findTlv(tlvs, 'pathTrace')).toEqual(path);
    expect(findTlv(tlvs, 'authentication')).toBeUndefined();
  });
});

describe('TLVs of which the length is wrong', () => {
  it.each<[string, number, string, string]>([
    ['a path of half a clock', TLV_TYPE.pathTrace, '00000000', 'tlv-bad-value'],
    [
      'a name beyond its TLV',
      TLV_TYPE.alternateTimeOffsetIndicator,
      `${'00'.repeat(15)}02 41`,
      'tlv-too-short',
    ],
    ['an address beyond its TLV', TLV_TYPE.protocolAddress, '0001 0004 7f00', 'tlv-too-short'],
    ['half a record', TLV_TYPE.slaveTxEventTimestamps, `${'00'.repeat(12)}0001`, 'tlv-bad-value'],
    [
      'a second of 2^32 - 1 ns',
      TLV_TYPE.slaveTxEventTimestamps,
      `${'00'.repeat(12)}0001 000000000000 ffffffff`,
      'tlv-bad-value',
    ],
    ['L1_SYNC without its options', TLV_TYPE.l1Sync, '0800', 'tlv-too-short'],
    [
      'an organization of five octets',
      TLV_TYPE.organizationExtension,
      '0080c20000',
      'tlv-too-short',
    ],
    ['an authentication without key', TLV_TYPE.authentication, '0000 0000', 'tlv-too-short'],
  ])('%s is an error with a name', (_what, type, digits, code) => {
    expect(decodeTlv({ type, value: fromHex(digits) })).toMatchObject({
      ok: false,
      error: { code },
    });
  });

  it('of a later edition, with more behind what we know, are read as far', () => {
    const value = fromHex('0001 0203 0405');
    expect(decodeTlv({ type: TLV_TYPE.cumulativeRateRatio, value })).toEqual({
      ok: true,
      value: { kind: 'cumulativeRateRatio', scaledCumulativeRateRatio: 0x0001_0203 },
    });
  });
});

describe('TLVs on the wire', () => {
  it.each<[string, KnownTlv, number, string]>([
    [
      'the flags of a cancel are beside messageType, as linuxptp reads them',
      { kind: 'cancelUnicast', messageType: 0xb, maintainRequest: true, maintainGrant: false },
      0x0006,
      'b100',
    ],
    [
      'a grant has R in its last octet',
      {
        kind: 'grantUnicast',
        messageType: 0,
        logInterMessagePeriod: logInterval(-4),
        durationSeconds: 300,
        renewalInvited: true,
      },
      0x0005,
      '00fc 0000012c 00 01',
    ],
    [
      '802.1AS’s Follow_Up information begins with the OUI',
      {
        kind: 'followUpInformation',
        cumulativeScaledRateOffset: -2,
        gmTimeBaseIndicator: 7,
        lastGmPhaseChange: -1n << 16n,
        scaledLastGmFreqChange: 3,
      },
      0x0003,
      '0080c2 000001 fffffffe 0007 ffffffffffffffffffff0000 00000003',
    ],
    [
      'C37.238-2017 has 18 octets of value',
      { kind: 'power2017', grandmasterId: 0x00ff, totalTimeInaccuracyNs: 250 },
      0x0003,
      '1c129d 000002 00ff 00000000 000000fa 0000',
    ],
    [
      'L1_SYNC requires in its first octet, and is in its second',
      {
        kind: 'l1Sync',
        txCoherentIsRequired: true,
        rxCoherentIsRequired: false,
        congruentIsRequired: true,
        isTxCoherent: false,
        isRxCoherent: true,
        isCongruent: false,
        options: null,
      },
      0x8001,
      '0502',
    ],
  ])('%s', (_what, tlv, type, digits) => {
    const encoded = encodeTlv(tlv);
    expect(encoded.type).toBe(type);
    expect(hex(encoded.value)).toBe(digits.replaceAll(' ', ''));
  });

  it('a boundary clock passes on what the type says', () => {
    expect(isPropagated(TLV_TYPE.organizationExtensionPropagate)).toBe(true);
    expect(isPropagated(0x7fff)).toBe(true);
    expect(isPropagated(TLV_TYPE.alternateTimeOffsetIndicator)).toBe(true);
    expect(isPropagated(TLV_TYPE.organizationExtension)).toBe(false);
    expect(isPropagated(TLV_TYPE.authentication)).toBe(false);
  });
});
