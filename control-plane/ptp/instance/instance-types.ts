/**
 * The vocabulary of a PTP instance (a boundary or ordinary clock): what goes in, what comes out,
 * what is configured.
 *
 *     new PtpInstance(config, { random }) ; instance.handle(input, now) → effects
 *
 * One input, all its effects carried out in their order, then the next. `now` never steps back; it
 * times what waits and says nothing about PTP time, which is the dataplane's.
 */
import type { MacAddress } from '#units/identity';
import type { DataplaneTime, Instant, LogInterval, Nanoseconds, Ppb, ScaledNs } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';
import type { LoopGains } from '../../servo/gains.js';
import type {
  AcceptableMaster,
  AcceptableMasterPortDS,
  AcceptableMasterTableDS,
  AlternateMasterPortDS,
  AsymmetryCorrectionPortDS,
  CommunicationCapabilitiesPortDS,
  CurrentDS,
  DefaultDS,
  DelayMechanism,
  ExternalPortConfigurationPortDS,
  ForeignMasterDS,
  ParentDS,
  PathTraceDS,
  PortDS,
  PortState,
  SlaveMonitoringPortDS,
  TimePropertiesDS,
  TimestampCorrectionPortDS,
  UnicastDiscoveryPortDS,
  UnicastNegotiationPortDS,
} from '../data-sets.js';
import type { LeapSecond } from '../leap.js';
import type { OwnAnnounceTlvs } from '../profiles/profile-tlvs.js';
import type { ProfileTlv } from '../profiles/profile.js';
import type { SourceStatus } from '../sanity/source-watch.js';
import type { SlaveMonitoringConfig } from '../slave-monitoring.js';

/** A station that is talked to alone. */
export interface StationAddress {
  readonly transport: 'ethernet' | 'udp4' | 'udp6';
  readonly mac: MacAddress;
  /** 4 or 16 octets; null on Ethernet. */
  readonly ip: Uint8Array | null;
}

/** Where a message goes: to the group of its type, or to one station. */
export type Destination = 'group' | StationAddress;

/** Which dataset comparison and state decision hold: figures 33 to 35, G.8275.1 6.3, 802.1AS 10.3. */
export type Comparison = 'ieee1588' | 'g8275' | 'ieee8021as';

export interface UnicastGrantLimits {
  /** Grants on one port at once, over all requesters and message types. */
  readonly maxGrants: number;
  /** Grants together may ask for so many messages a second at most. */
  readonly maxMessagesPerSecond: number;
  readonly maxDurationSeconds: number;
  /** The shortest intervals that are granted. */
  readonly minLogAnnounceInterval: LogInterval;
  readonly minLogSyncInterval: LogInterval;
  readonly minLogDelayRespInterval: LogInterval;
}

/** A master that is asked for unicast service (17.4.4: unicastMasterTable). */
export interface UnicastMaster {
  readonly address: StationAddress;
  /** Among those that are as good: the lower first. */
  readonly localPriority: number;
}

/** 17.3.3: Announce with alternateMasterFlag at the port's interval, and Sync if they are wanted. */
export interface AlternateMasterConfig {
  readonly transmitAlternateMulticastSync: boolean;
  readonly logAlternateMulticastSyncInterval: LogInterval;
}

export interface PortConfig {
  /** portNumber of the standard, and of the switch. */
  readonly number: number;
  readonly delayMechanism: DelayMechanism;
  readonly logAnnounceInterval: LogInterval;
  readonly announceReceiptTimeout: number;
  readonly logSyncInterval: LogInterval;
  /** Intervals without a Sync from the parent after which it is silent; 0: only Announce counts. */
  readonly syncReceiptTimeout: number;
  readonly logMinDelayReqInterval: LogInterval;
  readonly logMinPdelayReqInterval: LogInterval;
  /** How Sync are sent: with originTimestamp on the way out, or followed by what the stamp said. */
  readonly step: 'one' | 'two';
  readonly masterOnly: boolean;
  readonly portEnable: boolean;
  readonly localPriority: number;
  /** 9.3.5.2; only with defaultDS.externalPortConfigurationEnabled. */
  readonly desiredState: PortState | null;
  readonly ingressLatency: ScaledNs;
  readonly egressLatency: ScaledNs;
  readonly delayAsymmetry: ScaledNs;
  /** Delay_Req to the group, or to the parent's own address (hybrid). */
  readonly delayReq: 'multicast' | 'unicast';
  /** Empty: multicast. Else these are asked for service. */
  readonly unicastMasters: readonly UnicastMaster[];
  readonly unicastQueryIntervalSeconds: number;
  /** Null: requests for unicast service are refused. */
  readonly unicastGrants: UnicastGrantLimits | null;
  /** 17.5; null: everybody is acceptable. */
  readonly acceptableMasters: readonly AcceptableMaster[] | null;
  /** As master, serve the group. As configured, or else: unless there are unicastMasters. */
  readonly multicast?: boolean;
  /** 17.3: what a PASSIVE port tells as an alternate master. */
  readonly alternateMaster?: AlternateMasterConfig | null;
  /** 802.1AS: neither master nor slave of a link that is not asCapable. */
  readonly requiresAsCapable: boolean;
}

