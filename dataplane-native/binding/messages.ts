/** The stream of messages that the engine sends up: see `enum tp_message_kind` in engine.h. */

export type EngineMessage =
  | { readonly kind: 'packetIn'; readonly frame: Uint8Array }
  | { readonly kind: 'digest'; readonly list: number; readonly words: BigUint64Array }
  | { readonly kind: 'portStatus'; readonly port: number; readonly up: boolean }
  | { readonly kind: 'assertion'; readonly index: number; readonly port: number };

const HEADER_OCTETS = 8;
const KIND_PACKET_IN = 1;
const KIND_DIGEST = 2;
const KIND_PORT_STATUS = 3;
const KIND_ASSERTION = 4;

function decodeDigest(body: DataView): EngineMessage {
  const words = new BigUint64Array(body.getUint32(4, true));
  for (let i = 0; i < words.length; i++) words[i] = body.getBigUint64(8 + 8 * i, true);
  return { kind: 'digest', list: body.getUint32(0, true), words };
}

function decode(kind: number, octets: Uint8Array): EngineMessage {
  const body = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  switch (kind) {
    case KIND_PACKET_IN:
      return { kind: 'packetIn', frame: new Uint8Array(octets) };
    case KIND_DIGEST:
      return decodeDigest(body);
    case KIND_PORT_STATUS:
      return {
        kind: 'portStatus',
        port: body.getUint32(0, true),
        up: body.getUint32(4, true) !== 0,
      };
    case KIND_ASSERTION:
      return { kind: 'assertion', index: body.getUint32(0, true), port: body.getUint32(4, true) };
    default:
      throw new RangeError(`the engine sent a message of kind ${kind}`);
  }
}

/** Cuts the octet stream into messages; keeps what is not yet whole for the next chunk. */
export class MessageDecoder {
  #rest: Uint8Array = new Uint8Array(0);

  /** All messages that `chunk` completes, in order. */
  push(chunk: Uint8Array): EngineMessage[] {
    const octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    const messages: EngineMessage[] = [];
    let at = 0;
    while (octets.length - at >= HEADER_OCTETS) {
      const end = at + HEADER_OCTETS + view.getUint32(at + 4, true);
      if (end > octets.length) break;
      messages.push(decode(view.getUint32(at, true), octets.subarray(at + HEADER_OCTETS, end)));
      at = end;
    }
    this.#rest = octets.subarray(at);
    return messages;
  }
}
