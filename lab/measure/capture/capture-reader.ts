/** Reads a capture that comes in pieces, pcap or pcapng. What was read before a problem is kept. */
import type { CaptureInfo, CaptureProblem, FormatReader, OnFrame } from './capture-types.js';
import { OctetQueue } from './octet-queue.js';
import { pcapMagic, PcapReader } from './pcap.js';
import { PcapngReader, SECTION_HEADER } from './pcapng.js';

const MAGIC_OCTETS = 4;

export class CaptureReader {
  readonly #queue = new OctetQueue();
  readonly #onFrame: OnFrame;
  #format: FormatReader | null = null;
  #problem: CaptureProblem | null = null;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** What the file could not be read beyond. */
  get problem(): CaptureProblem | null {
    return this.#problem;
  }

  /** Null before the beginning was read. */
  get info(): CaptureInfo | null {
    return this.#format?.info() ?? null;
  }

  /** After a problem everything else is passed over. */
  push(piece: Uint8Array): void {
    if (this.#problem !== null) return;
    this.#queue.push(piece);
    this.#format ??= this.#recognize();
    this.#problem ??= this.#format?.read() ?? null;
  }

  /** No more octets come. */
  end(): void {
    if (this.#problem !== null) return;
    if (this.#format !== null) {
      this.#problem = this.#format.cut();
      return;
    }
    const message = this.#queue.length === 0 ? 'the file is empty' : 'the file is too short';
    this.#problem = notACapture(message);
  }

  #recognize(): FormatReader | null {
    const head = this.#queue.peek(MAGIC_OCTETS);
    if (head === null) return null;
    const magic = pcapMagic(head);
    if (magic !== null) return new PcapReader(this.#queue, magic, this.#onFrame);
    const first = new DataView(head.buffer, head.byteOffset, MAGIC_OCTETS).getUint32(0);
    if (first === SECTION_HEADER) return new PcapngReader(this.#queue, this.#onFrame);
    const text = `it begins with ${Array.from(head, hex).join(' ')}, which is neither pcap nor pcapng`;
    this.#problem = notACapture(text);
    return null;
  }
}

const hex = (octet: number) => octet.toString(16).padStart(2, '0');

function notACapture(message: string): CaptureProblem {
  return { code: 'not-a-capture', octet: 0, frame: null, field: 'magic number', message };
}
