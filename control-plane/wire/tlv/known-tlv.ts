/** All TLVs that this project reads and writes, in one place. */
import { failure, success, type Result } from '#units/result';
import { decodeManagementTlv, encodeManagementTlv } from '../management-tlv.js';
import type { Tlv } from '../ptp-message.js';
import { ANNOUNCE_TLVS, type AnnounceTlv } from './announce.js';
import type { TlvCodec } from './codec.js';
import {
  decodeOrganizationTlv,
  encodeOrganizationTlv,
  isOrganizationType,
  type OrganizationTlv,
} from './organization.js';
import { PORT_TLVS, type PortTlv } from './port.js';
import { SECURITY_TLVS, type SecurityTlv } from './security.js';
import { SLAVE_MONITORING_TLVS, type SlaveMonitoringTlv } from './slave-monitoring.js';
import { TLV_TYPE, type TlvErrorCode } from './tlv-type.js';
import { UNICAST_TLVS, type UnicastTlv } from './unicast.js';

/** 15.5.3: what `data` holds its management-data.ts codec knows. */
export interface ManagementDataTlv {
  readonly kind: 'management';
  readonly managementId: number;
  readonly data: Uint8Array;
}

/** 15.5.4. */
export interface ManagementErrorStatusTlv {
  readonly kind: 'managementErrorStatus';
  readonly errorId: number;
  readonly managementId: number;
  readonly displayData: string;
}

/** Of a type that is not known here: nothing of it is lost. */
export interface UnknownTlv {
  readonly kind: 'unknown';
  readonly type: number;
  readonly value: Uint8Array;
}

export type KnownTlv =
  | ManagementDataTlv
  | ManagementErrorStatusTlv
  | OrganizationTlv
  | UnicastTlv
  | AnnounceTlv
  | PortTlv
  | SlaveMonitoringTlv
  | SecurityTlv
  | UnknownTlv;

const CODECS = {
  ...UNICAST_TLVS,
  ...ANNOUNCE_TLVS,
  ...PORT_TLVS,
  ...SLAVE_MONITORING_TLVS,
  ...SECURITY_TLVS,
} as const;

type CodecTlv = UnicastTlv | AnnounceTlv | PortTlv | SlaveMonitoringTlv | SecurityTlv;

const CODEC_OF_TYPE: ReadonlyMap<number, TlvCodec<CodecTlv>> = new Map(
  Object.values(CODECS).map(({ type, codec }) => [type, codec as TlvCodec<CodecTlv>]),
);

/** Total: an unknown TLV is a value too; a known one can be too short for its kind, or hold none. */
export function decodeTlv(tlv: Tlv): Result<KnownTlv, TlvErrorCode> {
  const { type, value } = tlv;
  const codec = CODEC_OF_TYPE.get(type);
  if (codec !== undefined) return codec.decode(value);
  if (isOrganizationType(type)) return decodeOrganizationTlv(type, value);
  if (type !== TLV_TYPE.management && type !== TLV_TYPE.managementErrorStatus) {
    return success({ kind: 'unknown', type, value });
  }
  const management = decodeManagementTlv(tlv);
  if (!management.ok) return failure('tlv-too-short', management.error.message);
  return success(
    management.value.kind === 'error'
      ? { ...management.value, kind: 'managementErrorStatus' }
      : management.value,
  );
}

export function encodeTlv(tlv: KnownTlv): Tlv {
  switch (tlv.kind) {
    case 'unknown':
      return { type: tlv.type, value: tlv.value };
    case 'management':
      return encodeManagementTlv(tlv);
    case 'managementErrorStatus':
      return encodeManagementTlv({ ...tlv, kind: 'error' });
    case 'organizationExtension':
    case 'followUpInformation':
    case 'intervalRequest':
    case 'gptpCapable':
    case 'gptpCapableIntervalRequest':
    case 'power2011':
    case 'power2017':
    case 'smpteMetadata':
    case 'interfaceRate':
      return encodeOrganizationTlv(tlv);
    default: {
      const { type, codec } = CODECS[tlv.kind];
      return { type, value: (codec as TlvCodec<CodecTlv>).encode(tlv) };
    }
  }
}

/** The first TLV of the kind that can be read; undefined if there is none. */
export function findTlv<Kind extends KnownTlv['kind']>(
  tlvs: readonly Tlv[],
  kind: Kind,
): Extract<KnownTlv, { readonly kind: Kind }> | undefined {
  for (const tlv of tlvs) {
    const decoded = decodeTlv(tlv);
    if (decoded.ok && decoded.value.kind === kind) {
      return decoded.value as Extract<KnownTlv, { readonly kind: Kind }>;
    }
  }
  return undefined;
}
