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

function emitStoreChanged(program: Program, headers: readonly Emitted[]): string[] {
  const stores = headers.flatMap(({ header, names, type, usage, octets }) => {
    const patches = patchHeader(type, usage, names, 'at');
    return [
      `if (${names.valid} != 0) {`,
      ...(patches.length === 0 || type.varbit !== null
        ? []
        : [`if (${isChanged(program, header)}) {`, ...patches, '}']),
      `at += ${octets};`,
      '}',
    ];
  });
  return [
    '/* The headers are where they were: stores what was written to. */',
    'static __attribute__((noinline)) void store_changed(struct tp_packet *packet,',
    'struct phv *restrict p) {',
    'uint8_t *restrict at = packet->data;',
    ...stores,
    '(void)at;',
    'p->v.changed = 0;',
    '}',
  ];
}

function emitRebuild(headers: readonly Emitted[]): string[] {
  const most = headers.reduce(
    (sum, { type }) => sum + type.bits / 8 + (type.varbit?.maxOctets ?? 0),
    1,
  );
  const stores = headers.flatMap(({ names, type, usage, octets }) => [
    `if (${names.valid} != 0) {`,
    ...emitHeader(type, usage, names, 'at', 'packet->data'),
    ...insertVarbit(type, names),
    `at += ${octets};`,
    '}',
  ]);
  // Only now: a header that is there twice is copied twice from where it was.
  const moves = headers.flatMap(({ names, octets }) => [
    `if (${names.valid} != 0) {`,
    ...(names.origin === null ? [] : [`${names.origin} = count;`]),
    `count += ${octets};`,
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
    'uint8_t *restrict at = headers;',
    ...stores,
    '(void)at;',
    'memcpy(payload - count, headers, count);',
    'packet->data = payload - count;',
    'packet->length = packet->length - packet->payload_offset + count;',
    'packet->payload_offset = count;',
    'p->v.in_place = count;',
    'p->v.changed = 0;',
    'count = 0;',
    ...moves,
    'return true;',
    '}',
  ];
}
