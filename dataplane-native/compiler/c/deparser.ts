/** The deparser: puts the valid headers in front of the payload, in place. */
import type { Program } from '../model.js';
import { at } from '../scope.js';
import { emitHeader } from './bits.js';
import { headerNames } from './names.js';
import { usageOf } from './usage.js';
import { insertVarbit, variableOctets } from './varbit.js';

/** Emits `deparse_frame`: true, or false where there is no room in front of the payload. */
export function emitDeparser(program: Program): string[] {
  const headers = program.deparser.map((header) => {
    const names = headerNames(program, { kind: 'instance', header }, '');
    const type = at(program.headerTypes, at(program.headers, header).type);
    const usage = at(usageOf(program), at(program.headers, header).type);
    return { names, valid: names.valid, type, usage, octets: type.bits / 8 };
  });
  const sizes = headers.map(
    ({ names, valid, type, octets }) =>
      `octets += (${valid} != 0) * (${octets}u${variableOctets(type, names)});`,
  );
  const stores = headers.flatMap(({ names, valid, type, usage, octets }) => [
    `if (${valid} != 0) {`,
    ...emitHeader(type, usage, names, 'at'),
    ...insertVarbit(type, names),
    `at += ${octets}${variableOctets(type, names)};`,
    '}',
  ]);
  return [
    'static bool deparse_frame(struct tp_packet *packet, const struct phv *restrict p) {',
    'uint32_t octets = 0;',
    ...sizes,
    'uint8_t *const payload = packet->data + packet->payload_offset;',
    'if ((size_t)(payload - packet->buffer) < octets) { return false; }',
    'uint8_t *restrict at = payload - octets;',
    'packet->data = at;',
    'packet->length = packet->length - packet->payload_offset + octets;',
    'packet->payload_offset = octets;',
    '(void)p; (void)at;',
    ...stores,
    'return true;',
    '}',
  ];
}
