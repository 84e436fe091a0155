/** Configurations of instances for tests: the default profile, a second for each interval. */
import { logInterval, nanoseconds, scaledNs } from '#units/time';
import type { InstanceConfig, PortConfig } from '#ptp/instance/instance-types';

export function portConfig(number: number, change: Partial<PortConfig> = {}): PortConfig {
  return {
    number,
    delayMechanism: 'e2e',
    logAnnounceInterval: logInterval(0),
    announceReceiptTimeout: 3,
    logSyncInterval: logInterval(0),
    syncReceiptTimeout: 0,
    logMinDelayReqInterval: logInterval(0),
    logMinPdelayReqInterval: logInterval(0),
    step: 'two',
    masterOnly: false,
    portEnable: true,
    localPriority: 128,
    desiredState: null,
    ingressLatency: scaledNs(0n),
    egressLatency: scaledNs(0n),
    delayAsymmetry: scaledNs(0n),
    delayReq: 'multicast',
    unicastMasters: [],
    unicastQueryIntervalSeconds: 1,
    unicastGrants: null,
    acceptableMasters: null,
    requiresAsCapable: false,
    ...change,
  };
}

export interface ConfigChange extends Partial<Omit<InstanceConfig, 'defaultDS' | 'ports'>> {
  readonly defaultDS?: Partial<InstanceConfig['defaultDS']>;
  readonly ports?: readonly PortConfig[];
}

export function instanceConfig(clockIdentity: bigint, change: ConfigChange = {}): InstanceConfig {
  const { defaultDS, ...rest } = change;
  return {
    defaultDS: {
      clockIdentity,
      clockQuality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff },
      priority1: 128,
      priority2: 128,
      domainNumber: 0,
      sdoId: 0,
      slaveOnly: false,
      instanceEnable: true,
      externalPortConfigurationEnabled: false,
      maxStepsRemoved: 255,
      localPriority: 128,
      ...defaultDS,
    },
    timePropertiesDS: {
      currentUtcOffsetSeconds: 37,
      currentUtcOffsetValid: false,
      leap59: false,
      leap61: false,
      timeTraceable: false,
      frequencyTraceable: false,
      ptpTimescale: true,
      timeSource: 0xa0,
    },
    comparison: 'ieee1588',
    ports: [portConfig(1), portConfig(2)],
    pathTrace: false,
    maxForeignMasters: 8,
    clockClassLadder: {
      freeRun: 248,
      holdoverInSpecification: 248,
      holdoverOutOfSpecification: 248,
      holdoverSeconds: 0,
    },
    discipline: {
      servo: 'pi',
      firstStepThresholdNs: 20_000,
      stepThresholdNs: 0,
      maxFrequencyPpb: 900_000,
      delayFilter: 'moving-median',
      delayFilterLength: 10,
      timestampResolution: nanoseconds(1n),
      lockThresholdNs: 1_000,
    },
    sanity: { jumpLimitNs: 1_000_000, policy: 'follow', quarantineSeconds: 60 },
    ...rest,
  };
}
