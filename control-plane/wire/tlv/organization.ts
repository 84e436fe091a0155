/**
 * Extensions of organizations, IEEE 1588-2019 14.3: IEEE 802.1AS-2020 10.6.4 and 11.4.4, IEEE C37.238,
 * SMPTE ST 2059-2 and ITU-T G.8275.1's interface rate. Others are kept as they are.
 */
import { failure, success, type Result } from '#units/result';
import {
  flags,
  followedBy,
  int32,
  int96,
  interval,
  layout,
  uint16,
  uint24,
  uint32,
  uint48,
  uint64,
  uint8,
} from '../fields.js';
import { concatOctets } from '../octets.js';
import type { Tlv } from '../ptp-message.js';
import { evenly, fixedTlv, type DecodedBy, type TlvCodec } from './codec.js';
import { TLV_TYPE, type TlvErrorCode } from './tlv-type.js';

const followUpInformation = fixedTlv('followUpInformation', {
  /** (rateRatio - 1) × 2^41. */
  cumulativeScaledRateOffset: int32,
  gmTimeBaseIndicator: uint16,
  /** In 2^-16 ns. */
  lastGmPhaseChange: int96,
  /** Frequency change × 2^41. */
  scaledLastGmFreqChange: int32,
});

/**
 * Intervals: 127 stops the messages, 126 is the initial interval, -128 leaves it as it is. The flags are
 * bits 1 to 3 of an octet whose least significant bit is bit 1; tshark counts from 0 and sees them one off.
 */
const intervalRequest = fixedTlv('intervalRequest', {
  logLinkDelayInterval: interval,
  logTimeSyncInterval: interval,
  logAnnounceInterval: interval,
  flags: followedBy(
    flags({ computeNeighborRateRatio: 0, computeMeanLinkDelay: 1, oneStepReceiveCapable: 2 }),
    2,
  ),
});

const gptpCapable = fixedTlv('gptpCapable', {
  logGptpCapableMessageInterval: interval,
  flags: followedBy(uint8, 4),
});

const gptpCapableIntervalRequest = fixedTlv('gptpCapableIntervalRequest', {
  logGptpCapableMessageInterval: followedBy(interval, 3),
});

/** C37.238-2011 5.12.2. */
const power2011 = fixedTlv('power2011', {
  grandmasterId: uint16,
  grandmasterTimeInaccuracyNs: uint32,
  networkTimeInaccuracyNs: followedBy(uint32, 2),
});

/** C37.238-2017 5.13. */
const power2017 = fixedTlv('power2017', {
  grandmasterId: followedBy(uint16, 4),
  totalTimeInaccuracyNs: followedBy(uint32, 2),
});

/** ST 2059-2: of a Management message. Times are in seconds of PTP time. */
const smpteMetadata = fixedTlv('smpteMetadata', {
  defaultSystemFrameRateNumerator: uint32,
  defaultSystemFrameRateDenominator: uint32,
  /** 0 not in use, 1 free run, 2 cold locking, 3 warm locking, 4 locked. */
  masterLockingStatus: uint8,
  timeAddressFlags: flags({ dropFrame: 0, colorFrame: 1 }),
  currentLocalOffsetSeconds: int32,
  jumpSeconds: int32,
  timeOfNextJump: uint48,
  timeOfNextJam: uint48,
  timeOfPreviousJam: uint48,
  previousJamLocalOffsetSeconds: int32,
  daylightSaving: flags({ current: 0, next: 1, previous: 2 }),
  leapSecondJump: flags({ change: 0 }),
});

/** G.8275.1 annex D. */
const interfaceRate = fixedTlv('interfaceRate', {
  /** Period of one bit in 2^-40 ns. */
  interfaceBitPeriod: uint64,
  numberBitsBeforeTimestamp: uint16,
  numberBitsAfterTimestamp: uint16,
});

/** Of an organization, or a subtype of one, that is not known here. */
export interface OrganizationExtensionTlv {
  readonly kind: 'organizationExtension';
  /** Whether a boundary clock passes it on: its type says so. */
  readonly type: OrganizationType;
  readonly organizationId: number;
  readonly organizationSubType: number;
  /** An even number of octets. */
  readonly data: Uint8Array;
}

export type OrganizationType =
  | typeof TLV_TYPE.organizationExtension
  | typeof TLV_TYPE.organizationExtensionPropagate
  | typeof TLV_TYPE.organizationExtensionDoNotPropagate;

