/** What one complete exchange adds to what a port knows of its link, and 802.1AS's asCapable. */
import { nsOf, scaledNs, scaledUnits, type ScaledNs } from '#units/time';
import { isSamePort, type PortIdentity } from '#wire/ptp-header';
import { linkDelayOf, type LinkDelayExchange, type LinkDelaySample } from './link-delay.js';
import { EMPTY_FILTER, filterMedian, filterSample } from './median-filter.js';
import type {
  PeerDelayConfig,
  PeerDelayCounters,
  PeerDelayMeasurement,
  PeerDelayState,
} from './peer-delay-types.js';
import { addRatePair, NO_RATE } from './rate-ratio.js';

/** 16 exchanges: at one a second and 1 µs of noise the rate is good to 0.1 ppm. */
const RATE_RULE = { length: 16, minimum: 4 };
/** Timestamps of this many units apart are the same to the filter. */
const FLOOR_UNITS = 2n;
/**
 * No link is shorter than nothing; software timestamps may still say so. Beyond 1 ms below zero it is
 * not their noise, but a responder that does not tell the truth, and not one such sample is used.
 */
const MIN_LINK_DELAY = scaledNs(-1_000_000n << 16n);

export interface MeasuredExchange {
  readonly measurement: PeerDelayMeasurement;
  readonly counts: readonly (keyof PeerDelayCounters)[];
}

/** A neighbor's change begins a measurement of its own: its link may be another. */
export function measureExchange(
  known: PeerDelayMeasurement,
  config: PeerDelayConfig,
  responder: PortIdentity,
  exchange: LinkDelayExchange,
): MeasuredExchange {
  const counts: (keyof PeerDelayCounters)[] = [];
  let measurement = known;
  if (known.neighbor === null || !isSamePort(known.neighbor, responder)) {
    if (known.neighbor !== null) counts.push('neighborsChanged');
    measurement = { ...known, neighbor: responder, delays: EMPTY_FILTER, rate: NO_RATE };
  }
  const first = linkDelayOf(exchange, termsOf(config, measurement));
  measurement = learnRate(measurement, exchange, first, counts);
  const last = linkDelayOf(exchange, termsOf(config, measurement));
  measurement = { ...measurement, last };
  if (scaledUnits(last.meanLinkDelay) < 0n) counts.push('delaysNegative');
  if (isImpossible(last)) return { measurement, counts: [...counts, 'delaysRejected'] };
  const { filter, verdict } = filterSample(measurement.delays, last.meanLinkDelay, {
    length: config.filterLength,
    floor: scaledNs((FLOOR_UNITS * nsOf(config.timestampResolution)) << 16n),
  });
  if (verdict === 'rejected') counts.push('delaysRejected');
  if (verdict === 'level-changed') counts.push('delayLevelsChanged');
  const meanLinkDelay: ScaledNs | null = filterMedian(filter);
  return { measurement: { ...measurement, delays: filter, meanLinkDelay }, counts };
}

function termsOf(config: PeerDelayConfig, measurement: PeerDelayMeasurement) {
  return { ...config, neighborRateOffset: measurement.rate.offset ?? 0 };
}

/** 16.10, 802.1AS-2020 11.2.19.3.3: from t3 and t4 of successive exchanges. */
function learnRate(
  measurement: PeerDelayMeasurement,
  exchange: LinkDelayExchange,
  sample: LinkDelaySample,
  counts: (keyof PeerDelayCounters)[],
): PeerDelayMeasurement {
  if (sample.responderTime === null) return { ...measurement, rate: NO_RATE };
  const pair = { remote: sample.responderTime, local: exchange.receiveTime };
  const { estimate, stepped } = addRatePair(measurement.rate, pair, RATE_RULE);
  if (stepped) counts.push('neighborClockSteps');
  return { ...measurement, rate: estimate };
}

/** A turnaround before its beginning: the responder's clock was set meanwhile. */
function isImpossible(sample: LinkDelaySample): boolean {
  return (
    scaledUnits(sample.turnaround) < 0n ||
    scaledUnits(sample.meanLinkDelay) < scaledUnits(MIN_LINK_DELAY)
  );
}

/**
 * 802.1AS-2020 11.2.19, figure 11-9: a neighbor is capable if its link is short enough for no bridge
 * to be hidden in it and its rate is known; what was capable stays so for allowedFaults measurements.
 */
export function asCapability({ config, measurement, asCapable, detectedFaults }: PeerDelayState): {
  readonly asCapable: boolean;
  readonly detectedFaults: number;
} {
  const { meanLinkDelay, rate } = measurement;
  const isGood =
    meanLinkDelay !== null &&
    rate.offset !== null &&
    scaledUnits(meanLinkDelay) <= scaledUnits(config.neighborPropDelayThreshold);
  if (isGood) return { asCapable: true, detectedFaults: 0 };
  if (detectedFaults < config.allowedFaults) {
    return { asCapable, detectedFaults: detectedFaults + 1 };
  }
  return { asCapable: false, detectedFaults: 0 };
}
