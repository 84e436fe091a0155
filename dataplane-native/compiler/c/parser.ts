/** The parser: one function, one label per state. */
import { fail } from '../failure.js';
import type { PipelineLayout } from '../layout.js';
import type {
  Expression,
  HeaderRef,
  ParserOp,
  ParserState,
  Program,
  Transition,
  TransitionCase,
  TransitionKey,
  Varbit,
} from '../model.js';
import { wholeKeys } from '../model.js';
import { LIMITS } from '../limits.js';
import { pieceCount } from '../pieces.js';
import { at } from '../scope.js';
import { emitPrimitive } from './action.js';
import { extractHeader, fromBits, loadBits, toBits } from './bits.js';
import { number64 } from './c-types.js';
import { comment, isComment } from './comments.js';
import { ExpressionEmitter } from './expression.js';
import { REARRANGED, orderBreaks } from './frame.js';
import { invalidateOthers } from './header-action.js';
import { jumpTargets, withoutUnusedLabels } from './labels.js';
import { identifier } from './identifiers.js';
import { fieldName, headerNames, stackNext, unionStackNext, validWord } from './names.js';
import { idleOps } from './parser-validity.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';
import type { HeaderNames } from './names.js';
import type { Ranges } from './range.js';
import { usageOf } from './usage.js';

/** Octets that a frame cannot have more of: a loop that takes this many steps takes none. */
const MAX_STEPS = 4096;
/** No frame has so many. */
const BEYOND_ANY_FRAME_BITS = 1_000_000n;

/** Emits `parse`, which leaves payload_offset and parser_error. */
export function emitParser(program: Program, ranges: Ranges, layout: PipelineLayout): string[] {
  const reached = reachableStates(program);
  const emitter = new StateEmitter(program, ranges, layout);
  const body = reached.flatMap((state, i) => emitter.state(state, reached[i + 1] ?? null));
  const start = program.parser.start;
  const first = start !== null && reached[0] === start ? [] : ['goto done;'];
  const targets = jumpTargets([...body, ...first]);
  const lines = withoutUnusedLabels(body, targets);
  const code = lines.filter((line) => !isComment(line));
  const isLooping = code.some((line) => line.includes('steps--'));
  // Nobody else looks while the parser runs, but a hash.
  const words = code.some((line) => /calculation\d+\(packet/.test(line)) ? [] : stateWords(program);
  const local = (line: string): string =>
    isComment(line)
      ? line
      : words.reduce((text, [word, name]) => text.replaceAll(word, name), line);
  const uses = (name: string): boolean =>
    code.some((line) => new RegExp(`(?<![\\w>.])${name}\\b`).test(line));
  return [
    'static void parse_frame(struct tp_pipeline *pipeline, struct tp_packet *packet,',
    'struct phv *restrict p, struct locals *restrict l) {',
    ...(uses('data') ? ['const uint8_t *restrict data = packet->data;'] : []),
    ...(uses('length') ? ['const uint32_t length = packet->length;'] : []),
    'uint32_t at = 0;',
    `uint32_t error = ${errorCode(program, 'NoError')};`,
    ...words.map(([, name, type]) => `${type} ${name} = 0;`),
    ...(isLooping ? [`uint32_t steps = ${MAX_STEPS};`] : []),
    ...(start === null ? [] : first),
    ...lines.map(local),
    ...(targets.has('done') ? ['done:'] : []),
    'packet->payload_offset = at;',
    'packet->sm.parser_error = error;',
    local('if (p->v.in_place != TP_REARRANGED) { p->v.in_place = at; }'),
    ...words.map(([word, name]) => `${word} = ${name};`),
    '}',
  ];
}

/** What the parser keeps in variables of its own: all zero when it begins. */
function stateWords(program: Program): readonly (readonly [string, string, string])[] {
  const words = program.headers.flatMap((_, header) =>
    header % 64 === 0 ? [validWord(header)] : [],
  );
  return [
    ...words.map((word) => [word, word.replace('p->v.', ''), 'uint64_t'] as const),
    ['p->v.changed', 'changed', 'uint64_t'],
    ['p->v.in_place', 'in_place', 'uint32_t'],
  ];
}

function errorCode(program: Program, name: string): number {
  return program.errors.get(name) ?? 0;
}

/** States in depth-first order from the start, so that most transitions fall through. */
function reachableStates(program: Program): readonly number[] {
  const { start, states } = program.parser;
  const order: number[] = [];
  const seen = new Set<number>();
  const pending = start === null ? [] : [start];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    if (!seen.has(state)) {
      seen.add(state);
      order.push(state);
      const targets = at(states, state).transitions.map((transition) => transition.next);
      pending.push(...targets.filter((next) => next !== null).reverse());
    }
  }
  return order;
}

