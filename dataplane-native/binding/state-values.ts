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

export interface CounterValue {
  readonly packets: bigint;
  readonly octets: bigint;
}

/** A two-rate three-colour meter's rates (units a second) and bursts (units). */
export interface MeterRates {
  readonly committedRate: bigint;
  readonly committedBurst: bigint;
  readonly peakRate: bigint;
  readonly peakBurst: bigint;
}

export interface EngineReplica {
  readonly port: number;
  readonly instance: number;
}

/** TP_METER_WORDS of meter.h. */
export const METER_WORDS = 4;

/** Null, for no configuration, stays so. */
export function meterWords(rates: MeterRates | null): BigUint64Array | null {
  return rates === null
    ? null
    : BigUint64Array.of(rates.committedRate, rates.committedBurst, rates.peakRate, rates.peakBurst);
}

/** The rates that stand in `words` from `at` on. */
export function meterRates(words: BigUint64Array, at: number): MeterRates {
  const [committedRate = 0n, committedBurst = 0n, peakRate = 0n, peakBurst = 0n] =
    words.subarray(at);
  return { committedRate, committedBurst, peakRate, peakBurst };
}
