/** What an ordinary or boundary clock answers to each managementId: IEEE 1588-2019 15.5.3. */
import { instant, logIntervalValue, scaledNs, wholeNs, nsOf } from '#units/time';
import * as data from '#wire/management-data';
import * as more from '#wire/management-instance-data';
import { MANAGEMENT_ID } from '#wire/management-tlv';
import { FLAG } from '#wire/ptp-header';
import type { PortDS } from './data-sets.js';
import type { InstanceStatus, PortStatus } from './instance/instance-types.js';
import {
  enable,
  grandmasterSettingsChange,
  intervalChange,
  neighborThresholdChange,
  octetChange,
  pdelayIntervalChange,
  receiptTimeoutChange,
  subscription,
  timeFlags,
  timescalePropertiesChange,
  traceabilityPropertiesChange,
  truthChange,
  userDescriptionChange,
  utcPropertiesChange,
} from './management-changes.js';
import type { ManagedClock, ManagedSet, PortSet, SetResult } from './management-types.js';
import {
  clockDescriptionOf,
  type TransparentClock,
  type TransparentClockPort,
} from './transparent-clock.js';

/** An instance at one moment. */
export interface ManagedInstance {
  readonly status: InstanceStatus;
  /** What the ports are beside PTP: names, addresses, counts. */
  readonly facts: TransparentClock;
  /** PTP time of the last Sync that was used; null: there was none. */
  readonly lastSyncTimeNs: bigint | null;
}

const PTP_VERSION = 2;
const BOUNDARY_PORTS = 2;
/** An instance as management.ts asks it. */
export function managedBoundaryClock(managed: ManagedInstance): ManagedClock {
  const { defaultDS, ports } = managed.status;
  return {
    what: ports.length < BOUNDARY_PORTS ? 'an ordinary clock' : 'a boundary clock',
    clockIdentity: defaultDS.clockIdentity,
    domainNumber: defaultDS.domainNumber,
    sdoId: defaultDS.sdoId,
    portNumbers: ports.map(({ portDS }) => portDS.portIdentity.portNumber).sort((a, b) => a - b),
    set: (managementId) => BOUNDARY_SETS.get(managementId)?.(managed),
  };
}

type SetOf = (managed: ManagedInstance) => ManagedSet;

function clockSet(
  get: (managed: ManagedInstance) => Uint8Array,
  set?: (octets: Uint8Array) => SetResult,
): SetOf {
  return (managed) => ({ scope: 'clock', get: () => get(managed), ...(set && { set }) });
}

interface ManagedPort {
  readonly portDS: PortDS;
  readonly facts: TransparentClockPort;
  readonly managed: ManagedInstance;
}

function portSet(
  get: (port: ManagedPort) => Uint8Array,
  rest: Omit<PortSet, 'scope' | 'get'> = {},
): SetOf {
  return (managed) => ({
    scope: 'port',
    ...rest,
    get: (portNumber) => get(managedPort(managed, portNumber)),
  });
}

function managedPort(managed: ManagedInstance, portNumber: number): ManagedPort {
  const port = managed.status.ports.find(
    (one: PortStatus) => one.portDS.portIdentity.portNumber === portNumber,
  );
  const facts = managed.facts.ports.find((one) => one.portNumber === portNumber);
  if (port === undefined || facts === undefined) {
    throw new Error(`port ${portNumber} is not of portNumbers`);
  }
  return { portDS: port.portDS, facts, managed };
}

const unsigned = (value: number): Uint8Array => data.oneUnsigned.encode({ value });
const truth = (value: boolean): Uint8Array => unsigned(Number(value));

