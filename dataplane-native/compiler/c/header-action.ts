/** Actions on headers as wholes: validity, copies, and stacks that move. */
import type { HeaderRef, Program } from '../model.js';
import { at } from '../scope.js';
import { isMetadata } from './accesses.js';
import { block } from './block.js';
import type { CodeContext } from './block.js';
import { REARRANGED } from './frame.js';
import { fieldName, headerNames, stackName, stackNext } from './names.js';
import type { HeaderNames } from './names.js';
import { noteGrowth } from './packet-length.js';
import { hasMembers, usageOf } from './usage.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';

/** An action on a header that may be a stack's element: `body` gets its names. */
function onHeader(
  context: CodeContext,
  ref: HeaderRef,
  body: (names: HeaderNames) => readonly string[],
): string[] {
  const { index, guard } = context.emitter.place(ref);
  const lines = body(headerNames(context.program, ref, index));
  return guard === null ? [...lines] : [`if (${guard}) {`, ...lines, '}'];
}

/** Fields of an invalid header read as zero, and a header that becomes valid has zeros. */
function clear(names: HeaderNames, isValid: boolean): string[] {
  const { value, hasValue, raw, origin } = names;
  const octets = isValid && raw !== null ? [`memset(${raw}, 0, sizeof ${raw});`] : [];
  if (isValid && origin !== null) octets.push(`${origin} = TP_NO_OCTETS;`);
  return hasValue ? [`memset(&${value}, 0, sizeof ${value});`, ...octets] : octets;
}

/** A header that becomes valid makes the others of its union invalid. */
export function invalidateOthers(program: Program, ref: HeaderRef): string[] {
  if (ref.kind !== 'instance') {
    return [];
  }
  const others = at(program.headers, ref.header).union.filter((other) => other !== ref.header);
  return others.flatMap((other) => {
    const names = headerNames(program, { kind: 'instance', header: other }, '');
    return [...clear(names, false), names.makeInvalid, REARRANGED];
  });
}

function copy(to: HeaderNames, from: HeaderNames): string[] {
  const octets =
    to.raw !== null && from.raw !== null
      ? [`memmove(${to.raw}, ${from.raw}, sizeof ${to.raw});`]
      : [];
  if (to.origin !== null && from.origin !== null) octets.push(`${to.origin} = ${from.origin};`);
  const values = to.hasValue ? [`${to.value} = ${from.value};`] : [];
  return [...values, ...octets, REARRANGED];
}

export function changeValidity(context: CodeContext, ref: HeaderRef, isValid: boolean): string[] {
  const lines = onHeader(context, ref, (names) =>
    names.valid === 'true'
      ? []
      : [
          `if (${names.valid} ${isValid ? '==' : '!='} 0) {`,
          ...noteGrowth(context.program, ref, names, isValid),
          ...clear(names, isValid),
          isValid ? names.makeValid : names.makeInvalid,
          REARRANGED,
          ...(isValid ? invalidateOthers(context.program, ref) : []),
          '}',
        ],
  );
  return block(context.emitter, lines);
}

export function assignHeader(context: CodeContext, to: HeaderRef, from: HeaderRef): string[] {
  const { emitter, program } = context;
  if (isMetadata(program, to) || isMetadata(program, from)) {
    return assignMetadata(context, to, from);
  }
  const origin = emitter.place(from);
  const source = headerNames(program, from, origin.index);
  const sourceValid = emitter.validText(from);
  const lines = onHeader(context, to, (names) => {
    if (names.valid === 'true') {
      return [`if (${sourceValid}) {`, ...copy(names, source), '}'];
    }
    return [
      `if (${sourceValid}) {`,
      ...copy(names, source),
      names.makeValid,
      ...invalidateOthers(program, to),
      '} else {',
      ...clear(names, false),
      names.makeInvalid,
      REARRANGED,
      '}',
    ];
  });
  return block(emitter, lines);
}