export interface InstanceConfig {
  readonly defaultDS: Omit<DefaultDS, 'numberPorts'>;
  /** Our own, told while we are grandmaster (or in holdover, by the profile). */
  readonly timePropertiesDS: TimePropertiesDS;
  readonly comparison: Comparison;
  readonly ports: readonly PortConfig[];
  readonly pathTrace: boolean;
  /** Foreign masters that a port keeps, at least 5. */
  readonly maxForeignMasters: number;
  /** clockClass of defaultDS that is announced: by what state the clock is in; see profiles. */
  readonly clockClassLadder: ClockClassLadder;
  readonly discipline: DisciplineConfig;
  readonly sanity: SanityConfig;
  /** What the profile adds to messages, beside pathTrace. Not there: nothing. */
  readonly tlvs?: readonly ProfileTlv[];
  /** What our Announces say while we are the grandmaster, by those TLVs. */
  readonly announceTlvs?: OwnAnnounceTlvs;
  /** One that we know of as grandmaster: announced in its last 12 hours, and carried out. */
  readonly leapSecond?: LeapSecond | null;
  /** 16.11: what slave ports tell of their Syncs in Signaling messages. */
  readonly slaveMonitoring?: SlaveMonitoringConfig | null;
}

/** What we announce of ourselves when nobody better is there. */
export interface ClockClassLadder {
  readonly freeRun: number;
  readonly holdoverInSpecification: number;
  readonly holdoverOutOfSpecification: number;
  /** How long holdover keeps its specification. */
  readonly holdoverSeconds: number;
}

export interface DisciplineConfig {
  readonly servo: 'pi' | 'linear-regression' | 'kalman';
  /** Of `pi`, per sample, instead of its own: for those who compare. They may amplify along a chain. */
  readonly gains?: LoopGains;
  /** 0: never step the first time. Nanoseconds. */
  readonly firstStepThresholdNs: number;
  /** 0: never step later. */
  readonly stepThresholdNs: number;
  readonly maxFrequencyPpb: number;
  readonly delayFilter: 'moving-median' | 'minimum' | 'weighted';
  readonly delayFilterLength: number;
  /** What the dataplane's stamps can resolve, and how they scatter. */
  readonly timestampResolution: Nanoseconds;
  /** Below it, for some samples in a row, the clock is LOCKED. */
  readonly lockThresholdNs: number;
}

export interface SanityConfig {
  /** A grandmaster's time that moves by more in one Sync interval is suspect. */
  readonly jumpLimitNs: number;
  readonly policy: 'reject' | 'quarantine' | 'follow';
  readonly quarantineSeconds: number;
}

/** A grandmaster's time as the switch holds it: `clock` of the P4 program. */
export interface ClockReference {
  readonly localTime: DataplaneTime;
  /** PTP time then. */
  readonly ptpTime: Instant;
  /** PTP time against the local clock from then on. */
  readonly rate: Ppb;
}

export type InstanceInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'configure'; readonly config: InstanceConfig }
  /** Any PTP message of this instance but peer delay, which the port's own machine takes. */
  | {
      readonly kind: 'message';
      readonly port: number;
      readonly message: PtpMessage;
      /** When it came in, without ingressLatency. */
      readonly receiveTime: DataplaneTime;
      readonly source: StationAddress;
    }
  /** What was sent under this token left then, without egressLatency. */
  | { readonly kind: 'transmitTime'; readonly token: number; readonly time: DataplaneTime }
  /** It will not come. */
  | { readonly kind: 'transmitTimeMissing'; readonly token: number }
  | { readonly kind: 'timer'; readonly timer: string }
  | { readonly kind: 'link'; readonly port: number; readonly up: boolean }
  /** From the port's peer delay machine. */
  | {
      readonly kind: 'linkDelay';
      readonly port: number;
      readonly meanLinkDelay: ScaledNs | null;
      /** One standard deviation of what it was measured from; not given: not known. */
      readonly deviation?: ScaledNs | null;
      readonly neighborRate: Ppb | null;
      readonly asCapable: boolean;
    }
  /**
   * PTP messages that came in on the port and were left out before they came here, `what` in words
   * ("on another transport", "of peer delay"): so that the port can say why it hears nothing.
   */
  | {
      readonly kind: 'leftOut';
      readonly port: number;
      readonly what: string;
      readonly messages: number;
    }
  /** 17.6: the master of an external port configuration says so. */
  | { readonly kind: 'desiredState'; readonly port: number; readonly state: PortState }
  /** The local clock counts from anew, or jumped: nothing measured before holds (a new epoch, not a step). */
  | { readonly kind: 'newEpoch'; readonly reference: ClockReference; readonly why: string };

