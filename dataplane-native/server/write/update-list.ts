/**
 * The updates of a batch. Of a request they are octets, and each becomes a message when somebody wants
 * to see it: of a large batch most never do.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Update } from '#protos/p4/v1/p4runtime_pb';
import { UpdateSchema } from '#protos/p4/v1/p4runtime_pb';

/** Update i is encoded in octets [bounds[2 i], bounds[2 i + 1]). */
export interface EncodedUpdates {
  readonly octets: Uint8Array;
  readonly bounds: Uint32Array;
}

/** First octets of fields whose numbers are these. */
const TYPE = 0x08;
const ENTITY = 0x12;
const TABLE_ENTRY = 0x12;
const TABLE_ID = 0x08;

/** See the file's comment. */
export class UpdateList {
  readonly length: number;
  /** Null: they are messages. */
  readonly encoded: EncodedUpdates | null;
  readonly #messages: readonly Update[];

  private constructor(length: number, encoded: EncodedUpdates | null, messages: readonly Update[]) {
    this.length = length;
    this.encoded = encoded;
    this.#messages = messages;
  }

  static ofMessages(updates: readonly Update[]): UpdateList {
    return new UpdateList(updates.length, null, updates);
  }

  static ofOctets(encoded: EncodedUpdates): UpdateList {
    return new UpdateList(encoded.bounds.length / 2, encoded, []);
  }

  /** As a client would send them: for many that are to be written soon, and quickly then. */
  static encode(updates: readonly Update[]): UpdateList {
    const parts = updates.map((update) => toBinary(UpdateSchema, update));
    const bounds = new Uint32Array(2 * parts.length);
    let at = 0;
    for (const [i, part] of parts.entries()) {
      bounds[2 * i] = at;
      at += part.length;
      bounds[2 * i + 1] = at;
    }
    return UpdateList.ofOctets({ octets: new Uint8Array(Buffer.concat(parts)), bounds });
  }

  /** Update `index` as a message; null: its octets are none. */
  at(index: number): Update | null {
    if (this.encoded === null) return this.#messages[index] ?? null;
    const { octets, bounds } = this.encoded;
    try {
      return fromBinary(UpdateSchema, octets.subarray(bounds[2 * index], bounds[2 * index + 1]));
    } catch {
      return null;
    }
  }

  /** The id of the table whose entry update `index` seems to write, as most encoders would have it; 0
   * where it cannot be seen at a glance. */
  tableAt(index: number): number {
    if (this.encoded === null) return 0;
    const { octets, bounds } = this.encoded;
    let at = bounds[2 * index] ?? 0;
    if (octets[at] === TYPE) at += 2;
    if (octets[at] !== ENTITY) return 0;
    at = behindNumber(octets, at + 1);
    if (octets[at] !== TABLE_ENTRY) return 0;
    at = behindNumber(octets, at + 1);
    return octets[at] === TABLE_ID ? numberAt(octets, at + 1) : 0;
  }
}

function behindNumber(octets: Uint8Array, from: number): number {
  let at = from;
  while ((octets[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

/** Of up to 32 bits. */
function numberAt(octets: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from, shift = 0; shift < 32; at += 1, shift += 7) {
    const octet = octets[at] ?? 0;
    value |= (octet & 0x7f) << shift;
    if (octet < 0x80) break;
  }
  return value >>> 0;
}
