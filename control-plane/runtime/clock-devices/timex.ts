/**
 * `struct timex` of clock_adjtime(2), as the kernel has it where long has 64 bits; in the machine's byte
 * order. Pure.
 */

export const TIMEX_OCTETS = 208;

/** `modes`: what is to be changed. */
export const ADJUST = { frequency: 0x2, status: 0x10, tai: 0x80, setOffset: 0x100, nano: 0x2000 };
/** `status`. */
export const STATUS = { insert: 0x10, delete: 0x20, unsynchronized: 0x40 };

const OFFSET = {
  modes: 0,
  frequency: 16,
  status: 40,
  constant: 48,
  tolerance: 64,
  seconds: 72,
  fraction: 80,
} as const;
const SECOND_NS = 1_000_000_000n;
/** Frequencies are in 2^-16 parts per million. */
const UNITS_PER_PPB = 65.536;

export interface Timex {
  readonly frequencyPpb: number;
  /** How far it can be slewed; 0: the clock does not say. */
  readonly tolerancePpb: number;
  readonly status: number;
}

function view(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Changes nothing: what clock_adjtime then fills in is the clock's state. */
export function queryTimex(): Uint8Array {
  return new Uint8Array(TIMEX_OCTETS);
}

export function frequencyTimex(ppb: number): Uint8Array {
  const octets = queryTimex();
  view(octets).setUint32(OFFSET.modes, ADJUST.frequency, IS_LITTLE_ENDIAN);
  const units = BigInt(Math.round(ppb * UNITS_PER_PPB));
  view(octets).setBigInt64(OFFSET.frequency, units, IS_LITTLE_ENDIAN);
  return octets;
}

/** Sets the clock on by so much; with nanoseconds, 0 to 10^9 - 1, after the seconds. */
export function stepTimex(stepNs: bigint): Uint8Array {
  const octets = queryTimex();
  const fraction = ((stepNs % SECOND_NS) + SECOND_NS) % SECOND_NS;
  view(octets).setUint32(OFFSET.modes, ADJUST.setOffset | ADJUST.nano, IS_LITTLE_ENDIAN);
  view(octets).setBigInt64(OFFSET.seconds, (stepNs - fraction) / SECOND_NS, IS_LITTLE_ENDIAN);
  view(octets).setBigInt64(OFFSET.fraction, fraction, IS_LITTLE_ENDIAN);
  return octets;
}

export function statusTimex(status: number): Uint8Array {
  const octets = queryTimex();
  view(octets).setUint32(OFFSET.modes, ADJUST.status, IS_LITTLE_ENDIAN);
  view(octets).setInt32(OFFSET.status, status, IS_LITTLE_ENDIAN);
  return octets;
}

/** TAI minus UTC, for CLOCK_TAI. */
export function taiTimex(seconds: number): Uint8Array {
  const octets = queryTimex();
  view(octets).setUint32(OFFSET.modes, ADJUST.tai, IS_LITTLE_ENDIAN);
  view(octets).setBigInt64(OFFSET.constant, BigInt(seconds), IS_LITTLE_ENDIAN);
  return octets;
}

export function readTimex(octets: Uint8Array): Timex {
  const of = view(octets);
  return {
    frequencyPpb: Number(of.getBigInt64(OFFSET.frequency, IS_LITTLE_ENDIAN)) / UNITS_PER_PPB,
    tolerancePpb: Number(of.getBigInt64(OFFSET.tolerance, IS_LITTLE_ENDIAN)) / UNITS_PER_PPB,
    status: of.getInt32(OFFSET.status, IS_LITTLE_ENDIAN),
  };
}
