/** What a loaded pipeline's state is made of, as engine.h has it. */

/** Names a table entry for as long as it is there. */
export type EntryHandle = bigint;
/** The default entry, for direct counters. */
export const DEFAULT_ENTRY: EntryHandle = -1n;

export interface NewEntry {
  readonly table: number;
  readonly key: BigUint64Array;
  readonly mask: BigUint64Array;
  /** Bit i: word i is a range, `key` its low and `mask` its high end. */
  readonly rangeWords: number;
  readonly priority: number;
  readonly action: number;
  readonly args: BigUint64Array;
}

/** The words of a row before its key: see tp_table_write in engine.h. */
export const ROW = { handle: 0, priority: 1, action: 2, head: 3 } as const;

/** What is done to a row: enum tp_row_operation. */
export const ROW_OPERATION = { insert: 1, modify: 2, remove: 3 } as const;

/** How many words a table's keys and arguments have. */
export interface RowShape {
  readonly table: number;
  readonly keyWords: number;
  readonly argWords: number;
}

export function rowWords({ keyWords, argWords }: RowShape): number {
  return ROW.head + 2 * keyWords + argWords;
}

/** Entries of one table, to be written as `tp_table_write` says. */
export interface RowBatch extends RowShape {
  readonly count: number;
  /** ROW_OPERATION of each row. */
  readonly operations: Uint8Array;
  readonly rows: BigUint64Array;
  /** Filled in: the entries' handles, or negative errors. */
  readonly results: BigInt64Array;
}

/** What rows are made of, and where they go: see tp_rows_decode in engine.h. */
export interface RowSource {
  readonly plan: Uint32Array;
  readonly octets: Uint8Array;
  /** Of each update: its first octet, and the first behind it. */
  readonly bounds: Uint32Array;
  readonly onlyInserts: boolean;
  /** Filled in, both; they hold as many rows as there are updates. */
  readonly operations: Uint8Array;
  readonly rows: BigUint64Array;
}

/** Part of a table: `count` rows, and where to go on; null: that was all. */
export interface RowPage {
  readonly count: number;
  readonly rows: BigUint64Array;
  readonly next: number | null;
}

/** Entries that are idle, and where to go on; null: that was all. */
export interface IdlePage {
  readonly handles: readonly EntryHandle[];
  readonly next: number | null;
}

export interface CounterValue {
  readonly packets: bigint;
  readonly octets: bigint;
}

/** A meter's rates (units a second) and bursts (units): of two rates and three colours or, with an
 * excess burst, of a single rate and three colours. */
export interface MeterRates {
  readonly committedRate: bigint;
  readonly committedBurst: bigint;
  readonly peakRate: bigint;
  readonly peakBurst: bigint;
  /** There is a single rate; the peak rate and burst are the committed ones then. */
  readonly excessBurst?: bigint;
}

/** Frames that a meter was executed for, by the colours that they got. */
export interface MeterCounts {
  readonly green: CounterValue;
  readonly yellow: CounterValue;
  readonly red: CounterValue;
}

/** All that a meter is, to be put back later; what is inside is the engine's affair. */
export type MeterState = BigUint64Array;

export interface EngineReplica {
  readonly port: number;
  readonly instance: number;
  /** The first of them whose link is up stands in for it while its own is not. */
  readonly backups?: readonly { readonly port: number; readonly instance: number }[];
}

/** One member of a group, as often as its weight says. */
export interface EngineGroupMember {
  readonly member: number;
  /** Without this port's link it is not chosen; null: it always may be. */
  readonly watchPort: number | null;
}

/** A group of members of an action profile. */
export interface EngineGroup {
  readonly members: readonly EngineGroupMember[];
  /** The member whose action runs before that of the chosen one. */
  readonly base: number | null;
  /** Chosen by chance for each frame, not by its hash. */
  readonly isRandom: boolean;
}

const NO_WATCH = 0xffff_ffff;
const BACKUP = 0x8000_0000;

/** What tp_group_add and tp_group_modify take from `members` on. */
export function groupArguments({
  members,
  base,
  isRandom,
}: EngineGroup): [Uint32Array, Uint32Array | null, number, number, number] {
  const watched = members.some(({ watchPort }) => watchPort !== null);
  return [
    Uint32Array.from(members, ({ member }) => member),
    watched ? Uint32Array.from(members, ({ watchPort }) => watchPort ?? NO_WATCH) : null,
    members.length,
    base === null ? 0 : base + 1,
    isRandom ? 1 : 0,
  ];
}

/** The ports, instances and number of replicas, backups among them. */
export function replicaArguments(
  replicas: readonly EngineReplica[],
): [Uint32Array, Uint32Array, number] {
  const all = replicas.flatMap(({ port, instance, backups = [] }) => [
    { port, instance },
    ...backups.map((backup) => ({ port: backup.port + BACKUP, instance: backup.instance })),
  ]);
  return [
    Uint32Array.from(all, ({ port }) => port),
    Uint32Array.from(all, ({ instance }) => instance),
    all.length,
  ];
}

/** TP_METER_WORDS of meter.h. */
export const METER_WORDS = 4;

/** TP_METER_COUNT_WORDS of meter.h, and TP_METER_STATE_WORDS of engine.h. */
export const METER_COUNT_WORDS = 6;
export const METER_STATE_WORDS = 16;
/** TP_METER_SINGLE_RATE of meter.h. */
const SINGLE_RATE = 0xffff_ffff_ffff_ffffn;

/** Null, for no configuration, stays so. */
export function meterWords(rates: MeterRates | null): BigUint64Array | null {
  if (rates === null) return null;
  const { committedRate, committedBurst, peakRate, peakBurst, excessBurst } = rates;
  return excessBurst === undefined
    ? BigUint64Array.of(committedRate, committedBurst, peakRate, peakBurst)
    : BigUint64Array.of(committedRate, committedBurst, SINGLE_RATE, excessBurst);
}

/** The rates that stand in `words` from `at` on. */
export function meterRates(words: BigUint64Array, at: number): MeterRates {
  const [committedRate = 0n, committedBurst = 0n, peakRate = 0n, peakBurst = 0n] =
    words.subarray(at);
  const committed = { committedRate, committedBurst };
  return peakRate === SINGLE_RATE
    ? {
        ...committed,
        peakRate: committedRate,
        peakBurst: committedBurst,
        excessBurst: peakBurst,
      }
    : { ...committed, peakRate, peakBurst };
}

/** The counts that stand in `words` from `at` on. */
export function meterCounts(words: BigUint64Array, at: number): MeterCounts {
  const count = (colour: number): CounterValue => ({
    packets: words[at + 2 * colour] ?? 0n,
    octets: words[at + 2 * colour + 1] ?? 0n,
  });
  return { green: count(0), yellow: count(1), red: count(2) };
}
