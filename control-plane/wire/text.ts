/**
 * PTPText, IEEE 1588-2019 5.3.9: a length octet and UTF-8. Decoders for what may come from anywhere;
 * TextEncoder and TextDecoder are no part of the language, so this does without.
 */

const MAX_OCTETS = 255;
const REPLACEMENT = 0xfffd;

/** UTF-8, cut before the character that does not fit into `maxOctets`. */
export function encodeUtf8(text: string, maxOctets = MAX_OCTETS): Uint8Array {
  const octets: number[] = [];
  for (const character of text) {
    const encoded = encodePoint(character.codePointAt(0) ?? REPLACEMENT);
    if (octets.length + encoded.length > maxOctets) break;
    octets.push(...encoded);
  }
  return Uint8Array.from(octets);
}

function encodePoint(point: number): number[] {
  const last = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  // Half of a surrogate pair has no encoding of its own.
  if (point >= 0xd800 && point <= 0xdfff) return encodePoint(REPLACEMENT);
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), last(0)];
  if (point < 0x1_0000) return [0xe0 | (point >> 12), last(6), last(0)];
  return [0xf0 | (point >> 18), last(12), last(6), last(0)];
}

/** What is no UTF-8 becomes U+FFFD, octet by octet. */
export function decodeUtf8(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < octets.length;) {
    const { point, length } = decodePoint(octets, i);
    text += String.fromCodePoint(point);
    i += length;
  }
  return text;
}

function decodePoint(octets: Uint8Array, at: number): { point: number; length: number } {
  const first = octets[at] ?? 0;
  if (first < 0x80) return { point: first, length: 1 };
  const length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : 2;
  const least = [0, 0, 0x80, 0x800, 0x1_0000][length] ?? 0;
  let point = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = octets[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return { point: REPLACEMENT, length: 1 };
    point = (point << 6) | (next & 0x3f);
  }
  const valid =
    first >= 0xc2 &&
    first < 0xf5 &&
    point >= least &&
    point <= 0x10_ffff &&
    !(point >= 0xd800 && point <= 0xdfff);
  return valid ? { point, length } : { point: REPLACEMENT, length: 1 };
}
