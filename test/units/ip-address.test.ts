import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpv4, parseIpv6 } from '#units/ip-address';

const SEED = 20_261_122;

describe('an IPv4 address', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['192.0.2.1', 0xc000_0201n],
    ['255.255.255.255', 0xffff_ffffn],
  ])('%s', (text, bits) => {
    expect(parseIpv4(text)).toEqual({ ok: true, value: bits });
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.x', ' 1.2.3.4'])(
    'is not %j',
    (text) => {
      expect(parseIpv4(text).ok).toBe(false);
    },
  );
});

describe('an IPv6 address', () => {
  it.each([
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8::1', (0x2001_0db8n << 96n) | 1n],
    ['fe80::', 0xfe80n << 112n],
    ['1:2:3:4:5:6:7:8', 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ['1:2:3:4:5:6:7::', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
  ])('%s', (text, bits) => {
    expect(parseIpv6(text)).toEqual({ ok: true, value: bits });
  });

  it.each(['', ':', ':::', '1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', 'g::', '12345::'])(
    'is not %j',
    (text) => {
      expect(parseIpv6(text).ok).toBe(false);
    },
  );

  it('is what the system takes for one, but for zones and dots', () => {
    const text = fc.string({
      unit: fc.constantFrom(':', '::', '0', '1', 'ab', 'ffff'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseIpv6(candidate).ok).toBe(isIP(candidate) === 6);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});
