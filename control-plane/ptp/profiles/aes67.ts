/** Audio over IP: the media profile of AES67. */
import { OVER_UDP4 } from './addresses.js';
import { exactly, IEEE1588_CLASSES, IEEE1588_PEER_DELAY, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

/** AES67 6.3: EF (RFC 3246), for all messages of the clock. */
const EXPEDITED_FORWARDING = 46;

export const AES67: Profile = {
  name: 'aes67',
  title: 'AES67 media profile',
  source: 'AES67 annex A, 6.3',
  profileIdentity: '00-0B-5E-00-01-00',
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x000,
  transports: [OVER_UDP4],
  messaging: ['multicast', 'hybrid'],
  tag: null,
  dscp: EXPEDITED_FORWARDING,
  delayMechanisms: ['e2e', 'p2p'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: { initial: 1, low: 0, high: 4 },
    logSyncInterval: { initial: -3, low: -4, high: 1 },
    logMinDelayReqInterval: { initial: 0, low: -3, high: 5 },
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
  tlvs: {},
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
