/** What a port's peer delay measurement tells the instance that reckons with it. */
import { ppb, scaledFromNumber, scaledToNumber, type ScaledNs } from '#units/time';
import type { InstanceInput } from './instance/instance-types.js';
import type { PeerDelayStatus } from './peer-delay-types.js';

/** Of normal errors: a standard deviation for each median absolute deviation. */
const SIGMA_PER_MAD = 1.4826;

export function linkDelayInput(
  port: number,
  measurement: PeerDelayStatus,
): Extract<InstanceInput, { readonly kind: 'linkDelay' }> {
  const { current, meanLinkDelay, deviation, neighborRateOffsetPpb, asCapable } = measurement;
  return {
    kind: 'linkDelay',
    port,
    meanLinkDelay: current ? meanLinkDelay : null,
    deviation: deviation === null ? null : fromMad(deviation),
    neighborRate: neighborRateOffsetPpb === null ? null : ppb(neighborRateOffsetPpb),
    asCapable: asCapable ?? current,
  };
}

function fromMad(deviation: ScaledNs): ScaledNs {
  return scaledFromNumber(SIGMA_PER_MAD * scaledToNumber(deviation));
}
