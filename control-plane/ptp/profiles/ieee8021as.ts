/**
 * Time in bridged networks: IEEE 802.1AS. Its bridges relay time, link by link; what this project has of
 * it is a relay's outside: its messages, its election, its links that have to be asCapable.
 */
import { OVER_ETHERNET_LINK_LOCAL } from './addresses.js';
import { exactly, IEEE1588_CLASSES, WITHOUT_HOLDOVER } from './common.js';
import type { Profile } from './profile.js';

export const IEEE8021AS: Profile = {
  name: '802.1as',
  title: 'IEEE 802.1AS',
  source: 'IEEE 802.1AS-2020 8.6.2, 10.7, 11.5 and annex F',
  profileIdentity: null,
  clockKinds: ['boundary', 'grandmaster'],
  domainNumber: { initial: 0, low: 0, high: 127 },
  sdoId: 0x100,
  transports: [OVER_ETHERNET_LINK_LOCAL],
  messaging: ['multicast'],
  tag: { presence: 'forbidden' },
  dscp: null,
  delayMechanisms: ['p2p'],
  steps: ['two', 'one'],
  // The standard lets intervals be negotiated without end; these are what a port here follows.
  intervals: {
    logAnnounceInterval: { initial: 0, low: -7, high: 7 },
    logSyncInterval: { initial: -3, low: -7, high: 7 },
    logMinDelayReqInterval: exactly(0),
    logMinPdelayReqInterval: { initial: 0, low: -7, high: 7 },
  },
  announceReceiptTimeout: { initial: 3, low: 2, high: 255 },
  syncReceiptTimeout: { initial: 3, low: 2, high: 255 },
  comparison: 'ieee8021as',
  // 8.6.2.1: 246 is a bridge's, 248 a station's, and 255 says that it is never a grandmaster.
  priority1: { initial: 246, low: 0, high: 255 },
  priority2: { initial: 248, low: 0, high: 255 },
  localPriority: exactly(128),
  maxStepsRemoved: exactly(255),
  clockQuality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0x436a },
  clockClassLadder: WITHOUT_HOLDOVER,
  slaveOnlyClass: 255,
  grandmasterClasses: IEEE1588_CLASSES,
  tlvs: { pathTrace: 'required', followUpInformation: 'required', intervalRequest: 'optional' },
  unicast: null,
  peerDelay: {
    convention: 'ieee8021as',
    neighborPropDelayThreshNs: 800,
    requiresAsCapable: true,
  },
};
