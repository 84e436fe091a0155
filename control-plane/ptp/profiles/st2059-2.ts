/** Professional broadcast: SMPTE ST 2059-2. It wants a clock that locks within five seconds. */
import { OVER_UDP4, OVER_UDP6 } from './addresses.js';
import { exactly, IEEE1588_CLASSES, IEEE1588_PEER_DELAY, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

export const ST2059_2: Profile = {
  name: 'st2059-2',
  title: 'SMPTE ST 2059-2',
  source: 'SMPTE ST 2059-2',
  profileIdentity: '68-97-E8-00-01-00',
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 127, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_UDP4, OVER_UDP6],
  messaging: ['multicast', 'hybrid'],
  tag: null,
  dscp: null,
  delayMechanisms: ['e2e', 'p2p'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: { initial: -2, low: -3, high: 1 },
    logSyncInterval: { initial: -3, low: -7, high: -1 },
    // As Sync, and up to five longer.
    logMinDelayReqInterval: { initial: -3, low: -7, high: 4 },
    logMinPdelayReqInterval: { initial: -3, low: -7, high: 4 },
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
  // Of a grandmaster, in Management messages, which a boundary clock passes on.
  tlvs: { smpteMetadata: 'optional' },
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
