import { canonicalBytestring, decodeBytestring, encodeBytestring } from '#p4rt/bytestring';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('bytestrings (P4Runtime 1.5, section 8.4)', () => {
  it('are sent in the shortest form', () => {
    expect(encodeBytestring(0)).toEqual(octets(0));
    expect(encodeBytestring(0x63n)).toEqual(octets(0x63));
    expect(encodeBytestring(0x3064n)).toEqual(octets(0x30, 0x64));
    expect(encodeBytestring(0x1_00n)).toEqual(octets(1, 0));
  });

  it('are accepted with leading zeros', () => {
    expect(decodeBytestring(octets(0, 0, 0, 0x63), 12)).toEqual({ ok: true, value: 0x63n });
    expect(decodeBytestring(new Uint8Array(4096), 1)).toEqual({ ok: true, value: 0n });
  });

  it('are refused when empty', () => {
    expect(decodeBytestring(octets(), 8)).toMatchObject({ ok: false, error: { code: 'EMPTY' } });
  });

  it('are refused when the value has more bits than the field', () => {
    expect(decodeBytestring(octets(0x02, 0x00), 9)).toMatchObject({ error: { code: 'TOO_BIG' } });
    expect(decodeBytestring(octets(0x01, 0xff), 9)).toEqual({ ok: true, value: 511n });
    const huge = decodeBytestring(new Uint8Array(1_000_000).fill(255), 128);
    expect(huge).toMatchObject({ error: { code: 'TOO_BIG' } });
    if (!huge.ok) expect(huge.error.message.length).toBeLessThan(200);
  });

  it('refuse to carry a negative value', () => {
    expect(() => encodeBytestring(-1n)).toThrow(RangeError);
  });

  it('round trip, and any padding reads the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(20), (value, padding) => {
        const shortest = encodeBytestring(value);
        const padded = Uint8Array.from([...new Uint8Array(padding), ...shortest]);
        expect(decodeBytestring(padded, 128)).toEqual({ ok: true, value });
        expect(canonicalBytestring(padded)).toEqual(shortest);
      }),
    );
  });
});