/** States that a way through the parser can come back to, one at least in each circle. */
function loopHeads(program: Program): ReadonlySet<number> {
  const { states, start } = program.parser;
  const heads = new Set<number>();
  const done = new Set<number>();
  const active = new Set<number>();
  const visit = (index: number): void => {
    if (active.has(index)) {
      heads.add(index);
    } else if (!done.has(index)) {
      active.add(index);
      for (const { next } of at(states, index).transitions) {
        if (next !== null) visit(next);
      }
      active.delete(index);
      done.add(index);
    }
  };
  if (start !== null) visit(start);
  return heads;
}

class StateEmitter {
  private readonly program: Program;
  private readonly emitter: ExpressionEmitter;
  private readonly layout: PipelineLayout;
  private readonly breaks: ReadonlySet<ParserOp>;
  private readonly heads: ReadonlySet<number>;
  private readonly idle: ReadonlySet<ParserOp>;

  constructor(program: Program, ranges: Ranges, layout: PipelineLayout) {
    this.program = program;
    this.layout = layout;
    this.breaks = orderBreaks(program);
    this.heads = loopHeads(program);
    this.idle = idleOps(program);
    this.emitter = new ExpressionEmitter(program, ranges, []);
  }

  state(index: number, following: number | null): string[] {
    const state = at(this.program.parser.states, index);
    const ops = state.ops.filter((op) => !this.idle.has(op));
    return [
      `${this.label(index)}:`,
      ...(this.heads.has(index) ? [`if (steps-- == 0) { ${this.stop('ParserTimeout')} }`] : []),
      ...ops.flatMap((op) => [
        ...comment(this.program, op),
        ...(this.breaks.has(op) ? [REARRANGED] : []),
        ...this.op(op),
      ]),
      ...this.transitions(state, following),
    ];
  }

  private label(state: number): string {
    return identifier(at(this.program.parser.states, state).name, 'state', state);
  }

  private stop(error: string): string {
    return `error = ${errorCode(this.program, error)}; goto done;`;
  }

  private need(octets: string): string {
    return `if (length - at < ${octets}) { ${this.stop('PacketTooShort')} }`;
  }

  private op(op: ParserOp): string[] {
    switch (op.kind) {
      case 'extract': {
        const { type } = at(this.program.headers, op.header);
        const names = headerNames(this.program, { kind: 'instance', header: op.header }, '');
        const others = invalidateOthers(this.program, { kind: 'instance', header: op.header });
        return [...this.extract(type, names, op.varBits), ...others];
      }
      case 'extractNext':
        return this.extractNext(op.stack, op.varBits);
      case 'extractNextUnion':
        return this.extractNextUnion(op);
      case 'set': {
        return this.emitter.store(op.to, op.value);
      }
      case 'setLookahead': {
        const field = at(at(this.program.headerTypes, op.to.type).fields, op.to.field);
        const octets = Math.ceil((op.offset + op.bitwidth) / 8);
        const bits = loadBits('data + at', octets, op.offset, op.bitwidth);
        const cut = op.bitwidth > field.bitwidth ? `(${bits} & ${mask(field.bitwidth)})` : bits;
        return [this.need(`${octets}u`), ...this.emitter.storeText(op.to, fromBits(field, cut))];
      }
      case 'verify': {
        const condition = this.emitter.boolean(op.condition);
        const error = this.emitter.cut(op.error, 32);
        return [
          '{',
          ...this.emitter.take(),
          `if (!${condition}) { error = (uint32_t)${error}; goto done; }`,
          '}',
        ];
      }
      case 'advance':
        return this.advance(op);
      case 'primitive': {
        const { program, emitter } = this;
        const context = { program, emitter, leave: 'goto done;' };
        return emitPrimitive(context, op.primitive);
      }
    }
  }

