/** A boundary clock with three ports, a slave of somebody, as management sees it. */
import type { InstanceStatus, PortStatus } from '#ptp/instance/instance-types';
import type { PortState } from '#ptp/data-sets';
import type { ManagedInstance } from '#ptp/management-boundary-sets';
import { instant, logInterval, ppb, scaledFromNumber, scaledNs } from '#units/time';
import { clock, CLOCK, port } from './management-conversation.js';

export const GRANDMASTER = 0x0200_00ff_fe00_0099n;

function portStatus(number: number, portState: PortState): PortStatus {
  return {
    portDS: {
      portIdentity: { clockIdentity: CLOCK, portNumber: number },
      portState,
      logMinDelayReqInterval: logInterval(-3),
      meanLinkDelay: scaledFromNumber(1_234),
      logAnnounceInterval: logInterval(1),
      announceReceiptTimeout: 3,
      logSyncInterval: logInterval(-4),
      delayMechanism: number === 2 ? 'p2p' : 'e2e',
      logMinPdelayReqInterval: logInterval(0),
      versionNumber: 2,
      minorVersionNumber: 1,
      delayAsymmetry: scaledNs(0n),
      portEnable: true,
      masterOnly: false,
      localPriority: 128,
      notSlave: false,
    },
    since: instant(0n),
    why: '',
    foreignMasters: [],
    grants: { given: 0, received: 0 },
    counters: {},
  };
}

const DEFAULT_QUALITY = { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff };

export function instanceStatus(change: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    defaultDS: {
      clockIdentity: CLOCK,
      numberPorts: 3,
      clockQuality: DEFAULT_QUALITY,
      priority1: 127,
      priority2: 126,
      domainNumber: 0,
      sdoId: 0,
      slaveOnly: false,
      instanceEnable: true,
      externalPortConfigurationEnabled: false,
      maxStepsRemoved: 255,
      localPriority: 128,
    },
    currentDS: {
      stepsRemoved: 2,
      offsetFromMaster: scaledFromNumber(-12.5),
      meanDelay: scaledFromNumber(345.25),
      synchronizationUncertain: false,
    },
    parentDS: {
      parentPortIdentity: { clockIdentity: GRANDMASTER + 1n, portNumber: 4 },
      parentStats: false,
      observedParentOffsetScaledLogVariance: 0xffff,
      observedParentClockPhaseChangeRate: 0x7fff_ffff,
      grandmasterIdentity: GRANDMASTER,
      grandmasterClockQuality: {
        clockClass: 6,
        clockAccuracy: 0x21,
        offsetScaledLogVariance: 0x4e5d,
      },
      grandmasterPriority1: 1,
      grandmasterPriority2: 2,
    },
    timePropertiesDS: {
      currentUtcOffsetSeconds: 37,
      currentUtcOffsetValid: true,
      leap59: false,
      leap61: true,
      timeTraceable: true,
      frequencyTraceable: false,
      ptpTimescale: true,
      timeSource: 0x20,
    },
    pathTraceDS: { enable: true, list: [GRANDMASTER, GRANDMASTER + 1n] },
    ports: [portStatus(1, 'slave'), portStatus(2, 'master'), portStatus(3, 'passive')],
    servo: {
      name: 'pi',
      state: 'LOCKED',
      since: instant(0n),
      why: '',
      rate: ppb(0),
      offsetNs: null,
      meanDelayNs: null,
      errorBoundNs: null,
      asymmetryUpToNs: null,
      errorBoundAssumptions: [],
      port: null,
    },
    ptpTime: instant(1_800_000_000_500_000_000n),
    counters: {},
    ...change,
  };
}

export function managedInstance(change: Partial<ManagedInstance> = {}): ManagedInstance {
  return {
    status: instanceStatus(),
    facts: clock({ ports: [port(1), port(2, { isTwoStep: true }), port(3)] }),
    lastSyncTimeNs: 1_800_000_000_000_000_001n,
    ...change,
  };
}
