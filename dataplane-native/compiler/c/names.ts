/**
 * How the program's things are called in C (see identifiers.ts).
 *
 *   p->v      which headers are valid, and stacks' next indices
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
import type { Field, FieldRef, HeaderRef, HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { identifier } from './identifiers.js';
import { boundMember } from './intrinsic.js';
import { metadataPlace } from './liveness.js';
import type { MetadataPlace } from './liveness.js';
import { hasMembers, usageOf } from './usage.js';

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

/** The member of a struct for a header by itself. */
export function headerName(program: Program, header: number): string {
  return identifier(at(program.headers, header).name, 'h', header);
}

export function stackName(program: Program, stack: number): string {
  return identifier(at(program.stacks, stack).name, 's', stack);
}

/** How many elements of a stack are filled. */
export function stackNext(program: Program, stack: number): string {
  return `p->v.next_${stackName(program, stack)}`;
}

/** The same of a stack of header unions. */
export function unionStackNext(program: Program, stack: number): string {
  return `p->v.next_${identifier(at(program.unionStacks, stack).name, 'u', stack)}`;
}

export function typeName(program: Program, type: number): string {
  return identifier(at(program.headerTypes, type).name, 't', type);
}

/** The member of a header's struct for a field. */
export function memberName(type: HeaderType, field: number): string {
  return identifier(at(type.fields, field).name, 'f', field);
}

/** The function that computes a hash or a checksum. */
export function calculationName(program: Program, calculation: number): string {
  return identifier(at(program.calculations, calculation).name, 'calculation', calculation);
}

/** The constant for a header by itself: its bit in a word that has one for each. */
export function headerBit(program: Program, header: number): string {
  return `BIT_${headerName(program, header)}`;
}

/** A header in C. */
export interface HeaderNames {
  /** The struct of its fields. */
  readonly value: string;
  /** Whether there is such a struct. */
  readonly hasValue: boolean;
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
    return placed(program, type, `${stackName(program, ref.stack)}[${index}]`);
  }
  const { role, element, type } = at(program.headers, ref.header);
  if (role === 'metadata' || role === 'standardMetadata') {
    return {
      ...ALWAYS_VALID,
      value: `p->m.${headerName(program, ref.header)}`,
      hasValue: true,
      raw: null,
      origin: null,
    };
  }
  if (element !== null) {
    return placed(program, type, `${stackName(program, element.stack)}[${element.index}]`);
  }
  const name = headerName(program, ref.header);
  const names = { ...placed(program, type, name), ...validity(program, ref.header) };
  return role === 'intrinsic' ? { ...names, ...ALWAYS_VALID } : names;
}

const ALWAYS_VALID = { valid: 'true', makeValid: '', makeInvalid: '' };

/** Validities of headers by themselves are bits, 64 to a word. */
function validity(
  program: Program,
  header: number,
): Pick<HeaderNames, 'valid' | 'makeValid' | 'makeInvalid'> {
  const word = validWord(header);
  const bit = headerBit(program, header);
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
    hasValue: hasMembers(program, type),
    valid: `p->v.${name}`,
    makeValid: `p->v.${name} = 1;`,
    makeInvalid: `p->v.${name} = 0;`,
    raw: kept === 'octets' ? `p->raw.${name}` : null,
    origin: kept === 'offset' ? `p->at.${name}` : null,
  };
}

/** Whether a field of v1model's standard_metadata is struct tp_standard_metadata's own. */
export function isOwnStandard({ name, bitwidth }: Field): boolean {
  return STANDARD_FIELDS.get(name) === bitwidth;
}

/** Whether C has a field as uint64_t: metadata is kept in words. */
export function isWord(program: Program, { header, type, field }: FieldRef): boolean {
  const { bitwidth, signed } = at(at(program.headerTypes, type).fields, field);
  return (
    header.kind === 'instance' &&
    at(program.headers, header.header).role === 'metadata' &&
    bitwidth <= 64 &&
    !signed
  );
}

/** A field of a header that is there for sure, as an lvalue. */
export function fieldName(program: Program, ref: FieldRef, index: string): string {
  if (ref.header.kind === 'instance') {
    const { role } = at(program.headers, ref.header.header);
    const field = at(at(program.headerTypes, ref.type).fields, ref.field);
    if (role === 'standardMetadata' && isOwnStandard(field)) {
      return `packet->sm.${field.name}`;
    }
    if (role === 'intrinsic') {
      const bound = boundMember(program, ref);
      if (bound !== null) return bound;
    }
  }
  if (ref.header.kind === 'instance') {
    const { header } = ref.header;
    if (at(program.headers, header).role === 'metadata') {
      const place = MEMBERS[metadataPlace(program, header, ref.field)];
      return `${place}${place === 'l' ? '->' : '.'}${headerName(program, header)}.${memberName(at(program.headerTypes, ref.type), ref.field)}`;
    }
  }
  return `${headerNames(program, ref.header, index).value}.${memberName(at(program.headerTypes, ref.type), ref.field)}`;
}

/** The standard metadata's instance, if the program declares it. */
export function standardMetadataType(program: Program): number | null {
  const header = program.headers.find((item) => item.name === STANDARD_METADATA);
  return header?.type ?? null;
}
