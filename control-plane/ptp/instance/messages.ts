/** The messages that an instance sends: headers of 13.3 with what each type wants in them. */
import {
  instant,
  logInterval,
  scaledNs,
  splitPrecise,
  subtractScaled,
  type LogInterval,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';
import { FLAG, type PortIdentity, type PtpHeader } from '#wire/ptp-header';
import type {
  Announce,
  DelayReq,
  DelayResp,
  FollowUp,
  Signaling,
  Sync,
  Tlv,
} from '#wire/ptp-message';
import type { CurrentDS, ParentDS, TimePropertiesDS } from '../data-sets.js';

/** Table 42. */
const CONTROL = { sync: 0, delayReq: 1, followUp: 2, delayResp: 3, other: 5 } as const;
/** 13.3.2.14: "not applicable". */
export const NO_LOG_INTERVAL = logInterval(0x7f);
const NO_CORRECTION = scaledNs(0n);
const NO_TIME = instant(0n);

/** What the headers of all messages of a port have in common. */
export interface Sender {
  readonly domainNumber: number;
  readonly sdoId: number;
  readonly portIdentity: PortIdentity;
}

/** What differs from message to message. */
export interface Envelope {
  readonly sequenceId: number;
  /** To one station: unicastFlag is set, and logMessageInterval has no meaning (13.3.2.14). */
  readonly unicast: boolean;
  readonly logMessageInterval: LogInterval;
  /** 17.3: it comes from one that is not the best master. */
  readonly isAlternate: boolean;
}

/** To one station, in a message that has no interval. */
export function unicastEnvelope(sequenceId: number, unicast = true): Envelope {
  return { sequenceId, unicast, logMessageInterval: NO_LOG_INTERVAL, isAlternate: false };
}

function header(
  sender: Sender,
  envelope: Envelope,
  controlField: number,
  flags = 0,
  correctionField: ScaledNs = NO_CORRECTION,
): PtpHeader {
  return {
    majorSdoId: sender.sdoId >> 8,
    minorVersionPtp: 1,
    domainNumber: sender.domainNumber,
    minorSdoId: sender.sdoId & 0xff,
    flags:
      flags |
      (envelope.unicast ? FLAG.unicast : 0) |
      (envelope.isAlternate ? FLAG.alternateMaster : 0),
    correctionField,
    messageTypeSpecific: 0,
    sourcePortIdentity: sender.portIdentity,
    sequenceId: envelope.sequenceId,
    controlField,
    logMessageInterval: envelope.logMessageInterval,
  };
}

/** 9.5.9.3: originTimestamp 0 where a Follow_Up or the dataplane tells the time. */
export function syncMessage(sender: Sender, envelope: Envelope, step: 'one' | 'two'): Sync {
  const flags = step === 'two' ? FLAG.twoStep : 0;
  return {
    kind: 'sync',
    header: header(sender, envelope, CONTROL.sync, flags),
    tlvs: [],
    originTimestamp: NO_TIME,
  };
}

/** 9.5.10: when the Sync left, the fraction of a nanosecond in correctionField. */
export function followUpMessage(
  sender: Sender,
  envelope: Envelope,
  origin: PreciseInstant,
  tlvs: readonly Tlv[] = [],
): FollowUp {
  const { whole, fraction } = splitPrecise(origin);
  return {
    kind: 'followUp',
    header: header(sender, envelope, CONTROL.followUp, 0, fraction),
    tlvs,
    preciseOriginTimestamp: whole,
  };
}

/** 9.5.11, 11.6.3: it leaves with the asymmetry taken away, which the response gives back. */
export function delayReqMessage(
  sender: Sender,
  { sequenceId, unicast }: Pick<Envelope, 'sequenceId' | 'unicast'>,
  delayAsymmetry: ScaledNs,
): DelayReq {
  const envelope = unicastEnvelope(sequenceId, unicast);
  const correction = subtractScaled(NO_CORRECTION, delayAsymmetry);
  return {
    kind: 'delayReq',
    header: header(sender, envelope, CONTROL.delayReq, 0, correction),
    tlvs: [],
    originTimestamp: NO_TIME,
  };
}

/** 9.5.12, 11.3.2: request's correctionField, less the fraction of the time it came in. */
export function delayRespMessage(
  sender: Sender,
  envelope: Envelope,
  request: DelayReq,
  received: PreciseInstant,
): DelayResp {
  const { whole, fraction } = splitPrecise(received);
  const correction = subtractScaled(request.header.correctionField, fraction);
  return {
    kind: 'delayResp',
    header: header(sender, envelope, CONTROL.delayResp, 0, correction),
    tlvs: [],
    timestamp: whole,
    requestingPortIdentity: request.header.sourcePortIdentity,
  };
}

export interface AnnounceContent {
  readonly parentDS: ParentDS;
  readonly currentDS: Pick<CurrentDS, 'stepsRemoved' | 'synchronizationUncertain'>;
  readonly timePropertiesDS: TimePropertiesDS;
  readonly tlvs: readonly Tlv[];
}

/** Table 43: Announce from the data sets. */
export function announceMessage(
  sender: Sender,
  envelope: Envelope,
  { parentDS, currentDS, timePropertiesDS, tlvs }: AnnounceContent,
): Announce {
  const quality = parentDS.grandmasterClockQuality;
  const uncertain = currentDS.synchronizationUncertain ? FLAG.synchronizationUncertain : 0;
  return {
    kind: 'announce',
    header: header(sender, envelope, CONTROL.other, timeFlags(timePropertiesDS) | uncertain),
    tlvs,
    originTimestamp: NO_TIME,
    currentUtcOffsetSeconds: timePropertiesDS.currentUtcOffsetSeconds,
    grandmasterPriority1: parentDS.grandmasterPriority1,
    grandmasterClockClass: quality.clockClass,
    grandmasterClockAccuracy: quality.clockAccuracy,
    grandmasterOffsetScaledLogVariance: quality.offsetScaledLogVariance,
    grandmasterPriority2: parentDS.grandmasterPriority2,
    grandmasterIdentity: parentDS.grandmasterIdentity,
    stepsRemoved: currentDS.stepsRemoved,
    timeSource: timePropertiesDS.timeSource,
  };
}

/** Table 37, the second octet. */
function timeFlags(time: TimePropertiesDS): number {
  return (
    (time.leap61 ? FLAG.leap61 : 0) |
    (time.leap59 ? FLAG.leap59 : 0) |
    (time.currentUtcOffsetValid ? FLAG.currentUtcOffsetValid : 0) |
    (time.ptpTimescale ? FLAG.ptpTimescale : 0) |
    (time.timeTraceable ? FLAG.timeTraceable : 0) |
    (time.frequencyTraceable ? FLAG.frequencyTraceable : 0)
  );
}

export function signalingMessage(
  sender: Sender,
  { sequenceId, unicast }: Pick<Envelope, 'sequenceId' | 'unicast'>,
  targetPortIdentity: PortIdentity,
  tlvs: readonly Tlv[],
): Signaling {
  return {
    kind: 'signaling',
    header: header(sender, unicastEnvelope(sequenceId, unicast), CONTROL.other),
    tlvs,
    targetPortIdentity,
  };
}
