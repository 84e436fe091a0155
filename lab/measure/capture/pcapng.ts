/** The pcapng format: sections, interfaces with a resolution each, enhanced and simple packets. */
import {
  MOST_FRAME_OCTETS,
  viewOf,
  type CaptureInfo,
  type CaptureProblem,
  type FormatReader,
  type OnFrame,
} from './capture-types.js';
import type { OctetQueue } from './octet-queue.js';

export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
const BLOCK_HEADER = 8;
/** Of the shortest block: header and the length once more. */
const LEAST_BLOCK = 12;
const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;
const SECOND_NS = 1_000_000_000n;

interface Interface {
  readonly linkType: number;
  readonly snapOctets: number;
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

export class PcapngReader implements FormatReader {
  readonly #queue: OctetQueue;
  readonly #onFrame: OnFrame;
  #little = true;
  #interfaces: Interface[] = [];
  #frames = 0;
  #coarsestNs = 0;

  constructor(queue: OctetQueue, onFrame: OnFrame) {
    this.#queue = queue;
    this.#onFrame = onFrame;
  }

  readonly info = (): CaptureInfo => ({
    format: 'pcapng',
    resolutionNs: this.#coarsestNs === 0 ? 1_000 : this.#coarsestNs,
  });

  readonly read = (): CaptureProblem | null => {
    for (;;) {
      const head = this.#queue.peek(LEAST_BLOCK);
      if (head === null) return null;
      const view = viewOf(head);
      const type = view.getUint32(0, true);
      if (type === SECTION_HEADER) {
        const order = view.getUint32(8, true);
        if (order !== BYTE_ORDER && view.getUint32(8, false) !== BYTE_ORDER) {
          return this.#corrupt(8, 'byte-order magic', `0x${order.toString(16)} is neither order`);
        }
        this.#little = order === BYTE_ORDER;
      }
      const length = view.getUint32(4, this.#little);
      if (length < LEAST_BLOCK || length % 4 !== 0 || length > MOST_FRAME_OCTETS) {
        return this.#corrupt(4, 'block total length', `${length} octets are no block`);
      }
      const block = this.#queue.peek(length);
      if (block === null) return null;
      const again = viewOf(block).getUint32(length - 4, this.#little);
      if (again !== length) {
        const text = `${again} at its end, ${length} at its beginning`;
        return this.#corrupt(length - 4, 'block total length', text);
      }
      const body = block.subarray(BLOCK_HEADER, length - 4);
      const problem = this.#block(view.getUint32(0, this.#little), body);
      if (problem !== null) return problem;
      this.#queue.skip(length);
    }
  };

  readonly cut = (): CaptureProblem | null => {
    const have = this.#queue.length;
    if (have === 0) return null;
    const head = this.#queue.peek(BLOCK_HEADER);
    const length = head === null ? BLOCK_HEADER : viewOf(head).getUint32(4, this.#little);
    const message = `the file ends after ${have} of ${length} octets of a block`;
    const frame = this.#frames + 1;
    return { code: 'cut', octet: this.#queue.offset, frame, field: 'block', message };
  };

  #corrupt(at: number, field: string, message: string): CaptureProblem {
    const octet = this.#queue.offset + at;
    return { code: 'corrupt', octet, frame: this.#frames + 1, field, message };
  }

  #block(type: number, body: Uint8Array): CaptureProblem | null {
    switch (type) {
      case SECTION_HEADER:
        this.#interfaces = [];
        return null;
      case INTERFACE:
        return this.#interface(body);
      case ENHANCED_PACKET:
      case OBSOLETE_PACKET:
        return this.#packet(body, type === OBSOLETE_PACKET);
      case SIMPLE_PACKET:
        return this.#corrupt(0, 'simple packet block', 'its packets have no time');
      default:
        return null;
    }
  }

  #interface(body: Uint8Array): CaptureProblem | null {
    if (body.length < 8) return this.#corrupt(8, 'interface description', 'it is too short');
    const view = viewOf(body);
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    for (let at = 8; at + 4 <= body.length;) {
      const code = view.getUint16(at, this.#little);
      const length = view.getUint16(at + 2, this.#little);
      if (code === 0 || at + 4 + length > body.length) break;
      if (code === OPTION_RESOLUTION && length === 1) {
        const exponent = view.getUint8(at + 4);
        const power = BigInt(exponent & 0x7f);
        unitsPerSecond = (exponent & 0x80) === 0 ? 10n ** power : 2n ** power;
      } else if (code === OPTION_OFFSET && length === 8) {
        offsetSeconds = view.getBigInt64(at + 4, this.#little);
      }
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    const linkType = view.getUint16(0, this.#little);
    const snapOctets = view.getUint32(4, this.#little);
    this.#interfaces.push({ linkType, snapOctets, unitsPerSecond, offsetSeconds });
    const resolutionNs = Math.max(1, 1e9 / Number(unitsPerSecond));
    this.#coarsestNs = Math.max(this.#coarsestNs, resolutionNs);
    return null;
  }

  #packet(body: Uint8Array, isObsolete: boolean): CaptureProblem | null {
    if (body.length < 20) return this.#corrupt(8, 'packet block', 'it is too short');
    const view = viewOf(body);
    const little = this.#little;
    const id = isObsolete ? view.getUint16(0, little) : view.getUint32(0, little);
    const face = this.#interfaces[id];
    if (face === undefined) {
      return this.#corrupt(8, 'interface id', `there is no interface ${id} in this section`);
    }
    const captured = view.getUint32(12, little);
    if (20 + captured > body.length) {
      const text = `${captured} octets do not fit their block`;
      return this.#corrupt(20, 'captured length', text);
    }
    const units = (BigInt(view.getUint32(4, little)) << 32n) | BigInt(view.getUint32(8, little));
    this.#frames += 1;
    this.#onFrame({
      ...{ number: this.#frames, linkType: face.linkType },
      timeNs: face.offsetSeconds * SECOND_NS + (units * SECOND_NS) / face.unitsPerSecond,
      octets: body.subarray(20, 20 + captured),
      wireLength: view.getUint32(16, little),
    });
    return null;
  }
}
