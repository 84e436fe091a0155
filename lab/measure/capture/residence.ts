/**
 * Residence from two captures, one before and one behind a device: which packet came out when, and, of
 * PTP, what it did to the correctionField meanwhile. Both captures' stamps have to be of one clock.
 */
import { MESSAGE_TYPE } from '#wire/ptp-header';
import { GrowingNumbers } from './growing.js';
import type { PacketIdentity, PtpFacts } from './packet-identity.js';

/** What is not PTP. */
export const NO_PTP = -1;

export interface ResidenceOptions {
  /** What came in so long ago is taken for lost. */
  readonly longestNs: bigint;
}

/** Packets in the order in which they came out. */
export interface ResidenceResult {
  readonly counts: ResidenceCounts;
  /** Of coming in, s since the first packet. */
  readonly timeSeconds: Float64Array;
  readonly residenceNs: Float64Array;
  /** PTP's messageType, or −1. */
  readonly messageType: Int8Array;
  /**
   * What the device added to the correctionField; of a two-step Sync in Sync and Follow_Up together.
   * NaN where it is no PTP, or the Follow_Up did not come.
   */
  readonly correctionNs: Float64Array;
  readonly firstNs: bigint | null;
}

export interface ResidenceCounts {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly matched: number;
  /** Came in, and not out within the longest residence. */
  readonly onlyIn: number;
  /** Came out, and had not come in. */
  readonly onlyOut: number;
  /** Of these: seen at the entry afterwards. They go the other way, or the clocks disagree. */
  readonly backwards: number;
  /** Without any identity: too short, or of an unknown link type. */
  readonly unknown: number;
}

interface Entry {
  readonly key: string;
  readonly timeNs: bigint;
  readonly ptp: PtpFacts | null;
}

/** A two-step Sync whose Follow_Up is to come. */
interface OpenSync {
  readonly index: number;
  readonly timeNs: bigint;
}

const SCALED_PER_NS = 65_536;
/** So often in the longest residence it is looked for what is too old. */
const LOOKS = 16n;

/** Takes frames in the order of their stamps, whichever capture they are from. */
export class ResidenceMeter {
  readonly #longestNs: bigint;
  readonly #entered = new Map<string, Entry[]>();
  /** The same entries by age: what is under way, and no more. */
  readonly #underWay = new Set<Entry>();
  #forgotNs: bigint | null = null;
  readonly #exited = new Map<string, bigint>();
  readonly #openSyncs = new Map<string, OpenSync>();
  readonly #time = new GrowingNumbers(Float64Array);
  readonly #residence = new GrowingNumbers(Float64Array);
  readonly #type = new GrowingNumbers(Int8Array);
  readonly #correction = new GrowingNumbers(Float64Array);
  #firstNs: bigint | null = null;
  #framesIn = 0;
  #framesOut = 0;
  #onlyOut = 0;
  #backwards = 0;
  #unknown = 0;

  constructor({ longestNs }: ResidenceOptions) {
    this.#longestNs = longestNs;
  }

  /** A packet of the capture before the device; null where it could not be told what it is. */
  enters(identity: PacketIdentity | null, timeNs: bigint): void {
    this.#framesIn += 1;
    this.#firstNs ??= timeNs;
    this.#forget(timeNs);
    if (identity === null) {
      this.#unknown += 1;
      return;
    }
    const exitedNs = this.#exited.get(identity.key);
    if (exitedNs !== undefined) {
      this.#exited.delete(identity.key);
      if (exitedNs >= timeNs - this.#longestNs) this.#backwards += 1;
    }
    const entry = { key: identity.key, timeNs, ptp: identity.ptp };
    const same = this.#entered.get(identity.key);
    if (same === undefined) this.#entered.set(identity.key, [entry]);
    else same.push(entry);
    this.#underWay.add(entry);
  }

  /** A packet of the capture behind the device. */
  exits(identity: PacketIdentity | null, timeNs: bigint): void {
    this.#framesOut += 1;
    this.#firstNs ??= timeNs;
    this.#forget(timeNs);
    if (identity === null) {
      this.#unknown += 1;
      return;
    }
    const entry = this.#take(identity.key, timeNs);
    if (entry === null) {
      this.#onlyOut += 1;
      this.#exited.set(identity.key, timeNs);
    } else {
      this.#record(entry, identity.ptp, timeNs);
    }
    if (identity.ptp?.messageType === MESSAGE_TYPE.followUp) {
      // A clock that makes its own Follow_Up has none that came in.
      this.#completes(identity.ptp, entry?.ptp?.correctionScaledNs ?? 0n);
    }
  }

  #record(entry: Entry, out: PtpFacts | null, timeNs: bigint): void {
    const index = this.#residence.count;
    this.#time.push(Number(entry.timeNs - (this.#firstNs ?? 0n)) / 1e9);
    this.#residence.push(Number(timeNs - entry.timeNs));
    this.#type.push(out?.messageType ?? NO_PTP);
    const added =
      out === null ? null : out.correctionScaledNs - (entry.ptp?.correctionScaledNs ?? 0n);
    this.#correction.push(added === null ? Number.NaN : Number(added) / SCALED_PER_NS);
    if (out?.messageType === MESSAGE_TYPE.sync && out.isTwoStep) {
      this.#openSyncs.set(out.exchange, { index, timeNs });
    }
  }

