/** `log_msg`: its values into the packet loop's log. What they are is in the layout. */
import { fail } from '../failure.js';
import type { LogMessageLayout } from '../layout.js';
import type { Expression, Primitive, Program } from '../model.js';
import { PIECE_BITS } from '../pieces.js';
import { block } from './block.js';
import type { CodeContext } from './block.js';
import type { ExpressionEmitter } from './expression.js';
import { limbCount, Ranges } from './range.js';

export type LogPrimitive = Primitive & { readonly kind: 'log' };

/** As TP_LOG_HEAD_WORDS and TP_LOG_RECORD_WORDS in log.h. */
const HEAD_WORDS = 2;
const MOST_WORDS = 1024;

const known = new WeakMap<Program, ReadonlyMap<Primitive, number>>();

/** The messages of a program, in the order of their numbers: parser, actions, deparser. */
function logMessagesOf(program: Program): readonly LogPrimitive[] {
  const all = [
    ...program.parser.states
      .flatMap(({ ops }) => ops)
      .flatMap((op) => (op.kind === 'primitive' ? [op.primitive] : [])),
    ...program.actions.flatMap(({ primitives }) => primitives),
    ...program.deparserCode,
  ];
  return all.filter((primitive): primitive is LogPrimitive => primitive.kind === 'log');
}

function numberOf(program: Program, message: LogPrimitive): number {
  const numbers =
    known.get(program) ?? new Map(logMessagesOf(program).map((one, number) => [one, number]));
  known.set(program, numbers);
  return numbers.get(message) ?? fail(message, 'MALFORMED', 'a log message that is nowhere');
}

export function logMessageLayouts(program: Program): readonly LogMessageLayout[] {
  const ranges = new Ranges(program);
  return logMessagesOf(program).map((message) => {
    const { format, values } = message;
    const shapes = values.map((value) => shapeOf(ranges, value));
    const words = shapes.reduce((sum, shape) => sum + shape.words, HEAD_WORDS);
    if (words > MOST_WORDS) {
      fail(message, 'LIMIT', `a log message of ${words} words, at most ${MOST_WORDS}`);
    }
    return { format, place: message.source ?? message.path, values: shapes };
  });
}

/** How many words a value takes, least significant first, and whether it may be negative. */
function shapeOf(ranges: Ranges, value: Expression): LogMessageLayout['values'][number] {
  const range = ranges.of(value);
  return { words: limbCount(range), signed: range.low < 0n };
}

export function emitLog(context: CodeContext, primitive: LogPrimitive): string[] {
  const { program, emitter } = context;
  const number = numberOf(program, primitive);
  const values = primitive.values.flatMap((value) => wordsOf(emitter, value));
  const words = HEAD_WORDS + values.length;
  const stores = values.map((text, i) => `record[${i}] = ${text};`);
  return [
    '{',
    ...block(emitter, [
      `uint64_t *const record = tp_log_begin(pipeline, packet, ${number}, ${words});`,
      'if (record != NULL) {',
      ...stores,
      `tp_log_end(pipeline, ${words});`,
      '}',
    ]),
    '}',
  ];
}

function wordsOf(emitter: ExpressionEmitter, value: Expression): readonly string[] {
  const { words } = shapeOf(emitter.ranges, value);
  return words === 1
    ? [`(uint64_t)${emitter.exact(value)}`]
    : emitter.words(value, words * PIECE_BITS);
}
