import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scaledNs } from '#units/time';
import type { Codec } from '#wire/fields';
import * as data from '#wire/management-data';
import {
  decodeManagementTlv,
  encodeManagementTlv,
  MANAGEMENT_ERROR,
  MANAGEMENT_ID,
  type ManagementTlv,
} from '#wire/management-tlv';
import { decodeMessage, encodeMessage } from '#wire/ptp-message';
import { TLV_TYPE } from '#wire/tlv/tlv-type';
import { decodeUtf8, encodeUtf8 } from '#wire/text';
import { portIdentities, timeIntervals } from './arbitraries.js';

const SEED = 0x1588;
const octet = fc.nat(255);
const word = fc.nat(0xffff);
const long = fc.bigInt(0n, (1n << 64n) - 1n);
const interval = fc.integer({ min: -128, max: 127 });
/** As long as the shortest of the fields takes. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((value) => encodeUtf8(value).length <= 32);

/** What pmc 3.1.1 asked a ptp4l 3.1.1 on a veth, and what that said: messages as they were sent. */
const RECORDED = JSON.parse(
  readFileSync(new URL('pmc-conversation.json', import.meta.url), 'utf8'),
) as { name: string; request: string; reply: string }[];

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));

/** The management TLV of a recorded message. */
function tlvOf(octets: Uint8Array): ManagementTlv {
  const message = decodeMessage(octets);
  if (!message.ok || message.value.kind !== 'management') throw new Error('no management');
  const [tlv] = message.value.tlvs;
  const decoded = tlv && decodeManagementTlv(tlv);
  if (decoded?.ok !== true) throw new Error('no TLV');
  return decoded.value;
}

const recorded = (name: string): ManagementTlv => {
  const found = RECORDED.find((exchange) => exchange.name === name);
  if (found === undefined) throw new Error(`${name} was not recorded`);
  return tlvOf(fromHex(found.reply));
};

function reencode<T>(codec: Codec<T>, octets: Uint8Array): Uint8Array {
  const decoded = codec.decode(octets);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return codec.encode(decoded.value);
}

describe('messages that pmc and ptp4l sent', () => {
  it.each(
    RECORDED.flatMap(({ name, request, reply }) => [
      [`${name}, asked`, request],
      [`${name}, answered`, reply],
    ]),
  )('%s: encodes to what was decoded', (_name, hex) => {
    const octets = fromHex(hex);
    const decoded = decodeMessage(octets);
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(encodeMessage(decoded.value)).toEqual(octets);
    const tlv = tlvOf(octets);
    expect(encodeMessage({ ...decoded.value, tlvs: [encodeManagementTlv(tlv)] })).toEqual(octets);
  });

  it.each<[string, Codec<unknown>]>([
    ['CLOCK_DESCRIPTION', data.clockDescription],
    ['DEFAULT_DATA_SET', data.defaultDataSet],
    ['CURRENT_DATA_SET', data.currentDataSet],
    ['PARENT_DATA_SET', data.parentDataSet],
    ['TIME_PROPERTIES_DATA_SET', data.timePropertiesDataSet],
    ['PORT_DATA_SET', data.portDataSet],
    ['DOMAIN', data.oneUnsigned],
    ['LOG_MIN_PDELAY_REQ_INTERVAL', data.oneInterval],
    ['PORT_DATA_SET_NP', data.portDataSetNp],
    ['PORT_STATS_NP', data.portStatsNp],
  ])('%s: the data set encodes to what was decoded', (name, codec) => {
    const tlv = recorded(`GET ${name}`);
    if (tlv.kind !== 'management') throw new Error('an error');
    // As a TLV: its value has an even length.
    const again = { ...tlv, data: reencode(codec, tlv.data) };
    expect(encodeManagementTlv(again)).toEqual(encodeManagementTlv(tlv));
  });

  it('CLOCK_DESCRIPTION is read field by field', () => {
    const tlv = recorded('GET CLOCK_DESCRIPTION');
    if (tlv.kind !== 'management') throw new Error('an error');
    expect(data.clockDescription.decode(tlv.data)).toEqual({
      ok: true,
      value: {
        clockType: data.CLOCK_TYPE.ordinary,
        physicalLayerProtocol: 'IEEE 802.3',
        physicalAddress: Uint8Array.of(2, 0, 0, 0, 0, 0x0a),
        protocolAddress: {
          networkProtocol: data.NETWORK_PROTOCOL.ethernet,
          address: Uint8Array.of(2, 0, 0, 0, 0, 0x0a),
        },
        manufacturerIdentity: new Uint8Array(3),
        productDescription: ';;',
        revisionData: ';;',
        userDescription: 'hello',
        profileIdentity: Uint8Array.of(0, 0x1b, 0x19, 0, 2, 0),
      },
    });
  });

  it('PORT_STATS_NP counts in little-endian', () => {
    const tlv = recorded('GET PORT_STATS_NP');
    const stats = tlv.kind === 'management' ? data.portStatsNp.decode(tlv.data) : null;
    expect(stats?.ok === true && stats.value.received[0xd]).toBe(16n);
  });

  it('SET PRIORITY1 from elsewhere is refused by ptp4l without a text', () => {
    expect(recorded('SET PRIORITY1')).toEqual({
      kind: 'error',
      errorId: MANAGEMENT_ERROR.notSupported,
      managementId: MANAGEMENT_ID.priority1,
      displayData: '',
    });
  });
});

