/**
 * Chance from a seed. Every part of a world draws from a stream of its own, named after it, so that one
 * more clock changes nothing of what the others do. Only operations that IEEE 754 defines to the last
 * bit are used: the same numbers on every machine.
 */
export interface RandomStream {
  /** 0 to 1, without 1. */
  readonly uniform: () => number;
  /** Mean 0, standard deviation 1. */
  readonly normal: () => number;
}

/** Of an error or a delay, in nanoseconds. */
export type Distribution =
  | { readonly kind: 'none' }
  | { readonly kind: 'normal'; readonly sigmaNs: number }
  /** From -halfNs to +halfNs. */
  | { readonly kind: 'uniform'; readonly halfNs: number }
  /** Never negative. */
  | { readonly kind: 'exponential'; readonly meanNs: number }
  /** What was measured: values by the share of draws that are below them, from 0 to 1, straight lines between. */
  | { readonly kind: 'quantiles'; readonly points: readonly Quantile[] };

export interface Quantile {
  readonly share: number;
  readonly ns: number;
}

export const NO_NOISE: Distribution = { kind: 'none' };

export function draw(distribution: Distribution, random: RandomStream): number {
  switch (distribution.kind) {
    case 'none':
      return 0;
    case 'normal':
      return distribution.sigmaNs * random.normal();
    case 'uniform':
      return distribution.halfNs * (2 * random.uniform() - 1);
    case 'exponential':
      return -distribution.meanNs * naturalLog(1 - random.uniform());
    case 'quantiles':
      return atShare(distribution.points, random.uniform());
  }
}

function atShare(points: readonly Quantile[], share: number): number {
  let before = points[0] ?? { share: 0, ns: 0 };
  for (const point of points) {
    if (point.share >= share) {
      const width = point.share - before.share;
      const part = width === 0 ? 0 : (share - before.share) / width;
      return before.ns + part * (point.ns - before.ns);
    }
    before = point;
  }
  return before.ns;
}

/** `seed` and `name` together choose the stream. */
export function randomStream(seed: number, name: string): RandomStream {
  const uniform = smallFastCounter(seed, name);
  let spare: number | null = null;
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    // Marsaglia's polar method: two at once.
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * naturalLog(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
  return { uniform, normal };
}

const LN2 = 0.6931471805599453;
const SQRT2 = 1.4142135623730951;

/** Of 0 < x ≤ 1. Math.log may differ in its last bit from one machine to the next. */
export function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa < 1 / SQRT2) {
    mantissa *= 2;
    exponent -= 1;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), and |(m - 1) / (m + 1)| is at most 0.172.
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let sum = 0;
  for (let power = 19; power >= 1; power -= 2) sum = sum * square + 1 / power;
  return 2 * z * sum + exponent * LN2;
}

/** Doty-Humphrey's sfc32, seeded by FNV-1a over seed and name. */
function smallFastCounter(seed: number, name: string): () => number {
  const hash = (salt: number): number => {
    let value = 0x811c9dc5 ^ salt;
    const mix = (octet: number): void => {
      value = Math.imul(value ^ octet, 0x01000193);
    };
    for (let shift = 0; shift < 32; shift += 8) mix((seed >>> shift) & 0xff);
    for (let index = 0; index < name.length; index += 1) {
      mix(name.charCodeAt(index) & 0xff);
      mix(name.charCodeAt(index) >>> 8);
    }
    return value | 0;
  };
  let a = hash(1);
  let b = hash(2);
  let c = hash(3);
  let counter = 1;
  const next = (): number => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
  for (let round = 0; round < 15; round += 1) next();
  return () => next() / 2 ** 32;
}