  #completes({ exchange, correctionScaledNs }: PtpFacts, before: bigint): void {
    const open = this.#openSyncs.get(exchange);
    if (open === undefined) return;
    this.#openSyncs.delete(exchange);
    const more = Number(correctionScaledNs - before) / SCALED_PER_NS;
    this.#correction.set(open.index, this.#correction.at(open.index) + more);
  }

  /** The oldest that can still be it. */
  #take(key: string, nowNs: bigint): Entry | null {
    const same = this.#entered.get(key);
    if (same === undefined) return null;
    for (;;) {
      const entry = same.shift();
      if (same.length === 0) this.#entered.delete(key);
      if (entry === undefined) return null;
      this.#underWay.delete(entry);
      if (entry.timeNs >= nowNs - this.#longestNs) return entry;
    }
  }

  /**
   * Memory is of what may still come out, not of the whole capture. Looked at now and then: what is too
   * old is no match meanwhile either.
   */
  #forget(nowNs: bigint): void {
    const isDue = this.#forgotNs === null || nowNs - this.#forgotNs > this.#longestNs / LOOKS;
    if (!isDue) return;
    this.#forgotNs = nowNs;
    const limit = nowNs - this.#longestNs;
    for (const { key, timeNs } of this.#underWay) {
      if (timeNs >= limit) break;
      this.#dropOld(key, limit);
    }
    dropBefore(this.#exited, limit, (timeNs) => timeNs);
    const lost = dropBefore(this.#openSyncs, limit, ({ timeNs }) => timeNs);
    for (const { index } of lost) this.#correction.set(index, Number.NaN);
  }

  /** All of a key that came in before. */
  #dropOld(key: string, limit: bigint): void {
    const same = this.#entered.get(key) ?? [];
    while (same[0] !== undefined && same[0].timeNs < limit) {
      const [entry] = same.splice(0, 1);
      if (entry !== undefined) this.#underWay.delete(entry);
    }
    if (same.length === 0) this.#entered.delete(key);
  }

  /** Once, when both captures have ended. */
  result(): ResidenceResult {
    for (const { index } of this.#openSyncs.values()) this.#correction.set(index, Number.NaN);
    const matched = this.#residence.count;
    return {
      counts: {
        ...{ framesIn: this.#framesIn, framesOut: this.#framesOut, matched },
        onlyIn: this.#framesIn - matched - this.#backwards - this.#unknownIn(),
        onlyOut: this.#onlyOut,
        backwards: this.#backwards,
        unknown: this.#unknown,
      },
      timeSeconds: this.#time.toArray(),
      residenceNs: this.#residence.toArray(),
      messageType: this.#type.toArray(),
      correctionNs: this.#correction.toArray(),
      firstNs: this.#firstNs,
    };
  }

  #unknownIn(): number {
    return this.#unknown - (this.#framesOut - this.#residence.count - this.#onlyOut);
  }
}

/** A Map keeps the order of insertion, so the oldest are in front. */
function dropBefore<Value>(
  map: Map<string, Value>,
  limit: bigint,
  timeOf: (value: Value) => bigint,
): Value[] {
  const dropped: Value[] = [];
  for (const [key, value] of map) {
    if (timeOf(value) >= limit) break;
    map.delete(key);
    dropped.push(value);
  }
  return dropped;
}
