/** Inputs of the packet fuzzer: steps, as native/input.h reads them. */

/** In the order of enum step_kind. */
export const STEP_KINDS = [
  'frame',
  'packetOut',
  'time',
  'insert',
  'remove',
  'modify',
  'default',
  'member',
  'group',
  'multicast',
  'session',
  'register',
  'meter',
  'entryMeter',
  'queue',
  'stamps',
  'removeMember',
  'replacePort',
  'entryCounter',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** Little-endian numbers of `octets` octets each. */
export function numbers(octets: 1 | 2 | 4, ...values: readonly number[]): Uint8Array {
  const out = Buffer.alloc(octets * values.length);
  values.forEach((value, i) => out.writeUIntLE(value, octets * i, octets));
  return out;
}

export function words(values: Iterable<bigint>): Uint8Array {
  const all = [...values];
  const out = Buffer.alloc(8 * all.length);
  all.forEach((value, i) => out.writeBigUInt64LE(BigInt.asUintN(64, value), 8 * i));
  return out;
}

/** One step; its content is given in pieces. */
export function step(kind: StepKind, ...content: readonly Uint8Array[]): Uint8Array {
  const octets = Buffer.concat(content);
  return Buffer.concat([
    numbers(1, STEP_KINDS.indexOf(kind)),
    numbers(2, Math.min(octets.length, 0xffff)),
    octets.subarray(0, 0xffff),
  ]);
}
