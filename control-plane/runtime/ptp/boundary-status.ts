/** What a boundary clock tells of itself: JSON, so identities and large numbers are texts. Pure. */
import type { PtpTransport, SwitchSettings } from '#dataplane/settings';
import type { ClockQuality, DelayMechanism, PortState, TimePropertiesDS } from '#ptp/data-sets';
import type { InstanceStatus, PortStatus } from '#ptp/instance/instance-types';
import type { SourceStatus } from '#ptp/sanity/source-watch';
import { clockIdentityText, portIdentityText } from '#units/clock-identity';
import { portValue } from '#units/identity';
import {
  elapsed,
  logIntervalValue,
  nsOf,
  ppbValue,
  scaledToNumber,
  type Instant,
} from '#units/time';
import type { ClockDeviceStatus } from '../clock-devices/clock-device.js';
import type { CounterReadings } from './counter-monitor.js';
import type { ClockReference } from './entries.js';
import type { ServoRecordReport } from './servo-record.js';

/** The data sets by their standard names, with texts for what JSON has no numbers for. */
export interface BoundaryReport {
  readonly profile: string;
  /** False: PTP time is not set yet, and nothing is sent. */
  readonly running: boolean;
  readonly defaultDS: {
    readonly clockIdentity: string;
    readonly numberPorts: number;
    readonly clockQuality: ClockQuality;
    readonly priority1: number;
    readonly priority2: number;
    readonly domainNumber: number;
    readonly sdoId: number;
    readonly slaveOnly: boolean;
    readonly localPriority: number;
    readonly maxStepsRemoved: number;
    readonly externalPortConfigurationEnabled: boolean;
  };
  readonly currentDS: {
    readonly stepsRemoved: number;
    readonly offsetFromMasterNs: number;
    readonly meanDelayNs: number;
    readonly synchronizationUncertain: boolean;
  };
  readonly parentDS: {
    readonly parentPortIdentity: string;
    readonly grandmasterIdentity: string;
    readonly grandmasterClockQuality: ClockQuality;
    readonly grandmasterPriority1: number;
    readonly grandmasterPriority2: number;
    /** Whether that is our own clock. */
    readonly isOwn: boolean;
  };
  readonly timePropertiesDS: TimePropertiesDS;
  readonly pathTrace: readonly string[] | null;
  readonly servo: {
    readonly name: string;
    readonly state: string;
    readonly forSeconds: number;
    readonly why: string;
    readonly ratePpb: number;
    readonly offsetNs: number | null;
    readonly meanDelayNs: number | null;
    /** Pessimistic, but for the asymmetry of paths, which cannot be seen. */
    readonly errorBoundNs: number | null;
    /** What that may add at most. */
    readonly asymmetryUpToNs: number | null;
    /** What the bound holds under, in words. */
    readonly errorBoundAssumptions: readonly string[];
    readonly port: string | null;
    /** How well it has followed since it locked, by its own offsets; null where it has not. */
    readonly record: ServoRecordReport | null;
  };
  /** What the dataplane's clock was told last: PTP time = reference + (ticks - reference) × rate. */
  readonly reference: {
    readonly ticks: string;
    readonly ptpNs: string;
    readonly ratePpb: number;
  } | null;
  readonly ports: readonly BoundaryPortReport[];
  /** Those that are raised now. */
  readonly alarms: readonly {
    readonly code: string;
    readonly forSeconds: number;
    readonly why: string;
  }[];
  /** Whose time was heard, and how it agrees with the others'. */
  readonly sources: readonly {
    readonly grandmasterIdentity: string;
    readonly path: string;
    readonly offsetNs: number;
    readonly errorBoundNs: number;
    readonly forSeconds: number;
    readonly verdict: SourceStatus['verdict'];
  }[];
  /** Other clocks that follow. */
  readonly followers: readonly ClockDeviceStatus[];
  readonly counters: Readonly<Record<string, number>>;
  /** Readings of the dataplane's counter. */
  readonly readings: CounterReadings;
}

export interface BoundaryPortReport {
  readonly port: number;
  readonly name: string;
  readonly state: PortState;
  readonly forSeconds: number;
  /** In words. */
  readonly why: string;
  readonly transport: PtpTransport;
  readonly delayMechanism: DelayMechanism;
  readonly meanLinkDelayNs: number;
  readonly logAnnounceInterval: number;
  readonly logSyncInterval: number;
  readonly logMinDelayReqInterval: number;
  readonly logMinPdelayReqInterval: number;
  readonly announceReceiptTimeout: number;
  readonly masterOnly: boolean;
  readonly foreignMasters: readonly ForeignMasterReport[];
  readonly grants: { readonly given: number; readonly received: number };
  readonly counters: Readonly<Record<string, number>>;
}

export interface ForeignMasterReport {
  readonly portIdentity: string;
  readonly grandmasterIdentity: string;
  readonly qualified: boolean;
  readonly announces: number;
  readonly stepsRemoved: number;
  readonly priority1: number;
  readonly priority2: number;
  readonly clockClass: number;
  /** Whether it is our parent. */
  readonly isParent: boolean;
}

/** Since when, and why. */
export interface RaisedAlarm {
  readonly since: Instant;
  readonly why: string;
}

