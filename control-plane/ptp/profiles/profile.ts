/**
 * What a PTP profile is, as data (IEEE 1588-2019 20.3): which values an attribute may have and which
 * it has initially, which options are used, and what is announced. One file each; resolve-profile.ts
 * makes an instance's configuration of one.
 *
 * Intervals are log2 of seconds, as plain numbers: here is data, units are given by resolveProfile.
 */
import type { ClockQuality, DelayMechanism } from '../data-sets.js';
import type { ClockClassLadder, Comparison } from '../instance/instance-types.js';

export type ProfileName =
  | 'default-e2e'
  | 'default-p2p'
  | 'g8275.1'
  | 'g8275.2'
  | 'g8265.1'
  | '802.1as'
  | 'c37.238-2011'
  | 'c37.238-2017'
  | '61850-9-3'
  | 'st2059-2'
  | 'aes67'
  | 'enterprise'
  | '62439-3-l2p2p'
  | '62439-3-l3e2e'
  | 'data-centre';

/** Initial value first: a profile has at least one of each. */
export type Choices<T> = readonly [T, ...T[]];

/** From `low` to `high`, both allowed, and `also` some beside. */
export interface Range {
  readonly initial: number;
  readonly low: number;
  readonly high: number;
  readonly also?: readonly number[];
}

/** Kinds of clock that a profile knows. A relay (802.1AS) is what comes nearest to a boundary clock there. */
export type ClockKind = 'grandmaster' | 'boundary' | 'slave';

/** multicast: all to groups; hybrid: Delay_Req and Delay_Resp to one station; unicast: all, by negotiation. */
export type Messaging = 'multicast' | 'hybrid' | 'unicast';

export type Transport = 'ethernet' | 'udp4' | 'udp6';

/** Where messages to a group go, as addresses are written. */
export interface GroupAddresses {
  /** All messages but peer delay. */
  readonly general: string;
  readonly peerDelay: string;
}

export interface TransportRule {
  readonly transport: Transport;
  readonly groups: Choices<GroupAddresses>;
}

/** The 802.1Q tag that messages carry; VLAN 0 tags the priority alone. */
export type TagRule =
  | { readonly presence: 'required' | 'allowed'; readonly vlan: number; readonly priority: number }
  | { readonly presence: 'forbidden' };

/** What messages carry, by the names of #wire/tlv; unicast negotiation is four of them. */
export type ProfileTlv =
  | 'pathTrace'
  | 'alternateTimeOffset'
  | 'power2011'
  | 'power2017'
  | 'smpteMetadata'
  | 'followUpInformation'
  | 'intervalRequest'
  | 'interfaceRate'
  | 'unicastNegotiation';

/** required: always there. optional: if configured. Those not named are not used. */
export type TlvRules = Readonly<Partial<Record<ProfileTlv, 'required' | 'optional'>>>;

export interface ProfileIntervals {
  readonly logAnnounceInterval: Range;
  readonly logSyncInterval: Range;
  readonly logMinDelayReqInterval: Range;
  readonly logMinPdelayReqInterval: Range;
}

/** 16.1: what is asked for and granted. */
export interface UnicastRule {
  readonly durationSeconds: Range;
  /** Seconds between requests that are not answered. */
  readonly queryIntervalSeconds: number;
}

/** How the peer delay of a port is asked for; see peer-delay-types.ts. */
export interface PeerDelayRule {
  readonly convention: 'ieee1588' | 'ieee8021as';
  /** Beyond it a link is not asCapable; null: without limit. Nanoseconds. */
  readonly neighborPropDelayThreshNs: number | null;
  readonly requiresAsCapable: boolean;
}

export interface Profile {
  readonly name: ProfileName;
  readonly title: string;
  /** The clauses it was taken from. */
  readonly source: string;
  /** 20.3.3: six octets, as `00-1B-19-00-01-00`; null: none is registered. */
  readonly profileIdentity: string | null;
  readonly clockKinds: Choices<ClockKind>;

  readonly domainNumber: Range;
  /** 12 bits. */
  readonly sdoId: number;
  readonly transports: Choices<TransportRule>;
  readonly messaging: Choices<Messaging>;
  /** Null: no rule about tags. */
  readonly tag: TagRule | null;
  /** Of IP; null: no rule. */
  readonly dscp: number | null;
  readonly delayMechanisms: Choices<DelayMechanism>;
  /** How Sync may be sent; both are received. */
  readonly steps: Choices<'one' | 'two'>;

  readonly intervals: ProfileIntervals;
  /** Announce intervals. */
  readonly announceReceiptTimeout: Range;
  /** Sync intervals; 0: Sync are not watched. */
  readonly syncReceiptTimeout: Range;

  readonly comparison: Comparison;
  readonly priority1: Range;
  readonly priority2: Range;
  readonly localPriority: Range;
  readonly maxStepsRemoved: Range;
  /** Of a clock that never had a better one; see also `clockClassLadder`. */
  readonly clockQuality: ClockQuality;
  readonly clockClassLadder: ClockClassLadder;
  /** clockClass of a clock that is slave only. */
  readonly slaveOnlyClass: number;
  /** What its grandmasters announce, best first, with their meaning: for a clock that is one. */
  readonly grandmasterClasses: readonly { readonly clockClass: number; readonly means: string }[];

  readonly tlvs: TlvRules;
  readonly unicast: UnicastRule | null;
  readonly peerDelay: PeerDelayRule;
}
