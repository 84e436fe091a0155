/** Time and phase over a network in which every node takes part: ITU-T G.8275.1. */
import { OVER_ETHERNET_EITHER } from './addresses.js';
import { exactly, G8275_CLASSES, G8275_LADDER, IEEE1588_PEER_DELAY } from './common.js';
import type { Profile } from './profile.js';

export const G8275_1: Profile = {
  name: 'g8275.1',
  title: 'ITU-T G.8275.1, full timing support',
  source: 'ITU-T G.8275.1 6 and annex A',
  profileIdentity: '00-19-A7-01-02-03',
  clockKinds: ['boundary', 'grandmaster', 'slave'],
  domainNumber: { initial: 24, low: 24, high: 43 },
  sdoId: 0x000,
  transports: [OVER_ETHERNET_EITHER],
  messaging: ['multicast'],
  tag: { presence: 'forbidden' },
  dscp: null,
  delayMechanisms: ['e2e'],
  steps: ['two', 'one'],
  intervals: {
    logAnnounceInterval: exactly(-3),
    logSyncInterval: exactly(-4),
    logMinDelayReqInterval: exactly(-4),
    logMinPdelayReqInterval: exactly(0),
  },
  announceReceiptTimeout: { initial: 3, low: 3, high: 10 },
  syncReceiptTimeout: { initial: 0, low: 0, high: 255 },
  comparison: 'g8275',
  priority1: exactly(128),
  priority2: { initial: 128, low: 0, high: 255 },
  localPriority: { initial: 128, low: 1, high: 255 },
  maxStepsRemoved: { initial: 255, low: 1, high: 255 },
  clockQuality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff },
  clockClassLadder: G8275_LADDER,
  slaveOnlyClass: 255,
  grandmasterClasses: G8275_CLASSES,
  tlvs: {},
  unicast: null,
  peerDelay: IEEE1588_PEER_DELAY,
};
