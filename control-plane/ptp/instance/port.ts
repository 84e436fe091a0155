/**
 * One port of an instance: its state (a table: ../port-state), the timers of that state, and the parts
 * that work in it. What a state brings with it is set up at the end of an input, once the data sets
 * are those of the decision (`settle`).
 */
import {
  intervalDuration,
  nanoseconds,
  nsOf,
  seconds,
  type DataplaneTime,
  type Instant,
  type Ppb,
  type ScaledNs,
} from '#units/time';
import { FLAG, isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { Announce, PtpMessage, Signaling, Tlv } from '#wire/ptp-message';
import { findTlv } from '#wire/tlv/known-tlv';
import type { BestMaster, DecisionPort } from '../bmca/state-decision.js';
import type { PortState } from '../data-sets.js';
import {
  nextPortState,
  portMachine,
  type PortEvent,
  type PortMachine,
} from '../port-state/transitions.js';
import { announceRefusal } from '../profiles/profile-tlvs.js';
import { MessageGuard } from '../sanity/message-guard.js';
import { AnnounceReceiver } from './announce-receiver.js';
import type { Destination, PortConfig, StationAddress } from './instance-types.js';
import {
  NOTHING_REQUESTED,
  requestedIntervals,
  withRequested,
  type RequestedIntervals,
} from './interval-request.js';
import { MasterSide, type MasterRole } from './master-side.js';
import type { AnnounceContent } from './messages.js';
import { PortContext, type InstanceServices } from './port-context.js';
import { PortHeard } from './port-heard.js';
import { PortMonitor } from './port-monitor.js';
import { PortUnicast } from './port-unicast.js';
import { SlaveSide, type FollowedMaster, type PathDelay } from './slave-side.js';
import type { SyncSample } from './sync-receiver.js';
import type { PortTimer } from './timer-names.js';

export interface PortHost extends InstanceServices {
  /** Time for a state decision: something that it depends on has changed. */
  readonly requestDecision: () => void;
  /** What works on this port may not fit its state any more. */
  readonly requestSettle: () => void;
  readonly announceContent: () => AnnounceContent;
  readonly followUpTlvs: () => readonly Tlv[];
  readonly stepsRemoved: () => number;
  readonly isMasterUsable: (master: BestMaster) => boolean;
  readonly onSync: (port: Port, sample: SyncSample, delay: PathDelay) => void;
}

/** What is known of the link from its peer delay machine. */
interface Link {
  readonly isUp: boolean;
  readonly asCapable: boolean;
  readonly meanLinkDelay: ScaledNs | null;
  readonly neighborRate: Ppb | null;
}

const MASTER_HEARD: ReadonlySet<PortState> = new Set(['uncalibrated', 'slave']);
const LISTENS: ReadonlySet<PortState> = new Set(['listening', 'passive', 'uncalibrated', 'slave']);
const ABSENT: ReadonlySet<PortState> = new Set(['initializing', 'faulty', 'disabled']);

export class Port {
  readonly #host: PortHost;
  readonly context: PortContext;
  readonly heard = new PortHeard();
  readonly guard = new MessageGuard();
  /** The parent's messages have room of their own: a flood of others does not cost them. */
  readonly masterGuard = new MessageGuard();
  readonly monitor: PortMonitor;
  readonly announces: AnnounceReceiver;
  readonly slaveSide: SlaveSide;
  readonly unicast: PortUnicast;
  readonly #masterSide: MasterSide;
  #state: PortState = 'initializing';
  #since: Instant;
  #why = 'not started yet';
  #desired: PortState = 'passive';
  #link: Link = { isUp: true, asCapable: false, meanLinkDelay: null, neighborRate: null };
  /** The parent, if this port is the one that follows it. */
  #master: PortIdentity | null = null;
  #configured: PortConfig;
  #requested: RequestedIntervals = NOTHING_REQUESTED;

  constructor(host: PortHost, config: PortConfig) {
    this.#host = host;
    this.context = new PortContext(host, config);
    this.#configured = config;
    this.#since = host.now;
    this.#desired = config.desiredState ?? 'passive';
    this.announces = new AnnounceReceiver(this.context, host.config);
    this.slaveSide = new SlaveSide(this.context, host.config.discipline, {
      onSync: (sample, delay) => this.#host.onSync(this, sample, delay),
      onSyncLost: () => this.#syncLost(),
    });
    this.monitor = new PortMonitor(this.context, host.config.slaveMonitoring ?? null);
    this.context.onTransmitted = (message, time) => {
      if (this.isFollowing) this.monitor.transmitted(message, time);
    };
    this.#masterSide = new MasterSide(this.context, {
      announceContent: host.announceContent,
      followUpTlvs: host.followUpTlvs,
      setServing: (serving) => this.unicast.setServing(serving, host.now),
      servesGroup: () => this.config.multicast ?? !this.unicast.isRequesting,
      isStopped: (what) => this.#requested[what] === 'stopped',
    });
    this.unicast = new PortUnicast(this.context, {
      transmit: (grant, sequenceId) => this.#masterSide.transmit(grant, sequenceId),
      onContract: () => this.#refollow(),
    });
  }

  get number(): number {
    return this.context.number;
  }

  get config(): PortConfig {
    return this.context.config;
  }

  get identity(): PortIdentity {
    return this.context.sender.portIdentity;
  }

  get state(): PortState {
    return this.#state;
  }

  get since(): Instant {
    return this.#since;
  }

  /** Of the last decision or transition. */
  get why(): string {
    return this.#why;
  }

  /** 17.6.3. */
  get desiredState(): PortState {
    return this.#desired;
  }

  get link(): Link {
    return this.#link;
  }

  /** Whom it follows if it is to follow somebody. */
  get master(): PortIdentity | null {
    return this.#master;
  }

  get isFollowing(): boolean {
    return MASTER_HEARD.has(this.#state);
  }

  get machine(): PortMachine {
    return portMachine(this.#host.config.defaultDS, this.config);
  }

  start(): void {
    this.event('powerup', 'the instance was started');
    if (!this.config.portEnable) {
      this.event('designatedDisabled', 'portEnable is false');
      return;
    }
    if (!this.#link.isUp) this.event('faultDetected', 'the link is down');
    else this.event('initialized', 'the port is ready');
  }

  stop(): void {
    this.event('designatedDisabled', 'the instance was stopped');
  }

  configure(config: PortConfig): void {
    const old = this.#configured;
    this.#configured = config;
    this.context.config = withRequested(config, this.#requested);
    this.#host.requestSettle();
    this.#desired = config.desiredState ?? this.#desired;
    this.announces.configure(this.#host.config);
    this.slaveSide.configure(
      this.#host.config.discipline,
      old.delayMechanism !== config.delayMechanism,
    );
    this.unicast.configure(this.#host.now);
    this.monitor.configure(this.#host.config.slaveMonitoring ?? null);
    if (old.portEnable === config.portEnable) return;
    if (!config.portEnable) this.event('designatedDisabled', 'portEnable is false');
    else this.event('designatedEnabled', 'portEnable is true');
    if (config.portEnable) this.event('initialized', 'the port is ready');
  }

  linkChanged(isUp: boolean): void {
    if (this.#link.isUp === isUp) return;
    this.#link = { ...this.#link, isUp };
    if (!isUp) {
      this.unicast.stop(this.#host.now, true);
      this.event('faultDetected', 'the link is down');
      return;
    }
    this.event('faultCleared', 'the link is up');
    this.event('initialized', 'the port is ready');
  }

  linkDelayChanged(link: Omit<Link, 'isUp'> & { readonly deviation?: ScaledNs | null }): void {
    const wasCapable = this.#link.asCapable;
    this.#link = { ...this.#link, ...link };
    this.slaveSide.setLinkDelay(link.meanLinkDelay, link.deviation ?? undefined);
    if (wasCapable !== link.asCapable && this.config.requiresAsCapable) {
      this.#host.requestDecision();
    }
  }

  desire(state: PortState): void {
    this.#desired = state;
    this.event('desiredState', `external port configuration says ${state}`);
  }

  /** 802.1AS 10.3.1: a link that is not asCapable takes no part. */
  get isExcluded(): boolean {
    return this.config.requiresAsCapable && !this.#link.asCapable;
  }

  /** What the state decision has to know. */
  decisionPort(): DecisionPort {
    return {
      portNumber: this.number,
      portState: this.#state,
      masterOnly: this.config.masterOnly,
      notSlave: this.isExcluded,
      erbest: this.isExcluded ? null : this.announces.best(this.#host.isMasterUsable),
      ownPortHeard: this.announces.foreign.ownPortHeard(this.#host.now),
    };
  }

  /** Follows this master if its state becomes UNCALIBRATED or SLAVE. */
  setMaster(master: PortIdentity | null): void {
    this.#master = master;
  }

  /** One event of the state machine; `why` for people. True: the state is another now. */
  event(event: PortEvent, why: string): boolean {
    const from = this.#state;
    const to = nextPortState(from, event, this.machine, this.#desired);
    this.#why = why;
    if (event === 'recommendedGrandmaster' && from === 'preMaster') {
      // 9.2.6.11: nothing to wait for any more.
      return this.event('qualificationTimeout', why);
    }
    if (from === to) return false;
    this.#state = to;
    this.#host.requestSettle();
    this.#since = this.#host.now;
    this.context.emit({ kind: 'portState', port: this.number, from, to, event, why });
    this.#leave(from, to);
    this.#enter(to);
    return true;
  }

  /** Words of a decision that changed nothing. */
  explain(why: string): void {
    if (!ABSENT.has(this.#state)) this.#why = why;
  }

  receive(message: PtpMessage, receiveTime: DataplaneTime, source: StationAddress): void {
    if (ABSENT.has(this.#state)) {
      this.context.count('heardWhileAbsent');
      return;
    }
    switch (message.kind) {
      case 'announce':
        this.#receiveAnnounce(message, source);
        return;
      case 'sync':
        if (this.announces.setDry(message.header.sourcePortIdentity, false)) {
          this.#host.requestDecision();
        }
        if (this.isFollowing) this.slaveSide.receiveSync(message, receiveTime);
        return;
      case 'followUp':
        if (this.isFollowing) this.slaveSide.receiveFollowUp(message);
        return;
      case 'delayResp':
        if (!isSamePort(message.requestingPortIdentity, this.identity)) return;
        if (this.isFollowing) this.slaveSide.receiveDelayResp(message);
        return;
      case 'delayReq':
        this.#masterSide.receiveDelayReq(message, receiveTime, source);
        return;
      case 'signaling':
        this.#receiveSignaling(message, source);
        return;
      case 'management':
      case 'pdelayReq':
      case 'pdelayResp':
      case 'pdelayRespFollowUp':
        this.context.count(`unused:${message.kind}`);
        return;
    }
  }

  timer(timer: PortTimer, key: string): void {
    switch (timer) {
      case 'announceReceipt':
        this.#announceReceiptExpired();
        return;
      case 'syncReceipt':
        if (this.isFollowing) this.slaveSide.syncReceiptExpired();
        return;
      case 'qualification':
        this.event('qualificationTimeout', 'no better master has been heard meanwhile');
        return;
      case 'announce':
        this.#masterSide.announceDue();
        return;
      case 'sync':
        this.#masterSide.syncDue();
        return;
      case 'delayReq':
        this.slaveSide.delayReqDue();
        return;
      case 'unicast':
        this.unicast.timer(key, this.#host.now);
        return;
    }
  }

  /** A step or a new epoch: what is under way was measured by another time. */
  timeChanged(): void {
    this.slaveSide.void();
    this.monitor.clear();
  }

  /** What is announced has changed. */
  news(): void {
    this.#masterSide.news();
  }

  /** Brings what works on this port in line with its state. First all ports stop, then they start. */
  settle(phase: 'stop' | 'start'): void {
    if (phase === 'stop') this.#settleStop();
    else this.#settleStart();
  }

  #settleStop(): void {
    this.#masterSide.stop(this.#role());
    if (!this.isFollowing && this.slaveSide.master !== null) this.#unfollow();
  }

  #settleStart(): void {
    if (this.isFollowing) this.#refollow();
    this.#masterSide.start(this.#role());
  }

  #role(): MasterRole {
    if (this.isExcluded) return 'none';
    if (this.#state === 'master') return 'master';
    const isAlternate = this.#state === 'passive' && (this.config.alternateMaster ?? null) !== null;
    return isAlternate ? 'alternate' : 'none';
  }

  #unfollow(): void {
    this.monitor.flush();
    this.slaveSide.follow(null);
    this.unicast.select(null, this.#host.now);
  }

  /** The parent, and where its Delay_Req go; both may have changed. */
  #refollow(): void {
    const identity = this.#master;
    if (!this.isFollowing || identity === null) return;
    const address = this.announces.addressOf(identity);
    this.unicast.select(address, this.#host.now);
    const followed: FollowedMaster = { identity, delayReqTo: this.#delayReqTo(address) };
    this.slaveSide.follow(followed);
  }

  #delayReqTo(address: StationAddress | null): Destination | null {
    if (this.unicast.isRequesting) {
      const isGranted = address !== null && this.unicast.contractOf(address, 'delayResp') !== null;
      return isGranted ? address : null;
    }
    return this.config.delayReq === 'unicast' ? address : 'group';
  }

  #receiveAnnounce(message: Announce, source: StationAddress): void {
    const isUnicast = (message.header.flags & FLAG.unicast) !== 0;
    if (this.unicast.isRequesting && !(isUnicast && this.unicast.requester.isMaster(source))) {
      this.context.count('announcesOfOtherStations');
      return;
    }
    const refusal = announceRefusal(this.#host.config.tlvs ?? [], message.tlvs);
    if (refusal !== null) {
      this.heard.leftOut(refusal, 1);
      return;
    }
    const granted = this.unicast.isRequesting
      ? this.unicast.contractOf(source, 'announce')?.logInterval
      : undefined;
    const interval = granted === undefined ? null : intervalDuration(granted);
    const verdict = this.announces.receive(message, source, interval ?? undefined);
    if (!verdict.accepted) {
      if (verdict.rejection === 'own-clock') {
        // 9.5.2.3: the lower of our ports on one path serves it; this one waits until it is silent.
        const isLower = message.header.sourcePortIdentity.portNumber < this.config.number;
        if (this.#state === 'passive' && isLower) this.announces.arm();
        this.#host.requestDecision();
      }
      return;
    }
    const isParent = this.#master !== null && isSamePort(this.#master, verdict.foreignMaster);
    const isWaitedFor = this.#state === 'passive' ? verdict.qualified : isParent;
    if (LISTENS.has(this.#state) && isWaitedFor) this.announces.arm();
    const isNewsOfParent = isParent && this.isFollowing && !verdict.isRepeated;
    if (verdict.newlyQualified || verdict.changed || isNewsOfParent) {
      this.#host.requestDecision();
    }
  }

  #receiveSignaling(message: Signaling, source: StationAddress): void {
    this.unicast.receive(message, source, this.#host.now);
    const request = findTlv(message.tlvs, 'intervalRequest');
    if (request === undefined || this.#host.config.comparison !== 'ieee8021as') return;
    this.context.count('intervalRequests');
    this.#requested = requestedIntervals(this.#requested, request);
    this.context.config = withRequested(this.#configured, this.#requested);
    this.#host.requestSettle();
  }

  #announceReceiptExpired(): void {
    if (!LISTENS.has(this.#state)) return;
    if (this.#state !== 'listening') this.context.count('announceReceiptTimeouts');
    if (this.isFollowing && this.#master !== null) this.#forgetMaster(this.#master);
    const hasOther = this.decisionPort().erbest !== null && this.#state !== 'passive';
    if (!hasOther) this.event('announceReceiptTimeout', 'no Announce came for the receipt timeout');
    if (LISTENS.has(this.#state)) this.announces.arm();
    this.#host.requestDecision();
  }

  #forgetMaster(identity: PortIdentity): void {
    const address = this.announces.addressOf(identity);
    if (address !== null) this.unicast.silent(address, 'announce', this.#host.now);
    this.announces.forget(identity);
  }

  /** Faster than Announce: what the other ports know decides at once. */
  #syncLost(): void {
    if (this.#master !== null) {
      const address = this.announces.addressOf(this.#master);
      if (address !== null) this.unicast.silent(address, 'sync', this.#host.now);
      this.announces.setDry(this.#master, true);
    }
    this.event('synchronizationFault', 'no Sync came for the receipt timeout');
    this.#host.requestDecision();
  }

  #leave(from: PortState, to: PortState): void {
    if (from === 'preMaster') this.context.cancelTimer('qualification');
    if (!LISTENS.has(to)) this.announces.disarm();
  }

  #enter(to: PortState): void {
    if (ABSENT.has(to)) {
      this.announces.clear();
      this.#requested = NOTHING_REQUESTED;
      this.context.config = this.#configured;
      this.#master = null;
      this.#host.requestDecision();
      return;
    }
    this.unicast.startRequesting(this.#host.now);
    if (LISTENS.has(to)) this.announces.arm();
    if (to === 'preMaster') this.#qualify();
  }

  /** 9.2.6.11: M3 waits for stepsRemoved + 1 intervals. */
  #qualify(): void {
    const interval = intervalDuration(this.config.logAnnounceInterval) ?? seconds(1);
    const intervals = BigInt(this.#host.stepsRemoved() + 1);
    this.context.setTimer('qualification', nanoseconds(nsOf(interval) * intervals));
  }
}
