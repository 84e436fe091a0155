/** ARP for IPv4 over Ethernet, RFC 826: who has an address, and the answer. */
import type { MacAddress } from '#units/identity';
import { failure, success, type Result } from '#units/result';
import { layout, macField, octetString, uint16, uint8 } from './fields.js';

export const ARP_ETHERTYPE = 0x0806;

export interface Arp {
  readonly operation: 'request' | 'reply';
  readonly senderMac: MacAddress;
  /** Four octets. */
  readonly senderIp: Uint8Array;
  /** Zero in a request. */
  readonly targetMac: MacAddress;
  readonly targetIp: Uint8Array;
}

export type ArpErrorCode = 'arp-too-short' | 'arp-not-ipv4' | 'arp-unknown-operation';

const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
const OPERATION = { request: 1, reply: 2 } as const;

const packet = layout({
  hardwareType: uint16,
  protocolType: uint16,
  hardwareOctets: uint8,
  protocolOctets: uint8,
  operation: uint16,
  senderMac: macField,
  senderIp: octetString(4),
  targetMac: macField,
  targetIp: octetString(4),
});

/** Of a frame's payload; padding behind the packet is not looked at. */
export function decodeArp(octets: Uint8Array): Result<Arp, ArpErrorCode> {
  const decoded = packet.decode(octets);
  if (!decoded.ok) return failure('arp-too-short', decoded.error.message);
  const { hardwareType, protocolType, hardwareOctets, protocolOctets, ...arp } = decoded.value;
  const isIpv4 =
    hardwareType === HARDWARE_ETHERNET &&
    protocolType === PROTOCOL_IPV4 &&
    hardwareOctets === 6 &&
    protocolOctets === 4;
  if (!isIpv4) return failure('arp-not-ipv4', 'not of IPv4 over Ethernet');
  switch (arp.operation) {
    case OPERATION.request:
      return success({ ...arp, operation: 'request' });
    case OPERATION.reply:
      return success({ ...arp, operation: 'reply' });
    default:
      return failure('arp-unknown-operation', `operation ${arp.operation}`);
  }
}

export function encodeArp(arp: Arp): Uint8Array {
  return packet.encode({
    hardwareType: HARDWARE_ETHERNET,
    protocolType: PROTOCOL_IPV4,
    hardwareOctets: 6,
    protocolOctets: 4,
    ...arp,
    operation: OPERATION[arp.operation],
  });
}
