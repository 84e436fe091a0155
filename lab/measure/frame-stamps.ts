/** Reads what `frame_stamps` writes down: when each PTP message passed an interface. */
import { decodeFrame } from '#wire/frame';
import { decodeHeader, FLAG, MESSAGE_TYPE } from '#wire/ptp-header';
import { scaledUnits } from '#units/time';
import { octetsOfHex } from './hex.js';

/** A PTP message at an interface. */
export interface StampedMessage {
  readonly direction: 'in' | 'out';
  /** The kernel's stamp, in ns of the clock that all namespaces share. */
  readonly stampNs: bigint;
  readonly messageType: number;
  readonly domainNumber: number;
  /** sourcePortIdentity as text, for comparison only. */
  readonly source: string;
  readonly sequenceId: number;
  readonly correctionScaledNs: bigint;
  /** A Follow_Up belongs to it. */
  readonly twoStep: boolean;
}

const LINE = /^([io]) (\d+) ((?:[0-9a-f]{2})+)$/;

/** Whether a line is of a frame at all; the program also says "ready" and "end …". */
export function isFrameLine(line: string): boolean {
  return /^[io] /.test(line);
}

/** The PTP version 2 message in a line; null for every other frame. */
export function parseStampLine(line: string): StampedMessage | null {
  const found = LINE.exec(line);
  if (found === null) return null;
  const frame = decodeFrame(octetsOfHex(found[3] ?? ''));
  if (!frame.ok || !carriesPtp(frame.value.encapsulation)) return null;
  const header = decodeHeader(frame.value.payload);
  if (!header.ok) return null;
  const { messageType, domainNumber, sourcePortIdentity, sequenceId, correctionField, flags } =
    header.value;
  return {
    direction: found[1] === 'o' ? 'out' : 'in',
    stampNs: BigInt(found[2] ?? 0),
    ...{ messageType, domainNumber, sequenceId },
    source: `${sourcePortIdentity.clockIdentity.toString(16)}-${sourcePortIdentity.portNumber}`,
    correctionScaledNs: scaledUnits(correctionField),
    twoStep: (flags & FLAG.twoStep) !== 0,
  };
}

const ETHERTYPE_PTP = 0x88f7;
const UDP_PORTS = [319, 320];

type DecodedFrame = Extract<ReturnType<typeof decodeFrame>, { readonly ok: true }>['value'];

function carriesPtp(encapsulation: DecodedFrame['encapsulation']): boolean {
  return encapsulation.kind === 'ethernet'
    ? encapsulation.etherType === ETHERTYPE_PTP
    : UDP_PORTS.includes(encapsulation.udp.destinationPort);
}

export const SYNC = MESSAGE_TYPE.sync;
export const FOLLOW_UP = MESSAGE_TYPE.followUp;