const CLOCK_SETS: readonly (readonly [number, SetOf])[] = [
  [
    MANAGEMENT_ID.userDescription,
    clockSet(
      ({ facts }) => data.userDescription.encode(facts.userDescription),
      userDescriptionChange,
    ),
  ],
  [MANAGEMENT_ID.defaultDataSet, clockSet(defaultDataSet)],
  [
    MANAGEMENT_ID.currentDataSet,
    clockSet(({ status }) => data.currentDataSet.encode(status.currentDS)),
  ],
  [MANAGEMENT_ID.parentDataSet, clockSet(parentDataSet)],
  [MANAGEMENT_ID.timePropertiesDataSet, clockSet(timePropertiesDataSet)],
  [
    MANAGEMENT_ID.priority1,
    clockSet(({ status }) => unsigned(status.defaultDS.priority1), octetChange('priority1')),
  ],
  [
    MANAGEMENT_ID.priority2,
    clockSet(({ status }) => unsigned(status.defaultDS.priority2), octetChange('priority2')),
  ],
  [MANAGEMENT_ID.domain, clockSet(({ status }) => unsigned(status.defaultDS.domainNumber))],
  [
    MANAGEMENT_ID.slaveOnly,
    clockSet(({ status }) => truth(status.defaultDS.slaveOnly), truthChange('slaveOnly')),
  ],
  [MANAGEMENT_ID.time, clockSet(({ status }) => more.time.encode(status.ptpTime ?? instant(0n)))],
  [
    MANAGEMENT_ID.clockAccuracy,
    clockSet(
      ({ status }) => unsigned(status.defaultDS.clockQuality.clockAccuracy),
      octetChange('clockAccuracy'),
    ),
  ],
  [MANAGEMENT_ID.utcProperties, clockSet(utcProperties, utcPropertiesChange())],
  [
    MANAGEMENT_ID.traceabilityProperties,
    clockSet(traceabilityProperties, traceabilityPropertiesChange()),
  ],
  [MANAGEMENT_ID.timescaleProperties, clockSet(timescaleProperties, timescalePropertiesChange())],
  [
    MANAGEMENT_ID.pathTraceList,
    clockSet(({ status }) => more.pathTraceList.encode(status.pathTraceDS.list)),
  ],
  [
    MANAGEMENT_ID.pathTraceEnable,
    clockSet(({ status }) => truth(status.pathTraceDS.enable), truthChange('pathTrace')),
  ],
  [MANAGEMENT_ID.timeStatusNp, clockSet(timeStatusNp)],
  [MANAGEMENT_ID.grandmasterSettingsNp, clockSet(grandmasterSettings, grandmasterSettingsChange())],
  [
    MANAGEMENT_ID.synchronizationUncertainNp,
    clockSet(({ status }) => truth(status.currentDS.synchronizationUncertain)),
  ],
  [
    MANAGEMENT_ID.subscribeEventsNp,
    (): ManagedSet => ({
      scope: 'clock',
      localOnly: true,
      get: () => more.subscribeEventsNp.encode({ durationSeconds: 0, events: new Uint8Array(64) }),
      set: subscription,
    }),
  ],
];

