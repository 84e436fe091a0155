/**
 * Gains of a second-order loop, per sample: after each sample the clock runs at
 * -(kp·x + Σ ki·x) / T. Its transfer function from the master's time to ours is
 *
 *     H(z) = (kp(z-1) + ki·z) / ((z-1)² + kp(z-1) + ki·z)
 *
 * What counts in a chain of boundary clocks is how far |H| exceeds 1: twenty in a row amplify by its
 * twentieth power. ITU-T G.8273.2 7.3.1 allows 0.1 dB, and a bandwidth of 0.05 to 0.1 Hz.
 */

/** Both without a unit. */
export interface LoopGains {
  readonly kp: number;
  readonly ki: number;
}

export const MAX_PEAKING_DB = 0.1;
export const NARROW_BANDWIDTH_HZ = 0.1;
/** From here on one sample would move the clock by most of its own error. */
const MAX_KP = 0.7;
const BISECTIONS = 60;

/**
 * |H|² at u = |z-1|² = 2 - 2·cos ω, 0 to 4. With z on the unit circle both |numerator|² and
 * |denominator|² are polynomials of u.
 */
function powerGain({ kp, ki }: LoopGains, u: number): number {
  const numerator = ki * ki + kp * (kp + ki) * u;
  return numerator / (numerator - 2 * ki * u + (1 - kp) * u * u);
}

/** |H| at a frequency in cycles a sample, 0 to 0.5. */
export function loopGain(gains: LoopGains, cyclesPerSample: number): number {
  return Math.sqrt(powerGain(gains, 2 - 2 * Math.cos(2 * Math.PI * cyclesPerSample)));
}

/** The maximum of |H| over all frequencies, at least 1; in decibels. */
export function gainPeakingDb(gains: LoopGains): number {
  const { kp, ki } = gains;
  const candidates = [4];
  const slope = kp * (kp + ki);
  const rest = 1 - kp;
  if (ki > 0 && rest > 0) {
    // Where the derivative of |H|² by u is zero: rest·slope·u² + 2·rest·ki²·u - 2·ki³ = 0.
    const half = rest * ki * ki;
    const root = Math.sqrt(half * half + 2 * rest * slope * ki ** 3);
    candidates.push(Math.min(4, (root - half) / (rest * slope)));
  }
  return 10 * Math.log10(Math.max(1, ...candidates.map((u) => powerGain(gains, u))));
}

/** The largest ki that keeps the gain peaking with this kp. */
export function largestKi(kp: number, peakingDb = MAX_PEAKING_DB): number {
  let low = 0;
  // A quarter of kp² is critical damping: peaking far beyond what anybody allows.
  let high = (kp * kp) / 4;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (gainPeakingDb({ kp, ki: middle }) <= peakingDb) low = middle;
    else high = middle;
  }
  return low;
}

/** For a clock that others follow: the bandwidth of a G.8273.2 clock, and no more peaking than one. */
export function narrowGains(intervalSeconds: number, bandwidthHz = NARROW_BANDWIDTH_HZ): LoopGains {
  const kp = Math.min(MAX_KP, 1 - Math.exp(-2 * Math.PI * bandwidthHz * intervalSeconds));
  return { kp, ki: largestKi(kp) };
}

/**
 * The gains of the n-th sample (from 1) by which phase and frequency are those of the least-squares
 * line through all n: the fastest way to begin, and narrower with each sample.
 */
export function leastSquaresGains(n: number): LoopGains {
  if (n <= 1) return { kp: 1, ki: 0 };
  const pairs = n * (n + 1);
  return { kp: (2 * (2 * n - 1)) / pairs, ki: 6 / pairs };
}
