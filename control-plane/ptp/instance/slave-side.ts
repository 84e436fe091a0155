/**
 * What a port does while it follows a master (UNCALIBRATED, SLAVE): it brings Sync and Follow_Up
 * together, measures the delay, and watches that Sync go on coming.
 */
import { portIdentityText } from '#units/clock-identity';
import {
  bigintOf,
  scaledNs,
  intervalDuration,
  nanoseconds,
  nsOf,
  scaledToNumber,
  type DataplaneTime,
  type LogInterval,
  type ScaledNs,
} from '#units/time';
import { FLAG, isSamePort, type PortIdentity } from '#wire/ptp-header';
import type { DelayResp, FollowUp, Sync } from '#wire/ptp-message';
import { DelayFilter, type DelayEstimate } from '../../servo/delay-filter.js';
import { DelayRequester, type DelayMeasurement } from './delay-requester.js';
import { toldInterval } from '../sanity/message-guard.js';
import { stationKey } from '../unicast/unicast-types.js';
import type { Destination, DisciplineConfig } from './instance-types.js';
import type { PortServices } from './port-services.js';
import { SyncReceiver, type SyncSample } from './sync-receiver.js';

/** What is subtracted from offsets; null: not known yet. */
export type PathDelay = Omit<DelayEstimate, 'weight'> | null;

export interface SlaveHost {
  /** A Sync with its origin, and the path's delay as far as it is known. */
  readonly onSync: (sample: SyncSample, delay: PathDelay) => void;
  /** None came for syncReceiptTimeout intervals. */
  readonly onSyncLost: () => void;
}

export interface FollowedMaster {
  readonly identity: PortIdentity;
  /** Where Delay_Req go; null: nobody may be asked yet. */
  readonly delayReqTo: Destination | null;
}

const NO_DELAY: PathDelay = { delayNs: 0, deviationNs: 0 };
export class SlaveSide {
  readonly #port: PortServices;
  readonly #host: SlaveHost;
  readonly #receiver: SyncReceiver;
  readonly #requester: DelayRequester;
  #discipline: DisciplineConfig;
  #filter: DelayFilter;
  #estimate: PathDelay = null;
  #master: FollowedMaster | null = null;
  #linkDelay: ScaledNs | null = null;
  #linkDeviation: ScaledNs = scaledNs(0n);
  #syncs = 0;
  #samples = 0;
  #syncInterval: LogInterval;

  constructor(port: PortServices, discipline: DisciplineConfig, host: SlaveHost) {
    this.#port = port;
    this.#host = host;
    this.#syncInterval = port.config.logSyncInterval;
    this.#discipline = discipline;
    this.#filter = new DelayFilter(discipline.delayFilter, discipline.delayFilterLength);
    this.#receiver = new SyncReceiver((what) => port.count(what));
    this.#requester = new DelayRequester(port, (measurement) => this.#takeDelay(measurement));
  }

  get master(): PortIdentity | null {
    return this.#master?.identity ?? null;
  }

  /** As the master sends them, or as configured until it is heard. */
  get logSyncInterval(): LogInterval {
    return this.#syncInterval;
  }

  get logDelayReqInterval(): LogInterval {
    return this.#requester.logInterval;
  }

  /** With the same terms nothing that was measured is lost. */
  configure(discipline: DisciplineConfig, isOtherMechanism: boolean): void {
    const { delayFilter, delayFilterLength } = discipline;
    const old = this.#discipline;
    this.#discipline = discipline;
    if (old.delayFilter !== delayFilter || old.delayFilterLength !== delayFilterLength) {
      this.#filter = new DelayFilter(delayFilter, delayFilterLength);
    }
    if (!isOtherMechanism) return;
    this.#filter.reset();
    this.#estimate = null;
    this.#ask();
  }

  /** Follows this one from now on; what is known of the old one is void (9.2.6.11). Null: nobody. */
  follow(master: FollowedMaster | null): void {
    const old = this.#master;
    const isSame = old !== null && master !== null && isSamePort(old.identity, master.identity);
    this.#master = master;
    if (!isSame) this.#beginAnew();
    if (!isSame || !isSameDestination(old.delayReqTo, master.delayReqTo)) this.#ask();
  }

  /** The clock was stepped, or is another: what is under way means nothing. */
  void(): void {
    this.#receiver.reset();
    this.#requester.void();
  }

  setLinkDelay(meanLinkDelay: ScaledNs | null, deviation = scaledNs(0n)): void {
    this.#linkDelay = meanLinkDelay;
    this.#linkDeviation = deviation;
  }