const PORT_SETS: readonly (readonly [number, SetOf])[] = [
  // 15.5.3.1.1: answered and nothing else.
  [MANAGEMENT_ID.nullManagement, portSet(() => new Uint8Array(0))],
  [MANAGEMENT_ID.clockDescription, portSet(clockDescription)],
  [MANAGEMENT_ID.portDataSet, portSet(({ portDS }) => encodePortDS(portDS))],
  [
    MANAGEMENT_ID.logAnnounceInterval,
    portSet(
      ({ portDS }) =>
        data.oneInterval.encode({ value: logIntervalValue(portDS.logAnnounceInterval) }),
      { set: intervalChange('logAnnounceInterval') },
    ),
  ],
  [
    MANAGEMENT_ID.announceReceiptTimeout,
    portSet(({ portDS }) => unsigned(portDS.announceReceiptTimeout), { set: receiptTimeoutChange }),
  ],
  [
    MANAGEMENT_ID.logSyncInterval,
    portSet(
      ({ portDS }) => data.oneInterval.encode({ value: logIntervalValue(portDS.logSyncInterval) }),
      { set: intervalChange('logSyncInterval') },
    ),
  ],
  [MANAGEMENT_ID.versionNumber, portSet(() => unsigned(PTP_VERSION))],
  [MANAGEMENT_ID.enablePort, portSet(() => new Uint8Array(0), enable(true))],
  [MANAGEMENT_ID.disablePort, portSet(() => new Uint8Array(0), enable(false))],
  [
    MANAGEMENT_ID.delayMechanism,
    portSet(({ portDS }) => unsigned(wireMechanism(portDS.delayMechanism))),
  ],
  [
    MANAGEMENT_ID.logMinPdelayReqInterval,
    portSet(
      ({ portDS }) =>
        data.oneInterval.encode({ value: logIntervalValue(portDS.logMinPdelayReqInterval) }),
      { set: pdelayIntervalChange },
    ),
  ],
  [
    MANAGEMENT_ID.portDataSetNp,
    portSet(
      ({ facts }) =>
        data.portDataSetNp.encode({
          neighborPropDelayThresh: facts.neighborPropDelayThresholdNs,
          asCapable: Number(facts.peerDelay?.asCapable ?? true),
        }),
      { set: neighborThresholdChange },
    ),
  ],
  [
    MANAGEMENT_ID.portStatsNp,
    portSet(({ portDS, facts }) =>
      data.portStatsNp.encode({
        portIdentity: portDS.portIdentity,
        received: facts.received,
        sent: facts.sent,
      }),
    ),
  ],
  [
    MANAGEMENT_ID.portPropertiesNp,
    portSet(
      ({ portDS, facts }) =>
        data.portPropertiesNp.encode({
          portIdentity: portDS.portIdentity,
          portState: data.PORT_STATE[portDS.portState],
          timestamping: data.TIMESTAMPING[facts.timestamping],
          interfaceName: facts.interfaceName,
        }),
      { localOnly: true },
    ),
  ],
];

const BOUNDARY_SETS: ReadonlyMap<number, SetOf> = new Map([...CLOCK_SETS, ...PORT_SETS]);

/** For property tests. */
export const BOUNDARY_SET_IDS: readonly number[] = [...BOUNDARY_SETS.keys()];

function wireMechanism(mechanism: PortDS['delayMechanism']): number {
  const { e2e, p2p, noMechanism } = data.DELAY_MECHANISM;
  return { e2e, p2p, none: noMechanism }[mechanism];
}

function encodePortDS(portDS: PortDS): Uint8Array {
  return data.portDataSet.encode({
    portIdentity: portDS.portIdentity,
    portState: data.PORT_STATE[portDS.portState],
    logMinDelayReqInterval: logIntervalValue(portDS.logMinDelayReqInterval),
    // 8.2.15.3.3: zero on an E2E port.
    meanLinkDelay: portDS.delayMechanism === 'p2p' ? portDS.meanLinkDelay : scaledNs(0n),
    logAnnounceInterval: logIntervalValue(portDS.logAnnounceInterval),
    announceReceiptTimeout: portDS.announceReceiptTimeout,
    logSyncInterval: logIntervalValue(portDS.logSyncInterval),
    delayMechanism: wireMechanism(portDS.delayMechanism),
    logMinPdelayReqInterval: logIntervalValue(portDS.logMinPdelayReqInterval),
    versionNumber: PTP_VERSION | (portDS.minorVersionNumber << 4),
  });
}

function defaultDataSet({ status, facts }: ManagedInstance): Uint8Array {
  const { defaultDS } = status;
  const twoStep = Number(facts.ports.some(({ isTwoStep }) => isTwoStep));
  return data.defaultDataSet.encode({
    flags: twoStep | (Number(defaultDS.slaveOnly) << 1),
    numberPorts: defaultDS.numberPorts,
    priority1: defaultDS.priority1,
    ...defaultDS.clockQuality,
    priority2: defaultDS.priority2,
    clockIdentity: defaultDS.clockIdentity,
    domainNumber: defaultDS.domainNumber,
  });
}

