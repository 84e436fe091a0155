/** Times and rates as people read them. Pure. */

/** The divisor from ns and the name of the unit that fits `magnitudeNs`. */
function unitOf(magnitudeNs: number): readonly [divisor: number, unit: string] {
  if (magnitudeNs >= 999_500_000) return [1e9, 's'];
  if (magnitudeNs >= 999_500) return [1e6, 'ms'];
  if (magnitudeNs >= 999.5) return [1e3, 'µs'];
  return [1, 'ns'];
}

/** 1234 ns → "1.23 µs": three figures and the unit that fits. */
export function formatNs(ns: number): string {
  const [divisor, unit] = unitOf(Math.abs(ns));
  if (divisor === 1) return `${Math.round(ns)} ns`;
  const value = ns / divisor;
  // Seconds have no larger unit, and toPrecision would give 1000 an exponent.
  const text = Math.abs(value) >= 999.5 ? value.toFixed(0) : value.toPrecision(3);
  return `${text} ${unit}`;
}

/** Several times with the unit that fits the longest: "1.94/7.13/8.67 ms". */
export function formatSeries(timesNs: readonly number[]): string {
  const longest = Math.max(...timesNs.map(Math.abs));
  const [divisor, unit] = unitOf(longest);
  const figures = timesNs.map((ns) => (ns / divisor).toFixed(longest / divisor >= 100 ? 0 : 2));
  return `${figures.join('/')} ${unit}`;
}

/** Events per second: "0", "7.9", "128"; one decimal below a hundred. */
export function formatPerSecond(rate: number): string {
  if (rate === 0) return '0';
  return rate < 99.95 ? rate.toFixed(1) : rate.toFixed(0);
}
