/** Octets of a text of hexadecimal digits; two that are none give 0. */
export function octetsOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length >> 1 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}
