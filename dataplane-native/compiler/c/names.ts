/**
 * How the program's things are called in C. Names come from indices, never from the JSON.
 *
 *   p->v      validity of headers (bit i of valid_0), of stack elements (s0[1]), stacks' next indices (n0)
 *   p->m      metadata that goes from ingress to egress
 *   p->a      of these, what ingress gives a value whatever the frame
 *   l         metadata that does not: the program's local variables
 *   l->c      of these, what may be read before it is written
 *   p->h      headers: the fields that the program works with
 *   p->at     headers: where in the frame their octets are, where not all fields are in p->h
 *   p->raw    headers with a varbit: their octets as they came
 *   packet->sm  v1model's standard_metadata
 */
import { STANDARD_METADATA } from '../decode-declarations.js';
import type { Field, FieldRef, HeaderRef, Program } from '../model.js';
import { at } from '../scope.js';
import { metadataPlace } from './liveness.js';
import type { MetadataPlace } from './liveness.js';
import { usageOf } from './usage.js';

/** Where each kind of metadata is: see phv.ts. */
const MEMBERS: Readonly<Record<MetadataPlace, string>> = {
  assigned: 'p->a',
  carried: 'p->m',
  cleared: 'l->c',
  local: 'l',
};

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
  /** C that is not zero where it is valid. */
  readonly valid: string;
  /** Statements. */
  readonly makeValid: string;
  readonly makeInvalid: string;
  /** The array of its octets, if it has a varbit and they are kept. */
  readonly raw: string | null;
  /** Where its octets are in the frame, if they are kept there. */
  readonly origin: string | null;
}

/** `index` is C for a dynamic index, where the header is found by one. */
export function headerNames(program: Program, ref: HeaderRef, index: string): HeaderNames {
  if (ref.kind !== 'instance') {
    const { type } = at(program.stacks, ref.stack);
    return placed(program, type, `s${ref.stack}[${index}]`);
  }
  const { role, element, type } = at(program.headers, ref.header);
  if (role === 'metadata' || role === 'standardMetadata') {
    return { ...ALWAYS_VALID, value: `p->m.h${ref.header}`, raw: null, origin: null };
  }
  if (element !== null) {
    return placed(program, type, `s${element.stack}[${element.index}]`);
  }
  const names = { ...placed(program, type, `h${ref.header}`), ...validity(ref.header) };
  return role === 'intrinsic' ? { ...names, ...ALWAYS_VALID } : names;
}

const ALWAYS_VALID = { valid: 'true', makeValid: '', makeInvalid: '' };

/** Validities of headers by themselves are bits, 64 to a word. */
function validity(header: number): Pick<HeaderNames, 'valid' | 'makeValid' | 'makeInvalid'> {
  const word = validWord(header);
  const bit = `UINT64_C(0x${(1n << BigInt(header % 64)).toString(16)})`;
  return {
    valid: `(${word} & ${bit})`,
    makeValid: `${word} |= ${bit};`,
    makeInvalid: `${word} &= ~${bit};`,
  };
}

/** The word that has the bit of a header by itself. */
export function validWord(header: number): string {
  return `p->v.valid_${header >> 6}`;
}

function placed(program: Program, type: number, name: string): HeaderNames {
  const { kept } = at(usageOf(program), type);
  return {
    value: `p->h.${name}`,
    valid: `p->v.${name}`,
    makeValid: `p->v.${name} = 1;`,
    makeInvalid: `p->v.${name} = 0;`,
    raw: kept === 'octets' ? `p->raw.${name}` : null,
    origin: kept === 'offset' ? `p->at.${name}` : null,
  };
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
      const place = MEMBERS[metadataPlace(program, header, ref.field)];
      return `${place}${place === 'l' ? '->' : '.'}h${header}.f${ref.field}`;
    }
  }
  return `${headerNames(program, ref.header, index).value}.f${ref.field}`;
}

/** The standard metadata's instance, if the program declares it. */
export function standardMetadataType(program: Program): number | null {
  const header = program.headers.find((item) => item.name === STANDARD_METADATA);
  return header?.type ?? null;
}
