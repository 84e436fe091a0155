/** The classic pcap format, micro- or nanoseconds, either byte order. */
import {
  MOST_FRAME_OCTETS,
  viewOf,
  type CaptureInfo,
  type CaptureProblem,
  type FormatReader,
  type OnFrame,
} from './capture-types.js';
import type { OctetQueue } from './octet-queue.js';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MAGIC_US = 0xa1b2c3d4;
const MAGIC_NS = 0xa1b23c4d;
const SECOND_NS = 1_000_000_000n;

/** Null where the file begins in another way. */
export function pcapMagic(head: Uint8Array): { little: boolean; unitNs: 1 | 1000 } | null {
  const view = viewOf(head);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_US) return { little, unitNs: 1000 };
    if (magic === MAGIC_NS) return { little, unitNs: 1 };
  }
  return null;
}

export class PcapReader implements FormatReader {
  readonly #queue: OctetQueue;
  readonly #onFrame: OnFrame;
  readonly #little: boolean;
  readonly #unitNs: 1 | 1000;
  #linkType: number | null = null;
  #frames = 0;

  constructor(
    queue: OctetQueue,
    magic: { readonly little: boolean; readonly unitNs: 1 | 1000 },
    onFrame: OnFrame,
  ) {
    this.#queue = queue;
    this.#onFrame = onFrame;
    this.#little = magic.little;
    this.#unitNs = magic.unitNs;
  }

  readonly info = (): CaptureInfo => ({ format: 'pcap', resolutionNs: this.#unitNs });

  readonly read = (): CaptureProblem | null => {
    if (this.#linkType === null) {
      const header = this.#queue.peek(FILE_HEADER);
      if (header === null) return null;
      // The upper bits tell of frame check sequences.
      this.#linkType = viewOf(header).getUint32(20, this.#little) & 0xffff;
      this.#queue.skip(FILE_HEADER);
    }
    for (;;) {
      const header = this.#queue.peek(RECORD_HEADER);
      if (header === null) return null;
      const view = viewOf(header);
      const fraction = view.getUint32(4, this.#little);
      const captured = view.getUint32(8, this.#little);
      const problem = this.#problemOf(fraction, captured);
      if (problem !== null) return problem;
      const record = this.#queue.peek(RECORD_HEADER + captured);
      if (record === null) return null;
      const seconds = BigInt(view.getUint32(0, this.#little));
      const wireLength = view.getUint32(12, this.#little);
      this.#frames += 1;
      this.#onFrame({
        ...{ number: this.#frames, linkType: this.#linkType, wireLength },
        timeNs: seconds * SECOND_NS + BigInt(fraction * this.#unitNs),
        octets: record.subarray(RECORD_HEADER),
      });
      this.#queue.skip(RECORD_HEADER + captured);
    }
  };

  readonly cut = (): CaptureProblem | null => {
    if (this.#queue.length === 0) return null;
    const octet = this.#queue.offset;
    if (this.#linkType === null) {
      const message = `the file ends after ${this.#queue.length} octets of its header`;
      return { code: 'cut', octet, frame: null, field: 'file header', message };
    }
    const header = this.#queue.peek(RECORD_HEADER);
    const length = header === null ? RECORD_HEADER : viewOf(header).getUint32(8, this.#little);
    const have = this.#queue.length - (header === null ? 0 : RECORD_HEADER);
    return {
      ...{ code: 'cut', octet, frame: this.#frames + 1 },
      field: header === null ? 'record header' : 'packet data',
      message: `the file ends after ${have} of ${length} octets`,
    };
  };

  #problemOf(fraction: number, captured: number): CaptureProblem | null {
    const base = { code: 'corrupt', frame: this.#frames + 1 } as const;
    const { offset } = this.#queue;
    if (captured > MOST_FRAME_OCTETS) {
      const message = `${captured} octets are no frame`;
      return { ...base, octet: offset + 8, field: 'captured length', message };
    }
    if (fraction * this.#unitNs >= 1e9) {
      const message = `${fraction} of ${1e9 / this.#unitNs} parts of a second`;
      return { ...base, octet: offset + 4, field: 'timestamp', message };
    }
    return null;
  }
}
