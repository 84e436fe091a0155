/**
 * Write requests as they come. Where each update of the batch begins and ends is found out; what it is
 * stays encoded, so that a batch of any size costs the others on this thread next to nothing.
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { WriteRequest } from '#protos/p4/v1/p4runtime_pb';
import { WriteRequestSchema } from '#protos/p4/v1/p4runtime_pb';
import { UpdateList } from './update-list.js';

/** More are not looked at: who sends so many has sent empty ones. */
export const MAX_UPDATES = 2 ** 21;

/** How values are written. */
const VARINT = 0;
const OCTETS = 2;
const UPDATES_KEY = 8 * 4 + OCTETS;

export interface WriteBatch {
  /** All of the request but its updates. */
  readonly request: WriteRequest;
  /** One more than MAX_UPDATES: too many. */
  readonly updates: UpdateList;
}

/** The batch of a request that is there as a message. */
export function batchOf(request: WriteRequest): WriteBatch {
  return { request, updates: UpdateList.encode(request.updates) };
}

/** Errors: those of `fromBinary`, thrown. An update that is no message is an error of its own, later. */
export function decodeWriteRequest(octets: Uint8Array): WriteBatch {
  const scanned = scan(octets);
  if (scanned !== null) return scanned;
  const request = fromBinary(WriteRequestSchema, octets);
  return { request, updates: UpdateList.ofMessages(request.updates) };
}

/** Null: there is something unusual between the updates. */
function scan(octets: Uint8Array): WriteBatch | null {
  const rest: Uint8Array[] = [];
  let bounds = new Uint32Array(64);
  let filled = 0;
  for (let at = 0; at < octets.length && filled <= 2 * MAX_UPDATES;) {
    const field = fieldAt(octets, at);
    if (field === null) return null;
    if (field.key === UPDATES_KEY) {
      if (filled === bounds.length) bounds = doubled(bounds);
      bounds[filled] = field.begin;
      bounds[filled + 1] = field.end;
      filled += 2;
    } else {
      rest.push(octets.subarray(at, field.end));
    }
    at = field.end;
  }
  return {
    request: fromBinary(WriteRequestSchema, new Uint8Array(Buffer.concat(rest))),
    updates: UpdateList.ofOctets({ octets, bounds: bounds.slice(0, filled) }),
  };
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * words.length);
  more.set(words);
  return more;
}

interface Field {
  readonly key: number;
  /** Of the value. */
  readonly begin: number;
  readonly end: number;
}

/** The field that begins at `from`, of a kind that the message has. */
function fieldAt(octets: Uint8Array, from: number): Field | null {
  const key = octets[from] ?? 0;
  if (key >= 0x80) return null;
  let value = 0;
  let at = from + 1;
  for (let factor = 1; ; factor *= 128) {
    const octet = octets[at];
    if (octet === undefined) return null;
    value += (octet & 0x7f) * factor;
    at += 1;
    if (octet < 0x80) break;
  }
  if ((key & 7) === VARINT) return { key, begin: from + 1, end: at };
  const end = at + value;
  return (key & 7) === OCTETS && end <= octets.length ? { key, begin: at, end } : null;
}
