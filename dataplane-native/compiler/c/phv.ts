/** The packet header vector: struct phv. */
import { fail } from '../failure.js';
import { LIMITS } from '../limits.js';
import type { Field, HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { metadataPlace } from './liveness.js';
import type { MetadataPlace } from './liveness.js';
import {
  fieldType,
  headerBit,
  headerName,
  memberName,
  stackName,
  storageBits,
  typeName,
  unionStackNext,
} from './names.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';
import { isWordWindow, wordBits, wordName } from './windows.js';
import type { Window } from './windows.js';
import { usageOf } from './usage.js';
import type { TypeUsage } from './usage.js';

const PLACE = { path: '$.headers', source: null };

export function emitPhv(program: Program): string[] {
  checkSize(program);
  const usage = usageOf(program);
  const isIntrinsic = (type: number): boolean =>
    program.headers.some((header) => header.type === type && header.role === 'intrinsic');
  const isNeeded = (type: number): boolean =>
    program.headers.some((header) => header.type === type && header.role !== 'metadata');
  const types = program.headerTypes.flatMap((type, i) =>
    isNeeded(i)
      ? emitHeaderType(
          program,
          i,
          isIntrinsic(i) ? { ...type, fields: type.fields.map(inWords) } : type,
          at(usage, i),
        )
      : [],
  );
  const words = Array.from(
    { length: (program.headers.length + 63) >> 6 },
    (_, i) => `uint64_t valid_${i};`,
  );
  const valid = ['uint64_t changed;', ...words, 'uint32_t in_place;', 'uint32_t sent_at;'];
  const headers = ['uint8_t unused;'];
  const raw = ['uint8_t unused;'];
  const origins = ['uint8_t unused;'];
  const rawOctets = (type: number): number =>
    at(usage, type).kept === 'octets' ? at(program.headerTypes, type).bits / 8 : 0;
  program.headers.forEach(({ role, type, element }, i) => {
    if (role !== 'metadata' && role !== 'standardMetadata' && element === null) {
      const name = headerName(program, i);
      headers.push(`struct ${typeName(program, type)} ${name};`);
      if (rawOctets(type) > 0) {
        raw.push(`uint8_t ${name}[${rawOctets(type)}];`);
      }
      if (at(usage, type).kept === 'offset') {
        origins.push(`uint32_t ${name};`);
      }
    }
  });
  program.stacks.forEach(({ type, headers: elements }, i) => {
    const name = stackName(program, i);
    headers.push(`struct ${typeName(program, type)} ${name}[${elements.length}];`);
    valid.push(`uint8_t ${name}[${elements.length}];`, `uint16_t next_${name};`);
    if (rawOctets(type) > 0) {
      raw.push(`uint8_t ${name}[${elements.length}][${rawOctets(type)}];`);
    }
    if (at(usage, type).kept === 'offset') {
      origins.push(`uint32_t ${name}[${elements.length}];`);
    }
  });
  program.unionStacks.forEach((_, i) => {
    valid.push(`uint16_t ${unionStackNext(program, i).replace('p->v.', '')};`);
  });
  const structs: readonly (readonly [string, readonly string[]])[] = [
    ['valid', valid],
    ['headers', headers],
    ['origins', origins],
    ['raw', raw],
    ['assigned', ['uint8_t unused;', ...metadataMembers(program, 'assigned')]],
    ['carried', ['uint8_t unused;', ...metadataMembers(program, 'carried')]],
    ['cleared', ['uint32_t digest_plus1;', ...metadataMembers(program, 'cleared')]],
    ['locals', ['struct cleared c;', ...metadataMembers(program, 'local')]],
  ];
  return [
    ...program.headers.map(
      (_, i) =>
        `#define ${headerBit(program, i)} UINT64_C(0x${(1n << BigInt(i % 64)).toString(16)})`,
    ),
    ...types,
    ...structs.flatMap(([name, members]) => [`struct ${name} {`, ...members, '};']),
    // Copies of a frame get all of it but what was sent; a frame begins with zeros from v to m.
    'struct phv {',
    '_Alignas(16) struct origins at;',
    'struct raw raw;',
    'struct assigned a;',
    '_Alignas(16) struct valid v;',
    'struct headers h;',
    'struct carried m;',
    // What a deferred correction changes in a frame that comes back with a TX event.
    '_Alignas(16) uint8_t sent_correction[8];',
    'uint8_t sent_checksum[2];',
    'uint32_t sent_checksum_at;',
    '};',
  ];
}

/** Of each metadata header the fields that have this place. */
function metadataMembers(program: Program, place: MetadataPlace): string[] {
  return program.headers.flatMap(({ role, type }, i) => {
    if (role === 'standardMetadata' && place === 'carried') {
      return [`struct ${typeName(program, type)} ${headerName(program, i)};`];
    }
    if (role !== 'metadata') return [];
    const { fields, varbit } = at(program.headerTypes, type);
    const wanted = fields
      .map((field, index) => ({ field, index }))
      .filter(({ index }) => metadataPlace(program, i, index) === place)
      .map(({ field, index }) => ({ field: inWords(field), index }))
      .sort((a, b) => storageBits(b.field) - storageBits(a.field));
    const members = [
      ...wanted.map(
        ({ field, index }) =>
          `${fieldType(field)} ${memberName(at(program.headerTypes, type), index)};`,
      ),
      ...(place === 'carried' ? varbitMembers(varbit) : []),
    ];
    return members.length === 0 ? [] : ['struct {', ...members, `} ${headerName(program, i)};`];
  });
}

/**
 * Metadata and validities are read soon after they were written, and often several at once: C
 * compilers then load neighbours in one go, which stalls on the narrower stores. In words of their
 * own they cannot.
 */
function inWords(field: Field): Field {
  return { ...field, bitwidth: Math.max(field.bitwidth, 64) };
}

function varbitMembers(varbit: HeaderType['varbit']): string[] {
  return varbit === null
    ? []
    : [`uint32_t ${VARBIT_BITS};`, `uint8_t ${VARBIT_OCTETS}[${Math.max(varbit.maxOctets, 1)}];`];
}

/** A header's struct: words with fields for their parts, and fields by themselves. */
function emitHeaderType(
  program: Program,
  index: number,
  type: HeaderType,
  usage: TypeUsage,
): string[] {
  const words = usage.windows.filter(isWordWindow);
  const inWord = new Set(words.flatMap(({ fields }) => fields));
  const alone = type.fields
    .map((field, i) => ({ field, i }))
    .filter(({ i }) => usage.members[i] === true && !inWord.has(i));
  const members = [
    ...words.map((window) => ({ bits: wordBits(window), lines: emitWord(type, window) })),
    ...alone.map(({ field, i }) => ({
      bits: storageBits(field),
      lines: [`${fieldType(field)} ${memberName(type, i)};`],
    })),
  ].sort((a, b) => b.bits - a.bits); // wide ones first: no padding between them
  const variable = varbitMembers(type.varbit);
  return [
    `struct ${typeName(program, index)} {`,
    // An empty struct is not C.
    ...(members.length + variable.length === 0 ? ['uint8_t unused;'] : []),
    ...members.flatMap(({ lines }) => lines),
    ...variable,
    '};',
  ];
}

/** The last field of a word is in its lowest bits: those are a struct's first, on the targets that we have. */
function emitWord(type: HeaderType, window: Window): string[] {
  const unit = `int${wordBits(window)}_t`;
  const parts = window.fields.map((i) => {
    const { signed, bitwidth } = at(type.fields, i);
    return `${signed ? '' : 'u'}${unit} ${memberName(type, i)} : ${bitwidth};`;
  });
  return ['union {', `u${unit} ${wordName(window)};`, 'struct {', ...parts.reverse(), '};', '};'];
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