describe('the data sets', () => {
  const roundTrip = <T>(codec: Codec<T>, values: fc.Arbitrary<T>): void => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual({ ok: true, value });
      }),
      { seed: SEED },
    );
  };

  it('decode to what was encoded', () => {
    roundTrip(
      data.transparentClockDefaultDataSet,
      fc.record({
        clockIdentity: long,
        numberPorts: word,
        delayMechanism: octet,
        primaryDomain: octet,
      }),
    );
    roundTrip(
      data.transparentClockPortDataSet,
      fc.record({
        portIdentity: portIdentities,
        flags: octet,
        logMinPdelayReqInterval: interval,
        peerMeanPathDelay: timeIntervals,
      }),
    );
    roundTrip(data.userDescription, text);
    roundTrip(
      data.portPropertiesNp,
      fc.record({
        portIdentity: portIdentities,
        portState: octet,
        timestamping: octet,
        interfaceName: text,
      }),
    );
    roundTrip(
      data.portStatsNp,
      fc.record({
        portIdentity: portIdentities,
        received: fc.array(long, { minLength: 16, maxLength: 16 }),
        sent: fc.array(long, { minLength: 16, maxLength: 16 }),
      }),
    );
    const address = fc.uint8Array({ maxLength: 16 });
    roundTrip(
      data.clockDescription,
      fc.record({
        clockType: word,
        physicalLayerProtocol: text,
        physicalAddress: address,
        protocolAddress: fc.record({ networkProtocol: word, address }),
        manufacturerIdentity: fc.uint8Array({ minLength: 3, maxLength: 3 }),
        productDescription: text,
        revisionData: text,
        userDescription: text,
        profileIdentity: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      }),
    );
  });

  it('of random octets are decoded or refused', () => {
    const codecs: Codec<unknown>[] = [
      data.clockDescription,
      data.userDescription,
      data.portPropertiesNp,
      data.portStatsNp,
      data.transparentClockPortDataSet,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        for (const codec of codecs) {
          const decoded = codec.decode(octets);
          if (!decoded.ok) expect(decoded.error.code).toMatch(/^layout-/);
        }
      }),
      { seed: SEED },
    );
  });

  it('are 12 and 20 octets for a transparent clock (15.5.3.10 and 11)', () => {
    const clock = { clockIdentity: 0x0102_0304_0506_0708n, numberPorts: 3, delayMechanism: 2 };
    expect([...data.transparentClockDefaultDataSet.encode({ ...clock, primaryDomain: 9 })]).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 0, 3, 2, 9],
    );
    const portIdentity = { clockIdentity: 0x0102_0304_0506_0708n, portNumber: 2 };
    const port = data.transparentClockPortDataSet.encode({
      portIdentity,
      flags: 1,
      logMinPdelayReqInterval: -1,
      peerMeanPathDelay: scaledNs(-1n),
    });
    expect([...port]).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 1, 0xff],
      ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]);
  });
});

describe('the TLVs', () => {
  it('of management decode to what was encoded, but for the padding to an even length', () => {
    const bodies = fc.uint8Array({ maxLength: 20 }).filter(({ length }) => length % 2 === 0);
    const tlvs: fc.Arbitrary<ManagementTlv> = fc.oneof(
      fc.record({ kind: fc.constant('management' as const), managementId: word, data: bodies }),
      fc.record({
        kind: fc.constant('error' as const),
        errorId: word,
        managementId: word,
        displayData: text,
      }),
    );
    fc.assert(
      fc.property(tlvs, (tlv) => {
        const encoded = encodeManagementTlv(tlv);
        expect(encoded.value.length % 2).toBe(0);
        expect(decodeManagementTlv(encoded)).toEqual({ ok: true, value: tlv });
      }),
      { seed: SEED },
    );
  });

  it('whose displayData goes beyond them are refused', () => {
    const value = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 9, 65);
    expect(decodeManagementTlv({ type: TLV_TYPE.managementErrorStatus, value })).toMatchObject({
      ok: false,
      error: { code: 'tlv-too-short' },
    });
  });
});

describe('PTPText', () => {
  it('is UTF-8 as everybody writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (original) => {
        const octets = encodeUtf8(original, 1_000);
        expect(octets).toEqual(new Uint8Array(new TextEncoder().encode(original)));
        expect(decodeUtf8(octets)).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets),
        );
      }),
      { seed: SEED },
    );
  });

  it('is cut between characters, never within one', () => {
    expect(decodeUtf8(encodeUtf8('ab€', 4))).toBe('ab');
    expect(decodeUtf8(encodeUtf8('ab€', 5))).toBe('ab€');
  });

  it('of octets that are none has replacement characters', () => {
    const octets = Uint8Array.of(0x41, 0xff, 0xc0, 0x80, 0xe2, 0x82, 0x42, 0xf0);
    expect(decodeUtf8(octets)).toBe('A\ufffd\ufffd\ufffd\ufffd\ufffdB\ufffd');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (random) => {
        expect(decodeUtf8(random).length).toBeLessThanOrEqual(random.length);
      }),
      { seed: SEED },
    );
  });
});
