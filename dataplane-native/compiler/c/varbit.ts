/** Varbits in C: a header's struct has the octets, and how many bits of them there are. */
import type { HeaderRef, HeaderType } from '../model.js';
import type { ExpressionEmitter } from './expression.js';
import { headerNames } from './names.js';
import type { HeaderNames } from './names.js';

/** The members of a header's struct for its varbit: how long it is, and its octets. */
export const VARBIT_BITS = 'var_bits';
export const VARBIT_OCTETS = 'var_octets';

/** C for the octets of a header's varbit, and for how many there are: two arguments. */
export function varbitText(emitter: ExpressionEmitter, ref: HeaderRef): string {
  const { index, guard } = emitter.place(ref);
  const { value } = headerNames(emitter.program, ref, index);
  const octets = `${value}.${VARBIT_BITS} / 8`;
  return guard === null
    ? `${value}.${VARBIT_OCTETS}, ${octets}`
    : `${guard} ? ${value}.${VARBIT_OCTETS} : NULL, ${guard} ? ${octets} : 0`;
}

export function variableOctets({ varbit }: HeaderType, { value }: HeaderNames): string {
  return varbit === null ? '' : ` + ${value}.${VARBIT_BITS} / 8`;
}

/** Makes room for a varbit between the fields, which stand at `at` already. */
export function insertVarbit({ varbit, bits }: HeaderType, { value }: HeaderNames): string[] {
  if (varbit === null) {
    return [];
  }
  const count = `${value}.${VARBIT_BITS} / 8`;
  const after = bits / 8 - varbit.at;
  const move = `memmove(at + ${varbit.at} + ${count}, at + ${varbit.at}, ${after});`;
  return [
    ...(after === 0 ? [] : [move]),
    `memcpy(at + ${varbit.at}, ${value}.${VARBIT_OCTETS}, ${count});`,
  ];
}
