/** The PATH_TRACE TLV as the best master algorithm needs it: IEEE 1588-2019 16.2. */
import { viewOf } from '#wire/octets';
import type { Tlv } from '#wire/ptp-message';
import { TLV_TYPE } from '#wire/tlv/tlv-type';

const IDENTITY_OCTETS = 8;

/** 16.2.5: pathSequence, or null if the message has none. Octets behind the last identity are ignored. */
export function pathTraceOf(tlvs: readonly Tlv[]): readonly bigint[] | null {
  const tlv = tlvs.find(({ type }) => type === TLV_TYPE.pathTrace);
  if (tlv === undefined) return null;
  const view = viewOf(tlv.value);
  const count = Math.floor(tlv.value.length / IDENTITY_OCTETS);
  return Array.from({ length: count }, (_, index) => view.getBigUint64(index * IDENTITY_OCTETS));
}
