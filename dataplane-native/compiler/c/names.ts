/**
 * How the program's things are called in C. Names come from indices, never from the JSON.
 *
 *   p->v      validity of headers (h3), of stack elements (s0[1]), stacks' next indices (n0)
 *   p->m      metadata that goes from ingress to egress
 *   p->c      metadata that does not, and may be read before it is written
 *   p->l      metadata that is neither: the program's local variables
 *   p->h      headers: the fields that the program works with
 *   p->raw    headers: their octets as they came, where not all fields are in p->h
 *   packet->sm  v1model's standard_metadata
 */
import { STANDARD_METADATA } from '../decode-declarations.js';
import type { Field, FieldRef, HeaderRef, Program } from '../model.js';
import { at } from '../scope.js';
import { metadataPlace } from './liveness.js';
import type { MetadataPlace } from './liveness.js';
import { usageOf } from './usage.js';

/** The member of struct phv for each place of metadata. */
const MEMBERS: Readonly<Record<MetadataPlace, string>> = { carried: 'm', cleared: 'c', local: 'l' };

/** Fields of struct tp_standard_metadata, and how wide C has them. */
const STANDARD_FIELDS: ReadonlyMap<string, number> = new Map([
  ['ingress_port', 9],
  ['egress_spec', 9],
  ['egress_port', 9],
  ['instance_type', 32],
  ['packet_length', 32],
  ['enq_timestamp', 32],
  ['enq_qdepth', 19],
  ['deq_timedelta', 32],
  ['deq_qdepth', 19],
  ['ingress_global_timestamp', 48],
  ['egress_global_timestamp', 48],
  ['mcast_grp', 16],
  ['egress_rid', 16],
  ['checksum_error', 1],
  ['parser_error', 32],
  ['priority', 3],
]);

/** The C type that holds a field. */
export function fieldType(field: Field): string {
  if (field.bitwidth > 64) {
    return field.signed ? 'tp_i128' : 'tp_u128';
  }
  return `${field.signed ? 'int' : 'uint'}${storageBits(field)}_t`;
}

/** The bits of the C type that holds a field. */
export function storageBits(field: Field): number {
  return [8, 16, 32, 64, 128].find((bits) => field.bitwidth <= bits) ?? 128;
}

/** A header in C. */
export interface HeaderNames {
  /** The struct of its fields. */
  readonly value: string;
  readonly valid: string;
  /** The array of its octets, if they are kept. */
  readonly raw: string | null;
}

/** `index` is C for a dynamic index, where the header is found by one. */
export function headerNames(program: Program, ref: HeaderRef, index: string): HeaderNames {
  if (ref.kind !== 'instance') {
    const { type } = at(program.stacks, ref.stack);
    return placed(program, type, `s${ref.stack}[${index}]`);
  }
  const { role, element, type } = at(program.headers, ref.header);
  if (role === 'metadata' || role === 'standardMetadata') {
    return { value: `p->m.h${ref.header}`, valid: 'true', raw: null };
  }
  if (element !== null) {
    return placed(program, type, `s${element.stack}[${element.index}]`);
  }
  const names = placed(program, type, `h${ref.header}`);
  return role === 'intrinsic' ? { ...names, valid: 'true' } : names;
}

function placed(program: Program, type: number, name: string): HeaderNames {
  const { hasRaw } = at(usageOf(program), type);
  return { value: `p->h.${name}`, valid: `p->v.${name}`, raw: hasRaw ? `p->raw.${name}` : null };
}

/** A field of a header that is there for sure, as an lvalue. */
export function fieldName(program: Program, ref: FieldRef, index: string): string {
  if (ref.header.kind === 'instance') {
    const { role } = at(program.headers, ref.header.header);
    const { name, bitwidth } = at(at(program.headerTypes, ref.type).fields, ref.field);
    if (role === 'standardMetadata' && STANDARD_FIELDS.get(name) === bitwidth) {
      return `packet->sm.${name}`;
    }
  }
  if (ref.header.kind === 'instance') {
    const { header } = ref.header;
    if (at(program.headers, header).role === 'metadata') {
      return `p->${MEMBERS[metadataPlace(program, header, ref.field)]}.h${header}.f${ref.field}`;
    }
  }
  return `${headerNames(program, ref.header, index).value}.f${ref.field}`;
}

/** The standard metadata's instance, if the program declares it. */
export function standardMetadataType(program: Program): number | null {
  const header = program.headers.find((item) => item.name === STANDARD_METADATA);
  return header?.type ?? null;
}
