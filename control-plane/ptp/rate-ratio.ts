/**
 * The rate of another clock against the dataplane's from pairs of readings: neighborRateRatio of
 * IEEE 1588-2019 16.10 and 802.1AS-2020 11.2.19.3.3, and the grandmaster's rate for syntonization.
 *
 * The estimate is Theil and Sen's: the median of the slopes between all pairs. Neither standard
 * says how to filter; two readings alone, as in 802.1AS's example, carry the noise of both, and a
 * least-squares line is bent by one late timestamp. This one bears 29 bad readings in a hundred.
 */
import {
  elapsedDataplane,
  elapsedPrecise,
  scaledToNumber,
  subtractScaled,
  toScaled,
  type DataplaneTime,
  type PreciseInstant,
} from '#units/time';

export interface RatePair {
  /** The other clock's time. */
  readonly remote: PreciseInstant;
  readonly local: DataplaneTime;
}

export interface RateEstimate {
  /** Oldest first. */
  readonly pairs: readonly RatePair[];
  /** ratio - 1, remote against local; null while there are too few pairs. */
  readonly offset: number | null;
}

export interface RateRule {
  /** Pairs that are kept. */
  readonly length: number;
  /** Pairs that it takes for an estimate. */
  readonly minimum: number;
}

export const NO_RATE: RateEstimate = { pairs: [], offset: null };

/** A clock that moves by more than this between two readings was set, not late. */
const STEP_NS = 1_000_000;
/** No oscillator, and no servo that steers one, is further off than 2000 ppm. */
const MAX_RATE_OFFSET = 2e-3;

/** The estimate with one more pair; `stepped` if the other clock jumped and all begins anew. */
export function addRatePair(
  estimate: RateEstimate,
  pair: RatePair,
  rule: RateRule,
): { readonly estimate: RateEstimate; readonly stepped: boolean } {
  const last = estimate.pairs.at(-1);
  if (last !== undefined && hasStepped(last, pair)) {
    return { estimate: { pairs: [pair], offset: null }, stepped: true };
  }
  const pairs = [...estimate.pairs, pair].slice(-rule.length);
  const offset = pairs.length < rule.minimum ? null : medianSlope(pairs);
  return { estimate: { pairs, offset }, stepped: false };
}

function hasStepped(from: RatePair, to: RatePair): boolean {
  const { elapsedNs, gainedNs } = difference(from, to);
  return elapsedNs <= 0 || Math.abs(gainedNs) > STEP_NS + MAX_RATE_OFFSET * elapsedNs;
}

/** What both clocks counted between two pairs: the local time, and what the remote had more. */
function difference(
  from: RatePair,
  to: RatePair,
): { readonly elapsedNs: number; readonly gainedNs: number } {
  const elapsed = toScaled(elapsedDataplane(from.local, to.local));
  const remote = elapsedPrecise(from.remote, to.remote);
  // Subtracted before it becomes a number: the difference is small, the times are not.
  return {
    elapsedNs: scaledToNumber(elapsed),
    gainedNs: scaledToNumber(subtractScaled(remote, elapsed)),
  };
}

function medianSlope(pairs: readonly RatePair[]): number | null {
  const slopes: number[] = [];
  pairs.forEach((from, index) => {
    for (const to of pairs.slice(index + 1)) {
      const { elapsedNs, gainedNs } = difference(from, to);
      if (elapsedNs > 0) slopes.push(gainedNs / elapsedNs);
    }
  });
  slopes.sort((a, b) => a - b);
  const upper = slopes[slopes.length >> 1];
  const lower = slopes[(slopes.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
