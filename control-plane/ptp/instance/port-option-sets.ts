/** The data sets of a port's options, as its configuration and state make them. */
import { logInterval, scaledUnits } from '#units/time';
import type { PortState, SlaveMonitoringPortDS } from '../data-sets.js';
import type { SlaveMonitoringConfig } from '../slave-monitoring.js';
import { MAX_UNICAST_MASTERS } from '../unicast/requester.js';
import type { PortConfig, PortOptionSets } from './instance-types.js';

const EVERY_SECOND = logInterval(0);

export function portOptionSets(
  config: PortConfig,
  desiredState: PortState,
  monitoring: SlaveMonitoringConfig | null,
): PortOptionSets {
  const { unicastMasters, unicastGrants, acceptableMasters, alternateMaster } = config;
  const negotiates = unicastMasters.length > 0 || unicastGrants !== null;
  const alternate = alternateMaster ?? null;
  const multicastCapable = config.multicast ?? unicastMasters.length === 0;
  return {
    externalPortConfigurationPortDS: { desiredState },
    unicastNegotiationPortDS: { enable: negotiates },
    unicastDiscoveryPortDS: {
      maxTableSize: MAX_UNICAST_MASTERS,
      queryIntervalSeconds: config.unicastQueryIntervalSeconds,
      actualTableSize: Math.min(unicastMasters.length, MAX_UNICAST_MASTERS),
    },
    acceptableMasterTableDS: {
      actualTableSize: acceptableMasters?.length ?? 0,
      list: acceptableMasters ?? [],
    },
    acceptableMasterPortDS: { enable: acceptableMasters !== null },
    alternateMasterPortDS: {
      numberOfAlternateMasters: alternate === null ? 0 : 1,
      transmitAlternateMulticastSync: alternate?.transmitAlternateMulticastSync ?? false,
      logAlternateMulticastSyncInterval:
        alternate?.logAlternateMulticastSyncInterval ?? EVERY_SECOND,
    },
    slaveMonitoringPortDS: monitoringSet(monitoring),
    communicationCapabilitiesPortDS: {
      multicastCapable,
      unicastCapable: true,
      unicastNegotiationCapable: negotiates,
      unicastNegotiationRequired: negotiates && !multicastCapable,
    },
    timestampCorrectionPortDS: {
      egressLatency: config.egressLatency,
      ingressLatency: config.ingressLatency,
    },
    asymmetryCorrectionPortDS: {
      constantAsymmetry: config.delayAsymmetry,
      enable: scaledUnits(config.delayAsymmetry) !== 0n,
    },
  };
}

function monitoringSet(config: SlaveMonitoringConfig | null): SlaveMonitoringPortDS {
  const { rxSyncTiming, rxSyncComputed, txEvents } = config ?? NO_MONITORING;
  return {
    slaveRxSyncTimingDataEnabled: rxSyncTiming.enable,
    slaveRxSyncComputedDataEnabled: rxSyncComputed.enable,
    slaveTxEventTimestampsEnabled: txEvents.enable,
    eventsPerRxSyncTimingDataTlv: rxSyncTiming.eventsPerTlv,
    eventsPerRxSyncComputedDataTlv: rxSyncComputed.eventsPerTlv,
    eventsPerTxEventTimestampsTlv: txEvents.eventsPerTlv,
  };
}

const NO_RULE = { enable: false, eventsPerTlv: 1, everyNth: 1 } as const;
const NO_MONITORING: SlaveMonitoringConfig = {
  rxSyncTiming: NO_RULE,
  rxSyncComputed: NO_RULE,
  txEvents: NO_RULE,
};
