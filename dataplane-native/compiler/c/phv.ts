/** The packet header vector: struct phv. */
import { fail } from '../failure.js';
import { LIMITS } from '../limits.js';
import type { Field, HeaderRole, HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { boundMember } from './intrinsic.js';
import { metadataPlace } from './liveness.js';
import type { MetadataPlace } from './liveness.js';
import {
  fieldType,
  headerBit,
  headerName,
  isOwnStandard,
  memberName,
  stackName,
  storageBits,
  typeName,
  unionStackNext,
} from './names.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';
import { isWordWindow, wordBits, wordName } from './windows.js';
import type { Window } from './windows.js';
import { hasMembers, usageOf } from './usage.js';
import type { TypeUsage } from './usage.js';

const PLACE = { path: '$.headers', source: null };

/** The parts of struct phv that a program has. */
export interface PhvParts {
  /** Of p->at, raw, a, v, h and m those that there are. */
  readonly members: ReadonlySet<string>;
  /** The member with which what is copied from frame to frame ends. */
  readonly end: 'sent' | 'end';
}

export function phvParts(program: Program): PhvParts {
  const members = structsOf(program).flatMap(([, lines, member]) =>
    lines.length > 0 ? [member] : [],
  );
  return { members: new Set(members), end: hasTransmitEvents(program) ? 'sent' : 'end' };
}

/** Whether frames may come back to egress with the time at which they left. */
export function hasTransmitEvents(program: Program): boolean {
  return program.headers.some(
    ({ role, type }) =>
      role === 'intrinsic' &&
      at(program.headerTypes, type).fields.some(({ name }) => name === 'event_request'),
  );
}

type Struct = readonly [name: string, lines: readonly string[], member: string];

/** What struct phv is made of, in its order; some of it a program may not have. */
function structsOf(program: Program): readonly Struct[] {
  return [
    ['origins', storedHeaders(program, 'offset'), 'at'],
    ['raw', storedHeaders(program, 'octets'), 'raw'],
    ['assigned', metadataMembers(program, 'assigned'), 'a'],
    ['valid', validMembers(program), 'v'],
    ['headers', headerMembers(program), 'h'],
    ['carried', metadataMembers(program, 'carried'), 'm'],
    // What a deferred correction changes in a frame that comes back with a TX event.
    ['sent', hasTransmitEvents(program) ? SENT : [], 'sent'],
  ];
}

/** Whole blocks of these octets are cleared and copied. */
const ALIGNED: ReadonlySet<string> = new Set(['v', 'sent']);

export function emitPhv(program: Program): string[] {
  checkSize(program);
  const used = structsOf(program).filter(([, lines]) => lines.length > 0);
  const locals: readonly Struct[] = [
    ['cleared', ['uint32_t digest_plus1;', ...metadataMembers(program, 'cleared')], 'c'],
    ['locals', ['struct cleared c;', ...metadataMembers(program, 'local')], ''],
  ];
  return [
    ...emitBits(program),
    ...emitHeaderTypes(program),
    ...[...used, ...locals].flatMap(([name, lines]) => [`struct ${name} {`, ...lines, '};']),
    '/* Copies of a frame get all of it but what was sent; a frame begins with zeros from v to m. */',
    'struct phv {',
    ...used.map(
      ([name, , member]) =>
        `${ALIGNED.has(member) ? '_Alignas(16) ' : ''}struct ${name} ${member};`,
    ),
    ...(hasTransmitEvents(program) ? [] : ['_Alignas(16) uint8_t end[];']),
    '};',
  ];
}

const SENT = ['uint8_t correction[8];', 'uint8_t checksum[2];', 'uint32_t checksum_at;'];

/** The bit of each header that is one by itself, or an element of a stack. */
function emitBits(program: Program): string[] {
  return program.headers.flatMap(({ role }, i) =>
    role === 'header'
      ? [`#define ${headerBit(program, i)} 0x${(1n << BigInt(i % 64)).toString(16)}ul`]
      : [],
  );
}

function emitHeaderTypes(program: Program): string[] {
  const usage = usageOf(program);
  return program.headerTypes.flatMap((type, i) => {
    const roles = program.headers.flatMap((header) => (header.type === i ? [header.role] : []));
    if (!roles.some(isHeader) || !hasMembers(program, i)) return [];
    if (!roles.includes('intrinsic')) return emitHeaderType(program, i, type, at(usage, i));
    const members = type.fields.map((_, field) => !isBound(program, i, field));
    const words = { ...type, fields: type.fields.map(inWords) };
    return emitHeaderType(program, i, words, { ...at(usage, i), members });
  });
}

function isHeader(role: HeaderRole): boolean {
  return role === 'header' || role === 'intrinsic';
}

function isBound(program: Program, type: number, field: number): boolean {
  return boundMember(program, { type, field }) !== null;
}

/** What is by itself, each with its name. */
function eachHeader(program: Program, declare: (type: number, name: string) => string): string[] {
  return [
    ...program.headers.flatMap(({ role, type, element }, i) =>
      isHeader(role) && element === null ? [declare(type, headerName(program, i))] : [],
    ),
    ...program.stacks.map(({ type, headers }, i) =>
      declare(type, `${stackName(program, i)}[${headers.length}]`),
    ),
  ].filter((line) => line !== '');
}

function headerMembers(program: Program): string[] {
  return eachHeader(program, (type, name) =>
    hasMembers(program, type) ? `struct ${typeName(program, type)} ${name};` : '',
  );
}

/** Where octets are that no member stands for, or these themselves. */
function storedHeaders(program: Program, kept: 'offset' | 'octets'): string[] {
  return eachHeader(program, (type, name) => {
    if (at(usageOf(program), type).kept !== kept) return '';
    const octets = at(program.headerTypes, type).bits / 8;
    return kept === 'offset'
      ? `uint32_t ${name};`
      : octets > 0
        ? `uint8_t ${name}[${octets}];`
        : '';
  });
}

function validMembers(program: Program): string[] {
  const words = Array.from(
    { length: (program.headers.length + 63) >> 6 },
    (_, i) => `uint64_t valid_${i};`,
  );
  return [
    'uint64_t changed;',
    ...words,
    'uint32_t in_place;',
    ...(hasTransmitEvents(program) ? ['uint32_t sent_at;'] : []),
    ...program.stacks.flatMap(({ headers }, i) => {
      const name = stackName(program, i);
      return [`uint8_t ${name}[${headers.length}];`, `uint16_t next_${name};`];
    }),
    ...program.unionStacks.map(
      (_, i) => `uint16_t ${unionStackNext(program, i).replace('p->v.', '')};`,
    ),
  ];
}

/** Of each metadata header the fields that have this place. */
function metadataMembers(program: Program, place: MetadataPlace): string[] {
  return program.headers.flatMap(({ role, type }, i) => {
    const { fields, varbit } = at(program.headerTypes, type);
    if (role === 'standardMetadata' && place === 'carried') {
      // What struct tp_standard_metadata does not have: p4c's padding, most of the time.
      const others = fields.flatMap((field, index) =>
        isOwnStandard(field)
          ? []
          : [`${fieldType(field)} ${memberName(at(program.headerTypes, type), index)};`],
      );
      return others.length === 0 ? [] : ['struct {', ...others, `} ${headerName(program, i)};`];
    }
    if (role !== 'metadata') return [];
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
