/** Classic pcap files of Ethernet frames, with micro- or nanoseconds. */

export interface PcapFrame {
  readonly octets: Uint8Array;
  /** Since the Unix epoch, ns. */
  readonly timeNs: bigint;
}

export type PcapResult =
  | { readonly ok: true; readonly frames: readonly PcapFrame[] }
  | { readonly ok: false; readonly message: string };

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const PCAPNG_MAGIC = 0x0a0d0d0a;
const FILE_HEADER_OCTETS = 24;
const RECORD_HEADER_OCTETS = 16;
const LINK_TYPE_ETHERNET = 1;
/** What simple_switch calls the link of its files, whose frames are Ethernet's. */
export const LINK_TYPE_NULL = 0;
const SNAP_OCTETS = 65_535;
const SECOND_NS = 1_000_000_000n;

/** Reads a file, of either byte order. A frame of which only a part was captured is an error, since
 * replaying it would be replaying something else; as is another link type than `wantedType`. */
export function readPcap(file: Uint8Array, wantedType = LINK_TYPE_ETHERNET): PcapResult {
  const wrong = (message: string): PcapResult => ({ ok: false, message });
  if (file.length < FILE_HEADER_OCTETS) return wrong('not a pcap file: it is too short');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = (littleEndian: boolean) => view.getUint32(0, littleEndian);
  const known = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS];
  const little = known.includes(magic(true));
  if (!little && !known.includes(magic(false))) {
    if (magic(false) === PCAPNG_MAGIC) {
      return wrong('a pcapng file: convert it first (editcap -F nsecpcap IN OUT)');
    }
    return wrong('not a pcap file');
  }
  const linkType = view.getUint32(20, little) & 0xffff;
  if (linkType !== wantedType) {
    const wanted = wantedType === LINK_TYPE_ETHERNET ? 'Ethernet' : String(wantedType);
    return wrong(`link type ${linkType} is not ${wanted}`);
  }
  const unitNs = magic(little) === MAGIC_NANOSECONDS ? 1n : 1000n;
  const frames: PcapFrame[] = [];
  for (let at = FILE_HEADER_OCTETS; at < file.length;) {
    const number = frames.length + 1;
    if (at + RECORD_HEADER_OCTETS > file.length) return wrong(`frame ${number} is cut off`);
    const captured = view.getUint32(at + 8, little);
    if (captured !== view.getUint32(at + 12, little)) {
      return wrong(`frame ${number} was captured in part only (see the snap length)`);
    }
    const start = at + RECORD_HEADER_OCTETS;
    at = start + captured;
    if (at > file.length) return wrong(`frame ${number} is cut off`);
    const header = start - RECORD_HEADER_OCTETS;
    const seconds = BigInt(view.getUint32(header, little));
    const fraction = BigInt(view.getUint32(header + 4, little));
    const timeNs = seconds * SECOND_NS + fraction * unitNs;
    // A copy: of a Buffer, `slice` would be a view whose `buffer` is the whole file's.
    frames.push({ octets: Uint8Array.from(file.subarray(start, at)), timeNs });
  }
  return { ok: true, frames };
}

/** The beginning of a little-endian file with nanoseconds. */
export function pcapHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(FILE_HEADER_OCTETS));
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_OCTETS, true);
  view.setUint32(20, LINK_TYPE_ETHERNET, true);
  return new Uint8Array(view.buffer);
}

/** A frame of such a file. */
export function pcapRecord({ octets, timeNs }: PcapFrame): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_OCTETS + octets.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, Number(timeNs / SECOND_NS), true);
  view.setUint32(4, Number(timeNs % SECOND_NS), true);
  view.setUint32(8, octets.length, true);
  view.setUint32(12, octets.length, true);
  record.set(octets, RECORD_HEADER_OCTETS);
  return record;
}

/** The whole of it. */
export function writePcap(frames: readonly PcapFrame[]): Uint8Array {
  const sizes = frames.map(({ octets }) => RECORD_HEADER_OCTETS + octets.length);
  const file = new Uint8Array(sizes.reduce((sum, size) => sum + size, FILE_HEADER_OCTETS));
  file.set(pcapHeader());
  let at = FILE_HEADER_OCTETS;
  for (const [i, frame] of frames.entries()) {
    file.set(pcapRecord(frame), at);
    at += sizes[i] ?? 0;
  }
  return file;
}
