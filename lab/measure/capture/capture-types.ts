/** What a capture file gives, whatever its format. */

export interface CapturedFrame {
  /** From 1, as Wireshark counts. */
  readonly number: number;
  /** Since the epoch of the capture's clock. */
  readonly timeNs: bigint;
  /** Valid until the callback returns. */
  readonly octets: Uint8Array;
  /** On the wire; more than the octets where the capture cut them. */
  readonly wireLength: number;
  /** LINKTYPE of the interface. */
  readonly linkType: number;
}

export interface CaptureProblem {
  readonly code: 'not-a-capture' | 'unsupported' | 'cut' | 'corrupt';
  /** Of the first octet in the file that is not understood. */
  readonly octet: number;
  /** The frame that could not be read any more, from 1; null before the first. */
  readonly frame: number | null;
  readonly field: string;
  readonly message: string;
}

export interface CaptureInfo {
  readonly format: 'pcap' | 'pcapng';
  /** Of stamps, ns; the coarsest of all interfaces. */
  readonly resolutionNs: number;
}

/** One format's way through a file. It says what it found, and stops at the first problem. */
export interface FormatReader {
  /** Reads as far as the octets reach. */
  readonly read: () => CaptureProblem | null;
  /** What the file ended in the middle of; null where it ended between frames. */
  readonly cut: () => CaptureProblem | null;
  readonly info: () => CaptureInfo;
}

export type OnFrame = (frame: CapturedFrame) => void;

export const viewOf = (octets: Uint8Array) =>
  new DataView(octets.buffer, octets.byteOffset, octets.length);

/** Longer than any frame: a length that is none. */
export const MOST_FRAME_OCTETS = 1 << 24;
