/**
 * The vocabulary of peer-delay.ts: what goes in, what comes out, what is kept, and what people see.
 *
 *     initialPeerDelay(config) → PeerDelayState
 *     advancePeerDelay(state, input) → PeerDelayStep
 *     peerDelayStatus(state) → PeerDelayStatus
 */
import type { DataplaneTime, LogInterval, Nanoseconds, ScaledNs } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import type { PdelayReq, PdelayResp, PdelayRespFollowUp } from '#wire/ptp-message';
import type { LinkDelaySample } from './link-delay.js';
import type { MedianFilter } from './median-filter.js';
import type { RateEstimate } from './rate-ratio.js';

/** Whose signs the correctionField of Pdelay_Resp has, and whether asCapable is kept. */
export type PeerDelayConvention = 'ieee1588' | 'ieee8021as';

export interface PeerDelayConfig {
  /** Who asks: portDS.portIdentity. */
  readonly portIdentity: PortIdentity;
  readonly domainNumber: number;
  /** 12 bits; 0x000 for IEEE 1588, 0x100 for 802.1AS (its majorSdoId is 1). */
  readonly sdoId: number;
  /** portDS.logMinPdelayReqInterval. */
  readonly logInterval: LogInterval;
  /** Two requests at once, at twice the interval; the first one finds the way cold, the second is measured. */
  readonly inPairs: boolean;
  readonly convention: PeerDelayConvention;
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  readonly delayAsymmetry: ScaledNs;
  /** Exchanges without a complete answer, one after the other, that are put up with: 802.1AS 11.5.3. */
  readonly allowedLostResponses: number;
  /** Measurements beyond the threshold, one after the other, that are put up with: 802.1AS 11.5.4. */
  readonly allowedFaults: number;
  /** meanLinkDelayThresh: a longer link is not asCapable (802.1AS only). */
  readonly neighborPropDelayThreshold: ScaledNs;
  /** Measurements that the median is taken of. */
  readonly filterLength: number;
  /** Granularity of the dataplane's timestamps: what differs by as little is no outlier. */
  readonly timestampResolution: Nanoseconds;
}

/**
 * What happens to one port. The runtime applies one input, carries out all effects, then waits.
 * Every peer delay response that came in by the port goes in:
 * the machine counts what is not its own.
 */
export type PeerDelayInput =
  /** Begin (again) to measure: the link came up, or the agent started. */
  | { readonly kind: 'start' }
  /** The link went down or the port left the mode: nothing that was measured holds any more. */
  | { readonly kind: 'stop' }
  /** Other settings from now on. What was measured is kept unless its meaning changed. */
  | { readonly kind: 'configure'; readonly config: PeerDelayConfig }
  /** The timer of the last `setTimer` has run out. */
  | { readonly kind: 'timer' }
  /** The request of this token was sent at this time, without egressLatency. */
  | {
      readonly kind: 'transmitTime';
      readonly token: number;
      readonly transmitTime: DataplaneTime;
    }
  /** A Pdelay_Resp or Pdelay_Resp_Follow_Up came; the time is without ingressLatency. */
  | {
      readonly kind: 'message';
      readonly message: PdelayResp | PdelayRespFollowUp;
      readonly receiveTime: DataplaneTime;
    };

export type PeerDelayEffect =
  /** Send by this port. Nobody asks for its time, and its answer tells nothing. */
  | { readonly kind: 'sendAhead'; readonly message: PdelayReq }
  /** Send by this port, ask for the transmit time, and bring it back under this token once. */
  | {
      readonly kind: 'send';
      readonly message: PdelayReq;
      readonly token: number;
    }
  /** One timer a port: a new one replaces it. */
  | { readonly kind: 'setTimer'; readonly after: Nanoseconds }
  | { readonly kind: 'cancelTimer' }
  /**
   * portDS.meanLinkDelay is another: write it down. Null: not known any more (after `stop`), the
   * dataplane has to add nothing. While responses are lost or ambiguous the last value is kept.
   */
  | { readonly kind: 'meanLinkDelay'; readonly meanLinkDelay: ScaledNs | null }
  /** 802.1AS only: whether the neighbor may be given time. */
  | { readonly kind: 'asCapable'; readonly asCapable: boolean }
  /** For the log and the alarms: what the port's measurement became, and why in plain words. */
  | {
      readonly kind: 'condition';
      readonly from: PeerDelayCondition;
      readonly to: PeerDelayCondition;
      readonly why: string;
    };

/**
 * - `stopped`: not asking.
 * - `measuring`: asking, no result yet.
 * - `valid`: meanLinkDelay is measured and recent.
 * - `no-response`: more than allowedLostResponses exchanges without a complete answer.
 * - `no-transmit-time`: as many exchanges without a transmit time of our own request.
 * - `multiple-responders`: two ports answered one request; nothing is measured until it stops.
 * - `own-response`: our own clock answered: the link is a loop.
 */
