import { describe, expect, it } from 'vitest';
import { parseConfig } from '#runtime/config';
import { formatConfigError } from '#runtime/config-error';
import { UNKNOWN_MAC } from '#runtime/ptp/neighbors';
import { macAddress } from '#units/identity';

/** A boundary clock whose first port asks these masters, as YAML. */
const asking = (transport: string, masters: string): string => `
target: { kind: native, address: "127.0.0.1:9559" }
instance: { profile: default-e2e }
ports:
  - number: 1
    name: up
    ptp: boundary
    address: { ipv4: 192.0.2.10 }
    boundary: { transport: ${transport}, messaging: unicast, unicastMasters: ${masters} }
  - number: 2
    name: down
    ptp: boundary
    address: { ipv4: 192.0.2.11 }
`;

function mastersOf(text: string) {
  const parsed = parseConfig('agent.yaml', text, '0200000000000001');
  if (!parsed.ok) throw new Error(parsed.errors.map(formatConfigError).join('\n'));
  const [port] = parsed.value.settings.boundary?.instance.ports ?? [];
  return port?.unicastMasters.map(({ address }) => address);
}

describe('unicast masters in the configuration', () => {
  it('over UDP need their IP address; the MAC address is found out', () => {
    expect(mastersOf(asking('udp4', '[{ ip: 192.0.2.1 }]'))).toEqual([
      { transport: 'udp4', mac: UNKNOWN_MAC, ip: Uint8Array.of(192, 0, 2, 1) },
    ]);
  });

  it('behind a router have the router’s', () => {
    const masters = '[{ ip: 198.51.100.1, mac: "02:00:00:00:00:01" }]';
    expect(mastersOf(asking('udp4', masters))).toMatchObject([
      { mac: macAddress('02:00:00:00:00:01') },
    ]);
  });

  it.each([
    ['ethernet', '{ ip: 192.0.2.1 }', 'the mac of a master over Ethernet'],
    ['udp4', '{ mac: "02:00:00:00:00:01" }', 'the ip of a master over UDP/IPv4'],
    ['udp4', '{ ip: "2001:db8::1" }', 'the ip of a master over UDP/IPv4'],
    ['udp6', '{ ip: 192.0.2.1 }', 'the ip of a master over UDP/IPv6'],
  ])('over %s that cannot be reached are refused: %s', (transport, master, expected) => {
    const parsed = parseConfig('agent.yaml', asking(transport, `[${master}]`), '02');
    if (parsed.ok) throw new Error('no error');
    expect(parsed.errors.map(formatConfigError).join('\n')).toContain(expected);
  });
});
