import { fail } from './failure.js';
import type { PipelineLayout } from './layout.js';
import { LIMITS } from './limits.js';
import type { Program } from './model.js';

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
