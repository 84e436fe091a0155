/** The Internet checksum (RFC 1071), and its incremental update (RFC 1624). */

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return folded;
}

/** Ones' complement sum of 16-bit words; an odd last octet is padded with zero. Not inverted. */
export function onesComplementSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) {
      sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
    }
  }
  return fold(sum);
}

/** The checksum to put into a header whose checksum field is zero in `parts`. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  return ~onesComplementSum(...parts) & 0xffff;
}

/**
 * The checksum after the words of `before` became those of `after` (RFC 1624, equation 3). Both
 * have the same even length and begin at an even offset of what is summed.
 */
export function updatedChecksum(checksum: number, before: Uint8Array, after: Uint8Array): number {
  let sum = ~checksum & 0xffff;
  for (let i = 0; i < before.length; i += 2) {
    sum += ~(((before[i] ?? 0) << 8) | (before[i + 1] ?? 0)) & 0xffff;
    sum += ((after[i] ?? 0) << 8) | (after[i + 1] ?? 0);
  }
  return ~fold(sum) & 0xffff;
}
