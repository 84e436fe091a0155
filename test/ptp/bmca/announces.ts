/** Announces and data sets for the tests of the best master algorithm. */
import { instant, logInterval, scaledNs } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import type { Announce, Tlv } from '#wire/ptp-message';
import type { DefaultDS } from '#ptp/data-sets';
import { dataSetOfAnnounce, type ComparisonDataSet } from '#ptp/bmca/comparison';
import type { BestMaster } from '#ptp/bmca/state-decision';

/** Our clock in these tests; its ports are 1, 2, … */
export const OURS = 0x50n;

export interface AnnounceParts {
  readonly sender?: bigint;
  readonly senderPort?: number;
  readonly sequenceId?: number;
  readonly flags?: number;
  readonly tlvs?: readonly Tlv[];
  readonly grandmaster?: bigint;
  readonly priority1?: number;
  readonly clockClass?: number;
  readonly clockAccuracy?: number;
  readonly variance?: number;
  readonly priority2?: number;
  readonly steps?: number;
  readonly currentUtcOffsetSeconds?: number;
  readonly timeSource?: number;
}

export function announce(parts: AnnounceParts = {}): Announce {
  const sender = parts.sender ?? 0x10n;
  return {
    kind: 'announce',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber: 0,
      minorSdoId: 0,
      flags: parts.flags ?? 0,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: { clockIdentity: sender, portNumber: parts.senderPort ?? 1 },
      sequenceId: parts.sequenceId ?? 0,
      controlField: 5,
      logMessageInterval: logInterval(0),
    },
    tlvs: parts.tlvs ?? [],
    originTimestamp: instant(0n),
    currentUtcOffsetSeconds: parts.currentUtcOffsetSeconds ?? 37,
    grandmasterPriority1: parts.priority1 ?? 128,
    grandmasterClockClass: parts.clockClass ?? 248,
    grandmasterClockAccuracy: parts.clockAccuracy ?? 0xfe,
    grandmasterOffsetScaledLogVariance: parts.variance ?? 0xffff,
    grandmasterPriority2: parts.priority2 ?? 128,
    grandmasterIdentity: parts.grandmaster ?? sender,
    stepsRemoved: parts.steps ?? 0,
    timeSource: parts.timeSource ?? 0xa0,
  };
}

export interface HeardParts extends AnnounceParts {
  readonly receiver?: bigint;
  readonly receiverPort?: number;
  readonly localPriority?: number;
}

export function heard(parts: HeardParts = {}): ComparisonDataSet {
  const receiver: PortIdentity = {
    clockIdentity: parts.receiver ?? OURS,
    portNumber: parts.receiverPort ?? 1,
  };
  return dataSetOfAnnounce(announce(parts), receiver, parts.localPriority ?? 128);
}

export function bestMaster(portNumber: number, parts: HeardParts = {}): BestMaster {
  return {
    announce: announce(parts),
    dataSet: heard({ ...parts, receiverPort: portNumber }),
    portNumber,
  };
}

type OwnDS = Pick<
  DefaultDS,
  'clockIdentity' | 'clockQuality' | 'priority1' | 'priority2' | 'localPriority'
>;

export function ownClock(
  parts: {
    readonly clockIdentity?: bigint;
    readonly clockClass?: number;
    readonly priority1?: number;
  } = {},
): OwnDS {
  return {
    clockIdentity: parts.clockIdentity ?? OURS,
    clockQuality: {
      clockClass: parts.clockClass ?? 248,
      clockAccuracy: 0xfe,
      offsetScaledLogVariance: 0xffff,
    },
    priority1: parts.priority1 ?? 128,
    priority2: 128,
    localPriority: 128,
  };
}
