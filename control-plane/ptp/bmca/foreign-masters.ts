/**
 * The masters that one port hears: foreignMasterDS, IEEE 1588-2019 9.3.2.4, and which of them count,
 * 9.3.2.3 and 9.3.2.5. Bounded in memory and in time for an Announce whatever comes in. Pure: time is
 * an argument.
 */
import { portIdentityText } from '#units/clock-identity';
import {
  after,
  elapsed,
  isBefore,
  nanoseconds,
  nsOf,
  type Instant,
  type Nanoseconds,
} from '#units/time';
import { FLAG, isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { Announce, Tlv } from '#wire/ptp-message';
import type { AcceptableMaster, ForeignMasterDS } from '../data-sets.js';
import type { Comparison } from '../instance/instance-types.js';
import { choiceOrder, dataSetOfAnnounce, type ComparisonDataSet } from './comparison.js';
import { pathTraceOf } from './path-trace.js';
import { bestOf, type BestMaster } from './state-decision.js';

/** 9.3.2.4.4: FOREIGN_MASTER_TIME_WINDOW, in announce intervals, and FOREIGN_MASTER_THRESHOLD. */
export const FOREIGN_MASTER_TIME_WINDOW = 4;
export const FOREIGN_MASTER_THRESHOLD = 2;
/** 9.3.2.5 d: as many steps or more never qualify. */
export const STEPS_REMOVED_LIMIT = 255;
/** 9.3.2.4.5: a port keeps at least so many. */
export const MIN_FOREIGN_MASTERS = 5;
/** Masters heard once that are remembered until they are heard again. */
const MAX_CANDIDATES = 256;
/** Announces of one master that are counted at most. */
const MAX_TIMES = 8;
/** 17.5: a port number of all ones stands for all ports of that clock. */
const ANY_PORT = 0xffff;

export interface ForeignMastersConfig {
  /** Of the port that hears. */
  readonly portIdentity: PortIdentity;
  readonly localPriority: number;
  readonly comparison: Comparison;
  readonly maxStepsRemoved: number;
  /** 2^logAnnounceInterval of the port. */
  readonly announceInterval: Nanoseconds;
  readonly announceReceiptTimeout: number;
  /** Less than 5 counts as 5. */
  readonly maxForeignMasters: number;
  /** 17.5; null: everybody. */
  readonly acceptableMasters: readonly AcceptableMaster[] | null;
}

export const REJECTIONS = [
  /** 9.5.2.2: our own port heard itself. */
  'own-port',
  /** 9.5.2.3: another port of ours: see `ownPortHeard`. */
  'own-clock',
  /** 17.3: alternateMasterFlag. */
  'alternate-master',
  'steps-removed',
  /** 16.2.4: we are in its path trace. */
  'path-trace-loop',
  /** 17.5. */
  'not-acceptable',
  /** 9.3.2.5 b: not newer than what we have. */
  'not-newest',
  /** The table is full of better ones. */
  'table-full',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

export type AnnounceVerdict =
  | {
      readonly accepted: true;
      readonly foreignMaster: PortIdentity;
      readonly qualified: boolean;
      /** It was not qualified before: time for a state decision. */
      readonly newlyQualified: boolean;
      /** What it tells for the comparison is not what it told before. */
      readonly changed: boolean;
      /** Nothing that it tells is not what it told before. */
      readonly isRepeated: boolean;
    }
  | { readonly accepted: false; readonly rejection: Rejection; readonly why: string };

/** A foreign master for status: foreignMasterDS and what it tells. */
export interface ForeignMasterStatus extends ForeignMasterDS {
  readonly announce: Announce;
  readonly lastHeard: Instant;
}

interface Entry {
  readonly identity: PortIdentity;
  announce: Announce;
  dataSet: ComparisonDataSet;
  /** Newest last. */
  times: readonly Instant[];
  interval: Nanoseconds;
}

export class ForeignMasters {
  #config: ForeignMastersConfig;
  /** Heard often enough; MAX of configuration. */
  readonly #masters = new Map<string, Entry>();
  /** Heard, but not often enough yet; oldest first. */
  readonly #candidates = new Map<string, Entry>();
  /** The one returned by `best` last: it is not evicted, and counts until its timeout. */
  #best: string | null = null;
  /** 9.5.2.3: the lowest of our other ports that was heard here, and when. */
  #ownPort: { readonly portNumber: number; readonly heard: Instant } | null = null;
  readonly #counters: Record<string, number> = {};

  constructor(config: ForeignMastersConfig) {
    this.#config = config;
  }

  /** Takes effect at once; what was heard stays, compared anew. */
  configure(config: ForeignMastersConfig): void {
    this.#config = config;
    for (const table of [this.#masters, this.#candidates]) {
      for (const [key, entry] of table) {
        if (this.#rejectionOf(entry.announce) !== null) table.delete(key);
        else entry.dataSet = this.#dataSetOf(entry.announce);
      }
    }
    this.#forgetLostBest();
  }

  /**
   * Takes an Announce in. `interval` is the announce interval of this master if it is not the
   * port's (unicast: as granted). Every rejection is counted by its name.
   */
  observe(announce: Announce, now: Instant, interval?: Nanoseconds): AnnounceVerdict {
    const rejection = this.#rejectionOf(announce) ?? this.#repetitionOf(announce);
    if (rejection !== null) {
      if (rejection.rejection === 'own-clock') this.#noteOwnPort(announce, now);
      return this.#count(rejection);
    }
    this.#dropAged(now);
    const identity = announce.header.sourcePortIdentity;
    const key = portIdentityText(identity);
    const known = this.#masters.get(key) ?? this.#candidates.get(key);
    const dataSet = this.#dataSetOf(announce);
    const entry: Entry = {
      identity,
      announce,
      dataSet,
      times: [...(known ? this.#recent(known, now) : []), now].slice(-MAX_TIMES),
      interval: interval ?? this.#config.announceInterval,
    };
    const wasQualified = this.#masters.has(key);
    const qualified = wasQualified || entry.times.length >= this.#threshold();
    if (!qualified) {
      this.#remember(key, entry);
    } else if (!this.#place(key, entry, wasQualified)) {
      return this.#count(rejected('table-full', `${this.#masters.size} better masters are heard`));
    }
    const changed = known === undefined || !isSameTold(known.dataSet, dataSet);
    const newlyQualified = qualified && !wasQualified;
    const isRepeated = known !== undefined && isSameAnnounce(known.announce, announce);
    const verdict = { qualified, newlyQualified, changed, isRepeated };
    return { accepted: true, foreignMaster: identity, ...verdict };
  }

  /**
   * 9.3.2.5: the masters that count now; `isUsable` leaves out those that are known to be of no use
   * (G.8275.1's PTSF, quarantine).
   */
  qualifiedForeign(
    now: Instant,
    isUsable: (master: BestMaster) => boolean = () => true,
  ): readonly BestMaster[] {
    this.#dropAged(now);
    const { portNumber } = this.#config.portIdentity;
    const masters: BestMaster[] = [];
    for (const { announce, dataSet } of this.#masters.values()) {
      const master = { announce, dataSet, portNumber };
      if (isUsable(master)) masters.push(master);
    }
    return masters;
  }

  /**
   * Erbest, 9.3.2.3. It then counts until its announce receipt timeout, even if fewer Announces come
   * than would qualify it, and no other one can evict it.
   */
  best(now: Instant, isUsable?: (master: BestMaster) => boolean): BestMaster | null {
    const best = bestOf(this.qualifiedForeign(now, isUsable), this.#config.comparison);
    this.#best = best && portIdentityText(best.announce.header.sourcePortIdentity);
    return best;
  }

  /** ANNOUNCE_RECEIPT_TIMEOUT of this one, or it was cancelled: it has to qualify anew. */
  forget(identity: PortIdentity): void {
    const key = portIdentityText(identity);
    this.#masters.delete(key);
    this.#candidates.delete(key);
    this.#forgetLostBest();
  }

  /** The port begins anew. Counters stay. */
  clear(): void {
    this.#masters.clear();
    this.#candidates.clear();
    this.#ownPort = null;
    this.#best = null;
  }

  /** 17.5, of whatever domain. */
  isAcceptable({ header }: Announce): boolean {
    const { acceptableMasters } = this.#config;
    return (
      acceptableMasters === null || this.#acceptableOf(header.sourcePortIdentity) !== undefined
    );
  }

  /** 9.5.2.3: the lowest of our other ports whose Announces this port hears, or null. */
  ownPortHeard(now: Instant): number | null {
    const lifetime = this.#lifetime(this.#config.announceInterval);
    if (this.#ownPort !== null && isBefore(after(this.#ownPort.heard, lifetime), now)) {
      this.#ownPort = null;
    }
    return this.#ownPort?.portNumber ?? null;
  }

  /** All that are heard, the qualified ones first; not more than the cap. */
  list(now: Instant): readonly ForeignMasterStatus[] {
    this.#dropAged(now);
    const rows = (table: ReadonlyMap<string, Entry>, qualified: boolean): ForeignMasterStatus[] =>
      [...table.values()].map((entry) => ({
        foreignMasterPortIdentity: entry.identity,
        foreignMasterAnnounceMessages: this.#recent(entry, now).length,
        qualified,
        announce: entry.announce,
        lastHeard: entry.times.at(-1) ?? now,
      }));
    return [...rows(this.#masters, true), ...rows(this.#candidates, false)].slice(0, this.#cap());
  }

  /** Rejections by name, `evicted` and `candidates-overflow`: what a flood of Announces shows in. */
  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  #cap(): number {
    return Math.max(MIN_FOREIGN_MASTERS, this.#config.maxForeignMasters);
  }

  /** 802.1AS-2020 10.3.11.2.1 qualifies the first Announce. */
  #threshold(): number {
    return this.#config.comparison === 'ieee8021as' ? 1 : FOREIGN_MASTER_THRESHOLD;
  }

  /** 9.3.2.5 a, d; 16.2; 17.3; 17.5. Null: it may count. */
  #rejectionOf(announce: Announce): RejectedVerdict | null {
    const { portIdentity, maxStepsRemoved } = this.#config;
    const source = announce.header.sourcePortIdentity;
    if (isSamePort(source, portIdentity)) return rejected('own-port', 'the port hears itself');
    if (source.clockIdentity === portIdentity.clockIdentity) {
      return rejected('own-clock', `our port ${source.portNumber} is heard here`);
    }
    if ((announce.header.flags & FLAG.alternateMaster) !== 0) {
      return rejected('alternate-master', 'it says that it is an alternate master');
    }
    const limit = Math.min(maxStepsRemoved, STEPS_REMOVED_LIMIT);
    if (announce.stepsRemoved >= limit) {
      return rejected('steps-removed', `stepsRemoved ${announce.stepsRemoved}, limit ${limit}`);
    }
    if (pathTraceOf(announce.tlvs)?.includes(portIdentity.clockIdentity) === true) {
      return rejected('path-trace-loop', 'its path goes through us');
    }
    if (this.#config.acceptableMasters !== null && this.#acceptableOf(source) === undefined) {
      return rejected('not-acceptable', `${portIdentityText(source)} is not acceptable`);
    }
    return null;
  }

  /** 9.3.2.5 b. One behind counts as overtaken on the way; more as a restart of the master. */
  #repetitionOf(announce: Announce): RejectedVerdict | null {
    const key = portIdentityText(announce.header.sourcePortIdentity);
    const known = this.#masters.get(key) ?? this.#candidates.get(key);
    if (known === undefined) return null;
    const behind = (known.announce.header.sequenceId - announce.header.sequenceId) & 0xffff;
    if (behind > 1) return null;
    return rejected('not-newest', `sequenceId ${announce.header.sequenceId} came before`);
  }

  #acceptableOf(source: PortIdentity): AcceptableMaster | undefined {
    return this.#config.acceptableMasters?.find(
      ({ acceptablePortIdentity: { clockIdentity, portNumber } }) =>
        clockIdentity === source.clockIdentity &&
        (portNumber === source.portNumber || portNumber === ANY_PORT),
    );
  }

  /** 17.5.3: alternatePriority1 takes the place of priority1 in the comparison, if it is not 0. */
  #dataSetOf(announce: Announce): ComparisonDataSet {
    const { portIdentity, localPriority } = this.#config;
    const dataSet = dataSetOfAnnounce(announce, portIdentity, localPriority);
    const alternate = this.#acceptableOf(announce.header.sourcePortIdentity)?.alternatePriority1;
    if (alternate === undefined || alternate === 0) return dataSet;
    return { ...dataSet, grandmasterPriority1: alternate };
  }

  /** A candidate, the oldest of which gives way: who is heard once only costs no qualified one. */
  #remember(key: string, entry: Entry): void {
    this.#candidates.delete(key);
    if (this.#candidates.size >= MAX_CANDIDATES) {
      const oldest = this.#candidates.keys().next();
      if (oldest.done !== true) this.#candidates.delete(oldest.value);
      this.#increment('candidates-overflow');
    }
    this.#candidates.set(key, entry);
  }

  /** Among the qualified. If they are full the worst gives way, but for the best; false: it is worse. */
  #place(key: string, entry: Entry, isKnown: boolean): boolean {
    if (!isKnown && this.#masters.size >= this.#cap()) {
      const worst = this.#worst();
      if (worst === null || this.#order(entry, worst[1]) >= 0) return false;
      this.#masters.delete(worst[0]);
      this.#increment('evicted');
    }
    this.#candidates.delete(key);
    this.#masters.set(key, entry);
    return true;
  }

  #worst(): readonly [string, Entry] | null {
    let worst: readonly [string, Entry] | null = null;
    for (const one of this.#masters) {
      if (one[0] === this.#best) continue;
      if (worst === null || this.#order(one[1], worst[1]) > 0) worst = one;
    }
    return worst;
  }

  #order(a: Entry, b: Entry): number {
    return choiceOrder(a.dataSet, b.dataSet, this.#config.comparison);
  }

  /** 9.3.2.4.4: Announces older than the window do not count; who has too few falls back. */
  #dropAged(now: Instant): void {
    for (const [key, entry] of this.#candidates) {
      if (this.#recent(entry, now).length > 0) break;
      this.#candidates.delete(key);
    }
    for (const [key, entry] of this.#masters) {
      const times = this.#recent(entry, now);
      if (times.length >= this.#threshold() || this.#isKept(key, entry, now)) continue;
      this.#masters.delete(key);
      if (times.length > 0) this.#remember(key, { ...entry, times });
    }
    this.#forgetLostBest();
  }

  /** The best one counts as long as its announce receipt timeout can last: 9.3.2.3. */
  #isKept(key: string, entry: Entry, now: Instant): boolean {
    const last = entry.times.at(-1);
    return (
      key === this.#best &&
      last !== undefined &&
      !isBefore(after(last, this.#lifetime(entry.interval)), now)
    );
  }

  /** announceReceiptTimeout intervals and the one at most that 9.2.6.12 adds by chance. */
  #lifetime(interval: Nanoseconds): Nanoseconds {
    return times(interval, this.#config.announceReceiptTimeout + 1);
  }

  #recent(entry: Entry, now: Instant): readonly Instant[] {
    const window = nsOf(times(entry.interval, FOREIGN_MASTER_TIME_WINDOW));
    return entry.times.filter((heard) => nsOf(elapsed(heard, now)) <= window);
  }

  #forgetLostBest(): void {
    if (this.#best !== null && !this.#masters.has(this.#best)) this.#best = null;
  }

  #noteOwnPort(announce: Announce, now: Instant): void {
    const { portNumber } = announce.header.sourcePortIdentity;
    const lowest = this.ownPortHeard(now);
    if (lowest === null || portNumber <= lowest) this.#ownPort = { portNumber, heard: now };
  }

  #count(verdict: RejectedVerdict): RejectedVerdict {
    this.#increment(verdict.rejection);
    return verdict;
  }

  #increment(counter: string): void {
    this.#counters[counter] = (this.#counters[counter] ?? 0) + 1;
  }
}

type RejectedVerdict = Extract<AnnounceVerdict, { accepted: false }>;

function rejected(rejection: Rejection, why: string): RejectedVerdict {
  return { accepted: false, rejection, why };
}

function isSameTold(a: ComparisonDataSet, b: ComparisonDataSet): boolean {
  const [x, y] = [a.grandmasterClockQuality, b.grandmasterClockQuality];
  return (
    a.grandmasterIdentity === b.grandmasterIdentity &&
    a.grandmasterPriority1 === b.grandmasterPriority1 &&
    a.grandmasterPriority2 === b.grandmasterPriority2 &&
    a.stepsRemoved === b.stepsRemoved &&
    x.clockClass === y.clockClass &&
    x.clockAccuracy === y.clockAccuracy &&
    x.offsetScaledLogVariance === y.offsetScaledLogVariance
  );
}

/** All that is used of it. */
function isSameAnnounce(a: Announce, b: Announce): boolean {
  return (
    a.header.flags === b.header.flags &&
    a.header.logMessageInterval === b.header.logMessageInterval &&
    a.currentUtcOffsetSeconds === b.currentUtcOffsetSeconds &&
    a.grandmasterPriority1 === b.grandmasterPriority1 &&
    a.grandmasterClockClass === b.grandmasterClockClass &&
    a.grandmasterClockAccuracy === b.grandmasterClockAccuracy &&
    a.grandmasterOffsetScaledLogVariance === b.grandmasterOffsetScaledLogVariance &&
    a.grandmasterPriority2 === b.grandmasterPriority2 &&
    a.grandmasterIdentity === b.grandmasterIdentity &&
    a.stepsRemoved === b.stepsRemoved &&
    a.timeSource === b.timeSource &&
    isSameTlvs(a.tlvs, b.tlvs)
  );
}

function isSameTlvs(a: readonly Tlv[], b: readonly Tlv[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        one.type === other.type &&
        one.value.length === other.value.length &&
        one.value.every((octet, at) => octet === other.value[at])
      );
    })
  );
}

function times(interval: Nanoseconds, count: number): Nanoseconds {
  return nanoseconds(nsOf(interval) * BigInt(count));
}
