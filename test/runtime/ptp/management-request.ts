/** A management client's questions. */
import { logInterval, scaledNs } from '#units/time';
import { encodeManagementTlv, MANAGEMENT_ACTION } from '#wire/management-tlv';
import { encodeMessage, type Management } from '#wire/ptp-message';

export const ASKER = { clockIdentity: 0xaabb_ccff_fedd_eeffn, portNumber: 1 };

const EVERYBODY = { clockIdentity: 0xffff_ffff_ffff_ffffn, portNumber: 0xffff };

/** GET of one set from all ports of all clocks, unless `change` says otherwise. */
export function managementRequest(
  managementId: number,
  change: Partial<Management> = {},
): Uint8Array {
  const message: Management = {
    kind: 'management',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 0,
      domainNumber: 0,
      minorSdoId: 0,
      flags: 0,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: ASKER,
      sequenceId: 77,
      controlField: 4,
      logMessageInterval: logInterval(0x7f),
    },
    tlvs: [encodeManagementTlv({ kind: 'management', managementId, data: new Uint8Array(0) })],
    targetPortIdentity: EVERYBODY,
    startingBoundaryHops: 1,
    boundaryHops: 1,
    action: MANAGEMENT_ACTION.get,
    ...change,
  };
  return encodeMessage(message);
}
