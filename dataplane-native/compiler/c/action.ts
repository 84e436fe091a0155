/** Actions: one function each, taking its arguments as words. */
import type { MeterUnit, Slot } from '../layout.js';
import type { Action, Expression, FieldRef, Primitive, Program, Target } from '../model.js';
import { assertionsOf } from '../assertions.js';
import { LIMITS } from '../limits.js';
import { at } from '../scope.js';
import { sanitise } from '../failure.js';
import { fromBits } from './bits.js';
import { ExpressionEmitter } from './expression.js';
import { isVariable } from './accesses.js';
import { block } from './block.js';
import type { CodeContext } from './block.js';
import { comment } from './comments.js';
import {
  assignHeader,
  assignStack,
  assignVarbit,
  changeSize,
  changeValidity,
  shiftStack,
} from './header-action.js';
import { number64 } from './c-types.js';
import { identifier } from './identifiers.js';
import { hashText } from './calculation.js';
import { emitLog } from './log.js';
import { unionStackNext } from './names.js';
import { pow2 } from './range.js';
import type { Ranges } from './range.js';
import { registerMask, registersLock, registersUnlock } from './registers.js';
import { PIECE_BITS, pieceCount } from '../pieces.js';

/** simple_switch keeps this many bits of a session's number. */
const SESSION_MASK = '0x7fffu';

export function actionName(program: Program, index: number): string {
  return identifier(at(program.actions, index).name, 'action', index);
}

/** Whether an action can end the pipeline; its function then returns true when it did. */
export function canExit(action: Action): boolean {
  return action.primitives.some(({ kind }) => kind === 'exit' || kind === 'assert');
}

/** Of the loops of an action together: one that has no end would hold up all frames. */
const MOST_TURNS = 65_536;

function goesBack(primitive: Primitive, index: number): boolean {
  return (
    (primitive.kind === 'jump' || primitive.kind === 'jumpIfZero') && primitive.target <= index
  );
}

export function emitAction(
  program: Program,
  ranges: Ranges,
  index: number,
  params: readonly Slot[],
): string[] {
  const action = at(program.actions, index);
  const emitter = new ExpressionEmitter(program, ranges, params);
  const context = { program, emitter, leave: 'return true;' };
  const exits = canExit(action);
  const targets = new Set(
    action.primitives.map((primitive) =>
      primitive.kind === 'jump' || primitive.kind === 'jumpIfZero' ? primitive.target : -1,
    ),
  );
  const isLooping = action.primitives.some(goesBack);
  if (isLooping) {
    targets.add(action.primitives.length);
  }
  const label = (i: number): string[] => (targets.has(i) ? [`line${i}:;`] : []);
  const mask = registerMask(action.primitives);
  const head = (name: string): string[] => [
    `static inline ${exits ? 'bool' : 'void'} ${name}(struct tp_pipeline *pipeline,`,
    'struct tp_packet *packet, struct phv *restrict p, struct locals *restrict l,',
    'const uint64_t *args) {',
  ];
  return [
    `/* ${sanitise(action.name)} */`,
    ...head(mask === 0n ? actionName(program, index) : `${actionName(program, index)}_locked`),
    ...(isLooping ? [`uint32_t turns = ${MOST_TURNS};`] : []),
    ...action.primitives.flatMap((primitive, i) => [
      ...label(i),
      ...(goesBack(primitive, i)
        ? [`if (turns-- == 0) { goto line${action.primitives.length}; }`]
        : []),
      ...comment(program, primitive),
      ...emitPrimitive(context, primitive),
    ]),
    ...label(action.primitives.length),
    ...(exits ? ['return false;'] : []),
    '}',
    ...(mask === 0n
      ? []
      : [
          ...head(actionName(program, index)),
          registersLock(mask),
          `${exits ? 'const bool ends = ' : ''}${actionName(program, index)}_locked(pipeline, packet, p, l, args);`,
          registersUnlock(mask),
          ...(exits ? ['return ends;'] : []),
          '}',
        ]),
  ];
}

