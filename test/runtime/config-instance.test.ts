/** A boundary clock in the configuration: what the profile says, what is said otherwise, and mistakes. */
import { describe, expect, it } from 'vitest';
import type { BoundarySettings, SwitchSettings } from '#dataplane/settings';
import { formatConfigError } from '#runtime/config-error';
import { parseConfig } from '#runtime/config';
import { PROFILES } from '#ptp/profiles/profiles';
import { macAddress } from '#units/identity';
import { logInterval, nanoseconds, scaledFromNumber } from '#units/time';

function file(instance: string, port = 'ptp: boundary', kind = 'native'): string {
  return `target: { kind: ${kind}, address: "127.0.0.1:9559" }
instance: { ${instance} }
ports:
  - { number: 3, name: a, ${port} }
  - { number: 7, name: b, ptp: boundary }
`;
}

function settingsOf(text: string): SwitchSettings {
  const result = parseConfig('agent.yaml', text);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.value.settings;
}

function boundaryOf(text: string): BoundarySettings {
  const { boundary } = settingsOf(text);
  if (boundary === null) throw new Error('no instance');
  return boundary;
}

function errorsOf(text: string): string[] {
  const result = parseConfig('agent.yaml', text);
  if (result.ok) throw new Error('no error');
  return result.errors.map(formatConfigError);
}

