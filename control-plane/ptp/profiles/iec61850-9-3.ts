/** Substations: IEC/IEEE 61850-9-3, the layer 2 profile of IEC 62439-3 for power utilities. */
import { OVER_ETHERNET } from './addresses.js';
import { exactly, IEEE1588_PEER_DELAY, PTP_TIMESCALE_CLASSES, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

export const IEC61850_9_3: Profile = {
  name: '61850-9-3',
  title: 'IEC/IEEE 61850-9-3',
  source: 'IEC/IEEE 61850-9-3:2016',
  profileIdentity: null,
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_ETHERNET],
  messaging: ['multicast'],
  tag: null,
  dscp: null,
  delayMechanisms: ['p2p'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: exactly(0),
    logSyncInterval: exactly(0),
    logMinDelayReqInterval: exactly(0),
    logMinPdelayReqInterval: exactly(0),
  },
  announceReceiptTimeout: { initial: 3, low: 2, high: 10 },
  syncReceiptTimeout: { initial: 0, low: 0, high: 255 },
  comparison: 'ieee1588',
  priority1: { initial: 128, low: 0, high: 255 },
  priority2: { initial: 128, low: 0, high: 255 },
  localPriority: exactly(128),
  maxStepsRemoved: { initial: 255, low: 1, high: 255 },
  clockQuality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff },
  clockClassLadder: WITHOUT_HOLDOVER,
  slaveOnlyClass: 255,
  grandmasterClasses: PTP_TIMESCALE_CLASSES,
  tlvs: { alternateTimeOffset: 'optional' },
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