  receiveSync(message: Sync, receiveTime: DataplaneTime): void {
    if (!this.#isOfMaster(message)) return;
    this.#syncs += 1;
    this.#noteInterval(message.header.logMessageInterval);
    this.#armSyncReceipt();
    this.#take(this.#receiver.receiveSync(message, receiveTime, this.#port.now));
  }

  receiveFollowUp(message: FollowUp): void {
    if (!this.#isOfMaster(message)) return;
    this.#take(this.#receiver.receiveFollowUp(message, this.#port.now));
  }

  /** To this port. */
  receiveDelayResp(message: DelayResp): void {
    this.#requester.receive(message);
  }

  delayReqDue(): void {
    this.#requester.request();
  }

  syncReceiptExpired(): void {
    if (this.#master === null) return;
    this.#port.count('syncReceiptTimeouts');
    this.#host.onSyncLost();
  }

  /** What is missing on the way to a synchronized clock, in words; null: nothing that is seen here. */
  missing(): string | null {
    if (this.#master === null) return 'no master has been chosen';
    const name = portIdentityText(this.#master.identity);
    if (this.#syncs === 0) return `no Sync of ${name} has been heard`;
    if (this.#samples === 0) {
      return `${this.#syncs} Sync of ${name} were heard, but no Follow_Up that belongs to one`;
    }
    return this.#missingDelay(name);
  }

  /** The path's delay as it is now; null: not known. */
  pathDelay(): PathDelay {
    switch (this.#port.config.delayMechanism) {
      case 'none':
        return NO_DELAY;
      case 'e2e':
        return this.#estimate;
      case 'p2p':
        return this.#linkDelay === null
          ? null
          : {
              delayNs: scaledToNumber(this.#linkDelay),
              deviationNs: scaledToNumber(this.#linkDeviation),
            };
    }
  }

  #missingDelay(name: string): string | null {
    if (this.pathDelay() !== null) return null;
    if (this.#port.config.delayMechanism === 'p2p') {
      return 'the delay of the link has not been measured: the neighbor does not answer Pdelay_Req';
    }
    const { unanswered, untimed } = this.#requester;
    if (untimed > 0) {
      return `${name} answers, but the switch did not tell when ${untimed} Delay_Req left`;
    }
    if (this.#master?.delayReqTo === null) return `${name} has not granted Delay_Resp`;
    if (unanswered === 0) return 'the first Delay_Resp has not come yet';
    return `${name} did not answer ${unanswered} Delay_Req: does it use another delay mechanism?`;
  }

  #beginAnew(): void {
    this.#receiver.reset();
    this.#filter.reset();
    this.#estimate = null;
    this.#syncs = 0;
    this.#samples = 0;
    this.#syncInterval = this.#port.config.logSyncInterval;
    this.#port.cancelTimer('syncReceipt');
  }

  #ask(): void {
    const master = this.#master;
    const isE2e = this.#port.config.delayMechanism === 'e2e';
    if (master === null || master.delayReqTo === null || !isE2e) this.#requester.stop();
    else this.#requester.begin(master.identity, master.delayReqTo);
  }

  #isOfMaster(message: Sync | FollowUp): boolean {
    const { sourcePortIdentity: source, flags } = message.header;
    if (this.#master === null || !isSamePort(this.#master.identity, source)) {
      this.#port.count('syncsOfOthers');
      return false;
    }
    // A master may send to all beside what it granted to one: two sequences, each numbered for itself.
    const isUnicast = (flags & FLAG.unicast) !== 0;
    if (isUnicast === this.#port.config.unicastMasters.length > 0) return true;
    this.#port.count(isUnicast ? 'syncsUnicast' : 'syncsMulticast');
    return false;
  }

  #noteInterval(interval: LogInterval): void {
    const told = toldInterval(interval);
    if (told.impossible) this.#port.count('intervalsImpossible');
    if (told.interval !== null) this.#syncInterval = told.interval;
  }

  #armSyncReceipt(): void {
    const { syncReceiptTimeout } = this.#port.config;
    const interval = intervalDuration(this.#syncInterval);
    if (syncReceiptTimeout <= 0 || interval === null) return;
    const wait = nsOf(interval) * bigintOf(Math.round(syncReceiptTimeout));
    this.#port.setTimer('syncReceipt', nanoseconds(wait));
  }

  #take(sample: SyncSample | null): void {
    if (sample === null) return;
    this.#samples += 1;
    this.#requester.takeSync(sample);
    this.#host.onSync(sample, this.pathDelay());
  }

  #takeDelay({ meanDelay }: DelayMeasurement): void {
    const { delayNs, deviationNs } = this.#filter.sample(scaledToNumber(meanDelay));
    this.#estimate = { delayNs, deviationNs };
  }
}

function isSameDestination(a: Destination | null, b: Destination | null): boolean {
  if (a === null || b === null || a === 'group' || b === 'group') return a === b;
  return stationKey(a) === stationKey(b);
}
