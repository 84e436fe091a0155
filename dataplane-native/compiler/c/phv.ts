/** The packet header vector: struct phv. */
import { fail } from '../failure.js';
import { LIMITS } from '../limits.js';
import type { HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { fieldType, isLocal, storageBits } from './names.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';
import { usageOf } from './usage.js';
import type { TypeUsage } from './usage.js';

const PLACE = { path: '$.headers', source: null };

export function emitPhv(program: Program): string[] {
  checkSize(program);
  const usage = usageOf(program);
  const isMetadata = (type: number): boolean =>
    program.headers.some((header) => header.type === type && header.role === 'metadata');
  const instanceOf = (type: number): number =>
    program.headers.findIndex((header) => header.type === type);
  const types = program.headerTypes.flatMap((type, i) => {
    const leastBits = isMetadata(i) ? 64 : 8;
    const local = (field: number): boolean => isLocal(program, instanceOf(i), field);
    if (!isMetadata(i))
      return emitHeaderType(`type${i}`, type, at(usage, i), leastBits, () => true);
    return [
      ...emitHeaderType(`type${i}`, type, at(usage, i), leastBits, (field) => !local(field)),
      ...emitHeaderType(`locals${i}`, type, at(usage, i), leastBits, local),
    ];
  });
  const valid = ['uint8_t unused;'];
  const headers = ['uint8_t unused;'];
  const metadata = ['uint32_t digest_plus1;'];
  const locals = ['uint8_t unused;'];
  const raw = ['uint8_t unused;'];
  const rawOctets = (type: number): number =>
    at(usage, type).hasRaw ? at(program.headerTypes, type).bits / 8 : 0;
  program.headers.forEach(({ role, type, element }, i) => {
    if (role === 'metadata' || role === 'standardMetadata') {
      metadata.push(`struct type${type} h${i};`);
      if (role === 'metadata') locals.push(`struct locals${type} h${i};`);
    } else if (element === null) {
      headers.push(`struct type${type} h${i};`);
      valid.push(`uint64_t h${i};`);
      if (rawOctets(type) > 0) {
        raw.push(`uint8_t h${i}[${rawOctets(type)}];`);
      }
    }
  });
  program.stacks.forEach(({ type, headers: elements }, i) => {
    headers.push(`struct type${type} s${i}[${elements.length}];`);
    valid.push(`uint8_t s${i}[${elements.length}];`, `uint16_t n${i};`);
    if (rawOctets(type) > 0) {
      raw.push(`uint8_t s${i}[${elements.length}][${rawOctets(type)}];`);
    }
  });
  program.unionStacks.forEach((_, i) => {
    valid.push(`uint16_t u${i};`);
  });
  return [
    ...types,
    'struct valid {',
    ...valid,
    '};',
    'struct metadata {',
    ...metadata,
    '};',
    'struct headers {',
    ...headers,
    '};',
    'struct raw {',
    ...raw,
    '};',
    'struct locals {',
    ...locals,
    '};',
    // What ingress clears, what goes to a copy besides, what does neither.
    'struct phv {',
    '_Alignas(16) struct valid v;',
    'struct metadata m;',
    'struct headers h;',
    '_Alignas(16) struct raw raw;',
    '_Alignas(16) struct locals l;',
    '};',
  ];
}

/**
 * Metadata and validities are read soon after they were written, and often several at once: C
 * compilers then load neighbours in one go, which stalls on the narrower stores. In words of their
 * own they cannot.
 */
function emitHeaderType(
  name: string,
  type: HeaderType,
  usage: TypeUsage,
  leastBits: number,
  isWanted: (field: number) => boolean,
): string[] {
  // Wide fields first: no padding between them. An empty struct is not C.
  const order = type.fields
    .map((field, i) => ({ field: { ...field, bitwidth: Math.max(field.bitwidth, leastBits) }, i }))
    .filter(({ i }) => usage.members[i] === true && isWanted(i))
    .sort((a, b) => storageBits(b.field) - storageBits(a.field));
  const { varbit } = type;
  const isWhole = name.startsWith('type');
  const variable =
    varbit === null || !isWhole
      ? []
      : [`uint32_t ${VARBIT_BITS};`, `uint8_t ${VARBIT_OCTETS}[${Math.max(varbit.maxOctets, 1)}];`];
  return [
    `struct ${name} {`,
    ...(order.length + variable.length === 0 ? ['uint8_t unused;'] : []),
    ...order.map(({ field, i }) => `${fieldType(field)} f${i};`),
    ...variable,
    '};',
  ];
}

function checkSize(program: Program): void {
  const octets = program.headers.reduce((sum, { type }) => {
    const { fields, varbit } = at(program.headerTypes, type);
    const own = fields.reduce((part, field) => part + Math.max(storageBits(field) / 8, 8) * 2, 16);
    return sum + own + (varbit?.maxOctets ?? 0);
  }, 0);
  if (octets > LIMITS.phvOctets) {
    fail(PLACE, 'LIMIT', `headers and metadata of ${octets} octets, at most ${LIMITS.phvOctets}`);
  }
}
