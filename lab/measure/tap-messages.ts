/** What `frame_stamps` writes down, as whole PTP messages. */
import { decodeFrame } from '#wire/frame';
import { decodeMessage, type PtpMessage } from '#wire/ptp-message';
import { octetsOfHex } from './hex.js';

export interface TapMessage {
  readonly direction: 'in' | 'out';
  /** The kernel's stamp, in ns of the clock that all namespaces share. */
  readonly stampNs: bigint;
  readonly message: PtpMessage;
}

const LINE = /^([io]) (\d+) ((?:[0-9a-f]{2})+)$/;
const ETHERTYPE_PTP = 0x88f7;
const UDP_PORTS = [319, 320];

/** The PTP version 2 message in a line; null for every other frame. */
export function parseTapLine(line: string): TapMessage | null {
  const found = LINE.exec(line);
  if (found === null) return null;
  const frame = decodeFrame(octetsOfHex(found[3] ?? ''));
  if (!frame.ok) return null;
  const { encapsulation, payload } = frame.value;
  const carriesPtp =
    encapsulation.kind === 'ethernet'
      ? encapsulation.etherType === ETHERTYPE_PTP
      : UDP_PORTS.includes(encapsulation.udp.destinationPort);
  const message = carriesPtp ? decodeMessage(payload) : null;
  if (message?.ok !== true) return null;
  return {
    direction: found[1] === 'o' ? 'out' : 'in',
    stampNs: BigInt(found[2] ?? 0),
    message: message.value,
  };
}
