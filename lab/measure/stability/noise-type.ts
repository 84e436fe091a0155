/**
 * Which power law dominates at a τ, by the lag 1 autocorrelation: W. Riley and C. Greenhall, "Power law
 * noise identification using the lag 1 autocorrelation" (EFTF 2004); SP 1065, 5.5.
 */
import { mean } from '../../../control-plane/statistics/samples.js';
import type { Alpha } from './edf.js';

export const NOISE_NAMES: Readonly<Record<Alpha, string>> = {
  2: 'white phase',
  1: 'flicker phase',
  0: 'white frequency',
  [-1]: 'flicker frequency',
  [-2]: 'random walk frequency',
  [-3]: 'flicker walk frequency',
  [-4]: 'random run frequency',
};

/** With fewer samples than that, nothing can be told. */
const LEAST_SAMPLES = 30;

/**
 * The exponent at τ = m·τ0 of a record of phase without gaps; null with fewer than 30 samples at that
 * interval. `order` is that of the variance: 2 can see as far as α = −2, 3 as far as −4.
 */
export function noiseType(x: Float64Array, m: number, order: 2 | 3): Alpha | null {
  const decimated = new Float64Array(Math.floor((x.length - 1) / m) + 1);
  for (let i = 0; i < decimated.length; i += 1) decimated[i] = x[i * m] as number;
  if (decimated.length < LEAST_SAMPLES) return null;
  let series = withoutParabola(decimated);
  for (let differences = 0; ; differences += 1) {
    const r1 = lagOne(series);
    const delta = r1 / (1 + r1);
    if (delta < 0.25 || differences === order) {
      const alpha = Math.round(-2 * (delta + differences)) + 2;
      return Math.max(order === 2 ? -2 : -4, Math.min(2, alpha)) as Alpha;
    }
    series = differencesOf(series);
  }
}

function differencesOf(x: Float64Array): Float64Array {
  const out = new Float64Array(x.length - 1);
  for (let i = 0; i < out.length; i += 1) out[i] = (x[i + 1] as number) - (x[i] as number);
  return out;
}

/** A constant gives 0: no correlation is known of. */
function lagOne(x: Float64Array): number {
  const level = mean(x);
  let squares = 0;
  let products = 0;
  let before = 0;
  for (let i = 0; i < x.length; i += 1) {
    const value = (x[i] as number) - level;
    squares += value * value;
    if (i > 0) products += before * value;
    before = value;
  }
  return squares === 0 ? 0 : products / squares;
}

/** Least squares: offset, frequency and drift are no noise. */
function withoutParabola(x: Float64Array): Float64Array {
  const half = (x.length - 1) / 2;
  const at = (i: number) => (i - half) / Math.max(1, half);
  let [s2, s4, y0, y1, y2] = [0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i += 1) {
    const t = at(i);
    const value = x[i] as number;
    s2 += t * t;
    s4 += t ** 4;
    y0 += value;
    y1 += value * t;
    y2 += value * t * t;
  }
  const n = x.length;
  const c2 = (n * y2 - s2 * y0) / (n * s4 - s2 * s2);
  const c1 = y1 / s2;
  const c0 = (y0 - c2 * s2) / n;
  return x.map((value, i) => value - c0 - at(i) * (c1 + c2 * at(i)));
}
