/** Unicast negotiation of a port: its grantor and its requester, and what their effects mean here. */
import type { Instant } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import type { Signaling } from '#wire/ptp-message';
import { UnicastGrantor } from '../unicast/grantor.js';
import { UnicastRequester, type RequesterConfig } from '../unicast/requester.js';
import {
  isMeantFor,
  stationKey,
  type GrantorEffect,
  type RequesterEffect,
  type SignalEffect,
  type UnicastContract,
  type UnicastGrant,
} from '../unicast/unicast-types.js';
import type { PortConfig, StationAddress } from './instance-types.js';
import { signalingMessage } from './messages.js';
import type { PortServices } from './port-services.js';

export interface UnicastHost {
  /** An Announce or a Sync is due to this client. */
  readonly transmit: (grant: UnicastGrant, sequenceId: number) => void;
  /** Service of a master began, or ended. */
  readonly onContract: (contract: UnicastContract, isGiven: boolean) => void;
}

/** 16.1.4.1: asked for at once; renewed long before. */
const DURATION_SECONDS = 300;
const TIMER_KEY = { grantor: 'grantor', requester: 'requester' } as const;
/** Signaling sequences that are kept, one a station. */
const MAX_SEQUENCES = 1024;

export class PortUnicast {
  readonly #port: PortServices;
  readonly #host: UnicastHost;
  readonly grantor: UnicastGrantor;
  readonly requester: UnicastRequester;
  readonly #sequences = new Map<string, number>();

  constructor(port: PortServices, host: UnicastHost) {
    this.#port = port;
    this.#host = host;
    this.grantor = new UnicastGrantor(port.config.unicastGrants);
    this.requester = new UnicastRequester(requesterConfig(port.config), port.random);
  }

  /** A table of masters: this port hears no group, but these. */
  get isRequesting(): boolean {
    return this.#port.config.unicastMasters.length > 0;
  }

  configure(now: Instant): void {
    this.#grantorDoes(this.grantor.configure(this.#port.config.unicastGrants, now));
    this.#requesterDoes(this.requester.configure(requesterConfig(this.#port.config), now));
  }

  startRequesting(now: Instant): void {
    if (this.isRequesting) this.#requesterDoes(this.requester.start(now));
  }

  /** `isLinkLost`: nobody can be told. */
  stop(now: Instant, isLinkLost: boolean): void {
    this.#requesterDoes(isLinkLost ? this.requester.reset() : this.requester.stop(now));
    this.#grantorDoes(isLinkLost ? this.grantor.reset() : this.grantor.setServing(false, now));
  }

  setServing(serving: boolean, now: Instant): void {
    this.#grantorDoes(this.grantor.setServing(serving, now));
  }

  select(address: StationAddress | null, now: Instant): void {
    if (this.isRequesting) this.#requesterDoes(this.requester.select(address, now));
  }

  silent(address: StationAddress, service: 'announce' | 'sync', now: Instant): void {
    if (this.isRequesting) this.#requesterDoes(this.requester.silent(address, service, now));
  }

  receive(message: Signaling, source: StationAddress, now: Instant): void {
    if (!isMeantFor(message.targetPortIdentity, this.#port.sender.portIdentity)) {
      this.#port.count('signalingToOthers');
      return;
    }
    this.#port.count('signalingReceived');
    this.#grantorDoes(this.grantor.receive(message, source, now));
    this.#requesterDoes(this.requester.receive(message, source, now));
  }

  timer(key: string, now: Instant): void {
    if (key === TIMER_KEY.grantor) this.#grantorDoes(this.grantor.timer(now));
    if (key === TIMER_KEY.requester) this.#requesterDoes(this.requester.timer(now));
  }

  /** What this master has granted of a service; null: nothing. */
  contractOf(address: StationAddress, service: UnicastContract['service']): UnicastContract | null {
    const key = stationKey(address);
    const found = this.requester
      .status()
      .find((one) => one.service === service && stationKey(one.address) === key);
    return found?.contract ?? null;
  }

  grants(): { readonly given: number; readonly received: number } {
    const received = this.requester.status().filter(({ contract }) => contract !== null).length;
    return { given: this.grantor.size, received };
  }

  #grantorDoes(effects: readonly GrantorEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'signal':
          this.#signal(effect);
          break;
        case 'setTimer':
          this.#port.setTimer('unicast', effect.after, TIMER_KEY.grantor);
          break;
        case 'cancelTimer':
          this.#port.cancelTimer('unicast', TIMER_KEY.grantor);
          break;
        case 'transmit':
          this.#host.transmit(effect.grant, effect.sequenceId);
          break;
        case 'given':
        case 'ended':
          this.#port.count(effect.kind === 'given' ? 'grantsGiven' : 'grantsEnded');
          break;
      }
    }
  }

  #requesterDoes(effects: readonly RequesterEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'signal':
          this.#signal(effect);
          break;
        case 'setTimer':
          this.#port.setTimer('unicast', effect.after, TIMER_KEY.requester);
          break;
        case 'cancelTimer':
          this.#port.cancelTimer('unicast', TIMER_KEY.requester);
          break;
        case 'given':
          this.#host.onContract(effect.contract, true);
          break;
        case 'ended':
          this.#host.onContract(effect.contract, false);
          break;
        case 'refused':
          this.#port.count('grantsRefused');
          break;
      }
    }
  }

  #signal({ address, targetPortIdentity, tlvs }: SignalEffect): void {
    const sequenceId = this.#nextSequenceId(address, targetPortIdentity);
    const envelope = { sequenceId, unicast: true };
    const message = signalingMessage(this.#port.sender, envelope, targetPortIdentity, tlvs);
    this.#port.sendGeneral(message, address);
    this.#port.count('signalingSent');
  }

  /** 7.3.7: a sequence for each destination. */
  #nextSequenceId(address: StationAddress, target: PortIdentity): number {
    const key = `${stationKey(address)} ${target.clockIdentity}`;
    const sequenceId = this.#sequences.get(key) ?? 0;
    this.#sequences.delete(key);
    this.#sequences.set(key, (sequenceId + 1) & 0xffff);
    const oldest = this.#sequences.size > MAX_SEQUENCES ? this.#sequences.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#sequences.delete(oldest.value);
    return sequenceId;
  }
}

function requesterConfig(port: PortConfig): RequesterConfig {
  return {
    masters: port.unicastMasters,
    queryIntervalSeconds: port.unicastQueryIntervalSeconds,
    durationSeconds: DURATION_SECONDS,
    logAnnounceInterval: port.logAnnounceInterval,
    logSyncInterval: port.logSyncInterval,
    logDelayRespInterval: port.delayMechanism === 'e2e' ? port.logMinDelayReqInterval : null,
  };
}
