/**
 * What a state decision makes of the data sets: IEEE 1588-2019 9.3.5, tables 30 to 33, and 17.6.5.4
 * for external port configuration. Pure.
 */
import { scaledNs } from '#units/time';
import { FLAG, isSamePort } from '#wire/ptp-header';
import type { Announce } from '#wire/ptp-message';
import type { CurrentDS, ParentDS, PortState, TimePropertiesDS } from '../data-sets.js';
import type { DecidingClock, InstanceDecision } from './state-decision.js';

/**
 * The data sets that a decision changes. `synchronizationUncertain` is what the parent says here;
 * whether we are uncertain ourselves comes from the servo and is added by the instance.
 */
export interface InstanceDataSets {
  readonly currentDS: CurrentDS;
  readonly parentDS: ParentDS;
  readonly timePropertiesDS: TimePropertiesDS;
}

/** 8.2.3.4, 8.2.3.5: nothing is computed. */
const NO_VARIANCE = 0xffff;
const NO_PHASE_CHANGE_RATE = 0x7fff_ffff;

/** Table 30, M1 and M2: we are the grandmaster, and tell our own time properties. */
export function dataSetsOfGrandmaster(
  defaultDS: DecidingClock,
  ownTimeProperties: TimePropertiesDS,
): InstanceDataSets {
  return {
    currentDS: {
      stepsRemoved: 0,
      offsetFromMaster: scaledNs(0n),
      meanDelay: scaledNs(0n),
      synchronizationUncertain: false,
    },
    parentDS: {
      parentStats: false,
      observedParentOffsetScaledLogVariance: NO_VARIANCE,
      observedParentClockPhaseChangeRate: NO_PHASE_CHANGE_RATE,
      parentPortIdentity: { clockIdentity: defaultDS.clockIdentity, portNumber: 0 },
      grandmasterIdentity: defaultDS.clockIdentity,
      grandmasterClockQuality: defaultDS.clockQuality,
      grandmasterPriority1: defaultDS.priority1,
      grandmasterPriority2: defaultDS.priority2,
    },
    timePropertiesDS: ownTimeProperties,
  };
}

/**
 * Table 33, S1; also for each further Announce of the parent (9.5.3). offsetFromMaster and meanDelay
 * are the servo's: kept while the parent is the same, 0 with another. What tells nothing new stays the
 * same value.
 */
export function dataSetsOfSlave(previous: InstanceDataSets, announce: Announce): InstanceDataSets {
  const parentPortIdentity = announce.header.sourcePortIdentity;
  const isSame = isSamePort(previous.parentDS.parentPortIdentity, parentPortIdentity);
  if (isSame && isTold(previous, announce)) return previous;
  return {
    currentDS: {
      stepsRemoved: announce.stepsRemoved + 1,
      offsetFromMaster: isSame ? previous.currentDS.offsetFromMaster : scaledNs(0n),
      meanDelay: isSame ? previous.currentDS.meanDelay : scaledNs(0n),
      synchronizationUncertain: hasFlag(announce, FLAG.synchronizationUncertain),
    },
    parentDS: {
      parentStats: false,
      observedParentOffsetScaledLogVariance: NO_VARIANCE,
      observedParentClockPhaseChangeRate: NO_PHASE_CHANGE_RATE,
      parentPortIdentity,
      grandmasterIdentity: announce.grandmasterIdentity,
      grandmasterClockQuality: {
        clockClass: announce.grandmasterClockClass,
        clockAccuracy: announce.grandmasterClockAccuracy,
        offsetScaledLogVariance: announce.grandmasterOffsetScaledLogVariance,
      },
      grandmasterPriority1: announce.grandmasterPriority1,
      grandmasterPriority2: announce.grandmasterPriority2,
    },
    timePropertiesDS: timePropertiesOf(announce),
  };
}

