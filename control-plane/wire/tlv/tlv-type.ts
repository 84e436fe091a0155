/** Table 52: tlvType by name. */
export const TLV_TYPE = {
  management: 0x0001,
  managementErrorStatus: 0x0002,
  organizationExtension: 0x0003,
  requestUnicastTransmission: 0x0004,
  grantUnicastTransmission: 0x0005,
  cancelUnicastTransmission: 0x0006,
  acknowledgeCancelUnicastTransmission: 0x0007,
  pathTrace: 0x0008,
  alternateTimeOffsetIndicator: 0x0009,
  organizationExtensionPropagate: 0x4000,
  enhancedAccuracyMetrics: 0x4001,
  organizationExtensionDoNotPropagate: 0x8000,
  l1Sync: 0x8001,
  portCommunicationAvailability: 0x8002,
  protocolAddress: 0x8003,
  slaveRxSyncTimingData: 0x8004,
  slaveRxSyncComputedData: 0x8005,
  slaveTxEventTimestamps: 0x8006,
  cumulativeRateRatio: 0x8007,
  pad: 0x8008,
  authentication: 0x8009,
} as const;

/**
 * 14.2.2.2: whether a boundary clock passes the TLV of an Announce on, known to it or not. PATH_TRACE
 * is not: who has that option appends to it, see path-trace.ts.
 */
export function isPropagated(type: number): boolean {
  return type === TLV_TYPE.alternateTimeOffsetIndicator || (type >= 0x4000 && type <= 0x7fff);
}

export type TlvErrorCode = 'tlv-too-short' | 'tlv-bad-value';