export function emitPrimitive(context: CodeContext, primitive: Primitive): string[] {
  const { program, emitter } = context;
  switch (primitive.kind) {
    case 'assign':
      return emitter.store(primitive.to, primitive.value);
    case 'assignWide': {
      const { to, value } = primitive;
      const words = emitter.words(value, to.length * PIECE_BITS);
      return storeWords(context, to, words);
    }
    case 'assignVarbit':
      return assignVarbit(context, primitive.toVarbit, primitive.from);
    case 'assignHeader':
      return assignHeader(context, primitive.to, primitive.from);
    case 'assignStack':
      return assignStack(program, primitive.to, primitive.from);
    case 'addHeader':
      return changeValidity(context, primitive.header, true);
    case 'removeHeader':
      return changeValidity(context, primitive.header, false);
    case 'sequence':
      return primitive.primitives.flatMap((part) => emitPrimitive(context, part));
    case 'addUnionStackSize': {
      const { elements } = at(program.unionStacks, primitive.stack);
      return changeSize(unionStackNext(program, primitive.stack), primitive.by, elements.length);
    }
    case 'copyUnionStackSize':
      return [
        `${unionStackNext(program, primitive.stack)} = ${unionStackNext(program, primitive.from)};`,
      ];
    case 'push':
    case 'pop':
      return shiftStack(program, primitive.kind, primitive.stack, primitive.count);
    case 'jump':
      return [`goto line${primitive.target};`];
    case 'jumpIfZero': {
      const text = emitter.boolean(primitive.condition);
      return ['{', ...emitter.take(), `if (!${text}) { goto line${primitive.target}; }`, '}'];
    }
    case 'exit':
      return ['return true;'];
    case 'nothing':
      return [];
    case 'log':
      return emitLog(context, primitive);
    case 'assert': {
      const holds = emitter.boolean(primitive.condition);
      const number = assertionsOf(program).indexOf(primitive) + 1;
      return block(emitter, [
        `if (__builtin_expect(!${holds}, 0)) {`,
        `packet->requests.failed_assertion_plus1 = ${number};`,
        ...(context.leave === '' ? [] : [context.leave]),
        '}',
      ]);
    }
    case 'markToDrop':
      return ['packet->sm.egress_spec = TP_PORT_DROP;', 'packet->sm.mcast_grp = 0;'];
    case 'digest':
      return [`l->c.digest_plus1 = ${primitive.list + 1};`];
    case 'clone':
    case 'resubmit':
    case 'recirculate':
    case 'truncate':
      return request(context, primitive);
    case 'count':
    case 'meter':
    case 'registerRead':
    case 'registerWrite':
      return accessArray(context, primitive);
    case 'hash':
    case 'random':
      return storeComputed(context, primitive);
  }
}

function request(
  context: CodeContext,
  primitive: Primitive & { kind: 'clone' | 'resubmit' | 'recirculate' | 'truncate' },
): string[] {
  const { emitter } = context;
  if (primitive.kind === 'truncate') {
    const octets = emitter.index(primitive.octets);
    return block(emitter, [
      `packet->requests.truncate_plus1 = tp_shorter(packet->requests.truncate_plus1, ${octets});`,
    ]);
  }
  const list = primitive.fieldList === null ? 0 : primitive.fieldList + 1;
  if (primitive.kind === 'clone') {
    const session = emitter.cut(primitive.session, 32);
    return block(emitter, [
      'packet->requests.clone = true;',
      `packet->requests.clone_session_plus1 = ((uint32_t)${session} & ${SESSION_MASK}) + 1;`,
      `packet->requests.clone_field_list_plus1 = ${list};`,
    ]);
  }
  return [
    `packet->requests.${primitive.kind} = true;`,
    `packet->requests.${primitive.kind}_field_list_plus1 = ${list};`,
  ];
}

function accessArray(
  context: CodeContext,
  primitive: Primitive & { kind: 'count' | 'meter' | 'registerRead' | 'registerWrite' },
): string[] {
  const { program, emitter } = context;
  const index = emitter.temporary('uint64_t', emitter.index(primitive.index));
  if (primitive.kind === 'count') {
    const { size } = at(program.counters, primitive.counter);
    return block(emitter, [
      `if (${index} < ${size}) {`,
      `struct tp_counter *const cell = &pipeline->counters[${primitive.counter}][${index}];`,
      'cell->packets++;',
      'cell->octets += packet->length;',
      '}',
    ]);
  }
  if (primitive.kind === 'meter') {
    const { size, unit } = at(program.meters, primitive.meter);
    const cell = `&pipeline->meters[${primitive.meter}][${index}]`;
    return block(emitter, () => [
      `if (${index} < ${size}) {`,
      ...storeColour(context, primitive.to, cell, unit),
      ...otherwiseZero(context, primitive.to),
      '}',
    ]);
  }
  return accessRegister(context, primitive, index);
}

function accessRegister(
  context: CodeContext,
  primitive: Primitive & { kind: 'registerRead' | 'registerWrite' },
  index: string,
): string[] {
  const { program, emitter } = context;
  const { size, bitwidth } = at(program.registers, primitive.register);
  const words = pieceCount(bitwidth);
  const place = words === 1 ? index : `${index} * ${words}`;
  const cell = `uint64_t *const cell = &pipeline->registers[${primitive.register}][${place}];`;
  if (primitive.kind === 'registerRead') {
    return block(emitter, () => [
      `if (${index} < ${size}) {`,
      `const ${cell}`,
      ...storeCell(context, primitive.to, bitwidth),
      ...otherwiseZero(context, primitive.to),
      '}',
    ]);
  }
  return block(emitter, [
    `if (${index} < ${size}) {`,
    cell,
    ...cellStores(emitter, primitive.value, bitwidth),
    '}',
  ]);
}