/** Whether an Announce of the same parent tells what the data sets have already. */
function isTold({ currentDS, parentDS, timePropertiesDS: time }: InstanceDataSets, a: Announce) {
  const quality = parentDS.grandmasterClockQuality;
  return (
    parentDS.grandmasterIdentity === a.grandmasterIdentity &&
    parentDS.grandmasterPriority1 === a.grandmasterPriority1 &&
    parentDS.grandmasterPriority2 === a.grandmasterPriority2 &&
    quality.clockClass === a.grandmasterClockClass &&
    quality.clockAccuracy === a.grandmasterClockAccuracy &&
    quality.offsetScaledLogVariance === a.grandmasterOffsetScaledLogVariance &&
    currentDS.stepsRemoved === a.stepsRemoved + 1 &&
    time.currentUtcOffsetSeconds === a.currentUtcOffsetSeconds &&
    time.timeSource === a.timeSource &&
    currentDS.synchronizationUncertain === hasFlag(a, FLAG.synchronizationUncertain) &&
    time.currentUtcOffsetValid === hasFlag(a, FLAG.currentUtcOffsetValid) &&
    time.leap59 === hasFlag(a, FLAG.leap59) &&
    time.leap61 === hasFlag(a, FLAG.leap61) &&
    time.timeTraceable === hasFlag(a, FLAG.timeTraceable) &&
    time.frequencyTraceable === hasFlag(a, FLAG.frequencyTraceable) &&
    time.ptpTimescale === hasFlag(a, FLAG.ptpTimescale)
  );
}

function hasFlag({ header }: Announce, flag: number): boolean {
  return (header.flags & flag) !== 0;
}

/** timePropertiesDS as an Announce tells it: 13.5.2, table 37. */
export function timePropertiesOf(announce: Announce): TimePropertiesDS {
  const has = (flag: number): boolean => hasFlag(announce, flag);
  return {
    currentUtcOffsetSeconds: announce.currentUtcOffsetSeconds,
    currentUtcOffsetValid: has(FLAG.currentUtcOffsetValid),
    leap59: has(FLAG.leap59),
    leap61: has(FLAG.leap61),
    timeTraceable: has(FLAG.timeTraceable),
    frequencyTraceable: has(FLAG.frequencyTraceable),
    ptpTimescale: has(FLAG.ptpTimescale),
    timeSource: announce.timeSource,
  };
}

/**
 * Tables 30 to 33 for a whole decision: S1 on a port gives table 33; M1 or M2 with no S1 table 30;
 * M3, P1, P2 and ports that stay change nothing.
 */
export function updateDataSets(
  previous: InstanceDataSets,
  decision: InstanceDecision,
  defaultDS: DecidingClock,
  ownTimeProperties: TimePropertiesDS,
): InstanceDataSets {
  const codes = new Set([...decision.decisions.values()].map(({ recommended }) => recommended));
  if (codes.has('S1') && decision.ebest !== null) {
    return dataSetsOfSlave(previous, decision.ebest.announce);
  }
  if (!codes.has('M1') && !codes.has('M2')) return previous;
  return dataSetsOfGrandmaster(defaultDS, ownTimeProperties);
}

/**
 * 17.6.5.4: the data sets under external port configuration. A port that is SLAVE or UNCALIBRATED
 * takes them from what it heard last (`announce`, null: nothing yet, nothing changes); without such a
 * port, and with one that is MASTER, PRE_MASTER or PASSIVE, we are the grandmaster.
 */
export function updateDataSetsExternally(
  previous: InstanceDataSets,
  portStates: readonly PortState[],
  announce: Announce | null,
  defaultDS: DecidingClock,
  ownTimeProperties: TimePropertiesDS,
): InstanceDataSets {
  const has = (...states: readonly PortState[]): boolean =>
    portStates.some((state) => states.includes(state));
  if (has('slave', 'uncalibrated')) {
    return announce === null ? previous : dataSetsOfSlave(previous, announce);
  }
  if (!has('master', 'preMaster', 'passive')) return previous;
  return dataSetsOfGrandmaster(defaultDS, ownTimeProperties);
}
