/**
 * What a port does as MASTER: Announce and Sync to the group and to unicast clients, answers to
 * Delay_Req. As PASSIVE it may show itself as an alternate master (17.3).
 */
import {
  afterPrecise,
  scaledNs,
  subtractScaled,
  type DataplaneTime,
  type LogInterval,
} from '#units/time';
import { FLAG } from '#wire/ptp-header';
import type { DelayReq, Tlv } from '#wire/ptp-message';
import type { UnicastGrant } from '../unicast/unicast-types.js';
import { AnnounceSender } from './announce-sender.js';
import type { StationAddress } from './instance-types.js';
import { delayRespMessage, NO_LOG_INTERVAL, type AnnounceContent } from './messages.js';
import type { PortServices } from './port-services.js';
import { SyncSender } from './sync-sender.js';

export interface MasterHost {
  readonly announceContent: () => AnnounceContent;
  readonly followUpTlvs: () => readonly Tlv[];
  /** Unicast clients may be served from now on, or not any more. */
  readonly setServing: (serving: boolean) => void;
  /** A port that asks a table of masters serves no group, unless it is told to. */
  readonly servesGroup: () => boolean;
  /** 802.1AS 10.6.4.3: the neighbor wants none. */
  readonly isStopped: (what: 'announce' | 'sync') => boolean;
}

export type MasterRole = 'none' | 'master' | 'alternate';

export class MasterSide {
  readonly #port: PortServices;
  readonly #host: MasterHost;
  readonly #announces: AnnounceSender;
  readonly #syncs: SyncSender;
  #role: MasterRole = 'none';
  #responding: LogInterval | null = null;

  constructor(port: PortServices, host: MasterHost) {
    this.#port = port;
    this.#host = host;
    this.#announces = new AnnounceSender(port, host.announceContent);
    this.#syncs = new SyncSender(port, host.followUpTlvs);
  }

  /** Ends what does not belong to the role; before any port begins anything. */
  stop(role: MasterRole): void {
    if (role !== this.#role && this.#role !== 'none') {
      this.#syncs.stop();
      this.#announces.stop();
      if (this.#role === 'master') this.#host.setServing(false);
      this.#role = 'none';
    }
    this.#respond(role === 'master' ? this.#port.config.logMinDelayReqInterval : null);
  }

  /** Begins what belongs to the role. */
  start(role: MasterRole): void {
    if (role === 'master' && this.#role !== role) this.#host.setServing(true);
    this.#role = role;
    if (role === 'master') this.#serveGroup();
    if (role === 'alternate') this.#showAlternate();
  }

  announceDue(): void {
    this.#announces.due();
  }

  syncDue(): void {
    this.#syncs.due();
  }

  /** What is announced has changed. */
  news(): void {
    this.#announces.news();
  }

  /** An Announce or a Sync is due to this client. */
  transmit(grant: UnicastGrant, sequenceId: number): void {
    if (grant.service === 'announce') this.#announces.sendTo(grant.address, sequenceId);
    if (grant.service === 'sync') this.#syncs.sendTo(grant.address, sequenceId);
  }

  /** Where the dataplane does not answer by itself, the request comes here: 11.3.2. */
  receiveDelayReq(message: DelayReq, receiveTime: DataplaneTime, source: StationAddress): void {
    const port = this.#port;
    const { config } = port;
    const taken = port.ptpTime(receiveTime);
    if (this.#role !== 'master' || config.delayMechanism !== 'e2e' || taken === null) {
      port.count('delayReqsNotAnswered');
      return;
    }
    const received = afterPrecise(taken, subtractScaled(scaledNs(0n), config.ingressLatency));
    const isUnicast = (message.header.flags & FLAG.unicast) !== 0;
    const envelope = {
      sequenceId: message.header.sequenceId,
      unicast: isUnicast,
      logMessageInterval: isUnicast ? NO_LOG_INTERVAL : config.logMinDelayReqInterval,
      isAlternate: false,
    };
    const response = delayRespMessage(port.sender, envelope, message, received);
    port.sendGeneral(response, isUnicast ? source : 'group');
    port.count('delayRespsSent');
  }

  #serveGroup(): void {
    if (!this.#host.servesGroup()) return;
    if (this.#host.isStopped('announce')) this.#announces.stop();
    else this.#announces.start();
    if (this.#host.isStopped('sync')) this.#syncs.stop();
    else this.#syncs.start();
  }

  #showAlternate(): void {
    const { alternateMaster } = this.#port.config;
    if (alternateMaster === null || alternateMaster === undefined) return;
    this.#announces.start(true);
    if (!alternateMaster.transmitAlternateMulticastSync) return;
    this.#syncs.start(alternateMaster.logAlternateMulticastSyncInterval);
  }

  #respond(interval: LogInterval | null): void {
    const wanted = this.#port.config.delayMechanism === 'e2e' ? interval : null;
    if (wanted === this.#responding) return;
    this.#responding = wanted;
    const { number } = this.#port;
    this.#port.emit({ kind: 'delayResponder', port: number, logMinDelayReqInterval: wanted });
  }
}
