/** The classic pcap format with nanoseconds, little-endian, Ethernet. */
import { concat } from './frames.js';

export interface PcapFrame {
  readonly octets: Uint8Array;
  readonly timeNs: bigint;
}

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_OCTETS = 24;
const FRAME_HEADER_OCTETS = 16;
const LINKTYPE_ETHERNET = 1;
const SNAP_OCTETS = 65535;
const SECOND_NS = 1_000_000_000n;

export function pcapFile(frames: readonly PcapFrame[]): Uint8Array {
  const head = new DataView(new ArrayBuffer(FILE_HEADER_OCTETS));
  head.setUint32(0, MAGIC_NANOSECONDS, true);
  head.setUint16(4, 2, true);
  head.setUint16(6, 4, true);
  head.setUint32(16, SNAP_OCTETS, true);
  head.setUint32(20, LINKTYPE_ETHERNET, true);
  const records = frames.flatMap(({ octets, timeNs }) => {
    const record = new DataView(new ArrayBuffer(FRAME_HEADER_OCTETS));
    record.setUint32(0, Number(timeNs / SECOND_NS), true);
    record.setUint32(4, Number(timeNs % SECOND_NS), true);
    record.setUint32(8, octets.length, true);
    record.setUint32(12, octets.length, true);
    return [new Uint8Array(record.buffer), octets];
  });
  return concat([new Uint8Array(head.buffer), ...records]);
}

/** Reads a little-endian pcap of micro- or nanoseconds; a cut last record is left out. */
export function readPcap(file: Uint8Array): PcapFrame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < FILE_HEADER_OCTETS) return [];
  const unit = view.getUint32(0, true) === MAGIC_NANOSECONDS ? 1n : 1000n;
  const out: PcapFrame[] = [];
  for (let at = FILE_HEADER_OCTETS; at + FRAME_HEADER_OCTETS <= file.length;) {
    const octets = view.getUint32(at + 8, true);
    const start = at + FRAME_HEADER_OCTETS;
    if (start + octets > file.length) break;
    const seconds = BigInt(view.getUint32(at, true));
    const timeNs = seconds * SECOND_NS + BigInt(view.getUint32(at + 4, true)) * unit;
    // A copy of its own: a Buffer's slice would be a view.
    out.push({ octets: Uint8Array.from(file.subarray(start, start + octets)), timeNs });
    at = start + octets;
  }
  return out;
}
