/**
 * Decodes UTF-8 without the platform's TextDecoder, which a pure folder does not have. Returns null
 * where the octets are not UTF-8.
 */
export function decodeUtf8(octets: Uint8Array): string | null {
  const chunks: string[] = [];
  let units: number[] = [];
  for (let at = 0; at < octets.length;) {
    const point = decodePoint(octets, at);
    if (point === null) {
      return null;
    }
    at += point.octets;
    if (point.value > 0xffff) {
      const offset = point.value - 0x10000;
      units.push(0xd800 + (offset >> 10), 0xdc00 + (offset & 0x3ff));
    } else {
      units.push(point.value);
    }
    if (units.length > 8000) {
      chunks.push(String.fromCharCode(...units));
      units = [];
    }
  }
  chunks.push(String.fromCharCode(...units));
  return chunks.join('');
}

/** The smallest value that a sequence of this many octets may encode. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

function decodePoint(octets: Uint8Array, at: number): { value: number; octets: number } | null {
  const first = octets[at] ?? 0;
  if (first < 0x80) {
    return { value: first, octets: 1 };
  }
  const count = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc0 || first >= 0xf8) {
    return null;
  }
  let value = first & (0x7f >> count);
  for (let i = 1; i < count; i += 1) {
    const next = octets[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) {
      return null;
    }
    value = (value << 6) | (next & 0x3f);
  }
  const isSurrogate = value >= 0xd800 && value < 0xe000;
  return value < (SMALLEST[count] ?? 0) || isSurrogate || value > 0x10ffff
    ? null
    : { value, octets: count };
}
