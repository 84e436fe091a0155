/**
 * PTP messages, IEEE 1588-2019 13.5 to 13.12 and 15.4.1: octets to values and back, without state. Decoding is
 * total. Reserved fields are written as zero and not kept.
 */
import type { Instant } from '#units/time';
import { failure, success, type Result } from '#units/result';
import { concatOctets, viewOf } from './octets.js';
import {
  decodeHeader,
  HEADER_OCTETS,
  MESSAGE_TYPE,
  readPortIdentity,
  readTimestamp,
  writeHeader,
  writePortIdentity,
  writeTimestamp,
  type PortIdentity,
  type PtpErrorCode,
  type PtpHeader,
} from './ptp-header.js';

/** A TLV of 14.1; `value` has an even length on the wire. */
export interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

interface Common {
  readonly header: PtpHeader;
  readonly tlvs: readonly Tlv[];
}

/** 13.5, 13.6: Announce's data about the grandmaster. */
export interface AnnounceBody {
  readonly originTimestamp: Instant;
  readonly currentUtcOffsetSeconds: number;
  readonly grandmasterPriority1: number;
  readonly grandmasterClockClass: number;
  readonly grandmasterClockAccuracy: number;
  readonly grandmasterOffsetScaledLogVariance: number;
  readonly grandmasterPriority2: number;
  readonly grandmasterIdentity: bigint;
  readonly stepsRemoved: number;
  readonly timeSource: number;
}

interface Requesting extends Common {
  /** receive, requestReceipt or responseOriginTimestamp. */
  readonly timestamp: Instant;
  readonly requestingPortIdentity: PortIdentity;
}

interface Originating extends Common {
  readonly originTimestamp: Instant;
}

export type Sync = Originating & { readonly kind: 'sync' };
export type DelayReq = Originating & { readonly kind: 'delayReq' };
export type PdelayReq = Originating & { readonly kind: 'pdelayReq' };
export type FollowUp = Common & {
  readonly kind: 'followUp';
  readonly preciseOriginTimestamp: Instant;
};
export type DelayResp = Requesting & { readonly kind: 'delayResp' };
export type PdelayResp = Requesting & { readonly kind: 'pdelayResp' };
export type PdelayRespFollowUp = Requesting & { readonly kind: 'pdelayRespFollowUp' };
export type Announce = Common & AnnounceBody & { readonly kind: 'announce' };

/** 13.12: the TLVs say all; see tlv/unicast.ts. */
export type Signaling = Common & {
  readonly kind: 'signaling';
  readonly targetPortIdentity: PortIdentity;
};

/** 15.4.1: one management or error status TLV; see management-tlv.ts. */
export type Management = Common & {
  readonly kind: 'management';
  readonly targetPortIdentity: PortIdentity;
  readonly startingBoundaryHops: number;
  readonly boundaryHops: number;
  /** actionField of table 57, 0 to 15: see MANAGEMENT_ACTION. */
  readonly action: number;
};

export type PtpMessage =
  | Sync
  | DelayReq
  | PdelayReq
  | FollowUp
  | DelayResp
  | PdelayResp
  | PdelayRespFollowUp
  | Announce
  | Signaling
  | Management;

type Decoded<T> = Result<T, PtpErrorCode>;

/** Octets of each message without TLVs. */
export const MESSAGE_OCTETS: Readonly<Record<keyof typeof MESSAGE_TYPE, number>> = {
  sync: 44,
  delayReq: 44,
  pdelayReq: 54,
  pdelayResp: 54,
  followUp: 44,
  delayResp: 54,
  pdelayRespFollowUp: 54,
  announce: 64,
  signaling: 44,
  management: 48,
};

const KIND_BY_TYPE: ReadonlyMap<number, PtpMessage['kind']> = new Map(
  Object.entries(MESSAGE_TYPE).map(([kind, type]) => [type, kind as PtpMessage['kind']]),
);

/** Decodes one message; octets behind messageLength are padding and not looked at. */
export function decodeMessage(octets: Uint8Array): Decoded<PtpMessage> {
  const raw = decodeHeader(octets);
  if (!raw.ok) return raw;
  const { messageType, messageLength, ...header } = raw.value;
  const kind = KIND_BY_TYPE.get(messageType);
  if (kind === undefined) {
    return failure('ptp-unknown-message', `messageType 0x${messageType.toString(16)} is not known`);
  }
  if (messageLength < MESSAGE_OCTETS[kind]) {
    return failure('ptp-length-too-short', `messageLength ${messageLength} is too short: ${kind}`);
  }
  const tlvs = decodeTlvs(octets.subarray(MESSAGE_OCTETS[kind], messageLength));
  if (!tlvs.ok) return tlvs;
  const view = viewOf(octets);
  const common = { header, tlvs: tlvs.value };
  if (kind === 'signaling' || kind === 'management') {
    return success(decodeTargeted(kind, view, common));
  }
  const timestamp = readTimestamp(view, HEADER_OCTETS);
  if (!timestamp.ok) return timestamp;
  return success(decodeTimed(kind, view, timestamp.value, common));
}

