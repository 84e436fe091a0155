/**
 * Sync and Follow_Up of one master, brought together: 9.5.9, 9.5.10, 11.2. Either may come first;
 * what finds no partner is dropped and counted; no more than a few of each wait. The corrections of
 * both count: a one-step transparent clock puts residence into the Sync of a two-step master.
 */
import {
  addScaled,
  elapsedDataplane,
  intervalDuration,
  isBefore,
  after,
  nanoseconds,
  nsOf,
  preciseInstant,
  scaledUnits,
  seconds,
  type DataplaneTime,
  type Instant,
  type LogInterval,
  type Nanoseconds,
  type PreciseInstant,
  type ScaledNs,
} from '#units/time';
import { FLAG } from '#wire/ptp-header';
import type { FollowUp, Sync, Tlv } from '#wire/ptp-message';

/** A Sync with its time of origin. */
export interface SyncSample {
  readonly sequenceId: number;
  /** By the dataplane, before ingressLatency. */
  readonly receiveTime: DataplaneTime;
  /** preciseOriginTimestamp and all corrections: by the master's clock, the link's delay missing. */
  readonly origin: PreciseInstant;
  /** The two that make it. */
  readonly timestamp: Instant;
  readonly correction: ScaledNs;
  readonly logMessageInterval: LogInterval;
  /** Those of the Follow_Up (802.1AS's information), or of a one-step Sync. */
  readonly tlvs: readonly Tlv[];
}

export type SyncCounter =
  | 'syncsUsed'
  | 'syncsDuplicate'
  | 'syncsLate'
  | 'syncsWithoutFollowUp'
  | 'followUpsDuplicate'
  | 'followUpsWithoutSync'
  | 'correctionsTooBig';

interface Waiting<Message> {
  readonly message: Message;
  readonly until: Instant;
}

interface WaitingSync extends Waiting<Sync> {
  readonly receiveTime: DataplaneTime;
}

/** Of each kind: at the rates of the profiles more than one is rare. */
const WAITING_LIMIT = 4;
const REMEMBERED = 16;
const LEAST_WAIT = seconds(0.5);
const MOST_WAIT = seconds(4);
const SEQUENCE_MASK = 0xffff;
/** 13.3.2.9: "too big to be represented". */
const CORRECTION_MAX = (1n << 63n) - 1n;

export class SyncReceiver {
  readonly #count: (what: SyncCounter) => void;
  /** The oldest first. */
  readonly #syncs: WaitingSync[] = [];
  readonly #followUps: Waiting<FollowUp>[] = [];
  /** The last that came, ring-wise: a copy of one of them tells nothing new. */
  readonly #done: number[] = [];
  #nextDone = 0;
  #last: { readonly sequenceId: number; readonly receiveTime: DataplaneTime } | null = null;

  constructor(count: (what: SyncCounter) => void) {
    this.#count = count;
  }

