/**
 * standard_metadata.packet_length in egress. simple_switch adds to the frame's length what setValid
 * adds to the headers, and takes off what setInvalid takes, in any control; headers that are assigned,
 * and stacks that move, do not count. A program whose egress does not look does not pay for it.
 */
import type { HeaderRef, Program } from '../model.js';
import { at } from '../scope.js';
import { AccessWalk } from './accesses.js';
import { STANDARD_METADATA } from '../decode-declarations.js';
import type { HeaderNames } from './names.js';
import { variableOctets } from './varbit.js';

const known = new WeakMap<Program, boolean>();

function readsLength(program: Program): boolean {
  const read = known.get(program) ?? findRead(program);
  known.set(program, read);
  return read;
}

function findRead(program: Program): boolean {
  let isRead = false;
  const walk = new AccessWalk(program, {
    read: ({ header, type, field }) => {
      if (header.kind !== 'instance') return;
      const { name } = at(program.headers, header.header);
      const { fields } = at(program.headerTypes, type);
      isRead ||= name === STANDARD_METADATA && at(fields, field).name === 'packet_length';
    },
    written: () => undefined,
    readAll: () => undefined,
  });
  for (const node of program.egress.nodes) {
    walk.node(node);
    const used = node.kind === 'call' ? [node.action] : node.kind === 'table' ? node.actions : [];
    for (const action of used) {
      for (const primitive of at(program.actions, action).primitives) walk.primitive(primitive);
    }
  }
  for (const primitive of program.deparserCode) walk.primitive(primitive);
  for (const { condition } of program.checksums) walk.expressions(condition ?? []);
  for (const { inputs } of program.calculations) {
    for (const input of inputs) walk.input(input);
  }
  return isRead;
}

/** C that notes that a header became valid, or is no more; nothing where nobody asks. */
export function noteGrowth(
  program: Program,
  ref: HeaderRef,
  names: HeaderNames,
  isValid: boolean,
): string[] {
  if (!readsLength(program)) return [];
  const { type: index } =
    ref.kind === 'instance' ? at(program.headers, ref.header) : at(program.stacks, ref.stack);
  const type = at(program.headerTypes, index);
  // One that becomes valid has no varbit yet.
  const variable = isValid ? '' : variableOctets(type, names);
  const sign = isValid ? '+' : '-';
  return [`packet->grown_octets ${sign}= (int32_t)(${type.bits / 8}u${variable});`];
}

/** C that gives egress its length. In a pass after the first, the frame has its new length already. */
export function setLength(program: Program): string[] {
  if (!readsLength(program)) return [];
  return [
    'if (packet->event.kind != TP_EVENT_NONE) { packet->grown_octets = 0; }',
    'packet->sm.packet_length = packet->length + (uint32_t)packet->grown_octets;',
  ];
}
