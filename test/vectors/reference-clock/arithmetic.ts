/** correctionField's arithmetic, 13.3.2.9, and residence at a rate. Scaled nanoseconds (2^-16). */

export const TOO_BIG = (1n << 63n) - 1n;
export const TOO_SMALL = -(1n << 63n);
const CLOCK_MODULUS = 1n << 48n;

/** The sum, saturated; what is "too big" stays so. */
export function added(correction: bigint, addend: bigint): bigint {
  if (correction === TOO_BIG) return TOO_BIG;
  const sum = correction + addend;
  if (sum > TOO_BIG) return TOO_BIG;
  return sum < TOO_SMALL ? TOO_SMALL : sum;
}

/** From one reading of a 48-bit clock to the next. `tickNs`: what it counts. Nanoseconds. */
export function elapsedNs(fromNs: bigint, toNs: bigint, tickNs: bigint): bigint {
  return BigInt.asUintN(48, toNs / tickNs - fromNs / tickNs) * tickNs;
}

/** What a stay is worth by the master's rate; the offset is (rate - 1) * 2^41. Rounded down. */
export function atRate(residenceNs: bigint, rateOffset: number): bigint {
  return (residenceNs * ((1n << 41n) + BigInt(rateOffset))) >> 25n;
}

export function isClock48(ticks: bigint): boolean {
  return ticks >= 0n && ticks < CLOCK_MODULUS;
}

/** The histogram's bucket: exact below 16 ns, then 16 to an octave, all beyond 2^32 ns in one. */
export function bucketOf(residenceNs: bigint): number {
  if (residenceNs >> 32n !== 0n) return 511;
  if (residenceNs < 16n) return Number(residenceNs);
  const octave = residenceNs.toString(2).length - 1;
  return 16 * (octave - 3) + Number((residenceNs >> BigInt(octave - 4)) & 15n);
}
