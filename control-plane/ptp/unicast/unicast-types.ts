/**
 * The vocabulary of unicast negotiation, IEEE 1588-2019 16.1. One grantor and one requester a port;
 * both get every Signaling that is meant for the port, and each takes what is its own.
 *
 *     grantor.receive(signaling, source, now) → effects      requester.receive(signaling, source, now) → effects
 *
 * Each has one timer: a `setTimer` replaces the one before it, and brings `timer(now)` once.
 */
import { macBits } from '#units/identity';
import type { Instant, LogInterval, Nanoseconds } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import type { Tlv } from '#wire/ptp-message';
import type { StationAddress } from '../instance/instance-types.js';

/** What can be asked for here; Pdelay_Resp, which needs no grant on this switch, is refused. */
export type UnicastService = 'announce' | 'sync' | 'delayResp';

export const UNICAST_SERVICES: readonly UnicastService[] = ['announce', 'sync', 'delayResp'];

/** The service of a four bit messageType; null where there is none. */
export function serviceOf(messageType: number): UnicastService | null {
  return UNICAST_SERVICES.find((service) => MESSAGE_TYPE[service] === messageType) ?? null;
}

/** Names a station: over UDP by its IP address alone, for its MAC address may be a router's. */
export function stationKey({ transport, mac, ip }: StationAddress): string {
  return `${transport} ${ip === null ? macBits(mac).toString(16) : ip.join('.')}`;
}

/** targetPortIdentity of a Signaling: all ones, or in parts all ones, means everybody (13.12.1). */
export const ALL_PORTS: PortIdentity = {
  clockIdentity: 0xffff_ffff_ffff_ffffn,
  portNumber: 0xffff,
};

export function isMeantFor(target: PortIdentity, port: PortIdentity): boolean {
  return (
    (target.clockIdentity === ALL_PORTS.clockIdentity ||
      target.clockIdentity === port.clockIdentity) &&
    (target.portNumber === ALL_PORTS.portNumber || target.portNumber === port.portNumber)
  );
}

/** For both: a Signaling to one station, whose TLVs they are; header and sequenceId are the port's. */
export interface SignalEffect {
  readonly kind: 'signal';
  readonly address: StationAddress;
  readonly targetPortIdentity: PortIdentity;
  readonly tlvs: readonly Tlv[];
}

export type UnicastTimerEffect =
  { readonly kind: 'setTimer'; readonly after: Nanoseconds } | { readonly kind: 'cancelTimer' };

/** Service that this port gives to a requester. */
export interface UnicastGrant {
  readonly requester: PortIdentity;
  readonly address: StationAddress;
  readonly service: UnicastService;
  readonly logInterval: LogInterval;
  readonly expiresAt: Instant;
}

export type GrantEnd = 'expired' | 'cancelled' | 'revoked';

export type GrantorEffect =
  | SignalEffect
  | UnicastTimerEffect
  | { readonly kind: 'given'; readonly grant: UnicastGrant }
  /** `cancelled` by the requester; `revoked` by ourselves, which it was told. */
  | { readonly kind: 'ended'; readonly grant: UnicastGrant; readonly why: GrantEnd }
  /** Its next Announce or Sync is due. sequenceId counts for this service of this requester (7.3.7). */
  | { readonly kind: 'transmit'; readonly grant: UnicastGrant; readonly sequenceId: number };

/** Service that this port gets from a master. */
export interface UnicastContract {
  readonly master: PortIdentity;
  readonly address: StationAddress;
  readonly service: UnicastService;
  /** As granted, which may be another than was asked for. */
  readonly logInterval: LogInterval;
  readonly expiresAt: Instant;
}

export type ContractEnd = 'expired' | 'cancelled' | 'given-up';

export type RequesterEffect =
  | SignalEffect
  | UnicastTimerEffect
  /** For the first time, or `renewed`. */
  | { readonly kind: 'given'; readonly contract: UnicastContract; readonly renewed: boolean }
  /** `cancelled` by the master; `given-up` by ourselves. */
  | { readonly kind: 'ended'; readonly contract: UnicastContract; readonly why: ContractEnd }
  /** It will be asked again, later. What was granted before holds until its end. */
  | {
      readonly kind: 'refused';
      readonly address: StationAddress;
      readonly service: UnicastService;
    };
