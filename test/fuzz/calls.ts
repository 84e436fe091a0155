/**
 * Inputs of the P4Runtime fuzzer: calls of a client, one after the other, each a method and the octets of
 * its request, which may be those of no message at all.
 */
import type { DescMessage, Message } from '@bufbuild/protobuf';
import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import {
  CapabilitiesRequestSchema,
  GetForwardingPipelineConfigRequestSchema,
  ReadRequestSchema,
  SetForwardingPipelineConfigRequestSchema,
  StreamMessageRequestSchema,
  WriteRequestSchema,
} from '#protos/p4/v1/p4runtime_pb';
import type { Chance } from '../stf/differential/packets.js';
import type { Json } from './json-mutation.js';
import { mutatedJson } from './json-mutation.js';

/** By the names of the gRPC methods. */
export const REQUESTS = {
  Write: WriteRequestSchema,
  Read: ReadRequestSchema,
  SetForwardingPipelineConfig: SetForwardingPipelineConfigRequestSchema,
  GetForwardingPipelineConfig: GetForwardingPipelineConfigRequestSchema,
  Capabilities: CapabilitiesRequestSchema,
  StreamChannel: StreamMessageRequestSchema,
} as const;
export type Method = keyof typeof REQUESTS;
export const METHODS = Object.keys(REQUESTS) as Method[];

export interface Call {
  readonly method: Method;
  readonly octets: Uint8Array;
}

export function call<D extends DescMessage>(
  method: Method,
  message: Message & { $typeName: D['typeName'] },
): Call {
  const schema: DescMessage = REQUESTS[method];
  return { method, octets: toBinary(schema, message) };
}

/** One octet for the method, four for the length, and so on. */
export function packCalls(calls: readonly Call[]): Uint8Array {
  const parts = calls.flatMap(({ method, octets }) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(METHODS.indexOf(method));
    head.writeUInt32LE(octets.length, 1);
    return [head, octets];
  });
  return Buffer.concat(parts);
}

export function unpackCalls(packed: Uint8Array): Call[] {
  const calls: Call[] = [];
  const all = Buffer.from(packed);
  for (let at = 0; at + 5 <= all.length;) {
    const method = METHODS[all.readUInt8(at) % METHODS.length] ?? 'Write';
    const end = at + 5 + all.readUInt32LE(at + 1);
    calls.push({ method, octets: new Uint8Array(all.subarray(at + 5, end)) });
    at = end;
  }
  return calls;
}

const MOST_CALLS = 40;

function jsonOf({ method, octets }: Call): Json | null {
  const schema: DescMessage = REQUESTS[method];
  try {
    const json: unknown = toJson(schema, fromBinary(schema, octets));
    return json as Json;
  } catch {
    return null; // not a message, or an Any that nobody knows
  }
}

/** As a message, with fields that go, come, change and are exchanged. */
function changedMessage(chance: Chance, one: Call, other: Call): Call {
  const schema: DescMessage = REQUESTS[one.method];
  const [own, from] = [jsonOf(one), jsonOf(other)];
  if (own === null) return one;
  try {
    const json = mutatedJson(chance, own, from ?? own);
    const message = fromJson(schema, json as never, { ignoreUnknownFields: true });
    return { ...one, octets: toBinary(schema, message) };
  } catch {
    return changedOctets(chance, one);
  }
}

/** As octets: the lengths and tags of protobuf too. */
function changedOctets(chance: Chance, one: Call): Call {
  const octets = [...one.octets];
  for (let left = 1 + chance.below(3); left > 0; left -= 1) {
    const at = chance.below(Math.max(octets.length, 1));
    const how = chance.below(4);
    if (how === 0) octets.splice(at, 1 + chance.below(4));
    else if (how === 1) octets.splice(at, 0, ...chance.octets(1 + chance.below(4)));
    else octets[at] = how === 2 ? chance.below(256) : (octets[at] ?? 0) ^ (1 << chance.below(8));
  }
  return { ...one, octets: Uint8Array.from(octets) };
}

const place = (chance: Chance, calls: readonly Call[]): number =>
  chance.below(Math.max(calls.length, 1));

/** A copy with something changed; `other` to take calls from. */
export function mutateCalls(
  chance: Chance,
  calls: readonly Call[],
  other: readonly Call[],
): Call[] {
  const copy = [...calls];
  const at = place(chance, copy);
  const chosen = copy[at];
  const foreign = other[place(chance, other)];
  if (chosen === undefined || foreign === undefined) return [...other];
  switch (chance.below(10)) {
    case 0:
      copy.splice(at, 1);
      break;
    case 1:
      copy.splice(place(chance, copy), 0, chosen);
      break;
    case 2:
      copy.splice(at, 0, foreign);
      break;
    case 3:
      copy[at] = changedOctets(chance, chosen);
      break;
    default:
      copy[at] = changedMessage(
        chance,
        chosen,
        foreign.method === chosen.method ? foreign : chosen,
      );
  }
  return copy.slice(0, MOST_CALLS);
}
