/** What a requester keeps of the masters that it asks, and how it talks to them. */
import type { Instant } from '#units/time';
import { MESSAGE_TYPE, type PortIdentity } from '#wire/ptp-header';
import { encodeUnicastTlv, type UnicastTlv } from '#wire/tlv/unicast';
import type { StationAddress } from '../instance/instance-types.js';
import {
  ALL_PORTS,
  serviceOf,
  type RequesterEffect,
  type UnicastContract,
  type UnicastService,
} from './unicast-types.js';

/** One service of one master. */
export interface Subscription {
  readonly service: UnicastService;
  /** `asking` with a contract: it is being renewed. `cancelling`: not wanted, not acknowledged yet. */
  wish: 'none' | 'asking' | 'cancelling';
  contract: UnicastContract | null;
  /** Requests, or cancels, since the last answer. */
  attempts: number;
  /** When the next message about it is due. */
  nextAt: Instant;
}

export interface Master {
  readonly address: StationAddress;
  /** From its last grant; all ports before. */
  identity: PortIdentity;
  readonly subscriptions: Readonly<Record<UnicastService, Subscription>>;
}

export function newMaster(address: StationAddress, now: Instant): Master {
  const subscription = (service: UnicastService): Subscription => ({
    service,
    wish: 'none',
    contract: null,
    attempts: 0,
    nextAt: now,
  });
  return {
    address,
    identity: ALL_PORTS,
    subscriptions: {
      announce: subscription('announce'),
      sync: subscription('sync'),
      delayResp: subscription('delayResp'),
    },
  };
}

export function subscriptionOf(master: Master, messageType: number): Subscription | null {
  const service = serviceOf(messageType);
  return service === null ? null : master.subscriptions[service];
}

export function cancelOf(service: UnicastService): UnicastTlv {
  return {
    kind: 'cancelUnicast',
    messageType: MESSAGE_TYPE[service],
    maintainRequest: false,
    maintainGrant: true,
  };
}

export function signalTo(master: Master, tlvs: readonly UnicastTlv[]): RequesterEffect {
  return {
    kind: 'signal',
    address: master.address,
    targetPortIdentity: master.identity,
    tlvs: tlvs.map(encodeUnicastTlv),
  };
}
