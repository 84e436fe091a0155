/**
 * The state decision of a whole instance and what follows from it: states of ports, data sets, whom
 * the clock follows, what is announced. IEEE 1588-2019 9.3, 17.6; the figures are in ../bmca.
 */
import { portIdentityText } from '#units/clock-identity';
import type { Instant, PreciseInstant } from '#units/time';
import { isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { Announce, Tlv } from '#wire/ptp-message';
import { decideStates, type BestMaster, type Decision } from '../bmca/state-decision.js';
import {
  dataSetsOfGrandmaster,
  updateDataSets,
  updateDataSetsExternally,
  type InstanceDataSets,
} from '../bmca/update-data-sets.js';
import type { DefaultDS, ParentDS, PathTraceDS, TimePropertiesDS } from '../data-sets.js';
import { eventOfDecision } from '../port-state/transitions.js';
import { profileAnnounceTlvs, type OwnAnnounceTlvs } from '../profiles/profile-tlvs.js';
import { pathTraceList, pathTraceTlv, propagatedTlvs } from './announce-tlvs.js';
import type { InstanceClock } from './instance-clock.js';
import type { InstanceConfig, InstanceEffect } from './instance-types.js';
import type { AnnounceContent } from './messages.js';
import { clockClassOf, defaultDSOf, isInSpecification, timePropertiesOfOwn } from './own-clock.js';
import type { Port } from './port.js';
import { ownAt, TimeProperties } from './time-properties.js';

export interface DecisionHost {
  readonly now: () => Instant;
  readonly config: () => InstanceConfig;
  readonly ports: () => readonly Port[];
  readonly clock: InstanceClock;
  readonly emit: (effect: InstanceEffect) => void;
}

const NO_ANNOUNCE_TLVS: OwnAnnounceTlvs = {
  powerGrandmasterId: 0,
  timeInaccuracyNs: null,
  alternateTimeOffsets: [],
};

/** Whom the clock follows, and where. */
interface Followed {
  readonly port: number;
  readonly identity: PortIdentity;
}

/** What every input asks of all ports. */
interface Standing {
  /** The port that follows a master. */
  readonly following: Port | undefined;
  readonly isServing: boolean;
}

export class BoundaryDecision {
  readonly #host: DecisionHost;
  #dataSets: InstanceDataSets;
  #parent: Announce | null = null;
  #lastParentTime: TimePropertiesDS | null = null;
  readonly #time: TimeProperties;
  #toldTime: TimePropertiesDS;
  #followed: Followed | null = null;
  #lastClockState = '';
  #wasInSpecification = false;
  /** Null: nothing was announced. */
  #told: unknown = null;
  #own: { readonly config: InstanceConfig; readonly defaultDS: DefaultDS } | null = null;
  /** As the ports' states are; null: they may have changed. */
  #standing: Standing | null = null;
  readonly #ptpTimeNow = (): PreciseInstant | null => this.#host.clock.ptpTimeNow();

  constructor(host: DecisionHost) {
    this.#host = host;
    this.#dataSets = dataSetsOfGrandmaster(this.defaultDS, this.#ownTimeProperties());
    this.#time = new TimeProperties(this.#dataSets.timePropertiesDS);
    this.#toldTime = this.#dataSets.timePropertiesDS;
  }

  /** The same value as long as nothing of it changes. */
  get defaultDS(): DefaultDS {
    const config = this.#host.config();
    const clockClass = clockClassOf(config, this.#clockState());
    const known = this.#own;
    if (known?.config === config && known.defaultDS.clockQuality.clockClass === clockClass) {
      return known.defaultDS;
    }
    const defaultDS = defaultDSOf(config, clockClass);
    this.#own = { config, defaultDS };
    return defaultDS;
  }

  /** With what the clock knows. */
  get dataSets(): InstanceDataSets {
    const { currentDS, parentDS } = this.#dataSets;
    const { clock } = this.#host;
    const isFollowing = this.#followed !== null;
    return {
      parentDS,
      timePropertiesDS: this.timePropertiesDS,
      currentDS: {
        stepsRemoved: currentDS.stepsRemoved,
        offsetFromMaster: isFollowing ? clock.offsetFromMaster : currentDS.offsetFromMaster,
        meanDelay: isFollowing ? clock.meanDelay : currentDS.meanDelay,
        synchronizationUncertain: this.#isUncertain(),
      },
    };
  }

  /** dataSets' own, where no more is asked for. */
  get parentDS(): ParentDS {
    return this.#dataSets.parentDS;
  }

  /** The parent says so. */
  get isParentUncertain(): boolean {
    return this.#dataSets.currentDS.synchronizationUncertain;
  }

  get timePropertiesDS(): TimePropertiesDS {
    return this.#time.at(this.#ptpTimeNow);
  }

  get pathTrace(): PathTraceDS {
    const enable = this.#host.config().pathTrace;
    return { enable, list: enable ? pathTraceList(this.#parent) : [] };
  }

  announceContent(): AnnounceContent {
    const { parentDS, timePropertiesDS, currentDS } = this.dataSets;
    return { parentDS, timePropertiesDS, currentDS, tlvs: this.#tlvs() };
  }

  /** STATE_DECISION_EVENT, 9.2.6.8: figure 32 and all that comes of it. */
  decide(): void {
    const { defaultDS } = this;
    const ports = this.#host.ports();
    const decisionPorts = ports.map((port) => port.decisionPort());
    const own = this.#ownTimeProperties();
    const before = this.#dataSets;
    if (defaultDS.externalPortConfigurationEnabled) {
      const best = externalParent(ports);
      this.#parent = best?.announce ?? null;
      const states = ports.map(({ state }) => state);
      this.#dataSets = updateDataSetsExternally(before, states, this.#parent, defaultDS, own);
      for (const port of ports) this.#followExternally(port, best);
    } else {
      const decision = decideStates(defaultDS, this.#host.config().comparison, decisionPorts);
      this.#dataSets = updateDataSets(before, decision, defaultDS, own);
      const isSlave = [...decision.decisions.values()].some((one) => one.recommended === 'S1');
      this.#parent = isSlave && decision.ebest !== null ? decision.ebest.announce : null;
      for (const port of ports) this.#apply(port, decision.decisions.get(port.number));
    }
    this.#followMaster();
    this.#hearTime();
    this.#tellChanges(before);
  }

  /** PTP time is another now. */
  timeChanged(): void {
    this.#time.reset();
  }

  /** Leap seconds that were announced wrongly, by kind. */
  timeFaults(): Record<string, number> {
    return this.#time.faults();
  }

  /** After every input: what the clock's state means for ports and data sets. True: decide anew. */
  followClock(): boolean {
    const { clock } = this.#host;
    const { following } = this.#portStanding();
    if (clock.state === 'LOCKED' && following?.state === 'uncalibrated') {
      following.event('masterClockSelected', clock.status().why);
    }
    const isAstray = clock.state === 'HOLDOVER' || clock.state === 'FREE_RUN';
    if (isAstray && following?.state === 'slave') {
      following.event('synchronizationFault', clock.status().why);
    }
    clock.serve(this.#portStanding().isServing && !this.#isUncertain());
    const isWithin =
      clock.state === 'HOLDOVER' && isInSpecification(this.#host.config(), this.#clockState());
    const isOther = clock.state !== this.#lastClockState || isWithin !== this.#wasInSpecification;
    this.#lastClockState = clock.state;
    this.#wasInSpecification = isWithin;
    return isOther;
  }

  /** The state of a port is another, or there are other ports. */
  portsChanged(): void {
    this.#standing = null;
  }

  #portStanding(): Standing {
    return (this.#standing ??= {
      following: this.#host.ports().find((port) => port.isFollowing),
      isServing: this.#host.ports().some(({ state }) => state === 'master'),
    });
  }

  /** What is announced has changed since the last time: all masters say so now. */
  tellNews(): void {
    const news = this.#news();
    if (isSameValue(news, this.#told)) return;
    this.#told = news;
    for (const port of this.#host.ports()) port.news();
  }

  #apply(port: Port, decision: Decision | undefined): void {
    if (decision === undefined) return;
    const { recommended, why } = decision;
    const master = recommended === 'S1' ? this.#dataSets.parentDS.parentPortIdentity : null;
    const followed = this.#followed;
    const isNewMaster =
      master !== null &&
      (followed === null ||
        followed.port !== port.number ||
        !isSamePort(followed.identity, master));
    port.setMaster(master);
    if (recommended === null) port.explain(why);
    else port.event(eventOfDecision(recommended, isNewMaster), why);
  }

  #followExternally(port: Port, best: BestMaster | null): void {
    const isHere = port.isFollowing && best?.portNumber === port.number;
    port.setMaster(isHere ? best.announce.header.sourcePortIdentity : null);
  }

  #hearTime(): void {
    const { parentDS, timePropertiesDS } = this.#dataSets;
    const source = portIdentityText(parentDS.parentPortIdentity);
    this.#time.heard(timePropertiesDS, source, this.#host.clock.ptpTimeNow());
  }

  #followMaster(): void {
    const { clock } = this.#host;
    const port = this.#host.ports().find((one) => one.isFollowing && one.master !== null);
    const identity = port?.master ?? null;
    const old = this.#followed;
    if (port === undefined || identity === null) {
      this.#followed = null;
      if (old !== null) clock.masterLost(`${portIdentityText(old.identity)} is lost`);
      return;
    }
    this.#lastParentTime = this.#dataSets.timePropertiesDS;
    const isSame = old?.port === port.number && isSamePort(old.identity, identity);
    if (isSame) return;
    this.#followed = { port: port.number, identity };
    clock.masterChanged(`${portIdentityText(identity)} on port ${port.number} is the master now`);
  }

  #tellChanges(before: InstanceDataSets): void {
    const { parentDS, timePropertiesDS } = this;
    if (!isSameValue(before.parentDS, parentDS)) {
      const why =
        this.#followed === null
          ? 'no better master is heard: we are the grandmaster'
          : `${portIdentityText(parentDS.parentPortIdentity)} is the best master`;
      this.#host.emit({ kind: 'parent', parentDS, why });
    }
    if (!isSameValue(timePropertiesDS, this.#toldTime)) {
      this.#host.emit({ kind: 'timeProperties', timePropertiesDS });
    }
    this.#toldTime = timePropertiesDS;
  }

  #isUncertain(): boolean {
    const { clock } = this.#host;
    if (this.#followed === null) return false;
    return this.isParentUncertain || clock.state !== 'LOCKED' || clock.isWithdrawn;
  }

  #clockState() {
    const { clock, now } = this.#host;
    return { lockState: clock.state, lastLocked: clock.lastLocked, now: now() };
  }

  #ownTimeProperties(): TimePropertiesDS {
    const config = this.#host.config();
    const own = timePropertiesOfOwn(config, this.#clockState(), this.#lastParentTime);
    return ownAt(own, config.leapSecond ?? null, this.#ptpTimeNow);
  }

  #tlvs(): readonly Tlv[] {
    return [...this.#profileTlvs(), ...this.#passedOnTlvs()];
  }

  #passedOnTlvs(): readonly Tlv[] {
    const { config } = this.#host;
    const path = config().pathTrace
      ? pathTraceTlv(pathTraceList(this.#parent), config().defaultDS.clockIdentity)
      : null;
    return [...(path === null ? [] : [path]), ...propagatedTlvs(this.#parent)];
  }

  #profileTlvs(): readonly Tlv[] {
    const { tlvs, announceTlvs } = this.#host.config();
    if (tlvs === undefined) return [];
    const bound = this.#host.clock.errorBound;
    return profileAnnounceTlvs(tlvs, {
      parent: this.#parent?.tlvs ?? null,
      own: announceTlvs ?? NO_ANNOUNCE_TLVS,
      inaccuracyNs: bound?.boundNs ?? null,
    });
  }

  /** What is news; a profile's inaccuracies are another with every Sync, and are not. */
  #news(): readonly unknown[] {
    const { parentDS, timePropertiesDS } = this;
    // By whom we are told is none of what we tell.
    return [
      parentDS.grandmasterIdentity,
      parentDS.grandmasterClockQuality,
      parentDS.grandmasterPriority1,
      parentDS.grandmasterPriority2,
      timePropertiesDS,
      this.#dataSets.currentDS.stepsRemoved,
      this.#isUncertain(),
      this.#passedOnTlvs(),
    ];
  }
}

/** 17.6.5.4: the one port that is to follow, and the best that it hears. */
function externalParent(ports: readonly Port[]): BestMaster | null {
  for (const port of ports) {
    const { erbest } = port.decisionPort();
    if (port.isFollowing && erbest !== null) return erbest;
  }
  return null;
}

/** Of data sets and TLVs: values, lists of values, octets. */
function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  let keys = 0;
  for (const key in a) {
    if (!isSameValue(valueAt(a, key), valueAt(b, key))) return false;
    keys += 1;
  }
  for (const _ in b) keys -= 1;
  return keys === 0;
}

function valueAt(object: object, key: string): unknown {
  return (object as Record<string, unknown>)[key];
}