describe('an instance', () => {
  it('is as its profile says, where nothing is said', () => {
    const { instance, profile, ports } = boundaryOf(file('profile: g8275.1'));
    expect(profile).toBe('g8275.1');
    expect(instance.defaultDS).toMatchObject({ domainNumber: 24, localPriority: 128 });
    expect(instance.comparison).toBe('g8275');
    expect(instance.ports.map(({ number }) => number)).toEqual([3, 7]);
    expect(instance.ports[0]?.logSyncInterval).toBe(logInterval(-4));
    expect(ports.get(7)).toMatchObject({ transport: 'ethernet' });
  });

  it('is what is said otherwise, for itself and for its ports', () => {
    const port =
      'ptp: boundary, timing: { ingressLatencyNs: 5.5 }, boundary: { logSyncInterval: -1, step: one, transport: udp6 }';
    const { instance, ports } = boundaryOf(file('priority1: 7, servo: { servo: kalman }', port));
    expect(instance.defaultDS.priority1).toBe(7);
    expect(instance.discipline.servo).toBe('kalman');
    expect(instance.ports[0]).toMatchObject({
      logSyncInterval: logInterval(-1),
      step: 'one',
      ingressLatency: scaledFromNumber(5.5),
    });
    expect(instance.ports[1]).toMatchObject({ logSyncInterval: logInterval(0), step: 'two' });
    expect(ports.get(3)?.group.mac).toEqual(macAddress('33:33:00:00:01:81'));
  });

  it('has the ports that are boundary for it, and no others', () => {
    const other = 'ptp: boundary, instances: [{ domainNumber: 0, ptp: transparent }]';
    expect(boundaryOf(file('domainNumber: 0', other)).instance.ports).toHaveLength(1);
    const its = 'ptp: off, instances: [{ domainNumber: 9, ptp: boundary }]';
    expect(boundaryOf(file('domainNumber: 9', its)).instance.ports).toHaveLength(2);
  });

  it('names the domain of the clock’s own peer delay', () => {
    expect(settingsOf(file('domainNumber: 9')).clock.domainNumber).toBe(9);
  });

  it('has peer delay on where it measures so, over the transport of its port', () => {
    const port = 'ptp: boundary, boundary: { transport: udp6 }';
    const [first, second] = settingsOf(file('profile: default-p2p', port)).ports;
    expect(first?.peerDelay).toMatchObject({ enabled: true, transport: 'udp6' });
    expect(second?.peerDelay).toMatchObject({ enabled: true, transport: 'ethernet' });
    expect(settingsOf(file('priority1: 1')).ports[0]?.peerDelay.enabled).toBe(false);
    const as = settingsOf(file('profile: 802.1as')).ports[0];
    expect(as?.peerDelay.convention).toBe('ieee8021as');
  });

  it('knows what the stamps of its target resolve', () => {
    const native = boundaryOf(file('priority1: 1')).instance.discipline;
    const bmv2 = boundaryOf(file('priority1: 1', undefined, 'bmv2')).instance.discipline;
    expect(native.timestampResolution).toEqual(nanoseconds(1n));
    expect(bmv2.timestampResolution).toEqual(nanoseconds(1_000n));
    expect(bmv2.lockThresholdNs).toBeGreaterThan(native.lockThresholdNs * 10);
  });

  it('marks and tags as its profile wants it', () => {
    const marked = settingsOf(
      file('profile: aes67', 'ptp: boundary, address: { ipv4: 10.0.0.1 }').replace(
        'name: b, ptp: boundary',
        'name: b, ptp: boundary, address: { ipv4: 10.0.0.2 }, marking: { dscp: 0 }',
      ),
    );
    expect(marked.ports.map(({ marking }) => marking.dscp)).toEqual([46, 0]);
    const tagged = boundaryOf(file('profile: c37.238-2011'));
    expect(tagged.ports.get(3)?.tag).toEqual({ vlan: 0, priority: 4 });
  });

  it('knows of a leap second beforehand', () => {
    const leap = 'leapSecond: { endOf: "2016-12-31", second: inserted, offsetBefore: 36 }';
    expect(boundaryOf(file(leap)).instance.leapSecond).toMatchObject({ sign: 1, offsetBefore: 36 });
  });

  it.each(PROFILES.map(({ name }) => name))('can be of the profile %s', (name) => {
    const address = (last: number) => `address: { ipv4: 10.0.0.${last} }`;
    const port = `ptp: boundary, ${address(1)}`;
    const text = file(`profile: ${name}`, port).replace(
      'name: b, ptp: boundary',
      `name: b, ptp: boundary, ${address(2)}${name === 'g8265.1' ? ', boundary: { masterOnly: true }' : ''}`,
    );
    const result = parseConfig('agent.yaml', text);
    const errors = result.ok ? [] : result.errors.map(formatConfigError);
    // G.8265.1 has masters and slaves, and no boundary clock.
    if (name === 'g8265.1') expect(errors[0]).toContain('has no boundary clock');
    else expect(errors).toEqual([]);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'a value that the profile does not allow',
      file('priority1: 1', 'ptp: boundary, boundary: { logSyncInterval: -5 }'),
      /ports\[0\]\.boundary\.logSyncInterval: found -5, expected what the profile allows: .*-1 to 1/,
    ],
    [
      'a transport that it does not have',
      file('profile: g8275.1', 'ptp: boundary, boundary: { transport: udp4 }'),
      /ports\[0\]\.boundary\.transport: found "udp4"/,
    ],
    [
      'a profile that is not there',
      file('profile: g8275'),
      /instance\.profile: found "g8275".*did you mean "g8275\.[12]"/,
    ],
    [
      'no port for it',
      file('domainNumber: 4', 'ptp: boundary').replaceAll('boundary', 'off'),
      /instance/,
    ],
    [
      'UDP/IPv4 without an address',
      file('priority1: 1', 'ptp: boundary, boundary: { transport: udp4 }'),
      /ports\[0\]\.address\.ipv4: .*expected an address/,
    ],
    [
      'peer delay that is off where it is needed',
      file('profile: default-p2p', 'ptp: boundary, peerDelay: { enabled: false }'),
      /ports\[0\]\.peerDelay\.enabled: found false/,
    ],
    [
      'a delay responder beside it',
      file('priority1: 1', 'ptp: boundary, delayResponder: {}'),
      /ports\[0\]\.delayResponder: .*none: the boundary clock answers/,
    ],
    [
      'its keys on a port that is not its',
      file('priority1: 1', 'ptp: transparent, boundary: { step: one }'),
      /ports\[0\]\.boundary: found a mapping, expected none without ptp: boundary/,
    ],
    [
      'its keys without an instance',
      file('x', 'ptp: boundary, boundary: { step: one }').replace('{ x }', 'none'),
      /ports\[0\]\.boundary: .*none without "instance"/,
    ],
    ['an unknown follower', file('followers: [{ kind: sundial }]'), /instance\.followers\[0\]/],
    [
      'a day that is none',
      file('leapSecond: { endOf: "soon", second: inserted, offsetBefore: 37 }'),
      /instance\.leapSecond\.endOf: found "soon", expected a day such as/,
    ],
  ])('tells %s', (_what, text, message) => {
    expect(errorsOf(text).join('\n')).toMatch(message);
  });

  it('of a profile are none where what is outside of it is meant', () => {
    const text = file('outsideProfile: true', 'ptp: boundary, boundary: { logSyncInterval: -5 }');
    expect(boundaryOf(text).instance.ports[0]?.logSyncInterval).toBe(logInterval(-5));
  });
});