function parentDataSet({ status }: ManagedInstance): Uint8Array {
  const { parentDS } = status;
  return data.parentDataSet.encode({
    parentPortIdentity: parentDS.parentPortIdentity,
    flags: Number(parentDS.parentStats),
    observedParentOffsetScaledLogVariance: parentDS.observedParentOffsetScaledLogVariance,
    observedParentClockPhaseChangeRate: parentDS.observedParentClockPhaseChangeRate,
    grandmasterPriority1: parentDS.grandmasterPriority1,
    ...parentDS.grandmasterClockQuality,
    grandmasterPriority2: parentDS.grandmasterPriority2,
    grandmasterIdentity: parentDS.grandmasterIdentity,
  });
}

function timePropertiesDataSet({ status }: ManagedInstance): Uint8Array {
  const time = status.timePropertiesDS;
  return data.timePropertiesDataSet.encode({
    currentUtcOffset: time.currentUtcOffsetSeconds,
    flags: timeFlags(time),
    timeSource: time.timeSource,
  });
}

const UTC_FLAGS = FLAG.leap61 | FLAG.leap59 | FLAG.currentUtcOffsetValid;
const TRACEABILITY_FLAGS = FLAG.timeTraceable | FLAG.frequencyTraceable;

function utcProperties({ status }: ManagedInstance): Uint8Array {
  const time = status.timePropertiesDS;
  const flags = timeFlags(time) & UTC_FLAGS;
  return more.utcProperties.encode({ currentUtcOffset: time.currentUtcOffsetSeconds, flags });
}

function traceabilityProperties({ status }: ManagedInstance): Uint8Array {
  const flags = timeFlags(status.timePropertiesDS) & TRACEABILITY_FLAGS;
  return more.traceabilityProperties.encode({ flags });
}

function timescaleProperties({ status }: ManagedInstance): Uint8Array {
  const time = status.timePropertiesDS;
  const flags = timeFlags(time) & FLAG.ptpTimescale;
  return more.timescaleProperties.encode({ flags, timeSource: time.timeSource });
}

function timeStatusNp({ status, lastSyncTimeNs }: ManagedInstance): Uint8Array {
  const { defaultDS, parentDS, currentDS } = status;
  const isOurs = parentDS.grandmasterIdentity === defaultDS.clockIdentity;
  return more.timeStatusNp.encode({
    masterOffsetNs: nsOf(wholeNs(currentDS.offsetFromMaster)),
    ingressTimeNs: lastSyncTimeNs ?? 0n,
    cumulativeScaledRateOffset: 0,
    scaledLastGmPhaseChange: 0,
    gmTimeBaseIndicator: 0,
    lastGmPhaseChange: new Uint8Array(12),
    gmPresent: Number(!isOurs),
    gmIdentity: parentDS.grandmasterIdentity,
  });
}

/** Of what we would announce as grandmaster: defaultDS, and the time properties of now. */
function grandmasterSettings({ status }: ManagedInstance): Uint8Array {
  const time = status.timePropertiesDS;
  return more.grandmasterSettingsNp.encode({
    ...status.defaultDS.clockQuality,
    currentUtcOffset: time.currentUtcOffsetSeconds,
    flags: timeFlags(time),
    timeSource: time.timeSource,
  });
}

function clockDescription({ facts, managed, portDS }: ManagedPort): Uint8Array {
  const isBoundary = managed.status.ports.length >= BOUNDARY_PORTS;
  const mechanism = portDS.delayMechanism === 'p2p' ? 'p2p' : 'e2e';
  return data.clockDescription.encode({
    ...clockDescriptionOf(managed.facts, { ...facts, mechanism }),
    clockType: isBoundary ? data.CLOCK_TYPE.boundary : data.CLOCK_TYPE.ordinary,
  });
}
