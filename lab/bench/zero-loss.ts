/** The highest rate without loss: doubling until a trial loses frames, then narrowing the interval. */

/** What one trial found. */
export interface Trial {
  readonly sent: number;
  readonly received: number;
  /** Frames a second that the generator really reached. */
  readonly rate: number;
}

export interface SearchLimits {
  /** Where the search begins; it goes down from there, too. */
  readonly start: number;
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
 * Frames a second. A trial that loses gets other chances, and so does a generator that is too slow,
 * since one preempted thread says nothing of the forwarder. Zero when even the lowest rate loses.
 */
export async function zeroLossRate(
  trial: (rate: number) => Promise<Trial>,
  limits: SearchLimits,
): Promise<ZeroLossRate> {
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  let rate = limits.start;
  while (rate <= limits.highest && bad > good * (1 + limits.resolution)) {
    const result = await bestOf(trial, rate);
    if (isLossy(result)) {
      bad = rate;
      if (good === 0 && rate <= limits.lowest) break;
    } else if (isSlow(result, rate)) {
      return { rate: Math.max(good, result.rate), limitedByGenerator: true };
    } else {
      good = rate;
    }
    rate = nextRate(good, bad, limits.lowest);
  }
  return { rate: good, limitedByGenerator: bad === Number.POSITIVE_INFINITY };
}

/** Up or down by doubling until the rate is between two, then their geometric mean. */
function nextRate(good: number, bad: number, lowest: number): number {
  if (good === 0) return Math.max(lowest, bad / 2);
  return bad === Number.POSITIVE_INFINITY ? 2 * good : Math.sqrt(good * bad);
}

const CHANCES = 3;
const isLossy = (result: Trial): boolean => result.received < result.sent;
const isSlow = (result: Trial, rate: number): boolean => result.rate < rate * GENERATOR_SHARE;

/** The first flawless trial, or the best of the others: without loss, then the fastest. */
async function bestOf(trial: (rate: number) => Promise<Trial>, rate: number): Promise<Trial> {
  let best = await trial(Math.round(rate));
  for (let chance = 1; chance < CHANCES && (isLossy(best) || isSlow(best, rate)); chance++) {
    const next = await trial(Math.round(rate));
    const isBetter = isLossy(best) === isLossy(next) ? next.rate > best.rate : isLossy(best);
    if (isBetter) best = next;
  }
  return best;
}
