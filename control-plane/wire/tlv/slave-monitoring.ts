/** Slave event monitoring, IEEE 1588-2019 16.11: what a slave port saw and made of it, for a monitor. */
import {
  flags,
  followedBy,
  int32,
  portIdentity,
  timeInterval,
  timestamp,
  uint16,
  uint8,
} from '../fields.js';
import { listTlv, type DecodedBy } from './codec.js';
import { TLV_TYPE } from './tlv-type.js';

const slaveRxSyncTimingData = listTlv(
  'slaveRxSyncTimingData',
  /** Who sent the Syncs. */
  { syncSourcePortIdentity: portIdentity },
  {
    sequenceId: uint16,
    syncOriginTimestamp: timestamp,
    totalCorrectionField: timeInterval,
    /** (rateRatio - 1) × 2^41. */
    scaledCumulativeRateOffset: int32,
    syncEventIngressTimestamp: timestamp,
  },
);

const slaveRxSyncComputedData = listTlv(
  'slaveRxSyncComputedData',
  {
    /** Who sent the Syncs. */
    sourcePortIdentity: portIdentity,
    valid: followedBy(
      flags({ scaledNeighborRateRatio: 0, meanPathDelay: 1, offsetFromMaster: 2 }),
      1,
    ),
  },
  {
    sequenceId: uint16,
    offsetFromMaster: timeInterval,
    meanPathDelay: timeInterval,
    /** (neighborRateRatio - 1) × 2^41. */
    scaledNeighborRateRatio: int32,
  },
);

const slaveTxEventTimestamps = listTlv(
  'slaveTxEventTimestamps',
  {
    /** Who sent the event messages: the slave port. */
    sourcePortIdentity: portIdentity,
    /** Table 36, in the lower half of its octet. */
    eventMessageType: followedBy(uint8, 1),
  },
  { sequenceId: uint16, eventEgressTimestamp: timestamp },
);

export type SlaveRxSyncTimingDataTlv = DecodedBy<typeof slaveRxSyncTimingData>;
export type SlaveRxSyncComputedDataTlv = DecodedBy<typeof slaveRxSyncComputedData>;
export type SlaveTxEventTimestampsTlv = DecodedBy<typeof slaveTxEventTimestamps>;
export type SlaveMonitoringTlv =
  SlaveRxSyncTimingDataTlv | SlaveRxSyncComputedDataTlv | SlaveTxEventTimestampsTlv;

export const SLAVE_MONITORING_TLVS = {
  slaveRxSyncTimingData: { type: TLV_TYPE.slaveRxSyncTimingData, codec: slaveRxSyncTimingData },
  slaveRxSyncComputedData: {
    type: TLV_TYPE.slaveRxSyncComputedData,
    codec: slaveRxSyncComputedData,
  },
  slaveTxEventTimestamps: { type: TLV_TYPE.slaveTxEventTimestamps, codec: slaveTxEventTimestamps },
} as const;