export type InstanceEffect =
  /** Ask for its transmit time, and bring that back under this token, once. */
  | {
      readonly kind: 'sendEvent';
      readonly port: number;
      readonly message: PtpMessage;
      readonly destination: Destination;
      readonly token: number;
    }
  /** A Sync that the dataplane stamps on its way out. */
  | {
      readonly kind: 'sendStamped';
      readonly port: number;
      readonly message: PtpMessage;
      readonly destination: Destination;
    }
  | {
      readonly kind: 'sendGeneral';
      readonly port: number;
      readonly message: PtpMessage;
      readonly destination: Destination;
    }
  /** A timer by its name; one that is set anew replaces the old one. */
  | { readonly kind: 'setTimer'; readonly timer: string; readonly after: Nanoseconds }
  | { readonly kind: 'cancelTimer'; readonly timer: string }
  /** PTP time is this from now on: for the dataplane, and for other clocks that follow it. */
  | {
      readonly kind: 'setClock';
      readonly reference: ClockReference;
      readonly step: Nanoseconds | null;
    }
  /** The port answers Delay_Req, or does not any more. */
  | {
      readonly kind: 'delayResponder';
      readonly port: number;
      readonly logMinDelayReqInterval: LogInterval | null;
    }
  /** For the log, events and alarms; `code` is stable, `why` is for people. */
  | {
      readonly kind: 'portState';
      readonly port: number;
      readonly from: PortState;
      readonly to: PortState;
      readonly event: string;
      readonly why: string;
    }
  | {
      readonly kind: 'lockState';
      readonly from: string;
      readonly to: string;
      readonly why: string;
    }
  | { readonly kind: 'parent'; readonly parentDS: ParentDS; readonly why: string }
  | { readonly kind: 'timeProperties'; readonly timePropertiesDS: TimePropertiesDS }
  | {
      readonly kind: 'alarm';
      readonly code: string;
      readonly raised: boolean;
      readonly why: string;
    }
  /** One for each accepted offset: for logs, statistics and slave event monitoring. */
  | { readonly kind: 'synchronized'; readonly measurement: SyncMeasurement };

export interface SyncMeasurement {
  readonly port: number;
  readonly sequenceId: number;
  /** PTP time, as we had it, when the Sync came in. */
  readonly receivedAt: Instant;
  readonly offsetFromMaster: ScaledNs;
  readonly meanDelay: ScaledNs;
  readonly rate: Ppb;
  /** Null while it is free-running. */
  readonly errorBoundNs: number | null;
  readonly lockState: string;
}

/** All there is to see of an instance; values are copies. */
export interface InstanceStatus {
  readonly defaultDS: DefaultDS;
  readonly currentDS: CurrentDS;
  readonly parentDS: ParentDS;
  readonly timePropertiesDS: TimePropertiesDS;
  readonly pathTraceDS: PathTraceDS;
  readonly ports: readonly PortStatus[];
  readonly servo: ServoStatus;
  /** PTP time about now; null: it was never set. */
  readonly ptpTime: Instant | null;
  /** All grandmasters whose time is heard, in whatever domain, against our time. */
  readonly sources?: readonly SourceStatus[];
  readonly counters: Readonly<Record<string, number>>;
}

/** The data sets of a port's options, under their standard names. */
export interface PortOptionSets {
  readonly externalPortConfigurationPortDS: ExternalPortConfigurationPortDS;
  readonly unicastNegotiationPortDS: UnicastNegotiationPortDS;
  readonly unicastDiscoveryPortDS: UnicastDiscoveryPortDS;
  readonly acceptableMasterTableDS: AcceptableMasterTableDS;
  readonly acceptableMasterPortDS: AcceptableMasterPortDS;
  readonly alternateMasterPortDS: AlternateMasterPortDS;
  readonly slaveMonitoringPortDS: SlaveMonitoringPortDS;
  readonly communicationCapabilitiesPortDS: CommunicationCapabilitiesPortDS;
  readonly timestampCorrectionPortDS: TimestampCorrectionPortDS;
  readonly asymmetryCorrectionPortDS: AsymmetryCorrectionPortDS;
}

export interface PortStatus {
  readonly portDS: PortDS;
  readonly options?: PortOptionSets;
  readonly since: Instant;
  /** Why it is in its state, in words; for LISTENING and UNCALIBRATED what is missing. */
  readonly why: string;
  readonly foreignMasters: readonly (ForeignMasterDS & {
    readonly grandmasterIdentity: bigint;
    readonly stepsRemoved: number;
    readonly priority1: number;
    readonly priority2: number;
    readonly clockClass: number;
  })[];
  readonly grants: { readonly given: number; readonly received: number };
  readonly counters: Readonly<Record<string, number>>;
}

export interface ServoStatus {
  readonly name: string;
  readonly state: string;
  readonly since: Instant;
  readonly why: string;
  readonly rate: Ppb;
  readonly offsetNs: number | null;
  readonly meanDelayNs: number | null;
  /** Pessimistic by construction; a path's asymmetry cannot be seen and is not in it. */
  readonly errorBoundNs: number | null;
  /** What that asymmetry may add at most. */
  readonly asymmetryUpToNs: number | null;
  /** What the bound holds under, in words. */
  readonly errorBoundAssumptions: readonly string[];
  readonly port: PortIdentity | null;
}
