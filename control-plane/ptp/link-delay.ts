/** meanLinkDelay of one peer delay exchange: IEEE 1588-2019 11.4.2, and as 802.1AS-2020 has it. */
import {
  addScaled,
  elapsedDataplane,
  elapsedPrecise,
  nsSinceEpoch,
  preciseInstant,
  scaledNs,
  scaledToNumber,
  scaledUnits,
  subtractScaled,
  toScaled,
  type DataplaneTime,
  type Instant,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';

/** One complete exchange. */
export interface LinkDelayExchange {
  /** t1 as the dataplane saw it, before egressLatency. */
  readonly transmitTime: DataplaneTime;
  /** t4 as the dataplane saw it, before ingressLatency. */
  readonly receiveTime: DataplaneTime;
  readonly response: { readonly correctionField: ScaledNs; readonly timestamp: Instant };
  /** Null if the responder is one-step. */
  readonly followUp: { readonly correctionField: ScaledNs; readonly timestamp: Instant } | null;
}

export interface LinkDelayTerms {
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  readonly delayAsymmetry: ScaledNs;
  readonly convention: 'ieee1588' | 'ieee8021as';
  /** neighborRateRatio - 1; 0 while it is not known. */
  readonly neighborRateOffset: number;
}

export interface LinkDelaySample {
  /** In time of the dataplane's clock, so that it can be added to its residence. */
  readonly meanLinkDelay: ScaledNs;
  /** t3 - t2, in time of the dataplane's clock. */
  readonly turnaround: ScaledNs;
  readonly steps: 'one' | 'two';
  /** t3 in the responder's time, with its fraction; null if it does not say. */
  readonly responderTime: PreciseInstant | null;
}

/** correctionField that a Pdelay_Req leaves with: 11.6.4. 802.1AS leaves it 0 (8.3). */
export function requestCorrection(
  delayAsymmetry: ScaledNs,
  convention: LinkDelayTerms['convention'],
): ScaledNs {
  return convention === 'ieee8021as' ? scaledNs(0n) : subtractScaled(scaledNs(0n), delayAsymmetry);
}

/**
 * 11.4.2: ((t4 - t1) - (t3 - t2)) / 2. The turnaround is counted by the responder's clock, so it is
 * brought to ours by the rate ratio: 1 ms at 100 ppm would be 50 ns of link.
 */
export function linkDelayOf(exchange: LinkDelayExchange, terms: LinkDelayTerms): LinkDelaySample {
  const roundTrip = subtractScaled(
    toScaled(elapsedDataplane(exchange.transmitTime, exchange.receiveTime)),
    // 7.3.4.2: the message passed the reference plane egressLatency after t1 was taken and
    // ingressLatency before t4 was.
    addScaled(terms.egressLatency, terms.ingressLatency),
  );
  const counted = responderTurnaround(exchange, terms);
  const turnaround = toLocalRate(counted, terms.neighborRateOffset);
  return {
    meanLinkDelay: scaledNs(scaledUnits(subtractScaled(roundTrip, turnaround)) >> 1n),
    turnaround,
    steps: exchange.followUp === null ? 'one' : 'two',
    responderTime: responderTime(exchange),
  };
}

function responderTurnaround(exchange: LinkDelayExchange, terms: LinkDelayTerms): ScaledNs {
  const { response, followUp } = exchange;
  // 11.6.5; it takes back what requestCorrection put in and the responder gave back.
  const correction =
    terms.convention === 'ieee8021as'
      ? response.correctionField
      : addScaled(response.correctionField, terms.delayAsymmetry);
  if (followUp === null) return correction;
  const left = preciseInstant(followUp.timestamp, followUp.correctionField);
  if (terms.convention === 'ieee8021as') {
    // 802.1AS-2020 11.2.19.3.4: t2 = requestReceiptTimestamp + correctionField, with the same sign
    // as t3; IEEE 1588 subtracts the fraction of t2 from correctionField instead.
    return elapsedPrecise(preciseInstant(response.timestamp, correction), left);
  }
  const arrived = preciseInstant(response.timestamp, scaledNs(0n));
  return addScaled(elapsedPrecise(arrived, left), correction);
}

function toLocalRate(counted: ScaledNs, rateOffset: number): ScaledNs {
  const excessNs = (scaledToNumber(counted) * rateOffset) / (1 + rateOffset);
  return subtractScaled(counted, scaledNs(BigInt(Math.round(excessNs * 65536))));
}

/**
 * t3 of a two-step responder. Those that put the whole turnaround into correctionField (11.4.2 c,
 * second choice) send zeros, and no rate can be had from them.
 */
function responderTime({ followUp }: LinkDelayExchange): PreciseInstant | null {
  if (followUp === null || nsSinceEpoch(followUp.timestamp) === 0n) return null;
  return preciseInstant(followUp.timestamp, followUp.correctionField);
}
