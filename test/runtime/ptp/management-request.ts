/** A management client's questions, as octets. */
import { encodeMessage, type Management } from '#wire/ptp-message';
import { requestOf } from '../../ptp/management-conversation.js';

export const ASKER = { clockIdentity: 0xaabb_ccff_fedd_eeffn, portNumber: 1 };

/** GET of one set from all ports of all clocks, unless `change` says otherwise. */
export function managementRequest(
  managementId: number,
  change: Partial<Management> = {},
): Uint8Array {
  const header = { sourcePortIdentity: ASKER };
  return encodeMessage(requestOf({ managementId, header, change }));
}
