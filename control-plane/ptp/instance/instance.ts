/**
 * A PTP instance, a boundary or ordinary clock: IEEE 1588-2019 without I/O. One input, all its
 * effects; no clock, no chance of its own. It hands messages and timers to its ports, decides their
 * states together (boundary-decision.ts), and has one clock (instance-clock.ts).
 */
import {
  instant,
  intervalDuration,
  isBefore,
  nsOf,
  scaledToNumber,
  seconds,
  type Instant,
  type Nanoseconds,
} from '#units/time';
import { isSamePort, sdoIdOf } from '#wire/ptp-header';
import type { PtpMessage, Tlv } from '#wire/ptp-message';
import type { BestMaster } from '../bmca/state-decision.js';
import { followUpInformationTlv, phaseChangeOf } from '../profiles/profile-tlvs.js';
import { BoundaryDecision } from './boundary-decision.js';
import { InstanceClock } from './instance-clock.js';
import type {
  InstanceConfig,
  InstanceEffect,
  InstanceInput,
  InstanceStatus,
  PortConfig,
} from './instance-types.js';
import { instanceStatus } from './instance-status.js';
import { Port, type PortHost } from './port.js';
import { PortCounters } from './port-counters.js';
import type { PathDelay } from './slave-side.js';
import type { SyncSample } from './sync-receiver.js';
import { TimeSources } from './time-sources.js';
import { instanceTimerName, parseTimerName, type InstanceTimer } from './timer-names.js';
import type { TransmitTimeUse } from './port-services.js';
import { TokenTable } from './tokens.js';

export interface InstanceOptions {
  /** 0 to 1, without 1; seeded where runs have to be the same. */
  readonly random: () => number;
  /** When it is made; nothing given: the beginning of the caller's time. */
  readonly now?: Instant;
}

const CLOCK_TICK = seconds(1);
/** A decision may lead to another one (a port that goes absent); never to many. */
const MAX_DECISIONS = 8;

export class PtpInstance {
  #config: InstanceConfig;
  #now: Instant;
  #effects: InstanceEffect[] = [];
  readonly #random: () => number;
  readonly #tokens = new TokenTable<TransmitTimeUse>();
  readonly #counters = new PortCounters();
  readonly #clock: InstanceClock;
  readonly #ports = new Map<number, Port>();
  /** One for all ports; `config` and `now` are set as they change. */
  readonly #portHost: { -readonly [Key in keyof PortHost]: PortHost[Key] };
  #portList: readonly Port[] = [];
  readonly #decision: BoundaryDecision;
  readonly #sources: TimeSources;
  /** TLVs of the parent's last Follow_Up. */
  #parentFollowUp: readonly Tlv[] = [];
  #isStarted = false;
  #isDecisionDue = false;
  /** A port's state or its master changed. */
  #isSettleDue = false;

