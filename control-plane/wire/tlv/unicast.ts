/** Unicast negotiation, IEEE 1588-2019 16.1.4: request, grant, cancel and its acknowledgement. */
import type { Result } from '#units/result';
import { flags, followedBy, interval, uint32, type Field } from '../fields.js';
import type { Tlv } from '../ptp-message.js';
import { fixedTlv, mappedTlv, type DecodedBy, type TlvCodec } from './codec.js';
import { TLV_TYPE, type TlvErrorCode } from './tlv-type.js';

/** Table 36: four bits, the upper half of their octet. */
const messageType: Field<number> = {
  octets: 1,
  read: (view, offset) => view.getUint8(offset) >> 4,
  write: (view, offset, value) => {
    view.setUint8(offset, value << 4);
  },
};

interface Cancel {
  readonly messageType: number;
  /** R: the requester's request is to stand; cancelled is what it grants itself. */
  readonly maintainRequest: boolean;
  /** G: the grantor's grant is to stand; cancelled is what it asks for itself. */
  readonly maintainGrant: boolean;
}

const maintained = flags({ maintainRequest: 0, maintainGrant: 1 });

/** messageType and the flags share an octet. */
const cancel: Field<Cancel> = {
  octets: 1,
  read: (view, offset) => ({
    messageType: messageType.read(view, offset),
    ...maintained.read(view, offset),
  }),
  write: (view, offset, value) => {
    maintained.write(view, offset, value);
    view.setUint8(offset, view.getUint8(offset) | (value.messageType << 4));
  },
};

function cancelTlv<Kind extends string>(kind: Kind): TlvCodec<{ readonly kind: Kind } & Cancel> {
  return mappedTlv(
    fixedTlv(kind, { cancel: followedBy(cancel, 1) }),
    ({ cancel: value }) => ({ kind, ...value }),
    (value) => ({ kind, cancel: value }),
  );
}

const requestUnicast = fixedTlv('requestUnicast', {
  messageType,
  logInterMessagePeriod: interval,
  durationSeconds: uint32,
});

/** R, renewalInvited: the grantor would grant it again. A duration of 0 is a refusal. */
const grantUnicast = mappedTlv(
  fixedTlv('grantUnicast', {
    messageType,
    logInterMessagePeriod: interval,
    durationSeconds: followedBy(uint32, 1),
    flags: flags({ renewalInvited: 0 }),
  }),
  ({ flags: { renewalInvited }, ...value }) => ({ ...value, renewalInvited }),
  ({ renewalInvited, ...value }) => ({ ...value, flags: { renewalInvited } }),
);

const cancelUnicast = cancelTlv('cancelUnicast');
const acknowledgeCancelUnicast = cancelTlv('acknowledgeCancelUnicast');

export type RequestUnicastTlv = DecodedBy<typeof requestUnicast>;
export type GrantUnicastTlv = DecodedBy<typeof grantUnicast>;
export type CancelUnicastTlv = DecodedBy<typeof cancelUnicast>;
export type AcknowledgeCancelUnicastTlv = DecodedBy<typeof acknowledgeCancelUnicast>;
export type UnicastTlv =
  RequestUnicastTlv | GrantUnicastTlv | CancelUnicastTlv | AcknowledgeCancelUnicastTlv;

export const UNICAST_TLVS = {
  requestUnicast: { type: TLV_TYPE.requestUnicastTransmission, codec: requestUnicast },
  grantUnicast: { type: TLV_TYPE.grantUnicastTransmission, codec: grantUnicast },
  cancelUnicast: { type: TLV_TYPE.cancelUnicastTransmission, codec: cancelUnicast },
  acknowledgeCancelUnicast: {
    type: TLV_TYPE.acknowledgeCancelUnicastTransmission,
    codec: acknowledgeCancelUnicast,
  },
} as const;

export function encodeUnicastTlv(tlv: UnicastTlv): Tlv {
  const { type, codec } = UNICAST_TLVS[tlv.kind];
  return { type, value: (codec as TlvCodec<UnicastTlv>).encode(tlv) };
}

/** Null for a TLV of another family. */
export function decodeUnicastTlv({ type, value }: Tlv): Result<UnicastTlv, TlvErrorCode> | null {
  const known = Object.values(UNICAST_TLVS).find((entry) => entry.type === type);
  return known === undefined ? null : known.codec.decode(value);
}
