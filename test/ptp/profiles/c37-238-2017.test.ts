import { describe, expect, it } from 'vitest';
import { nanoseconds } from '#units/time';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import { conforms } from './conformance.js';

const domain = (domainNumber: number) =>
  resolveProfile({
    profile: 'c37.238-2017',
    clockIdentity: 1n,
    timestampResolution: nanoseconds(1n),
    instance: { domainNumber },
    ports: [{ number: 1 }],
  }).ok;

conforms({
  profile: 'c37.238-2017',
  profileIdentity: null,
  domainNumber: [254, 0, 127],
  transports: { ethernet: ['01:1b:19:00:00:00'] },
  messaging: ['multicast'],
  tag: { presence: 'allowed', vlan: 0, priority: 4 },
  delayMechanisms: ['p2p'],
  announce: 0,
  sync: 0,
  pdelayReq: 0,
  announceReceiptTimeout: [3, 2, 10],
  comparison: 'ieee1588',
  ladder: [248, 248, 248],
  grandmasterClasses: [6, 7, 52, 187, 248],
  tlvs: ['power2017'],
});

describe('domain 254', () => {
  it('stands alone above the others', () => {
    expect([127, 128, 253, 254, 255].map(domain)).toEqual([true, false, false, true, false]);
  });
});