  /** A master's Sync. The sample, if all of it is there. */
  receiveSync(message: Sync, receiveTime: DataplaneTime, now: Instant): SyncSample | null {
    this.#expire(now);
    const { sequenceId } = message.header;
    if (this.#done.includes(sequenceId) || placeOf(this.#syncs, sequenceId) >= 0) {
      this.#count('syncsDuplicate');
      return null;
    }
    if ((message.header.flags & FLAG.twoStep) === 0) {
      const { correctionField } = message.header;
      return this.#complete(message, receiveTime, {
        timestamp: message.originTimestamp,
        correction: correctionField,
        tlvs: message.tlvs,
      });
    }
    const followUp = taken(this.#followUps, sequenceId);
    if (followUp === undefined) {
      const until = after(now, waitFor(message.header.logMessageInterval));
      this.#wait(this.#syncs, { message, receiveTime, until }, 'syncsWithoutFollowUp');
      return null;
    }
    return this.#match(message, receiveTime, followUp.message);
  }

  receiveFollowUp(message: FollowUp, now: Instant): SyncSample | null {
    this.#expire(now);
    const { sequenceId } = message.header;
    if (this.#done.includes(sequenceId) || placeOf(this.#followUps, sequenceId) >= 0) {
      this.#count('followUpsDuplicate');
      return null;
    }
    const sync = taken(this.#syncs, sequenceId);
    if (sync === undefined) {
      const until = after(now, waitFor(message.header.logMessageInterval));
      this.#wait(this.#followUps, { message, until }, 'followUpsWithoutSync');
      return null;
    }
    return this.#match(sync.message, sync.receiveTime, message);
  }

  /** Another master, or another time: nothing that waits belongs to what comes. */
  reset(): void {
    this.#syncs.length = 0;
    this.#followUps.length = 0;
    this.#done.length = 0;
    this.#nextDone = 0;
    this.#last = null;
  }

  /** How many wait for their partner. */
  get waiting(): number {
    return this.#syncs.length + this.#followUps.length;
  }

  #match(sync: Sync, receiveTime: DataplaneTime, followUp: FollowUp): SyncSample | null {
    return this.#complete(sync, receiveTime, {
      timestamp: followUp.preciseOriginTimestamp,
      correction: addScaled(sync.header.correctionField, followUp.header.correctionField),
      tlvs: followUp.tlvs,
    });
  }

  #complete(
    sync: Sync,
    receiveTime: DataplaneTime,
    told: Pick<SyncSample, 'timestamp' | 'correction' | 'tlvs'>,
  ): SyncSample | null {
    const { sequenceId, logMessageInterval } = sync.header;
    this.#done[this.#nextDone] = sequenceId;
    this.#nextDone = (this.#nextDone + 1) % REMEMBERED;
    if (scaledUnits(told.correction) === CORRECTION_MAX) {
      this.#count('correctionsTooBig');
      return null;
    }
    if (this.#isLate(sequenceId, receiveTime)) {
      this.#count('syncsLate');
      return null;
    }
    this.#last = { sequenceId, receiveTime };
    this.#count('syncsUsed');
    const { timestamp, correction, tlvs } = told;
    const origin = preciseInstant(timestamp, correction);
    return { sequenceId, receiveTime, origin, timestamp, correction, logMessageInterval, tlvs };
  }

  /** Overtaken on its way, so that its delay is not the others'; a master that restarts is not late. */
  #isLate(sequenceId: number, receiveTime: DataplaneTime): boolean {
    if (this.#last === null) return false;
    if (nsOf(elapsedDataplane(this.#last.receiveTime, receiveTime)) <= 0n) return true;
    const behind = (this.#last.sequenceId - sequenceId) & SEQUENCE_MASK;
    return behind < REMEMBERED;
  }

  #wait<W extends Waiting<unknown>>(table: W[], entry: W, lost: SyncCounter): void {
    if (table.length >= WAITING_LIMIT) {
      table.shift();
      this.#count(lost);
    }
    table.push(entry);
  }

  #expire(now: Instant): void {
    if (this.#syncs.length > 0) this.#expireIn(this.#syncs, now, 'syncsWithoutFollowUp');
    if (this.#followUps.length > 0) this.#expireIn(this.#followUps, now, 'followUpsWithoutSync');
  }

  #expireIn(table: Waiting<unknown>[], now: Instant, lost: SyncCounter): void {
    for (let at = table.length - 1; at >= 0; at -= 1) {
      const waiting = table[at];
      if (waiting === undefined || isBefore(now, waiting.until)) continue;
      table.splice(at, 1);
      this.#count(lost);
    }
  }
}

type Numbered = Waiting<Sync | FollowUp>;

function placeOf(table: readonly Numbered[], sequenceId: number): number {
  for (let at = 0; at < table.length; at += 1) {
    if (table[at]?.message.header.sequenceId === sequenceId) return at;
  }
  return -1;
}

/** It waits no longer. */
function taken<W extends Numbered>(table: W[], sequenceId: number): W | undefined {
  const at = placeOf(table, sequenceId);
  if (at < 0) return undefined;
  const found = table[at];
  if (table.length === 1) table.pop();
  else table.splice(at, 1);
  return found;
}

/** Two intervals, within bounds: the partner of what is older will not come. */
function waitFor(interval: LogInterval): Nanoseconds {
  const duration = intervalDuration(interval);
  if (duration === null) return LEAST_WAIT;
  const two = 2n * nsOf(duration);
  const least = nsOf(LEAST_WAIT);
  const most = nsOf(MOST_WAIT);
  return nanoseconds(two < least ? least : two > most ? most : two);
}
