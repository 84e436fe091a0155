/** Rates and sizes as operators write them. */

const RATE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  ki: 1024,
  mi: 1024 ** 2,
};

function scaled(
  text: string,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | null {
  const found = pattern.exec(text.trim());
  const unit = units[(found?.[2] ?? '').toLowerCase()];
  if (found === null || unit === undefined) return null;
  const value = Number(found[1]) * unit;
  return value > 0 ? value : null;
}

/** "100Mbit" → 100000000 bit/s; null where it is no rate. */
export function parseRate(text: string): number | null {
  return scaled(text, /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:bit(?:\/s)?|bps)?$/i, RATE_UNITS);
}

/** "256KiB" → 262144 octets; null where it is no size. */
export function parseSize(text: string): number | null {
  return scaled(text, /^(\d+(?:\.\d+)?)\s*((?:[km]i?)?)b?$/i, SIZE_UNITS);
}
