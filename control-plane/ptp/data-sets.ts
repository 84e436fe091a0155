/**
 * The data sets of a PTP instance under their standard names: IEEE 1588-2019 clause 8, and what
 * profiles add to them (ITU-T G.8275.1 6.3: localPriority, notSlave).
 */
import type { LogInterval, ScaledNs } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';

/** 5.3.7. */
export interface ClockQuality {
  /** Table 4: 6 primary reference, 7 in holdover of it, 135, 165, 248 default, 255 slave-only. */
  readonly clockClass: number;
  /** Table 5. */
  readonly clockAccuracy: number;
  readonly offsetScaledLogVariance: number;
}

/** 8.2.1. */
export interface DefaultDS {
  readonly clockIdentity: bigint;
  readonly numberPorts: number;
  readonly clockQuality: ClockQuality;
  readonly priority1: number;
  readonly priority2: number;
  readonly domainNumber: number;
  /** 12 bits: majorSdoId and minorSdoId. */
  readonly sdoId: number;
  readonly slaveOnly: boolean;
  readonly instanceEnable: boolean;
  readonly externalPortConfigurationEnabled: boolean;
  /** 8.2.1.5.4: an Announce with as many steps or more is not qualified; at most 255. */
  readonly maxStepsRemoved: number;
  /** G.8275.1 6.3.2; 128 unless configured. */
  readonly localPriority: number;
}

/** 8.2.2. */
export interface CurrentDS {
  readonly stepsRemoved: number;
  /** Ours minus the master's. */
  readonly offsetFromMaster: ScaledNs;
  readonly meanDelay: ScaledNs;
  readonly synchronizationUncertain: boolean;
}

/** 8.2.3. */
export interface ParentDS {
  readonly parentPortIdentity: PortIdentity;
  readonly parentStats: boolean;
  readonly observedParentOffsetScaledLogVariance: number;
  readonly observedParentClockPhaseChangeRate: number;
  readonly grandmasterIdentity: bigint;
  readonly grandmasterClockQuality: ClockQuality;
  readonly grandmasterPriority1: number;
  readonly grandmasterPriority2: number;
}

/** 8.2.4. */
export interface TimePropertiesDS {
  readonly currentUtcOffsetSeconds: number;
  readonly currentUtcOffsetValid: boolean;
  readonly leap59: boolean;
  readonly leap61: boolean;
  readonly timeTraceable: boolean;
  readonly frequencyTraceable: boolean;
  readonly ptpTimescale: boolean;
  /** Table 6. */
  readonly timeSource: number;
}

/** Table 20, by the names of 9.2.5; their numbers are PORT_STATE of #wire/management-data. */
export type PortState =
  | 'initializing'
  | 'faulty'
  | 'disabled'
  | 'listening'
  | 'preMaster'
  | 'master'
  | 'passive'
  | 'uncalibrated'
  | 'slave';

export type DelayMechanism = 'e2e' | 'p2p' | 'none';

/** 8.2.15. */
export interface PortDS {
  readonly portIdentity: PortIdentity;
  readonly portState: PortState;
  readonly logMinDelayReqInterval: LogInterval;
  readonly meanLinkDelay: ScaledNs;
  readonly logAnnounceInterval: LogInterval;
  readonly announceReceiptTimeout: number;
  readonly logSyncInterval: LogInterval;
  readonly delayMechanism: DelayMechanism;
  readonly logMinPdelayReqInterval: LogInterval;
  readonly versionNumber: number;
  readonly minorVersionNumber: number;
  readonly delayAsymmetry: ScaledNs;
  readonly portEnable: boolean;
  readonly masterOnly: boolean;
  /** G.8275.1 6.3.1. */
  readonly localPriority: number;
  readonly notSlave: boolean;
}

/** 8.2.5: pathTraceDS. */
export interface PathTraceDS {
  readonly enable: boolean;
  readonly list: readonly bigint[];
}

/** 8.2.6 (and 17.5): who may be a master; `alternatePriority1` 0 keeps the master's own. */
export interface AcceptableMaster {
  readonly acceptablePortIdentity: PortIdentity;
  readonly alternatePriority1: number;
}

/** 9.3.2.4: what an Announce told, for as long as it counts. */
export interface ForeignMasterDS {
  readonly foreignMasterPortIdentity: PortIdentity;
  /** Announces within the last FOREIGN_MASTER_TIME_WINDOW. */
  readonly foreignMasterAnnounceMessages: number;
  readonly qualified: boolean;
}

/** 17.6.3: externalPortConfigurationPortDS. */
export interface ExternalPortConfigurationPortDS {
  readonly desiredState: PortState;
}

/** 16.1: unicastNegotiationPortDS. */
export interface UnicastNegotiationPortDS {
  readonly enable: boolean;
}

/** 17.4: unicastDiscoveryPortDS; addresses are the instance's own affair. */
export interface UnicastDiscoveryPortDS {
  readonly maxTableSize: number;
  readonly queryIntervalSeconds: number;
  readonly actualTableSize: number;
}

/** 17.5: acceptableMasterTableDS, here one for each port. */
export interface AcceptableMasterTableDS {
  readonly actualTableSize: number;
  readonly list: readonly AcceptableMaster[];
}

/** 17.5: acceptableMasterPortDS. */
export interface AcceptableMasterPortDS {
  readonly enable: boolean;
}

/** 17.3: alternateMasterPortDS. */
export interface AlternateMasterPortDS {
  /** 0: the option is not in use. */
  readonly numberOfAlternateMasters: number;
  readonly transmitAlternateMulticastSync: boolean;
  readonly logAlternateMulticastSyncInterval: LogInterval;
}

/** 16.11: slaveMonitoringPortDS. */
export interface SlaveMonitoringPortDS {
  readonly slaveRxSyncTimingDataEnabled: boolean;
  readonly slaveRxSyncComputedDataEnabled: boolean;
  readonly slaveTxEventTimestampsEnabled: boolean;
  readonly eventsPerRxSyncTimingDataTlv: number;
  readonly eventsPerRxSyncComputedDataTlv: number;
  readonly eventsPerTxEventTimestampsTlv: number;
}

/** 8.2: communicationCapabilitiesPortDS: how a port can be talked to. */
export interface CommunicationCapabilitiesPortDS {
  readonly multicastCapable: boolean;
  readonly unicastCapable: boolean;
  readonly unicastNegotiationCapable: boolean;
  readonly unicastNegotiationRequired: boolean;
}

/** 16.7: timestampCorrectionPortDS. */
export interface TimestampCorrectionPortDS {
  readonly egressLatency: ScaledNs;
  readonly ingressLatency: ScaledNs;
}

/** 16.8: asymmetryCorrectionPortDS. */
export interface AsymmetryCorrectionPortDS {
  readonly constantAsymmetry: ScaledNs;
  readonly enable: boolean;
}
