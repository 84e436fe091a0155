/**
 * Copies of ARP and Neighbor Discovery for ports of the boundary clock that talk over UDP: by unicast
 * nobody reaches a port whose MAC address nobody knows. Pure.
 */
import type { EntrySpec, Match } from '#p4rt/entities';
import { macBits, portValue } from '#units/identity';
import { portBits } from './port-entries.js';
import { PUNT_REASON } from './program.js';
import type { PortSettings, SwitchSettings } from './settings.js';

const ETHER_TYPE = { arp: 0x0806n, ipv6: 0x86ddn } as const;
const PTP_KIND_NONE = 0n;
const MASK = { port: 0x1ffn, etherType: 0xffffn, kind: 0x7n, mac: 0xffff_ffff_ffffn } as const;
const PRIORITY = 1;

/**
 * IPv4: all ARP. IPv6: what comes to the solicited-node group of the port's address or to its own MAC
 * address and is no PTP. Others get it too: stations behind other ports have addresses as well.
 */
export function neighborEntries(settings: SwitchSettings): EntrySpec[] {
  const { boundary, ports } = settings;
  if (boundary === null) return [];
  return ports.flatMap((port) => {
    switch (boundary.ports.get(portValue(port.number))?.transport) {
      case 'udp4':
        return port.address.ipv4 === 0n ? [] : [copyEntry(port, ETHER_TYPE.arp)];
      case 'udp6':
        return [solicitedNodeMac(port), macBits(port.address.mac)].map((destination) =>
          copyEntry(port, ETHER_TYPE.ipv6, {
            destination: { value: destination, mask: MASK.mac },
          }),
        );
      case 'ethernet':
      case undefined:
        return [];
    }
  });
}

function copyEntry(
  port: PortSettings,
  etherType: bigint,
  match: Readonly<Record<string, Match>> = {},
): EntrySpec {
  return {
    table: 'punt_policy',
    match: {
      ingress_port: { value: portBits(port), mask: MASK.port },
      ether_type: { value: etherType, mask: MASK.etherType },
      ptp_kind: { value: PTP_KIND_NONE, mask: MASK.kind },
      ...match,
    },
    action: { name: 'copy_to_controller', params: { reason: BigInt(PUNT_REASON.neighbor) } },
    priority: PRIORITY,
  };
}

/** 33-33-FF and the low 24 bits of the address; of a link-local one they are the MAC address's. */
function solicitedNodeMac({ address }: PortSettings): bigint {
  const low = address.ipv6 === 0n ? macBits(address.mac) : address.ipv6;
  return 0x3333_ff00_0000n | (low & 0xff_ffffn);
}
