import { describe, expect, it } from 'vitest';
import {
  parseSlaveEventLine,
  TLV_SLAVE_DELAY_TIMING_DATA_NP,
  TLV_SLAVE_RX_SYNC_TIMING_DATA,
} from '#lab/measure/slave-events';

const hex = (value: number | bigint, octets: number) =>
  BigInt.asUintN(8 * octets, BigInt(value))
    .toString(16)
    .padStart(2 * octets, '0');

const timestamp = (seconds: number, ns: number) => hex(seconds, 6) + hex(ns, 4);
/** A common header of the given type and the wildcard targetPortIdentity. */
const message = (type: number, ...tlvs: string[]) =>
  `0${type.toString(16)}02${'00'.repeat(32)}${'ff'.repeat(10)}${tlvs.join('')}`;
const tlv = (type: number, value: string) => hex(type, 2) + hex(value.length / 2, 2) + value;
const portIdentity = '0102030405060708' + '0001';

const sync = (sequenceId: number, correction: bigint) =>
  hex(sequenceId, 2) +
  timestamp(1_700_000_000, 999_999_999) +
  hex(correction, 8) +
  '00000000' +
  timestamp(1_700_000_001, 5);
const delay = hex(9, 2) + timestamp(2 ** 33, 1) + hex(-(1n << 16n), 8) + timestamp(2 ** 33, 1_001);

describe('a Sync that ptp4l reports', () => {
  it('is read with its times in ns and its correction in 2^-16 ns', () => {
    const line = message(
      0xc,
      tlv(TLV_SLAVE_RX_SYNC_TIMING_DATA, portIdentity + sync(0xfffe, 0x1_8000n)),
    );
    expect(parseSlaveEventLine(line)).toEqual({
      ok: true,
      events: [
        {
          kind: 'sync',
          sequenceId: 0xfffe,
          originNs: 1_700_000_000_999_999_999n,
          correctionScaledNs: 0x1_8000n,
          ingressNs: 1_700_000_001_000_000_005n,
        },
      ],
    });
  });

  it('may come with others in one TLV', () => {
    const value = portIdentity + sync(1, 0n) + sync(2, 0n);
    const result = parseSlaveEventLine(message(0xc, tlv(TLV_SLAVE_RX_SYNC_TIMING_DATA, value)));
    expect(result.ok && result.events.map((event) => event.sequenceId)).toEqual([1, 2]);
  });
});

describe('a Delay_Req that ptp4l reports', () => {
  it('is read, with seconds beyond 32 bits and a negative correction', () => {
    const line = message(0xc, tlv(TLV_SLAVE_DELAY_TIMING_DATA_NP, portIdentity + delay));
    const second = 2n ** 33n * 1_000_000_000n;
    expect(parseSlaveEventLine(line)).toEqual({
      ok: true,
      events: [
        {
          kind: 'delay',
          sequenceId: 9,
          requestNs: second + 1n,
          correctionScaledNs: -65536n,
          responseNs: second + 1001n,
        },
      ],
    });
  });

  it('is found behind a TLV of another type', () => {
    const line = message(
      0xc,
      tlv(0x2004, 'abcd'),
      tlv(TLV_SLAVE_DELAY_TIMING_DATA_NP, portIdentity + delay),
    );
    const result = parseSlaveEventLine(line);
    expect(result.ok && result.events.map((event) => event.kind)).toEqual(['delay']);
  });
});

describe('anything else', () => {
  it.each([
    ['xyz0', 'not-hex'],
    ['abc', 'not-hex'],
    ['0c02', 'too-short'],
    [message(0xb), 'not-signaling'],
    [message(0xc, `${hex(TLV_SLAVE_RX_SYNC_TIMING_DATA, 2)}0100`), 'bad-tlv-length'],
    [message(0xc, tlv(TLV_SLAVE_RX_SYNC_TIMING_DATA, portIdentity)), 'bad-tlv-length'],
    [
      message(0xc, tlv(TLV_SLAVE_RX_SYNC_TIMING_DATA, portIdentity + sync(1, 0n) + '00')),
      'bad-tlv-length',
    ],
  ])('is refused with its code: %s', (line, code) => {
    expect(parseSlaveEventLine(line)).toEqual({ ok: false, code });
  });
});
