import { fail } from './failure.js';
import type { PipelineLayout } from './layout.js';
import { LIMITS } from './limits.js';
import type { ParserState, Program } from './model.js';
import { at } from './scope.js';

/** Refuses a parser that can go round without taking anything from the frame. */
export function checkParser(program: Program): void {
  const { states } = program.parser;
  const done = new Set<number>();
  for (let start = 0; start < states.length; start += 1) {
    visit(states, start, done);
  }
}

function takesOctets(state: ParserState): boolean {
  return state.ops.some(
    ({ kind }) =>
      kind === 'extract' ||
      kind === 'extractNext' ||
      kind === 'extractNextUnion' ||
      kind === 'advance',
  );
}

/** Depth first over the states that take nothing, with a stack of our own. */
function visit(states: readonly ParserState[], start: number, done: Set<number>): void {
  const path: { state: number; next: number[] }[] = [];
  const active = new Set<number>();
  const open = (state: number): void => {
    if (active.has(state)) {
      fail(at(states, state), 'CYCLIC', 'the parser comes back to this state and takes nothing');
    }
    if (!done.has(state) && !takesOctets(at(states, state))) {
      active.add(state);
      const next = at(states, state).transitions.map((transition) => transition.next);
      path.push({ state, next: next.filter((target) => target !== null) });
    }
  };
  open(start);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.next.pop();
    if (next !== undefined) {
      open(next);
    } else {
      active.delete(top.state);
      done.add(top.state);
      path.pop();
    }
  }
}

const WORD_OCTETS = 8;
/** Of struct tp_entry without its words, and of two slots or an index. */
const ENTRY_OCTETS = 40 + 16;
/** Of struct tp_meter. */
const METER_OCTETS = 128;

/** Refuses a program whose tables and arrays would take more memory than is reasonable. */
export function checkState(program: Program, layout: PipelineLayout): void {
  const tables = layout.tables.map(
    ({ maxEntries, keyWords, argWords, directMeter }) =>
      (maxEntries + 1) *
      (ENTRY_OCTETS +
        (2 * keyWords + argWords) * WORD_OCTETS +
        (directMeter === null ? 0 : METER_OCTETS)),
  );
  const valueSets = layout.valueSets.map(
    ({ maxEntries, keyWords }) => (maxEntries + 1) * (ENTRY_OCTETS + 2 * keyWords * WORD_OCTETS),
  );
  const profiles = layout.profiles.map(
    ({ size, argWords }) => (size + 1) * (1 + argWords) * WORD_OCTETS,
  );
  const counters = layout.counters.map(({ size }) => size * 2 * WORD_OCTETS);
  const meters = layout.meters.map(({ size }) => size * METER_OCTETS);
  const registers = layout.registers.map(({ size, words }) => size * words * WORD_OCTETS);
  const octets = [
    ...tables,
    ...valueSets,
    ...profiles,
    ...counters,
    ...meters,
    ...registers,
  ].reduce((sum, part) => sum + part, 0);
  if (octets > LIMITS.stateOctets) {
    const what = `the tables, counters, meters and registers of ${program.name} need ${octets} octets`;
    fail({ path: '$', source: null }, 'LIMIT', `${what}, at most ${LIMITS.stateOctets}`);
  }
}
