/** The highest rate without loss: doubling until a trial loses frames, then halving the interval. */

/** What one trial found. */
export interface Trial {
  readonly sent: number;
  readonly received: number;
  /** Frames a second that the generator really reached. */
  readonly rate: number;
}

export interface SearchLimits {
  readonly lowest: number;
  readonly highest: number;
  /** The interval is narrow enough when its ends are this close, e.g. 0.03. */
  readonly resolution: number;
}

/** A generator that stays below this share of the rate asked for is at its own limit. */
const GENERATOR_SHARE = 0.97;

export interface ZeroLossRate {
  readonly rate: number;
  /** The generator could go no faster, and nothing was lost: the true rate is higher. */
  readonly limitedByGenerator: boolean;
}

/**
 * Frames a second. A trial that loses gets a second chance, and so does a generator that is too slow,
 * since one preempted thread says nothing of the forwarder. Zero when even the lowest rate loses.
 */
export async function zeroLossRate(
  trial: (rate: number) => Promise<Trial>,
  limits: SearchLimits,
): Promise<ZeroLossRate> {
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  let rate = limits.lowest;
  while (rate <= limits.highest && bad / Math.max(good, 1) > 1 + limits.resolution) {
    const result = await bestOf(trial, rate);
    if (isLossy(result)) {
      if (good === 0) return { rate: 0, limitedByGenerator: false };
      bad = rate;
    } else if (isSlow(result, rate)) {
      return { rate: Math.max(good, result.rate), limitedByGenerator: true };
    } else {
      good = result.rate;
    }
    rate = bad === Number.POSITIVE_INFINITY ? 2 * rate : Math.sqrt(good * bad);
  }
  return { rate: good, limitedByGenerator: bad === Number.POSITIVE_INFINITY };
}

const isLossy = (result: Trial): boolean => result.received < result.sent;
const isSlow = (result: Trial, rate: number): boolean => result.rate < rate * GENERATOR_SHARE;

async function bestOf(trial: (rate: number) => Promise<Trial>, rate: number): Promise<Trial> {
  const first = await trial(Math.round(rate));
  if (!isLossy(first) && !isSlow(first, rate)) return first;
  const second = await trial(Math.round(rate));
  if (isLossy(first) !== isLossy(second)) return isLossy(first) ? second : first;
  return second.rate > first.rate ? second : first;
}
