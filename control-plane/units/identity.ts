/** Identities as opaque types: a port is not a VLAN, and a MAC address not a number. */
import { failure, success, type Result } from './result.js';

declare const PORT_NUMBER: unique symbol;
declare const MAC_ADDRESS: unique symbol;
declare const VLAN_ID: unique symbol;

/** A port of the switch. v1model has 9 bits; 510 is the CPU's, 511 drops. */
export interface PortNumber {
  readonly [PORT_NUMBER]: true;
}

/** A 48-bit MAC address. */
export interface MacAddress {
  readonly [MAC_ADDRESS]: true;
}

/** A VLAN that frames can belong to, 1 to 4094 (IEEE 802.1Q 9.6). */
export interface VlanId {
  readonly [VLAN_ID]: true;
}

export const MAX_PORT_NUMBER = 509;
export const MAX_VLAN_ID = 4094;

export function parsePortNumber(value: number): Result<PortNumber, 'bad-port-number'> {
  if (!Number.isInteger(value) || value < 1 || value > MAX_PORT_NUMBER) {
    return failure('bad-port-number', `${value} is not a port number from 1 to ${MAX_PORT_NUMBER}`);
  }
  return success(value as unknown as PortNumber);
}

/** @throws RangeError: for values known to be good. */
export function portNumber(value: number): PortNumber {
  const parsed = parsePortNumber(value);
  if (!parsed.ok) throw new RangeError(parsed.error.message);
  return parsed.value;
}

export function portValue(port: PortNumber): number {
  return port as unknown as number;
}

export function parseVlanId(value: number): Result<VlanId, 'bad-vlan-id'> {
  if (!Number.isInteger(value) || value < 1 || value > MAX_VLAN_ID) {
    return failure('bad-vlan-id', `${value} is not a VLAN from 1 to ${MAX_VLAN_ID}`);
  }
  return success(value as unknown as VlanId);
}

/** @throws RangeError: for values known to be good. */
export function vlanId(value: number): VlanId {
  const parsed = parseVlanId(value);
  if (!parsed.ok) throw new RangeError(parsed.error.message);
  return parsed.value;
}

export function vlanValue(vlan: VlanId): number {
  return vlan as unknown as number;
}

const MAC_TEXT = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

/** Reads `01:1b:19:00:00:00` or `01-1B-19-00-00-00`. */
export function parseMacAddress(text: string): Result<MacAddress, 'bad-mac-address'> {
  if (!MAC_TEXT.test(text)) {
    return failure('bad-mac-address', `'${text}' is not a MAC address such as 01:1b:19:00:00:00`);
  }
  return success(BigInt(`0x${text.replace(/[:-]/g, '')}`) as unknown as MacAddress);
}

/** @throws RangeError: for texts known to be good. */
export function macAddress(text: string): MacAddress {
  const parsed = parseMacAddress(text);
  if (!parsed.ok) throw new RangeError(parsed.error.message);
  return parsed.value;
}

/** The low 48 bits of `bits`, first octet most significant. */
export function macFromBits(bits: bigint): MacAddress {
  return BigInt.asUintN(48, bits) as unknown as MacAddress;
}

export function macBits(mac: MacAddress): bigint {
  return mac as unknown as bigint;
}

export function macText(mac: MacAddress): string {
  const digits = macBits(mac).toString(16).padStart(12, '0');
  return (digits.match(/../g) ?? []).join(':');
}

/** The group bit: set for multicast and broadcast, which no frame may come from. */
export function isGroupAddress(mac: MacAddress): boolean {
  return ((macBits(mac) >> 40n) & 1n) === 1n;
}
