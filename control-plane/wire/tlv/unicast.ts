/** Unicast negotiation, IEEE 1588-2019 16.1.4: request, grant, cancel and its acknowledgement. */
import { failure, success, type Result } from '#units/result';
import { logInterval, logIntervalValue, type LogInterval } from '#units/time';
import { viewOf } from '../octets.js';
import type { Tlv } from '../ptp-message.js';
import { TLV_TYPE, type TlvErrorCode } from './tlv-type.js';

export interface RequestUnicastTlv {
  readonly kind: 'requestUnicast';
  /** Table 36, four bits: what is asked for. */
  readonly messageType: number;
  readonly logInterMessagePeriod: LogInterval;
  readonly durationSeconds: number;
}

export interface GrantUnicastTlv {
  readonly kind: 'grantUnicast';
  readonly messageType: number;
  readonly logInterMessagePeriod: LogInterval;
  /** 0: refused. */
  readonly durationSeconds: number;
  /** R: the grantor would grant it again. */
  readonly renewalInvited: boolean;
}

export interface CancelUnicastTlv {
  readonly kind: 'cancelUnicast' | 'acknowledgeCancelUnicast';
  readonly messageType: number;
  /** R: the requester's request is to stand; cancelled is what it grants itself. */
  readonly maintainRequest: boolean;
  /** G: the grantor's grant is to stand; cancelled is what it asks for itself. */
  readonly maintainGrant: boolean;
}

export type UnicastTlv = RequestUnicastTlv | GrantUnicastTlv | CancelUnicastTlv;

const REQUEST_OCTETS = 6;
const GRANT_OCTETS = 8;
const CANCEL_OCTETS = 2;
const RENEWAL_INVITED = 1;
const MAINTAIN_REQUEST = 1;
const MAINTAIN_GRANT = 2;

const TYPE_OF: Readonly<Record<UnicastTlv['kind'], number>> = {
  requestUnicast: TLV_TYPE.requestUnicastTransmission,
  grantUnicast: TLV_TYPE.grantUnicastTransmission,
  cancelUnicast: TLV_TYPE.cancelUnicastTransmission,
  acknowledgeCancelUnicast: TLV_TYPE.acknowledgeCancelUnicastTransmission,
};

export function encodeUnicastTlv(tlv: UnicastTlv): Tlv {
  const type = TYPE_OF[tlv.kind];
  switch (tlv.kind) {
    case 'requestUnicast':
      return { type, value: period(tlv, REQUEST_OCTETS) };
    case 'grantUnicast': {
      const value = period(tlv, GRANT_OCTETS);
      value[GRANT_OCTETS - 1] = tlv.renewalInvited ? RENEWAL_INVITED : 0;
      return { type, value };
    }
    case 'cancelUnicast':
    case 'acknowledgeCancelUnicast': {
      const flags =
        (tlv.maintainRequest ? MAINTAIN_REQUEST : 0) | (tlv.maintainGrant ? MAINTAIN_GRANT : 0);
      return { type, value: Uint8Array.of((tlv.messageType << 4) | flags, 0) };
    }
  }
}

function period(tlv: RequestUnicastTlv | GrantUnicastTlv, octets: number): Uint8Array {
  const value = new Uint8Array(octets);
  const view = viewOf(value);
  view.setUint8(0, tlv.messageType << 4);
  view.setInt8(1, logIntervalValue(tlv.logInterMessagePeriod));
  view.setUint32(2, tlv.durationSeconds);
  return value;
}

type Decoded = Result<UnicastTlv, TlvErrorCode>;

/** Null for a TLV of another family. Octets behind what is known are not looked at. */
export function decodeUnicastTlv({ type, value }: Tlv): Decoded | null {
  switch (type) {
    case TLV_TYPE.requestUnicastTransmission:
      return checked(value, REQUEST_OCTETS, (view) => ({
        kind: 'requestUnicast',
        ...periodOf(view),
      }));
    case TLV_TYPE.grantUnicastTransmission:
      return checked(value, GRANT_OCTETS, (view) => ({
        kind: 'grantUnicast',
        ...periodOf(view),
        renewalInvited: (view.getUint8(GRANT_OCTETS - 1) & RENEWAL_INVITED) !== 0,
      }));
    case TLV_TYPE.cancelUnicastTransmission:
      return checked(value, CANCEL_OCTETS, (view) => cancel('cancelUnicast', view));
    case TLV_TYPE.acknowledgeCancelUnicastTransmission:
      return checked(value, CANCEL_OCTETS, (view) => cancel('acknowledgeCancelUnicast', view));
    default:
      return null;
  }
}

function checked(value: Uint8Array, octets: number, read: (view: DataView) => UnicastTlv): Decoded {
  if (value.length < octets) {
    return failure('tlv-too-short', `${value.length} octets of unicast TLV, not ${octets}`);
  }
  return success(read(viewOf(value)));
}

function periodOf(view: DataView): Omit<RequestUnicastTlv, 'kind'> {
  return {
    messageType: view.getUint8(0) >> 4,
    logInterMessagePeriod: logInterval(view.getInt8(1)),
    durationSeconds: view.getUint32(2),
  };
}

function cancel(kind: CancelUnicastTlv['kind'], view: DataView): CancelUnicastTlv {
  const head = view.getUint8(0);
  return {
    kind,
    messageType: head >> 4,
    maintainRequest: (head & MAINTAIN_REQUEST) !== 0,
    maintainGrant: (head & MAINTAIN_GRANT) !== 0,
  };
}
