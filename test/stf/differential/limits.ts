/**
 * How much of each program may stay out of the comparison: in percent of the packets that were made, or of
 * the frames that came out. What is not listed may not stay out at all. So that a predicate that grows, or
 * a packet generator that loses its mark, is seen.
 */
import type { Outcome } from './program.js';

export interface Limits {
  /** Packets: P4 leaves open what becomes of them. */
  readonly undefined?: number;
  /** Packets: an assertion fails. */
  readonly asserted?: number;
  /** Packets: simple_switch ends. */
  readonly ending?: number;
  /** Frames of ours: by ports that nobody compares. */
  readonly elsewhere?: number;
  /** Frames: in another order. */
  readonly overtaken?: number;
  /** Frames: different, and explained. */
  readonly explained?: number;
  /** Statements of the test that neither switch was told. */
  readonly unwritten?: Outcome['unwritten'];
}

export const LIMITS: Readonly<Record<string, Limits>> = {
  // Ours.
  assertions: { asserted: 13 },
  log_messages: { undefined: 4 },
  header_stacks: { undefined: 4 },
  header_unions: { undefined: 5 },
  metadata: { elsewhere: 4 },
  meters: { unwritten: ['meterWrite'] },
  packet_lengths: { undefined: 20 },
  shared_state: { elsewhere: 32 },
  value_sets: { unwritten: Array.from({ length: 6 }, () => 'valueSet' as const) },
  wide_arithmetic: { unwritten: ['valueSet'] },
  // Every packet of theirs reads a header that is not valid.
  'gauntlet_hdr_assign_2-bmv2': { undefined: 100 },
  'gauntlet_set_invalid-bmv2': { undefined: 100 },
  'gauntlet_invalid_hdr_assign-bmv2': { undefined: 97 },
  'gauntlet_mux_eval-bmv2': { undefined: 94 },
  // Those that are too short do.
  'bvec-hdr-bmv2': { undefined: 13 },
  'equality-bmv2': { undefined: 8 },
  'gauntlet_hdr_function_cast-bmv2': { undefined: 9 },
  'gauntlet_index_7-bmv2': { undefined: 4 },
  'header-stack-ops-bmv2': { undefined: 4 },
  'issue2153-bmv2': { undefined: 8 },
  'issue2488-bmv2': { undefined: 15 },
  'issue3488-bmv2': { undefined: 21 },
  'match-on-exprs-bmv2': { undefined: 12 },
  'saturated-bmv2': { undefined: 13 },
  'stack_complex-bmv2': { elsewhere: 13 },
  'table-entries-exact-bmv2': { undefined: 13 },
  'table-entries-exact-ternary-bmv2': { undefined: 13 },
  'table-entries-lpm-bmv2': { undefined: 8 },
  'table-entries-optional-bmv2': { undefined: 9 },
  'table-entries-priority-bmv2': { undefined: 13 },
  'table-entries-range-bmv2': { undefined: 13 },
  'table-entries-ser-enum-bmv2': { undefined: 12 },
  'table-entries-ternary-bmv2': { undefined: 13 },
  'ternary2-bmv2': { undefined: 9 },
  'v1model-special-ops-bmv2': { undefined: 14, overtaken: 60 },
  // See ENDING.
  'issue447-5-bmv2': { ending: 35 },
  'runtime-index-2-bmv2': { undefined: 6, ending: 14 },
  'runtime-index-bmv2': { undefined: 9, ending: 7 },
};

/** Of a program that is not listed. How many are overtaken is simple_switch's threads' affair. */
const UNLISTED = { undefined: 0, asserted: 0, ending: 0, elsewhere: 0, overtaken: 5, explained: 0 };

/** What stays out of a program's comparison, in percent. */
export function sharesOf(outcome: Outcome): Required<Omit<Limits, 'unwritten'>> {
  const { packets, leftOut, frames, elsewhere, overtaken, divergences } = outcome;
  const made = packets + leftOut.undefined + leftOut.asserted + leftOut.ending;
  const share = (count: number, all: number): number => (count === 0 ? 0 : (100 * count) / all);
  return {
    undefined: share(leftOut.undefined, made),
    asserted: share(leftOut.asserted, made),
    ending: share(leftOut.ending, made),
    elsewhere: share(elsewhere, frames + elsewhere),
    overtaken: share(overtaken, frames),
    explained: share(divergences.length, frames),
  };
}

/** Those that are beyond their limits, in words. */
export function beyondLimits(name: string, outcome: Outcome): string[] {
  const limits = LIMITS[name] ?? {};
  const shares = sharesOf(outcome);
  const kinds = ['undefined', 'asserted', 'ending', 'elsewhere', 'overtaken', 'explained'] as const;
  const beyond = kinds
    .filter((kind) => shares[kind] > (limits[kind] ?? UNLISTED[kind]))
    .map(
      (kind) => `${kind}: ${shares[kind].toFixed(1)} %, limit ${limits[kind] ?? UNLISTED[kind]} %`,
    );
  const unwritten = outcome.unwritten.join();
  const known = (limits.unwritten ?? []).join();
  return unwritten === known ? beyond : [...beyond, `unwritten: ${unwritten}, known ${known}`];
}
