/**
 * A chain of 802.1AS relays in closed steps: one Sync after the other passes all of them, each measures its
 * neighbour's rate by peer delay, sums the rates, and counts its residence by the sum (11.2.14, 11.4.4.3).
 * As the Monte Carlo models of the IEC/IEEE 60802 contributions: errors alone, to first order; no events.
 */
import type { RandomStream } from './random.js';

export interface RelayChainSpec {
  readonly hops: number;
  /** Of a clock's frequency: uniform within ± so much a second … */
  readonly driftPpmPerSecond: number;
  /** … on so many of them; the others do not drift. */
  readonly driftingShare: number;
  /** Two uniform parts of every stamp: its granularity's and another one, each within ± so much. */
  readonly stampNs: readonly [number, number];
  readonly pdelaySeconds: number;
  /** Of the interval, uniform from … to. */
  readonly pdelayShare: readonly [number, number];
  readonly turnaroundSeconds: number;
  readonly residenceSeconds: number;
  /** Intervals that a rate is measured over. */
  readonly rateIntervals: number;
  /** What is left of an error after it was averaged or extrapolated away: 0 is nothing. */
  readonly leftOf: Readonly<Record<'linkDelay' | 'neighborRate' | 'rateInResidence', number>>;
}

/** As the contributions have it; anchors of the model, not of any product. */
export const INDUSTRIAL: RelayChainSpec = {
  hops: 100,
  driftPpmPerSecond: 1.5,
  driftingShare: 0.8,
  stampNs: [4, 4],
  pdelaySeconds: 0.125,
  pdelayShare: [0.9, 1.3],
  turnaroundSeconds: 0.01,
  residenceSeconds: 0.01,
  rateIntervals: 3,
  leftOf: { linkDelay: 0.02, neighborRate: 0.1, rateInResidence: 0.1 },
};

const NS = 1e9;

/** One Sync's error at each hop in nanoseconds; index 0 is hop 1. */
export function relayErrors(spec: RelayChainSpec, random: RandomStream): Float64Array {
  const within = (half: number) => half * (2 * random.uniform() - 1);
  const stamp = () => within(spec.stampNs[0]) + within(spec.stampNs[1]);
  const drift = () =>
    random.uniform() < spec.driftingShare ? within(spec.driftPpmPerSecond) * 1e-6 : 0;
  const errors = new Float64Array(spec.hops);
  const grandmaster = drift();
  let above = grandmaster;
  let rateError = 0;
  let errorNs = 0;
  for (let hop = 0; hop < spec.hops; hop += 1) {
    const own = drift();
    const link = measureLink(spec, random, stamp, above - own);
    errorNs += link.delayErrorNs + stamp() - stamp();
    rateError += link.rateError;
    errors[hop] = errorNs;
    // To the next one: residence is counted by the summed rate, which was right a while ago.
    const { residenceSeconds: stay } = spec;
    const moved = (grandmaster - own) * spec.leftOf.rateInResidence;
    errorNs += (stay * rateError + (stay ** 2 / 2) * moved) * NS;
    above = own;
  }
  return errors;
}

/** Peer delay's errors: of the link's delay, and of the neighbour's rate when the Sync comes. */
function measureLink(
  spec: RelayChainSpec,
  random: RandomStream,
  stamp: () => number,
  relativeDrift: number,
) {
  const [least, most] = spec.pdelayShare;
  const interval = () => spec.pdelaySeconds * (least + (most - least) * random.uniform());
  let baseline = 0;
  let last = 0;
  for (let count = 0; count < spec.rateIntervals; count += 1) {
    last = interval();
    baseline += last;
  }
  const ageSeconds = random.uniform() * last;
  const [t1, t2, t3, t4] = [stamp(), stamp(), stamp(), stamp()];
  const [t3Before, t4Before] = [stamp(), stamp()];
  const ofStamps = (t4 - t4Before - (t3 - t3Before)) / NS / baseline;
  // A mean over the baseline is the rate in its middle, and it is used later.
  const ofDrift = relativeDrift * (baseline / 2 + ageSeconds) * spec.leftOf.neighborRate;
  const rateError = ofStamps + ofDrift;
  const turnaroundNs = spec.turnaroundSeconds * rateError * NS;
  const delayErrorNs = (spec.leftOf.linkDelay * (t4 - t1 - (t3 - t2) + turnaroundNs)) / 2;
  return { rateError, delayErrorNs };
}