  private extract(typeIndex: number, names: HeaderNames, varBits: Expression | null): string[] {
    const type = at(this.program.headerTypes, typeIndex);
    const { varbit } = type;
    if (varbit !== null && varBits !== null) {
      return this.extractVariable(typeIndex, varbit, names, varBits);
    }
    const usage = at(usageOf(this.program), typeIndex);
    const octets = type.bits / 8;
    return [
      this.need(`${octets}u`),
      ...extractHeader(type, usage, names, 'data + at'),
      ...(varbit === null ? [] : [`${names.value}.${VARBIT_BITS} = 0;`]),
      names.makeValid,
      `at += ${octets};`,
    ];
  }

  /** simple_switch's checks, in its order. */
  private extractVariable(
    typeIndex: number,
    varbit: Varbit,
    names: HeaderNames,
    varBits: Expression,
  ): string[] {
    const type = at(this.program.headerTypes, typeIndex);
    const usage = at(usageOf(this.program), typeIndex);
    const octets = type.bits / 8;
    const after = octets - varbit.at;
    const bits = this.emitter.temporary('uint64_t', this.emitter.index(varBits));
    const fixed =
      after === 0
        ? extractHeader(type, usage, names, 'data + at')
        : [
            `uint8_t fixed[${octets}];`,
            `memcpy(fixed, data + at, ${varbit.at});`,
            `memcpy(fixed + ${varbit.at}, data + at + ${varbit.at} + count, ${after});`,
            ...extractHeader(type, usage, names, 'fixed'),
          ];
    return [
      '{',
      ...this.emitter.take(),
      `if ((${bits} & 7u) != 0) { ${this.stop('ParserInvalidArgument')} }`,
      `if ((${bits} >> 3) > length || length - at < ${octets} + (${bits} >> 3)) {`,
      this.stop('PacketTooShort'),
      '}',
      `if ((${bits} >> 3) > ${varbit.maxOctets}) { ${this.stop('HeaderTooShort')} }`,
      `const uint32_t count = (uint32_t)(${bits} >> 3);`,
      ...fixed,
      `${names.value}.${VARBIT_BITS} = count * 8;`,
      `memcpy(${names.value}.${VARBIT_OCTETS}, data + at + ${varbit.at}, count);`,
      names.makeValid,
      `at += ${octets} + count;`,
      '}',
    ];
  }

  private extractNext(stack: number, varBits: Expression | null): string[] {
    const { headers, type } = at(this.program.stacks, stack);
    const index = stackNext(this.program, stack);
    const names = headerNames(
      this.program,
      { kind: 'element', stack, index: { path: '', source: null, kind: 'constant', value: 0n } },
      index,
    );
    return [
      `if (${index} >= ${headers.length}) { ${this.stop('StackOutOfBounds')} }`,
      ...this.extract(type, names, varBits),
      `${index}++;`,
    ];
  }

  private extractNextUnion(op: ParserOp & { kind: 'extractNextUnion' }): string[] {
    const { elements } = at(this.program.unionStacks, op.stack);
    const size = unionStackNext(this.program, op.stack);
    const cases = elements.flatMap((members, i) => {
      const ref: HeaderRef = { kind: 'instance', header: at(members, op.member) };
      const { type } = at(this.program.headers, ref.header);
      return [
        `case ${i}: {`,
        ...this.extract(type, headerNames(this.program, ref, ''), op.varBits),
        ...invalidateOthers(this.program, ref),
        'break;',
        '}',
      ];
    });
    const full = `default: { ${this.stop('StackOutOfBounds')} }`;
    return [`switch (${size}) {`, ...cases, full, '}', `${size}++;`];
  }