function storeCell(context: CodeContext, to: Target, bitwidth: number): string[] {
  if (to.length > 1) {
    return to.flatMap((ref, i) =>
      storeBits(context, ref, i < pieceCount(bitwidth) ? `cell[${i}]` : '0ul', PIECE_BITS),
    );
  }
  const value = bitwidth > 64 ? '(((tp_u128)cell[1] << 64) | cell[0])' : 'cell[0]';
  return storeNarrow(context, to, value, Math.min(bitwidth, LIMITS.fieldBits));
}

function cellStores(emitter: ExpressionEmitter, value: Expression, bitwidth: number): string[] {
  if (bitwidth > LIMITS.fieldBits) {
    return emitter.words(value, bitwidth).map((text, i) => `cell[${i}] = ${text};`);
  }
  const text = emitter.cut(value, bitwidth);
  return bitwidth > 64
    ? [
        `const tp_u128 value = ${text};`,
        'cell[0] = (uint64_t)value;',
        'cell[1] = (uint64_t)(value >> 64);',
      ]
    : [`cell[0] = (uint64_t)${text};`];
}

/**
 * What is read from beyond an array leaves a field alone, as on simple_switch. A variable is zero
 * then, which it is there too unless it was used before, so that no frame has to carry it.
 */
function otherwiseZero(context: CodeContext, to: Target): string[] {
  return to.some((ref) => isVariable(context.program, ref))
    ? ['} else {', ...storeNarrow(context, to, '0ul', 1)]
    : [];
}

/** 0 to 2. */
const COLOUR_BITS = 2;

/** Executes the meter that C `cell` points to, and stores the frame's colour. */
export function storeColour(
  context: CodeContext,
  to: Target,
  cell: string,
  unit: MeterUnit,
): string[] {
  const cost = unit === 'packets' ? '1' : 'packet->length';
  const colour = `tp_meter_colour(pipeline, ${cell}, ${cost}, packet->length)`;
  return [`const uint64_t colour = ${colour};`, ...storeNarrow(context, to, 'colour', COLOUR_BITS)];
}

/** All words are computed before the first one is stored: the value may be made of the target. */
function storeWords(context: CodeContext, to: Target, words: readonly string[]): string[] {
  const { emitter } = context;
  const names = words.map((text) => emitter.temporary('uint64_t', text));
  return block(emitter, () =>
    to.flatMap((ref, i) => storeBits(context, ref, at(names, i), PIECE_BITS)),
  );
}

/** Stores C as `storeBits` does, of at most 64 bits where the field is a wide one. */
function storeNarrow(context: CodeContext, to: Target, text: string, bits: number): string[] {
  return to.flatMap((ref, i) =>
    i === 0 ? storeBits(context, ref, text, bits) : storeBits(context, ref, '0ul', 1),
  );
}

function storeComputed(
  context: CodeContext,
  primitive: Primitive & { kind: 'hash' | 'random' },
): string[] {
  const { program, emitter } = context;
  if (primitive.kind === 'random') {
    const low = emitter.temporary('uint64_t', emitter.low(primitive.low, 64));
    const high = emitter.temporary('uint64_t', emitter.low(primitive.high, 64));
    const value = `tp_random(pipeline, ${low}, ${high})`;
    return block(emitter, () => [
      `if (${low} <= ${high}) {`,
      ...storeNarrow(context, primitive.to, value, 64),
      ...otherwiseZero(context, primitive.to),
      '}',
    ]);
  }
  const base = emitter.low(primitive.base, 64);
  const size = emitter.temporary('uint64_t', emitter.low(primitive.size, 64));
  const hash = hashText(program, primitive.calculation);
  const value = emitter.temporary('uint64_t', `${hash} % (${size} == 0 ? 1 : ${size}) + ${base}`);
  return block(emitter, () => storeNarrow(context, primitive.to, value, 64));
}

/** Stores C of unsigned type, whose low `bits` bits are the value, in a field. */
function storeBits(context: CodeContext, to: FieldRef, text: string, bits: number): string[] {
  const field = at(at(context.program.headerTypes, to.type).fields, to.field);
  const { bitwidth } = field;
  const wide = bits <= 64 && bitwidth > 64 ? `((tp_u128)${text})` : text;
  if (bitwidth >= bits) {
    return context.emitter.storeText(to, fromBits(field, wide));
  }
  const mask =
    bitwidth <= 64 ? number64(pow2(bitwidth) - 1n) : `(~(tp_u128)0 >> ${128 - bitwidth})`;
  const cut = bitwidth <= 64 ? `((uint64_t)${wide} & ${mask})` : `(${wide} & ${mask})`;
  return context.emitter.storeText(to, fromBits(field, cut));
}
