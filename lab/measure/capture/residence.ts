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
  readonly messageType: Float64Array;
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
  isTaken: boolean;
}

/** A two-step Sync whose Follow_Up is to come. */
interface OpenSync {
  readonly index: number;
  readonly timeNs: bigint;
}

const SCALED_PER_NS = 65_536;

/** Takes frames in the order of their stamps, whichever capture they are from. */
export class ResidenceMeter {
  readonly #longestNs: bigint;
  readonly #entered = new Map<string, Entry[]>();
  /** The same entries by age. */
  #aging: Entry[] = [];
  #aged = 0;
  readonly #exited = new Map<string, bigint>();
  readonly #openSyncs = new Map<string, OpenSync>();
  readonly #time = new GrowingNumbers();
  readonly #residence = new GrowingNumbers();
  readonly #type = new GrowingNumbers();
  readonly #correction = new GrowingNumbers();
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
    if (this.#exited.delete(identity.key)) {
      this.#backwards += 1;
    }
    const entry = { key: identity.key, timeNs, ptp: identity.ptp, isTaken: false };
    const same = this.#entered.get(identity.key);
    if (same === undefined) this.#entered.set(identity.key, [entry]);
    else same.push(entry);
    this.#aging.push(entry);
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
    const entry = this.#take(identity.key);
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

  #take(key: string): Entry | null {
    const same = this.#entered.get(key);
    const entry = same?.shift();
    if (same?.length === 0) this.#entered.delete(key);
    if (entry === undefined) return null;
    entry.isTaken = true;
    return entry;
  }

  /** Memory is of what may still come out, not of the whole capture. */
  #forget(nowNs: bigint): void {
    const limit = nowNs - this.#longestNs;
    for (;;) {
      const oldest = this.#aging[this.#aged];
      if (oldest === undefined || oldest.timeNs >= limit) break;
      this.#aged += 1;
      if (!oldest.isTaken) this.#take(oldest.key);
    }
    if (this.#aged > 4096 && this.#aged * 2 > this.#aging.length) {
      this.#aging = this.#aging.slice(this.#aged);
      this.#aged = 0;
    }
    dropBefore(this.#exited, limit, (timeNs) => timeNs);
    const lost = dropBefore(this.#openSyncs, limit, ({ timeNs }) => timeNs);
    for (const { index } of lost) this.#correction.set(index, Number.NaN);
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
