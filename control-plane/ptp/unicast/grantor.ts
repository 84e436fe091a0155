/**
 * The granting side of unicast negotiation on one port, IEEE 1588-2019 16.1: who is served with what,
 * until when, and which message is due next. Whatever is asked, grants stay within their limits; a
 * request beyond them is refused with a duration of 0.
 *
 * Messages leave on a grid of 2^-8 s, requesters spread over each interval: so the timer runs at most
 * 256 times a second for intervals that long, however many are served.
 */
import {
  after,
  logIntervalValue,
  nanoseconds,
  seconds,
  type Instant,
  type LogInterval,
} from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import type { Signaling } from '#wire/ptp-message';
import {
  decodeUnicastTlv,
  encodeUnicastTlv,
  type CancelUnicastTlv,
  type RequestUnicastTlv,
  type UnicastTlv,
} from '#wire/tlv/unicast';
import type { StationAddress, UnicastGrantLimits } from '../instance/instance-types.js';
import { DueQueue } from './due-queue.js';
import {
  GRID_TICKS,
  onGrid,
  rateOf,
  spread,
  tickOf,
  TICKS_PER_SECOND,
  untilTick,
} from './ticks.js';
import {
  serviceOf,
  stationKey,
  type GrantEnd,
  type GrantorEffect,
  type UnicastGrant,
  type UnicastService,
} from './unicast-types.js';

/** What a queue of ticks can hold, and what anybody has a use for. */
const MIN_LOG_INTERVAL = -12;
const MAX_LOG_INTERVAL = 12;
/** TLVs of one Signaling that are looked at. */
const MAX_TLVS = 16;
/** How often a requester is told that it was cancelled, while it does not acknowledge it. */
const CANCEL_ATTEMPTS = 3;
const QUEUE_SLACK = 64;
const COUNTER_MAX = 0xffff_ffff;

/** Each stops at 2^32 - 1. */
export interface GrantorCounters {
  readonly requests: number;
  readonly given: number;
  readonly renewed: number;
  /** The port does not serve: it is no master, or does not negotiate. */
  readonly refusedNotServing: number;
  readonly refusedService: number;
  readonly refusedInterval: number;
  readonly refusedGrants: number;
  readonly refusedRate: number;
  readonly expired: number;
  readonly cancelled: number;
  readonly revoked: number;
  readonly cancelsUnacknowledged: number;
  readonly transmitted: number;
  /** Messages that were not sent because the timer came an interval late or more. */
  readonly skipped: number;
  readonly malformed: number;
  /** TLVs behind the 16th of one Signaling. */
  readonly leftOut: number;
}

const NO_COUNTS: GrantorCounters = {
  requests: 0,
  given: 0,
  renewed: 0,
  refusedNotServing: 0,
  refusedService: 0,
  refusedInterval: 0,
  refusedGrants: 0,
  refusedRate: 0,
  expired: 0,
  cancelled: 0,
  revoked: 0,
  cancelsUnacknowledged: 0,
  transmitted: 0,
  skipped: 0,
  malformed: 0,
  leftOut: 0,
};

interface Served {
  readonly key: string;
  grant: UnicastGrant;
  expiryTick: number;
  /** When its next message is due; never for service without messages of its own. */
  messageTick: number;
  /** Of the only entry in the queue that counts. */
  dueTick: number;
  nextSequenceId: number;
}

interface PendingCancel {
  readonly grant: UnicastGrant;
  attempts: number;
  dueTick: number;
}

type Due =
  | { readonly kind: 'served'; readonly served: Served; readonly tick: number }
  | { readonly kind: 'cancel'; readonly key: string; readonly tick: number };

export class UnicastGrantor {
  #limits: UnicastGrantLimits | null;
  #serving = false;
  readonly #served = new Map<string, Served>();
  readonly #cancels = new Map<string, PendingCancel>();
  readonly #queue = new DueQueue<Due>();
  readonly #given: Record<UnicastService, number> = { announce: 0, sync: 0, delayResp: 0 };
  #messagesPerSecond = 0;
  #timerTick: number | null = null;
  readonly #counters: Record<keyof GrantorCounters, number> = { ...NO_COUNTS };

  /** Null: every request is refused. */
  constructor(limits: UnicastGrantLimits | null) {
    this.#limits = limits;
  }

