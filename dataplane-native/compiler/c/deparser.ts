/** The deparser: puts the valid headers in front of the payload. See frame.ts. */
import type { HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { emitHeader, patchHeader } from './bits.js';
import { isChanged } from './frame.js';
import { headerNames } from './names.js';
import type { HeaderNames } from './names.js';
import { usageOf } from './usage.js';
import type { TypeUsage } from './usage.js';
import { insertVarbit, variableOctets } from './varbit.js';

/** Far more than any frame has of headers; what needs more is lost. */
const MAX_HEADER_OCTETS = 16_384;

interface Emitted {
  readonly header: number;
  readonly names: HeaderNames;
  readonly type: HeaderType;
  readonly usage: TypeUsage;
  /** C: how long it is. */
  readonly octets: string;
}

/** Emits `deparse_frame`: true, or false where there is no room in front of the payload. */
export function emitDeparser(program: Program): string[] {
  const headers = program.deparser.map((header): Emitted => {
    const index = at(program.headers, header).type;
    const type = at(program.headerTypes, index);
    const names = headerNames(program, { kind: 'instance', header }, '');
    const octets = `${type.bits / 8}u${variableOctets(type, names)}`;
    return { header, names, type, usage: at(usageOf(program), index), octets };
  });
  return [
    ...emitStoreChanged(program, headers),
    ...emitRebuild(headers),
    'static inline bool deparse_frame(struct tp_packet *packet, struct phv *restrict p) {',
    'if (__builtin_expect(p->v.in_place != packet->payload_offset, 0)) {',
    'return rebuild_headers(packet, p);',
    '}',
    'if (__builtin_expect(p->v.changed != 0, 0)) { store_changed(packet, p); }',
    'return true;',
    '}',
  ];
}

/** The headers as far as something is done with one; the lengths of the others are nobody's. */
function upToLast(
  headers: readonly Emitted[],
  has: (header: Emitted) => boolean,
): readonly Emitted[] {
  return headers.slice(0, headers.findLastIndex(has) + 1);
}

function emitStoreChanged(program: Program, headers: readonly Emitted[]): string[] {
  const patchesOf = ({ type, usage, names }: Emitted): readonly string[] =>
    type.varbit === null ? patchHeader(type, usage, names, 'at') : [];
  const reached = upToLast(headers, (header) => patchesOf(header).length > 0);
  const stores = reached.flatMap((emitted, i) => {
    const { header, names, octets } = emitted;
    const patches = patchesOf(emitted);
    return [
      `if (${names.valid} != 0) {`,
      ...(patches.length === 0 ? [] : [`if (${isChanged(program, header)}) {`, ...patches, '}']),
      ...(i === reached.length - 1 ? [] : [`at += ${octets};`]),
      '}',
    ];
  });
  return [
    '/* The headers are where they were: stores what was written to. */',
    'static __attribute__((noinline)) void store_changed(struct tp_packet *packet,',
    'struct phv *restrict p) {',
    ...(stores.length === 0 ? [] : ['uint8_t *restrict at = packet->data;']),
    ...stores,
    'p->v.changed = 0;',
    '}',
  ];
}

function emitRebuild(headers: readonly Emitted[]): string[] {
  const most = headers.reduce(
    (sum, { type }) => sum + type.bits / 8 + (type.varbit?.maxOctets ?? 0),
    1,
  );
  const stored = headers.filter(({ type }) => type.bits > 0 || type.varbit !== null);
  const stores = stored.flatMap(({ names, type, usage, octets }) => [
    `if (${names.valid} != 0) {`,
    ...emitHeader(type, usage, names, 'at', 'packet->data'),
    ...insertVarbit(type, names),
    `at += ${octets};`,
    '}',
  ]);
  // Only now: a header that is there twice is copied twice from where it was.
  const reached = upToLast(headers, ({ names }) => names.origin !== null);
  const moves = reached.flatMap(({ names, octets }, i) => [
    `if (${names.valid} != 0) {`,
    ...(names.origin === null ? [] : [`${names.origin} = count;`]),
    ...(i === reached.length - 1 ? [] : [`count += ${octets};`]),
    '}',
  ]);
  return [
    '/* Headers were added, removed or moved: puts all of them in front of the payload. */',
    'static __attribute__((noinline)) bool rebuild_headers(struct tp_packet *packet,',
    'struct phv *restrict p) {',
    `uint8_t headers[${Math.min(most, MAX_HEADER_OCTETS)}];`,
    'uint32_t count = 0;',
    ...headers.map(({ names, octets }) => `count += (${names.valid} != 0) * (${octets});`),
    'uint8_t *const payload = packet->data + packet->payload_offset;',
    'if ((size_t)(payload - packet->buffer) < count || count > sizeof headers) { return false; }',
    ...(stores.length === 0 ? [] : ['uint8_t *restrict at = headers;']),
    ...stores,
    'memcpy(payload - count, headers, count);',
    'packet->data = payload - count;',
    'packet->length = packet->length - packet->payload_offset + count;',
    'packet->payload_offset = count;',
    'p->v.in_place = count;',
    'p->v.changed = 0;',
    ...(moves.length === 0 ? [] : ['count = 0;', ...moves]),
    'return true;',
    '}',
  ];
}
