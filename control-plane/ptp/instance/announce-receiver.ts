/** Announce of others on one port: foreign masters, where they can be reached, and the receipt timeout. */
import { portIdentityText } from '#units/clock-identity';
import {
  bigintOf,
  numberOf,
  intervalDuration,
  nanoseconds,
  nsOf,
  seconds,
  type Instant,
  type Nanoseconds,
} from '#units/time';
import { isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { Announce } from '#wire/ptp-message';
import {
  ForeignMasters,
  type AnnounceVerdict,
  type ForeignMastersConfig,
} from '../bmca/foreign-masters.js';
import type { BestMaster } from '../bmca/state-decision.js';
import type { InstanceConfig, StationAddress } from './instance-types.js';
import type { PortServices } from './port-services.js';

/** Stations whose addresses are remembered; more than foreign masters can be. */
const MAX_ADDRESSES = 300;

export class AnnounceReceiver {
  readonly #port: PortServices;
  readonly foreign: ForeignMasters;
  readonly #addresses = new Map<string, StationAddress>();
  /** Masters that announce but whose Sync ran dry: not to be chosen until a Sync is heard again. */
  readonly #dry = new Set<string>();
  /** 9.2.6.12: the random share is drawn once for each run of the timer. */
  #isArmed = false;

  constructor(port: PortServices, config: InstanceConfig) {
    this.#port = port;
    this.foreign = new ForeignMasters(foreignConfig(port, config));
  }

  configure(config: InstanceConfig): void {
    this.foreign.configure(foreignConfig(this.#port, config));
  }

  /** `interval`: as granted in unicast. */
  receive(
    message: Announce,
    source: StationAddress,
    interval: Nanoseconds | undefined,
  ): AnnounceVerdict {
    const verdict = this.foreign.observe(message, this.#port.now, interval);
    this.#port.count('announcesReceived');
    if (verdict.accepted) this.#remember(verdict.foreignMaster, source);
    else this.#port.count(`announcesRejected:${verdict.rejection}`);
    return verdict;
  }

  /** Erbest, 9.3.2.3. */
  best(isUsable: (master: BestMaster) => boolean): BestMaster | null {
    return this.foreign.best(this.#port.now, (master) => {
      const { sourcePortIdentity } = master.announce.header;
      const isDry = this.#dry.size > 0 && this.#dry.has(portIdentityText(sourcePortIdentity));
      return !isDry && isUsable(master);
    });
  }

  addressOf(identity: PortIdentity): StationAddress | null {
    return this.#addresses.get(portIdentityText(identity)) ?? null;
  }

  /** Announces come, but Sync do not: it does not count until one comes. */
  setDry(identity: PortIdentity, isDry: boolean): boolean {
    if (!isDry && this.#dry.size === 0) return false;
    const key = portIdentityText(identity);
    const was = this.#dry.has(key);
    if (isDry) this.#dry.add(key);
    else this.#dry.delete(key);
    return was !== isDry;
  }

  get hasDry(): boolean {
    return this.#dry.size > 0;
  }

  forget(identity: PortIdentity): void {
    this.foreign.forget(identity);
    this.#dry.delete(portIdentityText(identity));
  }

  /** The link is gone, or the port begins anew. */
  clear(): void {
    this.foreign.clear();
    this.#addresses.clear();
    this.#dry.clear();
    this.disarm();
  }

  /** 9.2.6.12: announceReceiptTimeout intervals, and a random share of one. */
  arm(): void {
    const { config, random } = this.#port;
    const interval = nsOf(intervalDuration(config.logAnnounceInterval) ?? seconds(1));
    const share = bigintOf(Math.floor(numberOf(interval) * random()));
    const wait = interval * BigInt(config.announceReceiptTimeout) + share;
    this.#isArmed = true;
    this.#port.setTimer('announceReceipt', nanoseconds(wait));
  }

  disarm(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    this.#port.cancelTimer('announceReceipt');
  }

  /** The last thing that an identity announced, qualified or not; for explanations. */
  lastOf(identity: PortIdentity, now: Instant): Announce | null {
    const found = this.foreign
      .list(now)
      .find(({ foreignMasterPortIdentity }) => isSamePort(foreignMasterPortIdentity, identity));
    return found?.announce ?? null;
  }

  #remember(identity: PortIdentity, source: StationAddress): void {
    const key = portIdentityText(identity);
    this.#addresses.delete(key);
    this.#addresses.set(key, source);
    if (this.#addresses.size <= MAX_ADDRESSES) return;
    const oldest = this.#addresses.keys().next();
    if (oldest.done !== true) this.#addresses.delete(oldest.value);
  }
}

function foreignConfig(port: PortServices, config: InstanceConfig): ForeignMastersConfig {
  const { logAnnounceInterval, announceReceiptTimeout, acceptableMasters, localPriority } =
    port.config;
  return {
    portIdentity: port.sender.portIdentity,
    localPriority,
    comparison: config.comparison,
    maxStepsRemoved: config.defaultDS.maxStepsRemoved,
    announceInterval: intervalDuration(logAnnounceInterval) ?? seconds(1),
    announceReceiptTimeout,
    maxForeignMasters: config.maxForeignMasters,
    acceptableMasters,
  };
}
