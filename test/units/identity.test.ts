import { describe, expect, it } from 'vitest';
import {
  isGroupAddress,
  macAddress,
  macBits,
  macFromBits,
  macText,
  parseMacAddress,
  parsePortNumber,
  parseVlanId,
} from '#units/identity';

describe('MAC addresses', () => {
  it('are read with colons or dashes and written with colons', () => {
    expect(macText(macAddress('01-1B-19-00-00-00'))).toBe('01:1b:19:00:00:00');
    expect(macBits(macAddress('00:00:00:00:01:02'))).toBe(0x0102n);
    expect(macText(macFromBits(0x0180_c200_000en))).toBe('01:80:c2:00:00:0e');
  });

  it('that are none are named so', () => {
    for (const text of ['', '01:1b:19:00:00', '01:1b:19:00:00:0g', '011b19000000']) {
      expect(parseMacAddress(text)).toMatchObject({
        ok: false,
        error: { code: 'bad-mac-address' },
      });
    }
  });

  it('of groups are known by the first octet', () => {
    expect(isGroupAddress(macAddress('01:1b:19:00:00:00'))).toBe(true);
    expect(isGroupAddress(macAddress('02:1b:19:00:00:00'))).toBe(false);
  });
});

describe('ports and VLANs', () => {
  it.each([0, 510, 511, 1.5, -1, Number.NaN])('port %s does not exist', (value) => {
    expect(parsePortNumber(value)).toMatchObject({ ok: false, error: { code: 'bad-port-number' } });
  });

  it.each([0, 4095, 2.5])('VLAN %s does not exist', (value) => {
    expect(parseVlanId(value)).toMatchObject({ ok: false, error: { code: 'bad-vlan-id' } });
  });
});
