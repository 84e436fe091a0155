import { describe, expect, it } from 'vitest';
import { neighborEntries } from '#dataplane/neighbor-entries';
import type { BoundarySettings, PtpTransport } from '#dataplane/settings';
import { buildTableEntry } from '#p4rt/entities';
import { macAddress, macFromBits } from '#units/identity';
import { programIndex } from '../support/program.js';
import { port, settings } from '../support/settings.js';

const index = programIndex();

/** Copies for port 7, which sends by the transport from these addresses. */
function copies(transport: PtpTransport, { ipv4 = 0n, ipv6 = 0n } = {}) {
  const own = { mac: macAddress('02:00:00:00:00:0a'), ipv4, ipv6 };
  const sending = {
    transport,
    group: { mac: macFromBits(0n), ip: null },
    convention: 'ieee1588',
  } as const;
  const boundary = { ports: new Map([[7, sending]]) } as unknown as BoundarySettings;
  const wanted = { ...settings(port(7, { address: own }), port(8)), boundary };
  return neighborEntries(wanted).map((entry) => {
    const built = buildTableEntry(index, entry);
    if (!built.ok) throw new Error(built.error.message);
    const {
      ingress_port: from,
      ether_type: type,
      destination,
    } = entry.match as Readonly<Record<string, { readonly value: bigint } | undefined>>;
    return [from?.value, type?.value.toString(16), destination?.value.toString(16) ?? 'any'];
  });
}

describe('copies of who asks for the addresses of a boundary port', () => {
  it('are all ARP, where it has an IPv4 address', () => {
    expect(copies('udp4', { ipv4: 0xc000_020an })).toEqual([[7n, '806', 'any']]);
    expect(copies('udp4')).toEqual([]);
  });

  it('are what comes to its IPv6 address’s group, and to itself', () => {
    expect(copies('udp6', { ipv6: (0x2001_0db8n << 96n) | 0x12_3456n })).toEqual([
      [7n, '86dd', '3333ff123456'],
      [7n, '86dd', '2000000000a'],
    ]);
    // The link-local address that it has without another.
    expect(copies('udp6')[0]).toEqual([7n, '86dd', '3333ff00000a']);
  });

  it('are none on Ethernet, and of a switch that is no boundary clock', () => {
    expect(copies('ethernet', { ipv4: 1n })).toEqual([]);
    expect(neighborEntries(settings(port(7)))).toEqual([]);
  });
});
