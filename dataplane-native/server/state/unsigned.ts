/** Unsigned values in messages: keys, parameters, packet metadata. Pure. */
import { decodeBytestring } from '#p4rt/bytestring';
import { outOfRange, type Outcome } from '../errors.js';

/** An unsigned value of a message. OUT_OF_RANGE when empty or wider than the field. */
export function decodeUnsigned(
  octets: Uint8Array,
  bitwidth: number,
  compiledBits: number,
  what: string,
): Outcome<bigint> {
  const decoded = decodeBytestring(octets, Math.min(bitwidth, compiledBits));
  return decoded.ok ? decoded : outOfRange(`${what}: ${decoded.error.message}`);
}
