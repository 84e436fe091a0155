/** Enterprise networks: RFC 9760. Masters speak to all, slaves to their master alone. */
import { OVER_UDP4, OVER_UDP6 } from './addresses.js';
import { exactly, IEEE1588_CLASSES, IEEE1588_PEER_DELAY, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

export const ENTERPRISE: Profile = {
  name: 'enterprise',
  title: 'Enterprise profile (RFC 9760)',
  source: 'RFC 9760 5 to 8',
  profileIdentity: '00-00-5E-00-01-00',
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_UDP4, OVER_UDP6],
  messaging: ['hybrid', 'multicast'],
  tag: null,
  dscp: null,
  delayMechanisms: ['e2e'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: exactly(0),
    logSyncInterval: { initial: 0, low: -7, high: 7 },
    logMinDelayReqInterval: { initial: 0, low: -7, high: 7 },
    logMinPdelayReqInterval: exactly(0),
  },
  // Three for a preferred master, four for the others: a boundary clock is one of the others.
  announceReceiptTimeout: { initial: 4, low: 3, high: 4 },
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
  tlvs: {},
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
