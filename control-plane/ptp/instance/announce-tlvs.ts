/** TLVs of the Announces that a boundary clock sends on: path trace (16.2) and what is to be propagated. */
import { viewOf } from '#wire/octets';
import type { Announce, Tlv } from '#wire/ptp-message';
import { isPropagated, TLV_TYPE } from '#wire/tlv/tlv-type';
import { pathTraceOf } from '../bmca/path-trace.js';

const IDENTITY_OCTETS = 8;
/** What an Ethernet frame holds beside the other TLVs; longer paths are not told (16.2.2.1). */
const MAX_PATH = 128;
/** Octets of propagated TLVs, so that an Announce stays one frame. */
const MAX_PROPAGATED_OCTETS = 400;

/** 16.2.5: pathTraceDS.list, from the parent's Announce; empty for a grandmaster. */
export function pathTraceList(parent: Announce | null): readonly bigint[] {
  return parent === null ? [] : (pathTraceOf(parent.tlvs) ?? []);
}

/** The parent's path and ourselves; null: too long to be told. */
export function pathTraceTlv(list: readonly bigint[], clockIdentity: bigint): Tlv | null {
  const path = [...list, clockIdentity];
  if (path.length > MAX_PATH) return null;
  const value = new Uint8Array(path.length * IDENTITY_OCTETS);
  const view = viewOf(value);
  path.forEach((identity, index) => view.setBigUint64(index * IDENTITY_OCTETS, identity));
  return { type: TLV_TYPE.pathTrace, value };
}

/** 14.1.1: what came with the parent's Announce and goes on with ours. */
export function propagatedTlvs(parent: Announce | null): readonly Tlv[] {
  const kept: Tlv[] = [];
  let octets = 0;
  for (const tlv of parent?.tlvs ?? []) {
    if (!isPropagated(tlv.type)) continue;
    const more = tlv.value.length + 4;
    if (octets + more > MAX_PROPAGATED_OCTETS) continue;
    octets += more;
    kept.push(tlv);
  }
  return kept;
}