/** Metadata is always valid, and its fields are in different places. */
function assignMetadata(context: CodeContext, to: HeaderRef, from: HeaderRef): string[] {
  const { emitter, program } = context;
  const [target, origin] = [emitter.place(to), emitter.place(from)];
  const { type } =
    to.kind === 'instance' ? at(program.headers, to.header) : at(program.stacks, to.stack);
  const lines = at(program.headerTypes, type).fields.map((_, field) => {
    const name = (header: HeaderRef, index: string): string =>
      fieldName(program, { header, type, field }, index);
    return `${name(to, target.index)} = ${name(from, origin.index)};`;
  });
  const guards = [target.guard, origin.guard, emitter.validText(from)].filter(
    (guard) => guard !== null && guard !== 'true',
  );
  const body = guards.length === 0 ? lines : [`if (${guards.join(' && ')}) {`, ...lines, '}'];
  return block(emitter, body);
}

export function assignVarbit(context: CodeContext, to: HeaderRef, from: HeaderRef): string[] {
  const { emitter, program } = context;
  const origin = emitter.place(from);
  const source = headerNames(program, from, origin.index).value;
  const lines = onHeader(context, to, ({ value }) => [
    `${value}.${VARBIT_BITS} = ${source}.${VARBIT_BITS};`,
    REARRANGED,
    `memmove(${value}.${VARBIT_OCTETS}, ${source}.${VARBIT_OCTETS}, sizeof ${value}.${VARBIT_OCTETS});`,
  ]);
  const { guard } = origin;
  return block(emitter, guard === null ? lines : [`if (${guard}) {`, ...lines, '}']);
}

export function assignStack(program: Program, to: number, from: number): string[] {
  if (to === from) {
    return [];
  }
  const [target, origin] = [stackName(program, to), stackName(program, from)];
  const copied = (place: string): string =>
    `memcpy(${place}.${target}, ${place}.${origin}, sizeof ${place}.${target});`;
  return [
    ...partsOf(program, to).map(copied),
    `${stackNext(program, to)} = ${stackNext(program, from)};`,
    REARRANGED,
  ];
}

/** The members of struct phv that have something of a stack's headers. */
function partsOf(program: Program, stack: number): string[] {
  const { type } = at(program.stacks, stack);
  const { kept } = at(usageOf(program), type);
  return [
    ...(hasMembers(program, type) ? ['p->h'] : []),
    'p->v',
    ...(kept === null ? [] : [kept === 'octets' ? 'p->raw' : 'p->at']),
  ];
}

/** P4-16: the whole stack moves, and what comes in is invalid. */
export function shiftStack(
  program: Program,
  kind: 'push' | 'pop',
  stack: number,
  count: number,
): string[] {
  const size = at(program.stacks, stack).headers.length;
  const by = Math.min(count, size);
  if (by === 0) {
    return [];
  }
  const kept = size - by;
  const [to, from, cleared] = kind === 'push' ? [by, 0, 0] : [0, by, kept];
  const move = (array: string): string[] => [
    ...(kept > 0
      ? [`memmove(&${array}[${to}], &${array}[${from}], ${kept} * sizeof ${array}[0]);`]
      : []),
    `memset(&${array}[${cleared}], 0, ${by} * sizeof ${array}[0]);`,
  ];
  const name = stackName(program, stack);
  const next = stackNext(program, stack);
  return [
    ...partsOf(program, stack).flatMap((part) => move(`${part}.${name}`)),
    REARRANGED,
    ...changeSize(next, kind === 'push' ? by : -by, size),
  ];
}

/** How many elements of a stack are filled, within its bounds. */
export function changeSize(next: string, by: number, size: number): string[] {
  return [
    by >= 0
      ? `${next} = (uint16_t)(${next} + ${by} < ${size} ? ${next} + ${by} : ${size});`
      : `${next} = (uint16_t)(${next} > ${-by} ? ${next} - ${-by} : 0);`,
  ];
}
