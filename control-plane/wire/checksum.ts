/** The Internet checksum, RFC 1071. */

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