  private advance(op: ParserOp & { kind: 'advance' }): string[] {
    if (op.bits.kind === 'constant') {
      const { value } = op.bits;
      if (value < 0n) return fail(op, 'UNSUPPORTED', `an advance by ${value} bits`);
      if (value % 8n !== 0n) return [this.stop('ParserInvalidArgument')];
      if (value > BEYOND_ANY_FRAME_BITS) return [this.stop('PacketTooShort')];
      const octets = Number(value / 8n);
      return octets === 0 ? [] : [this.need(`${octets}u`), `at += ${octets};`];
    }
    const bits = this.emitter.temporary('uint64_t', this.emitter.index(op.bits));
    return [
      '{',
      ...this.emitter.take(),
      `if ((${bits} & 7u) != 0) { ${this.stop('ParserInvalidArgument')} }`,
      this.need(`${bits} >> 3`),
      `at += (uint32_t)(${bits} >> 3);`,
      '}',
    ];
  }

  private transitions(state: ParserState, following: number | null): string[] {
    const jump = (next: number | null): string =>
      next === null ? 'goto done;' : `goto ${this.label(next)};`;
    const otherwise = state.transitions.find((transition) => transition.match === null);
    const last = otherwise?.next ?? null;
    const end = last !== null && last === following ? [] : [jump(last)];
    const cases = state.transitions.filter((transition) => transition.match !== null);
    if (state.keys.length === 0 || cases.length === 0) {
      return end;
    }
    const targets = simpleTargets(state, cases);
    if (targets !== null) {
      const { before, text } = this.key(at(state.keys, 0));
      const lines = [...new Set(targets.values())].flatMap((next) => [
        ...[...targets].flatMap(([value, to]) =>
          to === next ? [`case ${literal(value, 64)}:`] : [],
        ),
        jump(next),
      ]);
      return [
        ...(before.length === 0 ? [] : ['{', ...before]),
        `switch (${text}) {`,
        ...lines,
        'default:',
        'break;',
        '}',
        ...(before.length === 0 ? [] : ['}']),
        ...end,
      ];
    }
    const tests = cases.flatMap(({ match, next }) => this.test(state, match, jump(next)));
    const keys = state.keys.flatMap((key, i) => {
      const { before, text, type } = this.key(key);
      const isUsed = tests.some((line) => new RegExp(`\\bk${i}\\b`).test(line));
      return [...before, ...(isUsed ? [`const ${type} k${i} = ${text};`] : [])];
    });
    return ['{', ...keys, ...tests, '}', ...end];
  }

  private test(state: ParserState, match: TransitionCase | null, jump: string): string[] {
    if (match?.kind === 'set') {
      return this.testSet(state, match, jump);
    }
    const parts = (match?.keys ?? []).map(({ value, mask: keyMask }, i) =>
      compareKey(`k${i}`, at(state.keys, i).bitwidth, value, keyMask),
    );
    const needed = parts.filter((part) => part !== 'true');
    return [`if (${needed.length === 0 ? 'true' : needed.join(' && ')}) { ${jump} }`];
  }

