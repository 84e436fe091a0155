/** A two-step Sync, as octets in hex: for frames whose way is of interest, not what they say. */
import { instant, logInterval, scaledNs } from '#units/time';
import { encodeMessage } from '#wire/ptp-message';

export const SYNC_OCTETS = Buffer.from(
  encodeMessage({
    kind: 'sync',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber: 0,
      minorSdoId: 0,
      flags: 0x0200,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: { clockIdentity: 0x0200_00ff_fe00_0001n, portNumber: 1 },
      sequenceId: 0,
      controlField: 0,
      logMessageInterval: logInterval(0),
    },
    tlvs: [],
    originTimestamp: instant(1_000_000_000n),
  }),
).toString('hex');
