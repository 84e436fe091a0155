/** The default profile with the delay request-response mechanism: IEEE 1588-2019 I.3. */
import { OVER_ETHERNET_EITHER, OVER_UDP4, OVER_UDP6 } from './addresses.js';
import { exactly, IEEE1588_CLASSES, IEEE1588_PEER_DELAY, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

export const DEFAULT_E2E: Profile = {
  name: 'default-e2e',
  title: 'Default delay request-response profile',
  source: 'IEEE 1588-2019 I.3',
  profileIdentity: '00-1B-19-00-01-00',
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_ETHERNET_EITHER, OVER_UDP4, OVER_UDP6],
  messaging: ['multicast', 'hybrid', 'unicast'],
  tag: null,
  dscp: null,
  delayMechanisms: ['e2e', 'none'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: { initial: 1, low: 0, high: 4 },
    logSyncInterval: { initial: 0, low: -1, high: 1 },
    logMinDelayReqInterval: { initial: 0, low: 0, high: 5 },
    logMinPdelayReqInterval: { initial: 0, low: 0, high: 5 },
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
  grandmasterClasses: IEEE1588_CLASSES,
  tlvs: { pathTrace: 'optional', alternateTimeOffset: 'optional', unicastNegotiation: 'optional' },
  unicast: { durationSeconds: { initial: 300, low: 10, high: 1000 }, queryIntervalSeconds: 1 },
  peerDelay: IEEE1588_PEER_DELAY,
};
