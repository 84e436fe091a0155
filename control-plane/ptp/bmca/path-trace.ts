/** The PATH_TRACE TLV as the best master algorithm needs it: IEEE 1588-2019 16.2. */
import type { Tlv } from '#wire/ptp-message';
import { decodeTlv } from '#wire/tlv/known-tlv';
import { TLV_TYPE } from '#wire/tlv/tlv-type';

/** 16.2.5: pathSequence, or null if the message has none that can be read. */
export function pathTraceOf(tlvs: readonly Tlv[]): readonly bigint[] | null {
  const tlv = tlvs.find(({ type }) => type === TLV_TYPE.pathTrace);
  if (tlv === undefined) return null;
  const decoded = decodeTlv(tlv);
  return decoded.ok && decoded.value.kind === 'pathTrace' ? decoded.value.path : null;
}