  get counters(): GrantorCounters {
    return { ...this.#counters };
  }

  get size(): number {
    return this.#served.size;
  }

  /** Of all grants together; a Sync and its Follow_Up are one. */
  get messagesPerSecond(): number {
    return this.#messagesPerSecond;
  }

  /** What waits for its time: at most two for each grant, and some. */
  get queued(): number {
    return this.#queue.size;
  }

  grants(): readonly UnicastGrant[] {
    return [...this.#served.values()].map(({ grant }) => grant);
  }

  /** Whether the station is granted the service now. */
  isServed(requester: PortIdentity, address: StationAddress, service: UnicastService): boolean {
    return this.#served.has(keyOf(requester, address, service));
  }

  /** Other limits from now on; grants beyond them are revoked, the newest first. */
  configure(limits: UnicastGrantLimits | null, now: Instant): readonly GrantorEffect[] {
    this.#limits = limits;
    const kept = [...this.#served.values()];
    const effects: GrantorEffect[] = [];
    this.#messagesPerSecond = 0;
    let grants = 0;
    for (const served of kept) {
      const { service, logInterval } = served.grant;
      const rate = rateOf(logInterval);
      const fits = this.#refusal(service, logInterval, grants, this.#messagesPerSecond) === null;
      this.#messagesPerSecond += rate;
      if (fits) grants += 1;
      else effects.push(...this.#revoke(served, now));
    }
    return this.#rearmed(effects, now);
  }

  /** Only a port that is master serves; one that is not any more revokes what it granted. */
  setServing(serving: boolean, now: Instant): readonly GrantorEffect[] {
    if (serving === this.#serving) return [];
    this.#serving = serving;
    const effects = serving
      ? []
      : [...this.#served.values()].flatMap((served) => this.#revoke(served, now));
    return this.#rearmed(effects, now);
  }

  /** The link is gone, or the port disabled: nobody can be told, and nothing is granted any more. */
  reset(): readonly GrantorEffect[] {
    const effects = [...this.#served.values()].flatMap((served) => this.#end(served, 'revoked'));
    this.#cancels.clear();
    this.#queue.clear();
    this.#serving = false;
    const hadTimer = this.#timerTick !== null;
    this.#timerTick = null;
    return hadTimer ? [...effects, { kind: 'cancelTimer' }] : effects;
  }

  /** A Signaling of this instance that is meant for the port. All its TLVs are answered in one. */
  receive(signaling: Signaling, source: StationAddress, now: Instant): readonly GrantorEffect[] {
    const requester = signaling.header.sourcePortIdentity;
    const effects: GrantorEffect[] = [];
    const answers: UnicastTlv[] = [];
    for (const tlv of signaling.tlvs.slice(0, MAX_TLVS)) {
      const decoded = decodeUnicastTlv(tlv);
      if (decoded === null) continue;
      if (!decoded.ok) {
        this.#count('malformed');
        continue;
      }
      const answer = this.#take(decoded.value, requester, source, now, effects);
      if (answer !== null) answers.push(answer);
    }
    this.#count('leftOut', Math.max(0, signaling.tlvs.length - MAX_TLVS));
    if (answers.length > 0) {
      // First the answer: what was granted is then sent to somebody who knows of it.
      effects.unshift({
        kind: 'signal',
        address: source,
        targetPortIdentity: requester,
        tlvs: answers.map(encodeUnicastTlv),
      });
    }
    return this.#rearmed(effects, now);
  }

  /** The timer of the last `setTimer` has run out. */
  timer(now: Instant): readonly GrantorEffect[] {
    this.#timerTick = null;
    const nowTick = tickOf(now);
    const effects: GrantorEffect[] = [];
    for (;;) {
      const due = this.#queue.popDue(nowTick);
      if (due === undefined) break;
      if (due.kind === 'cancel') effects.push(...this.#cancelAgain(due, now));
      else effects.push(...this.#serve(due, nowTick));
    }
    return this.#rearmed(effects, now);
  }

  #take(
    tlv: UnicastTlv,
    requester: PortIdentity,
    source: StationAddress,
    now: Instant,
    effects: GrantorEffect[],
  ): UnicastTlv | null {
    switch (tlv.kind) {
      case 'requestUnicast':
        return this.#request(tlv, requester, source, now, effects);
      case 'cancelUnicast':
        return this.#cancelledByRequester(tlv, requester, source, effects);
      case 'acknowledgeCancelUnicast': {
        const service = serviceOf(tlv.messageType);
        if (service !== null) this.#cancels.delete(keyOf(requester, source, service));
        return null;
      }
      case 'grantUnicast':
        return null;
    }
  }

  #request(
    tlv: RequestUnicastTlv,
    requester: PortIdentity,
    address: StationAddress,
    now: Instant,
    effects: GrantorEffect[],
  ): UnicastTlv {
    this.#count('requests');
    const { messageType, logInterMessagePeriod: logInterval } = tlv;
    const answer = {
      kind: 'grantUnicast' as const,
      messageType,
      logInterMessagePeriod: logInterval,
    };
    const service = serviceOf(messageType);
    const key = service === null ? null : keyOf(requester, address, service);
    const old = key === null ? undefined : this.#served.get(key);
    const others = this.#served.size - (old === undefined ? 0 : 1);
    const rate = this.#messagesPerSecond - (old === undefined ? 0 : rateOf(old.grant.logInterval));
    const refusal =
      service === null ? 'refusedService' : this.#refusal(service, logInterval, others, rate);
    if (refusal !== null || service === null || key === null || this.#limits === null) {
      this.#count(refusal ?? 'refusedNotServing');
      return { ...answer, durationSeconds: 0, renewalInvited: false };
    }
    const durationSeconds = Math.min(tlv.durationSeconds, this.#limits.maxDurationSeconds);
    if (durationSeconds > 0) {
      const expiresAt = after(now, seconds(durationSeconds));
      this.#cancels.delete(key);
      this.#grant(key, { requester, address, service, logInterval, expiresAt }, now, effects);
    }
    return { ...answer, durationSeconds, renewalInvited: durationSeconds > 0 };
  }

  /** Why it is refused beside so many other grants; null if it is not. */
  #refusal(
    service: UnicastService,
    logInterval: LogInterval,
    otherGrants: number,
    otherRate: number,
  ): 'refusedNotServing' | 'refusedInterval' | 'refusedGrants' | 'refusedRate' | null {
    const limits = this.#limits;
    if (limits === null || !this.#serving) return 'refusedNotServing';
    const log = logIntervalValue(logInterval);
    const least = logIntervalValue(leastInterval(limits, service));
    if (log < Math.max(least, MIN_LOG_INTERVAL) || log > MAX_LOG_INTERVAL) return 'refusedInterval';
    if (otherGrants >= limits.maxGrants) return 'refusedGrants';
    return otherRate + rateOf(logInterval) > limits.maxMessagesPerSecond ? 'refusedRate' : null;
  }

  #grant(key: string, grant: UnicastGrant, now: Instant, effects: GrantorEffect[]): void {
    const old = this.#served.get(key);
    const expiryTick = tickOf(grant.expiresAt);
    if (old !== undefined) {
      this.#count('renewed');
      const isSameRate =
        logIntervalValue(old.grant.logInterval) === logIntervalValue(grant.logInterval);
      this.#messagesPerSecond += rateOf(grant.logInterval) - rateOf(old.grant.logInterval);
      old.grant = grant;
      old.expiryTick = expiryTick;
      // With the same interval it goes on where it is; its old end comes to nothing.
      if (!isSameRate) this.#schedule(old, tickOf(now));
      return;
    }
    this.#count('given');
    this.#messagesPerSecond += rateOf(grant.logInterval);
    const served = { key, grant, expiryTick, messageTick: 0, dueTick: 0, nextSequenceId: 0 };
    this.#served.set(key, served);
    this.#schedule(served, tickOf(now));
    effects.push({ kind: 'given', grant });
  }

  /** A requester gets its first message at once. */
  #schedule(served: Served, nowTick: number): void {
    const isAnswering = served.grant.service === 'delayResp';
    this.#queueServed(served, isAnswering ? Infinity : onGrid(nowTick));
  }

  #queueServed(served: Served, messageTick: number): void {
    served.messageTick = messageTick;
    served.dueTick = Math.min(messageTick, served.expiryTick);
    this.#queue.push(served.dueTick, { kind: 'served', served, tick: served.dueTick });
  }

  #serve({ served, tick }: Extract<Due, { kind: 'served' }>, nowTick: number): GrantorEffect[] {
    const isCurrent = this.#served.get(served.key) === served && served.dueTick === tick;
    if (!isCurrent) return [];
    if (nowTick >= served.expiryTick) {
      this.#count('expired');
      return this.#end(served, 'expired');
    }
    if (nowTick < served.messageTick) {
      this.#queueServed(served, served.messageTick);
      return [];
    }
    const sequenceId = served.nextSequenceId;
    served.nextSequenceId = (sequenceId + 1) & 0xffff;
    this.#queueServed(served, this.#following(served, sequenceId, nowTick));
    this.#count('transmitted');
    return [{ kind: 'transmit', grant: served.grant, sequenceId }];
  }

  /** When the next message is due: the second one where its requester's place in the interval is. */
  #following(served: Served, sequenceId: number, nowTick: number): number {
    const tick = served.messageTick;
    const interval = 2 ** logIntervalValue(served.grant.logInterval) * TICKS_PER_SECOND;
    if (sequenceId === 0 && interval > GRID_TICKS) {
      const place = spread(this.#given[served.grant.service]++) * (interval / GRID_TICKS);
      const begin = Math.floor(tick / interval) * interval + Math.floor(place) * GRID_TICKS;
      return begin > nowTick ? begin : begin + interval;
    }
    const missed = Math.max(0, Math.floor((nowTick - tick) / interval));
    this.#count('skipped', missed);
    return tick + (missed + 1) * interval;
  }

  #cancelledByRequester(
    tlv: CancelUnicastTlv,
    requester: PortIdentity,
    source: StationAddress,
    effects: GrantorEffect[],
  ): UnicastTlv | null {
    const service = serviceOf(tlv.messageType);
    if (tlv.maintainRequest || service === null) return null;
    const served = this.#served.get(keyOf(requester, source, service));
    if (served !== undefined) {
      this.#count('cancelled');
      effects.push(...this.#end(served, 'cancelled'));
    }
    // Acknowledged in any case: the one before may have been lost.
    return this.#limits === null ? null : { ...tlv, kind: 'acknowledgeCancelUnicast' };
  }

  #end(served: Served, why: GrantEnd): GrantorEffect[] {
    this.#served.delete(served.key);
    this.#messagesPerSecond -= rateOf(served.grant.logInterval);
    return [{ kind: 'ended', grant: served.grant, why }];
  }

  #revoke(served: Served, now: Instant): GrantorEffect[] {
    this.#count('revoked');
    const pending = { grant: served.grant, attempts: 0, dueTick: 0 };
    this.#cancels.set(served.key, pending);
    return [...this.#end(served, 'revoked'), ...this.#tell(served.key, pending, now)];
  }

  #cancelAgain({ key, tick }: Extract<Due, { kind: 'cancel' }>, now: Instant): GrantorEffect[] {
    const pending = this.#cancels.get(key);
    if (pending?.dueTick !== tick) return [];
    if (pending.attempts < CANCEL_ATTEMPTS) return this.#tell(key, pending, now);
    this.#cancels.delete(key);
    this.#count('cancelsUnacknowledged');
    return [];
  }

  #tell(key: string, pending: PendingCancel, now: Instant): GrantorEffect[] {
    pending.attempts += 1;
    pending.dueTick = onGrid(tickOf(now) + TICKS_PER_SECOND);
    this.#queue.push(pending.dueTick, { kind: 'cancel', key, tick: pending.dueTick });
    const { address, requester, service } = pending.grant;
    const tlv = encodeUnicastTlv({
      kind: 'cancelUnicast',
      messageType: MESSAGE_TYPE[service],
      maintainRequest: true,
      maintainGrant: false,
    });
    return [{ kind: 'signal', address, targetPortIdentity: requester, tlvs: [tlv] }];
  }

  #rearmed(effects: readonly GrantorEffect[], now: Instant): readonly GrantorEffect[] {
    this.#tidy();
    const { next } = this.#queue;
    if (next === this.#timerTick) return effects;
    this.#timerTick = next;
    if (next === null) return [...effects, { kind: 'cancelTimer' }];
    return [...effects, { kind: 'setTimer', after: nanoseconds(untilTick(next, now)) }];
  }

  /** Requests that change their mind leave entries behind: never more than what is there, and some. */
  #tidy(): void {
    if (this.#queue.size <= 2 * (this.#served.size + this.#cancels.size) + QUEUE_SLACK) return;
    this.#queue.clear();
    for (const served of this.#served.values()) {
      this.#queue.push(served.dueTick, { kind: 'served', served, tick: served.dueTick });
    }
    for (const [key, { dueTick }] of this.#cancels) {
      this.#queue.push(dueTick, { kind: 'cancel', key, tick: dueTick });
    }
  }

  #count(name: keyof GrantorCounters, by = 1): void {
    if (by === 0) return;
    this.#counters[name] = Math.min(this.#counters[name] + by, COUNTER_MAX);
  }
}

function keyOf(port: PortIdentity, address: StationAddress, service: UnicastService): string {
  return `${stationKey(address)} ${port.clockIdentity.toString(16)}-${port.portNumber} ${service}`;
}

function leastInterval(limits: UnicastGrantLimits, service: UnicastService): LogInterval {
  switch (service) {
    case 'announce':
      return limits.minLogAnnounceInterval;
    case 'sync':
      return limits.minLogSyncInterval;
    case 'delayResp':
      return limits.minLogDelayRespInterval;
  }
}
