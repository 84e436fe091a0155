/**
 * TLVs of Signaling, and 802.1AS's of Follow_Up: unicast negotiation (IEEE 1588-2019 16.1.4),
 * message interval request (802.1AS-2020 10.6.4.3), Follow_Up information (11.4.4.3).
 */
import { failure, success, type Result } from '#units/result';
import { followedBy, int32, int8, layout, octetString, uint16, uint32, uint8 } from './fields.js';
import { concatOctets, viewOf } from './octets.js';
import type { Tlv } from './ptp-message.js';

/** Table 52, as far as this project speaks them. */
export const TLV_TYPE = {
  management: 0x0001,
  managementErrorStatus: 0x0002,
  organizationExtension: 0x0003,
  requestUnicastTransmission: 0x0004,
  grantUnicastTransmission: 0x0005,
  cancelUnicastTransmission: 0x0006,
  acknowledgeCancelUnicastTransmission: 0x0007,
  pathTrace: 0x0008,
  padding: 0x8008,
  authentication: 0x8009,
} as const;

/** 802.1AS-2020 10.6.1: organizationId of IEEE 802.1. */
const IEEE_802_1 = 0x0080c2;
const ORGANIZATION_OCTETS = 6;
const SUBTYPE = { followUpInformation: 1, messageIntervalRequest: 2 } as const;

/** messageType in the high nibble of its octet. */
const unicastRequest = layout({
  type: uint8,
  logInterMessagePeriod: int8,
  durationSeconds: uint32,
});
/** flags: bit 0 R, the grant may be renewed. */
const unicastGrant = layout({
  type: uint8,
  logInterMessagePeriod: int8,
  durationSeconds: followedBy(uint32, 1),
  flags: uint8,
});
/** flags: bit 0 maintainGrant's R, bit 1 G. */
const unicastCancel = layout({ type: uint8, flags: uint8 });

const intervalRequest = layout({
  logLinkDelayInterval: int8,
  logTimeSyncInterval: int8,
  logAnnounceInterval: int8,
  /** Bits: computeNeighborRateRatio, computeMeanLinkDelay, oneStepReceiveCapable. */
  flags: followedBy(uint8, 2),
});

const followUpInformation = layout({
  /** (rateRatio - 1) × 2^41. */
  cumulativeScaledRateOffset: int32,
  gmTimeBaseIndicator: uint16,
  /** 96 bits of 2^-16 ns. */
  lastGmPhaseChange: octetString(12),
  /** Frequency change × 2^41. */
  scaledLastGmFreqChange: int32,
});

type Body<Codec> = Codec extends { encode: (value: infer Value) => unknown } ? Value : never;

export type SignalingTlv =
  | ({ readonly kind: 'requestUnicast' } & UnicastBody<typeof unicastRequest>)
  | ({ readonly kind: 'grantUnicast' } & UnicastBody<typeof unicastGrant>)
  | ({ readonly kind: 'cancelUnicast' | 'acknowledgeCancelUnicast' } & UnicastBody<
      typeof unicastCancel
    >)
  | ({ readonly kind: 'intervalRequest' } & Body<typeof intervalRequest>)
  | ({ readonly kind: 'followUpInformation' } & Body<typeof followUpInformation>);

type UnicastBody<Codec> = Omit<Body<Codec>, 'type'> & { readonly messageType: number };

export type SignalingTlvErrorCode = 'tlv-unknown' | 'tlv-too-short';

export function encodeSignalingTlv(tlv: SignalingTlv): Tlv {
  switch (tlv.kind) {
    case 'requestUnicast':
      return {
        type: TLV_TYPE.requestUnicastTransmission,
        value: unicastRequest.encode({ ...tlv, type: tlv.messageType << 4 }),
      };
    case 'grantUnicast':
      return {
        type: TLV_TYPE.grantUnicastTransmission,
        value: unicastGrant.encode({ ...tlv, type: tlv.messageType << 4 }),
      };
    case 'cancelUnicast':
    case 'acknowledgeCancelUnicast':
      return {
        type:
          tlv.kind === 'cancelUnicast'
            ? TLV_TYPE.cancelUnicastTransmission
            : TLV_TYPE.acknowledgeCancelUnicastTransmission,
        value: unicastCancel.encode({ ...tlv, type: tlv.messageType << 4 }),
      };
    case 'intervalRequest':
      return organization(SUBTYPE.messageIntervalRequest, intervalRequest.encode(tlv));
    case 'followUpInformation':
      return organization(SUBTYPE.followUpInformation, followUpInformation.encode(tlv));
  }
}

function organization(subtype: number, body: Uint8Array): Tlv {
  const head = new Uint8Array(ORGANIZATION_OCTETS);
  const view = viewOf(head);
  view.setUint32(0, IEEE_802_1 << 8);
  view.setUint16(3, 0);
  view.setUint8(5, subtype);
  return { type: TLV_TYPE.organizationExtension, value: concatOctets(head, body) };
}

export function decodeSignalingTlv(tlv: Tlv): Result<SignalingTlv, SignalingTlvErrorCode> {
  switch (tlv.type) {
    case TLV_TYPE.requestUnicastTransmission:
      return unicast('requestUnicast', unicastRequest.decode(tlv.value));
    case TLV_TYPE.grantUnicastTransmission:
      return unicast('grantUnicast', unicastGrant.decode(tlv.value));
    case TLV_TYPE.cancelUnicastTransmission:
      return unicast('cancelUnicast', unicastCancel.decode(tlv.value));
    case TLV_TYPE.acknowledgeCancelUnicastTransmission:
      return unicast('acknowledgeCancelUnicast', unicastCancel.decode(tlv.value));
    case TLV_TYPE.organizationExtension:
      return decodeOrganization(tlv.value);
    default:
      return failure('tlv-unknown', `TLV type 0x${tlv.type.toString(16)}`);
  }
}

function unicast<Kind extends string, T extends { readonly type: number }>(
  kind: Kind,
  decoded: Result<T, string>,
): Result<Omit<T, 'type'> & { kind: Kind; messageType: number }, SignalingTlvErrorCode> {
  if (!decoded.ok) return failure('tlv-too-short', decoded.error.message);
  const { type, ...body } = decoded.value;
  return success({ ...body, kind, messageType: type >> 4 });
}

function decodeOrganization(value: Uint8Array): Result<SignalingTlv, SignalingTlvErrorCode> {
  if (value.length < ORGANIZATION_OCTETS) {
    return failure('tlv-too-short', `an organization extension of ${value.length} octets`);
  }
  const view = viewOf(value);
  const organizationId = view.getUint32(0) >>> 8;
  const subtype = (view.getUint8(3) << 16) | view.getUint16(4);
  const body = value.subarray(ORGANIZATION_OCTETS);
  if (organizationId !== IEEE_802_1) {
    return failure('tlv-unknown', `organization 0x${organizationId.toString(16)}`);
  }
  if (subtype === SUBTYPE.messageIntervalRequest) {
    return extension('intervalRequest', intervalRequest.decode(body));
  }
  if (subtype === SUBTYPE.followUpInformation) {
    return extension('followUpInformation', followUpInformation.decode(body));
  }
  return failure('tlv-unknown', `subtype ${subtype} of IEEE 802.1`);
}

function extension<Kind extends string, T>(
  kind: Kind,
  decoded: Result<T, string>,
): Result<T & { kind: Kind }, SignalingTlvErrorCode> {
  return decoded.ok
    ? success({ ...decoded.value, kind })
    : failure('tlv-too-short', decoded.error.message);
}