  constructor(config: InstanceConfig, options: InstanceOptions) {
    this.#config = config;
    this.#now = options.now ?? instant(0n);
    this.#random = options.random;
    this.#clock = new InstanceClock(config, {
      now: () => this.#now,
      emit: (effect) => this.#effects.push(effect),
      count: (what) => this.#counters.add(what),
      onStepped: () => this.#void(),
    });
    this.#sources = new TimeSources({
      now: () => this.#now,
      ptpTimeAt: (time) => this.#clock.ptpTimeAt(time),
      isLocked: () => this.#clock.state === 'LOCKED',
      dataSets: () => this.#decision,
    });
    this.#decision = new BoundaryDecision({
      now: () => this.#now,
      config: () => this.#config,
      ports: () => this.#portList,
      clock: this.#clock,
      emit: (effect) => this.#effects.push(effect),
    });
    this.#portHost = this.#hostOfPorts();
    for (const port of config.ports) this.#addPort(port);
  }

  /** One input; its effects are to be carried out in their order before the next. */
  handle(input: InstanceInput, now: Instant): readonly InstanceEffect[] {
    this.#passTime(now);
    this.#effects = [];
    this.#take(input);
    this.#settle();
    return this.#effects;
  }

  status(now: Instant): InstanceStatus {
    this.#passTime(now);
    return instanceStatus({
      config: this.#config,
      now: this.#now,
      defaultDS: this.#decision.defaultDS,
      dataSets: this.#decision.dataSets,
      pathTrace: this.#decision.pathTrace,
      ports: this.#portList,
      clock: this.#clock,
      sources: this.#sources.status(),
      counters: {
        ...this.#counters.all(),
        ...this.#decision.timeFaults(),
        tokensForgotten: this.#tokens.forgotten,
      },
    });
  }

  /** It never steps back. */
  #passTime(now: Instant): void {
    if (!isBefore(this.#now, now)) return;
    this.#now = now;
    this.#portHost.now = now;
  }

  #take(input: InstanceInput): void {
    switch (input.kind) {
      case 'start':
        this.#start();
        return;
      case 'stop':
        this.#stop();
        return;
      case 'configure':
        this.#configure(input.config);
        return;
      case 'message':
        this.#receive(input);
        return;
      case 'transmitTime':
        this.#clock.observe(input.time);
        this.#claim(input.token, (use) => use(input.time));
        return;
      case 'transmitTimeMissing':
        this.#claim(input.token, (use) => use(null));
        return;
      case 'timer':
        this.#timer(input.timer);
        return;
      case 'link':
        this.#ports.get(input.port)?.linkChanged(input.up);
        return;
      case 'linkDelay':
        this.#ports.get(input.port)?.linkDelayChanged(input);
        return;
      case 'leftOut':
        this.#ports.get(input.port)?.heard.leftOut(input.what, input.messages);
        return;
      case 'desiredState':
        this.#ports.get(input.port)?.desire(input.state);
        return;
      case 'newEpoch':
        this.#clock.newEpoch(input.reference, input.why);
        return;
    }
  }

  #start(): void {
    if (this.#isStarted || !this.#config.defaultDS.instanceEnable) return;
    this.#isStarted = true;
    for (const port of this.#portList) port.start();
    this.#setTimer('decision', this.#decisionInterval());
    this.#setTimer('clock', CLOCK_TICK);
  }

  #stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    for (const port of this.#portList) port.stop();
    this.#tokens.clear();
    this.#cancelTimer('decision');
    this.#cancelTimer('clock');
  }

  #configure(config: InstanceConfig): void {
    const old = this.#config;
    const isOther = this.#isStarted && !isSameInstance(old, config);
    if (isOther) this.#stop();
    this.#config = config;
    this.#portHost.config = config;
    this.#clock.configure(old, config);
    const wanted = new Set(config.ports.map(({ number }) => number));
    for (const [number, port] of this.#ports) {
      if (!wanted.has(number)) this.#removePort(port);
    }
    for (const port of config.ports) {
      const known = this.#ports.get(port.number);
      if (known !== undefined) known.configure(port);
      else if (this.#isStarted) this.#addPort(port).start();
      else this.#addPort(port);
    }
    const { instanceEnable } = config.defaultDS;
    if (!instanceEnable) this.#stop();
    if (instanceEnable && (isOther || !old.defaultDS.instanceEnable)) this.#start();
    this.#isDecisionDue = true;
  }

  #removePort(port: Port): void {
    port.stop();
    port.settle('stop');
    this.#ports.delete(port.number);
    this.#portList = [...this.#ports.values()];
    this.#decision.portsChanged();
  }

  #addPort(config: PortConfig): Port {
    const port = new Port(this.#portHost, config);
    this.#ports.set(config.number, port);
    this.#portList = [...this.#ports.values()];
    this.#decision.portsChanged();
    return port;
  }

  #hostOfPorts(): PortHost {
    return {
      config: this.#config,
      now: this.#now,
      random: this.#random,
      emit: (effect) => this.#effects.push(effect),
      tokens: this.#tokens,
      hasTime: () => this.#clock.isSet,
      ptpTime: (time) => this.#clock.ptpTimeAt(time),
      requestSettle: () => {
        this.#isSettleDue = true;
        this.#decision.portsChanged();
      },
      requestDecision: () => {
        this.#isDecisionDue = true;
      },
      announceContent: () => this.#decision.announceContent(),
      followUpTlvs: () => this.#followUpTlvs(),
      stepsRemoved: () => this.#decision.dataSets.currentDS.stepsRemoved,
      isMasterUsable: (master) => this.#isUsable(master),
      onSync: (port, sample, delay) => this.#measure(port, sample, delay),
    };
  }

  #receive(input: Extract<InstanceInput, { kind: 'message' }>): void {
    const port = this.#ports.get(input.port);
    if (port === undefined || !this.#isStarted) {
      this.#counters.add('messagesOfOtherPorts');
      return;
    }
    const { message, receiveTime, source } = input;
    this.#clock.observe(receiveTime);
    const { master } = port;
    const isMaster = master !== null && isSamePort(master, message.header.sourcePortIdentity);
    const guard = isMaster ? port.masterGuard : port.guard;
    if (!guard.admits(message.kind, this.#now)) return;
    const isOurs = this.#isOurs(port, message);
    if (!isOurs || !isMaster) this.#sources.hear(port, message, receiveTime);
    if (isOurs) port.receive(message, receiveTime, source);
  }

  /** 7.1.2: another domain or sdoId is another instance. */
  #isOurs(port: Port, { header, kind }: PtpMessage): boolean {
    const { domainNumber, sdoId } = this.#config.defaultDS;
    if (header.domainNumber === domainNumber && sdoIdOf(header) === sdoId) {
      port.heard.heard(kind);
      return true;
    }
    const other =
      header.domainNumber === domainNumber
        ? `of sdoId 0x${sdoIdOf(header).toString(16)}`
        : `of domain ${header.domainNumber}`;
    port.heard.leftOut(other, 1);
    return false;
  }

  #claim(token: number, use: (purpose: TransmitTimeUse) => void): void {
    const purpose = this.#tokens.claim(token);
    if (purpose === null) this.#counters.add('transmitTimesUnknown');
    else use(purpose);
  }

  #timer(name: string): void {
    const timer = parseTimerName(name);
    if (timer === null || !this.#isStarted) {
      this.#counters.add('timersUnknown');
      return;
    }
    if (timer.of === 'port') {
      this.#ports.get(timer.port)?.timer(timer.timer, timer.key);
      return;
    }
    switch (timer.timer) {
      case 'decision':
        this.#isDecisionDue = true;
        this.#setTimer('decision', this.#decisionInterval());
        return;
      case 'clock':
        this.#clock.tick();
        for (const alarm of this.#sources.judge()) this.#effects.push(alarm);
        this.#setTimer('clock', CLOCK_TICK);
        return;
    }
  }

  /** 9.2.6.8: a state decision at least once in each announce interval. */
  #decisionInterval(): Nanoseconds {
    return this.#config.ports
      .map(({ logAnnounceInterval }) => intervalDuration(logAnnounceInterval) ?? seconds(1))
      .reduce((least, one) => (nsOf(one) < nsOf(least) ? one : least), seconds(16));
  }

  #measure(port: Port, sample: SyncSample, delay: PathDelay): void {
    const { grandmasterIdentity } = this.#decision.parentDS;
    this.#parentFollowUp = sample.tlvs;
    const isUsed = this.#clock.measure({
      port: port.config,
      sample,
      logSyncInterval: port.slaveSide.logSyncInterval,
      delay,
      grandmasterIdentity,
      timeProperties: this.#decision.timePropertiesDS,
      phaseChange: phaseChangeOf(sample.tlvs),
      isUncertain: this.#decision.isParentUncertain,
    });
    const { master } = port;
    if (master === null) return;
    const { offsetFromMaster, meanDelay } = this.#clock;
    port.monitor.measured({
      sample,
      source: master,
      offsetFromMaster: isUsed ? offsetFromMaster : null,
      meanDelay: delay === null ? null : meanDelay,
    });
    const bound = this.#clock.errorBound;
    if (!isUsed || bound === null) return;
    const boundNs = bound.boundNs + (bound.asymmetryUpToNs ?? 0);
    this.#sources.followed(port, scaledToNumber(offsetFromMaster), boundNs);
  }

  /** A grandmaster whose time is known to be wrong is not chosen, unless it is to be followed. */
  #isUsable({ announce }: BestMaster): boolean {
    const { grandmasterIdentity } = announce;
    if (this.#clock.isSuspect(grandmasterIdentity)) return false;
    return this.#config.sanity.policy === 'follow' || !this.#sources.isFalse(grandmasterIdentity);
  }

  /** 802.1AS-2020 11.4.4.3. */
  #followUpTlvs(): readonly Tlv[] {
    if (this.#config.tlvs?.includes('followUpInformation') !== true) return [];
    const isSlave = this.#portList.some((port) => port.isFollowing);
    const { rate } = this.#clock;
    return [followUpInformationTlv(rate, isSlave ? this.#parentFollowUp : null)];
  }

  /** A step or a new epoch: nothing that is under way was measured by the time that holds now. */
  #void(): void {
    for (const port of this.#portList) port.timeChanged();
    for (const alarm of this.#sources.reset()) this.#effects.push(alarm);
    this.#decision.timeChanged();
  }

  #settle(): void {
    for (let round = 0; round < MAX_DECISIONS; round++) {
      if (this.#decision.followClock()) this.#isDecisionDue = true;
      if (!this.#isDecisionDue || !this.#isStarted) break;
      this.#isDecisionDue = false;
      this.#isSettleDue = true;
      this.#decision.decide();
    }
    if (!this.#isSettleDue) return;
    this.#isSettleDue = false;
    for (const phase of ['stop', 'start'] as const) {
      for (const port of this.#portList) port.settle(phase);
    }
    this.#decision.tellNews();
  }

  #setTimer(timer: InstanceTimer, after: Nanoseconds): void {
    this.#effects.push({ kind: 'setTimer', timer: instanceTimerName(timer), after });
  }

  #cancelTimer(timer: InstanceTimer): void {
    this.#effects.push({ kind: 'cancelTimer', timer: instanceTimerName(timer) });
  }
}

/** By what messages are recognised: with another of these it is another instance, and begins anew. */
function isSameInstance(
  { defaultDS: a }: InstanceConfig,
  { defaultDS: b }: InstanceConfig,
): boolean {
  return (
    a.clockIdentity === b.clockIdentity &&
    a.domainNumber === b.domainNumber &&
    a.sdoId === b.sdoId &&
    a.externalPortConfigurationEnabled === b.externalPortConfigurationEnabled
  );
}
