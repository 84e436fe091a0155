import { describe, expect, it } from 'vitest';
import {
  clockIdentityOfMac,
  clockIdentityText,
  parseClockIdentity,
  parsePortIdentity,
  portIdentityText,
} from '#units/clock-identity';
import { macAddress } from '#units/identity';

const IDENTITY = 0x0011_22ff_fe33_4455n;

describe('a clock identity', () => {
  it.each(['00:11:22:ff:fe:33:44:55', '00-11-22-FF-FE-33-44-55', '001122fffe334455'])(
    'is read from %s',
    (text) => {
      expect(parseClockIdentity(text)).toEqual({ ok: true, value: IDENTITY });
    },
  );

  it('is read as it is printed', () => {
    expect(clockIdentityText(IDENTITY)).toBe('001122.fffe.334455');
    expect(parseClockIdentity(clockIdentityText(IDENTITY))).toEqual({ ok: true, value: IDENTITY });
  });

  it.each([
    ['too short', '00:11:22'],
    ['too long', '00112233445566778'],
    ['nobody’s', '0000000000000000'],
    ['everybody’s', 'ff:ff:ff:ff:ff:ff:ff:ff'],
    ['empty', ''],
  ])('is not %s', (_why, text) => {
    expect(parseClockIdentity(text)).toMatchObject({ error: { code: 'bad-clock-identity' } });
  });

  it('has FF-FE in the middle of a MAC address', () => {
    expect(clockIdentityOfMac(macAddress('00:11:22:33:44:55'))).toBe(IDENTITY);
  });
});

describe('a port identity', () => {
  const port = { clockIdentity: IDENTITY, portNumber: 65_534 };

  it('is read as it is printed', () => {
    expect(portIdentityText(port)).toBe('001122.fffe.334455-65534');
    expect(parsePortIdentity(portIdentityText(port))).toEqual({ ok: true, value: port });
    expect(parsePortIdentity('00-11-22-ff-fe-33-44-55-65534')).toEqual({ ok: true, value: port });
  });

  it.each(['001122fffe334455', '001122fffe334455-0', '001122fffe334455-65535', '1-1', '-1'])(
    'is not %s',
    (text) => {
      expect(parsePortIdentity(text)).toMatchObject({ error: { code: 'bad-port-identity' } });
    },
  );
});
