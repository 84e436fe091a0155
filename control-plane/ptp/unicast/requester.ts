/**
 * The asking side of unicast negotiation on one port, IEEE 1588-2019 16.1 and 17.4: Announce from all
 * masters of the table, Sync and Delay_Resp from the one that is selected. What is granted is renewed
 * after three quarters of its time; who does not answer, or refuses, is asked less and less often.
 */
import {
  after,
  elapsed,
  intervalDuration,
  isBefore,
  nanoseconds,
  nsOf,
  nsSinceEpoch,
  seconds,
  type Instant,
  type LogInterval,
  type Nanoseconds,
} from '#units/time';
import { MESSAGE_TYPE, type PortIdentity } from '#wire/ptp-header';
import type { Signaling } from '#wire/ptp-message';
import {
  decodeUnicastTlv,
  encodeUnicastTlv,
  type CancelUnicastTlv,
  type GrantUnicastTlv,
  type UnicastTlv,
} from '#wire/tlv/unicast';
import type { StationAddress, UnicastMaster } from '../instance/instance-types.js';
import { NO_COUNTS, type RequesterCounters } from './requester-counters.js';
import {
  cancelOf,
  newMaster,
  signalTo,
  subscriptionOf,
  type Master,
  type Subscription,
} from './subscriptions.js';
import {
  ALL_PORTS,
  stationKey,
  UNICAST_SERVICES,
  type ContractEnd,
  type RequesterEffect,
  type UnicastContract,
  type UnicastService,
} from './unicast-types.js';

/** Masters that are asked; those behind them in the table are left out, and counted. */
export const MAX_UNICAST_MASTERS = 128;
const MAX_TLVS = 16;
/** So often a master is asked at the query interval; then the wait doubles each time. */
const EAGER_ATTEMPTS = 3;
const MAX_WAIT_SECONDS = 60;
const CANCEL_ATTEMPTS = 3;
const COUNTER_MAX = 0xffff_ffff;

export interface RequesterConfig {
  readonly masters: readonly UnicastMaster[];
  /** Seconds between two requests that nobody answers, to begin with. */
  readonly queryIntervalSeconds: number;
  readonly durationSeconds: number;
  readonly logAnnounceInterval: LogInterval;
  readonly logSyncInterval: LogInterval;
  /** Null: no Delay_Resp is asked for (peer delay, or none). */
  readonly logDelayRespInterval: LogInterval | null;
}

/** What there is to see of one service of one master. */
export interface SubscriptionStatus {
  readonly address: StationAddress;
  readonly master: PortIdentity | null;
  readonly service: UnicastService;
  readonly isAsked: boolean;
  readonly contract: UnicastContract | null;
  /** Requests since the last answer. */
  readonly attempts: number;
}

export class UnicastRequester {
  #config: RequesterConfig;
  readonly #random: () => number;
  #masters = new Map<string, Master>();
  #selected: string | null = null;
  #isStarted = false;
  #timerAt: Instant | null = null;
  readonly #counters: Record<keyof RequesterCounters, number> = { ...NO_COUNTS };

  /** `random`: 0 to 1 without 1; it keeps many requesters from asking at once. */
  constructor(config: RequesterConfig, random: () => number) {
    this.#config = config;
    this.#random = random;
  }

