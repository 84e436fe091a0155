/** AUTHENTICATION, IEEE 1588-2019 16.14.3, and PAD, 14.4.2: the ends of a message. */
import { failure, success } from '#units/result';
import { layout, uint32, uint8 } from '../fields.js';
import { concatOctets } from '../octets.js';
import type { TlvCodec } from './codec.js';
import { TLV_TYPE } from './tlv-type.js';

export interface AuthenticationTlv {
  readonly kind: 'authentication';
  /** Security parameter pointer. */
  readonly spp: number;
  /** Bit 0 RES, bit 1 sequenceNo, bit 2 disclosedKey: which of them `rest` begins with. */
  readonly secParamIndicator: number;
  readonly keyId: number;
  /** disclosedKey, sequenceNo and RES, and the ICV at its end: the association knows their lengths. */
  readonly rest: Uint8Array;
}

const head = layout({ spp: uint8, secParamIndicator: uint8, keyId: uint32 });
const HEAD_OCTETS = 6;

const authentication: TlvCodec<AuthenticationTlv> = {
  decode: (value) => {
    const decoded = head.decode(value);
    if (!decoded.ok) return failure('tlv-too-short', `authentication: ${decoded.error.message}`);
    return success({ kind: 'authentication', ...decoded.value, rest: value.slice(HEAD_OCTETS) });
  },
  encode: (tlv) => concatOctets(head.encode(tlv), tlv.rest),
};

/** Makes a message longer. Its octets are zero, and nobody reads them. */
export interface PadTlv {
  readonly kind: 'pad';
  readonly octets: number;
}

const pad: TlvCodec<PadTlv> = {
  decode: (value) => success({ kind: 'pad', octets: value.length }),
  encode: ({ octets }) => new Uint8Array(octets),
};

export type SecurityTlv = AuthenticationTlv | PadTlv;

export const SECURITY_TLVS = {
  authentication: { type: TLV_TYPE.authentication, codec: authentication },
  pad: { type: TLV_TYPE.pad, codec: pad },
} as const;
