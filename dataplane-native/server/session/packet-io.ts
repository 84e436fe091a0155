/** Packet I/O (specification 1.5, section of that name): controller headers and their metadata. */
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { PipelineLayout } from '#compiler/layout';
import type { ControllerPacketMetadata, P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { PacketIn, PacketOut } from '#protos/p4/v1/p4runtime_pb';
import { PacketInSchema, PacketMetadataSchema } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { done, invalid } from '../errors.js';
import type { Translation, Translations } from '../program/translation.js';
import { decodeUnsigned } from '../state/unsigned.js';

/** The headroom that the engine has in front of a frame. */
const MAX_HEADER_BITS = 256 * 8;

export interface ControllerField {
  readonly id: number;
  readonly name: string;
  /** In messages. */
  readonly bitwidth: number;
  /** In the frame. */
  readonly compiledBits: number;
  readonly translation: Translation | null;
}

/** The header in front of a frame to or from the controller. */
export interface ControllerHeader {
  readonly fields: readonly ControllerField[];
  readonly octets: number;
}

/** Null for a program without one. Errors: INVALID_ARGUMENT where it cannot be made of its metadata,
 * such as when it is not whole octets. */
export function controllerHeader(
  info: P4Info,
  layout: PipelineLayout,
  name: string,
  translations: Translations,
): Outcome<ControllerHeader | null> {
  const metadata = info.controllerPacketMetadata.find(({ preamble }) => preamble?.name === name);
  if (metadata === undefined) return done(null);
  const wrong = (why: string) => invalid(`controller header '${name}' ${why}`);
  const compiled = compiledWidths(metadata, layout);
  const fields: ControllerField[] = [];
  for (const [i, { id, name: field, bitwidth, typeName }] of metadata.metadata.entries()) {
    const compiledBits = compiled?.[i] ?? bitwidth;
    if (compiledBits <= 0) return wrong(`is not in p4_device_config: '${field}' has no width`);
    const translation = translations.of(typeName?.name, compiledBits);
    if (!translation.ok) return translation;
    const hasWidth = bitwidth > 0 || translation.value?.isString === true;
    if (!hasWidth) return wrong(`has a field '${field}' without a width`);
    fields.push({ id, name: field, bitwidth, compiledBits, translation: translation.value });
  }
  const bits = fields.reduce((sum, { compiledBits }) => sum + compiledBits, 0);
  if (bits > MAX_HEADER_BITS) return wrong(`has ${bits} bits: at most ${MAX_HEADER_BITS}`);
  if (new Set(fields.map(({ id }) => id)).size !== fields.length) {
    return wrong('has two fields with one id');
  }
  if (bits % 8 !== 0) {
    return wrong(`has ${bits} bits in the P4Info, which is not a whole number of octets`);
  }
  return done({ fields, octets: bits / 8 });
}

/** Of a header type of those fields; the P4Info does not say how wide translated ones are. Undefined
 * where the program does not use the header. */
function compiledWidths(
  { metadata }: ControllerPacketMetadata,
  { headerTypes }: PipelineLayout,
): readonly number[] | undefined {
  const found = headerTypes.find(
    ({ fields }) =>
      fields.length === metadata.length &&
      fields.every((field, i) => {
        const info = metadata[i];
        const isSame = field.bitwidth === info?.bitwidth || info?.typeName !== undefined;
        return field.name === info?.name && isSame;
      }),
  );
  return found?.fields.map(({ bitwidth }) => bitwidth);
}

/** Of a frame, as the engine takes it. */
export const MAX_PAYLOAD_OCTETS = 9216;

/** The frame for the engine: the header, then the payload. Errors: INVALID_ARGUMENT unless there is
 * exactly one value for each field, OUT_OF_RANGE for a value. */
export function encodePacketOut(
  header: ControllerHeader | null,
  packet: PacketOut,
): Outcome<Uint8Array> {
  const { length } = packet.payload;
  if (length > MAX_PAYLOAD_OCTETS) {
    return invalid(`a packet-out of ${length} octets: frames have ${MAX_PAYLOAD_OCTETS} at most`);
  }
  const given = new Map(packet.metadata.map(({ metadataId, value }) => [metadataId, value]));
  if (given.size !== packet.metadata.length) return invalid('a metadata field is given twice');
  let value = 0n;
  for (const field of header?.fields ?? []) {
    const octets = given.get(field.id);
    if (octets === undefined) return invalid(`metadata field '${field.name}' is missing`);
    given.delete(field.id);
    const what = `metadata field '${field.name}'`;
    const { bitwidth, compiledBits, translation } = field;
    const decoded =
      translation === null
        ? decodeUnsigned(octets, bitwidth, compiledBits, what)
        : translation.encode(octets, what);
    if (!decoded.ok) return decoded;
    value = (value << BigInt(compiledBits)) | decoded.value;
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) return invalid(`packet_out has no metadata field with id ${unknown}`);
  const headerOctets = header?.octets ?? 0;
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
  header: ControllerHeader | null,
  frame: Uint8Array,
): Outcome<PacketIn> {
  if (header === null) return done(create(PacketInSchema, { payload: frame }));
  const { octets: headerOctets, fields } = header;
  if (frame.length < headerOctets) {
    return invalid(
      `a frame of ${frame.length} octets for the controller is shorter than packet_in`,
    );
  }
  let rest = 0n;
  for (const octet of frame.subarray(0, headerOctets)) rest = (rest << 8n) | BigInt(octet);
  let below = headerOctets * 8;
  const metadata = fields.map(({ id, compiledBits, translation }) => {
    below -= compiledBits;
    const bits = BigInt.asUintN(compiledBits, rest >> BigInt(below));
    const value = (translation?.decode ?? encodeBytestring)(bits);
    return create(PacketMetadataSchema, { metadataId: id, value });
  });
  return done(create(PacketInSchema, { payload: frame.subarray(headerOctets), metadata }));
}