export type FollowUpInformationTlv = DecodedBy<typeof followUpInformation>;
export type IntervalRequestTlv = DecodedBy<typeof intervalRequest>;
export type GptpCapableTlv = DecodedBy<typeof gptpCapable>;
export type GptpCapableIntervalRequestTlv = DecodedBy<typeof gptpCapableIntervalRequest>;
export type Power2011Tlv = DecodedBy<typeof power2011>;
export type Power2017Tlv = DecodedBy<typeof power2017>;
export type SmpteMetadataTlv = DecodedBy<typeof smpteMetadata>;
export type InterfaceRateTlv = DecodedBy<typeof interfaceRate>;

type KnownOrganizationTlv =
  | FollowUpInformationTlv
  | IntervalRequestTlv
  | GptpCapableTlv
  | GptpCapableIntervalRequestTlv
  | Power2011Tlv
  | Power2017Tlv
  | SmpteMetadataTlv
  | InterfaceRateTlv;

export type OrganizationTlv = KnownOrganizationTlv | OrganizationExtensionTlv;

const IEEE_802_1 = 0x0080c2;
const IEEE_C37_238 = 0x1c129d;
const SMPTE = 0x6897e8;
const ITU_T = 0x0019a7;
const { organizationExtension: PLAIN, organizationExtensionDoNotPropagate: DO_NOT_PROPAGATE } =
  TLV_TYPE;

interface Known<Value> {
  readonly type: OrganizationType;
  readonly organizationId: number;
  readonly organizationSubType: number;
  readonly codec: TlvCodec<Value>;
}

function known<Value>(
  type: OrganizationType,
  organizationId: number,
  organizationSubType: number,
  codec: TlvCodec<Value>,
): Known<Value> {
  return { type, organizationId, organizationSubType, codec };
}

const KNOWN = {
  followUpInformation: known(PLAIN, IEEE_802_1, 1, followUpInformation),
  intervalRequest: known(PLAIN, IEEE_802_1, 2, intervalRequest),
  gptpCapable: known(DO_NOT_PROPAGATE, IEEE_802_1, 4, gptpCapable),
  gptpCapableIntervalRequest: known(DO_NOT_PROPAGATE, IEEE_802_1, 5, gptpCapableIntervalRequest),
  power2011: known(PLAIN, IEEE_C37_238, 1, power2011),
  power2017: known(PLAIN, IEEE_C37_238, 2, power2017),
  smpteMetadata: known(PLAIN, SMPTE, 1, smpteMetadata),
  interfaceRate: known(PLAIN, ITU_T, 2, interfaceRate),
} as const;

const organization = layout({ organizationId: uint24, organizationSubType: uint24 });
const ORGANIZATION_OCTETS = 6;

export function isOrganizationType(type: number): type is OrganizationType {
  return (
    type === TLV_TYPE.organizationExtension ||
    type === TLV_TYPE.organizationExtensionPropagate ||
    type === TLV_TYPE.organizationExtensionDoNotPropagate
  );
}

export function encodeOrganizationTlv(tlv: OrganizationTlv): Tlv {
  if (tlv.kind === 'organizationExtension') {
    return { type: tlv.type, value: concatOctets(organization.encode(tlv), evenly(tlv.data)) };
  }
  const entry = KNOWN[tlv.kind];
  const data = (entry.codec as TlvCodec<KnownOrganizationTlv>).encode(tlv);
  return { type: entry.type, value: concatOctets(organization.encode(entry), data) };
}

/** Of a TLV of one of the three types of organizations' extensions. */
export function decodeOrganizationTlv(
  type: OrganizationType,
  value: Uint8Array,
): Result<OrganizationTlv, TlvErrorCode> {
  const head = organization.decode(value);
  if (!head.ok) return failure('tlv-too-short', `organizationExtension: ${head.error.message}`);
  const { organizationId, organizationSubType } = head.value;
  const data = value.slice(ORGANIZATION_OCTETS);
  const entry = Object.values(KNOWN).find(
    (each) =>
      each.type === type &&
      each.organizationId === organizationId &&
      each.organizationSubType === organizationSubType,
  );
  return entry === undefined
    ? success({ kind: 'organizationExtension', type, ...head.value, data })
    : entry.codec.decode(data);
}