  get counters(): RequesterCounters {
    return { ...this.#counters };
  }

  status(): readonly SubscriptionStatus[] {
    return [...this.#masters.values()].flatMap((master) =>
      UNICAST_SERVICES.map((service) => {
        const { wish, contract, attempts } = master.subscriptions[service];
        return {
          address: master.address,
          master: master.identity === ALL_PORTS ? null : master.identity,
          service,
          isAsked: wish === 'asking',
          contract,
          attempts,
        };
      }),
    );
  }

  /** Whether a message comes from a master of the table, which is all that counts on such a port. */
  isMaster(source: StationAddress): boolean {
    return this.#masters.has(stationKey(source));
  }

  /** Its place in the table, for G.8265.1's choice; null if it is not there. */
  localPriorityOf(source: StationAddress): number | null {
    const key = stationKey(source);
    const found = this.#config.masters.find(({ address }) => stationKey(address) === key);
    return found?.localPriority ?? null;
  }

  /** Begins to ask all masters for Announce. */
  start(now: Instant): readonly RequesterEffect[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    this.#admit(now);
    return this.timer(now);
  }

  /** Cancels all that was granted, and asks for nothing any more. */
  stop(now: Instant): readonly RequesterEffect[] {
    if (!this.#isStarted) return [];
    this.#isStarted = false;
    this.#selected = null;
    const effects = [...this.#masters.values()].flatMap((master) => this.#drop(master, now));
    return this.#rearmed([...effects, ...this.#due(now)], now);
  }

  /** The link is gone: nothing holds, and nobody can be told. */
  reset(): readonly RequesterEffect[] {
    const effects: RequesterEffect[] = [...this.#masters.values()].flatMap((master) =>
      UNICAST_SERVICES.flatMap((service) => {
        return this.#end(master.subscriptions[service], 'given-up');
      }),
    );
    if (this.#timerAt !== null) effects.push({ kind: 'cancelTimer' });
    this.#masters.clear();
    this.#selected = null;
    this.#timerAt = null;
    this.#isStarted = false;
    return effects;
  }

  /** Other settings: masters that stay keep their grants, with other intervals they are asked anew. */
  configure(config: RequesterConfig, now: Instant): readonly RequesterEffect[] {
    const old = this.#config;
    this.#config = config;
    if (!this.#isStarted) return [];
    const wanted = new Set(config.masters.map(({ address }) => stationKey(address)));
    const effects: RequesterEffect[] = [];
    for (const [key, master] of this.#masters) {
      if (!wanted.has(key)) {
        if (key === this.#selected) this.#selected = null;
        effects.push(...this.#drop(master, now));
        continue;
      }
      for (const service of UNICAST_SERVICES) {
        const subscription = master.subscriptions[service];
        const isOther = intervalOf(old, service) !== intervalOf(config, service);
        if (isOther && subscription.wish === 'asking') this.#askAgain(subscription, now);
      }
    }
    this.#admit(now);
    return this.#rearmed([...effects, ...this.#due(now)], now);
  }

  /** The master that Sync and Delay_Resp are wanted from; null: from none. */
  select(address: StationAddress | null, now: Instant): readonly RequesterEffect[] {
    const key = address === null ? null : stationKey(address);
    if (key === this.#selected || !this.#isStarted) return [];
    const old = this.#selected === null ? undefined : this.#masters.get(this.#selected);
    const chosen = key === null ? undefined : this.#masters.get(key);
    this.#selected = chosen === undefined ? null : key;
    const effects = old === undefined ? [] : this.#giveUp(old, ['sync', 'delayResp'], now);
    if (chosen !== undefined) this.#want(chosen, ['sync', 'delayResp'], now);
    return this.#rearmed([...effects, ...this.#due(now)], now);
  }

  /**
   * Granted, but not heard (an announce or sync receipt timeout): the master has forgotten it, or is
   * gone. It is asked anew from now on.
   */
  silent(
    source: StationAddress,
    service: UnicastService,
    now: Instant,
  ): readonly RequesterEffect[] {
    const subscription = this.#masters.get(stationKey(source))?.subscriptions[service];
    if (subscription === undefined || subscription.contract === null) return [];
    this.#count('silent');
    const effects = this.#end(subscription, 'expired');
    if (subscription.wish === 'asking') this.#askAgain(subscription, now);
    return this.#rearmed([...effects, ...this.#due(now)], now);
  }

  /** A Signaling of this instance that is meant for the port. */
  receive(signaling: Signaling, source: StationAddress, now: Instant): readonly RequesterEffect[] {
    const { sourcePortIdentity } = signaling.header;
    const master = this.#masters.get(stationKey(source));
    const effects: RequesterEffect[] = [];
    const answers: UnicastTlv[] = [];
    for (const tlv of signaling.tlvs.slice(0, MAX_TLVS)) {
      const decoded = decodeUnicastTlv(tlv);
      if (decoded === null) continue;
      if (!decoded.ok) this.#count('malformed');
      else if (master !== undefined) {
        const answer = this.#take(decoded.value, master, sourcePortIdentity, now, effects);
        if (answer !== null) answers.push(answer);
      } else if (decoded.value.kind === 'grantUnicast') this.#count('fromOthers');
    }
    if (answers.length > 0) {
      effects.push({
        kind: 'signal',
        address: source,
        targetPortIdentity: sourcePortIdentity,
        tlvs: answers.map(encodeUnicastTlv),
      });
    }
    return this.#rearmed(effects, now);
  }

  /** The timer of the last `setTimer` has run out. */
  timer(now: Instant): readonly RequesterEffect[] {
    this.#timerAt = null;
    return this.#rearmed(this.#due(now), now);
  }

  #take(
    tlv: UnicastTlv,
    master: Master,
    identity: PortIdentity,
    now: Instant,
    effects: RequesterEffect[],
  ): UnicastTlv | null {
    switch (tlv.kind) {
      case 'grantUnicast':
        return this.#granted(tlv, master, identity, now, effects);
      case 'cancelUnicast':
        return this.#cancelledByMaster(tlv, master, now, effects);
      case 'acknowledgeCancelUnicast': {
        const subscription = subscriptionOf(master, tlv.messageType);
        if (subscription?.wish === 'cancelling') this.#forget(master, subscription);
        return null;
      }
      case 'requestUnicast':
        return null;
    }
  }

  #granted(
    tlv: GrantUnicastTlv,
    master: Master,
    identity: PortIdentity,
    now: Instant,
    effects: RequesterEffect[],
  ): UnicastTlv | null {
    const subscription = subscriptionOf(master, tlv.messageType);
    if (subscription === null) return null;
    const { service } = subscription;
    const isUsable =
      tlv.durationSeconds > 0 && intervalDuration(tlv.logInterMessagePeriod) !== null;
    if (subscription.wish !== 'asking') {
      if (!isUsable) return null;
      this.#count('unasked');
      return cancelOf(service);
    }
    if (!isUsable) {
      this.#count('refused');
      // Refused is worse than not answered: the eager attempts are over.
      subscription.attempts = Math.max(subscription.attempts, EAGER_ATTEMPTS);
      subscription.nextAt = after(now, this.#wait(subscription.attempts));
      effects.push({ kind: 'refused', address: master.address, service });
      return null;
    }
    master.identity = identity;
    const renewed = subscription.contract !== null;
    this.#count(renewed ? 'renewed' : 'granted');
    const duration = seconds(tlv.durationSeconds);
    subscription.contract = {
      master: identity,
      address: master.address,
      service,
      logInterval: tlv.logInterMessagePeriod,
      expiresAt: after(now, duration),
    };
    subscription.attempts = 0;
    subscription.nextAt = after(now, nanoseconds((nsOf(duration) * 3n) / 4n));
    effects.push({ kind: 'given', contract: subscription.contract, renewed });
    return null;
  }

  #cancelledByMaster(
    tlv: CancelUnicastTlv,
    master: Master,
    now: Instant,
    effects: RequesterEffect[],
  ): UnicastTlv | null {
    const subscription = subscriptionOf(master, tlv.messageType);
    if (tlv.maintainGrant || subscription === null) return null;
    if (subscription.contract !== null) {
      this.#count('cancelled');
      effects.push(...this.#end(subscription, 'cancelled'));
    }
    if (subscription.wish === 'asking') {
      subscription.attempts = Math.max(subscription.attempts, 1);
      subscription.nextAt = after(now, this.#wait(subscription.attempts));
    } else if (subscription.wish === 'cancelling') this.#forget(master, subscription);
    return { ...tlv, kind: 'acknowledgeCancelUnicast' };
  }

  /** Sends what is due: one Signaling to each master. */
  #due(now: Instant): RequesterEffect[] {
    const effects: RequesterEffect[] = [];
    for (const master of [...this.#masters.values()]) {
      const tlvs: UnicastTlv[] = [];
      for (const service of UNICAST_SERVICES) {
        const subscription = master.subscriptions[service];
        const { contract, wish } = subscription;
        if (contract !== null && !isBefore(now, contract.expiresAt)) {
          this.#count('expired');
          effects.push(...this.#end(subscription, 'expired'));
        }
        if (wish === 'none' || isBefore(now, subscription.nextAt)) continue;
        const tlv = this.#nextTlv(master, subscription, now);
        if (tlv !== null) tlvs.push(tlv);
      }
      if (tlvs.length > 0) effects.push(signalTo(master, tlvs));
    }
    return effects;
  }

  #nextTlv(master: Master, subscription: Subscription, now: Instant): UnicastTlv | null {
    const { service } = subscription;
    if (subscription.wish === 'cancelling') {
      if (subscription.attempts >= CANCEL_ATTEMPTS) {
        this.#count('cancelsUnacknowledged');
        this.#forget(master, subscription);
        return null;
      }
      subscription.attempts += 1;
      subscription.nextAt = after(now, seconds(this.#config.queryIntervalSeconds));
      return cancelOf(service);
    }
    const logInterMessagePeriod = intervalOf(this.#config, service);
    if (logInterMessagePeriod === null) {
      subscription.wish = 'none';
      return null;
    }
    this.#count('requestsSent');
    // Who does not answer any more may have been replaced by another clock at the same address.
    if (subscription.attempts >= EAGER_ATTEMPTS) master.identity = ALL_PORTS;
    subscription.attempts += 1;
    subscription.nextAt = after(now, this.#renewalWait(subscription, now));
    return {
      kind: 'requestUnicast',
      messageType: MESSAGE_TYPE[service],
      logInterMessagePeriod,
      durationSeconds: this.#config.durationSeconds,
    };
  }

  /** As #wait, but a contract that ends soon is asked for more often again. */
  #renewalWait({ attempts, contract }: Subscription, now: Instant): Nanoseconds {
    const wait = this.#wait(attempts);
    if (contract === null) return wait;
    const quarter = nsOf(elapsed(now, contract.expiresAt)) / 4n;
    const query = nsOf(seconds(this.#config.queryIntervalSeconds));
    const most = quarter > query ? quarter : query;
    return nsOf(wait) < most ? wait : nanoseconds(most);
  }

  /** After so many attempts without an answer: up to a tenth longer, by chance. */
  #wait(attempts: number): Nanoseconds {
    const { queryIntervalSeconds: query } = this.#config;
    const doublings = Math.max(0, Math.min(attempts - EAGER_ATTEMPTS + 1, 16));
    const wait = Math.min(query * 2 ** doublings, Math.max(query, MAX_WAIT_SECONDS));
    return seconds(wait * (1 + 0.1 * this.#random()));
  }

  /** Masters of the configuration that are not there yet. */
  #admit(now: Instant): void {
    const { masters } = this.#config;
    this.#count('mastersLeftOut', Math.max(0, masters.length - MAX_UNICAST_MASTERS));
    for (const { address } of masters.slice(0, MAX_UNICAST_MASTERS)) {
      const key = stationKey(address);
      const master = this.#masters.get(key) ?? newMaster(address, now);
      this.#masters.set(key, master);
      this.#want(master, ['announce'], now);
    }
  }

  #want(master: Master, services: readonly UnicastService[], now: Instant): void {
    for (const service of services) {
      const subscription = master.subscriptions[service];
      const isPossible = intervalOf(this.#config, service) !== null;
      if (!isPossible || subscription.wish === 'asking') continue;
      subscription.wish = 'asking';
      this.#askAgain(subscription, now);
    }
  }

  #askAgain(subscription: Subscription, now: Instant): void {
    subscription.attempts = 0;
    subscription.nextAt = now;
  }

  #giveUp(master: Master, services: readonly UnicastService[], now: Instant): RequesterEffect[] {
    return services.flatMap((service) => {
      const subscription = master.subscriptions[service];
      if (subscription.wish !== 'asking') return [];
      // A request that is not answered yet may be granted still: it is cancelled as well.
      const mayBeGranted = subscription.contract !== null || subscription.attempts > 0;
      subscription.wish = mayBeGranted ? 'cancelling' : 'none';
      this.#askAgain(subscription, now);
      return this.#end(subscription, 'given-up');
    });
  }

  #drop(master: Master, now: Instant): RequesterEffect[] {
    const effects = this.#giveUp(master, UNICAST_SERVICES, now);
    for (const service of UNICAST_SERVICES) this.#forgetIfDone(master, service);
    return effects;
  }

  #end(subscription: Subscription, why: ContractEnd): RequesterEffect[] {
    const { contract } = subscription;
    subscription.contract = null;
    return contract === null ? [] : [{ kind: 'ended', contract, why }];
  }

  #forget(master: Master, subscription: Subscription): void {
    subscription.wish = 'none';
    this.#forgetIfDone(master, subscription.service);
  }

  /** A master that is wanted no more is kept until the last cancel is acknowledged. */
  #forgetIfDone(master: Master, service: UnicastService): void {
    if (master.subscriptions[service].wish !== 'none') return;
    const isIdle = UNICAST_SERVICES.every((each) => master.subscriptions[each].wish === 'none');
    if (isIdle) this.#masters.delete(stationKey(master.address));
  }

  #rearmed(effects: readonly RequesterEffect[], now: Instant): readonly RequesterEffect[] {
    const next = this.#nextAt();
    const isSame =
      next === null || this.#timerAt === null
        ? next === this.#timerAt
        : nsSinceEpoch(next) === nsSinceEpoch(this.#timerAt);
    if (isSame) return effects;
    this.#timerAt = next;
    if (next === null) return [...effects, { kind: 'cancelTimer' }];
    const wait = nsOf(elapsed(now, next));
    return [...effects, { kind: 'setTimer', after: nanoseconds(wait > 0n ? wait : 0n) }];
  }

  /** When something is due, or ends. */
  #nextAt(): Instant | null {
    let next: Instant | null = null;
    for (const master of this.#masters.values()) {
      for (const service of UNICAST_SERVICES) {
        const { wish, contract, nextAt } = master.subscriptions[service];
        if (wish !== 'none' && (next === null || isBefore(nextAt, next))) next = nextAt;
        const end = contract?.expiresAt;
        if (end !== undefined && (next === null || isBefore(end, next))) next = end;
      }
    }
    return next;
  }

  #count(name: keyof RequesterCounters, by = 1): void {
    this.#counters[name] = Math.min(this.#counters[name] + by, COUNTER_MAX);
  }
}

function intervalOf(config: RequesterConfig, service: UnicastService): LogInterval | null {
  switch (service) {
    case 'announce':
      return config.logAnnounceInterval;
    case 'sync':
      return config.logSyncInterval;
    case 'delayResp':
      return config.logDelayRespInterval;
  }
}
