/** One frame with one PTP message, for tests that look at a single thing. */
import { frame, ptpMessage, type MessageKind, type Transport } from '#lab/bench/frames';

/** A message of version 2.1 to its multicast address, without tags, with a right checksum. */
export function eventFrame(
  kind: MessageKind,
  transport: Transport,
  correctionField: bigint,
): Uint8Array {
  const message = ptpMessage({
    kind,
    correctionField,
    version: 0x12,
    sequenceId: 77,
    filler: (octets) => new Uint8Array(octets).fill(0x5a),
    tlvs: new Uint8Array(0),
    messageLength: null,
  });
  const envelope = {
    transport,
    tags: [],
    checksum: transport === 'l2' ? ('none' as const) : ('valid' as const),
    udpPort: kind.event ? 319 : 320,
    peer: kind.peer,
    sourceMac: [2, 0, 0, 0, 0, 1],
    destinationMac: null,
    trailer: new Uint8Array(0),
    padTo: 0,
  };
  return frame(envelope, message);
}
