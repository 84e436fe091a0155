/** Packet I/O (specification 1.5, section of that name): controller headers and their metadata. */
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { ControllerPacketMetadata } from '#protos/p4/config/v1/p4info_pb';
import type { PacketIn, PacketOut } from '#protos/p4/v1/p4runtime_pb';
import { PacketInSchema, PacketMetadataSchema } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from './errors.js';
import { DONE, done, invalid } from './errors.js';
import { decodeUnsigned } from './unsigned.js';
import { unimplemented } from './unimplemented.js';

/** The headroom that the engine has in front of a frame. */
const MAX_HEADER_BITS = 256 * 8;

/** Bits of a controller header. */
function headerBits(header: ControllerPacketMetadata): number {
  return header.metadata.reduce((sum, { bitwidth }) => sum + bitwidth, 0);
}

/** Whether the header can be made from its metadata: UNIMPLEMENTED with strings, INVALID_ARGUMENT
 * where it is not whole octets. */
export function checkControllerHeader(header: ControllerPacketMetadata | null): Outcome<void> {
  if (header === null) return DONE;
  if (header.metadata.some(({ bitwidth }) => bitwidth <= 0)) return unimplemented('sdnStrings');
  const bits = headerBits(header);
  const name = header.preamble?.name ?? '';
  if (bits > MAX_HEADER_BITS) {
    return invalid(`controller header '${name}' has ${bits} bits: at most ${MAX_HEADER_BITS}`);
  }
  if (new Set(header.metadata.map(({ id }) => id)).size !== header.metadata.length) {
    return invalid(`controller header '${name}' has two fields with one id`);
  }
  if (bits % 8 === 0) return DONE;
  return invalid(
    `controller header '${name}' has ${bits} bits in the P4Info, which is ` +
      `not a whole number of octets`,
  );
}

/** The frame for the engine: the header, then the payload. Errors: INVALID_ARGUMENT unless there is
 * exactly one value for each field, OUT_OF_RANGE for a value. */
export function encodePacketOut(
  header: ControllerPacketMetadata | null,
  packet: PacketOut,
): Outcome<Uint8Array> {
  const given = new Map(packet.metadata.map(({ metadataId, value }) => [metadataId, value]));
  if (given.size !== packet.metadata.length) return invalid('a metadata field is given twice');
  let bits = 0;
  let value = 0n;
  for (const field of header?.metadata ?? []) {
    const octets = given.get(field.id);
    if (octets === undefined) return invalid(`metadata field '${field.name}' is missing`);
    given.delete(field.id);
    const what = `metadata field '${field.name}'`;
    const decoded = decodeUnsigned(octets, field.bitwidth, field.bitwidth, what);
    if (!decoded.ok) return decoded;
    value = (value << BigInt(field.bitwidth)) | decoded.value;
    bits += field.bitwidth;
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) return invalid(`packet_out has no metadata field with id ${unknown}`);
  const headerOctets = bits / 8;
  const frame = new Uint8Array(headerOctets + packet.payload.length);
  for (let i = headerOctets - 1; i >= 0; i -= 1) {
    frame[i] = Number(value & 0xffn);
    value >>= 8n;
  }
  frame.set(packet.payload, headerOctets);
  return done(frame);
}

/** The message for the client. Errors: INVALID_ARGUMENT for a frame shorter than the header. */
export function decodePacketIn(
  header: ControllerPacketMetadata | null,
  frame: Uint8Array,
): Outcome<PacketIn> {
  if (header === null) return done(create(PacketInSchema, { payload: frame }));
  const headerOctets = headerBits(header) / 8;
  if (frame.length < headerOctets) {
    return invalid(
      `a frame of ${frame.length} octets for the controller is shorter than packet_in`,
    );
  }
  let rest = 0n;
  for (const octet of frame.subarray(0, headerOctets)) rest = (rest << 8n) | BigInt(octet);
  let below = headerOctets * 8;
  const metadata = header.metadata.map(({ id, bitwidth }) => {
    below -= bitwidth;
    const value = BigInt.asUintN(bitwidth, rest >> BigInt(below));
    return create(PacketMetadataSchema, { metadataId: id, value: encodeBytestring(value) });
  });
  return done(create(PacketInSchema, { payload: frame.subarray(headerOctets), metadata }));
}
