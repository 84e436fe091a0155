/** The chi-square distribution for any number of degrees of freedom, whole or not. Pure arithmetic. */

const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0, to about 14 digits (Lanczos). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const sum = LANCZOS.reduce((total, term, k) => total + (k === 0 ? term : term / (z + k)), 0);
  const t = z + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

const MOST_TURNS = 10_000;
const LEAST = 1e-300;
const CLOSE = 1e-15;

/** The lower incomplete gamma function P(a, x), regularized. */
export function gammaP(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? front * gammaSeries(a, x) : 1 - front * gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MOST_TURNS && term > sum * CLOSE; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Lentz's way through the continued fraction of the upper function. */
function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / LEAST;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MOST_TURNS; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / nonZero(numerator * d + b);
    c = nonZero(b + numerator / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < CLOSE) break;
  }
  return value;
}

const nonZero = (value: number) => (Math.abs(value) < LEAST ? LEAST : value);

/** The value that chi-square with `freedom` degrees stays below with `probability`; 0 < p < 1. */
export function chiSquareQuantile(probability: number, freedom: number): number {
  // Of what is left on the smaller side, so that neither tail loses digits.
  const a = freedom / 2;
  let low = 0;
  let high = Math.max(1, a);
  while (gammaP(a, high) < probability) high *= 2;
  // Newton where it stays inside of what is known, else halves.
  let x = Math.max(low, wilsonHilferty(probability, freedom) / 2);
  if (!(x > low && x < high)) x = (low + high) / 2;
  for (let turn = 0; turn < 200; turn += 1) {
    const miss = gammaP(a, x) - probability;
    if (miss > 0) high = x;
    else low = x;
    const slope = Math.exp((a - 1) * Math.log(x) - x - logGamma(a));
    const next = x - miss / slope;
    const inside = next > low && next < high ? next : (low + high) / 2;
    if (Math.abs(inside - x) <= 1e-14 * x) return 2 * inside;
    x = inside;
  }
  return 2 * x;
}

function wilsonHilferty(probability: number, freedom: number): number {
  const part = 2 / (9 * freedom);
  return freedom * Math.max(0, 1 - part + normalQuantile(probability) * Math.sqrt(part)) ** 3;
}

/** Good to 5·10^-4: a place to begin (Abramowitz and Stegun, 26.2.23). */
function normalQuantile(probability: number): number {
  const tail = Math.min(probability, 1 - probability);
  const t = Math.sqrt(-2 * Math.log(tail));
  const over = 2.515517 + t * (0.802853 + t * 0.010328);
  const under = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const value = t - over / under;
  return probability < 0.5 ? -value : value;
}