export interface BoundaryKnowledge {
  readonly settings: SwitchSettings;
  readonly status: InstanceStatus;
  readonly isBegun: boolean;
  readonly reference: ClockReference | null;
  readonly readings: CounterReadings;
  readonly alarms: ReadonlyMap<string, RaisedAlarm>;
  readonly followers: readonly ClockDeviceStatus[];
  readonly record: ServoRecordReport | null;
  readonly now: Instant;
}

const RATE_UNITS_PER_PPB = 2 ** 41 / 1e9;

export function boundaryReport(known: BoundaryKnowledge): BoundaryReport {
  const { settings, status, reference, now } = known;
  const { defaultDS, currentDS, parentDS, servo, pathTraceDS } = status;
  const { clockIdentity, instanceEnable: _enabled, ...others } = defaultDS;
  return {
    profile: settings.boundary?.profile ?? '',
    running: known.isBegun,
    defaultDS: { ...others, clockIdentity: clockIdentityText(clockIdentity) },
    currentDS: {
      stepsRemoved: currentDS.stepsRemoved,
      offsetFromMasterNs: scaledToNumber(currentDS.offsetFromMaster),
      meanDelayNs: scaledToNumber(currentDS.meanDelay),
      synchronizationUncertain: currentDS.synchronizationUncertain,
    },
    parentDS: {
      parentPortIdentity: portIdentityText(parentDS.parentPortIdentity),
      grandmasterIdentity: clockIdentityText(parentDS.grandmasterIdentity),
      grandmasterClockQuality: parentDS.grandmasterClockQuality,
      grandmasterPriority1: parentDS.grandmasterPriority1,
      grandmasterPriority2: parentDS.grandmasterPriority2,
      isOwn: parentDS.grandmasterIdentity === clockIdentity,
    },
    timePropertiesDS: status.timePropertiesDS,
    pathTrace: pathTraceDS.enable ? pathTraceDS.list.map(clockIdentityText) : null,
    servo: {
      name: servo.name,
      state: servo.state,
      forSeconds: secondsSince(servo.since, now),
      why: servo.why,
      ratePpb: ppbValue(servo.rate),
      offsetNs: servo.offsetNs,
      meanDelayNs: servo.meanDelayNs,
      errorBoundNs: servo.errorBoundNs,
      asymmetryUpToNs: servo.asymmetryUpToNs,
      errorBoundAssumptions: servo.errorBoundAssumptions,
      port: servo.port === null ? null : portIdentityText(servo.port),
      record: known.record,
    },
    reference:
      reference === null
        ? null
        : {
            ticks: String(reference.ticks),
            ptpNs: String(reference.ptpNs),
            ratePpb: Number(reference.rateOffset) / RATE_UNITS_PER_PPB,
          },
    ports: status.ports.map((port) => portReport(known, port)),
    alarms: [...known.alarms].map(([code, { since, why }]) => ({
      code,
      forSeconds: secondsSince(since, now),
      why,
    })),
    sources: (status.sources ?? []).map(({ grandmasterIdentity, at, ...source }) => ({
      grandmasterIdentity: clockIdentityText(grandmasterIdentity),
      ...source,
      forSeconds: secondsSince(at, now),
    })),
    followers: known.followers,
    counters: status.counters,
    readings: known.readings,
  };
}

function portReport(known: BoundaryKnowledge, status: PortStatus): BoundaryPortReport {
  const { portDS } = status;
  const number = portDS.portIdentity.portNumber;
  const port = known.settings.ports.find((other) => portValue(other.number) === number);
  return {
    port: number,
    name: port?.name ?? String(number),
    state: portDS.portState,
    forSeconds: secondsSince(status.since, known.now),
    why: status.why,
    transport: known.settings.boundary?.ports.get(number)?.transport ?? 'ethernet',
    delayMechanism: portDS.delayMechanism,
    meanLinkDelayNs: scaledToNumber(portDS.meanLinkDelay),
    logAnnounceInterval: logIntervalValue(portDS.logAnnounceInterval),
    logSyncInterval: logIntervalValue(portDS.logSyncInterval),
    logMinDelayReqInterval: logIntervalValue(portDS.logMinDelayReqInterval),
    logMinPdelayReqInterval: logIntervalValue(portDS.logMinPdelayReqInterval),
    announceReceiptTimeout: portDS.announceReceiptTimeout,
    masterOnly: portDS.masterOnly,
    foreignMasters: status.foreignMasters.map((master) => foreignMaster(known, master)),
    grants: status.grants,
    counters: status.counters,
  };
}

function foreignMaster(
  { status }: BoundaryKnowledge,
  master: PortStatus['foreignMasters'][number],
): ForeignMasterReport {
  const { clockIdentity, portNumber } = master.foreignMasterPortIdentity;
  const parent = status.parentDS.parentPortIdentity;
  return {
    portIdentity: portIdentityText(master.foreignMasterPortIdentity),
    grandmasterIdentity: clockIdentityText(master.grandmasterIdentity),
    qualified: master.qualified,
    announces: master.foreignMasterAnnounceMessages,
    stepsRemoved: master.stepsRemoved,
    priority1: master.priority1,
    priority2: master.priority2,
    clockClass: master.clockClass,
    isParent: parent.clockIdentity === clockIdentity && parent.portNumber === portNumber,
  };
}

function secondsSince(since: Instant, now: Instant): number {
  return Number(nsOf(elapsed(since, now))) / 1e9;
}