function decodeTargeted(
  kind: 'signaling' | 'management',
  view: DataView,
  common: Common,
): PtpMessage {
  const targetPortIdentity = readPortIdentity(view, HEADER_OCTETS);
  if (kind === 'signaling') return { ...common, kind, targetPortIdentity };
  return {
    ...common,
    kind,
    targetPortIdentity,
    startingBoundaryHops: view.getUint8(44),
    boundaryHops: view.getUint8(45),
    action: view.getUint8(46) & 0xf,
  };
}

function decodeTimed(
  kind: Exclude<PtpMessage['kind'], 'signaling' | 'management'>,
  view: DataView,
  timestamp: Instant,
  common: Common,
): PtpMessage {
  switch (kind) {
    case 'sync':
    case 'delayReq':
    case 'pdelayReq':
      return { ...common, kind, originTimestamp: timestamp };
    case 'followUp':
      return { ...common, kind, preciseOriginTimestamp: timestamp };
    case 'delayResp':
    case 'pdelayResp':
    case 'pdelayRespFollowUp':
      return { ...common, kind, timestamp, requestingPortIdentity: readPortIdentity(view, 44) };
    case 'announce':
      return {
        ...common,
        kind,
        originTimestamp: timestamp,
        currentUtcOffsetSeconds: view.getInt16(44),
        grandmasterPriority1: view.getUint8(47),
        grandmasterClockClass: view.getUint8(48),
        grandmasterClockAccuracy: view.getUint8(49),
        grandmasterOffsetScaledLogVariance: view.getUint16(50),
        grandmasterPriority2: view.getUint8(52),
        grandmasterIdentity: view.getBigUint64(53),
        stepsRemoved: view.getUint16(61),
        timeSource: view.getUint8(63),
      };
  }
}

/** 14.1: tlvType, lengthField, value; the length is even. */
function decodeTlvs(octets: Uint8Array): Decoded<readonly Tlv[]> {
  const view = viewOf(octets);
  const tlvs: Tlv[] = [];
  let offset = 0;
  while (offset < octets.length) {
    if (octets.length - offset < 4) return failure('ptp-bad-tlv', 'a TLV ends in its header');
    const length = view.getUint16(offset + 2);
    const end = offset + 4 + length;
    if (length % 2 !== 0) return failure('ptp-bad-tlv', `a TLV's length ${length} is odd`);
    if (end > octets.length) return failure('ptp-bad-tlv', 'a TLV is longer than its message');
    tlvs.push({ type: view.getUint16(offset), value: octets.slice(offset + 4, end) });
    offset = end;
  }
  return success(tlvs);
}

/** Encodes a message with messageLength set; TLV values of odd length are padded with a zero. */
export function encodeMessage(message: PtpMessage): Uint8Array {
  const fixed = new Uint8Array(MESSAGE_OCTETS[message.kind]);
  const whole = concatOctets(fixed, ...message.tlvs.map(encodeTlv));
  writeHeader(whole, MESSAGE_TYPE[message.kind], message.header);
  writeBody(viewOf(whole), message);
  return whole;
}

function encodeTlv(tlv: Tlv): Uint8Array {
  const octets = new Uint8Array(4 + tlv.value.length + (tlv.value.length % 2));
  const view = viewOf(octets);
  view.setUint16(0, tlv.type);
  view.setUint16(2, octets.length - 4);
  octets.set(tlv.value, 4);
  return octets;
}

function writeBody(view: DataView, message: PtpMessage): void {
  switch (message.kind) {
    case 'signaling':
      writePortIdentity(view, HEADER_OCTETS, message.targetPortIdentity);
      return;
    case 'management':
      writePortIdentity(view, HEADER_OCTETS, message.targetPortIdentity);
      view.setUint8(44, message.startingBoundaryHops);
      view.setUint8(45, message.boundaryHops);
      view.setUint8(46, message.action);
      return;
    case 'sync':
    case 'delayReq':
    case 'pdelayReq':
      writeTimestamp(view, HEADER_OCTETS, message.originTimestamp);
      return;
    case 'followUp':
      writeTimestamp(view, HEADER_OCTETS, message.preciseOriginTimestamp);
      return;
    case 'delayResp':
    case 'pdelayResp':
    case 'pdelayRespFollowUp':
      writeTimestamp(view, HEADER_OCTETS, message.timestamp);
      writePortIdentity(view, 44, message.requestingPortIdentity);
      return;
    case 'announce':
      writeTimestamp(view, HEADER_OCTETS, message.originTimestamp);
      view.setInt16(44, message.currentUtcOffsetSeconds);
      view.setUint8(47, message.grandmasterPriority1);
      view.setUint8(48, message.grandmasterClockClass);
      view.setUint8(49, message.grandmasterClockAccuracy);
      view.setUint16(50, message.grandmasterOffsetScaledLogVariance);
      view.setUint8(52, message.grandmasterPriority2);
      view.setBigUint64(53, message.grandmasterIdentity);
      view.setUint16(61, message.stepsRemoved);
      view.setUint8(63, message.timeSource);
      return;
  }
}
