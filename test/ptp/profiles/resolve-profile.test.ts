import { describe, expect, it } from 'vitest';
import { logIntervalValue, nanoseconds } from '#units/time';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import type { ProfileRequest, ResolvedProfile } from '#ptp/profiles/profile-choices';

type Said = Partial<Pick<ProfileRequest, 'profile' | 'instance' | 'ports'>>;

function resolving(said: Said = {}) {
  return resolveProfile({
    profile: 'default-e2e',
    clockIdentity: 0x001122fffe334455n,
    timestampResolution: nanoseconds(1n),
    instance: {},
    ports: [{ number: 1 }, { number: 2 }],
    ...said,
  });
}

function resolved(said: Said = {}): ResolvedProfile {
  const result = resolving(said);
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.value;
}

function refused(said: Said) {
  const result = resolving(said);
  return result.ok ? [] : result.errors.map(({ code, path }) => [code, path.join('.')]);
}

describe('a profile of which nothing is said', () => {
  it('is its initial values, on every port', () => {
    const { config } = resolved();
    expect(config.defaultDS).toMatchObject({ domainNumber: 0, sdoId: 0, priority1: 128 });
    expect(config.ports.map(({ number }) => number)).toEqual([1, 2]);
    for (const port of config.ports) {
      expect(logIntervalValue(port.logAnnounceInterval)).toBe(1);
      expect(logIntervalValue(port.logSyncInterval)).toBe(0);
      expect(port).toMatchObject({ delayMechanism: 'e2e', step: 'two', delayReq: 'multicast' });
    }
  });

  it('is the same when choices are there but undefined', () => {
    const ports = [
      { number: 1, step: undefined, logSyncInterval: undefined, transport: undefined },
      { number: 2 },
    ];
    const instance = { domainNumber: undefined, sanity: { policy: undefined } };
    expect(resolved({ instance, ports })).toEqual(resolved());
  });
});

describe('choices', () => {
  it('hold for their port alone', () => {
    const { config, encapsulation } = resolved({
      ports: [
        { number: 3, logSyncInterval: -1, transport: 'udp4', messaging: 'hybrid', step: 'one' },
        { number: 7 },
      ],
    });
    expect(config.ports.map((port) => logIntervalValue(port.logSyncInterval))).toEqual([-1, 0]);
    expect(config.ports.map((port) => port.delayReq)).toEqual(['unicast', 'multicast']);
    expect(encapsulation).toMatchObject([
      { number: 3, transport: 'udp4', group: { general: '224.0.1.129' } },
      { number: 7, transport: 'ethernet', group: { general: '01:1b:19:00:00:00' } },
    ]);
  });

  it('can take another profile for one port', () => {
    const { config } = resolved({ ports: [{ number: 1, profile: 'default-p2p' }, { number: 2 }] });
    expect(config.ports.map((port) => port.delayMechanism)).toEqual(['p2p', 'e2e']);
  });

  it('can take the group that bridges do not forward', () => {
    const { encapsulation } = resolved({ ports: [{ number: 1, group: '01:80:C2:00:00:0E' }] });
    expect(encapsulation[0]?.group.general).toBe('01:80:c2:00:00:0e');
  });

  it('make a slave-only clock clockClass 255', () => {
    const { config } = resolved({ instance: { slaveOnly: true }, ports: [{ number: 1 }] });
    expect(config.defaultDS.clockQuality.clockClass).toBe(255);
  });

  it('grant unicast at the profile’s own limits where messages are unicast', () => {
    const { config } = resolved({ ports: [{ number: 1, messaging: 'unicast' }, { number: 2 }] });
    expect(config.ports[0]?.unicastGrants).toMatchObject({ maxDurationSeconds: 1000 });
    expect(config.ports[1]?.unicastGrants).toBeNull();
  });
});

describe('what a profile does not allow', () => {
  it.each<[string, Said, string, string]>([
    ['an unknown name', { profile: 'default' }, 'unknown-profile', 'profile'],
    ['no ports', { ports: [] }, 'no-ports', 'ports'],
    ['a port twice', { ports: [{ number: 1 }, { number: 1 }] }, 'duplicate-port', 'ports.1'],
    ['a port 0', { ports: [{ number: 0 }] }, 'bad-value', 'ports.0.number'],
    [
      'an interval it does not have',
      { ports: [{ number: 4, logSyncInterval: -4 }] },
      'outside-profile',
      'ports.4.logSyncInterval',
    ],
    [
      'half an interval',
      { ports: [{ number: 4, logSyncInterval: 0.5 }] },
      'bad-value',
      'ports.4.logSyncInterval',
    ],
    ['a domain', { instance: { domainNumber: 128 } }, 'outside-profile', 'instance.domainNumber'],
    ['an sdoId', { instance: { sdoId: 0x100 } }, 'outside-profile', 'instance.sdoId'],
    [
      'a clockClass of one’s own',
      { instance: { clockQuality: { clockClass: 135 } } },
      'outside-profile',
      'instance.clockClass',
    ],
    [
      'a delay mechanism',
      { ports: [{ number: 1, delayMechanism: 'p2p' }] },
      'not-in-profile',
      'ports.1.delayMechanism',
    ],
    [
      'a group',
      { ports: [{ number: 1, group: '01:00:5e:00:01:81' }] },
      'not-in-profile',
      'ports.1.group',
    ],
    [
      'unicast durations where there is no negotiation',
      { profile: 'default-p2p', ports: [{ number: 1, unicastDurationSeconds: 60 }] },
      'not-in-profile',
      'ports.1.unicastDurationSeconds',
    ],
  ])('%s', (_what, said, code, path) => {
    expect(refused(said)).toEqual([[code, path]]);
  });

  it('is told all at once', () => {
    expect(
      refused({
        instance: { domainNumber: 300, priority1: -1 },
        ports: [{ number: 1, logAnnounceInterval: 9, step: 'two' }],
      }),
    ).toEqual([
      ['bad-value', 'instance.priority1'],
      ['bad-value', 'instance.domainNumber'],
      ['bad-value', 'ports.1.logAnnounceInterval'],
    ]);
  });

  it('is taken by those who say so, as far as the standard goes', () => {
    const instance = { outsideProfile: true, domainNumber: 200, clockQuality: { clockClass: 99 } };
    const ports = [{ number: 1, logSyncInterval: -4, transport: 'udp6' as const }, { number: 2 }];
    const { config, encapsulation } = resolved({ profile: 'default-p2p', instance, ports });
    expect(config.defaultDS).toMatchObject({ domainNumber: 200, clockQuality: { clockClass: 99 } });
    expect(encapsulation[0]?.group.general).toBe('ff0e::181');
    expect(refused({ instance: { outsideProfile: true, domainNumber: 256 } })).toEqual([
      ['bad-value', 'instance.domainNumber'],
    ]);
  });
});
