/** Times as text, exact to the nanosecond: an epoch in ns does not fit a number. */

const UNIT_DIGITS = { s: 9, ms: 6, us: 3, ns: 0 } as const;
export type TimeUnit = keyof typeof UNIT_DIGITS;
export const TIME_UNITS = Object.keys(UNIT_DIGITS) as TimeUnit[];

/** "12.3" in units to ns; null for what is no decimal number. Finer than 1 ns is cut off. */
export function decimalNs(text: string, unit: TimeUnit): bigint | null {
  const found = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (found === null) return exponentNs(text, unit);
  const digits = UNIT_DIGITS[unit];
  const fraction = (found[3] ?? '').padEnd(digits, '0').slice(0, digits);
  const size = BigInt(`${found[2] ?? ''}${fraction}`);
  return found[1] === '-' ? -size : size;
}

/** "1.5e-3": as exact as a number. */
function exponentNs(text: string, unit: TimeUnit): bigint | null {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return null;
  const ns = Math.round(Number(text) * 10 ** UNIT_DIGITS[unit]);
  return Number.isFinite(ns) ? BigInt(ns) : null;
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

/** ISO 8601 to ns since 1970; without a zone it is UTC. Null for what is none. */
export function isoNs(text: string): bigint | null {
  const found = DATE.exec(text);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  const zone = zoneSeconds(found[8] ?? 'Z');
  const seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  const fraction = BigInt((found[7] ?? '').padEnd(9, '0'));
  return BigInt(seconds - zone) * 1_000_000_000n + fraction;
}

function zoneSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const size = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  return zone.startsWith('-') ? -size : size;
}

/** Of the Gregorian calendar; a year begins in March here, so that the leap day is its last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const months = (month + 9) % 12;
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return 365 * shifted + leaps + Math.floor((153 * months + 2) / 5) + day - 1 - 719_468;
}