  private testSet(
    state: ParserState,
    { valueSet, masks }: TransitionCase & { kind: 'set' },
    jump: string,
  ): string[] {
    const { index, keyWords, key } = at(this.layout.valueSets, valueSet);
    const words = Array.from({ length: keyWords }, (): string[] => []);
    const places = wholeKeys(state.keys).flatMap(({ bitwidth }, i) => {
      const { word, shift } = at(key, i);
      if (bitwidth <= LIMITS.fieldBits) return [{ word, shift }];
      // The pieces of a wide one begin with that on top.
      const count = pieceCount(bitwidth);
      return Array.from({ length: count }, (_, piece) => ({
        word: word + count - 1 - piece,
        shift: 0,
      }));
    });
    state.keys.forEach(({ bitwidth }, i) => {
      const { word, shift } = at(places, i);
      const bits = masks === null ? `k${i}` : `(k${i} & ${literal(at(masks, i), bitwidth)})`;
      words[word]?.push(shift === 0 ? `(uint64_t)${bits}` : `((uint64_t)${bits} << ${shift})`);
      if (bitwidth > 64) {
        words[word + 1]?.push(`(uint64_t)(${bits} >> 64)`);
      }
    });
    return [
      '{',
      `const uint64_t key[${keyWords}] = {${words.map((parts) => parts.join(' | ')).join(', ')}};`,
      `if (tp_find_ternary(&pipeline->tables[${index}], key, ${keyWords}, 0, 0) != NULL) { ${jump} }`,
      '}',
    ];
  }

  /** C for a key, and what has to stand before it. */
  private key(key: TransitionKey): { before: string[]; text: string; type: string } {
    const type = key.bitwidth <= 64 ? 'uint64_t' : 'tp_u128';
    if (key.kind === 'lookahead') {
      const octets = Math.ceil((key.offset + key.bitwidth) / 8);
      const text = loadBits('data + at', octets, key.offset, key.bitwidth);
      return { before: [this.need(`${octets}u`)], text, type };
    }
    if (key.kind === 'value') {
      const value = this.emitter.cut(key.value, key.bitwidth);
      return { before: this.emitter.take(), text: `(${type})${value}`, type };
    }
    const field = at(at(this.program.headerTypes, key.ref.type).fields, key.ref.field);
    const { index, guard } = this.emitter.place(key.ref.header);
    const bits = toBits(field, fieldName(this.program, key.ref, index));
    const text = guard === null ? bits : `(${guard} ? ${bits} : 0)`;
    return { before: this.emitter.take(), text, type };
  }
}

/**
 * Where each value of the only key leads, if all cases are values of it: in C a switch. Of several
 * cases with one value the first is taken.
 */
function simpleTargets(
  state: ParserState,
  cases: readonly Transition[],
): ReadonlyMap<bigint, number | null> | null {
  const [key, ...others] = state.keys;
  if (key === undefined || others.length > 0 || key.bitwidth > 64) return null;
  const all = (1n << BigInt(key.bitwidth)) - 1n;
  const targets = new Map<bigint, number | null>();
  for (const { match, next } of cases) {
    const only = match?.kind === 'values' ? match.keys[0] : undefined;
    if (only === undefined || (only.mask !== null && (only.mask & all) !== all)) return null;
    if (only.value <= all && !targets.has(only.value)) targets.set(only.value, next);
  }
  return targets;
}

function mask(bits: number): string {
  return `(~(tp_u128)0 >> ${128 - bits})`;
}

/** C that compares a key, cut to the bits that the key has. */
function compareKey(name: string, bitwidth: number, value: bigint, keyMask: bigint | null): string {
  const all = (1n << BigInt(bitwidth)) - 1n;
  const wanted = keyMask === null ? value : value & keyMask;
  if (wanted > all) {
    return 'false';
  }
  if (keyMask === null || (keyMask & all) === all) {
    return `${name} == ${literal(wanted, bitwidth)}`;
  }
  return (keyMask & all) === 0n
    ? 'true'
    : `(${name} & ${literal(keyMask & all, bitwidth)}) == ${literal(wanted, bitwidth)}`;
}

function literal(number: bigint, bitwidth: number): string {
  const low = BigInt.asUintN(64, number).toString(16);
  return bitwidth <= 64
    ? number64(BigInt.asUintN(64, number))
    : `TP_U128(0x${BigInt.asUintN(64, number >> 64n).toString(16)}, 0x${low})`;
}