export type PeerDelayCondition =
  | 'stopped'
  | 'measuring'
  | 'valid'
  | 'no-response'
  | 'no-transmit-time'
  | 'multiple-responders'
  | 'own-response';

/** Each stops at 2^32 - 1. */
export interface PeerDelayCounters {
  readonly requestsSent: number;
  /** All that came, whatever was made of them. */
  readonly responsesReceived: number;
  readonly followUpsReceived: number;
  /** Exchanges that gave a link delay. */
  readonly exchangesCompleted: number;
  /** Exchanges without Pdelay_Resp when the next request was due. */
  readonly responsesLost: number;
  /** Exchanges with a two-step Pdelay_Resp whose Follow_Up did not come. */
  readonly followUpsLost: number;
  readonly transmitTimesMissing: number;
  /** A token that is not the current exchange's, or a second time for it. */
  readonly transmitTimesUnknown: number;
  /** To another requestingPortIdentity. */
  readonly responsesToOthers: number;
  /** To us, but not to the request that is open: late, replayed or invented. */
  readonly responsesUnmatched: number;
  /** Of another domain or sdoId. */
  readonly responsesOfOtherInstances: number;
  /** The same responder's answer again. */
  readonly responsesDuplicate: number;
  /** Of a second responder to one request. */
  readonly responsesOfOtherPorts: number;
  /** From our own clock. */
  readonly responsesOwn: number;
  /** Measured below zero, whether used or not. */
  readonly delaysNegative: number;
  /** Outliers, and what no link can be. */
  readonly delaysRejected: number;
  /** The filter was emptied because the delay is another for good. */
  readonly delayLevelsChanged: number;
  readonly neighborsChanged: number;
  /** The neighbor's clock jumped: the rate's table was emptied. */
  readonly neighborClockSteps: number;
}

/** The answer to the open request, as far as it is there. */
export interface PeerDelayExchange {
  readonly sequenceId: number;
  readonly transmitTime: DataplaneTime | null;
  readonly response: ReceivedResponse | null;
  readonly followUp: PdelayRespFollowUp | null;
  /** Two ports answered, or our own did: gives no measurement. */
  readonly spoiled: boolean;
  /**
   * Not null once the exchange was used: what was measured before it, to go back to if a second
   * responder shows up late.
   */
  readonly before: PeerDelayMeasurement | null;
}

export interface ReceivedResponse {
  readonly message: PdelayResp;
  readonly receiveTime: DataplaneTime;
}

/** All that exchanges have taught. */
export interface PeerDelayMeasurement {
  readonly neighbor: PortIdentity | null;
  readonly delays: MedianFilter;
  readonly rate: RateEstimate;
  readonly last: LinkDelaySample | null;
  /** The median, as it was last told to the runtime. */
  readonly meanLinkDelay: ScaledNs | null;
}

export interface PeerDelayState {
  readonly config: PeerDelayConfig;
  readonly condition: PeerDelayCondition;
  readonly nextSequenceId: number;
  readonly exchange: PeerDelayExchange | null;
  readonly measurement: PeerDelayMeasurement;
  /** In a row. */
  readonly lostResponses: number;
  readonly lostTransmitTimes: number;
  /** Exchanges without a second responder, in a row, since there was one. */
  readonly cleanExchanges: number;
  /** 802.1AS 11.2.19: measurements in a row that were beyond the threshold. */
  readonly detectedFaults: number;
  readonly asCapable: boolean;
  readonly counters: PeerDelayCounters;
}

export interface PeerDelayStep {
  readonly state: PeerDelayState;
  /** To be carried out in this order. */
  readonly effects: readonly PeerDelayEffect[];
}

/** For `show peer-delay` and the management sets. All of it is JSON but the opaque units. */
export interface PeerDelayStatus {
  readonly condition: PeerDelayCondition;
  readonly convention: PeerDelayConvention;
  readonly logInterval: LogInterval;
  /** Filtered; null before the first measurement. Kept while responses are lost or ambiguous. */
  readonly meanLinkDelay: ScaledNs | null;
  /** True if meanLinkDelay was measured by the exchanges of now. */
  readonly current: boolean;
  /** The last exchange's own. */
  readonly lastLinkDelay: ScaledNs | null;
  /** Half of the spread of the filter's window, robust: median absolute deviation. */
  readonly deviation: ScaledNs | null;
  /** Rate of the neighbor's clock against the dataplane's, as (ratio - 1) × 10^9. */
  readonly neighborRateOffsetPpb: number | null;
  readonly neighbor: PortIdentity | null;
  readonly responderSteps: 'one' | 'two' | null;
  /** The responder's turnaround in the last exchange, in time of the dataplane's clock. */
  readonly turnaround: ScaledNs | null;
  /** Null unless the convention is 802.1AS's. */
  readonly asCapable: boolean | null;
  readonly lostResponses: number;
  readonly counters: PeerDelayCounters;
}
