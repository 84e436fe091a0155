/**
 * What an operator may say beside a profile's name, and what comes of both. Everything that is not said
 * is the profile's initial value.
 */
import type { Nanoseconds, ScaledNs } from '#units/time';
import type {
  AcceptableMaster,
  ClockQuality,
  DelayMechanism,
  PortState,
  TimePropertiesDS,
} from '../data-sets.js';
import type {
  AlternateMasterConfig,
  ClockClassLadder,
  Comparison,
  DisciplineConfig,
  InstanceConfig,
  SanityConfig,
  UnicastGrantLimits,
  UnicastMaster,
} from '../instance/instance-types.js';
import type { LeapSecond } from '../leap.js';
import type { SlaveMonitoringConfig } from '../slave-monitoring.js';
import type { OwnAnnounceTlvs } from './profile-tlvs.js';
import type {
  GroupAddresses,
  Messaging,
  Profile,
  ProfileName,
  ProfileTlv,
  TagRule,
  Transport,
} from './profile.js';

/** Every property may be left out, or be undefined. */
type Optional<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** Of one port. Intervals are log2 of seconds. */
export interface PortChoices extends Optional<{
  /** Intervals, transport, mechanism and step of another profile; domain and comparison stay. */
  profile: ProfileName;
  transport: Transport;
  /** One of the profile's, by its address for all but peer delay. */
  group: string;
  messaging: Messaging;
  delayMechanism: DelayMechanism;
  step: 'one' | 'two';
  logAnnounceInterval: number;
  logSyncInterval: number;
  logMinDelayReqInterval: number;
  logMinPdelayReqInterval: number;
  announceReceiptTimeout: number;
  syncReceiptTimeout: number;
  localPriority: number;
  masterOnly: boolean;
  portEnable: boolean;
  desiredState: PortState | null;
  ingressLatency: ScaledNs;
  egressLatency: ScaledNs;
  delayAsymmetry: ScaledNs;
  unicastMasters: readonly UnicastMaster[];
  unicastDurationSeconds: number;
  unicastQueryIntervalSeconds: number;
  unicastGrants: UnicastGrantLimits | null;
  acceptableMasters: readonly AcceptableMaster[] | null;
  alternateMaster: AlternateMasterConfig | null;
}> {
  readonly number: number;
}

/** Of the instance. */
export type InstanceChoices = Optional<{
  domainNumber: number;
  /** 12 bits; other than the profile's only with `outsideProfile`, as `comparison`. */
  sdoId: number;
  comparison: Comparison;
  priority1: number;
  priority2: number;
  localPriority: number;
  maxStepsRemoved: number;
  slaveOnly: boolean;
  externalPortConfigurationEnabled: boolean;
  /** clockClass: one of the profile's grandmasters', for a clock that has a time source of its own. */
  clockQuality: Optional<ClockQuality>;
  clockClassLadder: Optional<ClockClassLadder>;
  timeProperties: Optional<TimePropertiesDS>;
  pathTrace: boolean;
  maxForeignMasters: number;
  discipline: Optional<DisciplineConfig>;
  sanity: Optional<SanityConfig>;
  /** What a grandmaster says by C37.238 and of local time. */
  announceTlvs: Optional<OwnAnnounceTlvs>;
  /** One that is known beforehand. */
  leapSecond: LeapSecond | null;
  slaveMonitoring: SlaveMonitoringConfig | null;
  /** Values that the profile does not allow are taken if the standard has them at all. */
  outsideProfile: boolean;
}>;

export interface ProfileRequest {
  readonly profile: string;
  readonly clockIdentity: bigint;
  /** What the dataplane's stamps resolve. */
  readonly timestampResolution: Nanoseconds;
  readonly instance: InstanceChoices;
  readonly ports: readonly PortChoices[];
}

export type ProfileErrorCode =
  | 'unknown-profile'
  | 'no-ports'
  | 'duplicate-port'
  /** Not a value that the standard or the wire has. */
  | 'bad-value'
  /** A value that the profile does not allow. */
  | 'outside-profile'
  /** An option that the profile does not use. */
  | 'not-in-profile'
  /** A boundary clock, a grandmaster or a slave, which the profile does not know. */
  | 'clock-kind-not-in-profile'
  /** A port's own profile selects other messages than the instance's (sdoId) or elects otherwise. */
  | 'port-profile-differs';

export interface ProfileError {
  readonly code: ProfileErrorCode;
  /** Where in the request: `['ports', 3, 'logSyncInterval']` with the port's number. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** How a port's messages travel; the instance itself does not care. */
export interface PortEncapsulation {
  readonly number: number;
  readonly transport: Transport;
  readonly group: GroupAddresses;
  readonly messaging: Messaging;
  readonly tag: TagRule | null;
  readonly dscp: number | null;
  /** Asked for of each unicast master. */
  readonly unicastDurationSeconds: number;
  readonly peerDelay: Profile['peerDelay'];
}

export interface ResolvedProfile {
  readonly profile: Profile;
  readonly config: InstanceConfig;
  readonly encapsulation: readonly PortEncapsulation[];
  /** What is added to the messages of ours. */
  readonly tlvs: readonly ProfileTlv[];
}

export type ProfileResult =
  | { readonly ok: true; readonly value: ResolvedProfile }
  | { readonly ok: false; readonly errors: readonly ProfileError[] };
